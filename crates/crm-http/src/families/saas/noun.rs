//! What the operations that every noun has (bulk, restore, changes) need to know of a noun in this family. A noun implements [`Noun`] and
//! adds its line to [`NOUNS`]: routes and documentation follow.

use actix_web::{http::Method, web};
use crm_domain::{
    field::{Check, Patch},
    id::{TenantId, UserId},
    stamp::Stamp,
    tenant::{account::Account, activity::Activity, contact::Contact, lead::Lead, opportunity::Opportunity, record::Record},
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::{Modify, ToSchema, openapi::OpenApi};

use super::{bulk, change::history, document, restore};
use crate::families::{Credential, Route};

/// The paths of a noun's common operations.
pub(crate) struct Paths {
    pub bulk: &'static str,
    pub bulk_delete: &'static str,
    pub restore: &'static str,
    pub changes: &'static str,
}

/// The paths below a noun's own.
macro_rules! paths {
    ($path:literal) => {
        $crate::families::saas::noun::Paths {
            bulk: concat!($path, "/bulk"),
            bulk_delete: concat!($path, "/bulk/delete"),
            restore: concat!($path, "/{id}/restore"),
            changes: concat!($path, "/{id}/changes"),
        }
    };
}
pub(super) use paths;

/// A noun as this family speaks of it.
pub(crate) trait Noun: Record {
    /// What its ids begin with.
    const PREFIX: &'static str;
    /// What many of it are called, in bodies and as the tag of its operations.
    const PLURAL: &'static str;
    /// The paths of its common operations.
    const PATHS: Paths;
    /// A record as it is sent.
    type Request: DeserializeOwned + ToSchema + 'static;
    /// A record as it is shown.
    type Resource: Serialize + ToSchema;

    /// What a request says.
    fn draft(request: Self::Request, check: &mut Check) -> Self::Draft;
    /// What a request for a new record says, of which this family may ask for more than the domain does.
    fn creation(request: Self::Request, check: &mut Check) -> Self::Draft {
        Self::draft(request, check)
    }
    /// Whom a draft names as owner.
    fn owner(draft: &Self::Draft) -> &Patch<UserId>;
    /// The record as it is shown at a time.
    fn show(self, tenant: TenantId, now: Stamp) -> Self::Resource;
}

/// A noun's routes and documentation.
struct Operations {
    routes: fn() -> Vec<Route>,
    document: fn(&mut OpenApi),
}

impl Operations {
    const fn of<N: Noun>() -> Self {
        Self {
            routes: routes_of::<N>,
            document: document::document::<N>,
        }
    }
}

/// Every noun with the common operations; one line each.
const NOUNS: [Operations; 5] = [
    Operations::of::<Account>(),
    Operations::of::<Activity>(),
    Operations::of::<Contact>(),
    Operations::of::<Lead>(),
    Operations::of::<Opportunity>(),
];

fn routes_of<N: Noun>() -> Vec<Route> {
    let jwt = Credential::Jwt;
    vec![
        Route::new(Method::POST, N::PATHS.bulk, jwt, || web::to(bulk::create::<N>)),
        Route::new(Method::PUT, N::PATHS.bulk, jwt, || web::to(bulk::update::<N>)),
        Route::new(Method::DELETE, N::PATHS.bulk, jwt, || web::to(bulk::remove::<N>)),
        Route::new(Method::POST, N::PATHS.bulk_delete, jwt, || web::to(bulk::remove::<N>)),
        Route::new(Method::POST, N::PATHS.restore, jwt, || web::to(restore::restore::<N>)),
        Route::new(Method::GET, N::PATHS.changes, jwt, || web::to(history::list::<N>)),
    ]
}

/// The routes of all nouns' common operations.
pub(super) fn routes() -> impl Iterator<Item = Route> {
    NOUNS.iter().flat_map(|noun| (noun.routes)())
}

/// Documents them.
pub(super) struct CommonOperations;

impl Modify for CommonOperations {
    fn modify(&self, document: &mut OpenApi) {
        for noun in &NOUNS {
            (noun.document)(document);
        }
    }
}
