//! Points in time, to the microsecond, as the databases keep them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::error::Problem;

/// Microseconds since 1970-01-01T00:00:00Z.
///
/// In a tenant, each committed unit of work has a stamp of its own, strictly greater than every stamp committed before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(i64);

impl Stamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Its second's beginning: for times that people may write back as they are shown.
    pub const fn whole_second(self) -> Self {
        Self(self.0.div_euclid(1_000_000) * 1_000_000)
    }

    /// This stamp plus a duration.
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This stamp minus a duration.
    pub fn minus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this stamp; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Parses an ISO 8601 timestamp of a calendar day as clients send it in a query, in the extended or the basic form
    /// (`2025-02-01T10:00:00Z`, `20250201T100000Z`): seconds may be left out; `Z`, `z` or an offset (whose `+` may have been decoded as a
    /// space) must be there; any number of fraction digits are cut to microseconds. A date alone, `2025-02-01`, means midnight UTC
    /// (contract ). What could mean several times is refused: digits alone, which may count seconds, and times without a zone.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let text = rfc3339(&value.trim().to_ascii_uppercase()).ok_or(Problem::Timestamp)?;
        let parsed = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| Problem::Timestamp)?;
        let micros = parsed.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros).map(Self).map_err(|_| Problem::Timestamp)
    }

    /// The same of a moment in people's work, as they enter it: one before 1900 is a slip of the hand.
    ///
    /// # Errors
    /// [`Problem::Timestamp`], and [`Problem::Rule`] before 1900.
    pub fn parse_entered(value: &str) -> Result<Self, Problem> {
        let stamp = Self::parse(value)?;
        if stamp.date().year() < 1900 {
            return Err(Problem::Rule("must not be before 1900".to_owned()));
        }
        Ok(stamp)
    }

    /// The date part, UTC.
    pub fn date(self) -> time::Date {
        self.civil().date()
    }

    /// `2025-01-15T10:00:00Z`.
    pub fn to_second_precision(self) -> String {
        let t = self.civil();
        format!(
            "{}T{:02}:{:02}:{:02}Z",
            crate::field::format_date(t.date()),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// `2025-01-15T10:00:00.000Z`, cut, not rounded.
    pub fn to_millisecond_precision(self) -> String {
        self.with_fraction(self.0.rem_euclid(1_000_000) / 1_000, 3)
    }

    /// `2025-01-15T10:00:00.000000Z`.
    pub fn to_microsecond_precision(self) -> String {
        self.with_fraction(self.0.rem_euclid(1_000_000), 6)
    }

    fn with_fraction(self, fraction: i64, digits: usize) -> String {
        let t = self.civil();
        let (date, h, m, s) = (crate::field::format_date(t.date()), t.hour(), t.minute(), t.second());
        format!("{date}T{h:02}:{m:02}:{s:02}.{fraction:0digits$}Z")
    }

    /// Stamps beyond the year 9999 cannot come from a clock or from [`Stamp::parse`]; they show as the epoch.
    fn civil(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Spells a timestamp as RFC 3339 does, whose parser then judges it; `None` for what is no form of a timestamp.
fn rfc3339(text: &str) -> Option<String> {
    let Some((date, time)) = text.split_once('T') else {
        let is_day = text.len() == 10 && text.is_ascii();
        return is_day.then(|| format!("{text}T00:00:00Z"));
    };
    // A space is a plus sign that was decoded as one.
    let zone = time.find(['Z', '+', '-', ' '])?;
    let (time, zone) = time.split_at_checked(zone)?;
    let (clock, fraction) = match time.find(['.', ',']) {
        Some(point) => (&time[..point], Some(&time[point + 1..])),
        None => (time, None),
    };
    let date = spell(date, &[4, 2, 2], '-')?;
    let clock = match spell(clock, &[2, 2, 2], ':') {
        Some(clock) => clock,
        None if fraction.is_none() => spell(clock, &[2, 2], ':')? + ":00",
        None => return None,
    };
    let zone = match zone.split_at_checked(1)? {
        ("Z", "") => "Z".to_owned(),
        (sign, offset) => {
            let sign = if sign == "-" { '-' } else { '+' };
            let offset = spell(offset, &[2, 2], ':').or_else(|| Some(spell(offset, &[2], ':')? + ":00"))?;
            format!("{sign}{offset}")
        }
    };
    let fraction = fraction.map_or_else(String::new, |digits| format!(".{digits}"));
    Some(format!("{date}T{clock}{fraction}{zone}"))
}

/// Puts `separator` between groups of so many digits, which either had it or stood together.
fn spell(text: &str, groups: &[usize], separator: char) -> Option<String> {
    let mut rest = text;
    let mut spelled = String::with_capacity(text.len() + groups.len());
    let separated = text.contains(separator);
    for (index, length) in groups.iter().enumerate() {
        if index > 0 {
            spelled.push(separator);
            if separated {
                rest = rest.strip_prefix(separator)?;
            }
        }
        let (digits, others) = rest.split_at_checked(*length)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        spelled.push_str(digits);
        rest = others;
    }
    rest.is_empty().then_some(spelled)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_microsecond_precision())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_microsecond_precision())
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_enter_no_moment_before_1900() {
        assert_eq!(Stamp::parse_entered("1900-01-01"), Stamp::parse("1900-01-01"));
        assert!(matches!(Stamp::parse_entered("0001-01-01T00:00:00Z"), Err(Problem::Rule(_))));
        assert_eq!(Stamp::parse_entered("soon"), Err(Problem::Timestamp));
    }

    #[test]
    fn parses_what_clients_send() {
        let expected = Stamp::parse("2025-02-01T00:00:00.000Z").unwrap();
        for same in [
            "2025-02-01T00:00:00Z",
            "2025-02-01t00:00:00z",
            "2025-02-01T02:00:00+02:00",
            "2025-02-01T02:00:00 02:00",
            "2025-02-01T00:00:00.000000999Z",
            "2025-02-01",
            "2025-02-01T00:00:00-00:00",
            "2025-02-01T00:00Z",
            "2025-02-01T02:00+02:00",
            "2025-02-01T02:00 02:00",
            "2025-02-01T02:00:00+0200",
            "2025-02-01T02:00:00+02",
            "2025-02-01T02:00:00 02",
            "20250201T000000Z",
            "20250201T0000Z",
            "20250201T020000+0200",
            "20250201T020000 0200",
            "20250201T020000.000+02:00",
            "2025-02-01T00:00:00,000Z",
            "2025-01-31T19:00:00-05",
        ] {
            assert_eq!(Stamp::parse(same), Ok(expected), "{same}");
        }
        for bad in [
            "yesterday",
            "",
            "2025-02-30",
            "2025-02-01T25:00:00Z",
            "1738368000",
            "2025-02-01T00:00:00",
            "2025-02-01T00:00",
            "20250201",
            "20250201T000000",
            "20250201000000Z",
            "2025-0201T000000Z",
            "2025-02-01T00:0000Z",
            "2025-02-01T00:00.5Z",
            "2025-02-01T00:00:00.Z",
            "2025-02-01T00:00:00.5.5Z",
            "2025-02-01T00:00:00ZZ",
            "2025-02-01T00:00:00+2",
            "2025-02-01T00:00:00+02:00:00",
            "2025-02-01TZ",
            "2025-02-01TT00:00:00Z",
            "20250230T000000Z",
            "20250201T250000Z",
            "-20250201T000000Z",
            "2025-02-01Tüü:üü:üüZ",
            "２０２５-02-01",
        ] {
            assert_eq!(Stamp::parse(bad), Err(Problem::Timestamp), "{bad}");
        }
    }

    #[test]
    fn shows_each_precision_cut() {
        let stamp = Stamp::parse("2025-01-15T10:00:00.123999Z").unwrap();
        assert_eq!(stamp.to_second_precision(), "2025-01-15T10:00:00Z");
        assert_eq!(stamp.to_millisecond_precision(), "2025-01-15T10:00:00.123Z");
        assert_eq!(stamp.to_microsecond_precision(), "2025-01-15T10:00:00.123999Z");
        assert_eq!(Stamp::from_micros(-1).to_microsecond_precision(), "1969-12-31T23:59:59.999999Z");
    }
}
