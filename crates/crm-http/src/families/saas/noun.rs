//! What this family needs to know of a noun to list, read, write, restore and remember its records. A noun implements [`Noun`] and adds its
//! line to [`NOUNS`]: routes and documentation follow.

use actix_web::{http::Method, web};
use crm_domain::{
    Result,
    field::{Check, Patch},
    id::{TenantId, UserId},
    page::{Page, Sort, Window},
    query::{Condition, Field, Filter},
    stamp::Stamp,
    tenant::{
        TenantReader,
        account::Account,
        activity::Activity,
        contact::Contact,
        custom_field::{CustomDraft, MEMBER},
        label::{self, LabelReads, Labels},
        lead::Lead,
        opportunity::Opportunity,
        partner::Partner,
        record::Record,
        sla_policy::SlaPolicy,
        tag::Tag,
        task::Task,
        ticket::Ticket,
    },
    usecase::bulk::Drafted,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{Modify, PartialSchema, ToSchema, openapi::OpenApi};

use super::{bulk, change::history, context::Needed, document, list::Derived, resource, restore};
use crate::{
    families::{Credential, Route},
    shared::{json_body::Given, tenant::TenantSession},
};

/// The paths of a noun's common operations.
pub(crate) struct Paths {
    pub list: &'static str,
    pub item: &'static str,
    pub bulk: &'static str,
    pub bulk_delete: &'static str,
    pub restore: &'static str,
    pub changes: &'static str,
}

/// The paths below a noun's own.
macro_rules! paths {
    ($path:literal) => {
        $crate::families::saas::noun::Paths {
            list: $path,
            item: concat!($path, "/{id}"),
            bulk: concat!($path, "/bulk"),
            bulk_delete: concat!($path, "/bulk/delete"),
            restore: concat!($path, "/{id}/restore"),
            changes: concat!($path, "/{id}/changes"),
        }
    };
}
pub(super) use paths;

/// What the documentation says of a noun's operations beyond what it says of every noun's; sentences.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Notes {
    pub create: &'static str,
    pub update: &'static str,
    pub remove: &'static str,
}

impl Notes {
    /// Nothing.
    pub const NONE: Self = Self {
        create: "",
        update: "",
        remove: "",
    };
}

/// A parameter of a list that stands for conditions, when it is `true`.
pub(crate) struct Switch<F> {
    pub name: &'static str,
    pub description: &'static str,
    pub conditions: Vec<Condition<F>>,
}

/// To whom and when a record is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub tenant: TenantId,
    pub now: Stamp,
}

impl View {
    /// To the session's tenant, at the time of its request.
    pub fn of(session: &TenantSession) -> Self {
        Self {
            tenant: session.tenant.id,
            now: session.now,
        }
    }
}

/// What a request says of custom fields, by their keys.
pub(crate) type CustomMembers = Given<Map<String, Value>>;

/// A noun as this family speaks of it.
pub(crate) trait Noun: Record {
    /// What its ids begin with.
    const PREFIX: &'static str;
    /// What many of it are called in bodies.
    const PLURAL: &'static str;
    /// The paths of its common operations.
    const PATHS: Paths;
    /// What is to be said of them.
    const NOTES: Notes = Notes::NONE;
    /// The members that its lists filter by beside its fields.
    const DERIVED: &'static [Derived<Self::Field>] = &[];
    /// Its fields, as lists know them.
    type Field: Field<Record = Self>;
    /// A record as it is sent.
    type Request: DeserializeOwned + ToSchema + 'static;
    /// Documents what is sent to change a record.
    type Changes: ToSchema;
    /// A record as it is shown.
    type Resource: Serialize + PartialSchema + ToSchema + Send + 'static;
    /// What it takes to create and to change records.
    type Writing: Needed;
    /// What it takes to delete and to restore records.
    type Removing: Needed;

    /// What a request says.
    fn draft(request: Self::Request, check: &mut Check) -> Self::Draft;
    /// What a request for a new record says, of which this family may ask for more than the domain does.
    fn creation(request: Self::Request, check: &mut Check) -> Self::Draft {
        Self::draft(request, check)
    }
    /// What a request says of custom fields, taken out of it, where the noun can have some.
    fn custom_fields(_request: &mut Self::Request) -> CustomMembers {
        Given::Missing
    }
    /// Whom a draft names as owner, where the noun has owners.
    fn owner(draft: &Self::Draft) -> Option<&Patch<UserId>>;
    /// The record as it is shown with its labels.
    fn show(self, labels: Labels, view: View) -> Self::Resource;
    /// The parameters of its list that stand for conditions.
    fn switches(_now: Stamp) -> Vec<Switch<Self::Field>> {
        Vec::new()
    }

