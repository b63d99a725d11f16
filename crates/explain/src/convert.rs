//! Conversions of text by programs on the way, there and back: entities, slashes, percent signs, marks,
//! character sets.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The characters that RFC 3986 calls unreserved need no escape.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The entities that HTML escaping makes, in the spellings of PHP, JavaScript and Python.
const ENTITIES: [(&[u8], &[u8]); 12] = [
    (b"&lt;", b"<"),
    (b"&gt;", b">"),
    (b"&quot;", b"\""),
    (b"&#039;", b"'"),
    (b"&#39;", b"'"),
    (b"&#x27;", b"'"),
    (b"&apos;", b"'"),
    (b"&#34;", b"\""),
    (b"&#x2F;", b"/"),
    (b"&nbsp;", b"\xc2\xa0"),
    (b"&#038;", b"&"),
    // Last, so that what it reveals is not decoded again.
    (b"&amp;", b"&"),
];

/// Without HTML entities, where there are any.
pub(super) fn without_entities(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        match entity {
            Some((entity, char)) => {
                plain.extend_from_slice(char);
                rest = rest.get(entity.len()..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    (plain != text).then_some(plain)
}

/// With HTML entities, as each language spells them: which are escaped, and how the apostrophe is.
pub(super) fn with_entities(text: &[u8]) -> Vec<Vec<u8>> {
    let escape = |quotes: bool, apostrophe: Option<&str>| {
        let mut escaped = Vec::with_capacity(text.len());
        for byte in text {
            match byte {
                b'&' => escaped.extend_from_slice(b"&amp;"),
                b'<' => escaped.extend_from_slice(b"&lt;"),
                b'>' => escaped.extend_from_slice(b"&gt;"),
                b'"' if quotes => escaped.extend_from_slice(b"&quot;"),
                b'\'' => escaped.extend_from_slice(apostrophe.unwrap_or("'").as_bytes()),
                byte => escaped.push(*byte),
            }
        }
        escaped
    };
    vec![
        escape(true, Some("&#039;")),
        escape(true, None),
        escape(false, None),
        escape(true, Some("&#39;")),
        escape(true, Some("&#x27;")),
        escape(true, Some("&apos;")),
        // WordPress, and twice.
        String::from_utf8_lossy(text).replace('&', "&#038;").into_bytes(),
        String::from_utf8_lossy(text).replace('&', "&amp;amp;").into_bytes(),
    ]
}

/// Without the backslashes that WordPress puts before quotes, where there are any.
pub(super) fn without_slashes(text: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            byte => plain.push(*byte),
        }
    }
    (plain.len() < text.len()).then_some(plain)
}

/// With backslashes before quotes and backslashes, as WordPress puts them, and before slashes, as PHP's
/// JSON does, where there are any.
pub(super) fn with_slashes(text: &[u8]) -> Vec<Vec<u8>> {
    let slashed = |before: &[u8]| {
        let mut slashed = Vec::with_capacity(text.len());
        for byte in text {
            if before.contains(byte) {
                slashed.push(b'\\');
            }
            slashed.push(*byte);
        }
        slashed
    };
    [slashed(b"'\"\\"), slashed(b"/"), slashed(b"/\"\\")]
        .into_iter()
        .filter(|slashed| slashed.len() > text.len())
        .collect()
}

/// With plain characters in place of those that programs for people write, where there are any: double
/// quotation marks alone, single ones too, and spaces too.
pub(super) fn without_typography(text: &str) -> Vec<Vec<u8>> {
    let double = text.replace(['“', '”', '„', '‟'], "\"");
    let quotes = double.replace(['‘', '’', '‚', '‛'], "'");
    let spaces = quotes.replace(['\u{a0}', '\u{2009}', '\u{202f}'], " ");
    let plain = [double, quotes, spaces].into_iter().filter(|plain| plain != text);
    plain.map(String::into_bytes).collect()
}

/// Without percent-encoding, `+` read as a space and as itself.
pub(super) fn url_decoded(text: &[u8]) -> Vec<Vec<u8>> {
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let mut decoded: Vec<Vec<u8>> = vec![percent_decode(text).collect()];
    decoded.push(percent_decode(&spaced).collect());
    decoded.dedup();
    decoded.retain(|decoded| decoded != text);
    decoded
}

/// Percent-encoded, a space as `%20` and as `+`, digits in either case.
pub(super) fn url_encoded(text: &[u8]) -> Vec<Vec<u8>> {
    let strict = percent_encode(text, UNRESERVED).to_string();
    let form = strict.replace("%20", "+").replace('~', "%7E");
    let lower = |text: &str| {
        let mut pieces = text.split('%');
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |all, piece| {
            let (digits, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
            format!("{all}%{}{rest}", digits.to_ascii_lowercase())
        })
    };
    let mut encoded = vec![strict.clone(), lower(&strict), lower(&form), form];
    encoded.dedup();
    encoded.into_iter().map(String::into_bytes).filter(|encoded| encoded != text).collect()
}

/// The letters of Windows-1252 from 0x80 to 0x9f; where it has none, those of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A character set that text is taken for, or turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Latin1,
    Windows1252,
}

