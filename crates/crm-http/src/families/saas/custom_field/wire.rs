//! The shapes of a custom field.

use crm_domain::{
    field::{Check, Patch},
    id::TenantId,
    tenant::{
        change::EntityKind,
        custom_field::{self, CustomFieldDraft},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{entity_of, word_of};
use crate::{
    families::saas::{
        id::{CUSTOM_FIELD, TENANT, USER, show},
        schema::changes_schema,
    },
    shared::json_body::{Decimal, Given},
};

/// A custom field as it is sent: to create one, or the parts of one to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::CustomFieldRequest)]
pub(crate) struct CustomFieldRequest {
    /// Required to create: `companies`, `contacts`, `leads`, `deals`, `tickets`, `activities` or `tasks`. It never changes.
    #[schema(value_type = String, example = "companies")]
    entity: Given<String>,
    /// Required to create: what requests name it by, in `customFields` and as `customFields.<key>`. Unique among the fields of its entity,
    /// and not the name of a field that the entity has anyway.
    #[schema(value_type = String, pattern = "^[a-z][a-zA-Z0-9_]{0,39}$", example = "tier")]
    key: Given<String>,
    /// What people call it; the key when left out.
    #[schema(value_type = Option<String>, max_length = 100, example = "Customer tier")]
    label: Given<String>,
    /// Required to create: `text` (at most 255 characters, compared whatever their case), `number` (at most 15 digits, 12 of
    /// them before the point and 6 behind it, kept exactly), `date`, `bool` or `choice`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "choice")]
    field_type: Given<String>,
    /// Whether new records need a value, and no record may lose it; false when left out. Records that lack one already stay as they are.
    #[schema(value_type = Option<bool>)]
    required: Given<bool>,
    /// Whether no two records may have the same value; false when left out.
    #[schema(value_type = Option<bool>)]
    unique: Given<bool>,
    /// What a `choice` may hold, in the order in which it is offered; required for that type. Set as a whole.
    #[schema(value_type = Option<Vec<String>>, max_items = 100, example = json!(["Gold", "Silver"]))]
    choices: Given<Vec<String>>,
    /// Its place among the fields of its entity, ascending; behind the others when left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1000000)]
    position: Given<Decimal>,
}

impl CustomFieldRequest {
    pub(super) fn draft(self, check: &mut Check) -> CustomFieldDraft {
        CustomFieldDraft {
            entity: entity(self.entity.patch("entity", check), check),
            key: self.key.patch("key", check),
            label: self.label.patch("label", check),
            field_type: self.field_type.patch("field_type", check),
            required: self.required.patch("required", check),
            unique: self.unique.patch("unique", check),
            choices: self.choices.patch("choices", check),
            position: self.position.patch("position", check),
        }
    }
}

fn entity(given: Patch<String>, check: &mut Check) -> Patch<EntityKind> {
    match given {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(word) if word.trim().is_empty() => Patch::Clear,
        Patch::Set(word) => match entity_of(&word) {
            Ok(kind) => Patch::Set(kind),
            Err(problem) => {
                check.fail("entity", problem);
                Patch::Keep
            }
        },
    }
}

changes_schema! {
    /// Documents a body that changes a custom field.
    CustomFieldChanges = "saas.CustomFieldChanges" of CustomFieldRequest
}

/// A custom field.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::CustomField)]
pub(crate) struct CustomField {
    #[schema(example = "custom_field_1")]
    id: String,
    #[schema(example = "companies")]
    entity: &'static str,
    #[schema(example = "tier")]
    key: String,
    #[schema(example = "Customer tier")]
    label: String,
    /// `text`, `number`, `date`, `bool` or `choice`.
    #[serde(rename = "type")]
    #[schema(example = "choice")]
    field_type: &'static str,
    required: bool,
    unique: bool,
    /// Empty for other types than `choice`.
    #[schema(example = json!(["Gold", "Silver"]))]
    choices: Vec<String>,
    #[schema(example = 1)]
    position: i64,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "2026-01-17T10:30:00Z")]
    updated_at: String,
    /// Null when no user but an integration or an import made it.
    #[schema(example = "user_456")]
    created_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl CustomField {
    pub(super) fn of(field: custom_field::CustomField, tenant: TenantId) -> Self {
        let fields = field.fields;
        Self {
            id: show(CUSTOM_FIELD, field.id),
            entity: word_of(fields.entity),
            key: fields.key.into_inner(),
            label: fields.label.into_inner(),
            field_type: fields.field_type.as_str(),
            required: fields.required,
            unique: fields.unique,
            choices: fields.choices.into_iter().map(|choice| choice.into_inner()).collect(),
            position: fields.position,
            created_at: field.created_at.to_second_precision(),
            updated_at: field.updated_at.to_second_precision(),
            created_by: field.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
