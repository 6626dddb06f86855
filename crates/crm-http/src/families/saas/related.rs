//! Lists of the records related to another: `/api/companies/{id}/deals` is the list of deals with one condition more, and takes the same
//! parameters. A noun adds its lines to the table below; its routes and their documentation follow.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use crm_domain::{
    Error,
    id::RecordId,
    query::Condition,
    tenant::{
        TenantReader,
        account::Account,
        activity::{Activity, ActivityField},
        contact::{Contact, ContactField},
        lead::{Lead, LeadField},
        opportunity::{Opportunity, OpportunityField},
        record::Record,
        task::{Task, TaskField},
        ticket::{Ticket, TicketField},
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
    context::{Permit, Read},
    error::{LookupResponses, SaasError},
    id::in_path,
    list::List,
    noun::Noun,
    resource::page,
    word::noun_of,
};
use crate::families::{Credential, Route};

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
    ($($path:literal: $noun:ident whose $field:ident::$name:ident is $whole:ident;)*) => {
        const RELATIONS: &[Relation] = &[$(Relation {
            path: $path,
            handler: || {
                web::to(|permit: Permit<Read>, request: HttpRequest, id: web::Path<String>| async move {
                    answer::<$whole, $noun>(&permit, &request, &id, $field::$name).await
                })
            },
            of: <$noun as Noun>::PATHS.list,
            whole: (<<$whole as Record>::Id as RecordId>::NOUN, <$whole as Noun>::PREFIX),
        }),*];
    };
}

relations! {
    "/api/companies/{id}/contacts": Contact whose ContactField::AccountId is Account;
    "/api/companies/{id}/deals": Opportunity whose OpportunityField::AccountId is Account;
    "/api/companies/{id}/leads": Lead whose LeadField::AccountId is Account;
    "/api/companies/{id}/activities": Activity whose ActivityField::AccountId is Account;
    "/api/companies/{id}/tasks": Task whose TaskField::AccountId is Account;
    "/api/companies/{id}/tickets": Ticket whose TicketField::AccountId is Account;
    "/api/contacts/{id}/deals": Opportunity whose OpportunityField::ContactId is Contact;
    "/api/contacts/{id}/activities": Activity whose ActivityField::ContactId is Contact;
    "/api/contacts/{id}/tasks": Task whose TaskField::ContactId is Contact;
    "/api/contacts/{id}/tickets": Ticket whose TicketField::ContactId is Contact;
    "/api/leads/{id}/activities": Activity whose ActivityField::LeadId is Lead;
    "/api/leads/{id}/tasks": Task whose TaskField::LeadId is Lead;
    "/api/deals/{id}/activities": Activity whose ActivityField::OpportunityId is Opportunity;
    "/api/deals/{id}/tasks": Task whose TaskField::OpportunityId is Opportunity;
    "/api/tickets/{id}/tasks": Task whose TaskField::TicketId is Ticket;
}

async fn answer<W: Noun, N: Noun>(
    permit: &Permit<Read>,
    request: &HttpRequest,
    id: &str,
    field: N::Field,
) -> Result<HttpResponse, SaasError> {
    let id: W::Id = in_path(id, W::PREFIX)?;
    let found = move |reader: &mut dyn TenantReader| match W::read(reader, id)? {
        Some(_) => Ok(()),
        None => Err(Error::not_found(W::Id::NOUN, id)),
    };
    let list = List::related(request.path().to_owned(), Condition::equal(field, id), Box::new(found));
    page::<N>(&permit.tenant, request.query_string(), list).await
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
