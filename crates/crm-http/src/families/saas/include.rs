//! `include=owner,company`: the records that a resource names, shown along with it.
//!
//! What a noun's resources can include follows from the domain's table of its fields: each field that holds the id of a record with a
//! resource of its own. A whole page costs one statement per include, however many records it has. To make a noun includable, give it a
//! [`Related`].

use std::{
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
};

use actix_web::HttpResponse;
use crm_domain::{
    Error, Result,
    control::ControlStore,
    error::Problem,
    id::{RecordId, UserId},
    query::{Field, Kind, Value as FieldValue},
    tenant::{TenantReader, account::Account, contact::Contact, lead::Lead, opportunity::Opportunity, ticket::Ticket},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::{
    answer::record as answer,
    error::SaasError,
    list::text_parameter,
    noun::{Noun, View, shown, shown_many},
    page::Query,
    user::UserInfo,
    word::field_of,
};
use crate::shared::tenant::TenantSession;

/// A noun whose resource can be shown along with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Related {
    Company,
    Contact,
    Deal,
    Lead,
    Ticket,
    User,
}

impl Related {
    /// What a field of the domain refers to.
    fn of(field: &str) -> Option<Self> {
        match field {
            "account_id" | "parent_id" => Some(Self::Company),
            "contact_id" => Some(Self::Contact),
            "opportunity_id" => Some(Self::Deal),
            "lead_id" => Some(Self::Lead),
            "ticket_id" => Some(Self::Ticket),
            "owner_id" => Some(Self::User),
            _ => None,
        }
    }

    /// The resources with these ids. A record that is gone has none.
    fn load(self, reader: &mut dyn TenantReader, source: &Source, ids: &BTreeSet<i64>) -> Result<HashMap<i64, Value>> {
        match self {
            Self::Company => records::<Account>(reader, source, ids),
            Self::Contact => records::<Contact>(reader, source, ids),
            Self::Deal => records::<Opportunity>(reader, source, ids),
            Self::Lead => records::<Lead>(reader, source, ids),
            Self::Ticket => records::<Ticket>(reader, source, ids),
            Self::User => {
                let ids = typed::<UserId>(ids);
                let users = source
                    .control
                    .reading(|reader| reader.users().lookup_many(source.view.tenant, &ids))?;
                let numbers: Vec<i64> = users.iter().map(|user| user.id.get()).collect();
                by_id(numbers, users.into_iter().map(UserInfo::of))
            }
        }
    }
}

fn records<N: Noun>(reader: &mut dyn TenantReader, source: &Source, ids: &BTreeSet<i64>) -> Result<HashMap<i64, Value>> {
    let records = N::read_many(reader, &typed(ids))?;
    let numbers: Vec<i64> = records.iter().map(|record| record.id()).collect();
    by_id(numbers, shown_many(reader.labels(), records, source.view)?)
}

fn typed<I: RecordId>(ids: &BTreeSet<i64>) -> Vec<I> {
    ids.iter().copied().map(I::from_i64).collect()
}

fn by_id<T: Serialize>(ids: Vec<i64>, resources: impl IntoIterator<Item = T>) -> Result<HashMap<i64, Value>> {
    let value = |resource| serde_json::to_value(resource).map_err(|error| Error::Internal(error.to_string()));
    let values = resources.into_iter().map(value);
    ids.into_iter().zip(values).map(|(id, value)| Ok((id, value?))).collect()
}

/// Where related records are read, besides the tenant's database.
#[derive(Clone)]
pub(super) struct Source {
    control: Arc<dyn ControlStore>,
    view: View,
}

impl Source {
    /// The session's.
    pub fn of(session: &TenantSession) -> Self {
        Self {
            control: Arc::clone(&session.control),
            view: View::of(session),
        }
    }
}

/// The includes that a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Includes<F>(Vec<Include<F>>);

#[derive(Debug, Clone)]
struct Include<F> {
    /// The member that it is shown as.
    name: String,
    field: F,
    related: Related,
}

