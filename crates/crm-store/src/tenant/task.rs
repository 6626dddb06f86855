//! Tasks in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId, TaskId, TicketId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::task::{Task, TaskField, TaskFields, TaskFilter, TaskReads, TaskRepository, TaskStatus},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{priority, uuid, word},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::task,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = task, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TaskRow {
    id: i64,
    uuid: String,
    title: String,
    title_key: String,
    description: Option<String>,
    priority: i64,
    status: String,
    due_at: Option<i64>,
    started_at: Option<i64>,
    completed_at: Option<i64>,
    account_id: Option<i64>,
    contact_id: Option<i64>,
    lead_id: Option<i64>,
    opportunity_id: Option<i64>,
    ticket_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&Task> for TaskRow {
    fn from(task: &Task) -> Self {
        let fields = task.fields.clone();
        Self {
            id: task.id.get(),
            uuid: task.uuid.to_string(),
            title_key: fields.title.to_lowercase(),
            search_text: fields.search_text(),
            title: fields.title.into_inner(),
            description: fields.description.map(Text::into_inner),
            priority: fields.priority as i64,
            status: fields.status.as_str().to_owned(),
            due_at: fields.due_at.map(Stamp::micros),
            started_at: fields.started_at.map(Stamp::micros),
            completed_at: fields.completed_at.map(Stamp::micros),
            account_id: fields.account_id.map(RecordId::get),
            contact_id: fields.contact_id.map(RecordId::get),
            lead_id: fields.lead_id.map(RecordId::get),
            opportunity_id: fields.opportunity_id.map(RecordId::get),
            ticket_id: fields.ticket_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: task.created_at.micros(),
            created_by: task.created_by.map(RecordId::get),
            updated_at: task.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<TaskRow> for Task {
    type Error = Error;

    fn try_from(row: TaskRow) -> Result<Self> {
        let fields = TaskFields {
            title: Text::from_store(row.title),
            description: row.description.map(Text::from_store),
            priority: priority(row.priority)?,
            status: word(&row.status, TaskStatus::parse)?,
            due_at: row.due_at.map(Stamp::from_micros),
            started_at: row.started_at.map(Stamp::from_micros),
            completed_at: row.completed_at.map(Stamp::from_micros),
            account_id: row.account_id.map(AccountId::from_i64),
            contact_id: row.contact_id.map(ContactId::from_i64),
            lead_id: row.lead_id.map(LeadId::from_i64),
            opportunity_id: row.opportunity_id.map(OpportunityId::from_i64),
            ticket_id: row.ticket_id.map(TicketId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: TaskId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for TaskField {
    type Columns = ColumnsOf<task::table>;
    type Row = TaskRow;
    const TABLE: Table = Table::of_records("task");
    const TOTAL: &'static str = "task_live";

    fn column(self) -> &'static str {
        match self {
            Self::Title => "title_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        task::all_columns
    }

    fn record(row: TaskRow) -> Result<Task> {
        row.try_into()
    }
}

impl<State> TaskReads for Session<'_, State> {
    fn lookup(&mut self, id: TaskId) -> Result<Option<Task>> {
        let row = task::table.find(id.get()).filter(task::deleted_at.is_null());
        let row: Option<TaskRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Task::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[TaskId]) -> Result<Vec<Task>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = task::table.filter(task::id.eq_any(ids)).filter(task::deleted_at.is_null());
        let rows: Vec<TaskRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Task::try_from).collect()
    }

    fn lookup_deleted_many(&mut self, ids: &[TaskId]) -> Result<Vec<Task>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = task::table.filter(task::id.eq_any(ids)).filter(task::deleted_at.is_not_null());
        let rows: Vec<TaskRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Task::try_from).collect()
    }

    fn list(&mut self, filter: &TaskFilter, sort: Sort<TaskField>, window: &Window) -> Result<Page<Task>> {
        list::page(self, filter, sort, window)
    }
}

impl TaskRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<TaskFields>) -> Result<Vec<Task>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Task {
            id: TaskId::from_i64(next(&mut self.state.counters.task_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Task> = fields.into_iter().map(&mut make).collect();
        self.state.counters.task_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        added.iter().for_each(|task| self.state.kpis.count_task(task.created_at, 1));
        let rows: Vec<TaskRow> = added.iter().map(TaskRow::from).collect();
        insert_rows!(self.connection, task::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, task: &Task) -> Result<()> {
        let row = TaskRow::from(task);
        let live = task::table.find(row.id).filter(task::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, task.id)
    }

    fn remove(&mut self, task: &Task) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(task::table.find(task.id.get()).filter(task::deleted_at.is_null()))
            .set((task::deleted_at.eq(stamp), task::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        if removed > 0 {
            self.state.counters.task_live -= 1;
            self.state.kpis.count_task(task.created_at, -1);
        }
        Ok(())
    }

    fn lookup_deleted(&mut self, id: TaskId) -> Result<Option<Task>> {
        let row = task::table.find(id.get()).filter(task::deleted_at.is_not_null());
        let row: Option<TaskRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Task::try_from).transpose()
    }

    fn restore(&mut self, task: &Task) -> Result<()> {
        let deleted = task::table.find(task.id.get()).filter(task::deleted_at.is_not_null());
        let set = (task::deleted_at.eq(None::<i64>), task::updated_at.eq(self.state.stamp.micros()));
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        if restored > 0 {
            self.state.counters.task_live += 1;
            self.state.kpis.count_task(task.created_at, 1);
        }
        found(restored, task.id)
    }
}
