//! Contacts in SQL.

pub(crate) mod profile;
pub(crate) mod stats;

use std::collections::{BTreeMap, BTreeSet};

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text, WebAddress},
    id::{AccountId, ContactId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::contact::{
        Contact, ContactField, ContactFields, ContactFilter, ContactReads, ContactRepository, Technologies,
        derived::{company_key, linkedin_key},
    },
};
use diesel::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
    query_dsl::methods::LoadQuery,
    sql_types::{BigInt, Nullable},
};
use uuid::Uuid;

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    fragment::{Bind, Sql, Statement},
    list::{self, ColumnsOf, Listed, Table},
    schema::contact,
};
use crate::{connection::Connection, error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = contact, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct ContactRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    other_phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    website: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    description: Option<String>,
    account_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    full_name: Option<String>,
    full_name_key: Option<String>,
    home_phone: Option<String>,
    corporate_phone: Option<String>,
    employees: Option<i64>,
    employee_size_bracket: Option<String>,
    industry: Option<String>,
    company_linkedin: Option<String>,
    person_linkedin: Option<String>,
    person_linkedin_key: Option<String>,
    /// A JSON list of texts.
    technologies: Option<String>,
    annual_revenue: Option<String>,
    company_address: Option<String>,
    company_city: Option<String>,
    company_state: Option<String>,
    company_country: Option<String>,
    /// The company's key, where something is known of it.
    template_key: Option<String>,
    identity_key: Option<String>,
    email_domain: Option<String>,
    has_phone: bool,
    lead_score: i64,
}

impl From<&Contact> for ContactRow {
    fn from(contact: &Contact) -> Self {
        let fields = contact.fields.clone();
        Self {
            id: contact.id.get(),
            uuid: contact.uuid.to_string(),
            email_key: fields.email.as_ref().map(Email::key),
            email_domain: fields.email_domain(),
            full_name_key: fields.full_name.as_deref().map(str::to_lowercase),
            person_linkedin_key: fields.person_linkedin.as_ref().map(WebAddress::as_str).and_then(linkedin_key),
            identity_key: fields.identity_key(),
            template_key: fields.company_key().filter(|_| fields.knows_company()),
            has_phone: fields.has_phone(),
            lead_score: fields.lead_score(),
            search_text: fields.search_text(),
            external_id: fields.external_id.map(Text::into_inner),
            first_name: fields.first_name.map(Text::into_inner),
            last_name: fields.last_name.map(Text::into_inner),
            email: fields.email.map(Email::into_inner),
            phone: fields.phone.map(Text::into_inner),
            other_phone: fields.other_phone.map(Text::into_inner),
            title: fields.title.map(Text::into_inner),
            company: fields.company.map(Text::into_inner),
            website: fields.website.map(WebAddress::into_inner),
            city: fields.city.map(Text::into_inner),
            state: fields.state.map(Text::into_inner),
            country: fields.country.map(Text::into_inner),
            description: fields.description.map(Text::into_inner),
            account_id: fields.account_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: contact.created_at.micros(),
            created_by: contact.created_by.map(RecordId::get),
            updated_at: contact.updated_at.micros(),
            deleted_at: None,
            full_name: fields.full_name.map(Text::into_inner),
            home_phone: fields.home_phone.map(Text::into_inner),
            corporate_phone: fields.corporate_phone.map(Text::into_inner),
            employees: fields.employees,
            employee_size_bracket: fields.employee_size_bracket.map(Text::into_inner),
            industry: fields.industry.map(Text::into_inner),
            company_linkedin: fields.company_linkedin.map(WebAddress::into_inner),
            person_linkedin: fields.person_linkedin.map(WebAddress::into_inner),
            technologies: fields.technologies.as_ref().map(list_text),
            annual_revenue: fields.annual_revenue.map(Text::into_inner),
            company_address: fields.company_address.map(Text::into_inner),
            company_city: fields.company_city.map(Text::into_inner),
            company_state: fields.company_state.map(Text::into_inner),
            company_country: fields.company_country.map(Text::into_inner),
        }
    }
}

impl TryFrom<ContactRow> for Contact {
    type Error = Error;

