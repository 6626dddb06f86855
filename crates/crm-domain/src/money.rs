//! Amounts of money: integer minor units and a currency. Family A shows minor units, B, C and E major units (contract ).

use serde::{Deserialize, Serialize};

use crate::{
    error::Problem,
    field::{Check, Patch},
};

/// The most minor units of an amount: 15 digits, which every JSON number (a double) keeps exactly, cents included.
pub const MAX_MINOR: i64 = 999_999_999_999_999;

/// The currencies of ISO 4217, also those that went out of use lately: figures of theirs are still about.
const CODES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW \
    CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG \
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT \
    MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR \
    SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED \
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL";

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Minor units in major units as JSON shows them: exact up to 15 digits, and beyond them the nearest double unless they are whole.
    pub fn major(self, minor: i128) -> serde_json::Number {
        let scale = 10_i128.pow(self.decimals());
        if minor % scale == 0
            && let Ok(whole) = i64::try_from(minor / scale)
        {
            return whole.into();
        }
        #[expect(clippy::cast_precision_loss, reason = "a double keeps and prints back any 15 digits")]
        let major = minor as f64 / scale as f64;
        serde_json::Number::from_f64(major).unwrap_or_else(|| 0.into())
    }

    /// US dollars, the default.
    pub const USD: Self = Self(*b"USD");

    /// Parses three letters, any case.
    pub fn parse(code: &str) -> Result<Self, Problem> {
        let code = code.trim().to_ascii_uppercase();
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(letters) if CODES.split_ascii_whitespace().any(|known| known == code) => Ok(Self(letters)),
            _ => Err(Problem::Rule("must be a currency code of ISO 4217 such as USD".to_owned())),
        }
    }

    /// The code, upper case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the currency's major unit (ISO 4217): 2 for most, 0 or 3 for a few.
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV"
            | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units (cents for most currencies).
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Parses a decimal of major units such as `1100.04`, `-5`, `1,234.50`, `$ 12`; more decimals than the currency has are an error, never
    /// rounded, and so are a decimal comma and the sign of another currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Problem> {
        Self::parse_scaled(text, currency, 1)
    }

    /// [`Money::parse`] of a figure given in `scale` major units, e.g. 1,000,000 for "millions of USD".
    pub fn parse_scaled(text: &str, currency: Currency, scale: u64) -> Result<Self, Problem> {
        let decimals = currency.decimals();
        let figure = without_grouping(&without_sign(text.trim(), currency)?)?;
        let (negative, whole, fraction) = split_decimal(&figure).ok_or(Problem::Number)?;
        let mut minor: i128 = whole.parse().map_err(|_| Problem::Number)?;
        let mut unit = i128::from(scale) * 10_i128.pow(decimals);
        minor = minor.checked_mul(unit).ok_or(out_of_range())?;
        for digit in fraction.bytes() {
            if unit % 10 != 0 {
                if digit == b'0' {
                    continue;
                }
                return Err(Problem::Amount { decimals });
            }
            unit /= 10;
            minor += unit * i128::from(digit - b'0');
        }
        let minor = i64::try_from(if negative { -minor } else { minor }).map_err(|_| out_of_range())?;
        if minor.abs() > MAX_MINOR {
            return Err(out_of_range());
        }
        Ok(Self { minor, currency })
    }

    /// An amount as a draft says it, beside `currency` and in units of `scale` major units, or what is `current` where the draft is silent.
    /// Where neither names a currency it is the `usual` one. A currency for no amount is a problem of the field `currency`: nothing would
    /// keep it.
    pub(crate) fn merge(
        check: &mut Check,
        field: &str,
        amount: Patch<String>,
        currency: Patch<String>,
        scale: u64,
        current: Option<Self>,
        usual: Currency,
    ) -> Option<Self> {
        let known = current.map(|money| money.currency);
        let is_named = matches!(&currency, Patch::Set(code) if !code.trim().is_empty());
        let currency = check.optional("currency", currency, known, Currency::parse).unwrap_or(usual);
        let amount = check.optional(field, amount, current, |text| Self::parse_scaled(text, currency, scale.max(1)));
        // A client that clears the amount and sends the rest back as it was says nothing new.
        let is_news = is_named && known != Some(currency);
        if amount.is_none() && is_news && !check.has(field) {
            check.fail("currency", Problem::Rule("must not be given without an amount".to_owned()));
        }
        check.keep(field, amount.map(|money| money.in_currency(currency)).transpose())
    }

    /// The same amount of major units in another currency; more decimals than that has are an error, never rounded.
    pub fn in_currency(self, currency: Currency) -> Result<Self, Problem> {
        if self.currency.decimals() == currency.decimals() {
            return Ok(Self { currency, ..self });
        }
        Self::parse(&self.major().to_string(), currency)
    }

    /// The amount in major units as JSON shows it: exact for every amount up to [`MAX_MINOR`].
    pub fn major(self) -> serde_json::Number {
        self.currency.major(self.minor.into())
    }
}

