//! The shapes of a tag.

use crm_domain::{
    field::{Check, Text},
    id::TenantId,
    tenant::tag::{self, Color, TagDraft},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        id::{TENANT, USER, show},
        schema::changes_schema,
        word::TAG,
    },
    shared::json_body::Given,
};

/// A tag as it is sent: to create one, or the fields of one to change. Null clears a field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TagRequest)]
pub(crate) struct TagRequest {
    /// Required to create; unique among the tenant's tags, whatever its case. At most 50 letters, none of them a comma.
    #[schema(value_type = String, example = "VIP")]
    name: Given<String>,
    /// Six hexadecimal digits.
    #[schema(value_type = Option<String>, example = "#1a2b3c")]
    color: Given<String>,
    #[schema(value_type = Option<String>)]
    description: Given<String>,
}

impl TagRequest {
    pub(super) fn draft(self, check: &mut Check) -> TagDraft {
        TagDraft {
            name: self.name.patch("name", check),
            color: self.color.patch("color", check),
            description: self.description.patch("description", check),
        }
    }
}

changes_schema! {
    /// Documents a body that changes a tag.
    TagChanges = "saas.TagChanges" of TagRequest
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Tag)]
pub(crate) struct Tag {
    #[schema(example = "tag_3")]
    id: String,
    #[schema(example = "VIP")]
    name: String,
    #[schema(example = "#1a2b3c")]
    color: Option<String>,
    description: Option<String>,
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

impl Tag {
    pub(super) fn of(tag: tag::Tag, tenant: TenantId) -> Self {
        let fields = tag.fields;
        Self {
            id: show(TAG, tag.id),
            name: fields.name.into_inner(),
            color: fields.color.map(Color::into_inner),
            description: fields.description.map(Text::into_inner),
            created_at: tag.created_at.to_second_precision(),
            updated_at: tag.updated_at.to_second_precision(),
            created_by: tag.created_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}