    fn try_from(row: ContactRow) -> Result<Self> {
        let fields = ContactFields {
            external_id: row.external_id.map(Text::from_store),
            full_name: row.full_name.map(Text::from_store),
            first_name: row.first_name.map(Text::from_store),
            last_name: row.last_name.map(Text::from_store),
            email: row.email.map(Email::from_store),
            phone: row.phone.map(Text::from_store),
            other_phone: row.other_phone.map(Text::from_store),
            home_phone: row.home_phone.map(Text::from_store),
            corporate_phone: row.corporate_phone.map(Text::from_store),
            title: row.title.map(Text::from_store),
            company: row.company.map(Text::from_store),
            employees: row.employees,
            employee_size_bracket: row.employee_size_bracket.map(Text::from_store),
            industry: row.industry.map(Text::from_store),
            website: row.website.map(WebAddress::from_store),
            company_linkedin: row.company_linkedin.map(WebAddress::from_store),
            person_linkedin: row.person_linkedin.map(WebAddress::from_store),
            technologies: row.technologies.as_deref().map(technologies).transpose()?.flatten(),
            annual_revenue: row.annual_revenue.map(Text::from_store),
            city: row.city.map(Text::from_store),
            state: row.state.map(Text::from_store),
            country: row.country.map(Text::from_store),
            company_address: row.company_address.map(Text::from_store),
            company_city: row.company_city.map(Text::from_store),
            company_state: row.company_state.map(Text::from_store),
            company_country: row.company_country.map(Text::from_store),
            description: row.description.map(Text::from_store),
            account_id: row.account_id.map(AccountId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: ContactId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

/// Technologies as their column holds them.
fn list_text(technologies: &Technologies) -> String {
    let entries: Vec<&str> = technologies.iter().map(|entry| &**entry).collect();
    serde_json::json!(entries).to_string()
}

fn technologies(stored: &str) -> Result<Option<Technologies>> {
    let entries =
        serde_json::from_str(stored).map_err(|_| Error::Internal(format!("a contact's technologies cannot be read: {stored:?}")))?;
    Ok(Technologies::from_store(entries))
}

impl Listed for ContactField {
    type Columns = ColumnsOf<contact::table>;
    type Row = ContactRow;
    const TABLE: Table = Table::of_records("contact");
    const TOTAL: &'static str = "contact_live";

    fn column(self) -> &'static str {
        match self {
            Self::Email => "email_key",
            Self::FullName => "full_name_key",
            Self::PersonLinkedin => "person_linkedin_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        contact::all_columns
    }

    fn record(row: ContactRow) -> Result<Contact> {
        row.try_into()
    }
}

impl<State> Session<'_, State> {
    fn contacts_of<'q>(&mut self, rows: impl LoadQuery<'q, Connection, ContactRow>) -> Result<Vec<Contact>> {
        let rows: Vec<ContactRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Contact::try_from).collect()
    }
}

impl<State> ContactReads for Session<'_, State> {
    fn lookup(&mut self, id: ContactId) -> Result<Option<Contact>> {
        let row = contact::table.find(id.get()).filter(contact::deleted_at.is_null());
        let row: Option<ContactRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Contact::try_from).transpose()
    }

    fn ids_of(&mut self, uuids: &[Uuid]) -> Result<Vec<(Uuid, ContactId)>> {
        let texts: Vec<String> = uuids.iter().map(Uuid::to_string).collect();
        let rows = contact::table
            .filter(contact::uuid.eq_any(texts))
            .select((contact::uuid, contact::id));
        let rows: Vec<(String, i64)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter()
            .map(|(text, id)| Ok((uuid(&text)?, ContactId::from_i64(id))))
            .collect()
    }

    fn uuids_of(&mut self, ids: &[ContactId]) -> Result<Vec<(ContactId, Uuid)>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = contact::table.filter(contact::id.eq_any(ids)).select((contact::id, contact::uuid));
        let rows: Vec<(i64, String)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter()
            .map(|(id, text)| Ok((ContactId::from_i64(id), uuid(&text)?)))
            .collect()
    }

    fn lookup_many(&mut self, ids: &[ContactId]) -> Result<Vec<Contact>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = contact::table.filter(contact::id.eq_any(ids)).filter(contact::deleted_at.is_null());
        self.contacts_of(rows)
    }

    fn lookup_uuids(&mut self, uuids: &[Uuid]) -> Result<Vec<Contact>> {
        let uuids: Vec<String> = uuids.iter().map(ToString::to_string).collect();
        let rows = contact::table
            .filter(contact::uuid.eq_any(uuids))
            .filter(contact::deleted_at.is_null());
        self.contacts_of(rows)
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Contact>> {
        let rows = contact::table
            .filter(contact::external_id.eq_any(list::storable(external_ids)))
            .filter(contact::deleted_at.is_null());
        self.contacts_of(rows)
    }

    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Contact>> {
        let keys: Vec<String> = list::storable(emails).iter().map(|email| Email::key_of(email)).collect();
        let rows = contact::table
            .filter(contact::email_key.eq_any(keys))
            .filter(contact::deleted_at.is_null())
            .order(contact::id.asc());
        self.contacts_of(rows)
    }

    fn lookup_linkedin(&mut self, keys: &[String]) -> Result<Vec<Contact>> {
        let keys: Vec<String> = list::storable(keys).into_iter().map(str::to_owned).collect();
        let rows = contact::table
            .filter(contact::person_linkedin_key.eq_any(keys))
            .filter(contact::deleted_at.is_null())
            .order(contact::id.asc());
        self.contacts_of(rows)
    }

    fn lookup_identities(&mut self, keys: &[String]) -> Result<Vec<Contact>> {
        let keys: Vec<String> = list::storable(keys).into_iter().map(str::to_owned).collect();
        let rows = contact::table
            .filter(contact::identity_key.eq_any(keys))
            .filter(contact::deleted_at.is_null())
            .order(contact::id.asc());
        self.contacts_of(rows)
    }

    fn lookup_names(&mut self, names: &[String], most: usize) -> Result<Vec<Contact>> {
        let keys: Vec<String> = list::storable(names).iter().map(|name| name.to_lowercase()).collect();
        let named = contact::table
            .filter(contact::full_name_key.eq_any(keys))
            .filter(contact::deleted_at.is_null());
        let named: Vec<(i64, Option<String>)> = named
            .select((contact::id, contact::full_name_key))
            .load(self.connection)
            .map_err(map)?;
        let mut by_name: BTreeMap<Option<String>, Vec<i64>> = BTreeMap::new();
        for (id, name) in named {
            by_name.entry(name).or_default().push(id);
        }
        let ids: Vec<i64> = by_name.into_values().filter(|ids| ids.len() <= most).flatten().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = contact::table.filter(contact::id.eq_any(ids)).order(contact::id.asc());
        self.contacts_of(rows)
    }

    fn lookup_companies(&mut self, companies: &[String]) -> Result<Vec<Contact>> {
        let keys: BTreeSet<String> = list::storable(companies).into_iter().map(company_key).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        // One look at the index's end for each: a company may have a hundred thousand contacts.
        let newest = "SELECT (SELECT id FROM contact WHERE template_key = wanted.column1 AND deleted_at IS NULL ORDER BY id DESC LIMIT 1)";
        let mut sql = Sql::new(newest).sql(" FROM (VALUES ");
        let is_common = keys.len() == 1;
        for (index, key) in keys.into_iter().enumerate() {
            sql = sql.sql(if index == 0 { "(" } else { ", (" }).bind(Bind::Text(key)).sql(")");
        }
        let newest = Statement::<Nullable<BigInt>>::new(sql.sql(") AS wanted"), is_common);
        let ids: Vec<Option<i64>> = newest.load(self.connection).map_err(map)?;
        let ids: Vec<ContactId> = ids.into_iter().flatten().map(ContactId::from_i64).collect();
        if ids.is_empty() {
            Ok(Vec::new())
        } else {
            ContactReads::lookup_many(self, &ids)
        }
    }

    fn list(&mut self, filter: &ContactFilter, sort: Sort<ContactField>, window: &Window) -> Result<Page<Contact>> {
        list::page(self, filter, sort, window)
    }

    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Contact>> {
        let ids: Vec<i64> = accounts.iter().map(|id| id.get()).collect();
        let rows = contact::table
            .filter(contact::account_id.eq_any(ids))
            .filter(contact::deleted_at.is_null());
        let rows = rows.order((contact::account_id.asc(), contact::id.asc()));
        self.contacts_of(rows)
    }
}

