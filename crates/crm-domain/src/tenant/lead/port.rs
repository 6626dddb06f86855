//! Reading and keeping leads.

use super::{Lead, LeadFields, LeadStatus, Tier};
use crate::{
    error::Result,
    fields,
    id::{AccountId, LeadId},
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of leads that lists know; by creation unless asked otherwise (contract X-106).
    pub enum LeadField of lead: Lead {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => lead.created_at;
        Id: Spec::id("id").filterable().in_id_order() => lead.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => lead.updated_at;
        FirstName: Spec::text("first_name").nullable().filterable() => lead.fields.first_name.as_ref();
        LastName: Spec::text("last_name").nullable().filterable() => lead.fields.last_name.as_ref();
        Email: Spec::email("email").nullable().filterable().searchable() => lead.fields.email.as_ref();
        Company: Spec::text("company").nullable().filterable() => lead.fields.company.as_ref();
        Source: Spec::text("source").nullable().filterable() => lead.fields.source.as_ref();
        Status: Spec::text("status").filterable().knowing(&LeadStatus::WORDS) => lead.fields.status.as_str();
        Tier: Spec::choice("lead_tier", Tier::WORDS).filterable() => lead.fields.tier();
        AccountId: Spec::id("account_id").sparse() => lead.fields.account_id;
        OwnerId: Spec::id("owner_id").filterable() => lead.fields.owner_id;
        ExternalId: Spec::text("external_id").sparse() => lead.fields.external_id.as_ref();
        CreatedBy: Spec::id("created_by").nullable() => lead.created_by;
        QualifiedAt: Spec::stamp("qualified_at").nullable().filterable() => lead.fields.outcome.qualified_at;
        ConvertedAccountId: Spec::id("converted_account_id").nullable() => lead.fields.outcome.converted_account_id;
        ConvertedContactId: Spec::id("converted_contact_id").nullable() => lead.fields.outcome.converted_contact_id;
        ConvertedOpportunityId: Spec::id("converted_opportunity_id").nullable() => lead.fields.outcome.converted_opportunity_id;
    }
    and Custom
}

/// Which leads a list shows; a search looks in name, email, phone, company, title and source.
pub type LeadFilter = Filter<LeadField>;

/// Reads leads.
pub trait LeadReads {
    /// The live lead with this id.
    fn lookup(&mut self, id: LeadId) -> Result<Option<Lead>>;
    /// The live leads among these ids, in any order.
    fn lookup_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>>;
    /// The deleted leads among these ids, in any order.
    fn lookup_deleted_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>>;
    /// The live leads with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Lead>>;
    /// The live leads with one of these emails, whatever their case; oldest first.
    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Lead>>;
    /// A page of the leads that match.
    fn list(&mut self, filter: &LeadFilter, sort: Sort<LeadField>, window: &Window) -> Result<Page<Lead>>;
    /// All live leads of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Lead>>;
}

/// Writes leads. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait LeadRepository: LeadReads {
    /// Keeps new leads; ids ascend in the order given.
    fn add(&mut self, fields: Vec<LeadFields>) -> Result<Vec<Lead>>;
    /// Keeps a lead's new fields and `updated_at`; `before` is what it was.
    fn update(&mut self, before: &Lead, after: &Lead) -> Result<()>;
    /// Marks a lead, as it is now, deleted at this unit's stamp.
    fn remove(&mut self, lead: &Lead) -> Result<()>;
    /// The deleted lead with this id.
    fn lookup_deleted(&mut self, id: LeadId) -> Result<Option<Lead>>;
    /// Makes a lead, as [`lookup_deleted`](LeadRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, lead: &Lead) -> Result<()>;
}