fn out_of_range() -> Problem {
    Problem::Range {
        min: -MAX_MINOR / 100,
        max: MAX_MINOR / 100,
    }
}

/// Currency signs and the currencies that they may stand for.
const SIGNS: [(char, &[&[u8; 3]]); 3] = [
    ('$', &[b"USD", b"CAD", b"AUD", b"NZD", b"SGD", b"HKD", b"MXN"]),
    ('€', &[b"EUR"]),
    ('£', &[b"GBP"]),
];

/// Takes a currency sign off either end; the sign of another currency is an error.
fn without_sign(text: &str, currency: Currency) -> Result<String, Problem> {
    let (minus, figure) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest.trim_start()));
    for (sign, currencies) in SIGNS {
        let Some(figure) = figure.strip_prefix(sign).or_else(|| figure.strip_suffix(sign)) else {
            continue;
        };
        if !currencies.contains(&&currency.0) {
            return Err(Problem::Rule(format!("is in another currency than {}", currency.as_str())));
        }
        return Ok(format!("{minus}{}", figure.trim()));
    }
    Ok(text.to_owned())
}

/// Takes out what groups thousands: one kind of separator, between groups of exactly three digits. So `10,50`, where the comma is
/// meant for a decimal point, is an error and not a thousandfold.
fn without_grouping(text: &str) -> Result<String, Problem> {
    let whole_end = text.find(['.', 'e', 'E']).unwrap_or(text.len());
    let (whole, rest) = text.split_at(whole_end);
    let is_separator = |c: char| c == ',' || c == '\'' || c.is_whitespace();
    let Some(separator) = whole.chars().find(|c| is_separator(*c)) else {
        return Ok(text.to_owned());
    };
    let mut groups = whole.trim_start_matches(['-', '+']).split(separator);
    let first = groups.next().unwrap_or_default();
    let is_group = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    if first.is_empty() || first.len() > 3 || !groups.all(is_group) {
        return Err(Problem::Rule(
            "must be a number with a decimal point; other signs may only group thousands".to_owned(),
        ));
    }
    Ok(whole.replace(separator, "") + rest)
}

