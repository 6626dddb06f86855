//! Putting tags on records and taking them off, for every noun that carries labels, and how many records carry a tag.

use actix_web::{HttpResponse, http::Method, web};
use crm_domain::{
    Error,
    field::Check,
    id::{RecordId, TagId},
    tenant::{TenantReader, account::Account, contact::Contact, label, lead::Lead, opportunity::Opportunity, ticket::Ticket},
    usecase::single,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use utoipa::{Modify, ToSchema, openapi::OpenApi};

use crate::{
    families::{
        Credential, Route,
        saas::{
            context::{Body, Particulars, Permit, Read, Write},
            document,
            error::{ErrorResponses, LookupResponses, SaasError},
            id::{in_path, show},
            noun::Noun,
            resource::act,
            word::TAG,
        },
    },
    shared::json_body::Given,
};

pub(in super::super) const USAGE: &str = "/api/tags/{id}/usage";

/// Tags to put on a record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Tagging)]
pub(crate) struct TagsRequest {
    /// Their names, whatever the case; tags that there are none of are made.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 50, example = json!(["VIP"]))]
    tags: Given<Vec<String>>,
}

/// How many records carry a tag.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::TagUsage)]
pub(crate) struct Usage {
    #[schema(example = "tag_3")]
    tag_id: String,
    /// Live records of every kind.
    records: u64,
}

/// Tells how many records carry a tag.
#[utoipa::path(
    get, path = USAGE, tag = "tags", operation_id = "saas_get_tag_usage", params(("id" = String, Path, example = "tag_3")),
    responses((status = 200, description = "How many", body = Usage), ErrorResponses, LookupResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn usage(permit: Permit<Read>, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: TagId = in_path(&id, TAG)?;
    let count = move |reader: &mut dyn TenantReader| {
        let tag = reader.tags().lookup(id)?.ok_or_else(|| Error::not_found(TagId::NOUN, id))?;
        let counts = reader.tags().usage(&[tag.id])?;
        Ok(counts.first().map_or(0, |(_, records)| *records))
    };
    let records = permit.tenant.snapshot(count).await?;
    Ok(HttpResponse::Ok().json(Usage {
        tag_id: show(TAG, id),
        records,
    }))
}

/// Puts tags on a record.
async fn assign<N: Noun>(permit: Permit<Write>, id: web::Path<String>, body: Body<TagsRequest>) -> Result<HttpResponse, SaasError> {
    let mut check = Check::new();
    let names: Option<Vec<String>> = body.value.tags.patch("tags", &mut check).or_current(None);
    act::<N>(&permit, body.guard, &id, move |unit, id| {
        // Whether there is such a record is told before what is wrong with the body, as everywhere.
        single::known::<N>(unit, id)?;
        check.finish()?;
        label::assign(unit, N::KIND, &[id.get()], label::parse_tags(names.as_deref().unwrap_or_default())?)?;
        single::known(unit, id)
    })
    .await
}

/// Takes a tag off a record that may not carry it; the tag is named or told by its id.
async fn unassign<N: Noun>(
    permit: Permit<Write>,
    path: web::Path<(String, String)>,
    Particulars(body): Particulars<IgnoredAny>,
) -> Result<HttpResponse, SaasError> {
    let (id, tag) = path.into_inner();
    let number = TagId::parse_prefixed(&tag, TAG);
    act::<N>(&permit, body.guard, &id, move |unit, id| {
        single::known::<N>(unit, id)?;
        label::unassign(unit, N::KIND, &[id.get()], label::names_tag(&tag, number))?;
        single::known(unit, id)
    })
    .await
}

/// A labelled noun's routes and documentation.
struct Operations {
    assign: (&'static str, fn() -> actix_web::Route),
    unassign: (&'static str, fn() -> actix_web::Route),
    document: fn(&mut OpenApi, assign: &'static str, unassign: &'static str),
}

macro_rules! labelled {
    ($($path:literal: $noun:ident;)*) => {
        /// Every noun whose records carry tags; one line each.
        const LABELLED: &[Operations] = &[$(Operations {
            assign: (concat!($path, "/{id}/tags"), || web::to(assign::<$noun>)),
            unassign: (concat!($path, "/{id}/tags/{tag}"), || web::to(unassign::<$noun>)),
            document: document::tagging::<$noun>,
        }),*];
    };
}

labelled! {
    "/api/companies": Account;
    "/api/contacts": Contact;
    "/api/deals": Opportunity;
    "/api/leads": Lead;
    "/api/tickets": Ticket;
}

/// The routes of tagging, for all nouns.
pub(in super::super) fn routes() -> impl Iterator<Item = Route> {
    let jwt = Credential::Jwt;
    LABELLED.iter().flat_map(move |noun| {
        [
            Route::new(Method::POST, noun.assign.0, jwt, noun.assign.1),
            Route::new(Method::DELETE, noun.unassign.0, jwt, noun.unassign.1),
        ]
    })
}

/// Documents them.
pub(in super::super) struct Tagging;

impl Modify for Tagging {
    fn modify(&self, document: &mut OpenApi) {
        let schemas = &mut document.components.get_or_insert_default().schemas;
        schemas.insert(TagsRequest::name().into_owned(), <TagsRequest as utoipa::PartialSchema>::schema());
        for noun in LABELLED {
            (noun.document)(document, noun.assign.0, noun.unassign.0);
        }
    }
}
