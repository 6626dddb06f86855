//! Contacts in SQL.

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text, WebAddress},
    id::{AccountId, ContactId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::contact::{Contact, ContactField, ContactFields, ContactFilter, ContactReads, ContactRepository},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::contact,
};
use crate::{error::map, insert_rows};

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
}

impl From<&Contact> for ContactRow {
    fn from(contact: &Contact) -> Self {
        let fields = contact.fields.clone();
        Self {
            id: contact.id.get(),
            uuid: contact.uuid.to_string(),
            email_key: fields.email.as_ref().map(Email::key),
            search_text: contact.fields.search_text(),
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
        }
    }
}

impl TryFrom<ContactRow> for Contact {
    type Error = Error;

    fn try_from(row: ContactRow) -> Result<Self> {
        let fields = ContactFields {
            external_id: row.external_id.map(Text::from_store),
            first_name: row.first_name.map(Text::from_store),
            last_name: row.last_name.map(Text::from_store),
            email: row.email.map(Email::from_store),
            phone: row.phone.map(Text::from_store),
            other_phone: row.other_phone.map(Text::from_store),
            title: row.title.map(Text::from_store),
            company: row.company.map(Text::from_store),
            website: row.website.map(WebAddress::from_store),
            city: row.city.map(Text::from_store),
            state: row.state.map(Text::from_store),
            country: row.country.map(Text::from_store),
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

impl Listed for ContactField {
    type Columns = ColumnsOf<contact::table>;
    type Row = ContactRow;
    const TABLE: Table = Table::of_records("contact");
    const TOTAL: &'static str = "contact_live";

    fn column(self) -> &'static str {
        match self {
            Self::Email => "email_key",
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

impl<State> ContactReads for Session<'_, State> {
    fn lookup(&mut self, id: ContactId) -> Result<Option<Contact>> {
        let row = contact::table.find(id.get()).filter(contact::deleted_at.is_null());
        let row: Option<ContactRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Contact::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[ContactId]) -> Result<Vec<Contact>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = contact::table.filter(contact::id.eq_any(ids)).filter(contact::deleted_at.is_null());
        rows.load::<ContactRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Contact::try_from)
            .collect()
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Contact>> {
        let rows = contact::table
            .filter(contact::external_id.eq_any(list::storable(external_ids)))
            .filter(contact::deleted_at.is_null());
        rows.load::<ContactRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Contact::try_from)
            .collect()
    }

    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Contact>> {
        let keys: Vec<String> = list::storable(emails).iter().map(|email| email.trim().to_lowercase()).collect();
        let rows = contact::table
            .filter(contact::email_key.eq_any(keys))
            .filter(contact::deleted_at.is_null())
            .order(contact::id.asc());
        rows.load::<ContactRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Contact::try_from)
            .collect()
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
        rows.load::<ContactRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Contact::try_from)
            .collect()
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
        let rows: Vec<ContactRow> = added.iter().map(ContactRow::from).collect();
        insert_rows!(self.connection, contact::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, contact: &Contact) -> Result<()> {
        let row = ContactRow::from(contact);
        let live = contact::table.find(row.id).filter(contact::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, contact.id)
    }

    fn remove(&mut self, id: ContactId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(contact::table.find(id.get()).filter(contact::deleted_at.is_null()))
            .set((contact::deleted_at.eq(stamp), contact::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.contact_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: ContactId) -> Result<Option<Contact>> {
        let row = contact::table.find(id.get()).filter(contact::deleted_at.is_not_null());
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
        self.state.counters.contact_live += i64::try_from(restored).unwrap_or(0);
        found(restored, contact.id)
    }
}