impl Charset {
    pub(super) const ALL: [Self; 2] = [Self::Windows1252, Self::Latin1];

    fn high(self, byte: u8) -> char {
        match (self, byte) {
            (Self::Windows1252, 0x80..=0x9f) => {
                WINDOWS_1252.get(usize::from(byte & 0x1f)).copied().unwrap_or('\u{fffd}')
            }
            _ => char::from(byte),
        }
    }

    /// Bytes of this set as UTF-8.
    pub(super) fn to_utf8(self, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().map(|byte| self.high(*byte)).collect::<String>().into_bytes()
    }

    /// Text in this set; `None` where it has no such letter.
    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        let byte = |char: char| {
            (0x80..=0xff)
                .find(|byte| self.high(*byte) == char)
                .or_else(|| u8::try_from(char).ok().filter(u8::is_ascii))
        };
        text.chars().map(byte).collect()
    }
}

/// UTF-16 of either byte order as UTF-8. `None` if it is not UTF-16.
pub(super) fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let little = match bytes {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        [first, 0, ..] if *first != 0 => true,
        [0, second, ..] if *second != 0 => false,
        _ => return None,
    };
    let bytes =
        bytes.strip_prefix(b"\xff\xfe").or(bytes.strip_prefix(b"\xfe\xff")).unwrap_or(bytes);
    let (pairs, rest) = bytes.as_chunks();
    let unit =
        |pair: &[u8; 2]| if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
    let text: String = char::decode_utf16(pairs.iter().map(unit)).collect::<Result<_, _>>().ok()?;
    rest.is_empty().then_some(text.into_bytes())
}

/// Text as UTF-16: either end first, with and without a mark.
pub(super) fn to_utf16(text: &str) -> [Vec<u8>; 4] {
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = [[b"\xff\xfe", &*little].concat(), [b"\xfe\xff", &*big].concat()];
    let [marked_little, marked_big] = marked;
    [little, marked_little, big, marked_big]
}

/// Text with the escapes of a JSON string resolved; `None` where it has none of those for characters.
pub(super) fn without_escapes(text: &[u8]) -> Option<Vec<u8>> {
    let text = str::from_utf8(text).ok().filter(|text| text.contains(r"\u"))?;
    serde_json::from_str(&format!("\"{text}\"")).ok().map(String::into_bytes)
}

/// A JSON string of a text, as PHP writes it and as others do.
pub(super) fn json_strings(text: &str) -> [String; 2] {
    let plain = serde_json::to_string(text).unwrap_or_default();
    let mut php = String::with_capacity(plain.len());
    for char in plain.chars() {
        match char {
            '/' => php.push_str("\\/"),
            '\u{80}'.. => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // A `String` takes all that is written to it.
                    let _ = write!(php, "\\u{unit:04x}");
                }
            }
            char => php.push(char),
        }
    }
    [plain, php]
}
