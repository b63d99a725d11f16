//! Moments.

use alloc::string::String;
use core::fmt;

use serde::Serialize;

use crate::json::{Lenient, Scalar, deserialize_required};

/// A moment as the vendor wrote it: a text (ISO 8601 as a rule) or Unix seconds.
///
/// It is kept as it came, so a spelling that this version does not know is no error; it is read
/// only when asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum EventTime {
    /// Such as `2026-06-05T14:23:00+00:00`.
    Text(String),
    /// Unix seconds.
    Unix(i64),
}

impl EventTime {
    /// In Unix seconds, a fraction of one dropped.
    ///
    /// `None` for a text that names no moment. That is also one without an offset, such as
    /// WordPress's `2025-03-12 09:14:00`: it is meant in the time zone of the site's settings,
    /// which is not in the event, and a guess could be wrong by hours.
    #[must_use]
    pub fn as_unix(&self) -> Option<i64> {
        match self {
            Self::Unix(seconds) => Some(*seconds),
            Self::Text(text) => match text.parse() {
                Ok(seconds) => Some(seconds),
                Err(_) => rfc_3339(text),
            },
        }
    }
}

/// Unix seconds of `2026-06-05T14:23:00.5+02:00`, where both the date and the offset are there.
///
/// A date library would be two more crates for this one reading; the tests hold it against one.
#[expect(clippy::arithmetic_side_effects, reason = "no number has more than four digits")]
fn rfc_3339(text: &str) -> Option<i64> {
    let number = |range: core::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let mark =
        |at: usize, one_of: &str| text.get(at..)?.chars().next().filter(|c| one_of.contains(*c));
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    for (at, one_of) in [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")] {
        mark(at, one_of)?;
    }
    // A fraction is dropped.
    let rest = text.get(19..)?;
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let at = text.len().checked_sub(zone.len())?;
    let offset = match zone {
        "Z" | "z" => 0,
        _ if zone.len() == 6 => {
            let sign = if mark(at, "+-")? == '-' { -1 } else { 1 };
            mark(at.checked_add(3)?, ":")?;
            let hours = number(at.checked_add(1)?..at.checked_add(3)?)?;
            let minutes = number(at.checked_add(4)?..at.checked_add(6)?)?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            sign * (hours * 60 + minutes) * 60
        }
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    // 60 is a leap second, which Unix time counts as the next minute's first.
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Years that start in March have their leap day last; 719,468 days lie between their epoch,
    // 1 March 0000, and Unix's.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 1
        - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second - offset)
}

/// As it was sent.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.pad(text),
            Self::Unix(seconds) => seconds.fmt(f),
        }
    }
}

impl Lenient for EventTime {
    const EXPECTED: &'static str = "a date and time or Unix seconds";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => Some(Self::Text(text.into())),
            Scalar::Negative(seconds) => Some(Self::Unix(seconds)),
            number => Some(Self::Unix(u64::from_scalar(number)?.try_into().ok()?)),
        }
    }
}

deserialize_required!(EventTime);
