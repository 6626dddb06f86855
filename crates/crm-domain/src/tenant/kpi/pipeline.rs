//! What stands where: leads by status, opportunities by stage (contract E-43, E-44, X-169).

use std::collections::{BTreeMap, HashMap};

use super::Worth;
use crate::{
    error::Result,
    id::StageId,
    tenant::{
        TenantReader,
        lead::LeadStatus,
        pipeline::{Pipeline, Stage},
    },
};

/// Most statuses of others' systems that are shown by themselves.
pub const STATUSES_MAX: usize = 100;

/// The leads of a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadStage {
    /// The status.
    pub status: String,
    /// How many there are.
    pub count: i64,
}

/// Live leads by status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qualification {
    /// The statuses of ours in their order, also those without leads; behind them those of systems that leads were imported from, the
    /// most frequent first, at most [`STATUSES_MAX`].
    pub stages: Vec<LeadStage>,
    /// The leads of all other statuses.
    pub rest: i64,
}

/// Leads by status.
pub fn qualification(reader: &mut dyn TenantReader) -> Result<Qualification> {
    let limit = u32::try_from(STATUSES_MAX + LeadStatus::WORDS.len()).unwrap_or(u32::MAX);
    let total: i64 = reader.kpis().leads()?;
    let kept = reader.kpis().statuses(limit)?;
    Ok(assemble(kept, total))
}

fn assemble(kept: Vec<(String, i64)>, total: i64) -> Qualification {
    let (mut own, mut others) = (BTreeMap::new(), Vec::new());
    for (status, count) in kept {
        if LeadStatus::WORDS.contains(&status.as_str()) {
            own.insert(status, count);
        } else if others.len() < STATUSES_MAX {
            others.push(LeadStage { status, count });
        }
    }
    let own = LeadStatus::WORDS.map(|word| LeadStage {
        status: word.to_owned(),
        count: own.get(word).copied().unwrap_or(0),
    });
    let stages: Vec<LeadStage> = own.into_iter().chain(others).collect();
    let shown: i64 = stages.iter().map(|stage| stage.count).sum();
    Qualification {
        stages,
        rest: (total - shown).max(0),
    }
}

/// A stage and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesStage {
    /// The stage.
    pub stage: Stage,
    /// Its live opportunities.
    pub worth: Worth,
}

/// A pipeline and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesPipeline {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its stages in order.
    pub stages: Vec<SalesStage>,
}

/// Opportunities by stage, in every pipeline; the default one first.
pub fn sales(reader: &mut dyn TenantReader) -> Result<Vec<SalesPipeline>> {
    let mut worth: HashMap<StageId, Worth> = HashMap::new();
    for tally in reader.kpis().stages()? {
        worth.entry(tally.key).or_default().add(&tally);
    }
    let show = |pipeline: Pipeline| SalesPipeline {
        stages: pipeline
            .stages
            .iter()
            .map(|stage| SalesStage {
                stage: stage.clone(),
                worth: worth.get(&stage.id).cloned().unwrap_or_default(),
            })
            .collect(),
        pipeline,
    };
    Ok(reader.pipelines().all()?.into_iter().map(show).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_of_ours_come_first_and_every_lead_is_somewhere() {
        let kept = |count: usize| {
            (0..count)
                .map(|number| (format!("word {number}"), 2))
                .chain([("Converted".to_owned(), 1)])
                .collect()
        };
        let few = assemble(kept(2), 5);
        let shown: Vec<_> = few.stages.iter().map(|stage| (stage.status.as_str(), stage.count)).collect();
        let expected = [
            ("New", 0),
            ("Contacted", 0),
            ("Qualified", 0),
            ("Disqualified", 0),
            ("Converted", 1),
            ("word 0", 2),
            ("word 1", 2),
        ];
        assert_eq!((&shown[..], few.rest), (&expected[..], 0));
        let many = assemble(kept(STATUSES_MAX + 3), 300);
        let shown: i64 = many.stages.iter().map(|stage| stage.count).sum();
        assert_eq!((many.stages.len(), shown + many.rest), (STATUSES_MAX + 5, 300));
    }
}
