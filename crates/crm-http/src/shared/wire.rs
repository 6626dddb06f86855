//! Values as JSON shows them, written without a text of their own: a list of fifty records has two hundred of them.

use crm_domain::stamp::Stamp;
use serde::{Serialize, Serializer};
use time::{Date, OffsetDateTime};

/// A short ASCII text on the stack.
struct Short {
    bytes: [u8; 32],
    length: usize,
}

impl Short {
    fn new() -> Self {
        Self { bytes: [0; 32], length: 0 }
    }

    /// Everything written fits: the longest is a prefix of at most 8 characters and 19 digits.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn push_str(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.push(byte));
    }

    /// The number with at least `width` digits.
    fn push_number(&mut self, mut number: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        while number > 0 || digits.len() - start < width {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        digits[start..].iter().for_each(|&digit| self.push(digit));
    }

    fn push_date(&mut self, date: Date) {
        self.push_number(u64::from(date.year().unsigned_abs()), 4);
        self.push(b'-');
        self.push_number(u64::from(u8::from(date.month())), 2);
        self.push(b'-');
        self.push_number(u64::from(date.day()), 2);
    }

    fn push_stamp(&mut self, stamp: Stamp, decimals: u32) {
        // Beyond the year 9999 no stamp comes from a clock.
        let civil = OffsetDateTime::from_unix_timestamp(stamp.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        self.push_date(civil.date());
        for (separator, number) in [(b'T', civil.hour()), (b':', civil.minute()), (b':', civil.second())] {
            self.push(separator);
            self.push_number(u64::from(number), 2);
        }
        let micros = stamp.micros().rem_euclid(1_000_000).unsigned_abs();
        self.push(b'.');
        self.push_number(micros / 10_u64.pow(6 - decimals), decimals as usize);
        self.push(b'Z');
    }

    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default())
    }
}

/// `2025-01-15T10:00:00.000Z`, cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub Stamp);

/// `2025-01-15T10:00:00.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Micros(pub Stamp);

/// `2025-01-15`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub Date);

/// A prefix and a number of at least `WIDTH` digits: `ACT-00001`, `company_12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered<const WIDTH: usize> {
    /// At most 12 ASCII characters.
    pub prefix: &'static str,
    /// Not negative.
    pub number: i64,
}

/// A form of ids: a prefix and a number of at least `WIDTH` digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaddedId<const WIDTH: usize> {
    /// At most 12 ASCII characters.
    pub prefix: &'static str,
}

impl<const WIDTH: usize> PaddedId<WIDTH> {
    /// The id of this number.
    pub const fn number(self, number: i64) -> Numbered<WIDTH> {
        Numbered {
            prefix: self.prefix,
            number,
        }
    }

    /// The number of an id in exactly this form: another spelling names no record, so that each has one address.
    pub fn parse(self, id: &str) -> Option<i64> {
        let digits = id.strip_prefix(self.prefix)?;
        let canonical = digits.len() >= WIDTH && digits.bytes().all(|byte| byte.is_ascii_digit());
        let padded = digits.len() == WIDTH || !digits.starts_with('0');
        if canonical && padded { digits.parse().ok() } else { None }
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Short::new();
        text.push_stamp(self.0, 3);
        text.serialize(serializer)
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Short::new();
        text.push_stamp(self.0, 6);
        text.serialize(serializer)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Short::new();
        text.push_date(self.0);
        text.serialize(serializer)
    }
}

impl<const WIDTH: usize> Serialize for Numbered<WIDTH> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Short::new();
        text.push_str(self.prefix);
        text.push_number(self.number.unsigned_abs(), WIDTH);
        text.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_padded_and_grow() {
        let id = |number| json!(Numbered::<5> { prefix: "ACT-", number });
        assert_eq!(id(0), "ACT-00000");
        assert_eq!(id(1), "ACT-00001");
        assert_eq!(id(123_456), "ACT-123456");
        assert_eq!(
            json!(Numbered::<1> {
                prefix: "company_",
                number: i64::MAX
            }),
            format!("company_{}", i64::MAX)
        );
    }

    #[test]
    fn only_the_canonical_spelling_names_a_record() {
        let form = PaddedId::<5> { prefix: "ACT-" };
        for (id, number) in [("ACT-00000", 0), ("ACT-00001", 1), ("ACT-99999", 99_999), ("ACT-100000", 100_000)] {
            assert_eq!(form.parse(id), Some(number), "{id}");
            assert_eq!(json!(form.number(number)), id);
        }
        for id in [
            "",
            "ACT-",
            "ACT-1",
            "act-00001",
            "ACT-000001",
            "ACT-00001\0",
            "ACT-99999999999999999999",
            "ACT-+0001",
            " ACT-00001",
            "OPP-00001",
            "ACT-0000١",
        ] {
            assert_eq!(form.parse(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn stamps_read_as_the_domain_writes_them(micros in -62_000_000_000_000_000_i64..250_000_000_000_000_000) {
            let stamp = Stamp::from_micros(micros);
            prop_assert_eq!(json!(Millis(stamp)), stamp.to_millisecond_precision());
            prop_assert_eq!(json!(Micros(stamp)), stamp.to_microsecond_precision());
            prop_assert_eq!(json!(Day(stamp.date())), crm_domain::field::format_date(stamp.date()));
        }
    }
}
