//! Reading and keeping contacts.

use uuid::Uuid;

use super::{Contact, ContactFields};
use crate::{
    error::Result,
    fields,
    id::{AccountId, ContactId},
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of contacts that lists know; by creation unless asked otherwise (contract X-106).
    pub enum ContactField of contact: Contact {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => contact.created_at;
        Id: Spec::id("id").filterable().in_id_order() => contact.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => contact.updated_at;
        FirstName: Spec::text("first_name").nullable().filterable() => contact.fields.first_name.as_ref();
        LastName: Spec::text("last_name").nullable().filterable() => contact.fields.last_name.as_ref();
        Email: Spec::email("email").nullable().filterable().searchable() => contact.fields.email.as_ref();
        Company: Spec::text("company").nullable().filterable() => contact.fields.company.as_ref();
        AccountId: Spec::id("account_id").sparse() => contact.fields.account_id;
        OwnerId: Spec::id("owner_id").filterable() => contact.fields.owner_id;
        ExternalId: Spec::text("external_id").sparse() => contact.fields.external_id.as_ref();
        CreatedBy: Spec::id("created_by").nullable() => contact.created_by;
        FullName: Spec::key("full_name").nullable().filterable() => contact.fields.full_name.as_ref();
        EmailDomain: Spec::text("email_domain").nullable().filterable() => contact.fields.email_domain();
        Employees: Spec::integer("employees").nullable().filterable() => contact.fields.employees;
        EmployeeSizeBracket: Spec::text("employee_size_bracket").nullable().filterable() => contact.fields.employee_size_bracket.as_ref();
        Industry: Spec::text("industry").nullable().filterable() => contact.fields.industry.as_ref();
        Country: Spec::text("country").nullable().filterable() => contact.fields.country.as_ref();
        PersonLinkedin: Spec::text("person_linkedin").nullable().filterable() =>
            contact.fields.linkedin_key();
        HasPhone: Spec::boolean("has_phone").filterable() => contact.fields.has_phone();
        LeadScore: Spec::integer("lead_score").filterable() => contact.fields.lead_score();
    }
    and Custom
}

/// Which contacts a list shows; a search looks in name, email, phone, company, title, city and country.
pub type ContactFilter = Filter<ContactField>;

/// Reads contacts.
pub trait ContactReads {
    /// The live contact with this id.
    fn lookup(&mut self, id: ContactId) -> Result<Option<Contact>>;
    /// The ids of the contacts, live or deleted, that have one of these uuids.
    fn ids_of(&mut self, uuids: &[Uuid]) -> Result<Vec<(Uuid, ContactId)>>;
    /// The uuids of the contacts, live or deleted, that have one of these ids.
    fn uuids_of(&mut self, ids: &[ContactId]) -> Result<Vec<(ContactId, Uuid)>>;
    /// The live contacts among these ids, in any order.
    fn lookup_many(&mut self, ids: &[ContactId]) -> Result<Vec<Contact>>;
    /// The live contacts among these uuids, in any order.
    fn lookup_uuids(&mut self, uuids: &[Uuid]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these emails, whatever their case; at most one each.
    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts whose own LinkedIn address has one of these keys ([`linkedin_key`](super::derived::linkedin_key)), oldest first.
    fn lookup_linkedin(&mut self, keys: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these [`ContactFields::identity_key`]s, oldest first.
    fn lookup_identities(&mut self, keys: &[String]) -> Result<Vec<Contact>>;
    /// The live contacts with one of these full names, whatever the case, oldest first; of a name that more than `most` share, none.
    fn lookup_names(&mut self, names: &[String], most: usize) -> Result<Vec<Contact>>;
    /// Of each of these companies, whatever the case of its name, the newest live contact that knows something of it.
    fn lookup_companies(&mut self, companies: &[String]) -> Result<Vec<Contact>>;
    /// A page of the contacts that match.
    fn list(&mut self, filter: &ContactFilter, sort: Sort<ContactField>, window: &Window) -> Result<Page<Contact>>;
    /// All live contacts of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Contact>>;
}

/// Writes contacts. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait ContactRepository: ContactReads {
    /// Keeps new contacts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<ContactFields>) -> Result<Vec<Contact>>;
    /// Keeps the new fields and `updated_at` of a contact that was just read as `before`.
    fn update(&mut self, before: &Contact, after: &Contact) -> Result<()>;
    /// Frees the email and the external id of contacts that are all [updated](ContactRepository::update) later in this unit.
    fn vacate(&mut self, ids: &[ContactId]) -> Result<()>;
    /// Marks a contact, just read, deleted at this unit's stamp.
    fn remove(&mut self, contact: &Contact) -> Result<()>;
    /// The deleted contact with this id.
    fn lookup_deleted(&mut self, id: ContactId) -> Result<Option<Contact>>;
    /// The deleted contact with this uuid.
    fn lookup_deleted_uuid(&mut self, uuid: Uuid) -> Result<Option<Contact>>;
    /// Makes a contact, as [`lookup_deleted`](ContactRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, contact: &Contact) -> Result<()>;
}
