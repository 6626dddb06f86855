//! Deals: the domain's opportunities (contract C-67 … C-73, X-87).

pub(super) mod action;
pub(super) mod board;
pub(super) mod handoff;
pub(super) mod history;
mod wire;

use crm_domain::{
    error::Result,
    field::{Check, Patch},
    id::{RecordId, UserId},
    tenant::{
        TenantReader,
        label::Labels,
        opportunity::{Opportunity, OpportunityField},
        pipeline::{Stage, StageKind},
    },
};

use super::{
    context::{Delete, Write},
    id::DEAL,
    list::{Derived, Words},
    noun::{CustomMembers, Notes, Noun, Paths, View, paths, reads},
};

use wire::DealChanges;
pub(crate) use wire::{Deal, DealRequest, DealStatus};

impl Noun for Opportunity {
    const PREFIX: &'static str = DEAL;
    const PLURAL: &'static str = "deals";
    const PATHS: Paths = paths!("/api/deals");
    const NOTES: Notes = Notes {
        create: "Without a stage it starts in the first one of the default pipeline.",
        ..Notes::NONE
    };
    const DERIVED: &'static [Derived<OpportunityField>] = &[
        Derived {
            name: "status",
            field: OpportunityField::StageId,
            words: statuses,
        },
        Derived {
            name: "stage",
            field: OpportunityField::StageId,
            words: stages,
        },
    ];
    type Field = OpportunityField;
    type Request = DealRequest;
    type Changes = DealChanges;
    type Resource = Deal;
    type Writing = Write;
    type Removing = Delete;

    reads!(opportunities);

    fn draft(request: DealRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut DealRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Deal {
        Deal::of(self, labels, view.tenant)
    }
}

/// What deals can be, with the stages that say so.
fn statuses(reader: &mut dyn TenantReader) -> Result<Words> {
    let stages = all_stages(reader)?;
    let of_kind = |kind: StageKind| {
        let ids = stages.iter().filter(|stage| stage.fields.kind == kind).map(|stage| stage.id.get());
        (kind.as_str().to_owned(), ids.collect())
    };
    Ok(StageKind::ALL.map(of_kind).into())
}

/// The stages by their names, which several pipelines may share.
fn stages(reader: &mut dyn TenantReader) -> Result<Words> {
    let mut words = Words::new();
    for stage in all_stages(reader)? {
        let name = stage.fields.name.to_string();
        let key = name.to_lowercase();
        match words.iter_mut().find(|(known, _)| known.to_lowercase() == key) {
            Some((_, ids)) => ids.push(stage.id.get()),
            None => words.push((name, vec![stage.id.get()])),
        }
    }
    Ok(words)
}

fn all_stages(reader: &mut dyn TenantReader) -> Result<Vec<Stage>> {
    let pipelines = reader.pipelines().all()?;
    Ok(pipelines.into_iter().flat_map(|pipeline| pipeline.stages).collect())
}
