//! Partners (contract ).

mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        partner::{self, PartnerField},
    },
};

use super::{
    context::Configure,
    id::PARTNER,
    noun::{Noun, Paths, View, paths, reads},
};

use wire::PartnerChanges;
pub(crate) use wire::{Partner, PartnerRequest};

impl Noun for partner::Partner {
    const PREFIX: &'static str = PARTNER;
    const PLURAL: &'static str = "partners";
    const PATHS: Paths = paths!("/api/partners");
    type Field = PartnerField;
    type Request = PartnerRequest;
    type Changes = PartnerChanges;
    type Resource = Partner;
    type Writing = Configure;
    type Removing = Configure;

    reads!(partners);

    fn draft(request: PartnerRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>> {
        Some(&draft.owner_id)
    }

    fn show(self, _: Labels, view: View) -> Partner {
        Partner::of(self, view.tenant)
    }
}
