//! A file's bytes as the text that somebody saved.

use std::borrow::Cow;

use super::CaptureError;

/// Without a byte order mark, UTF-8 in place of UTF-16, without a code fence and an indentation
/// that all lines share with the first.
pub(super) fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, CaptureError> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_le_bytes)?
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_be_bytes)?
        }
        _ => Cow::Borrowed(bytes),
    };
    Ok(match unfenced(&text).map(<[u8]>::to_vec) {
        Some(inner) => Cow::Owned(unindented(&inner).unwrap_or(inner)),
        None => match unindented(&text) {
            Some(unindented) => Cow::Owned(unindented),
            None => text,
        },
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, [u8]>, CaptureError> {
    let (pairs, rest) = bytes.as_chunks();
    let text: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text.into_bytes())),
        _ => Err(CaptureError::new("the file looks like UTF-16 and is broken; save it as UTF-8")),
    }
}

/// What stands between the fences of Markdown.
fn unfenced(text: &[u8]) -> Option<&[u8]> {
    let start = text.trim_ascii_start().strip_prefix(b"```")?;
    let start = start.get(start.iter().position(|byte| *byte == b'\n')?.saturating_add(1)..)?;
    let inner = start.trim_ascii_end().strip_suffix(b"```").unwrap_or(start);
    // The line break before the fence is the fence's.
    let inner = inner.strip_suffix(b"\n").unwrap_or(inner);
    Some(inner.strip_suffix(b"\r").unwrap_or(inner))
}

/// Without the first line's indentation, where it has one.
fn unindented(text: &[u8]) -> Option<Vec<u8>> {
    let first = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let indentation = first.len().saturating_sub(first.trim_ascii_start().len());
    let indentation = first.get(..indentation).filter(|indentation| !indentation.is_empty())?;
    let lines = text.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(indentation).unwrap_or(line)).collect();
    Some(lines.join(&b'\n'))
}

/// A piece of a stranger's text that is safe to show: short, and without what a terminal obeys.
pub(super) fn shown(text: impl AsRef<[u8]>) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(text.as_ref());
    let mut shown: String = text.chars().take(MOST).map(harmless).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// The character, or a stand-in for one that a terminal obeys or does not show.
fn harmless(char: char) -> char {
    let is_format = matches!(
        char,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    );
    if char.is_control() || is_format { '\u{fffd}' } else { char }
}
