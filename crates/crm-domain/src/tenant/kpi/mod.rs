//! Key figures of a period, and what the pipelines hold (contract E-35 … E-44, X-14, X-166 … X-169).
//!
//! They are read from totals that whoever writes leads, opportunities and tasks keeps by week, month, status and stage: a year of a hundred
//! thousand opportunities is twelve rows.

mod mark;
mod period;
mod pipeline;
mod port;

pub use mark::{Mark, Measure, marks_of_deal, marks_of_lead, marks_of_task};
pub use period::{Period, Step};
pub use pipeline::{LeadStage, Qualification, STATUSES_MAX, SalesPipeline, SalesStage, qualification, sales};
pub use port::{KpiReads, Tally};

use std::collections::BTreeMap;

use time::{Date, OffsetDateTime};

use crate::{error::Result, money::Currency, stamp::Stamp, tenant::TenantReader};

/// How many records, and what they are worth in each currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worth {
    /// All of them, also those without an amount.
    pub count: i64,
    /// The sums of the amounts in minor units.
    pub by_currency: BTreeMap<Currency, i128>,
}

impl Worth {
    fn add<Key>(&mut self, tally: &Tally<Key>) {
        self.count += tally.count;
        if let Some(currency) = tally.currency {
            *self.by_currency.entry(currency).or_default() += tally.minor;
        }
    }

    /// The sum in one currency, in minor units; 0 where nothing is worth anything in it.
    pub fn minor(&self, currency: Currency) -> i128 {
        self.by_currency.get(&currency).copied().unwrap_or(0)
    }
}

/// The key figures of a period. Records count that were created in it; of opportunities that were won or lost, those that were it in the
/// period, whenever they were created (contract X-168).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kpis {
    /// The period.
    pub period: Period,
    /// Its first day, in UTC.
    pub first_day: Date,
    /// Leads.
    pub leads: i64,
    /// Those of the leads that are qualified or converted now.
    pub qualified_leads: i64,
    /// Opportunities that are open now.
    pub open: Worth,
    /// Opportunities won.
    pub won: Worth,
    /// Opportunities lost.
    pub lost: Worth,
    /// Tasks.
    pub tasks: i64,
    /// Those of the tasks that are overdue now.
    pub overdue_tasks: u64,
}

impl Kpis {
    /// Qualified leads in per cent of all, 0.0 to 100.0 (contract E-39).
    pub fn qualification_rate(&self) -> f64 {
        percent(self.qualified_leads, self.leads)
    }

    /// Won opportunities in per cent of the won and lost ones, 0.0 to 100.0 (contract E-40).
    pub fn win_rate(&self) -> f64 {
        percent(self.won.count, self.won.count + self.lost.count)
    }

    /// The beginning of the period.
    pub fn start(&self) -> Stamp {
        start_of(self.first_day)
    }
}

fn start_of(day: Date) -> Stamp {
    let seconds = OffsetDateTime::new_utc(day, time::Time::MIDNIGHT).unix_timestamp();
    Stamp::from_micros(seconds * 1_000_000)
}

/// A part of a whole in per cent, to hundredths; 0 of nothing (contract X-168).
fn percent(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        return 0.0;
    }
    let hundredths = (i128::from(part) * 20_000 + i128::from(whole)) / (2 * i128::from(whole));
    // At most 10,000: exact.
    f64::from(u16::try_from(hundredths).unwrap_or(0)) / 100.0
}

/// The key figures of the period in which `now` lies.
pub fn kpis(reader: &mut dyn TenantReader, period: Period, now: Stamp) -> Result<Kpis> {
    let first_day = period.first_day(now);
    let mut kpis = Kpis {
        period,
        first_day,
        leads: 0,
        qualified_leads: 0,
        open: Worth::default(),
        won: Worth::default(),
        lost: Worth::default(),
        tasks: 0,
        overdue_tasks: reader.kpis().overdue_tasks(start_of(first_day), now)?,
    };
    for tally in reader.kpis().between(period.step(), first_day, period.last_step(now))? {
        match tally.key {
            Measure::Leads => kpis.leads += tally.count,
            Measure::QualifiedLeads => kpis.qualified_leads += tally.count,
            Measure::OpenDeals => kpis.open.add(&tally),
            Measure::WonDeals => kpis.won.add(&tally),
            Measure::LostDeals => kpis.lost.add(&tally),
            Measure::Tasks => kpis.tasks += tally.count,
        }
    }
    Ok(kpis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn e_39_and_e_40_rates_are_per_cent_and_zero_of_nothing() {
        for (part, whole, rate) in [
            (25, 100, 25.0),
            (15, 20, 75.0),
            (0, 0, 0.0),
            (0, 7, 0.0),
            (1, 3, 33.33),
            (2, 3, 66.67),
            (7, 7, 100.0),
        ] {
            assert!((percent(part, whole) - rate).abs() < f64::EPSILON, "{part} of {whole}");
        }
    }

    #[test]
    fn a_period_starts_at_midnight_utc() {
        let day = Stamp::parse("2026-01-05T17:00:00Z").unwrap().date();
        assert_eq!(start_of(day).to_second_precision(), "2026-01-05T00:00:00Z");
    }

    proptest! {
        #[test]
        fn rates_are_near_the_quotient(part in 0_i64..i64::MAX / 2, more in 0_i64..i64::MAX / 2) {
            let rate = percent(part, part + more);
            prop_assert!((0.0..=100.0).contains(&rate));
            if part + more > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a comparison within hundredths")]
                let quotient = part as f64 / (part + more) as f64 * 100.0;
                prop_assert!((rate - quotient).abs() <= 0.005_001);
            }
        }
    }
}
