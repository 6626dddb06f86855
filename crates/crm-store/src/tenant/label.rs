//! Labels in SQL.

use std::collections::BTreeMap;

use crm_domain::{
    error::{Error, Result},
    id::{RecordId, TagId},
    tenant::{
        change::EntityKind,
        label::{LabelReads, LabelRepository, TagOf},
    },
};
use diesel::{BoolExpressionMethods, ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::{
    Reading, Session, Writing,
    schema::{account, contact, counter, lead, opportunity, record_tag, tag, ticket},
};
use crate::{error::map, insert_rows};

/// Says the same of the table of each kind that carries labels.
macro_rules! of_kind {
    ($kind:expr, |$table:ident| $body:expr) => {
        match $kind {
            EntityKind::Account => {
                use account as $table;
                $body
            }
            EntityKind::Contact => {
                use contact as $table;
                $body
            }
            EntityKind::Lead => {
                use lead as $table;
                $body
            }
            EntityKind::Opportunity => {
                use opportunity as $table;
                $body
            }
            EntityKind::Ticket => {
                use ticket as $table;
                $body
            }
            other => return Err(Error::Internal(format!("{} carries no labels", other.as_str()))),
        }
    };
}

#[derive(Insertable)]
#[diesel(table_name = record_tag, treat_none_as_default_value = false)]
struct RecordTagRow {
    entity: String,
    record_id: i64,
    tag_id: i64,
    created_at: i64,
}

/// A unit's totals are in its memory until it commits; readers ask the database.
pub(crate) trait KnownTags {
    fn known_tags(&self) -> Option<i64>;
}

impl KnownTags for Reading {
    fn known_tags(&self) -> Option<i64> {
        None
    }
}

impl KnownTags for Writing<'_> {
    fn known_tags(&self) -> Option<i64> {
        Some(self.counters.tag_live)
    }
}

impl<State: KnownTags> LabelReads for Session<'_, State> {
    fn has_any(&mut self) -> Result<bool> {
        if let Some(tags) = self.state.known_tags() {
            return Ok(tags > 0);
        }
        let any = counter::table.select(counter::tag_live.gt(0));
        any.first(self.connection).map_err(map)
    }

    fn tags_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<TagOf>> {
        let rows = record_tag::table
            .inner_join(tag::table)
            .filter(record_tag::entity.eq(kind.as_str()).and(record_tag::record_id.eq_any(ids)))
            .filter(tag::deleted_at.is_null())
            .order((record_tag::record_id.asc(), tag::name_key.asc()))
            .select((record_tag::record_id, record_tag::tag_id, tag::name));
        let rows: Vec<(i64, i64, String)> = rows.load(self.connection).map_err(map)?;
        let of = |(record_id, tag_id, name)| TagOf {
            record_id,
            tag_id: TagId::from_i64(tag_id),
            name,
        };
        Ok(rows.into_iter().map(of).collect())
    }

    fn live(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<i64>> {
        of_kind!(kind, |record| {
            let live = record::table.filter(record::id.eq_any(ids)).filter(record::deleted_at.is_null());
            live.order(record::id.asc()).select(record::id).load(self.connection).map_err(map)
        })
    }
}

impl LabelRepository for Session<'_, Writing<'_>> {
    fn assign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()> {
        let row = |(record_id, tag_id): &(i64, TagId)| RecordTagRow {
            entity: kind.as_str().to_owned(),
            record_id: *record_id,
            tag_id: tag_id.get(),
            created_at: self.state.stamp.micros(),
        };
        let rows: Vec<RecordTagRow> = assignments.iter().map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        insert_rows!(self.connection, record_tag::table, &rows).map_err(map)
    }

    fn unassign(&mut self, kind: EntityKind, assignments: &[(i64, TagId)]) -> Result<()> {
        let mut of_tags: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (record, tag) in assignments {
            of_tags.entry(tag.get()).or_default().push(*record);
        }
        for (tag, records) in of_tags {
            let of_tag = record_tag::entity.eq(kind.as_str()).and(record_tag::tag_id.eq(tag));
            let assigned = record_tag::table.filter(of_tag.and(record_tag::record_id.eq_any(records)));
            diesel::delete(assigned).execute(self.connection).map_err(map)?;
        }
        Ok(())
    }

    fn touch(&mut self, kind: EntityKind, ids: &[i64]) -> Result<()> {
        let stamp = self.state.stamp.micros();
        of_kind!(kind, |record| {
            let live = record::table.filter(record::id.eq_any(ids)).filter(record::deleted_at.is_null());
            let touched = diesel::update(live).set(record::updated_at.eq(stamp));
            touched.execute(self.connection).map(drop).map_err(map)
        })
    }
}
