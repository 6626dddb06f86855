//! Custom fields in lists: `filter[customFields.tier]` and `sortBy=customFields.tier`, as for any field. What fields there are, the tenant's
//! definitions say; they are read only for requests that name one.

use crm_domain::{
    Result,
    id::CustomFieldId,
    query::{CustomColumn, Field, Value},
    tenant::{
        TenantReader,
        change::{Entity, EntityKind},
        custom_field::{CustomField, Definitions},
    },
};

use crate::{
    families::saas::{error::SaasError, page::Query, word::CUSTOM},
    shared::tenant::TenantSession,
};

/// The custom fields that a request can mean.
#[derive(Default)]
pub(super) struct CustomFields(Option<Definitions>);

impl CustomFields {
    /// Those of the noun, when the request names one.
    pub async fn meant_by<F: Field<Record: Entity>>(tenant: &TenantSession, query: &Query) -> Result<Self, SaasError> {
        if !has_custom_fields::<F>() || !names_one(query) {
            return Ok(Self::default());
        }
        let read = |reader: &mut dyn TenantReader| Definitions::read(reader.custom_fields(), F::Record::KIND);
        Ok(Self(Some(tenant.read(read).await?)))
    }

    fn all(&self) -> &[CustomField] {
        self.0.as_ref().map_or(&[], Definitions::fields)
    }

    /// Their names as the noun's fields.
    pub fn names<F: Field>(&self) -> impl Iterator<Item = (String, F)> {
        let named = |field: &CustomField| F::of_custom(field.column()).map(|of_noun| (name_of(field), of_noun));
        self.all().iter().filter_map(named)
    }

    /// The definition of one of the noun's fields, which is a custom one.
    pub fn definition<F: Field>(&self, field: F) -> Option<&CustomField> {
        let column = field.custom()?;
        self.all().iter().find(|field| field.id == column.id)
    }
}

fn name_of(field: &CustomField) -> String {
    format!("{CUSTOM}{}", field.fields.key)
}

fn names_one(query: &Query) -> bool {
    let is_sorted = query.text("sortBy").is_some_and(|name| name.starts_with(CUSTOM));
    is_sorted || query.beginning_with(&format!("filter[{CUSTOM}")).next().is_some()
}

/// Whether the noun can have custom fields.
pub(super) fn has_custom_fields<F: Field>() -> bool {
    // Any column will do: whether the noun takes one does not depend on which.
    let any = CustomColumn {
        id: crm_domain::id::RecordId::from_i64(0),
        holds: crm_domain::tenant::custom_field::FieldType::Text,
    };
    F::of_custom(any).is_some()
}

/// What a record has in a custom field, as lists compare it.
pub(super) fn value_of(reader: &mut dyn TenantReader, kind: EntityKind, record: i64, field: CustomFieldId) -> Result<Option<Value>> {
    let values = reader.labels().values_of(kind, &[record])?;
    let held = values.into_iter().find(|held| held.field_id == field);
    Ok(held.map(|held| Value::Text(held.value.sort_key())))
}
