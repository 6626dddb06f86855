//! Tags in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{RecordId, TagId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::tag::{Color, Tag, TagField, TagFields, TagFilter, TagReads, TagRepository},
};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
    dsl::{count_star, exists},
};
use uuid::Uuid;

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::{account, contact, lead, opportunity, record_tag, tag, ticket},
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = tag, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct TagRow {
    id: i64,
    uuid: String,
    name: String,
    name_key: String,
    color: Option<String>,
    description: Option<String>,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&Tag> for TagRow {
    fn from(tag: &Tag) -> Self {
        let fields = tag.fields.clone();
        Self {
            id: tag.id.get(),
            uuid: tag.uuid.to_string(),
            name_key: fields.name.to_lowercase(),
            search_text: fields.search_text(),
            name: fields.name.into_inner(),
            color: fields.color.map(Color::into_inner),
            description: fields.description.map(Text::into_inner),
            created_at: tag.created_at.micros(),
            created_by: tag.created_by.map(RecordId::get),
            updated_at: tag.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<TagRow> for Tag {
    type Error = Error;

    fn try_from(row: TagRow) -> Result<Self> {
        let fields = TagFields {
            name: Text::from_store(row.name),
            color: row.color.map(Color::from_store),
            description: row.description.map(Text::from_store),
        };
        Ok(Self {
            id: TagId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for TagField {
    type Columns = ColumnsOf<tag::table>;
    type Row = TagRow;
    const TABLE: Table = Table::of_records("tag");
    const TOTAL: &'static str = "tag_live";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        tag::all_columns
    }

    fn record(row: TagRow) -> Result<Tag> {
        row.try_into()
    }
}

impl<State> TagReads for Session<'_, State> {
    fn lookup(&mut self, id: TagId) -> Result<Option<Tag>> {
        let row = tag::table.find(id.get()).filter(tag::deleted_at.is_null());
        let row: Option<TagRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Tag::try_from).transpose()
    }

    fn ids_of(&mut self, uuids: &[Uuid]) -> Result<Vec<(Uuid, TagId)>> {
        let texts: Vec<String> = uuids.iter().map(Uuid::to_string).collect();
        let rows = tag::table.filter(tag::uuid.eq_any(texts)).select((tag::uuid, tag::id));
        let rows: Vec<(String, i64)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(|(text, id)| Ok((uuid(&text)?, TagId::from_i64(id)))).collect()
    }

    fn lookup_many(&mut self, ids: &[TagId]) -> Result<Vec<Tag>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = tag::table.filter(tag::id.eq_any(ids)).filter(tag::deleted_at.is_null());
        let rows: Vec<TagRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Tag::try_from).collect()
    }

    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Tag>> {
        let keys: Vec<String> = list::storable(names).iter().map(|name| name.trim().to_lowercase()).collect();
        let rows = tag::table.filter(tag::name_key.eq_any(keys)).filter(tag::deleted_at.is_null());
        let rows: Vec<TagRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Tag::try_from).collect()
    }

    fn list(&mut self, filter: &TagFilter, sort: Sort<TagField>, window: &Window) -> Result<Page<Tag>> {
        list::page(self, filter, sort, window)
    }

    fn usage(&mut self, ids: &[TagId]) -> Result<Vec<(TagId, u64)>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        // Deleted records keep their tags, to be restored with them.
        macro_rules! live {
            ($table:ident) => {{
                let records = $table::table.filter($table::id.eq(record_tag::record_id));
                let records = records.filter($table::deleted_at.is_null());
                record_tag::entity.eq(stringify!($table)).and(exists(records))
            }};
        }
        let counts = record_tag::table
            .filter(record_tag::tag_id.eq_any(ids))
            .filter(
                live!(account)
                    .or(live!(contact))
                    .or(live!(lead))
                    .or(live!(opportunity))
                    .or(live!(ticket)),
            )
            .group_by(record_tag::tag_id)
            .select((record_tag::tag_id, count_star()));
        let counts: Vec<(i64, i64)> = counts.load(self.connection).map_err(map)?;
        let count = |(id, count)| (TagId::from_i64(id), u64::try_from(count).unwrap_or(0));
        Ok(counts.into_iter().map(count).collect())
    }
}

impl TagRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<TagFields>) -> Result<Vec<Tag>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut new = |fields| Tag {
            id: TagId::from_i64(next(&mut self.state.counters.tag_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Tag> = fields.into_iter().map(&mut new).collect();
        self.state.counters.tag_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<TagRow> = added.iter().map(TagRow::from).collect();
        insert_rows!(self.connection, tag::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, tag: &Tag) -> Result<()> {
        let row = TagRow::from(tag);
        let live = tag::table.find(row.id).filter(tag::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, tag.id)
    }

    fn remove(&mut self, id: TagId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(tag::table.find(id.get()).filter(tag::deleted_at.is_null()))
            .set((tag::deleted_at.eq(stamp), tag::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.tag_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: TagId) -> Result<Option<Tag>> {
        let row = tag::table.find(id.get()).filter(tag::deleted_at.is_not_null());
        let row: Option<TagRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Tag::try_from).transpose()
    }

    fn restore(&mut self, tag: &Tag) -> Result<()> {
        let deleted = tag::table.find(tag.id.get()).filter(tag::deleted_at.is_not_null());
        let set = (tag::deleted_at.eq(None::<i64>), tag::updated_at.eq(self.state.stamp.micros()));
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        self.state.counters.tag_live += i64::try_from(restored).unwrap_or(0);
        found(restored, tag.id)
    }
}