/// Splits into sign, whole digits and fraction digits.
fn split_decimal(text: &str) -> Option<(bool, String, String)> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let (mut whole, mut fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut exponent = String::new();
    // Rust and JavaScript print large doubles such as 1e21; a figure beyond that is out of range anyway.
    if let Some((mantissa, power)) = digits.split_once(['e', 'E']) {
        let power: usize = power.trim_start_matches('+').parse().ok().filter(|p| *p <= 30)?;
        (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let (moved, rest) = fraction.split_at_checked(power).unwrap_or((fraction, ""));
        exponent = format!("{moved}{}", "0".repeat(power - moved.len()));
        fraction = rest;
    }
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !all_digits(whole)
        || !all_digits(fraction)
        || !all_digits(&exponent)
        || whole.len() > 25
    {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    Some((negative, format!("{whole}{exponent}"), fraction.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::{Error, FieldError};

    fn merged(amount: Patch<&str>, currency: Patch<&str>, current: Option<Money>) -> Result<Option<(i64, String)>, Vec<FieldError>> {
        let text = |patch: Patch<&str>| match patch {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(text) => Patch::Set(text.to_owned()),
        };
        let mut check = Check::new();
        let money = Money::merge(&mut check, "amount", text(amount), text(currency), 1, current, Currency::USD);
        match check.finish() {
            Ok(()) => Ok(money.map(|money| (money.minor, money.currency.as_str().to_owned()))),
            Err(Error::Invalid(errors)) => Err(errors),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_currency_needs_an_amount() {
        use Patch::{Clear, Keep, Set};
        let five = Some(Money {
            minor: 500,
            currency: Currency::USD,
        });
        let euros = |minor| Ok(Some((minor, "EUR".to_owned())));
        assert_eq!(merged(Set("7"), Set("eur"), None), euros(700));
        assert_eq!(merged(Keep, Set("eur"), five), euros(500));
        let alone = || {
            Err(vec![FieldError {
                field: "currency".to_owned(),
                problem: Problem::Rule("must not be given without an amount".to_owned()),
            }])
        };
        assert_eq!(merged(Keep, Set("eur"), None), alone());
        assert_eq!(merged(Clear, Set("usd"), None), alone());
        assert_eq!(merged(Set(" "), Set("usd"), None), alone());
        assert_eq!(merged(Clear, Set("eur"), five), alone());
        // Nothing new: the amount goes, the rest comes back as it was.
        assert_eq!(merged(Clear, Set("usd"), five), Ok(None));
        for silent in [Keep, Clear, Set(" ")] {
            assert_eq!(merged(Keep, silent, None), Ok(None));
        }
        let fields = |outcome: Result<_, Vec<FieldError>>| outcome.unwrap_err().into_iter().map(|error| error.field).collect::<Vec<_>>();
        assert_eq!(fields(merged(Set("x"), Set("eur"), None)), ["amount"]);
        assert_eq!(fields(merged(Keep, Set("euro"), None)), ["currency"]);
    }

    #[test]
    fn parses_decimals_exactly() {
        let usd = |text| Money::parse(text, Currency::USD).map(|m| m.minor);
        assert_eq!(usd("1100.04"), Ok(110_004));
        assert_eq!(usd("$1,234.5"), Ok(123_450));
        assert_eq!(usd("-0.01"), Ok(-1));
        assert_eq!(usd("5.000"), Ok(500));
        assert_eq!(usd("1.5e3"), Ok(150_000));
        assert_eq!(usd("5.001"), Err(Problem::Amount { decimals: 2 }));
        assert_eq!(usd("abc"), Err(Problem::Number));
        assert_eq!(usd(""), Err(Problem::Number));
        assert!(usd("1e29").is_err());
        assert_eq!(usd("1,234,567.89"), Ok(123_456_789));
        assert_eq!(usd("1 234.5"), Ok(123_450));
        assert_eq!(usd("-$5"), Ok(-500));
        for wrong in [
            "10,50",
            "1,5",
            "12,34,56",
            "1 2 3",
            "1_000",
            "€5",
            "£5",
            "5 €",
            ",5",
            "1,234'567",
            "1,,000",
            "$",
            "5$5",
        ] {
            assert!(usd(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Money::parse("5 €", Currency::parse("eur").unwrap()).map(|m| m.minor), Ok(500));
        assert_eq!(
            Money::parse_scaled("1100.04", Currency::USD, 1_000_000).map(|m| m.minor),
            Ok(110_004_000_000)
        );
        assert_eq!(Money::parse("12", Currency::parse("jpy").unwrap()).map(|m| m.minor), Ok(12));
    }

    #[test]
    fn another_currency_keeps_the_major_units() {
        let (usd, jpy) = (Currency::USD, Currency::parse("JPY").unwrap());
        let amount = |text, currency| Money::parse(text, currency).unwrap();
        assert_eq!(amount("1000", usd).in_currency(jpy), Ok(amount("1000", jpy)));
        assert_eq!(amount("1000", jpy).in_currency(usd), Ok(amount("1000", usd)));
        assert_eq!(amount("1000.5", usd).in_currency(jpy), Err(Problem::Amount { decimals: 0 }));
    }

    proptest! {
        #[test]
        fn major_units_read_back(minor in -MAX_MINOR..=MAX_MINOR) {
            let money = Money { minor, currency: Currency::USD };
            prop_assert_eq!(Money::parse(&money.major().to_string(), Currency::USD), Ok(money));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Money::parse(&text, Currency::USD);
        }
    }
}
