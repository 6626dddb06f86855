//! Activities in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{AccountId, ActivityId, ContactId, LeadId, OpportunityId, RecordId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::activity::{Activity, ActivityField, ActivityFields, ActivityFilter, ActivityReads, ActivityRepository, ActivityType},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::activity,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = activity, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct ActivityRow {
    id: i64,
    uuid: String,
    activity_type: String,
    subject: String,
    body: Option<String>,
    occurred_at: Option<i64>,
    completed: bool,
    account_id: Option<i64>,
    contact_id: Option<i64>,
    lead_id: Option<i64>,
    opportunity_id: Option<i64>,
    owner_id: i64,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    search_text: String,
}

impl From<&Activity> for ActivityRow {
    fn from(activity: &Activity) -> Self {
        let fields = activity.fields.clone();
        let search_text = fields.search_text();
        Self {
            id: activity.id.get(),
            uuid: activity.uuid.to_string(),
            activity_type: fields.activity_type.as_str().to_owned(),
            subject: fields.subject.into_inner(),
            body: fields.body.map(Text::into_inner),
            occurred_at: fields.occurred_at.map(Stamp::micros),
            completed: fields.completed,
            account_id: fields.account_id.map(RecordId::get),
            contact_id: fields.contact_id.map(RecordId::get),
            lead_id: fields.lead_id.map(RecordId::get),
            opportunity_id: fields.opportunity_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: activity.created_at.micros(),
            created_by: activity.created_by.map(RecordId::get),
            updated_at: activity.updated_at.micros(),
            deleted_at: None,
            search_text,
        }
    }
}

impl TryFrom<ActivityRow> for Activity {
    type Error = Error;

    fn try_from(row: ActivityRow) -> Result<Self> {
        let unknown = |_| Error::Internal(format!("activity {}: unknown type {:?}", row.id, row.activity_type));
        let fields = ActivityFields {
            activity_type: ActivityType::parse(&row.activity_type).map_err(unknown)?,
            subject: Text::from_store(row.subject),
            body: row.body.map(Text::from_store),
            occurred_at: row.occurred_at.map(Stamp::from_micros),
            completed: row.completed,
            account_id: row.account_id.map(AccountId::from_i64),
            contact_id: row.contact_id.map(ContactId::from_i64),
            lead_id: row.lead_id.map(LeadId::from_i64),
            opportunity_id: row.opportunity_id.map(OpportunityId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: ActivityId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for ActivityField {
    type Columns = ColumnsOf<activity::table>;
    type Row = ActivityRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("activity")
    };
    const TOTAL: &'static str = "activity_live";

    fn columns() -> Self::Columns {
        activity::all_columns
    }

    fn record(row: ActivityRow) -> Result<Activity> {
        row.try_into()
    }
}

impl<State> ActivityReads for Session<'_, State> {
    fn lookup(&mut self, id: ActivityId) -> Result<Option<Activity>> {
        let row = activity::table.find(id.get()).filter(activity::deleted_at.is_null());
        let row: Option<ActivityRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Activity::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[ActivityId]) -> Result<Vec<Activity>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = activity::table
            .filter(activity::id.eq_any(ids))
            .filter(activity::deleted_at.is_null());
        rows.load::<ActivityRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Activity::try_from)
            .collect()
    }

    fn list(&mut self, filter: &ActivityFilter, sort: Sort<ActivityField>, window: &Window) -> Result<Page<Activity>> {
        list::page(self, filter, sort, window)
    }

    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Activity>> {
        let ids: Vec<i64> = accounts.iter().map(|id| id.get()).collect();
        let rows = activity::table
            .filter(activity::account_id.eq_any(ids))
            .filter(activity::deleted_at.is_null());
        let rows = rows.order((activity::account_id.asc(), activity::id.asc()));
        rows.load::<ActivityRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Activity::try_from)
            .collect()
    }
}

impl ActivityRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<ActivityFields>) -> Result<Vec<Activity>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Activity {
            id: ActivityId::from_i64(next(&mut self.state.counters.activity_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Activity> = fields.into_iter().map(&mut make).collect();
        self.state.counters.activity_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<ActivityRow> = added.iter().map(ActivityRow::from).collect();
        insert_rows!(self.connection, activity::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, activity: &Activity) -> Result<()> {
        let row = ActivityRow::from(activity);
        let live = activity::table.find(row.id).filter(activity::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, activity.id)
    }

    fn remove(&mut self, id: ActivityId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(activity::table.find(id.get()).filter(activity::deleted_at.is_null()))
            .set((activity::deleted_at.eq(stamp), activity::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.activity_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: ActivityId) -> Result<Option<Activity>> {
        let row = activity::table.find(id.get()).filter(activity::deleted_at.is_not_null());
        let row: Option<ActivityRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Activity::try_from).transpose()
    }

    fn restore(&mut self, activity: &Activity) -> Result<()> {
        let deleted = activity::table.find(activity.id.get()).filter(activity::deleted_at.is_not_null());
        let restored = diesel::update(deleted)
            .set((
                activity::deleted_at.eq(None::<i64>),
                activity::updated_at.eq(self.state.stamp.micros()),
            ))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.activity_live += i64::try_from(restored).unwrap_or(0);
        found(restored, activity.id)
    }
}
