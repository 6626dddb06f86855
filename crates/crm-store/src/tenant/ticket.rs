//! Tickets in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{AccountId, ContactId, RecordId, SlaPolicyId, TicketId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::ticket::{Ticket, TicketField, TicketFields, TicketFilter, TicketProgress, TicketReads, TicketRepository, TicketStatus},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{priority, uuid, word},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::ticket,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = ticket, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TicketRow {
    id: i64,
    uuid: String,
    subject: String,
    subject_key: String,
    description: Option<String>,
    status: String,
    priority: i64,
    category: Option<String>,
    source: Option<String>,
    resolution: Option<String>,
    account_id: Option<i64>,
    contact_id: Option<i64>,
    owner_id: Option<i64>,
    sla_policy_id: Option<i64>,
    first_responded_at: Option<i64>,
    resolved_at: Option<i64>,
    closed_at: Option<i64>,
    reopened_count: i64,
    first_response_due_at: Option<i64>,
    resolution_due_at: Option<i64>,
    first_response_minutes: Option<i64>,
    resolution_minutes: Option<i64>,
    stopped_at: Option<i64>,
    paused_micros: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&Ticket> for TicketRow {
    fn from(ticket: &Ticket) -> Self {
        let fields = ticket.fields.clone();
        Self {
            id: ticket.id.get(),
            uuid: ticket.uuid.to_string(),
            subject_key: fields.subject.to_lowercase(),
            search_text: ticket.fields.search_text(),
            subject: fields.subject.into_inner(),
            description: fields.description.map(Text::into_inner),
            status: fields.status.as_str().to_owned(),
            priority: fields.priority as i64,
            category: fields.category.map(Text::into_inner),
            source: fields.source.map(Text::into_inner),
            resolution: fields.resolution.map(Text::into_inner),
            account_id: fields.account_id.map(RecordId::get),
            contact_id: fields.contact_id.map(RecordId::get),
            owner_id: fields.owner_id.map(RecordId::get),
            sla_policy_id: fields.sla_policy_id.map(RecordId::get),
            first_responded_at: fields.progress.first_responded_at.map(Stamp::micros),
            resolved_at: fields.progress.resolved_at.map(Stamp::micros),
            closed_at: fields.progress.closed_at.map(Stamp::micros),
            reopened_count: fields.progress.reopened_count,
            first_response_due_at: fields.progress.first_response_due_at.map(Stamp::micros),
            resolution_due_at: fields.progress.resolution_due_at.map(Stamp::micros),
            first_response_minutes: fields.progress.first_response_minutes,
            resolution_minutes: fields.progress.resolution_minutes,
            stopped_at: fields.progress.stopped_at.map(Stamp::micros),
            paused_micros: fields.progress.paused_micros,
            created_at: ticket.created_at.micros(),
            created_by: ticket.created_by.map(RecordId::get),
            updated_at: ticket.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<TicketRow> for Ticket {
    type Error = Error;

    fn try_from(row: TicketRow) -> Result<Self> {
        let fields = TicketFields {
            subject: Text::from_store(row.subject),
            description: row.description.map(Text::from_store),
            status: word(&row.status, TicketStatus::parse)?,
            priority: priority(row.priority)?,
            category: row.category.map(Text::from_store),
            source: row.source.map(Text::from_store),
            resolution: row.resolution.map(Text::from_store),
            account_id: row.account_id.map(AccountId::from_i64),
            contact_id: row.contact_id.map(ContactId::from_i64),
            owner_id: row.owner_id.map(UserId::from_i64),
            sla_policy_id: row.sla_policy_id.map(SlaPolicyId::from_i64),
            progress: TicketProgress {
                first_responded_at: row.first_responded_at.map(Stamp::from_micros),
                resolved_at: row.resolved_at.map(Stamp::from_micros),
                closed_at: row.closed_at.map(Stamp::from_micros),
                reopened_count: row.reopened_count,
                first_response_due_at: row.first_response_due_at.map(Stamp::from_micros),
                resolution_due_at: row.resolution_due_at.map(Stamp::from_micros),
                first_response_minutes: row.first_response_minutes,
                resolution_minutes: row.resolution_minutes,
                stopped_at: row.stopped_at.map(Stamp::from_micros),
                paused_micros: row.paused_micros,
            },
        };
        Ok(Self {
            id: TicketId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for TicketField {
    type Columns = ColumnsOf<ticket::table>;
    type Row = TicketRow;
    const TABLE: Table = Table::of_records("ticket");
    const TOTAL: &'static str = "ticket_live";

    fn column(self) -> &'static str {
        match self {
            Self::Subject => "subject_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        ticket::all_columns
    }

    fn record(row: TicketRow) -> Result<Ticket> {
        row.try_into()
    }
}

impl<State> TicketReads for Session<'_, State> {
    fn lookup(&mut self, id: TicketId) -> Result<Option<Ticket>> {
        let row = ticket::table.find(id.get()).filter(ticket::deleted_at.is_null());
        let row: Option<TicketRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Ticket::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[TicketId]) -> Result<Vec<Ticket>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = ticket::table.filter(ticket::id.eq_any(ids)).filter(ticket::deleted_at.is_null());
        let rows: Vec<TicketRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Ticket::try_from).collect()
    }

    fn lookup_deleted_many(&mut self, ids: &[TicketId]) -> Result<Vec<Ticket>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = ticket::table
            .filter(ticket::id.eq_any(ids))
            .filter(ticket::deleted_at.is_not_null());
        let rows: Vec<TicketRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Ticket::try_from).collect()
    }

    fn is_policy_used(&mut self, policy: SlaPolicyId) -> Result<bool> {
        let live = ticket::table
            .filter(ticket::sla_policy_id.eq(policy.get()))
            .filter(ticket::deleted_at.is_null());
        let first: Option<i64> = live.select(ticket::id).first(self.connection).optional().map_err(map)?;
        Ok(first.is_some())
    }

    fn list(&mut self, filter: &TicketFilter, sort: Sort<TicketField>, window: &Window) -> Result<Page<Ticket>> {
        list::page(self, filter, sort, window)
    }
}

impl TicketRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<TicketFields>) -> Result<Vec<Ticket>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Ticket {
            id: TicketId::from_i64(next(&mut self.state.counters.ticket_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Ticket> = fields.into_iter().map(&mut make).collect();
        self.state.counters.ticket_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<TicketRow> = added.iter().map(TicketRow::from).collect();
        insert_rows!(self.connection, ticket::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, ticket: &Ticket) -> Result<()> {
        let row = TicketRow::from(ticket);
        let live = ticket::table.find(row.id).filter(ticket::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, ticket.id)
    }

    fn remove(&mut self, id: TicketId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(ticket::table.find(id.get()).filter(ticket::deleted_at.is_null()))
            .set((ticket::deleted_at.eq(stamp), ticket::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.ticket_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: TicketId) -> Result<Option<Ticket>> {
        let row = ticket::table.find(id.get()).filter(ticket::deleted_at.is_not_null());
        let row: Option<TicketRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Ticket::try_from).transpose()
    }

    fn restore(&mut self, ticket: &Ticket) -> Result<()> {
        let deleted = ticket::table.find(ticket.id.get()).filter(ticket::deleted_at.is_not_null());
        let set = (ticket::deleted_at.eq(None::<i64>), ticket::updated_at.eq(self.state.stamp.micros()));
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        self.state.counters.ticket_live += i64::try_from(restored).unwrap_or(0);
        found(restored, ticket.id)
    }
}
