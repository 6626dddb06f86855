//! Family C's lists of records: one for every noun (contract C-131 … C-137, X-105 … X-107).
//!
//! A noun's names, orders, conditions, sparse fieldsets and their documentation follow from the domain's table of its fields, the family's
//! vocabulary and the resource's schema: a handler names the port's list and the resource, and no more.

mod custom;
mod derived;
mod params;
mod query;

use actix_web::HttpResponse;
use crm_domain::{
    Result,
    id::TenantId,
    money::Currency,
    page::{Page, Sort, Window},
    query::{Condition, Field, Filter},
    tenant::{TenantReader, change::Entity},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::PartialSchema;

use super::{
    error::SaasError,
    include::{Source, object_of},
    page::{PageBody, Query},
};
use crate::shared::tenant::TenantSession;

use custom::CustomFields;
use derived::DerivedFields;
pub(super) use derived::{Derived, Words};
pub(super) use params::{ListParams, PlainListParams, text as text_parameter};
use query::{Nature, Wanted};

/// Which list it is: cursors of one are no cursors of another.
pub(super) struct List<F: 'static> {
    /// Its path, e.g. `companies`.
    pub name: String,
    /// What its records have in common, as the deals of a company do.
    pub conditions: Vec<Condition<F>>,
    /// Parameters that ask for more conditions, and may do so otherwise each time: they are no part of what a cursor is bound to.
    switches: Vec<(&'static str, Vec<Condition<F>>)>,
    /// What else its conditions may be on.
    derived: &'static [Derived<F>],
    /// Fails when there is no such list, as there is none of the deals of a company that is gone.
    found: Option<Found>,
}

/// Looks for what a list is of, in the state that the list is read in.
pub(super) type Found = Box<dyn FnOnce(&mut dyn TenantReader) -> Result<()> + Send>;

impl<F: 'static> List<F> {
    /// Every record of a noun.
    pub fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            conditions: Vec::new(),
            switches: Vec::new(),
            derived: &[],
            found: None,
        }
    }

    /// The records that meet a condition because they are related to another record, which `found` looks for.
    pub fn related(name: String, condition: Condition<F>, found: Found) -> Self {
        Self {
            conditions: vec![condition],
            found: Some(found),
            ..Self::of(&name)
        }
    }

    /// With conditions on these members, too.
    pub fn with_derived(self, derived: &'static [Derived<F>]) -> Self {
        Self { derived, ..self }
    }

    /// Only records that meet these conditions as well, when this parameter is `true`.
    pub fn with_switch(mut self, parameter: &'static str, conditions: impl Into<Vec<Condition<F>>>) -> Self {
        self.switches.push((parameter, conditions.into()));
        self
    }
}

/// Answers a list's request: `read` is the noun's port, `show` its resource.
pub(super) async fn answer<F, T>(
    tenant: &TenantSession,
    query: &str,
    list: List<F>,
    read: impl FnOnce(&mut dyn TenantReader, &Filter<F>, Sort<F>, &Window) -> Result<Page<F::Record>> + Send + 'static,
    show: impl Fn(F::Record, TenantId) -> T,
) -> Result<HttpResponse, SaasError>
where
    F: Field<Record: Entity + Send>,
    T: Serialize + PartialSchema,
{
    answer_with(tenant, query, list, read, |_, _| Ok(()), |record, tenant, ()| show(record, tenant)).await
}

