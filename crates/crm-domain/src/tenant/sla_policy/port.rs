//! How SLA policies are listed, read and kept.

use super::{SlaPolicy, SlaPolicyFields, SlaSubject};
use crate::{
    error::Result,
    fields,
    id::SlaPolicyId,
    page::{Page, Sort, Window},
    query::Filter,
    tenant::priority::Priority,
};

fields! {
    /// The fields of SLA policies that lists know; by creation unless asked otherwise (contract X-106).
    pub enum SlaPolicyField of policy: SlaPolicy {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => policy.created_at;
        Id: Spec::id("id").filterable().in_id_order() => policy.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => policy.updated_at;
        Name: Spec::key("name").filterable().searchable() => &policy.fields.name;
        AppliesTo: Spec::choice("applies_to", SlaSubject::WORDS).filterable() => policy.fields.applies_to;
        Priority: Spec::choice("priority", Priority::WORDS).nullable().filterable() => policy.fields.priority;
        FirstResponseMinutes: Spec::integer("first_response_minutes").filterable() => policy.fields.first_response_minutes;
        ResolutionMinutes: Spec::integer("resolution_minutes").filterable() => policy.fields.resolution_minutes;
        IsDefault: Spec::boolean("is_default").filterable() => policy.fields.is_default;
        IsActive: Spec::boolean("is_active").filterable() => policy.fields.is_active;
        CreatedBy: Spec::id("created_by").nullable() => policy.created_by;
    }
}

/// Which policies a list shows; a search looks in the name.
pub type SlaPolicyFilter = Filter<SlaPolicyField>;

/// Reads SLA policies.
pub trait SlaPolicyReads {
    /// The live policy with this id.
    fn lookup(&mut self, id: SlaPolicyId) -> Result<Option<SlaPolicy>>;
    /// The live policies among these ids, in any order.
    fn lookup_many(&mut self, ids: &[SlaPolicyId]) -> Result<Vec<SlaPolicy>>;
    /// The live policies with one of these names, in lower case; at most one each.
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<SlaPolicy>>;
    /// Every live policy of a subject, oldest first.
    fn list_of(&mut self, subject: SlaSubject) -> Result<Vec<SlaPolicy>>;
    /// A page of the policies that match.
    fn list(&mut self, filter: &SlaPolicyFilter, sort: Sort<SlaPolicyField>, window: &Window) -> Result<Page<SlaPolicy>>;
}

/// Writes SLA policies. Callers outside this crate use [`single`](crate::usecase::single), which also records the change.
pub trait SlaPolicyRepository: SlaPolicyReads {
    /// Keeps new policies; ids ascend in the order given.
    fn add(&mut self, fields: Vec<SlaPolicyFields>) -> Result<Vec<SlaPolicy>>;
    /// Keeps a policy's new fields and `updated_at`.
    fn update(&mut self, policy: &SlaPolicy) -> Result<()>;
    /// Marks a policy deleted at this unit's stamp.
    fn remove(&mut self, id: SlaPolicyId) -> Result<()>;
    /// The deleted policy with this id.
    fn lookup_deleted(&mut self, id: SlaPolicyId) -> Result<Option<SlaPolicy>>;
    /// Makes a policy, as [`lookup_deleted`](SlaPolicyRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, policy: &SlaPolicy) -> Result<()>;
}
