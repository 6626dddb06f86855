//! What open opportunities promise, month by month.

use std::fmt;

use time::Date;

use super::board::{Group, Sums};
use crate::{
    error::{Problem, Result},
    field::parse_date,
    id::StageId,
    tenant::{TenantReader, pipeline::StageKind},
};

/// Most months of a forecast.
pub const MONTHS_MAX: u32 = 60;

/// A calendar month; its text is `YYYY-MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Months since January of the year 0.
    number: i32,
}

impl Month {
    /// The last one that days have: 9999-12.
    const LAST: Self = Self { number: 9_999 * 12 + 11 };

    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self {
            number: day.year() * 12 + i32::from(u8::from(day.month())) - 1,
        }
    }

    /// Parses `YYYY-MM`, or the month of a day.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let day = if text.len() == 7 { format!("{text}-01") } else { text.to_owned() };
        let problem = Problem::Rule("must be a month in the form YYYY-MM".to_owned());
        parse_date(&day).map(Self::of).map_err(|_| problem)
    }

    /// The month that is so many months later.
    #[must_use]
    pub fn plus(self, months: u32) -> Self {
        let months = i32::try_from(months).unwrap_or(i32::MAX);
        Self {
            number: self.number.saturating_add(months),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.number.div_euclid(12), self.number.rem_euclid(12) + 1)
    }
}

/// A forecast: everything that is expected before its end, or on no known day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// What should have been closed before its first month.
    pub overdue: Sums,
    /// Each month of it, in order.
    pub months: Vec<(Month, Sums)>,
    /// What is expected on no known day.
    pub unscheduled: Sums,
}

/// The open opportunities that forecasts count (contract A-51), of `months` months from `from`.
pub fn forecast(reader: &mut dyn TenantReader, from: Month, months: u32) -> Result<Forecast> {
    let pipelines = reader.pipelines().all()?;
    let stages = pipelines.iter().flat_map(|pipeline| &pipeline.stages);
    let open: Vec<StageId> = stages
        .filter(|stage| stage.fields.kind == StageKind::Open)
        .map(|stage| stage.id)
        .collect();
    let months = months.min(MONTHS_MAX);
    let groups = reader.opportunities().sum_by_month(&open)?;
    Ok(assemble(&groups, from, months))
}

fn assemble(groups: &[Group<Option<Month>>], from: Month, months: u32) -> Forecast {
    let mut forecast = Forecast {
        overdue: Sums::default(),
        months: (0..months)
            .map(|later| from.plus(later))
            .take_while(|month| *month <= Month::LAST)
            .map(|month| (month, Sums::default()))
            .collect(),
        unscheduled: Sums::default(),
    };
    for group in groups {
        let sums = match group.key {
            None => &mut forecast.unscheduled,
            Some(month) if month < from => &mut forecast.overdue,
            Some(month) => match forecast.months.iter_mut().find(|(known, _)| *known == month) {
                Some((_, sums)) => sums,
                // Beyond its end.
                None => continue,
            },
        };
        sums.add(group);
    }
    forecast
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn months_read_back_and_follow_each_other() {
        for text in ["0001-01", "2024-12", "9999-11"] {
            assert_eq!(month(text).to_string(), text);
        }
        assert_eq!(month("2024-12").plus(1), month("2025-01"));
        assert_eq!(month("2025-02-28"), month("2025-02"));
        for wrong in ["2025", "2025-13", "2025-1", "2025-02-30", "02-2025", ""] {
            assert!(Month::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_opportunity_is_in_one_place(keys in prop::collection::vec(prop::option::of(0_u32..40), 0..60), months in 1_u32..24) {
            let start = month("2024-07");
            let from = start.plus(10);
            let groups: Vec<_> = keys.iter().map(|key| Group {
                key: key.map(|later| start.plus(later)),
                currency: None,
                probability: 10,
                count: 1,
                minor: 0,
            }).collect();
            let forecast = assemble(&groups, from, months);
            let shown: i64 = forecast.months.iter().map(|(_, sums)| sums.count).sum();
            let beyond = keys.iter().flatten().filter(|later| **later >= 10 + months).count();
            let all = shown + forecast.overdue.count + forecast.unscheduled.count + i64::try_from(beyond).unwrap();
            prop_assert_eq!(all, i64::try_from(keys.len()).unwrap());
            prop_assert_eq!(forecast.overdue.count, i64::try_from(keys.iter().flatten().filter(|later| **later < 10).count()).unwrap());
        }
    }
}
