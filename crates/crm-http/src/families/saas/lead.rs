//! Leads (contract C-32 … C-52, C-135, X-88 … X-94).

mod action;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        lead::{self, LeadField},
    },
};

use super::{
    context::{Delete, Write},
    id::LEAD,
    noun::{CustomMembers, Notes, Noun, Paths, View, paths, reads},
};

pub(super) use action::many;
pub(super) use action::{__path_assign, __path_convert, __path_disqualify, __path_qualify};
pub(super) use action::{ASSIGN, CONVERT, DISQUALIFY, QUALIFY, assign, convert, disqualify, qualify};
use wire::LeadChanges;
pub(crate) use wire::{Lead, LeadRequest};

impl Noun for lead::Lead {
    const PREFIX: &'static str = LEAD;
    const PLURAL: &'static str = "leads";
    const PATHS: Paths = paths!("/api/leads");
    const NOTES: Notes = Notes {
        create: "Another one with the same email is refused.",
        update: "A converted lead keeps its status.",
        ..Notes::NONE
    };
    type Field = LeadField;
    type Request = LeadRequest;
    type Changes = LeadChanges;
    type Resource = Lead;
    type Writing = Write;
    type Removing = Delete;

    reads!(leads);

    fn draft(request: LeadRequest, check: &mut Check) -> Self::Draft {
        request.update(check)
    }

    fn creation(request: LeadRequest, check: &mut Check) -> Self::Draft {
        request.creation(check)
    }

    fn custom_fields(request: &mut LeadRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Lead {
        Lead::of(self, labels, view.tenant)
    }
}
