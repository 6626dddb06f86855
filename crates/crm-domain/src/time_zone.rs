//! Time zones of the IANA database, which is compiled in: a machine without tzdata knows them all the same.

use std::fmt;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::AmbiguousOffset,
};
use serde::{Serialize, Serializer};

use crate::{error::Problem, stamp::Stamp};

/// A time zone with a name, e.g. `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    zone: jiff::tz::TimeZone,
    name: String,
}

impl TimeZone {
    /// Reads a zone's name, whatever its case; it is kept as the database spells it.
    ///
    /// # Errors
    /// [`Problem::Rule`] for a name that the database does not know.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        let unknown = || Problem::Rule("must be the name of an IANA time zone such as Europe/Berlin".to_owned());
        let zone = jiff::tz::TimeZone::get(name.trim()).map_err(|_| unknown())?;
        let name = zone.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { zone, name })
    }

    /// Coordinated universal time, the default.
    pub fn utc() -> Self {
        Self {
            zone: jiff::tz::TimeZone::UTC,
            name: "UTC".to_owned(),
        }
    }

    /// The name as the database spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calendar day that it is there, as dates of records are kept.
    pub fn day_at(&self, stamp: Stamp) -> time::Date {
        let day = self.date_at(stamp);
        let month = u8::try_from(day.month()).ok().and_then(|month| time::Month::try_from(month).ok());
        let date = month.zip(u8::try_from(day.day()).ok());
        // Both calendars are the same one; years that only one of them has are not reached by any clock.
        date.and_then(|(month, of_month)| time::Date::from_calendar_date(day.year().into(), month, of_month).ok())
            .unwrap_or_else(|| stamp.date())
    }

    /// The calendar day that it is there.
    pub(crate) fn date_at(&self, stamp: Stamp) -> Date {
        self.zone.to_datetime(to_timestamp(stamp)).date()
    }

    /// The first moment when clocks there show so many minutes after midnight of `day`, or later. So what clocks skip begins when they have
    /// skipped it, and what they show twice begins with the first time; later times of day never come before earlier ones.
    pub(crate) fn moment(&self, day: Date, minute: u16) -> Stamp {
        let midnight = DateTime::from_parts(day, Time::midnight());
        let shown = midnight.saturating_add(jiff::SignedDuration::from_mins(minute.into()));
        let ambiguous = self.zone.to_ambiguous_timestamp(shown);
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(shown).unwrap_or(Timestamp::MAX);
        let moment = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before, .. } => at(before),
            // With the offset that comes it would be a moment before the clocks change.
            AmbiguousOffset::Gap { before, after } => {
                let change = self.zone.following(at(after)).next();
                change.map_or_else(|| at(before), |change| change.timestamp())
            }
        };
        Stamp::from_micros(moment.as_microsecond())
    }
}

fn to_timestamp(stamp: Stamp) -> Timestamp {
    let latest = if stamp.micros() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(stamp.micros()).unwrap_or(latest)
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Stamp {
        Stamp::parse(text).unwrap()
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_kept_as_the_database_spells_it() {
        for (given, kept) in [
            ("Europe/Berlin", "Europe/Berlin"),
            (" europe/berlin ", "Europe/Berlin"),
            ("utc", "UTC"),
        ] {
            assert_eq!(TimeZone::parse(given).unwrap().name(), kept);
        }
        for unknown in ["", "Berlin", "Europe/Atlantis", "+02:00", "../etc/localtime"] {
            assert!(matches!(TimeZone::parse(unknown), Err(Problem::Rule(_))), "{unknown}");
        }
    }

    #[test]
    fn a_time_that_clocks_skip_begins_when_they_have_skipped_it() {
        let berlin = TimeZone::parse("Europe/Berlin").unwrap();
        // 2026-03-29: 02:00 becomes 03:00, which is 01:00 UTC.
        let change = stamp("2026-03-29T01:00:00Z");
        assert_eq!(berlin.moment(day("2026-03-29"), 119), stamp("2026-03-29T00:59:00Z"));
        for skipped in [120, 121, 179, 180] {
            assert_eq!(berlin.moment(day("2026-03-29"), skipped), change, "{skipped}");
        }
        assert_eq!(berlin.moment(day("2026-03-29"), 181), stamp("2026-03-29T01:01:00Z"));
    }

    #[test]
    fn a_time_that_clocks_show_twice_begins_with_the_first() {
        let new_york = TimeZone::parse("America/New_York").unwrap();
        // 2026-11-01: 02:00 becomes 01:00.
        assert_eq!(new_york.moment(day("2026-11-01"), 90), stamp("2026-11-01T05:30:00Z"));
        assert_eq!(new_york.moment(day("2026-11-01"), 120), stamp("2026-11-01T07:00:00Z"));
    }

    #[test]
    fn a_skipped_day_has_no_length() {
        let apia = TimeZone::parse("Pacific/Apia").unwrap();
        // Samoa crossed the date line: 2011-12-30 never was.
        let skipped = day("2011-12-30");
        assert_eq!(apia.moment(skipped, 0), apia.moment(skipped, 1_440));
        assert_eq!(apia.moment(skipped, 540), stamp("2011-12-30T10:00:00Z"));
    }

    #[test]
    fn the_end_of_a_day_is_the_next_ones_midnight() {
        let tokyo = TimeZone::parse("Asia/Tokyo").unwrap();
        assert_eq!(tokyo.moment(day("2026-01-31"), 1_440), tokyo.moment(day("2026-02-01"), 0));
        assert_eq!(tokyo.date_at(stamp("2026-01-31T15:00:00Z")), day("2026-02-01"));
        assert_eq!(tokyo.day_at(stamp("2026-01-31T15:00:00Z")).to_string(), "2026-02-01");
        assert_eq!(tokyo.day_at(stamp("2026-01-31T14:59:59Z")).to_string(), "2026-01-31");
    }
}
