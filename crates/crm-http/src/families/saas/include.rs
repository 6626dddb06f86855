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
    id::{AccountId, LeadId, OpportunityId, RecordId, TenantId, UserId},
    query::{Field, Kind, Value as FieldValue},
    stamp::Stamp,
    tenant::TenantReader,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::{
    answer::record as answer, company::Company, deal::Deal, error::SaasError, lead::Lead, list::text_parameter, page::Query,
    user::UserInfo, word::field_of,
};
use crate::shared::tenant::TenantSession;

/// A noun whose resource can be shown along with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Related {
    Company,
    Deal,
    Lead,
    User,
}

impl Related {
    /// What a field of the domain refers to.
    fn of(field: &str) -> Option<Self> {
        match field {
            "account_id" | "parent_id" => Some(Self::Company),
            "opportunity_id" => Some(Self::Deal),
            "lead_id" => Some(Self::Lead),
            "owner_id" => Some(Self::User),
            _ => None,
        }
    }

    /// The resources with these ids. A record that is gone has none.
    fn load(self, reader: &mut dyn TenantReader, source: &Source, ids: &BTreeSet<i64>) -> Result<HashMap<i64, Value>> {
        let tenant = source.tenant;
        match self {
            Self::Company => {
                let companies = reader.accounts().lookup_many(&typed::<AccountId>(ids))?;
                by_id(companies, |account| account.id.get(), |account| Company::of(account, tenant))
            }
            Self::Deal => {
                let deals = reader.opportunities().lookup_many(&typed::<OpportunityId>(ids))?;
                by_id(deals, |deal| deal.id.get(), |deal| Deal::of(deal, tenant))
            }
            Self::Lead => {
                let leads = reader.leads().lookup_many(&typed::<LeadId>(ids))?;
                by_id(leads, |lead| lead.id.get(), |lead| Lead::of(lead, tenant))
            }
            Self::User => {
                let ids = typed::<UserId>(ids);
                let users = source.control.reading(|reader| reader.users().lookup_many(tenant, &ids))?;
                by_id(users, |user| user.id.get(), UserInfo::of)
            }
        }
    }
}

fn typed<I: RecordId>(ids: &BTreeSet<i64>) -> Vec<I> {
    ids.iter().copied().map(I::from_i64).collect()
}

fn by_id<R, T: Serialize>(records: Vec<R>, id: impl Fn(&R) -> i64, show: impl Fn(R) -> T) -> Result<HashMap<i64, Value>> {
    let shown = |record| {
        let id = id(&record);
        let shown = serde_json::to_value(show(record)).map_err(|error| Error::Internal(error.to_string()))?;
        Ok((id, shown))
    };
    records.into_iter().map(shown).collect()
}

/// Where related records are read, besides the tenant's database.
#[derive(Clone)]
pub(super) struct Source {
    control: Arc<dyn ControlStore>,
    tenant: TenantId,
}

impl Source {
    /// The session's.
    pub fn of(session: &TenantSession) -> Self {
        Self {
            control: Arc::clone(&session.control),
            tenant: session.tenant.id,
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
        let name = field_of(spec.name).strip_suffix("Id")?.to_owned();
        Some(Include {
            name,
            field: *field,
            related,
        })
    })
}

fn unknown<F: Field>(name: &str) -> Problem {
    let known: Vec<String> = offered::<F>().map(|include| include.name).collect();
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

/// Answers with one record, its entity tag and what is included. `read` finds it or says that it is not there.
pub(super) async fn one<F, T>(
    tenant: &TenantSession,
    query: &str,
    read: impl FnOnce(&mut dyn TenantReader) -> Result<F::Record> + Send + 'static,
    changed_at: impl Fn(&F::Record) -> Stamp,
    show: impl Fn(F::Record, TenantId) -> T,
) -> Result<HttpResponse, SaasError>
where
    F: Field<Record: Send>,
    T: Serialize,
{
    let mut query = Query::parse(query);
    let includes = Includes::<F>::parse(&mut query);
    query.finish()?;
    if includes.is_empty() {
        let record = tenant.read(read).await?;
        let changed_at = changed_at(&record);
        return Ok(answer(&show(record, tenant.tenant.id), changed_at));
    }
    let (source, asked) = (Source::of(tenant), includes.clone());
    let work = move |reader: &mut dyn TenantReader| {
        let records = [read(reader)?];
        let included = asked.load(reader, &source, &records)?;
        Ok((records, included))
    };
    let ([record], included) = tenant.snapshot(work).await?;
    let (changed_at, members) = (changed_at(&record), includes.members(&record, &included));
    let mut object = object_of(&show(record, tenant.tenant.id));
    object.extend(members);
    Ok(answer(&object, changed_at))
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
