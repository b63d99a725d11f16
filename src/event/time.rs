//! Moments.

use alloc::string::String;
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::Number;

use super::{
    read::{Read, Reader, Required, deserialize_for},
    scalar::{EXACT, parse_number},
};
use crate::{
    error::VerifyError,
    json::Json,
    time::{ReplayWindow, Timestamp},
};

/// A moment as the vendor wrote it: a text (ISO 8601 as a rule) or a number of seconds.
///
/// It is kept and written as it came, so an unknown spelling is not an error. (Only the fraction of
/// a JSON number is dropped.) It is read only when asked. Two are equal if the same was sent.
#[derive(Clone, Debug, Default)]
pub struct EventTime {
    sent: Sent,
    zone: Zone,
}

#[derive(Clone, Debug, PartialEq)]
enum Sent {
    Text(String),
    Number(Number),
}

impl Default for Sent {
    fn default() -> Self {
        Self::Number(0.into())
    }
}

/// The zone of a time that names none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Zone {
    /// The site's zone, which is not in the event (TrustLens).
    #[default]
    Unknown,
    /// UTC (Trustoo).
    Utc,
}

impl EventTime {
    /// In Unix seconds, a fraction of one dropped.
    ///
    /// Reads RFC 3339 and what ISO 8601 and PHP's `DATE_ISO8601` add to it: `+0000`, `+02`, no
    /// seconds, a comma before the fraction, a space for the `T`; and ` UTC` or ` GMT` at the end.
    /// Reads numbers, also as text: Unix seconds, and from 10¹¹ on milliseconds.
    ///
    /// `None` for anything else, and for numbers from 10¹⁴ on. TrustLens's texts without a zone,
    /// such as WordPress's `2025-03-12 09:14:00`, are `None` too: they are in the time zone of the
    /// site's settings, which is not in the event, and a guess could be wrong by hours. Trustoo's
    /// texts without a zone are in UTC.
    #[must_use]
    pub fn as_unix(&self) -> Option<i64> {
        self.moment().map(|(seconds, _)| seconds)
    }

    /// The moment with its fraction of a second, for calculations; `None` if
    /// [`as_unix`](Self::as_unix) is `None`.
    #[cfg(feature = "jiff")]
    #[must_use]
    pub fn to_jiff(&self) -> Option<jiff::Timestamp> {
        let (seconds, nanoseconds) = self.moment()?;
        jiff::Timestamp::new(seconds, nanoseconds.try_into().ok()?).ok()
    }

    /// Seconds, and the nanoseconds that are added to them.
    fn moment(&self) -> Option<(i64, u32)> {
        match &self.sent {
            Sent::Number(number) => unix(number),
            Sent::Text(text) => match parse_number(text) {
                Some(number) => unix(&without_fraction(&number)?),
                None => iso_8601(text.trim(), self.zone),
            },
        }
    }

    /// Whether it is a number, or the text of one.
    pub(crate) fn is_number(&self) -> bool {
        match &self.sent {
            Sent::Number(_) => true,
            Sent::Text(text) => parse_number(text).is_some(),
        }
    }

    /// Refuses an event that is older or newer than the window allows, or that does not say.
    pub(crate) fn check(
        time: Option<&Self>,
        window: &ReplayWindow,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let unix = time.and_then(Self::as_unix).ok_or(VerifyError::UnknownTime)?;
        // A time before 1970 counts as 1970, which is old enough.
        window.check(Timestamp::from_unix(unix.try_into().unwrap_or(0)), now)
    }
}

/// A moment from a number: seconds or, where that would be beyond the year 5000, milliseconds.
fn unix(number: &Number) -> Option<(i64, u32)> {
    const MILLISECONDS: u64 = 100_000_000_000;
    const NO_MOMENT: u64 = 100_000_000_000_000;

    let number = number.as_i64()?;
    match number.unsigned_abs() {
        ..MILLISECONDS => Some((number, 0)),
        MILLISECONDS..NO_MOMENT => {
            let milliseconds = u32::try_from(number.rem_euclid(1000)).ok()?;
            Some((number.div_euclid(1000), milliseconds.checked_mul(1_000_000)?))
        }
        _ => None,
    }
}

