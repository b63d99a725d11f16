//! Amounts.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "the invariant of `Money` and the digits' range bound every operation"
)]

use alloc::string::ToString;
use core::{cmp::Ordering, fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{
    error::MoneyError,
    json::{Lenient, Scalar, deserialize_required},
};

/// An amount of money, as an exact decimal number in the currency's main unit (dollars, not
/// cents).
///
/// It keeps its cents: no arithmetic is done in floats, nothing is rounded. An amount that arrives
/// as a numeric string (`"159.99"`) is taken digit by digit. One that arrives as a JSON number
/// with a fraction has been a float on its way, and is taken as the shortest decimal that names
/// this float: that is the number that was sent, as long as it had at most 15 significant digits
/// (up to 9 999 999 999 999.99). PHP's `159.99000000000001`, from a `serialize_precision` of 17,
/// names the same float and so is 159.99. It is written as a JSON number again where that is exact, and
/// as a string where it has more digits.
///
/// Trailing zeros have no meaning: `249`, `249.0` and `249.00` are equal. Up to 38 digits are
/// kept, before and after the point together; more is an error.
///
/// ```
/// # use trusthooks::Money;
/// let total: Money = "159.99".parse()?;
/// assert_eq!(total.minor_units(2), Some(15_999));
/// assert!(total > Money::from(100));
/// assert_eq!(format!("{:.2}", Money::from(249)), "249.00");
/// # Ok::<(), trusthooks::MoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Money {
    // Invariant: |digits| < 10^38, scale <= 38, and digits ends in no 0 unless scale is 0.
    digits: i128,
    scale: u8,
}

const MAX_DIGITS: u8 = 38;

impl Money {
    /// The amount in minor units, such as cents with `decimals` 2 (or yen with 0).
    ///
    /// `None` where it is no whole number of them, since nothing is rounded here, or does not fit.
    #[must_use]
    pub fn minor_units(self, decimals: u8) -> Option<i64> {
        let zeros = decimals.checked_sub(self.scale)?;
        let factor = 10_i128.checked_pow(zeros.into())?;
        self.digits.checked_mul(factor)?.try_into().ok()
    }

    /// The whole and the fractional part, the latter in units of 10^-38.
    fn parts(self) -> (i128, i128) {
        let one = 10_i128.pow(self.scale.into());
        let rest = 10_i128.pow((MAX_DIGITS - self.scale).into());
        (self.digits.div_euclid(one), self.digits.rem_euclid(one) * rest)
    }
}

impl From<i64> for Money {
    fn from(whole: i64) -> Self {
        Self { digits: whole.into(), scale: 0 }
    }
}

impl Ord for Money {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads what PHP and JSON write: `-12`, `159.99`, `.5`, `1.5e3`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        parse_money(text).ok_or(MoneyError)
    }
}

/// One pass over the text, whatever its length, and at most 38 steps for the exponent, whatever
/// its value.
fn parse_money(text: &str) -> Option<Money> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, parse_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut digits = 0_i128;
    // Zeros count only once another digit follows them.
    let mut zeros = 0_usize;
    for digit in whole.bytes().chain(fraction.bytes()) {
        match digit {
            b'0' => zeros += 1,
            b'1'..=b'9' => {
                if digits != 0 {
                    digits = shift(digits, zeros.checked_add(1)?)?;
                }
                digits += i128::from(digit - b'0');
                zeros = 0;
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return Some(Money::default());
    }
    let power = exponent
        .checked_add(i64::try_from(zeros).ok()?)?
        .checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let (digits, scale) = match usize::try_from(power) {
        Ok(zeros) => (shift(digits, zeros)?, 0),
        Err(_) => (digits, u8::try_from(power.checked_neg()?).ok()?),
    };
    let digits = if negative { -digits } else { digits };
    (scale <= MAX_DIGITS).then_some(Money { digits, scale })
}

/// `digits` (from 1 to below 10^38) followed by zeros, if these are at most 38 digits.
fn shift(digits: i128, zeros: usize) -> Option<i128> {
    let factor = 10_i128.checked_pow(zeros.try_into().ok()?)?;
    let digits = digits.checked_mul(factor)?;
    (digits < 10_i128.pow(MAX_DIGITS.into())).then_some(digits)
}

/// An exponent, however many digits it has; one beyond `i64` is as good as the next.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0_i64;
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return None;
        }
        exponent = exponent.saturating_mul(10).saturating_add((digit - b'0').into());
    }
    Some(if negative { -exponent } else { exponent })
}

/// All its digits. A precision asks for at least so many decimals: `{:.2}` shows `249.00`; it
/// never rounds.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(self.scale.into());
        let digits = self.digits.unsigned_abs();
        let sign = if self.digits < 0 { "-" } else { "" };
        write!(f, "{sign}{}", digits / one)?;
        let scale = usize::from(self.scale);
        let decimals = scale.max(f.precision().unwrap_or(0));
        if decimals > 0 {
            f.write_str(".")?;
        }
        if scale > 0 {
            write!(f, "{:0scale$}", digits % one)?;
        }
        (scale..decimals).try_for_each(|_| f.write_str("0"))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Up to here the float that is nearest to the decimal leads back to it.
        const EXACT: u128 = 1_000_000_000_000_000;
        match i64::try_from(self.digits) {
            Ok(whole) if self.scale == 0 => serializer.serialize_i64(whole),
            _ if self.scale <= 15 && self.digits.unsigned_abs() < EXACT => {
                match self.to_string().parse() {
                    Ok(float) => serializer.serialize_f64(float),
                    Err(_) => serializer.collect_str(self),
                }
            }
            _ => serializer.collect_str(self),
        }
    }
}

impl Lenient for Money {
    const EXPECTED: &'static str = "a decimal number of at most 38 digits";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Unsigned(number) => Some(Self { digits: number.into(), scale: 0 }),
            Scalar::Negative(number) => Some(number.into()),
            // Display writes the shortest decimal that leads back to the float.
            Scalar::Float(number) => parse_money(&number.to_string()),
            Scalar::Text(text) => parse_money(text),
            Scalar::Bool(_) => None,
        }
    }
}

deserialize_required!(Money);
