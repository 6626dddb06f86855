//! SLA policies (contract X-174).

mod wire;

use crm_domain::{
    field::{Check, Patch},
    id::UserId,
    tenant::{
        label::Labels,
        sla_policy::{self, SlaPolicyField},
    },
};

use super::{
    context::Configure,
    id::SLA_POLICY,
    noun::{Notes, Noun, Paths, View, paths, reads},
};

use wire::SlaPolicyChanges;
pub(crate) use wire::{SlaPolicy, SlaPolicyRequest};

impl Noun for sla_policy::SlaPolicy {
    const PREFIX: &'static str = SLA_POLICY;
    const PLURAL: &'static str = "slaPolicies";
    const PATHS: Paths = paths!("/api/sla-policies");
    const NOTES: Notes = Notes {
        create: "A new default takes the place of the one before.",
        remove: "One that tickets follow cannot be deleted, but deactivated.",
        ..Notes::NONE
    };
    type Field = SlaPolicyField;
    type Request = SlaPolicyRequest;
    type Changes = SlaPolicyChanges;
    type Resource = SlaPolicy;
    type Writing = Configure;
    type Removing = Configure;

    reads!(sla_policies);

    fn draft(request: SlaPolicyRequest, check: &mut Check) -> Self::Draft {
        request.draft(check)
    }

    fn owner(_: &Self::Draft) -> Option<&Patch<UserId>> {
        None
    }

    fn show(self, _: Labels, view: View) -> SlaPolicy {
        SlaPolicy::of(self, view.tenant)
    }
}
