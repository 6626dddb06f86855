//! Rows that are contacts.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    error::Result,
    field::{Check, Email, Patch},
    id::{ContactId, RecordId, UserId},
    tenant::{
        TenantStore, UnitOfWork,
        change::EntityKind,
        contact::{
            Contact, ContactDraft, ContactFields, Technologies, create_many,
            derived::{company_key, linkedin_key},
            revise,
        },
    },
};

use super::{
    columns::Columns,
    company::{ACCOUNT_EXTERNAL_ID, Links},
    noun::{Also, AlsoKind, Natural, Noun, Records, Row},
};

/// Contacts.
pub(super) struct Contacts {
    columns: Arc<Columns>,
    owner: UserId,
}

impl Contacts {
    fn draft(&self, cells: &[String]) -> ContactDraft {
        let patch = |field| self.columns.patch(cells, field);
        let [website, company_linkedin, person_linkedin] = addresses(["website", "company_linkedin", "person_linkedin"].map(patch));
        let technologies = self.columns.text(cells, "technologies").map(Technologies::split);
        ContactDraft {
            external_id: patch("external_id"),
            full_name: patch("full_name"),
            first_name: patch("first_name"),
            last_name: patch("last_name"),
            email: patch("email"),
            phone: patch("phone"),
            other_phone: patch("other_phone"),
            home_phone: patch("home_phone"),
            corporate_phone: patch("corporate_phone"),
            title: patch("title"),
            company: if self.columns.has("company") {
                patch("company")
            } else {
                patch("account")
            },
            employees: patch("employees"),
            employee_size_bracket: patch("employee_size_bracket"),
            industry: patch("industry"),
            website,
            company_linkedin,
            person_linkedin,
            technologies: technologies.into(),
            annual_revenue: patch("annual_revenue"),
            city: patch("city"),
            state: patch("state"),
            country: patch("country"),
            company_address: patch("company_address"),
            company_city: patch("company_city"),
            company_state: patch("company_state"),
            company_country: patch("company_country"),
            description: patch("description"),
            account_id: Patch::Keep,
            owner_id: Patch::Keep,
            needs_name: false,
        }
    }
}

/// Website, and the LinkedIn addresses of company and person. LinkedIn's own tables call a profile `URL`: it is no website.
fn addresses([website, company, person]: [Patch<String>; 3]) -> [Patch<String>; 3] {
    let key = match &website {
        Patch::Set(address) => linkedin_key(address).unwrap_or_default(),
        Patch::Keep | Patch::Clear => String::new(),
    };
    if key.starts_with("linkedin.com/in/") && person == Patch::Keep {
        [Patch::Keep, company, website]
    } else if key.starts_with("linkedin.com/company/") && company == Patch::Keep {
        [Patch::Keep, website, person]
    } else {
        [website, company, person]
    }
}

impl Noun for Contacts {
    type Record = Contact;
    type Parsed = ContactFields;
    const NOUN: &'static str = ContactId::NOUN;
    const KIND: EntityKind = EntityKind::Contact;
    const NATURAL: Natural = Natural::Unique("email");
    const ACCOUNT: &'static [&'static str] = &["account", "company"];

    fn new(_store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self> {
        Ok(Self { columns, owner })
    }

    fn columns(&self) -> &Arc<Columns> {
        &self.columns
    }

    fn parse(&self, cells: &[String]) -> Result<ContactFields> {
        ContactFields::parse(self.draft(cells), self.owner, Check::new())
    }

    fn merge(&self, current: &ContactFields, row: &Row, links: Links<'_>) -> Result<ContactFields> {
        let mut draft = ContactDraft {
            owner_id: row.owner.into(),
            ..self.draft(&row.cells)
        };
        if let Some(account) = links.account {
            draft.account_id = Patch::Set(account.id);
            draft.company = Patch::Set(account.name.to_string());
        } else if let Patch::Set(company) = &draft.company {
            if Some(company_key(company)) != current.company_key() {
                draft.account_id = Patch::Clear;
            } else if current.account_id.is_some() {
                draft.company = Patch::Keep;
            }
        }
        current.updated(draft, Check::new())
    }

    fn complete(parsed: &mut ContactFields, owner: Option<UserId>, links: Links<'_>) {
        parsed.owner_id = owner.unwrap_or(parsed.owner_id);
        if let Some(account) = links.account {
            parsed.account_id = Some(account.id);
            parsed.company = Some(account.name.clone());
        }
    }

    /// A table that tells of accounts tells of all.
    fn domains(&self, parsed: &ContactFields) -> Vec<String> {
        let names_accounts = self.columns.has("account") || self.columns.has(ACCOUNT_EXTERNAL_ID);
        if names_accounts || parsed.company.is_some() {
            Vec::new()
        } else {
            parsed.company_domains()
        }
    }

    fn external_id(parsed: &ContactFields) -> Option<&str> {
        parsed.external_id.as_deref()
    }

    fn natural_key(parsed: &ContactFields) -> Option<String> {
        parsed.email.as_ref().map(Email::key)
    }

    fn also_known(parsed: &ContactFields) -> Vec<Also> {
        let also = |kind, key: Option<String>| key.map(|key| Also { kind, key });
        [
            also(AlsoKind::Profile, parsed.linkedin_key()),
            also(AlsoKind::Identity, parsed.identity_key()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn differ(one: &ContactFields, other: &ContactFields) -> bool {
        let differ = |one: Option<String>, other: Option<String>| one.is_some() && other.is_some() && one != other;
        differ(Self::natural_key(one), Self::natural_key(other)) || differ(one.linkedin_key(), other.linkedin_key())
    }

    fn lookup_also(records: &mut Records<'_>, also: &[Also]) -> Result<Vec<Contact>> {
        let keys = |kind| -> Vec<String> { also.iter().filter(|also| also.kind == kind).map(|also| also.key.clone()).collect() };
        let (profiles, identities) = (keys(AlsoKind::Profile), keys(AlsoKind::Identity));
        let mut found = Vec::new();
        if !profiles.is_empty() {
            found.extend(records.contacts().lookup_linkedin(&profiles)?);
        }
        if !identities.is_empty() {
            found.extend(records.contacts().lookup_identities(&identities)?);
        }
        Ok(found)
    }

    fn lookup_external(records: &mut Records<'_>, ids: &[String]) -> Result<Vec<Contact>> {
        let mut found = records.contacts().lookup_external(ids)?;
        let uuids: Vec<Uuid> = ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect();
        if !uuids.is_empty() {
            let of_uuids = records.contacts().lookup_uuids(&uuids)?;
            found.extend(of_uuids.into_iter().filter(|contact| contact.fields.external_id.is_none()));
        }
        Ok(found)
    }

    fn exported_id(contact: &Contact) -> Option<String> {
        contact.fields.external_id.is_none().then(|| contact.uuid.to_string())
    }

    fn lookup_natural(records: &mut Records<'_>, keys: &[String]) -> Result<Vec<Contact>> {
        records.contacts().lookup_emails(keys)
    }

    fn id(record: &Contact) -> i64 {
        record.id.get()
    }

    fn fields(record: &Contact) -> ContactFields {
        record.fields.clone()
    }

    fn add(unit: &mut dyn UnitOfWork, new: Vec<ContactFields>) -> Result<Vec<i64>> {
        let added = create_many(unit, new)?;
        Ok(added.iter().map(|contact| contact.id.get()).collect())
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Contact, fields: ContactFields) -> Result<()> {
        revise(unit, before, fields).map(drop)
    }
}
