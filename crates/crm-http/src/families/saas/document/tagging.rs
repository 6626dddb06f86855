//! Documents putting tags on records.

use utoipa::{
    IntoResponses,
    openapi::{
        HttpMethod, OpenApi, Required,
        path::{ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

use super::{Words, answering, described, id_of, json_response, reference, resource::body, with_key};
use crate::families::saas::{
    error::{BodyResponses, LookupResponses},
    noun::Noun,
    tag::assignment::TagsRequest,
};

/// Documents how a noun's records are tagged.
pub(in super::super) fn tagging<N: Noun>(document: &mut OpenApi, assign: &'static str, unassign: &'static str) {
    let words = Words::of::<N>();
    let shown = || json_response(&format!("The {} as it is now", words.one), reference::<N::Resource>());
    let summary = format!(
        "Puts tags on {}. Tags that there are none of are made; one that it carries already stays.",
        words.a
    );
    let put = described(&words, &summary, format!("saas_tag_{}", words.id))
        .parameter(id_of::<N>())
        .request_body(Some(body::<TagsRequest>()))
        .response("200", shown());
    let put = with_key(answering(put, [LookupResponses::responses(), BodyResponses::responses()]));
    let tag = ParameterBuilder::new()
        .name("tag")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("Its name, whatever the case, or its id"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some("VIP".into()));
    let summary = format!("Takes a tag off {}, which may not carry it. The tag itself stays.", words.a);
    let taken = described(&words, &summary, format!("saas_untag_{}", words.id))
        .parameter(id_of::<N>())
        .parameter(tag)
        .response("200", shown());
    let taken = answering(taken, [LookupResponses::responses()]);
    document.paths.add_path_operation(assign, vec![HttpMethod::Post], put);
    document
        .paths
        .add_path_operation(unassign, vec![HttpMethod::Delete], with_key(taken));
}
