//! Numbers, truth and text, in the spellings of PHP and Go.

use alloc::string::{String, ToString as _};

use super::read::{Read, Reader, Required};
use crate::json::Json;

/// 2^53: from here on, a float may not be the whole number that was meant.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// The number in this value, which is a number or the text of one.
pub(super) fn number(json: &Json<'_>) -> Option<Json<'static>> {
    match json {
        Json::Unsigned(number) => Some(Json::Unsigned(*number)),
        Json::Negative(number) => Some(Json::Negative(*number)),
        Json::Float(number) => Some(Json::Float(*number)),
        Json::Text(text) => parse_number(text),
        _ => None,
    }
}

/// PHP's numeric text, with white space around it or a sign before it.
pub(super) fn parse_number(text: &str) -> Option<Json<'static>> {
    let text = text.trim();
    // Rust would read "inf" and "nan" as well.
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(Json::Unsigned(number));
    }
    if let Ok(number) = text.parse() {
        return Some(Json::Negative(number));
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Json::Float)
}

/// The whole number in this value. `34.0` counts as one. A fraction does not, nor does a float so
/// large that it may have been rounded.
pub(super) fn whole(json: &Json<'_>) -> Option<i128> {
    match number(json)? {
        Json::Unsigned(number) => Some(number.into()),
        Json::Negative(number) => Some(number.into()),
        Json::Float(number) if number.abs() < EXACT => {
            #[expect(clippy::cast_possible_truncation, reason = "exact in this range")]
            let whole = number as i64;
            #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "finds a fraction")]
            (whole as f64 == number).then_some(whole.into())
        }
        _ => None,
    }
}

macro_rules! whole_numbers {
    ($($name:ident)*) => {$(
        impl Read for $name {
            const EXPECTED: &'static str = "a whole number";

            fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
                whole(json)?.try_into().ok()
            }
        }
    )*};
}

whole_numbers!(u32 u64 i64);

impl Read for f64 {
    const EXPECTED: &'static str = "a number";

    #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
        match number(json)? {
            Json::Unsigned(number) => Some(number as Self),
            Json::Negative(number) => Some(number as Self),
            Json::Float(number) => Some(number),
            _ => None,
        }
    }
}

impl Read for bool {
    const EXPECTED: &'static str = "true or false";

    fn is_nothing(_: &Json<'_>) -> bool {
        false
    }

    #[expect(clippy::float_cmp, reason = "these two floats and no others")]
    fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
        let is = |words: &[&str], text: &str| words.iter().any(|w| text.eq_ignore_ascii_case(w));
        match json {
            Json::Bool(value) => Some(*value),
            Json::Unsigned(0) => Some(false),
            Json::Unsigned(1) => Some(true),
            Json::Float(number) if *number == 0.0 => Some(false),
            Json::Float(number) if *number == 1.0 => Some(true),
            Json::Text(text) if is(&["", "0", "false", "no", "off"], text) => Some(false),
            Json::Text(text) if is(&["1", "true", "yes", "on"], text) => Some(true),
            _ => None,
        }
    }
}

impl Read for String {
    const EXPECTED: &'static str = "text or a whole number";

    fn is_nothing(json: &Json<'_>) -> bool {
        matches!(json, Json::Bool(false))
    }

    fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
        match json {
            Json::Text(text) => Some(core::mem::take(text).into_owned()),
            number => whole(number).map(|digits| digits.to_string()),
        }
    }

    fn says(&self) -> bool {
        !self.is_empty()
    }
}

impl Required for String {}
