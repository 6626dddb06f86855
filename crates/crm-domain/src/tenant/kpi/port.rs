//! Reading the totals that are kept.

use time::Date;

use super::{Measure, Step};
use crate::{error::Result, id::StageId, money::Currency, stamp::Stamp};

/// Records that count for the same, of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<Key> {
    /// What they count for.
    pub key: Key,
    /// `None` for those without an amount.
    pub currency: Option<Currency>,
    /// How many they are.
    pub count: i64,
    /// The sum of their amounts in minor units: of many records it is more than an `i64` holds.
    pub minor: i128,
}

/// Reads key figures. What it costs does not depend on how many records there are, but for overdue tasks: on how many those are.
pub trait KpiReads {
    /// Every measure of the steps that begin on the days `first` to `last`; a measure may come in several parts.
    fn between(&mut self, step: Step, first: Date, last: Date) -> Result<Vec<Tally<Measure>>>;
    /// How many live leads there are.
    fn leads(&mut self) -> Result<i64>;
    /// How many leads have which status, the most frequent first, then by word; at most `limit`.
    fn statuses(&mut self, limit: u32) -> Result<Vec<(String, i64)>>;
    /// The opportunities of each stage.
    fn stages(&mut self) -> Result<Vec<Tally<StageId>>>;
    /// How many live tasks that were created at `created` or later are still to be done though they were due before `now`.
    fn overdue_tasks(&mut self, created: Stamp, now: Stamp) -> Result<u64>;
}
