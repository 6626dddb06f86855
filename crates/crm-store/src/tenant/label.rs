//! Labels in SQL.

use std::collections::BTreeMap;

use crm_domain::{
    error::{Error, Result},
    id::{CustomFieldId, RecordId, TagId},
    tenant::{
        change::EntityKind,
        custom_field::{NewValue, ValueOf},
        label::{LabelReads, LabelRepository, Present, TagOf},
    },
};
use diesel::{BoolExpressionMethods, ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::{
    Reading, Session, Writing,
    custom_field::value,
    schema::{counter, custom_field, custom_value, record_tag, tag},
};
use crate::{error::map, insert_rows};

/// Says the same of the table of each kind that carries labels: tags, custom fields, or both.
macro_rules! of_kind {
    ($kind:expr, |$table:ident| $body:expr) => {
        match $kind {
            EntityKind::Account => {
                use $crate::tenant::schema::account as $table;
                $body
            }
            EntityKind::Contact => {
                use $crate::tenant::schema::contact as $table;
                $body
            }
            EntityKind::Lead => {
                use $crate::tenant::schema::lead as $table;
                $body
            }
            EntityKind::Opportunity => {
                use $crate::tenant::schema::opportunity as $table;
                $body
            }
            EntityKind::Ticket => {
                use $crate::tenant::schema::ticket as $table;
                $body
            }
            EntityKind::Activity => {
                use $crate::tenant::schema::activity as $table;
                $body
            }
            EntityKind::Task => {
                use $crate::tenant::schema::task as $table;
                $body
            }
            other => return Err(Error::Internal(format!("{} carries no labels", other.as_str()))),
        }
    };
}
pub(super) use of_kind;

#[derive(Insertable)]
#[diesel(table_name = record_tag, treat_none_as_default_value = false)]
struct RecordTagRow {
    entity: String,
    record_id: i64,
    tag_id: i64,
    created_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = custom_value, treat_none_as_default_value = false)]
struct CustomValueRow {
    entity: String,
    record_id: i64,
    field_id: i64,
    value: String,
    sort_key: String,
}

/// A unit's totals are in its memory until it commits; readers ask the database.
pub(crate) trait KnownTotals {
    /// Those of live tags and live custom fields.
    fn known_totals(&self) -> Option<(i64, i64)>;
}

impl KnownTotals for Reading {
    fn known_totals(&self) -> Option<(i64, i64)> {
        None
    }
}

impl KnownTotals for Writing<'_> {
    fn known_totals(&self) -> Option<(i64, i64)> {
        Some((self.counters.tag_live, self.counters.custom_field_live))
    }
}

impl<State: KnownTotals> LabelReads for Session<'_, State> {
    fn present(&mut self) -> Result<Present> {
        let (tags, custom_fields) = match self.state.known_totals() {
            Some(known) => known,
            None => {
                let totals = counter::table.select((counter::tag_live, counter::custom_field_live));
                totals.first(self.connection).map_err(map)?
            }
        };
        Ok(Present {
            tags: tags > 0,
            custom_fields: custom_fields > 0,
        })
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

    fn values_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<ValueOf>> {
        let rows = custom_value::table
            .inner_join(custom_field::table)
            .filter(custom_value::entity.eq(kind.as_str()).and(custom_value::record_id.eq_any(ids)))
            .filter(custom_field::deleted_at.is_null())
            .select((
                custom_value::record_id,
                custom_value::field_id,
                custom_field::key,
                custom_field::field_type,
                custom_value::value,
            ));
        let rows: Vec<(i64, i64, String, String, String)> = rows.load(self.connection).map_err(map)?;
        let of = |(record_id, field_id, key, holds, stored): (i64, i64, String, String, String)| {
            Ok(ValueOf {
                record_id,
                field_id: CustomFieldId::from_i64(field_id),
                key,
                value: value(&holds, stored)?,
            })
        };
        rows.into_iter().map(of).collect()
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

    fn clear_values(&mut self, kind: EntityKind, of: &[(i64, CustomFieldId)]) -> Result<()> {
        let mut of_fields: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (record, field) in of {
            of_fields.entry(field.get()).or_default().push(*record);
        }
        for (field, records) in of_fields {
            let of_field = custom_value::entity.eq(kind.as_str()).and(custom_value::field_id.eq(field));
            let held = custom_value::table.filter(of_field.and(custom_value::record_id.eq_any(records)));
            diesel::delete(held).execute(self.connection).map_err(map)?;
        }
        Ok(())
    }

    fn add_values(&mut self, kind: EntityKind, values: Vec<NewValue>) -> Result<()> {
        let row = |new: NewValue| CustomValueRow {
            entity: kind.as_str().to_owned(),
            record_id: new.record_id,
            field_id: new.field_id.get(),
            value: new.value.stored(),
            sort_key: new.value.sort_key(),
        };
        let rows: Vec<CustomValueRow> = values.into_iter().map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        insert_rows!(self.connection, custom_value::table, &rows).map_err(map)
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
