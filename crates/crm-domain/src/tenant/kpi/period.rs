//! The periods that key figures are told of: whole weeks and months, in UTC (contract E-36, X-166, X-167).

use time::{Date, Duration, Month};

use crate::{error::Problem, stamp::Stamp};

/// A period, the current one of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the words say it")]
pub enum Period {
    /// From Monday (ISO 8601).
    Week,
    #[default]
    Month,
    /// January to March, April to June, and so on.
    Quarter,
    Year,
}

impl Period {
    /// Every period.
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Reads the word.
    ///
    /// # Errors
    /// [`Problem::Choice`] with every word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let found = Self::ALL.into_iter().find(|period| period.as_str() == word);
        found.ok_or_else(|| Problem::Choice {
            allowed: Self::ALL.map(|period| period.as_str().to_owned()).to_vec(),
        })
    }

    /// The steps that the period consists of.
    pub fn step(self) -> Step {
        match self {
            Self::Week => Step::Week,
            Self::Month | Self::Quarter | Self::Year => Step::Month,
        }
    }

    /// The first day of the period in which `now` lies.
    pub fn first_day(self, now: Stamp) -> Date {
        let today = now.date();
        let month = u8::from(today.month());
        match self {
            Self::Week => Step::Week.begin(today),
            Self::Month => Step::Month.begin(today),
            Self::Quarter => first_of(today.year(), month - (month - 1) % 3),
            Self::Year => first_of(today.year(), 1),
        }
    }

    /// The first day of the last step of the period in which `now` lies.
    pub fn last_step(self, now: Stamp) -> Date {
        let first = self.first_day(now);
        match self {
            Self::Week | Self::Month => first,
            Self::Quarter => first_of(first.year(), u8::from(first.month()) + 2),
            Self::Year => first_of(first.year(), 12),
        }
    }
}

/// What totals are kept by: every period is some of one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum Step {
    /// From Monday (ISO 8601).
    Week,
    Month,
}

impl Step {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Week, Self::Month];

    /// The first day of the step that a day lies in.
    pub fn begin(self, day: Date) -> Date {
        match self {
            // The first day of the year 1 is a Monday; before it nothing is shown.
            Self::Week => day
                .checked_sub(Duration::days(i64::from(day.weekday().number_days_from_monday())))
                .unwrap_or(day),
            Self::Month => first_of(day.year(), u8::from(day.month())),
        }
    }
}

/// The first day of a month; every month has one.
fn first_of(year: i32, month: u8) -> Date {
    let month = Month::try_from(month).unwrap_or(Month::January);
    Date::from_calendar_date(year, month, 1).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::field::format_date;

    fn firsts(now: &str) -> [String; 4] {
        let now = Stamp::parse(now).unwrap();
        Period::ALL.map(|period| format_date(period.first_day(now)))
    }

    #[test]
    fn x_167_weeks_begin_on_monday_and_all_is_utc() {
        assert_eq!(
            firsts("2026-01-10T00:00:00Z"),
            ["2026-01-05", "2026-01-01", "2026-01-01", "2026-01-01"]
        );
        // The first ISO week of 2026 begins in 2025, and Sunday ends a week.
        assert_eq!(
            firsts("2026-01-01T00:00:00Z"),
            ["2025-12-29", "2026-01-01", "2026-01-01", "2026-01-01"]
        );
        assert_eq!(
            firsts("2026-01-04T23:59:59.999999Z"),
            ["2025-12-29", "2026-01-01", "2026-01-01", "2026-01-01"]
        );
        assert_eq!(
            firsts("2026-01-05T00:00:00Z"),
            ["2026-01-05", "2026-01-01", "2026-01-01", "2026-01-01"]
        );
        // A year of 53 weeks.
        assert_eq!(
            firsts("2027-01-03T12:00:00Z"),
            ["2026-12-28", "2027-01-01", "2027-01-01", "2027-01-01"]
        );
        assert_eq!(
            firsts("2024-02-29T12:00:00Z"),
            ["2024-02-26", "2024-02-01", "2024-01-01", "2024-01-01"]
        );
        assert_eq!(
            firsts("2017-12-31T23:00:00Z"),
            ["2017-12-25", "2017-12-01", "2017-10-01", "2017-01-01"]
        );
    }

    #[test]
    fn words_read_back() {
        for period in Period::ALL {
            assert_eq!(Period::parse(period.as_str()), Ok(period));
        }
        assert!(Period::parse("decade").is_err() && Period::parse("").is_err());
        assert_eq!(Period::default(), Period::Month);
    }

    proptest! {
        #[test]
        fn a_period_holds_its_day_and_consists_of_steps(seconds in 0_i64..253_402_300_799, index in 0..4_usize) {
            let (now, period) = (Stamp::from_micros(seconds * 1_000_000), Period::ALL[index]);
            let (first, last, today) = (period.first_day(now), period.last_step(now), period.step().begin(now.date()));
            prop_assert!(first <= today && today <= last);
            prop_assert_eq!(period.step().begin(first), first);
            prop_assert_eq!(period.step().begin(last), last);
            let length = (last - first).whole_days();
            let most = match period { Period::Week | Period::Month => 0, Period::Quarter => 62, Period::Year => 335 };
            prop_assert!((0..=most).contains(&length));
        }
    }
}
