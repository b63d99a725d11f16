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

/// The text between the fences of Markdown, with or without words around them.
fn unfenced(text: &[u8]) -> Option<&[u8]> {
    [b"```", b"~~~"].into_iter().find_map(|fence| {
        let fences = text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(fence));
        let starts_with_one = text.trim_ascii_start().starts_with(fence);
        if !starts_with_one && fences.count() != 2 {
            return None;
        }
        let before = |line: &&[u8]| !line.trim_ascii_start().starts_with(fence);
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        let at: usize = lines.take_while(before).map(<[u8]>::len).sum();
        let start = text.get(at..)?;
        let start = start.get(start.iter().position(|byte| *byte == b'\n')?.saturating_add(1)..)?;
        let lines = start.split_inclusive(|byte| *byte == b'\n');
        let length: usize =
            lines.take_while(|line| !line.starts_with(fence)).map(<[u8]>::len).sum();
        let inner = start.get(..length)?;
        // The line break before the fence is the fence's.
        let inner = inner.strip_suffix(b"\n").unwrap_or(inner);
        Some(inner.strip_suffix(b"\r").unwrap_or(inner))
    })
}

/// Without the prefix that a log puts before each line. The first line must start a request after it.
/// Digits may differ from line to line, as those of a time do.
pub(super) fn without_prefix(text: &[u8], is_start: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    let shape = |byte: &u8| if byte.is_ascii_digit() { b'0' } else { *byte };
    let first = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    let first = first.trim_ascii_end();
    // What curl prints has a reader of its own.
    if first.starts_with(b">") {
        return None;
    }
    let spaces =
        first.iter().enumerate().filter(|(_, byte)| byte.is_ascii_whitespace() || **byte == b'|');
    let mut starts = spaces.map(|(at, _)| at.saturating_add(1));
    let length = starts.find(|at| first.get(*at..).is_some_and(&is_start))?;
    let prefix: Vec<u8> = first.get(..length)?.iter().map(shape).collect();
    let mut lines = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let shaped: Vec<u8> = line.iter().take(length).map(shape).collect();
        if shaped == prefix {
            lines.push(line.get(length..)?);
        } else if prefix.trim_ascii_end() == shaped.trim_ascii_end() || line.is_empty() {
            lines.push(&b""[..]);
        } else {
            return None;
        }
    }
    Some(lines.join(&b'\n'))
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
