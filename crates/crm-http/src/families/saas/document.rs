//! Documents the operations that every noun has.

mod bulk;
mod condition;
mod resource;
mod tagging;

use std::collections::BTreeMap;

use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::{
        Content, HttpMethod, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Schema, Type},
        security::SecurityRequirement,
    },
};

use super::{
    change::history::{HistoryPage, HistoryParams},
    error::{ErrorResponses, LookupResponses, StateResponses},
    noun::Noun,
};

pub(super) use condition::Conditions;
pub(super) use tagging::tagging;

/// A noun in the documentation's words.
pub(super) struct Words {
    /// `sla_policy`, as operation ids have it.
    id: &'static str,
    /// `sla_policies`.
    ids: String,
    /// `SLA policy`.
    one: String,
    /// `an SLA policy`.
    a: String,
    /// `SLA policies`.
    many: String,
    /// `sla-policies`: its operations' tag.
    tag: &'static str,
}

impl Words {
    pub(super) fn of<N: Noun>() -> Self {
        let id = N::PREFIX.trim_end_matches('_');
        let tag = N::PATHS.list.rsplit('/').next().unwrap_or_default();
        let said = |word: &str| word.replace(['_', '-'], " ").replace("sla ", "SLA ");
        let one = said(id);
        let article = if one.starts_with(['a', 'e', 'i', 'o', 'u', 'S']) {
            "an"
        } else {
            "a"
        };
        Self {
            id,
            ids: tag.replace('-', "_"),
            a: format!("{article} {one}"),
            one,
            many: said(tag),
            tag,
        }
    }
}

/// Documents a noun's operations and what they send.
pub(super) fn document<N: Noun>(document: &mut OpenApi) {
    let words = Words::of::<N>();
    resource::document::<N>(document, &words);
    bulk::document::<N>(document, &words);
    let summary = format!(
        "Restores a deleted {}: it keeps its id, and what its deletion took apart is put together again.",
        words.one
    );
    let restored = described(&words, &summary, format!("saas_restore_{}", words.id))
        .parameter(id_of::<N>())
        .response(
            "200",
            json_response(&format!("The {} as it is now", words.one), reference::<N::Resource>()),
        );
    let restored = answering(restored, [LookupResponses::responses(), StateResponses::responses()]);
    let summary = format!(
        "Lists what happened to {}, newest first. A deleted one still has its history.",
        words.a
    );
    let history = described(&words, &summary, format!("saas_list_changes_of_{}", words.id))
        .parameter(id_of::<N>())
        .parameters(Some(HistoryParams::into_params(|| Some(ParameterIn::Query))))
        .response("200", json_response("A part of the history", reference::<HistoryPage>()));
    let history = answering(history, [LookupResponses::responses()]);
    let paths = &mut document.paths;
    paths.add_path_operation(N::PATHS.restore, vec![HttpMethod::Post], with_key(restored));
    paths.add_path_operation(N::PATHS.changes, vec![HttpMethod::Get], history);
}

pub(super) fn described(words: &Words, summary: &str, id: String) -> OperationBuilder {
    OperationBuilder::new()
        .tag(words.tag)
        .operation_id(Some(id))
        .summary(Some(summary))
        .security(SecurityRequirement::new("accessToken", Vec::<String>::new()))
}

/// With these answers, and those that every operation has.
pub(super) fn answering(mut operation: OperationBuilder, more: impl IntoIterator<Item = BTreeMap<String, RefOr<Response>>>) -> Operation {
    for (status, response) in ErrorResponses::responses().into_iter().chain(more.into_iter().flatten()) {
        operation = operation.response(status, response);
    }
    operation.build()
}

pub(super) fn with_key(operation: Operation) -> Operation {
    with_header(
        operation,
        "Idempotency-Key",
        "A request sent again with the same key and body takes effect once",
    )
}

fn with_header(mut operation: Operation, name: &str, description: &str) -> Operation {
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(header));
    operation
}

pub(super) fn id_of<N: Noun>() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(format!("{}12", N::PREFIX).into()))
        .build()
}

fn reference<T: ToSchema>() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(T::name()))
}

pub(super) fn json_response(description: &str, schema: RefOr<Schema>) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(schema)))
        .build()
}
