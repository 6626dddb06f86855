//! Documents listing, reading, creating, changing and deleting records.

use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Content, HttpMethod, OpenApi, Ref, RefOr, Required, ResponseBuilder,
        header::Header,
        path::ParameterIn,
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::{Words, answering, described, id_of, json_response, reference, with_header, with_key};
use crate::families::saas::{
    error::{BodyResponses, LookupResponses, StaleResponses, StateResponses},
    include::IncludeParam,
    list::{ListParams, text_parameter},
    noun::Noun,
    page::PageBody,
};

/// Documents a noun's five basic operations, and its schemas.
pub(super) fn document<N: Noun>(document: &mut OpenApi, words: &Words) {
    add_schemas::<N>(document);
    let (one, a) = (&words.one, &words.a);
    let with_note = |summary: String, note: &str| if note.is_empty() { summary } else { format!("{summary} {note}") };

    let mut list =
        described(words, &format!("Lists {}.", words.many), format!("saas_list_{}", words.ids))
            .parameters(Some(ListParams::<N::Field>::into_params(|| Some(ParameterIn::Query))));
    for derived in N::DERIVED {
        let (name, description) = derived.parameter();
        list = list.parameter(text_parameter(&name, &description));
    }
    for switch in N::switches(Default::default()) {
        list = list.parameter(text_parameter(switch.name, switch.description));
    }
    let page = RefOr::Ref(Ref::from_schema_name(page_name::<N>()));
    let list = answering(list.response("200", json_response(&format!("A page of {}", words.many), page)), []);

    let get = described(words, &format!("Shows {a}."), format!("saas_get_{}", words.id))
        .parameter(id_of::<N>())
        .parameters(Some(IncludeParam::<N::Field>::into_params(|| Some(ParameterIn::Query))))
        .response("200", json_response(&format!("The {one}"), reference::<N::Resource>()));
    let get = answering(get, [LookupResponses::responses()]);

    let location = Header::new(ObjectBuilder::new().schema_type(Type::String));
    let made = ResponseBuilder::new()
        .description(format!("The new {one}"))
        .header("Location", location)
        .content("application/json", Content::new(Some(reference::<N::Resource>())));
    let summary = with_note(format!("Creates {a}."), N::NOTES.create);
    let create = described(words, &summary, format!("saas_create_{}", words.id))
        .request_body(Some(body::<N::Request>()))
        .response("201", made);
    let create = with_key(answering(create, [StateResponses::responses(), BodyResponses::responses()]));

    let if_match = format!("Only while the {one} has this entity tag");
    let summary = with_note(format!("Changes the fields given of {a}; the others stay."), N::NOTES.update);
    let update = described(words, &summary, format!("saas_update_{}", words.id))
        .parameter(id_of::<N>())
        .request_body(Some(body::<N::Changes>()))
        .response("200", json_response(&format!("The {one} as it is now"), reference::<N::Resource>()));
    let errors = [
        LookupResponses::responses(),
        StateResponses::responses(),
        StaleResponses::responses(),
        BodyResponses::responses(),
    ];
    let update = with_header(answering(update, errors), "If-Match", &if_match);

    let summary = with_note(format!("Deletes {a}."), N::NOTES.remove);
    let remove = described(words, &summary, format!("saas_delete_{}", words.id))
        .parameter(id_of::<N>())
        .response("204", ResponseBuilder::new().description("It is gone"));
    let errors = [
        LookupResponses::responses(),
        StateResponses::responses(),
        StaleResponses::responses(),
    ];
    let remove = with_header(answering(remove, errors), "If-Match", &if_match);

    let paths = &mut document.paths;
    paths.add_path_operation(N::PATHS.list, vec![HttpMethod::Get], list);
    paths.add_path_operation(N::PATHS.list, vec![HttpMethod::Post], create);
    paths.add_path_operation(N::PATHS.item, vec![HttpMethod::Get], get);
    paths.add_path_operation(N::PATHS.item, vec![HttpMethod::Put], update);
    paths.add_path_operation(N::PATHS.item, vec![HttpMethod::Delete], remove);
}

pub(super) fn body<T: ToSchema>() -> RequestBody {
    RequestBodyBuilder::new()
        .content("application/json", Content::new(Some(reference::<T>())))
        .required(Some(Required::True))
        .build()
}

fn page_name<N: Noun>() -> String {
    format!("{}_{}", PageBody::<N::Resource>::name(), N::Resource::name())
}

fn add_schemas<N: Noun>(document: &mut OpenApi) {
    let mut schemas = vec![
        (N::Request::name().into_owned(), N::Request::schema()),
        (N::Changes::name().into_owned(), N::Changes::schema()),
        (N::Resource::name().into_owned(), N::Resource::schema()),
        (page_name::<N>(), page::<N>()),
    ];
    N::Request::schemas(&mut schemas);
    N::Changes::schemas(&mut schemas);
    N::Resource::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
}

/// A page whose items are named rather than spelt out.
fn page<N: Noun>() -> RefOr<Schema> {
    let mut schema = PageBody::<N::Resource>::schema();
    if let RefOr::T(Schema::Object(page)) = &mut schema {
        let items = ArrayBuilder::new().items(reference::<N::Resource>()).build();
        page.properties.insert("items".to_owned(), RefOr::T(Schema::Array(items)));
    }
    schema
}
