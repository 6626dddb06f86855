//! Exact decimal numbers, as people enter them into fields that they define themselves.

use std::fmt;

use serde_json::Number;

use crate::error::Problem;

/// Most decimals of a number.
pub const DECIMALS_MAX: usize = 6;
/// Most digits of a number: as many as a double, which JSON's readers make of it, tells apart.
pub const DIGITS_MAX: usize = 15;
/// Most digits before the point.
const WHOLE_MAX: usize = 12;
/// One, in millionths.
const ONE: i64 = 1_000_000;
/// More than every number, in millionths: it makes them all positive, so that they sort as texts.
const BEYOND: i64 = 1_000_000_000_000_000_000;

/// A decimal number of at most [`DIGITS_MAX`] digits, at most 12 of them before the point and [`DECIMALS_MAX`] behind it. It is kept and
/// compared exactly, and reads back from a double unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal {
    millionths: i64,
}

impl Decimal {
    /// Reads a decimal number, also with an exponent as JSON writes it.
    ///
    /// # Errors
    /// [`Problem::Number`] for what is no number, [`Problem::Rule`] for one that has too many digits.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let (is_negative, digits, mut power) = split(text.trim()).ok_or(Problem::Number)?;
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        power = power.saturating_add(length(digits) - length(significant));
        if significant.is_empty() {
            return Ok(Self { millionths: 0 });
        }
        let has_too_many = significant.len() > DIGITS_MAX || power < -length_of(DECIMALS_MAX);
        if has_too_many || length(significant).saturating_add(power) > length_of(WHOLE_MAX) {
            return Err(Problem::Rule(format!(
                "must be a number of at most {DIGITS_MAX} digits, at most {WHOLE_MAX} of them before the point and {DECIMALS_MAX} behind it"
            )));
        }
        // Both fit: the result has at most 12 + 6 digits.
        let scale = u32::try_from(power + length_of(DECIMALS_MAX)).map_err(|_| Problem::Number)?;
        let number: i64 = significant.parse().map_err(|_| Problem::Number)?;
        let millionths = 10_i64.checked_pow(scale).and_then(|scale| number.checked_mul(scale));
        let millionths = millionths.ok_or(Problem::Number)?;
        Ok(Self {
            millionths: if is_negative { -millionths } else { millionths },
        })
    }

    /// A text whose order, by code points, is that of the numbers.
    pub fn sort_key(self) -> String {
        format!("{:019}", self.millionths + BEYOND)
    }

    /// The number as JSON shows it.
    pub fn to_json(self) -> Number {
        if self.millionths % ONE == 0 {
            return Number::from(self.millionths / ONE);
        }
        let number = self.to_string().parse().ok().and_then(Number::from_f64);
        // Every decimal is finite.
        number.unwrap_or_else(|| Number::from(self.millionths / ONE))
    }
}

/// Without zeros that say nothing.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.millionths < 0 { "-" } else { "" };
        let all = self.millionths.unsigned_abs();
        let (whole, fraction) = (all / ONE.unsigned_abs(), all % ONE.unsigned_abs());
        write!(f, "{sign}{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        let fraction = format!("{fraction:06}");
        write!(f, ".{}", fraction.trim_end_matches('0'))
    }
}

/// Sign, digits, and the power of ten of the last digit.
fn split(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, read_power(power)?),
        None => (text, 0),
    };
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| (is_negative, digits, power.saturating_sub(length(fraction))))
}

/// A power beyond all bounds is out of range, not unreadable.
fn read_power(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| sign * digits.parse::<i64>().unwrap_or(i64::from(i32::MAX)).min(i64::from(i32::MAX)))
}

fn length(text: &str) -> i64 {
    length_of(text.len())
}

fn length_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        Decimal::parse(text).map_or_else(|problem| problem.to_string(), |number| number.to_string())
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("0e999999999999999999999", "0"),
            (" 42 ", "42"),
            ("+7.50", "7.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0.000001", "-0.000001"),
            ("1e3", "1000"),
            ("1.5e+3", "1500"),
            ("125e-3", "0.125"),
            ("0.1", "0.1"),
            ("999999999999", "999999999999"),
            ("999999999999.999", "999999999999.999"),
            ("123456789.123456", "123456789.123456"),
            ("1000000000000000000e-9", "1000000000"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_has_too_many_digits_is_refused() {
        for text in [
            "", "x", "1,5", "0x1", "1e", "e1", "1e1.5", "--1", "nan", "inf", "1 2", ".", "-", "١",
        ] {
            assert_eq!(Decimal::parse(text), Err(Problem::Number), "{text}");
        }
        for text in [
            "1000000000000",
            "1e12",
            "1e300",
            "1e99999999999999999999",
            "0.0000001",
            "1e-7",
            "1e-99999999999999999999",
            "1234567890.123456",
        ] {
            assert!(matches!(Decimal::parse(text), Err(Problem::Rule(_))), "{text}");
        }
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        let number = (-999_999_999_999_999_i64..=999_999_999_999_999, 0..=6_usize);
        number.prop_map(|(digits, decimals)| {
            let text = format!("{digits}e-{decimals}");
            Decimal::parse(&text).unwrap_or_else(|_| Decimal::parse(&format!("{}e-6", digits % 1_000_000_000)).unwrap())
        })
    }

    proptest! {
        #[test]
        fn numbers_read_back_from_their_text_and_from_json(number in decimals()) {
            prop_assert_eq!(Decimal::parse(&number.to_string()), Ok(number));
            let double = number.to_json().as_f64().unwrap();
            let again = serde_json::to_string(&double).unwrap();
            prop_assert_eq!(Decimal::parse(&again), Ok(number));
            prop_assert_eq!(Decimal::parse(&number.to_json().to_string()), Ok(number));
        }

        #[test]
        fn sort_keys_have_the_order_of_numbers(one in decimals(), other in decimals()) {
            prop_assert_eq!(one.sort_key().cmp(&other.sort_key()), one.cmp(&other));
            prop_assert_eq!(one.sort_key().len(), 19);
        }

        #[test]
        fn no_text_panics(text in ".*", number in r"[-+]?[0-9]{0,30}\.?[0-9]{0,30}([eE][-+]?[0-9]{0,25})?") {
            let _ = Decimal::parse(&text);
            let _ = Decimal::parse(&number);
        }
    }
}
