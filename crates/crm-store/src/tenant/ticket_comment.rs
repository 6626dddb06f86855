//! Comments of tickets in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{RecordId, TicketCommentId, TicketId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::ticket_comment::{
        TicketComment, TicketCommentField, TicketCommentFields, TicketCommentFilter, TicketCommentReads, TicketCommentRepository,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::ticket_comment,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = ticket_comment, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TicketCommentRow {
    id: i64,
    uuid: String,
    ticket_id: i64,
    body: String,
    is_internal: bool,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&TicketComment> for TicketCommentRow {
    fn from(comment: &TicketComment) -> Self {
        let fields = comment.fields.clone();
        Self {
            id: comment.id.get(),
            uuid: comment.uuid.to_string(),
            ticket_id: fields.ticket_id.get(),
            body: fields.body.into_inner(),
            is_internal: fields.is_internal,
            created_at: comment.created_at.micros(),
            created_by: comment.created_by.map(RecordId::get),
            updated_at: comment.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<TicketCommentRow> for TicketComment {
    type Error = Error;

    fn try_from(row: TicketCommentRow) -> Result<Self> {
        let fields = TicketCommentFields {
            ticket_id: TicketId::from_i64(row.ticket_id),
            body: Text::from_store(row.body),
            is_internal: row.is_internal,
        };
        Ok(Self {
            id: TicketCommentId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for TicketCommentField {
    type Columns = ColumnsOf<ticket_comment::table>;
    type Row = TicketCommentRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("ticket_comment")
    };
    const TOTAL: &'static str = "ticket_comment_live";

    fn columns() -> Self::Columns {
        ticket_comment::all_columns
    }

    fn record(row: TicketCommentRow) -> Result<TicketComment> {
        row.try_into()
    }
}

impl<State> TicketCommentReads for Session<'_, State> {
    fn lookup(&mut self, id: TicketCommentId) -> Result<Option<TicketComment>> {
        let row = ticket_comment::table.find(id.get()).filter(ticket_comment::deleted_at.is_null());
        let row: Option<TicketCommentRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(TicketComment::try_from).transpose()
    }

    fn list(&mut self, filter: &TicketCommentFilter, sort: Sort<TicketCommentField>, window: &Window) -> Result<Page<TicketComment>> {
        list::page(self, filter, sort, window)
    }
}

impl TicketCommentRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<TicketCommentFields>) -> Result<Vec<TicketComment>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| TicketComment {
            id: TicketCommentId::from_i64(next(&mut self.state.counters.ticket_comment_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<TicketComment> = fields.into_iter().map(&mut make).collect();
        self.state.counters.ticket_comment_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<TicketCommentRow> = added.iter().map(TicketCommentRow::from).collect();
        insert_rows!(self.connection, ticket_comment::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, comment: &TicketComment) -> Result<()> {
        let row = TicketCommentRow::from(comment);
        let live = ticket_comment::table.find(row.id).filter(ticket_comment::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, comment.id)
    }

    fn remove(&mut self, id: TicketCommentId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(ticket_comment::table.find(id.get()).filter(ticket_comment::deleted_at.is_null()))
            .set((ticket_comment::deleted_at.eq(stamp), ticket_comment::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.ticket_comment_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }
}
