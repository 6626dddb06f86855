//! Handoffs in SQL.

use std::collections::HashMap;

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{HandoffId, OpportunityId, RecordId, UserId},
    stamp::Stamp,
    tenant::handoff::{ChecklistItem, Handoff, HandoffFields, HandoffReads, HandoffRepository, HandoffStatus},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use serde::{Deserialize, Serialize};

use super::{Session, Writing, counter::next, found, schema::handoff};
use crate::error::map;

/// Most opportunities asked for at once.
const IDS_MAX: usize = 1_000;

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = handoff, treat_none_as_null = true, treat_none_as_default_value = false)]
struct HandoffRow {
    id: i64,
    opportunity_id: i64,
    receiver_id: i64,
    initiator_id: i64,
    notes: Option<String>,
    checklist: String,
    status: String,
    completed_at: Option<i64>,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
}

/// An item of the checklist as its JSON keeps it.
#[derive(Serialize, Deserialize)]
struct Item {
    title: String,
    done: bool,
}

impl TryFrom<&Handoff> for HandoffRow {
    type Error = Error;

    fn try_from(handoff: &Handoff) -> Result<Self> {
        let fields = handoff.fields.clone();
        let item = |item: ChecklistItem| Item {
            title: item.title.into_inner(),
            done: item.done,
        };
        let items: Vec<Item> = fields.checklist.into_iter().map(item).collect();
        Ok(Self {
            id: handoff.id.get(),
            opportunity_id: fields.opportunity_id.get(),
            receiver_id: fields.receiver_id.get(),
            initiator_id: fields.initiator_id.get(),
            notes: fields.notes.map(Text::into_inner),
            checklist: serde_json::to_string(&items).map_err(|error| Error::Internal(error.to_string()))?,
            status: fields.status.as_str().to_owned(),
            completed_at: fields.completed_at.map(Stamp::micros),
            created_at: handoff.created_at.micros(),
            created_by: handoff.created_by.map(RecordId::get),
            updated_at: handoff.updated_at.micros(),
        })
    }
}

impl TryFrom<HandoffRow> for Handoff {
    type Error = Error;

    fn try_from(row: HandoffRow) -> Result<Self> {
        let broken = |what: String| Error::Internal(format!("handoff {}: {what}", row.id));
        let items: Vec<Item> = serde_json::from_str(&row.checklist).map_err(|error| broken(error.to_string()))?;
        let status = HandoffStatus::parse(&row.status).ok_or_else(|| broken(format!("unknown status {:?}", row.status)))?;
        let item = |item: Item| ChecklistItem {
            title: Text::from_store(item.title),
            done: item.done,
        };
        Ok(Self {
            id: HandoffId::from_i64(row.id),
            fields: HandoffFields {
                opportunity_id: OpportunityId::from_i64(row.opportunity_id),
                receiver_id: UserId::from_i64(row.receiver_id),
                initiator_id: UserId::from_i64(row.initiator_id),
                notes: row.notes.map(Text::from_store),
                checklist: items.into_iter().map(item).collect(),
                status,
                completed_at: row.completed_at.map(Stamp::from_micros),
            },
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl<State> HandoffReads for Session<'_, State> {
    fn lookup(&mut self, id: HandoffId) -> Result<Option<Handoff>> {
        let row: Option<HandoffRow> = handoff::table.find(id.get()).first(self.connection).optional().map_err(map)?;
        row.map(Handoff::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[HandoffId]) -> Result<Vec<Handoff>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = handoff::table.filter(handoff::id.eq_any(ids));
        let rows: Vec<HandoffRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Handoff::try_from).collect()
    }

    fn latest_of(&mut self, opportunity: OpportunityId) -> Result<Option<Handoff>> {
        let row = handoff::table
            .filter(handoff::opportunity_id.eq(opportunity.get()))
            .order(handoff::id.desc());
        let row: Option<HandoffRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Handoff::try_from).transpose()
    }

    fn statuses_of(&mut self, opportunities: &[OpportunityId]) -> Result<HashMap<OpportunityId, HandoffStatus>> {
        let ids: Vec<i64> = opportunities.iter().map(|id| id.get()).collect();
        let mut statuses = HashMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let rows = handoff::table
                .filter(handoff::opportunity_id.eq_any(ids.to_vec()))
                .order(handoff::id.asc())
                .select((handoff::id, handoff::opportunity_id, handoff::status));
            for (id, opportunity, status) in rows.load::<(i64, i64, String)>(self.connection).map_err(map)? {
                let status =
                    HandoffStatus::parse(&status).ok_or_else(|| Error::Internal(format!("handoff {id}: unknown status {status:?}")))?;
                // The newest comes last.
                statuses.insert(OpportunityId::from_i64(opportunity), status);
            }
        }
        Ok(statuses)
    }
}

impl HandoffRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: HandoffFields) -> Result<Handoff> {
        let stamp = self.state.stamp;
        let handoff = Handoff {
            id: HandoffId::from_i64(next(&mut self.state.counters.handoff_id)),
            fields,
            created_at: stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
            updated_at: stamp,
        };
        diesel::insert_into(handoff::table)
            .values(&HandoffRow::try_from(&handoff)?)
            .execute(self.connection)
            .map_err(map)?;
        Ok(handoff)
    }

    fn update(&mut self, handoff: &Handoff) -> Result<()> {
        let row = HandoffRow::try_from(handoff)?;
        let updated = diesel::update(handoff::table.find(row.id))
            .set(&row)
            .execute(self.connection)
            .map_err(map)?;
        found(updated, handoff.id)
    }
}
