//! SLA policies in SQL.

use std::sync::Arc;

use crm_domain::{
    business_hours::{BusinessHours, BusinessHoursDraft},
    error::{Error, Result},
    field::{Check, Patch, Text},
    id::{RecordId, SlaPolicyId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::{
        priority::Priority,
        sla_policy::{SlaPolicy, SlaPolicyField, SlaPolicyFields, SlaPolicyFilter, SlaPolicyReads, SlaPolicyRepository, SlaSubject},
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use serde::{Deserialize, Serialize};

use super::{
    Session, Writing,
    column::{uuid, word},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::sla_policy,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = sla_policy, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct SlaPolicyRow {
    id: i64,
    uuid: String,
    name: String,
    name_key: String,
    applies_to: String,
    priority: Option<String>,
    first_response_minutes: i64,
    resolution_minutes: i64,
    stage_minutes: Option<i64>,
    warning_percent: i64,
    business_hours: Option<String>,
    is_default: bool,
    is_active: bool,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl TryFrom<&SlaPolicy> for SlaPolicyRow {
    type Error = Error;

    fn try_from(policy: &SlaPolicy) -> Result<Self> {
        let fields = policy.fields.clone();
        Ok(Self {
            id: policy.id.get(),
            uuid: policy.uuid.to_string(),
            name_key: fields.name.to_lowercase(),
            search_text: policy.fields.search_text(),
            name: fields.name.into_inner(),
            applies_to: fields.applies_to.as_str().to_owned(),
            priority: fields.priority.map(|priority| priority.as_str().to_owned()),
            first_response_minutes: fields.first_response_minutes,
            resolution_minutes: fields.resolution_minutes,
            stage_minutes: fields.stage_minutes,
            warning_percent: fields.warning_percent,
            business_hours: fields.business_hours.as_ref().map(hours_to_text).transpose()?,
            is_default: fields.is_default,
            is_active: fields.is_active,
            created_at: policy.created_at.micros(),
            created_by: policy.created_by.map(RecordId::get),
            updated_at: policy.updated_at.micros(),
            deleted_at: None,
        })
    }
}

impl TryFrom<SlaPolicyRow> for SlaPolicy {
    type Error = Error;

    fn try_from(row: SlaPolicyRow) -> Result<Self> {
        let fields = SlaPolicyFields {
            name: Text::from_store(row.name),
            applies_to: word(&row.applies_to, SlaSubject::parse)?,
            priority: row.priority.map(|stored| word(&stored, Priority::parse)).transpose()?,
            first_response_minutes: row.first_response_minutes,
            resolution_minutes: row.resolution_minutes,
            stage_minutes: row.stage_minutes,
            warning_percent: row.warning_percent,
            business_hours: row.business_hours.as_deref().map(hours_from_text).transpose()?,
            is_default: row.is_default,
            is_active: row.is_active,
        };
        Ok(Self {
            id: SlaPolicyId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

/// Business hours as their column holds them, in JSON.
#[derive(Serialize, Deserialize)]
struct StoredHours {
    time_zone: String,
    days: Vec<String>,
    from: String,
    to: String,
}

fn hours_to_text(hours: &BusinessHours) -> Result<String> {
    let stored = StoredHours {
        time_zone: hours.time_zone().name().to_owned(),
        days: hours.days().map(str::to_owned).collect(),
        from: hours.from(),
        to: hours.to(),
    };
    serde_json::to_string(&stored).map_err(|error| Error::Internal(error.to_string()))
}

fn hours_from_text(text: &str) -> Result<BusinessHours> {
    let unreadable = || Error::Internal(format!("the database holds {text:?} where business hours belong"));
    let stored: StoredHours = serde_json::from_str(text).map_err(|_| unreadable())?;
    let draft = BusinessHoursDraft {
        time_zone: Patch::Set(stored.time_zone),
        days: stored.days,
        from: Patch::Set(stored.from),
        to: Patch::Set(stored.to),
    };
    BusinessHours::parse(draft, "business_hours", &mut Check::new()).ok_or_else(unreadable)
}

impl Listed for SlaPolicyField {
    type Columns = ColumnsOf<sla_policy::table>;
    type Row = SlaPolicyRow;
    const TABLE: Table = Table::of_records("sla_policy");
    const TOTAL: &'static str = "sla_policy_live";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        sla_policy::all_columns
    }

    fn record(row: SlaPolicyRow) -> Result<SlaPolicy> {
        row.try_into()
    }
}

impl<State> SlaPolicyReads for Session<'_, State> {
    fn lookup(&mut self, id: SlaPolicyId) -> Result<Option<SlaPolicy>> {
        let row = sla_policy::table.find(id.get()).filter(sla_policy::deleted_at.is_null());
        let row: Option<SlaPolicyRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(SlaPolicy::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[SlaPolicyId]) -> Result<Vec<SlaPolicy>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = sla_policy::table
            .filter(sla_policy::id.eq_any(ids))
            .filter(sla_policy::deleted_at.is_null());
        let rows: Vec<SlaPolicyRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(SlaPolicy::try_from).collect()
    }

    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<SlaPolicy>> {
        let rows = sla_policy::table
            .filter(sla_policy::name_key.eq_any(list::storable(names)))
            .filter(sla_policy::deleted_at.is_null());
        let rows: Vec<SlaPolicyRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(SlaPolicy::try_from).collect()
    }

    fn list_of(&mut self, subject: SlaSubject) -> Result<Vec<SlaPolicy>> {
        let rows = sla_policy::table
            .filter(sla_policy::applies_to.eq(subject.as_str()))
            .filter(sla_policy::deleted_at.is_null())
            .order(sla_policy::id.asc());
        rows.load::<SlaPolicyRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(SlaPolicy::try_from)
            .collect()
    }

    fn list(&mut self, filter: &SlaPolicyFilter, sort: Sort<SlaPolicyField>, window: &Window) -> Result<Page<SlaPolicy>> {
        list::page(self, filter, sort, window)
    }
}

impl Session<'_, Writing<'_>> {
    /// Policies are changed: what is known of them is read anew. A unit that is undone takes the counter back with it.
    fn forget_policies(&mut self) {
        self.state.known.sla_policies = None;
        self.state.counters.sla_policy_at = self.state.stamp.micros();
    }

    /// Every live policy, oldest first, as the writer keeps them from turn to turn.
    pub(super) fn known_policies(&mut self) -> Result<Arc<[SlaPolicy]>> {
        let changed_at = self.state.counters.sla_policy_at;
        if let Some((as_of, known)) = &self.state.known.sla_policies
            && *as_of == changed_at
        {
            return Ok(Arc::clone(known));
        }
        let rows = sla_policy::table
            .filter(sla_policy::deleted_at.is_null())
            .order(sla_policy::id.asc());
        let rows: Vec<SlaPolicyRow> = rows.load(self.connection).map_err(map)?;
        let policies: Arc<[SlaPolicy]> = rows.into_iter().map(SlaPolicy::try_from).collect::<Result<_>>()?;
        self.state.known.sla_policies = Some((changed_at, Arc::clone(&policies)));
        Ok(policies)
    }
}

impl SlaPolicyRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<SlaPolicyFields>) -> Result<Vec<SlaPolicy>> {
        self.forget_policies();
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| SlaPolicy {
            id: SlaPolicyId::from_i64(next(&mut self.state.counters.sla_policy_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<SlaPolicy> = fields.into_iter().map(&mut make).collect();
        self.state.counters.sla_policy_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows = added.iter().map(SlaPolicyRow::try_from).collect::<Result<Vec<_>>>()?;
        insert_rows!(self.connection, sla_policy::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, policy: &SlaPolicy) -> Result<()> {
        self.forget_policies();
        let row = SlaPolicyRow::try_from(policy)?;
        let live = sla_policy::table.find(row.id).filter(sla_policy::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, policy.id)
    }

    fn remove(&mut self, id: SlaPolicyId) -> Result<()> {
        self.forget_policies();
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(sla_policy::table.find(id.get()).filter(sla_policy::deleted_at.is_null()))
            .set((sla_policy::deleted_at.eq(stamp), sla_policy::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.sla_policy_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: SlaPolicyId) -> Result<Option<SlaPolicy>> {
        let row = sla_policy::table.find(id.get()).filter(sla_policy::deleted_at.is_not_null());
        let row: Option<SlaPolicyRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(SlaPolicy::try_from).transpose()
    }

    fn restore(&mut self, policy: &SlaPolicy) -> Result<()> {
        self.forget_policies();
        let deleted = sla_policy::table.find(policy.id.get()).filter(sla_policy::deleted_at.is_not_null());
        let set = (
            sla_policy::deleted_at.eq(None::<i64>),
            sla_policy::updated_at.eq(self.state.stamp.micros()),
        );
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        self.state.counters.sla_policy_live += i64::try_from(restored).unwrap_or(0);
        found(restored, policy.id)
    }
}
