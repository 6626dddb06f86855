//! Points in time, to the microsecond, as the databases keep them.

use std::fmt;

use serde::{Serialize, Serializer};
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

    /// Parses an ISO 8601 timestamp as clients send it in a query: `Z`, `z` or an offset (whose `+` may have been decoded as a space),
    /// any number of fraction digits (cut to microseconds), or a date alone, which means midnight UTC (contract ).
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let mut text = value.trim().to_ascii_uppercase();
        if text.len() == 10 && text.is_ascii() {
            text.push_str("T00:00:00Z");
        }
        if let Some(offset) = offset_decoded_as_space(&text) {
            text.replace_range(offset..=offset, "+");
        }
        let parsed = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| Problem::Timestamp)?;
        let micros = parsed.unix_timestamp_nanos().div_euclid(1_000);
        i64::try_from(micros).map(Self).map_err(|_| Problem::Timestamp)
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

/// Where the `+` of an offset was decoded as a space: `2025-02-01T00:00:00 02:00`.
fn offset_decoded_as_space(text: &str) -> Option<usize> {
    let position = text.len().checked_sub(6)?;
    (position >= 19 && text.as_bytes()[position] == b' ').then_some(position)
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

#[cfg(test)]
mod tests {
    use super::*;

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