impl ContactRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<ContactFields>) -> Result<Vec<Contact>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Contact {
            id: ContactId::from_i64(next(&mut self.state.counters.contact_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Contact> = fields.into_iter().map(&mut make).collect();
        self.state.counters.contact_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        added.iter().for_each(|contact| self.state.stats.count(contact, 1));
        let rows: Vec<ContactRow> = added.iter().map(ContactRow::from).collect();
        insert_rows!(self.connection, contact::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, before: &Contact, after: &Contact) -> Result<()> {
        let row = ContactRow::from(after);
        let live = contact::table.find(row.id).filter(contact::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        self.state.stats.count(before, -1);
        self.state.stats.count(after, 1);
        found(updated, after.id)
    }

    fn vacate(&mut self, ids: &[ContactId]) -> Result<()> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let live = contact::table.filter(contact::id.eq_any(ids)).filter(contact::deleted_at.is_null());
        let nothing = (contact::email_key.eq(None::<String>), contact::external_id.eq(None::<String>));
        diesel::update(live).set(nothing).execute(self.connection).map(drop).map_err(map)
    }

    fn remove(&mut self, contact: &Contact) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = contact::table.find(contact.id.get()).filter(contact::deleted_at.is_null());
        let removed = diesel::update(live)
            .set((contact::deleted_at.eq(stamp), contact::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        if removed > 0 {
            self.state.counters.contact_live -= 1;
            self.state.stats.count(contact, -1);
        }
        Ok(())
    }

    fn lookup_deleted(&mut self, id: ContactId) -> Result<Option<Contact>> {
        let row = contact::table.find(id.get()).filter(contact::deleted_at.is_not_null());
        let row: Option<ContactRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Contact::try_from).transpose()
    }

    fn lookup_deleted_uuid(&mut self, uuid: Uuid) -> Result<Option<Contact>> {
        let row = contact::table
            .filter(contact::uuid.eq(uuid.to_string()))
            .filter(contact::deleted_at.is_not_null());
        let row: Option<ContactRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Contact::try_from).transpose()
    }

    fn restore(&mut self, contact: &Contact) -> Result<()> {
        let deleted = contact::table.find(contact.id.get()).filter(contact::deleted_at.is_not_null());
        let restored = diesel::update(deleted)
            .set((
                contact::deleted_at.eq(None::<i64>),
                contact::updated_at.eq(self.state.stamp.micros()),
            ))
            .execute(self.connection)
            .map_err(map)?;
        if restored > 0 {
            self.state.counters.contact_live += 1;
            self.state.stats.count(contact, 1);
        }
        found(restored, contact.id)
    }
}
