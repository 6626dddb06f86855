//! The shapes of a merge, and the documentation of the nouns' own routes.

use std::collections::BTreeMap;

use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::{RecordId, TenantId},
    tenant::{change::EntityKind, merge::Merge},
    usecase::merge::MERGE_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{
        Content, HttpMethod, OpenApi, Ref, RefOr, Required,
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::Merging;
use crate::{
    families::saas::{
        document::{Words, answering, described, id_of, json_response, with_key},
        error::{BodyResponses, LookupResponses, StateResponses},
        id::{TENANT, USER, show},
        word::{CUSTOM_FIELD, MERGE, TAG, field_of, is_foreign, noun_of, prefix_of},
    },
    shared::json_body::Given,
};

/// The records that become one with another.
#[derive(Debug, Deserialize)]
pub(super) struct MergeRequest {
    ids: Given<Vec<String>>,
}

impl MergeRequest {
    /// Their ids; `None` for what can be none.
    pub(super) fn ids<N: Merging>(self, check: &mut Check) -> Vec<Option<N::Id>> {
        match self.ids.patch::<Vec<String>>("ids", check) {
            Patch::Set(texts) => texts.iter().map(|text| N::Id::parse_prefixed(text, N::PREFIX)).collect(),
            Patch::Keep | Patch::Clear => {
                check.fail("ids", Problem::Required);
                Vec::new()
            }
        }
    }
}

/// What came of merging.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Merged<T> {
    /// The record that remains, as it is now.
    record: T,
    merge_id: String,
    /// How many became one with it.
    merged: usize,
    /// How many records of each noun refer to it since.
    moved: BTreeMap<String, u64>,
}

impl<T> Merged<T> {
    pub(super) fn of(record: T, merge: &Merge) -> Self {
        Self {
            record,
            merge_id: show(MERGE, merge.id),
            merged: merge.done.merged_ids.len(),
            moved: moved_of(merge),
        }
    }
}

/// A merge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Merge)]
pub(crate) struct MergeInfo {
    #[schema(example = "merge_7")]
    id: String,
    /// `company`, `contact` or `lead`.
    #[schema(example = "company")]
    entity: &'static str,
    /// The record that remained.
    #[schema(example = "company_1")]
    survivor_id: String,
    /// Those that became one with it.
    #[schema(example = json!(["company_2"]))]
    merged_ids: Vec<String>,
    /// How many records of each noun were moved from these to that.
    #[schema(example = json!({"deals": 3}))]
    moved: BTreeMap<String, u64>,
    /// Its fields that were filled.
    #[schema(example = json!(["phone"]))]
    filled_fields: Vec<String>,
    /// The custom fields in which it had nothing.
    #[schema(example = json!(["custom_field_2"]))]
    custom_field_ids: Vec<String>,
    /// The tags that it did not carry before.
    #[schema(example = json!(["tag_3"]))]
    tag_ids: Vec<String>,
    #[schema(example = "2026-01-17T10:30:00Z")]
    created_at: String,
    #[schema(example = "user_456")]
    created_by: Option<String>,
    /// Null while it stands.
    #[schema(example = "2026-01-18T10:30:00Z")]
    undone_at: Option<String>,
    #[schema(example = "user_456")]
    undone_by: Option<String>,
    #[schema(example = "tenant_789")]
    tenant_id: String,
}

impl MergeInfo {
    pub(super) fn of(merge: Merge, tenant: TenantId) -> Self {
        let prefix = prefix_of(merge.done.kind);
        Self {
            id: show(MERGE, merge.id),
            entity: noun_of(merge.done.kind.as_str()),
            survivor_id: format!("{prefix}{}", merge.done.survivor_id),
            merged_ids: merge.done.merged_ids.iter().map(|id| format!("{prefix}{id}")).collect(),
            moved: moved_of(&merge),
            filled_fields: filled_of(&merge),
            custom_field_ids: merge.done.labels.custom_fields.keys().map(|id| show(CUSTOM_FIELD, *id)).collect(),
            tag_ids: merge.done.labels.tags.iter().map(|tag| show(TAG, *tag)).collect(),
            created_at: merge.created_at.to_second_precision(),
            created_by: merge.created_by.map(|id| show(USER, id)),
            undone_at: merge.undone_at.map(crm_domain::stamp::Stamp::to_second_precision),
            undone_by: merge.undone_by.map(|id| show(USER, id)),
            tenant_id: show(TENANT, tenant),
        }
    }
}

/// The fields that this family speaks of.
fn filled_of(merge: &Merge) -> Vec<String> {
    let known = |field: &&String| !is_foreign(merge.done.kind, field);
    merge.done.filled.keys().filter(known).map(|field| field_of(field)).collect()
}

/// `{"companies": 1, "deals": 3}`.
fn moved_of(merge: &Merge) -> BTreeMap<String, u64> {
    merge.done.moved.iter().map(|(kind, count)| (plural_of(*kind), *count)).collect()
}

/// What many records of a kind are called.
fn plural_of(kind: EntityKind) -> String {
    let noun = noun_of(kind.as_str());
    noun.strip_suffix('y')
        .map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// Documents a noun's route.
pub(super) fn document<N: Merging>(document: &mut OpenApi) {
    let words = Words::of::<N>();
    let noun = N::PREFIX.trim_end_matches('_');
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let number = || ObjectBuilder::new().schema_type(Type::Integer);
    let ids = ArrayBuilder::new()
        .items(text().examples([format!("{}13", N::PREFIX)]))
        .min_items(Some(1))
        .max_items(Some(MERGE_MAX))
        .build();
    let body = ObjectBuilder::new().property("ids", Schema::Array(ids)).required("ids");
    let body = RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(Schema::Object(body.build()))))
        .required(Some(Required::True))
        .build();
    let moved = ObjectBuilder::new()
        .additional_properties(Some(Schema::Object(number().build())))
        .description(Some("How many records of each noun refer to it since"))
        .examples([serde_json::json!({"deals": 3})]);
    let answer = ObjectBuilder::new()
        .property("record", RefOr::Ref::<Schema>(Ref::from_schema_name(N::Resource::name())))
        .property("mergeId", text().examples(["merge_7"]))
        .property("merged", number().description(Some("How many records became one with it")))
        .property("moved", moved)
        .required("record")
        .required("mergeId")
        .required("merged")
        .required("moved");
    let plural = N::PLURAL;
    let summary = format!(
        "Merges other {plural} into this {noun}. It keeps its own values; the fields that it lacks are filled from the others in the order \
         given. Whatever referred to them refers to it, and it carries the tags of all. They are deleted; restored, one lives again by itself. \
         `POST /api/merges/{{id}}/undo` takes it all back."
    );
    let operation = described(&words, &summary, format!("saas_merge_{plural}"))
        .parameter(id_of::<N>())
        .request_body(Some(body))
        .response(
            "200",
            json_response(
                &format!("The {noun} as it is now, and what was done"),
                RefOr::T(Schema::Object(answer.build())),
            ),
        );
    let operation = answering(
        operation,
        [
            LookupResponses::responses(),
            BodyResponses::responses(),
            StateResponses::responses(),
        ],
    );
    document
        .paths
        .add_path_operation(N::MERGE, vec![HttpMethod::Post], with_key(operation));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_are_told_in_this_familys_plurals() {
        let told = [EntityKind::Account, EntityKind::Activity, EntityKind::Opportunity, EntityKind::Task].map(plural_of);
        assert_eq!(told, ["companies", "activities", "deals", "tasks"]);
    }
}
