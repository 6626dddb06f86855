//! A pipeline's board: what is in each stage, and what it is worth.

use std::collections::BTreeMap;

use super::Opportunity;
use crate::{
    error::Result,
    id::{PipelineId, StageId},
    money::Currency,
    tenant::{
        TenantReader,
        pipeline::{self, Pipeline, Stage, default_pipeline},
    },
};

/// Opportunities of one currency and probability that a store added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<Key> {
    /// What they have in common beside the two.
    pub key: Key,
    /// `None` for those without an amount.
    pub currency: Option<Currency>,
    /// Per cent.
    pub probability: i64,
    /// How many they are.
    pub count: i64,
    /// The sum of their amounts in minor units: of many opportunities it is more than an `i64` holds.
    pub minor: i128,
}

/// How many opportunities there are, and what they are worth in each currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// All of them, also those without an amount.
    pub count: i64,
    /// Those with an amount.
    pub by_currency: BTreeMap<Currency, Sum>,
}

/// What the opportunities of one currency are worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many they are.
    pub count: i64,
    /// The sum of their amounts, in minor units.
    pub minor: i128,
    /// The sum of their amounts times their probabilities, in hundredths of minor units.
    weighted: i128,
}

impl Sum {
    /// The sum of the amounts by their probabilities, in minor units; a half is rounded away from zero.
    pub fn weighted(&self) -> i128 {
        (self.weighted + 50 * self.weighted.signum()) / 100
    }
}

impl Sums {
    /// Adds a group.
    pub(super) fn add<Key>(&mut self, group: &Group<Key>) {
        self.count += group.count;
        if let Some(currency) = group.currency {
            let sum = self.by_currency.entry(currency).or_default();
            sum.count += group.count;
            sum.minor += group.minor;
            sum.weighted += group.minor * i128::from(group.probability);
        }
    }
}

/// A stage of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The stage.
    pub stage: Stage,
    /// Everything in it.
    pub sums: Sums,
    /// Its first opportunities, by creation.
    pub first: Vec<Opportunity>,
}

/// A pipeline's board, with up to `limit` opportunities of each stage; that of the default pipeline unless another is named.
///
/// # Errors
/// [`crate::Error::NotFound`] for the pipeline.
pub fn board(reader: &mut dyn TenantReader, pipeline: Option<PipelineId>, limit: u32) -> Result<(Pipeline, Vec<Column>)> {
    let pipeline = match pipeline {
        Some(id) => pipeline::lookup(reader.pipelines(), id)?,
        None => default_pipeline(reader.pipelines())?,
    };
    let stages: Vec<StageId> = pipeline.stages.iter().map(|stage| stage.id).collect();
    let mut sums: BTreeMap<StageId, Sums> = BTreeMap::new();
    for group in reader.opportunities().sum_by_stage(&stages)? {
        sums.entry(group.key).or_default().add(&group);
    }
    let column = |stage: &Stage| {
        Ok(Column {
            stage: stage.clone(),
            sums: sums.remove(&stage.id).unwrap_or_default(),
            first: reader.opportunities().list_in(stage.id, 0, limit)?,
        })
    };
    let columns = pipeline.stages.iter().map(column).collect::<Result<_>>()?;
    Ok((pipeline, columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(currency: Option<&str>, probability: i64, minor: i128) -> Group<()> {
        Group {
            key: (),
            currency: currency.map(|code| Currency::parse(code).unwrap()),
            probability,
            count: 1,
            minor,
        }
    }

    #[test]
    fn currencies_are_added_apart_and_a_weight_is_rounded_once() {
        let mut sums = Sums::default();
        for group in [
            group(Some("USD"), 33, 1),
            group(Some("USD"), 17, 1),
            group(Some("EUR"), 10, -5),
            group(None, 50, 0),
        ] {
            sums.add(&group);
        }
        assert_eq!(sums.count, 4);
        let shown: Vec<_> = sums
            .by_currency
            .iter()
            .map(|(code, sum)| (code.as_str(), sum.count, sum.minor, sum.weighted()))
            .collect();
        // 0.33 and 0.17 are one half together, and none by themselves; minus one half goes to minus one.
        assert_eq!(shown, [("EUR", 1, -5, -1), ("USD", 2, 2, 1)]);
    }

    #[test]
    fn sums_beyond_an_i64_are_exact() {
        let mut sums = Sums::default();
        let large = i128::from(i64::MAX) * 3;
        sums.add(&group(Some("USD"), 50, large));
        assert_eq!(sums.by_currency[&Currency::USD].weighted(), (large + 1) / 2);
    }
}
