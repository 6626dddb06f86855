//! Deals: the domain's opportunities (contract C-67 … C-73, X-87).

pub(super) mod action;
pub(super) mod board;
pub(super) mod handoff;
pub(super) mod history;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        opportunity::{Opportunity, OpportunityField},
    },
};

use super::{
    context::{Delete, Write},
    id::DEAL,
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
