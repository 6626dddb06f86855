//! Rows that are contacts.

use std::{collections::HashMap, sync::Arc};

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
            derived::{company_key, is_range, linkedin_key, name_key},
            revise,
        },
    },
};

use super::{
    columns::Columns,
    company::{ACCOUNT_EXTERNAL_ID, Links},
    noun::{Also, AlsoKind, Natural, Noun, Records, Row},
};

/// The field whose cell holds the contact's own id.
const OWN_ID: &str = "contact_uuid";

/// Of a name that more share, nobody can tell who is meant.
const NAMESAKES: usize = 20;

/// Contacts.
pub(super) struct Contacts {
    columns: Arc<Columns>,
    owner: UserId,
}

impl Contacts {
    fn draft(&self, cells: &[String]) -> ContactDraft {
        let patch = |field| self.columns.patch(cells, field);
        let email = self.columns.values(cells, "email");
        let [phone, other_phone, home_phone, corporate_phone] = self.phones(cells);
        let [employees, employee_size_bracket] = self.size(cells);
        let website = self.columns.values(cells, "website");
        let [company_linkedin, person_linkedin] = ["company_linkedin", "person_linkedin"].map(patch);
        let given = [said(website.first().copied()), company_linkedin, person_linkedin];
        let [website, company_linkedin, person_linkedin] = if self.columns.are_ours() { given } else { addresses(given) };
        let technologies = self.columns.text(cells, "technologies").map(Technologies::split);
        ContactDraft {
            external_id: patch("external_id"),
            full_name: patch("full_name"),
            first_name: patch("first_name"),
            last_name: patch("last_name"),
            email: said(email.first().copied()),
            phone,
            other_phone,
            home_phone,
            corporate_phone,
            title: patch("title"),
            company: if self.columns.has("company") {
                patch("company")
            } else {
                patch("account")
            },
            employees,
            employee_size_bracket,
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

    /// Mobile, other, home and corporate phone. The second value of a mobile phone's cell is another phone, where no cell says one.
    fn phones(&self, cells: &[String]) -> [Patch<String>; 4] {
        let [phone, other, home, corporate] =
            ["phone", "other_phone", "home_phone", "corporate_phone"].map(|field| self.columns.phones(cells, field));
        let second = phone.get(1);
        [
            said(phone.first().copied()),
            said(other.first().or(second).copied()),
            said(home.first().copied()),
            said(corporate.first().copied()),
        ]
    }

    /// Employees, and the bracket of sizes: `51-200` in a column of employees is no number but a bracket (contract X-121), which counts where no
    /// other is said.
    fn size(&self, cells: &[String]) -> [Patch<String>; 2] {
        let bracket = self.columns.patch(cells, "employee_size_bracket");
        match self.columns.text(cells, "employees").filter(|text| is_range(text)) {
            Some(range) if bracket == Patch::Keep => [Patch::Keep, said(Some(range))],
            Some(_) => [Patch::Keep, bracket],
            None => [self.columns.number(cells, "employees"), bracket],
        }
    }
}

/// What a cell says: a blank one nothing.
fn said(text: Option<&str>) -> Patch<String> {
    text.map_or(Patch::Keep, |text| Patch::Set(text.to_owned()))
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
            also(AlsoKind::Name, parsed.full_name.as_deref().map(name_key)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// By a name alone only who says nothing that would tell more.
    fn also_asked(&self, parsed: &ContactFields) -> Vec<Also> {
        let says_more =
            parsed.external_id.is_some() || parsed.email.is_some() || parsed.company.is_some() || parsed.linkedin_key().is_some();
        // A row may name an account beside what it says of the company.
        let may_say_more = self.columns.has(ACCOUNT_EXTERNAL_ID) || (self.columns.has("account") && self.columns.has("company"));
        let mut also = Self::also_known(parsed);
        if says_more || may_say_more {
            also.retain(|also| also.kind != AlsoKind::Name);
        }
        also
    }

    fn contradict(one: &ContactFields, other: &ContactFields) -> bool {
        one.contradicts(other)
    }

    fn differ(one: &ContactFields, other: &ContactFields) -> bool {
        let differ = |one: Option<String>, other: Option<String>| one.is_some() && other.is_some() && one != other;
        differ(Self::natural_key(one), Self::natural_key(other)) || differ(one.linkedin_key(), other.linkedin_key())
    }

    fn lookup_also(records: &mut Records<'_>, also: &[Also]) -> Result<Vec<Contact>> {
        let keys = |kind| -> Vec<String> { also.iter().filter(|also| also.kind == kind).map(|also| also.key.clone()).collect() };
        let (profiles, identities, names) = (keys(AlsoKind::Profile), keys(AlsoKind::Identity), keys(AlsoKind::Name));
        let mut found = Vec::new();
        if !profiles.is_empty() {
            found.extend(records.contacts().lookup_linkedin(&profiles)?);
        }
        if !identities.is_empty() {
            found.extend(records.contacts().lookup_identities(&identities)?);
        }
        if !names.is_empty() {
            found.extend(records.contacts().lookup_names(&names, NAMESAKES)?);
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

    fn lookup_own(&self, records: &mut Records<'_>, rows: &[Row]) -> Result<Vec<(usize, Contact)>> {
        let own = |row: &Row| Uuid::try_parse(self.columns.text(&row.cells, OWN_ID)?).ok();
        let uuids: Vec<(usize, Uuid)> = rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| Some((index, own(row)?)))
            .collect();
        if uuids.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<Uuid> = uuids.iter().map(|(_, uuid)| *uuid).collect();
        let found = records.contacts().lookup_uuids(&asked)?;
        let found: HashMap<Uuid, Contact> = found.into_iter().map(|contact| (contact.uuid, contact)).collect();
        let of_row = uuids
            .into_iter()
            .filter_map(|(index, uuid)| Some((index, found.get(&uuid)?.clone())));
        Ok(of_row.collect())
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