    /// The live record with this id.
    fn read(reader: &mut dyn TenantReader, id: Self::Id) -> Result<Option<Self>>;
    /// The live records among these ids, in any order.
    fn read_many(reader: &mut dyn TenantReader, ids: &[Self::Id]) -> Result<Vec<Self>>;
    /// A page of the records that match.
    fn read_page(
        reader: &mut dyn TenantReader,
        filter: &Filter<Self::Field>,
        sort: Sort<Self::Field>,
        window: &Window,
    ) -> Result<Page<Self>>;
}

/// What a request says, read by [`Noun::draft`] or [`Noun::creation`], with its custom fields.
pub(super) fn drafted<N: Noun>(mut request: N::Request, draft: fn(N::Request, &mut Check) -> N::Draft) -> Drafted<N> {
    let mut check = Check::new();
    let custom = custom_draft(N::custom_fields(&mut request), &mut check);
    let draft = draft(request, &mut check);
    Drafted { draft, custom, check }
}

/// What a request says of custom fields, as the domain takes it.
pub(super) fn custom_draft(members: CustomMembers, check: &mut Check) -> CustomDraft {
    let given: Patch<Map<String, Value>> = members.patch(MEMBER, check);
    match given {
        Patch::Set(members) => CustomDraft(members.into_iter().collect()),
        Patch::Keep | Patch::Clear => CustomDraft::default(),
    }
}

/// The reading half of a [`Noun`], by its port.
macro_rules! reads {
    ($port:ident) => {
        fn read(reader: &mut dyn crm_domain::tenant::TenantReader, id: Self::Id) -> crm_domain::Result<Option<Self>> {
            reader.$port().lookup(id)
        }

        fn read_many(reader: &mut dyn crm_domain::tenant::TenantReader, ids: &[Self::Id]) -> crm_domain::Result<Vec<Self>> {
            reader.$port().lookup_many(ids)
        }

        fn read_page(
            reader: &mut dyn crm_domain::tenant::TenantReader,
            filter: &crm_domain::query::Filter<Self::Field>,
            sort: crm_domain::page::Sort<Self::Field>,
            window: &crm_domain::page::Window,
        ) -> crm_domain::Result<crm_domain::page::Page<Self>> {
            reader.$port().list(filter, sort, window)
        }
    };
}
pub(super) use reads;

/// A record as it is shown, with its labels.
pub(super) fn shown<N: Noun>(labels: &mut dyn LabelReads, record: N, view: View) -> Result<N::Resource> {
    let mut carried = label::of(labels, N::KIND, &[record.id()])?;
    let own = carried.remove(&record.id()).unwrap_or_default();
    Ok(record.show(own, view))
}

/// Records as they are shown, with their labels: one statement for all.
pub(super) fn shown_many<N: Noun>(labels: &mut dyn LabelReads, records: Vec<N>, view: View) -> Result<Vec<N::Resource>> {
    let ids: Vec<i64> = records.iter().map(|record| record.id()).collect();
    let mut carried = label::of(labels, N::KIND, &ids)?;
    let show = |record: N| {
        let own = carried.remove(&record.id()).unwrap_or_default();
        record.show(own, view)
    };
    Ok(records.into_iter().map(show).collect())
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
const NOUNS: &[Operations] = &[
    Operations::of::<Account>(),
    Operations::of::<Activity>(),
    Operations::of::<Contact>(),
    Operations::of::<Lead>(),
    Operations::of::<Opportunity>(),
    Operations::of::<Partner>(),
    Operations::of::<SlaPolicy>(),
    Operations::of::<Tag>(),
    Operations::of::<Task>(),
    Operations::of::<Ticket>(),
];

fn routes_of<N: Noun>() -> Vec<Route> {
    let jwt = Credential::Jwt;
    vec![
        Route::new(Method::GET, N::PATHS.list, jwt, || web::to(resource::list::<N>)),
        Route::new(Method::POST, N::PATHS.list, jwt, || web::to(resource::create::<N>)),
        Route::new(Method::POST, N::PATHS.bulk, jwt, || web::to(bulk::create::<N>)),
        Route::new(Method::PUT, N::PATHS.bulk, jwt, || web::to(bulk::update::<N>)),
        Route::new(Method::DELETE, N::PATHS.bulk, jwt, || web::to(bulk::remove::<N>)),
        Route::new(Method::POST, N::PATHS.bulk_delete, jwt, || web::to(bulk::remove::<N>)),
        Route::new(Method::GET, N::PATHS.item, jwt, || web::to(resource::get::<N>)),
        Route::new(Method::PUT, N::PATHS.item, jwt, || web::to(resource::update::<N>)),
        Route::new(Method::DELETE, N::PATHS.item, jwt, || web::to(resource::remove::<N>)),
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
        for noun in NOUNS {
            (noun.document)(document);
        }
    }
}
