//! Amounts.

use alloc::{boxed::Box, format, string::String};
use core::{
    fmt, iter,
    num::IntErrorKind::{NegOverflow, PosOverflow},
    str::FromStr,
};

use serde::{Serialize, Serializer};

use super::{
    read::{Read, Reader, Zone, deserialize_for},
    scalar::{EXACT, number},
};
use crate::{error::MoneyError, json::Json};

/// An amount of money as a decimal number in the currency's main unit (dollars, not cents).
///
/// Nothing is rounded. Text (`"159.99"`) is taken digit by digit, up to 38 digits. A JSON number
/// with a fraction was a float on its way. It is read as the nearest decimal of at most 15
/// significant digits: `60.599999999999994` is 60.6. A float of 2⁵³ or more does not fit, since its
/// digits are lost.
///
/// Trailing zeros have no meaning: `249`, `249.0` and `"249.00"` are equal. It is written as a JSON
/// number where that is exact, and as text otherwise.
#[cfg_attr(
    feature = "rust_decimal",
    doc = "To calculate, convert with [`to_decimal`](Self::to_decimal)."
)]
#[cfg_attr(
    not(feature = "rust_decimal"),
    doc = "To calculate, turn on the feature `rust_decimal`."
)]
///
/// ```
/// # use trusthooks::Money;
/// let total: Money = "159.990".parse()?;
/// assert_eq!(total.minor_units(2), Some(15_999));
/// assert_eq!(total.to_string(), "159.99");
/// assert_eq!(format!("{:.2}", Money::from(249)), "249.00");
/// # Ok::<(), trusthooks::MoneyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    // Invariant: the one spelling of the number, such as "0", "-12.5" or "0.001", of at most
    // `MOST_DIGITS` digits.
    decimal: Box<str>,
}

const MOST_DIGITS: usize = 38;

impl Money {
    /// The amount in minor units, such as cents with `decimals` 2 (or yen with 0).
    ///
    /// `None` if it is not a whole number of them, since nothing is rounded here, or if it does not
    /// fit.
    #[must_use]
    pub fn minor_units(&self, decimals: u8) -> Option<i64> {
        let (whole, fraction) = self.parts();
        let zeros = usize::from(decimals).checked_sub(fraction.len())?;
        let digits: String =
            whole.chars().chain(fraction.chars()).chain(iter::repeat_n('0', zeros)).collect();
        digits.parse().ok()
    }

    /// For calculations; `None` beyond 28 digits, which `rust_decimal` does not hold.
    #[cfg(feature = "rust_decimal")]
    #[must_use]
    pub fn to_decimal(&self) -> Option<rust_decimal::Decimal> {
        rust_decimal::Decimal::from_str_exact(&self.decimal).ok()
    }

    /// The digits before the point, and those behind it.
    fn parts(&self) -> (&str, &str) {
        self.decimal.split_once('.').unwrap_or((&self.decimal, ""))
    }
}

impl From<i64> for Money {
    fn from(whole: i64) -> Self {
        Self { decimal: format!("{whole}").into() }
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads what PHP and JSON write: `-12`, `159.99`, `.5`, `1.5e3`, with white space around it.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Ok(Self { decimal: canonical(text.trim()).ok_or(MoneyError)?.into() })
    }
}

/// The one spelling of a decimal number. One pass over the text.
fn canonical(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (number, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent: Result<i64, _> = exponent.parse();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits = all.trim_start_matches('0');
    let leading = all.len().checked_sub(digits.len())?;
    let digits = digits.trim_end_matches('0');
    match &exponent {
        Err(error) if !matches!(error.kind(), PosOverflow | NegOverflow) => return None,
        _ if digits.is_empty() => return Some("0".into()),
        _ => {}
    }
    // Where the point belongs, counted from the first digit that is not 0.
    let point = i64::try_from(whole.len()).ok()?.checked_sub(i64::try_from(leading).ok()?)?;
    let point = point.checked_add(exponent.ok()?)?;
    let zeros = usize::try_from(point.checked_neg()?).unwrap_or(0);
    let point = usize::try_from(point).unwrap_or(0);
    if digits.len().max(point).saturating_add(zeros) > MOST_DIGITS {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    Some(match digits.split_at_checked(point) {
        Some(("", digits)) => format!("{sign}0.{}{digits}", "0".repeat(zeros)),
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits:0<point$}"),
    })
}

/// Shows all digits. A precision sets the minimum number of decimals: `{:.2}` shows `249.00`. It
/// never rounds.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decimal)?;
        let decimals = self.parts().1.len();
        let wanted = f.precision().unwrap_or(0);
        if decimals == 0 && wanted > 0 {
            f.write_str(".")?;
        }
        (decimals..wanted).try_for_each(|_| f.write_str("0"))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to so many digits, the float nearest to the decimal leads back to it.
        const EXACT_DIGITS: usize = 15;

        let digits = self.decimal.bytes().filter(u8::is_ascii_digit).count();
        if let Ok(whole) = self.decimal.parse::<u64>() {
            serializer.serialize_u64(whole)
        } else if let Ok(whole) = self.decimal.parse::<i64>() {
            serializer.serialize_i64(whole)
        } else if let (..=EXACT_DIGITS, Ok(float)) = (digits, self.decimal.parse()) {
            serializer.serialize_f64(float)
        } else {
            serializer.serialize_str(&self.decimal)
        }
    }
}

impl Read for Money {
    const EXPECTED: &'static str = "a decimal number of at most 38 digits";

    fn read(json: &mut Json<'_>, _: &mut Reader) -> Option<Self> {
        if let Json::Text(text) = json {
            return text.parse().ok();
        }
        match number(json)? {
            Json::Unsigned(number) => Some(Self { decimal: format!("{number}").into() }),
            Json::Negative(number) => Some(number.into()),
            // One digit before the point and 14 after it are the 15 that a float keeps.
            Json::Float(number) if number.abs() < EXACT => format!("{number:.14e}").parse().ok(),
            _ => None,
        }
    }
}

deserialize_for!(Zone::Unknown; Money);
