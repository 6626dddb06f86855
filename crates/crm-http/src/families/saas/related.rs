//! Lists of the records related to another: `/api/companies/{id}/deals` is the list of deals with one condition more, and takes the same
//! parameters. A noun adds its lines to the table below; its routes and their documentation follow.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use crm_domain::{
    Error, Result,
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId, TicketId},
    query::{Condition, Field},
    tenant::{
        TenantReader, activity::ActivityField, change::Entity, contact::ContactField, lead::LeadField, opportunity::OpportunityField,
        task::TaskField, ticket::TicketField,
    },
};
use utoipa::{
    IntoResponses, Modify,
    openapi::{
        OpenApi, RefOr, Required,
        path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
    },
};

use super::{
    activity::Activity,
    contact::Contact,
    context::{Permit, Read},
    deal::Deal,
    error::{LookupResponses, SaasError},
    id::in_path,
    lead::Lead,
    list::List,
    task::Task,
    ticket::Ticket,
    word::{COMPANY, CONTACT, DEAL, LEAD, TICKET, noun_of},
};
use crate::{
    families::{Credential, Route},
    shared::tenant::TenantSession,
};

/// A noun that is listed: its resource.
pub(super) trait Listed: 'static {
    /// The noun's fields.
    type Field: Field<Record: Entity>;
    /// The path of the list of all.
    const PATH: &'static str;

    /// Answers a page of a list of the noun.
    async fn page(tenant: &TenantSession, query: &str, list: List<Self::Field>) -> Result<HttpResponse, SaasError>;
}

/// A noun that others are related to: its id.
trait Whole: RecordId {
    /// What its ids begin with.
    const PREFIX: &'static str;

    /// Whether there is such a live record.
    fn is_there(self, reader: &mut dyn TenantReader) -> Result<bool>;
}

macro_rules! wholes {
    ($($id:ident = $prefix:ident in $reads:ident;)*) => {$(
        impl Whole for $id {
            const PREFIX: &'static str = $prefix;

            fn is_there(self, reader: &mut dyn TenantReader) -> Result<bool> {
                Ok(reader.$reads().lookup(self)?.is_some())
            }
        }
    )*};
}

wholes! {
    AccountId = COMPANY in accounts;
    ContactId = CONTACT in contacts;
    LeadId = LEAD in leads;
    OpportunityId = DEAL in opportunities;
    TicketId = TICKET in tickets;
}

/// A related list, as its route and its documentation are made of it.
struct Relation {
    path: &'static str,
    handler: fn() -> actix_web::Route,
    /// The path of the list of all.
    of: &'static str,
    /// The noun of the whole, and what its ids begin with.
    whole: (&'static str, &'static str),
}

macro_rules! relations {
    ($($path:literal: $resource:ident whose $field:ident::$name:ident is $id:ident;)*) => {
        const RELATIONS: &[Relation] = &[$(Relation {
            path: $path,
            handler: || {
                web::to(|permit: Permit<Read>, request: HttpRequest, id: web::Path<String>| async move {
                    answer::<$id, $resource>(&permit, &request, &id, $field::$name).await
                })
            },
            of: <$resource as Listed>::PATH,
            whole: (<$id as RecordId>::NOUN, <$id as Whole>::PREFIX),
        }),*];
    };
}

relations! {
    "/api/companies/{id}/contacts": Contact whose ContactField::AccountId is AccountId;
    "/api/companies/{id}/deals": Deal whose OpportunityField::AccountId is AccountId;
    "/api/companies/{id}/leads": Lead whose LeadField::AccountId is AccountId;
    "/api/companies/{id}/activities": Activity whose ActivityField::AccountId is AccountId;
    "/api/companies/{id}/tasks": Task whose TaskField::AccountId is AccountId;
    "/api/companies/{id}/tickets": Ticket whose TicketField::AccountId is AccountId;
    "/api/contacts/{id}/deals": Deal whose OpportunityField::ContactId is ContactId;
    "/api/contacts/{id}/activities": Activity whose ActivityField::ContactId is ContactId;
    "/api/contacts/{id}/tasks": Task whose TaskField::ContactId is ContactId;
    "/api/contacts/{id}/tickets": Ticket whose TicketField::ContactId is ContactId;
    "/api/leads/{id}/activities": Activity whose ActivityField::LeadId is LeadId;
    "/api/leads/{id}/tasks": Task whose TaskField::LeadId is LeadId;
    "/api/deals/{id}/activities": Activity whose ActivityField::OpportunityId is OpportunityId;
    "/api/deals/{id}/tasks": Task whose TaskField::OpportunityId is OpportunityId;
    "/api/tickets/{id}/tasks": Task whose TaskField::TicketId is TicketId;
}

async fn answer<I: Whole + std::fmt::Display, R: Listed>(
    permit: &Permit<Read>,
    request: &HttpRequest,
    id: &str,
    field: R::Field,
) -> Result<HttpResponse, SaasError> {
    let id: I = in_path(id, I::PREFIX)?;
    let found = move |reader: &mut dyn TenantReader| match id.is_there(reader)? {
        true => Ok(()),
        false => Err(Error::not_found(I::NOUN, id)),
    };
    let list = List::related(request.path().to_owned(), Condition::equal(field, id), Box::new(found));
    R::page(&permit.tenant, request.query_string(), list).await
}

/// The routes of all related lists.
pub(super) fn routes() -> impl Iterator<Item = Route> {
    let route = |relation: &Relation| Route::new(Method::GET, relation.path, Credential::Jwt, relation.handler);
    RELATIONS.iter().map(route)
}

/// Documents them, each as the list of all that it is a part of.
pub(super) struct RelatedLists;

impl Modify for RelatedLists {
    fn modify(&self, document: &mut OpenApi) {
        for relation in RELATIONS {
            let all = document.paths.get_path_operation(relation.of, HttpMethod::Get);
            let part = all.map(|all| relation.operation(all.clone()));
            let Some(part) = part else { continue };
            document
                .paths
                .paths
                .insert(relation.path.to_owned(), PathItem::new(HttpMethod::Get, part));
        }
    }
}

impl Relation {
    fn operation(&self, all: Operation) -> Operation {
        let (noun, prefix) = self.whole;
        let (noun, listed) = (noun_of(noun), self.of.rsplit('/').next().unwrap_or_default());
        let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let id = ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .example(Some(format!("{prefix}12").into()))
            .build();
        let mut part = all;
        part.operation_id = Some(format!("saas_list_{listed}_of_{noun}"));
        part.summary = Some(format!("Lists the {listed} of {article} {noun}."));
        part.parameters.get_or_insert_default().insert(0, RefOr::T(id));
        part.responses.responses.extend(LookupResponses::responses());
        part
    }
}
