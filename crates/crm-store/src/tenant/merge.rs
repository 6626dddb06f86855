//! Merges in SQL.

use std::collections::BTreeMap;

use crm_domain::{
    error::{Error, Result},
    id::{CustomFieldId, MergeId, RecordId, TagId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::{
        change::EntityKind,
        label::Brought,
        merge::{Merge, MergeField, MergeFilter, MergeReads, MergeRepository, NewMerge},
    },
};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Session, Writing,
    column::unreadable,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::merge,
};
use crate::error::map;

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = merge, treat_none_as_default_value = false)]
pub(crate) struct MergeRow {
    id: i64,
    entity: String,
    survivor_id: i64,
    merged_ids: String,
    moved: String,
    filled: String,
    labels: String,
    created_at: i64,
    created_by: Option<i64>,
    undone_at: Option<i64>,
    undone_by: Option<i64>,
}

/// The labels that a merge brought, as their JSON keeps them.
#[derive(Serialize, Deserialize)]
struct Labels {
    tags: Vec<i64>,
    custom_fields: BTreeMap<i64, String>,
}

impl From<Labels> for Brought {
    fn from(labels: Labels) -> Self {
        let of_field = |(id, value)| (CustomFieldId::from_i64(id), value);
        Self {
            tags: labels.tags.into_iter().map(TagId::from_i64).collect(),
            custom_fields: labels.custom_fields.into_iter().map(of_field).collect(),
        }
    }
}

impl TryFrom<&Merge> for MergeRow {
    type Error = Error;

    fn try_from(merge: &Merge) -> Result<Self> {
        let done = &merge.done;
        let moved: BTreeMap<&str, u64> = done.moved.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        let labels = Labels {
            tags: done.labels.tags.iter().map(|tag| tag.get()).collect(),
            custom_fields: done
                .labels
                .custom_fields
                .iter()
                .map(|(id, value)| (id.get(), value.clone()))
                .collect(),
        };
        Ok(Self {
            id: merge.id.get(),
            entity: done.kind.as_str().to_owned(),
            survivor_id: done.survivor_id,
            merged_ids: json(&done.merged_ids)?,
            moved: json(&moved)?,
            filled: json(&done.filled)?,
            labels: json(&labels)?,
            created_at: merge.created_at.micros(),
            created_by: merge.created_by.map(RecordId::get),
            undone_at: merge.undone_at.map(Stamp::micros),
            undone_by: merge.undone_by.map(RecordId::get),
        })
    }
}

impl TryFrom<MergeRow> for Merge {
    type Error = Error;

    fn try_from(row: MergeRow) -> Result<Self> {
        let moved: BTreeMap<String, u64> = read(&row.moved)?;
        let labels: Labels = read(&row.labels)?;
        let done = NewMerge {
            kind: kind(&row.entity)?,
            survivor_id: row.survivor_id,
            merged_ids: read(&row.merged_ids)?,
            moved: moved
                .into_iter()
                .map(|(of, count)| Ok((kind(&of)?, count)))
                .collect::<Result<_>>()?,
            filled: read(&row.filled)?,
            labels: labels.into(),
        };
        Ok(Self {
            id: MergeId::from_i64(row.id),
            done,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            undone_at: row.undone_at.map(Stamp::from_micros),
            undone_by: row.undone_by.map(UserId::from_i64),
        })
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

fn read<T: DeserializeOwned>(stored: &str) -> Result<T> {
    serde_json::from_str(stored).map_err(|_| unreadable("part of a merge", stored))
}

fn kind(stored: &str) -> Result<EntityKind> {
    EntityKind::parse(stored).ok_or_else(|| unreadable("kind of record", stored))
}

impl Listed for MergeField {
    type Columns = ColumnsOf<merge::table>;
    type Row = MergeRow;
    const TABLE: Table = Table {
        is_searchable: false,
        keeps_deleted: false,
        ..Table::of_records("merge")
    };
    const TOTAL: &'static str = "merge_total";

    fn columns() -> Self::Columns {
        merge::all_columns
    }

    fn record(row: MergeRow) -> Result<Merge> {
        row.try_into()
    }
}

impl<State> MergeReads for Session<'_, State> {
    fn lookup(&mut self, id: MergeId) -> Result<Option<Merge>> {
        let row: Option<MergeRow> = merge::table.find(id.get()).first(self.connection).optional().map_err(map)?;
        row.map(Merge::try_from).transpose()
    }

    fn list(&mut self, filter: &MergeFilter, sort: Sort<MergeField>, window: &Window) -> Result<Page<Merge>> {
        list::page(self, filter, sort, window)
    }
}

impl MergeRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, done: NewMerge) -> Result<Merge> {
        let merge = Merge {
            id: MergeId::from_i64(next(&mut self.state.counters.merge_id)),
            done,
            created_at: self.state.stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
            undone_at: None,
            undone_by: None,
        };
        self.state.counters.merge_total += 1;
        diesel::insert_into(merge::table)
            .values(&MergeRow::try_from(&merge)?)
            .execute(self.connection)
            .map_err(map)?;
        Ok(merge)
    }

    fn settle(&mut self, id: MergeId) -> Result<Merge> {
        let settled = diesel::update(merge::table.find(id.get()))
            .set((
                merge::undone_at.eq(self.state.stamp.micros()),
                merge::undone_by.eq(self.state.created_by()),
            ))
            .execute(self.connection)
            .map_err(map)?;
        found(settled, id)?;
        MergeReads::lookup(self, id)?.ok_or_else(|| Error::not_found(MergeId::NOUN, id))
    }
}
