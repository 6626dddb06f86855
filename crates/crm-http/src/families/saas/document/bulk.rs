//! Documents the operations on many records.

use crm_domain::usecase::bulk::BULK_MAX;
use utoipa::{
    IntoResponses,
    openapi::{
        Content, HttpMethod, OpenApi, RefOr, Required, Response,
        path::Operation,
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::{Words, answering, described, json_response, reference, with_key};
use crate::families::saas::{error::BodyResponses, noun::Noun};

/// Documents a noun's bulk operations.
pub(super) fn document<N: Noun>(document: &mut OpenApi, words: &Words) {
    let operation = |summary: &str, id: String, body: RequestBody, status: &str, answer: Response| -> Operation {
        let operation = described(words, summary, id).request_body(Some(body)).response(status, answer);
        answering(operation, [BodyResponses::responses()])
    };
    let (many, ids) = (&words.many, &words.ids);
    let text = || RefOr::T(Schema::Object(ObjectBuilder::new().schema_type(Type::String).build()));
    let changes = ObjectBuilder::new()
        .property("id", text())
        .required("id")
        .description(Some(format!("The id of {} and the fields to change", words.a)));
    let alone = "One that is not valid fails alone.";
    let created = operation(
        &format!("Creates up to {BULK_MAX} {many} at once. {alone}"),
        format!("saas_create_many_{ids}"),
        list_of(N::PLURAL, reference::<N::Request>()),
        "201",
        told(Some(reference::<N::Resource>()), "created"),
    );
    let updated = operation(
        &format!("Changes up to {BULK_MAX} {many} at once. {alone}"),
        format!("saas_update_many_{ids}"),
        list_of(N::PLURAL, RefOr::T(Schema::Object(changes.build()))),
        "200",
        told(Some(reference::<N::Resource>()), "updated"),
    );
    let summary = format!("Deletes up to {BULK_MAX} {many} at once. An unknown id fails alone.");
    let deleted = |summary: &str, id: String| operation(summary, id, list_of("ids", text()), "200", told(None, "deleted"));
    let by_delete = deleted(&summary, format!("saas_delete_many_{ids}"));
    let by_post = deleted(
        &format!("{summary} For clients that cannot send a body with `DELETE`."),
        format!("saas_delete_many_{ids}_by_post"),
    );
    let paths = &mut document.paths;
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Post], with_key(created));
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Put], with_key(updated));
    paths.add_path_operation(N::PATHS.bulk, vec![HttpMethod::Delete], with_key(by_delete));
    paths.add_path_operation(N::PATHS.bulk_delete, vec![HttpMethod::Post], with_key(by_post));
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