/// Drops the fraction. A float so large that it may have been rounded stays a float, and gives no
/// moment.
fn without_fraction(number: &Json<'_>) -> Option<Number> {
    match *number {
        Json::Unsigned(number) => Some(number.into()),
        Json::Negative(number) => Some(number.into()),
        #[expect(clippy::cast_possible_truncation, reason = "the fraction is to be dropped")]
        Json::Float(number) if number.abs() < EXACT => Some((number as i64).into()),
        Json::Float(number) => Number::from_f64(number),
        _ => None,
    }
}

/// A moment from a text such as `2026-06-05T14:23:00.5+02:00`.
#[expect(clippy::arithmetic_side_effects, reason = "no number has more than four digits")]
fn iso_8601(text: &str, zone: Zone) -> Option<(i64, u32)> {
    let utc = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT"));
    let mut rest = Rest(utc.unwrap_or(text));
    let year = rest.number(4)?;
    rest.one_of("-")?;
    let month = rest.number(2)?;
    rest.one_of("-")?;
    let day = rest.number(2)?;
    rest.one_of("Tt ")?;
    let hour = rest.number(2)?;
    rest.one_of(":")?;
    let minute = rest.number(2)?;
    let (mut second, mut nanosecond) = (0, 0);
    if rest.one_of(":").is_some() {
        second = rest.number(2)?;
        if rest.one_of(".,").is_some() {
            nanosecond = rest.fraction()?;
        }
    }
    let offset = match (utc, rest.one_of("Zz+-"), zone) {
        (None, Some(sign @ ('+' | '-')), _) => {
            let hours = rest.number(2)?;
            let colon = rest.one_of(":").is_some();
            let minutes = if colon || !rest.0.is_empty() { rest.number(2)? } else { 0 };
            if hours > 23 || minutes > 59 {
                return None;
            }
            (if sign == '-' { -1 } else { 1 }) * (hours * 60 + minutes) * 60
        }
        (Some(_), None, _) | (None, Some(_), _) | (None, None, Zone::Utc) => 0,
        (Some(_), Some(_), _) | (None, None, Zone::Unknown) => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    // 60 is a leap second, which Unix time counts as the next minute's first.
    let valid = (1..=length).contains(&day) && hour <= 23 && minute <= 59 && second <= 60;
    if !valid || !rest.0.is_empty() {
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
    Some((((days * 24 + hour) * 60 + minute) * 60 + second - offset, nanosecond))
}

/// The part of a text that is not read yet.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.bytes().all(|digit| digit.is_ascii_digit()).then(|| number.parse().ok())?
    }

    fn one_of(&mut self, marks: &str) -> Option<char> {
        let mark = self.0.chars().next().filter(|mark| marks.contains(*mark))?;
        self.0 = self.0.strip_prefix(mark)?;
        Some(mark)
    }

    /// Reads the digits after a point, at least one, as nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let rest = self.0.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let digits = self.0.strip_suffix(rest).filter(|digits| !digits.is_empty())?;
        self.0 = rest;
        let nine = digits.bytes().chain(core::iter::repeat(b'0')).take(9).map(char::from);
        nine.collect::<String>().parse().ok()
    }
}

impl PartialEq for EventTime {
    fn eq(&self, other: &Self) -> bool {
        self.sent == other.sent
    }
}

impl Eq for EventTime {}

/// As it was sent.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sent {
            Sent::Text(text) => f.pad(text),
            Sent::Number(number) => number.fmt(f),
        }
    }
}

impl From<i64> for EventTime {
    fn from(seconds: i64) -> Self {
        Self { sent: Sent::Number(seconds.into()), zone: Zone::Unknown }
    }
}

/// A text without a zone is no moment.
impl From<&str> for EventTime {
    fn from(text: &str) -> Self {
        Self { sent: Sent::Text(text.into()), zone: Zone::Unknown }
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.sent {
            Sent::Text(text) => serializer.serialize_str(text),
            Sent::Number(number) => number.serialize(serializer),
        }
    }
}

impl Read for EventTime {
    const EXPECTED: &'static str = "a date and time or a number of seconds";

    fn read(json: &mut Json<'_>, reader: &mut Reader) -> Option<Self> {
        let sent = match json {
            Json::Text(text) => Sent::Text(core::mem::take(text).into_owned()),
            number => Sent::Number(without_fraction(number)?),
        };
        Some(Self { sent, zone: reader.zone })
    }
}

impl Required for EventTime {}

deserialize_for!(Zone::Unknown; EventTime);