impl<F: Field> Includes<F> {
    /// Reads the parameter; each name counts once.
    pub fn parse(query: &mut Query) -> Self {
        let asked = query.parsed("include", |text| {
            let mut asked: Vec<Include<F>> = Vec::new();
            for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                if asked.iter().any(|include| include.name == name) {
                    continue;
                }
                let known = offered::<F>().find(|include| include.name == name);
                asked.push(known.ok_or_else(|| unknown::<F>(name))?);
            }
            Ok(asked)
        });
        Self(asked.unwrap_or_default())
    }

    /// Whether nothing is to be included.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what the records refer to: one statement for each include.
    pub fn load(&self, reader: &mut dyn TenantReader, source: &Source, records: &[F::Record]) -> Result<Included> {
        let mut loaded = Vec::with_capacity(self.0.len());
        for include in &self.0 {
            let ids: BTreeSet<i64> = records.iter().filter_map(|record| include.id(record)).collect();
            let related = if ids.is_empty() {
                HashMap::new()
            } else {
                include.related.load(reader, source, &ids)?
            };
            loaded.push(related);
        }
        Ok(Included(loaded))
    }

    /// The members that a record's resource gets.
    pub fn members(&self, record: &F::Record, included: &Included) -> Vec<(String, Value)> {
        let member = |(include, related): (&Include<F>, &HashMap<i64, Value>)| {
            let resource = include.id(record).and_then(|id| related.get(&id)).cloned();
            (include.name.clone(), resource.unwrap_or_default())
        };
        self.0.iter().zip(&included.0).map(member).collect()
    }
}

impl<F: Field> Include<F> {
    fn id(&self, record: &F::Record) -> Option<i64> {
        match self.field.value(record) {
            Some(FieldValue::Integer(id)) => Some(id),
            Some(FieldValue::Text(_) | FieldValue::Bool(_)) | None => None,
        }
    }
}

/// What the asked includes found, in their order.
#[derive(Default)]
pub(super) struct Included(Vec<HashMap<i64, Value>>);

/// What a noun's resources can include: `owner` by `ownerId`.
fn offered<F: Field>() -> impl Iterator<Item = Include<F>> {
    F::ALL.iter().filter_map(|field| {
        let spec = field.spec();
        let related = Related::of(spec.name).filter(|_| spec.kind == Kind::Id)?;
        let member = field_of(spec.name).strip_suffix("Id")?.to_owned();
        // A lead's `company` is what it calls its company: the record itself needs another name beside it.
        let is_taken = F::ALL.iter().any(|other| field_of(other.spec().name) == member);
        let name = if is_taken { format!("{member}Record") } else { member };
        Some(Include {
            name,
            field: *field,
            related,
        })
    })
}

fn unknown<F: Field>(name: &str) -> Problem {
    let known: Vec<String> = offered::<F>().map(|include| include.name).collect();
    if known.is_empty() {
        return Problem::Rule("is not offered by this list".to_owned());
    }
    Problem::Rule(format!("names {name:?}, which is none of: {}", known.join(", ")))
}

/// A resource as an object.
pub(super) fn object_of(resource: &impl Serialize) -> Map<String, Value> {
    // It is a struct with named fields, which cannot fail to be one.
    match serde_json::to_value(resource) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// Answers with one record, its entity tag and what is included.
pub(super) async fn one<N: Noun>(tenant: &TenantSession, query: &str, id: N::Id) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(query);
    let includes = Includes::<N::Field>::parse(&mut query);
    query.finish()?;
    let view = View::of(tenant);
    let find = move |reader: &mut dyn TenantReader| {
        let found = N::read(reader, id)?;
        found.ok_or_else(|| Error::not_found(N::Id::NOUN, id))
    };
    if includes.is_empty() {
        let work = move |reader: &mut dyn TenantReader| {
            let record = find(reader)?;
            let updated_at = record.updated_at();
            Ok((shown(reader.labels(), record, view)?, updated_at))
        };
        let (resource, updated_at) = tenant.read(work).await?;
        return Ok(answer(&resource, updated_at));
    }
    let source = Source::of(tenant);
    let work = move |reader: &mut dyn TenantReader| {
        let records = [find(reader)?];
        let included = includes.load(reader, &source, &records)?;
        let [record] = records;
        let (updated_at, members) = (record.updated_at(), includes.members(&record, &included));
        let mut object = object_of(&shown(reader.labels(), record, view)?);
        object.extend(members);
        Ok((object, updated_at))
    };
    let (object, updated_at) = tenant.snapshot(work).await?;
    Ok(answer(&object, updated_at))
}

/// Documents the parameter, for nouns that can include something.
pub(crate) struct IncludeParam<F>(PhantomData<F>);

impl<F: Field> IntoParams for IncludeParam<F> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let names: Vec<String> = offered::<F>().map(|include| format!("`{}`", include.name)).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let description = format!(
            "Comma-separated: shows what the resource refers to along with it, of {}.",
            names.join(", ")
        );
        vec![text_parameter("include", &description)]
    }
}