/// [`answer`] for resources that show more than their record holds: `load` makes it of a page's records.
pub(super) async fn answer_with<F, X, T>(
    tenant: &TenantSession,
    query: &str,
    mut list: List<F>,
    read: impl FnOnce(&mut dyn TenantReader, &Filter<F>, Sort<F>, &Window) -> Result<Page<F::Record>> + Send + 'static,
    load: impl FnOnce(&mut dyn TenantReader, &[F::Record]) -> Result<X> + Send + 'static,
    show: impl Fn(F::Record, TenantId, &X) -> T,
) -> Result<HttpResponse, SaasError>
where
    F: Field<Record: Entity + Send>,
    X: Send + 'static,
    T: Serialize + PartialSchema,
{
    let found = list.found.take();
    let query = Query::parse(query);
    let currency = if query::asks_for_amounts::<F>(&query) {
        tenant.read(|reader| reader.settings().lookup()).await?.preferences.default_currency
    } else {
        Currency::default()
    };
    let Wanted {
        filter,
        sort,
        paging,
        members,
        includes,
    } = {
        let custom = CustomFields::meant_by::<F>(tenant, &query).await?;
        let derived = DerivedFields::meant_by(tenant, &query, list.derived).await?;
        Wanted::parse::<T>(query, list, Nature::of::<F::Record>(), &custom, &derived, currency)?
    };
    let window = paging.window();
    // A list that is not counted is one statement, which sees one state by itself.
    let is_one_statement = filter.is_everything() && includes.is_empty() && sort.key.custom().is_none();
    let (source, asked) = (Source::of(tenant), includes.clone());
    let work = move |reader: &mut dyn TenantReader| {
        found.map_or(Ok(()), |found| found(reader))?;
        let page = read(reader, &filter, sort, &window)?;
        let more = load(reader, &page.items)?;
        let included = asked.load(reader, &source, &page.items)?;
        let last = match (sort.key.custom(), page.items.last().filter(|_| page.has_more)) {
            (Some(field), Some(last)) => custom::value_of(reader, F::Record::KIND, F::id(last), field.id)?,
            _ => None,
        };
        Ok((page, more, included, last))
    };
    let (page, more, included, last) = if is_one_statement {
        tenant.read(work).await?
    } else {
        tenant.snapshot(work).await?
    };
    let place = |record: &F::Record| {
        let place = match sort.key.custom() {
            // Asked of the last record only.
            Some(_) => sort.key.place_of(last.clone()),
            None => sort.key.place(record),
        };
        (place, F::id(record))
    };
    let show = |record| show(record, tenant.tenant.id, &more);
    if members.is_none() && includes.is_empty() {
        return Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, show)));
    }
    let show = |record| {
        let beside = includes.members(&record, &included);
        let mut object = only(members.as_deref(), object_of(&show(record)));
        object.extend(beside);
        object
    };
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, show)))
}

/// Answers a list of what is no record of the tenant's database but has fields like one: `read` answers its pages, `prefix` begins its ids.
pub(super) async fn answer_plain<F, T, P>(
    query: &str,
    name: &str,
    prefix: &'static str,
    read: impl FnOnce(Filter<F>, Sort<F>, Window) -> P,
    show: impl Fn(F::Record) -> T,
) -> Result<HttpResponse, SaasError>
where
    F: Field,
    T: Serialize + PartialSchema,
    P: Future<Output = Result<Page<F::Record>>>,
{
    let nature = Nature {
        prefix,
        is_labelled: false,
    };
    let query = Query::parse(query);
    // Nothing of theirs can be included.
    let (custom, derived) = (CustomFields::default(), DerivedFields::none());
    let wanted = Wanted::parse::<T>(query, List::of(name), nature, &custom, &derived, Currency::default())?;
    let Wanted {
        filter,
        sort,
        paging,
        members,
        includes: _,
    } = wanted;
    let page = read(filter, sort, paging.window()).await?;
    let place = |record: &F::Record| (sort.key.place(record), F::id(record));
    if members.is_none() {
        return Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, show)));
    }
    let show = |record| only(members.as_deref(), object_of(&show(record)));
    Ok(HttpResponse::Ok().json(PageBody::new(&paging, page, place, show)))
}

/// A resource's members of these names; all when none are given.
fn only(members: Option<&[String]>, mut whole: Map<String, Value>) -> Map<String, Value> {
    if let Some(members) = members {
        whole.retain(|name, _| members.contains(name));
    }
    whole
}
