//! Custom fields in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{CustomFieldId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::{
        change::EntityKind,
        custom_field::{
            CustomField, CustomFieldField, CustomFieldFields, CustomFieldFilter, CustomFieldReads, CustomFieldRepository, FieldKey,
            FieldType, FieldValue,
        },
    },
};
use diesel::{
    AsChangeset, BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
    dsl::{count_star, exists},
};

use super::{
    Session, Writing,
    column::{unreadable, uuid, word},
    counter::next,
    found,
    label::of_kind,
    list::{self, ColumnsOf, Listed, Table},
    schema::{custom_field, custom_value},
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = custom_field, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct CustomFieldRow {
    id: i64,
    uuid: String,
    entity: String,
    key: String,
    label: String,
    field_type: String,
    required: bool,
    is_unique: bool,
    /// In JSON.
    choices: String,
    position: i64,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl TryFrom<&CustomField> for CustomFieldRow {
    type Error = Error;

    fn try_from(field: &CustomField) -> Result<Self> {
        let fields = field.fields.clone();
        Ok(Self {
            id: field.id.get(),
            uuid: field.uuid.to_string(),
            entity: fields.entity.as_str().to_owned(),
            key: fields.key.into_inner(),
            label: fields.label.into_inner(),
            field_type: fields.field_type.as_str().to_owned(),
            required: fields.required,
            is_unique: fields.unique,
            choices: serde_json::to_string(&fields.choices).map_err(|error| Error::Internal(error.to_string()))?,
            position: fields.position,
            created_at: field.created_at.micros(),
            created_by: field.created_by.map(RecordId::get),
            updated_at: field.updated_at.micros(),
            deleted_at: None,
        })
    }
}

impl TryFrom<CustomFieldRow> for CustomField {
    type Error = Error;

    fn try_from(row: CustomFieldRow) -> Result<Self> {
        let choices: Vec<String> = serde_json::from_str(&row.choices).map_err(|_| unreadable("list of choices", &row.choices))?;
        let fields = CustomFieldFields {
            entity: EntityKind::parse(&row.entity).ok_or_else(|| unreadable("kind of record", &row.entity))?,
            key: FieldKey::from_store(row.key),
            label: Text::from_store(row.label),
            field_type: word(&row.field_type, FieldType::parse)?,
            required: row.required,
            unique: row.is_unique,
            choices: choices.into_iter().map(Text::from_store).collect(),
            position: row.position,
        };
        Ok(Self {
            id: CustomFieldId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for CustomFieldField {
    type Columns = ColumnsOf<custom_field::table>;
    type Row = CustomFieldRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("custom_field")
    };
    const TOTAL: &'static str = "custom_field_live";

    fn column(self) -> &'static str {
        match self {
            Self::Unique => "is_unique",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        custom_field::all_columns
    }

    fn record(row: CustomFieldRow) -> Result<CustomField> {
        row.try_into()
    }
}

/// A stored value of a field of this type.
pub(super) fn value(field_type: &str, stored: String) -> Result<FieldValue> {
    let holds = word(field_type, FieldType::parse)?;
    FieldValue::from_store(holds, stored.clone()).map_err(|_| unreadable(field_type, &stored))
}

impl<State> CustomFieldReads for Session<'_, State> {
    fn lookup(&mut self, id: CustomFieldId) -> Result<Option<CustomField>> {
        let row = custom_field::table.find(id.get()).filter(custom_field::deleted_at.is_null());
        let row: Option<CustomFieldRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(CustomField::try_from).transpose()
    }

    fn of_kind(&mut self, kind: EntityKind) -> Result<Vec<CustomField>> {
        let rows = custom_field::table
            .filter(custom_field::entity.eq(kind.as_str()))
            .filter(custom_field::deleted_at.is_null())
            .order((custom_field::position.asc(), custom_field::id.asc()));
        let rows: Vec<CustomFieldRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(CustomField::try_from).collect()
    }

    fn list(&mut self, filter: &CustomFieldFilter, sort: Sort<CustomFieldField>, window: &Window) -> Result<Page<CustomField>> {
        list::page(self, filter, sort, window)
    }

    fn holders(&mut self, id: CustomFieldId, sort_keys: &[String]) -> Result<Vec<(i64, String)>> {
        let held = custom_value::field_id.eq(id.get()).and(custom_value::sort_key.eq_any(sort_keys));
        let rows = custom_value::table
            .filter(held)
            .select((custom_value::record_id, custom_value::sort_key));
        rows.load(self.connection).map_err(map)
    }

    fn has_values(&mut self, id: CustomFieldId) -> Result<bool> {
        let values = custom_value::table.filter(custom_value::field_id.eq(id.get()));
        let first: Option<i64> = values
            .select(custom_value::record_id)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        Ok(first.is_some())
    }

    fn used_choice(&mut self, id: CustomFieldId, choices: &[String]) -> Result<Option<String>> {
        let used = custom_value::field_id.eq(id.get()).and(custom_value::sort_key.eq_any(choices));
        let first = custom_value::table
            .filter(used)
            .order(custom_value::sort_key.asc())
            .select(custom_value::value);
        first.first(self.connection).optional().map_err(map)
    }

    fn has_duplicates(&mut self, field: &CustomField) -> Result<bool> {
        of_kind!(field.fields.entity, |record| {
            let live = record::table
                .filter(record::id.eq(custom_value::record_id))
                .filter(record::deleted_at.is_null());
            let held = custom_value::field_id.eq(field.id.get()).and(exists(live));
            let several = custom_value::table
                .filter(held)
                .group_by(custom_value::sort_key)
                .having(count_star().gt(1))
                .select(count_star());
            let first: Option<i64> = several.first(self.connection).optional().map_err(map)?;
            Ok(first.is_some())
        })
    }
}

impl CustomFieldRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<CustomFieldFields>) -> Result<Vec<CustomField>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| CustomField {
            id: CustomFieldId::from_i64(next(&mut self.state.counters.custom_field_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<CustomField> = fields.into_iter().map(&mut make).collect();
        self.state.counters.custom_field_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows = added.iter().map(CustomFieldRow::try_from).collect::<Result<Vec<_>>>()?;
        insert_rows!(self.connection, custom_field::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, field: &CustomField) -> Result<()> {
        let row = CustomFieldRow::try_from(field)?;
        let live = custom_field::table.find(row.id).filter(custom_field::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, field.id)
    }

    fn remove(&mut self, id: CustomFieldId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(custom_field::table.find(id.get()).filter(custom_field::deleted_at.is_null()))
            .set((custom_field::deleted_at.eq(stamp), custom_field::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.custom_field_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn restore(&mut self, id: CustomFieldId) -> Result<Option<CustomField>> {
        let stamp = self.state.stamp.micros();
        let restored = diesel::update(custom_field::table.find(id.get()).filter(custom_field::deleted_at.is_not_null()))
            .set((custom_field::deleted_at.eq(None::<i64>), custom_field::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.custom_field_live += i64::try_from(restored).unwrap_or(0);
        CustomFieldReads::lookup(self, id)
    }
}
