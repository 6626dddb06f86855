//! Documents the operations that every noun has.

use crm_domain::{id::RecordId, usecase::bulk::BULK_MAX};
use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::{
        Content, HttpMethod, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
        security::SecurityRequirement,
    },
};

use super::{
    change::history::{HistoryPage, HistoryParams},
    error::{BodyResponses, ErrorResponses, LookupResponses, StateResponses},
    noun::Noun,
    word::noun_of,
};

/// Documents a noun's bulk operations, its restoring and its history.
pub(super) fn document<N: Noun>(document: &mut OpenApi) {
    let plural = N::PLURAL;
    let noun = noun_of(<N::Id as RecordId>::NOUN);
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let resource = || RefOr::Ref(Ref::from_schema_name(N::Resource::name()));
    let request = || RefOr::Ref(Ref::from_schema_name(N::Request::name()));
    let bulk = |summary: &str, id: String, items, status, done| {
        let operation = described::<N>(summary, id).request_body(Some(list_of(if done == "deleted" { "ids" } else { plural }, items)));
        let shown = (done != "deleted").then(resource);
        let operation = operation.response(status, told(shown, done));
        common(operation, BodyResponses::responses()).build()
    };
    let ids = || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()));
    let changes = RefOr::T(Schema::Object(
        ObjectBuilder::new()
            .property("id", ids())
            .required("id")
            .description(Some(format!("The id of {article} {noun} and the fields to change")))
            .build(),
    ));
    let created = bulk(
        &format!("Creates up to {BULK_MAX} {plural} at once. One that is not valid fails alone."),
        format!("saas_create_many_{plural}"),
        request(),
        "201",
        "created",
    );
    let created = with_key(created);
    let updated = bulk(
        &format!("Changes up to {BULK_MAX} {plural} at once. One that is not valid fails alone."),
        format!("saas_update_many_{plural}"),
        changes,
        "200",
        "updated",
    );
    let summary = format!("Deletes up to {BULK_MAX} {plural} at once. An unknown id fails alone.");
    let deleted = bulk(&summary, format!("saas_delete_many_{plural}"), ids(), "200", "deleted");
    let also = bulk(
        &format!("{summary} For clients that cannot send a body with `DELETE`."),
        format!("saas_delete_many_{plural}_by_post"),
        ids(),
        "200",
        "deleted",
    );
    let summary = format!("Restores a deleted {noun}: it keeps its id, and what its deletion took apart is put together again.");
    let restored = described::<N>(&summary, format!("saas_restore_{noun}"))
        .parameter(id_of::<N>())
        .response("200", json_response(&format!("The {noun} as it is now"), resource()));
    let restored = common(restored, LookupResponses::responses());
    let restored = with_key(common(restored, StateResponses::responses()).build());
    let history = described::<N>(
        &format!("Lists what happened to {article} {noun}, newest first. A deleted one still has its history."),
        format!("saas_list_changes_of_{noun}"),
    )
    .parameter(id_of::<N>())
    .parameters(Some(HistoryParams::into_params(|| Some(ParameterIn::Query))))
    .response(
        "200",
        json_response("A part of the history", RefOr::Ref(Ref::from_schema_name(HistoryPage::name()))),
    );
    let history = common(history, LookupResponses::responses()).build();
    let paths = &mut document.paths;
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Post], created);
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Put], updated);
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Delete], deleted);
    paths.add_path_operation(N::PATHS.bulk_delete, vec![HttpMethod::Post], with_key(also));
    paths.add_path_operation(N::PATHS.restore, vec![HttpMethod::Post], restored);
    paths.add_path_operation(N::PATHS.changes, vec![HttpMethod::Get], history);
}

fn described<N: Noun>(summary: &str, id: String) -> OperationBuilder {
    OperationBuilder::new()
        .tag(N::PLURAL)
        .operation_id(Some(id))
        .summary(Some(summary))
        .security(SecurityRequirement::new("accessToken", Vec::<String>::new()))
}

fn common(mut operation: OperationBuilder, responses: std::collections::BTreeMap<String, RefOr<Response>>) -> OperationBuilder {
    for (status, response) in ErrorResponses::responses().into_iter().chain(responses) {
        operation = operation.response(status, response);
    }
    operation
}

fn with_key(mut operation: Operation) -> Operation {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A request sent again with the same key and body takes effect once"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(key));
    operation
}

fn id_of<N: Noun>() -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(format!("{}12", N::PREFIX).into()))
        .build()
}

/// `{"companies": […]}`.
fn list_of(member: &str, items: RefOr<Schema>) -> RequestBody {
    let list = ArrayBuilder::new()
        .items(items)
        .min_items(Some(1))
        .max_items(Some(BULK_MAX))
        .build();
    let body = ObjectBuilder::new().property(member, Schema::Array(list)).required(member);
    RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(Schema::Object(body.build()))))
        .required(Some(Required::True))
        .build()
}

/// How many were written, those that were, and what was wrong with the others.
fn told(items: Option<RefOr<Schema>>, done: &str) -> Response {
    let number = || ObjectBuilder::new().schema_type(Type::Integer).build();
    let text = || ObjectBuilder::new().schema_type(Type::String).build();
    let detail = ObjectBuilder::new().property("field", text()).property("message", text()).build();
    let error = ObjectBuilder::new()
        .property("index", number())
        .property("code", text())
        .property("message", text())
        .property("details", ArrayBuilder::new().items(detail).build())
        .build();
    let mut body = ObjectBuilder::new();
    if let Some(items) = items {
        body = body.property("items", ArrayBuilder::new().items(items).build()).required("items");
    }
    let body = body
        .property(done, number())
        .property("failed", number())
        .property("errors", ArrayBuilder::new().items(error).build());
    let body = body.required(done).required("failed").required("errors");
    json_response("What became of each", RefOr::T(Schema::Object(body.build())))
}

fn json_response(description: &str, schema: RefOr<Schema>) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content("application/json", Content::new(Some(schema)))
        .build()
}
