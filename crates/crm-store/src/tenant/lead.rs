//! Leads in SQL.

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text},
    id::{AccountId, LeadId, RecordId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::lead::{Lead, LeadFields, LeadFilter, LeadReads, LeadRepository, LeadSort},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    fragment::{Bind, Condition},
    schema::{counter, lead},
    window::{self, SortSql},
};
use crate::{connection::Connection, dialect, error::map, insert_rows, read_counters, sort_sql};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = lead, treat_none_as_null = true, treat_none_as_default_value = false)]
struct LeadRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    source: Option<String>,
    status: String,
    description: Option<String>,
    account_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&Lead> for LeadRow {
    fn from(lead: &Lead) -> Self {
        let fields = lead.fields.clone();
        Self {
            id: lead.id.get(),
            uuid: lead.uuid.to_string(),
            email_key: fields.email.as_ref().map(Email::key),
            search_text: lead.fields.search_text(),
            external_id: fields.external_id.map(Text::into_inner),
            first_name: fields.first_name.map(Text::into_inner),
            last_name: fields.last_name.map(Text::into_inner),
            email: fields.email.map(Email::into_inner),
            phone: fields.phone.map(Text::into_inner),
            title: fields.title.map(Text::into_inner),
            company: fields.company.map(Text::into_inner),
            source: fields.source.map(Text::into_inner),
            status: fields.status.into_inner(),
            description: fields.description.map(Text::into_inner),
            account_id: fields.account_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: lead.created_at.micros(),
            created_by: lead.created_by.map(RecordId::get),
            updated_at: lead.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<LeadRow> for Lead {
    type Error = Error;

    fn try_from(row: LeadRow) -> Result<Self> {
        let fields = LeadFields {
            external_id: row.external_id.map(Text::from_store),
            first_name: row.first_name.map(Text::from_store),
            last_name: row.last_name.map(Text::from_store),
            email: row.email.map(Email::from_store),
            phone: row.phone.map(Text::from_store),
            title: row.title.map(Text::from_store),
            company: row.company.map(Text::from_store),
            source: row.source.map(Text::from_store),
            status: Text::from_store(row.status),
            description: row.description.map(Text::from_store),
            account_id: row.account_id.map(AccountId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: LeadId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

/// The SQL of each order.
fn sort_sql(key: LeadSort) -> SortSql {
    match key {
        LeadSort::CreatedAt => sort_sql!("lead"),
        LeadSort::UpdatedAt => sort_sql!("lead", integer "updated_at"),
        LeadSort::FirstName => sort_sql!("lead", nullable text "first_name"),
        LeadSort::LastName => sort_sql!("lead", nullable text "last_name"),
        LeadSort::Email => sort_sql!("lead", nullable text "email_key"),
        LeadSort::Company => sort_sql!("lead", nullable text "company"),
        LeadSort::Source => sort_sql!("lead", nullable text "source"),
        LeadSort::Status => sort_sql!("lead", text "status"),
    }
}

/// The conditions of a filter; `spread` as in `account.rs`.
fn conditions(filter: &LeadFilter, connection: &Connection, spread: bool) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if let Some(stamp) = filter.updated_after {
        let sql = if spread { "+lead.updated_at > " } else { "lead.updated_at > " };
        conditions.push(Condition::new(vec![(sql, Some(Bind::Integer(stamp.micros())))]));
    }
    if let Some(term) = &filter.search {
        let matching = "lead.id IN (SELECT rowid FROM lead_search WHERE lead_search MATCH ";
        conditions.push(window::search(
            term,
            dialect::has_search_table(connection),
            "lead.search_text LIKE ",
            matching,
        ));
    }
    conditions
}

fn count(connection: &mut Connection, filter: &LeadFilter) -> Result<i64> {
    let mut query = lead::table.filter(lead::deleted_at.is_null()).count().into_boxed();
    for condition in conditions(filter, connection, false) {
        query = query.filter(condition);
    }
    query.get_result(connection).map_err(map)
}

/// The live total and the last stamp.
fn counters(connection: &mut Connection) -> Result<(i64, i64)> {
    read_counters!(connection, counter::lead_live)
}

/// A page's rows, each with the live total and the last stamp: one statement, so that the three agree.
type ListedRow = (LeadRow, Option<i64>, Option<i64>);

impl<State> LeadReads for Session<'_, State> {
    fn lookup(&mut self, id: LeadId) -> Result<Option<Lead>> {
        let row = lead::table.find(id.get()).filter(lead::deleted_at.is_null());
        let row: Option<LeadRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Lead::try_from).transpose()
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Lead>> {
        let rows = lead::table
            .filter(lead::external_id.eq_any(window::storable(external_ids)))
            .filter(lead::deleted_at.is_null());
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }

    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Lead>> {
        let keys: Vec<String> = window::storable(emails).iter().map(|email| email.trim().to_lowercase()).collect();
        let rows = lead::table
            .filter(lead::email_key.eq_any(keys))
            .filter(lead::deleted_at.is_null())
            .order(lead::id.asc());
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }

    fn list(&mut self, filter: &LeadFilter, sort: Sort<LeadSort>, window: &Window) -> Result<Page<Lead>> {
        let filtered = *filter != LeadFilter::default();
        let before = if filtered { Some(counters(self.connection)?) } else { None };
        let matches = if filtered { Some(count(self.connection, filter)?) } else { None };
        let spread = matches
            .zip(before)
            .is_some_and(|(matches, (live, _))| !window::is_selective(matches, live));
        let order = sort_sql(sort.key);
        let after = window::after(window, order, sort.direction)?;
        let rows = |connection: &mut Connection| {
            let (live, seen) = (counter::table.select(counter::lead_live), counter::table.select(counter::stamp));
            let mut query = lead::table
                .filter(lead::deleted_at.is_null())
                .select((lead::all_columns, live.single_value(), seen.single_value()))
                .order(order.order(sort.direction))
                .limit(window::fetch(window))
                .offset(window::offset(window))
                .into_boxed();
            for condition in conditions(filter, connection, spread).into_iter().chain(after.clone()) {
                query = query.filter(condition);
            }
            query.load::<ListedRow>(connection).map_err(map)
        };
        let (rows, (live, seen)) = window::load(self.connection, before, rows, |(_, live, seen)| live.zip(*seen), counters)?;
        let items = rows
            .into_iter()
            .map(|(row, _, _)| Lead::try_from(row))
            .collect::<Result<Vec<_>>>()?;
        Ok(window::page(items, matches.unwrap_or(live), seen, window))
    }

    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Lead>> {
        let ids: Vec<i64> = accounts.iter().map(|id| id.get()).collect();
        let rows = lead::table.filter(lead::account_id.eq_any(ids)).filter(lead::deleted_at.is_null());
        let rows = rows.order((lead::account_id.asc(), lead::id.asc()));
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }
}

impl LeadRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<LeadFields>) -> Result<Vec<Lead>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Lead {
            id: LeadId::from_i64(next(&mut self.state.counters.lead_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Lead> = fields.into_iter().map(&mut make).collect();
        self.state.counters.lead_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<LeadRow> = added.iter().map(LeadRow::from).collect();
        insert_rows!(self.connection, lead::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, lead: &Lead) -> Result<()> {
        let row = LeadRow::from(lead);
        let live = lead::table.find(row.id).filter(lead::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, lead.id)
    }

    fn remove(&mut self, id: LeadId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(lead::table.find(id.get()).filter(lead::deleted_at.is_null()))
            .set((lead::deleted_at.eq(stamp), lead::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.lead_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }
}
