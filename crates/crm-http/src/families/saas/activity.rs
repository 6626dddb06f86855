//! Activities: calls, mails, meetings and notes (contract C-81 … C-87, X-87).

pub(super) mod action;
mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        activity::{self, ActivityField},
        label::Labels,
    },
};

use super::{
    context::{Delete, Write},
    noun::{CustomMembers, Noun, Paths, View, paths, reads},
    word::ACTIVITY,
};

use wire::ActivityChanges;
pub(crate) use wire::{Activity, ActivityRequest};

impl Noun for activity::Activity {
    const PREFIX: &'static str = ACTIVITY;
    const PLURAL: &'static str = "activities";
    const PATHS: Paths = paths!("/api/activities");
    type Field = ActivityField;
    type Request = ActivityRequest;
    type Changes = ActivityChanges;
    type Resource = Activity;
    type Writing = Write;
    type Removing = Delete;

    reads!(activities);

    fn draft(request: ActivityRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn custom_fields(request: &mut ActivityRequest) -> CustomMembers {
        std::mem::take(&mut request.custom_fields)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, labels: Labels, view: View) -> Activity {
        Activity::of(self, labels, view.tenant)
    }
}
