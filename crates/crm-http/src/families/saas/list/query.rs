//! Reads a list's query string: `filter[field][op]=value`, `sortBy`, `sortOrder`, `search`, `fields`, `deleted` and the page.

use crm_domain::{
    error::Problem,
    money::{Currency, Money},
    page::Sort,
    query::{CONDITIONS_MAX, Condition, Field, Filter, Kind, Operator, Spec, VALUES_MAX, Value},
    tenant::{change::Entity, label::LABELLED, tag},
};
use utoipa::{
    PartialSchema,
    openapi::{RefOr, schema::Schema},
};

use super::{List, custom::CustomFields, derived::DerivedFields};
use crate::families::saas::{
    error::SaasError,
    include::Includes,
    page::{Paging, Query},
    word::{field_of, fields, prefix_in, prefix_of},
};

/// The one member that every sparse resource has.
const ID: &str = "id";

/// What lists know of their records beside the fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nature {
    /// What their ids begin with.
    pub prefix: &'static str,
    /// Whether they carry tags.
    pub is_labelled: bool,
}

impl Nature {
    /// That of a noun's records.
    pub fn of<R: Entity>() -> Self {
        Self {
            prefix: prefix_of(R::KIND),
            is_labelled: LABELLED.contains(&R::KIND),
        }
    }
}

/// What a request asks of a list, in the domain's words.
pub(super) struct Wanted<F> {
    pub filter: Filter<F>,
    pub sort: Sort<F>,
    pub paging: Paging,
    /// The members of each resource to show; all when `None`.
    pub members: Option<Vec<String>>,
    /// What is shown along with each resource.
    pub includes: Includes<F>,
}

impl<F: Field> Wanted<F> {
    /// Amounts without a currency are in the `usual` one.
    ///
    /// # Errors
    /// [`SaasError::BadParameters`] with all that is wrong, sorted.
    pub fn parse<T: PartialSchema>(
        mut query: Query,
        list: List<F>,
        nature: Nature,
        custom: &CustomFields,
        derived: &DerivedFields<F>,
        usual: Currency,
    ) -> Result<Self, SaasError> {
        let sort = query.sort_among(&orders::<F>(custom));
        let mut filter = Filter {
            tags: tags(&mut query, nature),
            conditions: conditions(&mut query, nature, custom, derived, usual),
            search: search::<F>(&mut query),
            deleted: query.flag("deleted").unwrap_or(false),
        };
        filter.conditions.extend(list.conditions);
        let members = query.parsed("fields", members::<T>);
        let includes = Includes::parse(&mut query);
        let asked = derived.asked(&mut query);
        let mut name = format!("{}{}", list.name, asked.text);
        let mut switched = asked.conditions;
        for (parameter, conditions) in list.switches {
            if query.parsed(parameter, only_true).is_some() {
                name = format!("{name} {parameter}");
                switched.extend(conditions);
            }
        }
        let paging = query.paging(&format!("{name} {sort:?} {filter:?}"));
        filter.conditions.extend(switched);
        query.finish()?;
        Ok(Self {
            filter,
            sort,
            paging,
            members,
            includes,
        })
    }
}

/// A switch is on or left out: what `false` would ask for is not said.
fn only_true(word: &str) -> Result<(), Problem> {
    let allowed = || vec!["true".to_owned()];
    word.eq_ignore_ascii_case("true")
        .then_some(())
        .ok_or_else(|| Problem::Choice { allowed: allowed() })
}

/// A field's name in this family, where that of `id` is its own.
fn name_of<F: Field>(field: F) -> String {
    field_of(field.spec().name)
}

/// The names of these fields.
pub(super) fn names_of<F: Field>(wanted: impl Fn(&Spec) -> bool) -> Vec<String> {
    let fields = fields::<F>().filter(|field| wanted(field.spec()));
    fields.map(name_of).collect()
}

/// What the list can be sorted by: every field that has an index. A tenant's records are all of one tenant, so that their ids decide.
fn orders<F: Field>(custom: &CustomFields) -> Vec<(String, F)> {
    let sortable = fields::<F>().filter(|field| field.spec().is_sortable());
    let fields = sortable.map(|field| (name_of(field), field));
    let fields = fields.chain([("tenantId".to_owned(), F::default())]);
    fields.chain(custom.names()).collect()
}

/// The fields that conditions can be on.
fn filterable<F: Field>(custom: &CustomFields) -> Vec<(String, F)> {
    let own = fields::<F>().filter(|field| field.spec().is_filterable);
    let own = own.map(|field| (name_of(field), field));
    own.chain(custom.names()).collect()
}

fn search<F: Field>(query: &mut Query) -> Option<String> {
    let text = query.search()?;
    let is_searchable = F::ALL.iter().any(|field| field.spec().is_searchable);
    if !is_searchable {
        query.fail("search", Problem::Rule("is not offered by this list".to_owned()));
    }
    Some(text)
}

/// Whether a condition on an amount is given, which the tenant's currency may be needed for.
pub(super) fn asks_for_amounts<F: Field>(query: &Query) -> bool {
    let amounts = names_of::<F>(|spec| spec.kind == Kind::Money && spec.is_filterable);
    let mut given = query.beginning_with("filter");
    given.any(|(parameter, _)| split(&parameter).is_some_and(|(name, _)| amounts.iter().any(|amount| amount == name)))
}

/// What asks for tags, where the noun's records carry some: `filter[tags]=VIP`, or several between commas, of which they carry one.
const TAGS: [&str; 3] = ["filter[tags]", "filter[tags][eq]", "filter[tags][in]"];

fn tags(query: &mut Query, nature: Nature) -> Vec<Vec<String>> {
    if !nature.is_labelled {
        return Vec::new();
    }
    let named = |text: &str| {
        let names = text.split(',').map(|name| Ok(tag::parse_name(name)?.to_lowercase()));
        let names: Vec<String> = names.collect::<Result<_, Problem>>()?;
        if names.len() > VALUES_MAX {
            return Err(Problem::Rule(format!("must be at most {VALUES_MAX} values")));
        }
        Ok(names)
    };
    TAGS.iter().filter_map(|parameter| query.parsed(parameter, named)).collect()
}

fn conditions<F: Field>(
    query: &mut Query,
    nature: Nature,
    custom: &CustomFields,
    derived: &DerivedFields<F>,
    usual: Currency,
) -> Vec<Condition<F>> {
    let is_tags = |name: &str| nature.is_labelled && TAGS.contains(&name);
    let is_field = |(name, _): &(String, String)| !is_tags(name) && !derived.asks(name);
    let mut given: Vec<(String, String)> = query.beginning_with("filter").filter(is_field).collect();
    given.sort();
    if given.len() > CONDITIONS_MAX {
        query.fail("filter", Problem::Rule(format!("must be at most {CONDITIONS_MAX} conditions")));
        return Vec::new();
    }
    let currency = currency_of(&given, usual);
    let mut conditions = Vec::with_capacity(given.len());
    for (parameter, text) in given {
        match condition(&parameter, &text, nature, currency, (custom, derived)) {
            Ok(condition) => conditions.push(condition),
            Err(problem) => query.fail(&parameter, problem),
        }
    }
    conditions
}

/// The currency that amounts are given in: that of a condition on it, else the tenant's.
fn currency_of(given: &[(String, String)], usual: Currency) -> Currency {
    let is_currency = |parameter: &str| matches!(parameter, "filter[currency]" | "filter[currency][eq]");
    let named = given.iter().find(|(parameter, _)| is_currency(parameter));
    named.and_then(|(_, code)| Currency::parse(code).ok()).unwrap_or(usual)
}

/// `filter[field]=value` or `filter[field][op]=value`.
fn condition<F: Field>(
    parameter: &str,
    text: &str,
    nature: Nature,
    currency: Currency,
    (custom, derived): (&CustomFields, &DerivedFields<F>),
) -> Result<Condition<F>, Problem> {
    let (name, word) = split(parameter).ok_or_else(|| Problem::Rule("must have the form filter[field][operator]".to_owned()))?;
    let fields = filterable::<F>(custom);
    let found = fields.iter().find(|(known, _)| known == name).map(|(_, field)| *field);
    let field = found.ok_or_else(|| {
        let derived = derived.names().map(str::to_owned);
        let names: Vec<String> = fields.into_iter().map(|(known, _)| known).chain(derived).collect();
        unknown("field", &names)
    })?;
    let operators = || field.spec().operators();
    let operator = operators().find(|operator| operator.word() == word).ok_or_else(|| {
        let words: Vec<String> = operators().map(|operator| operator.word().to_owned()).collect();
        unknown("operator", &words)
    })?;
    Condition::parse(field, operator, text, |spec, text| match custom.definition(field) {
        Some(definition) => definition.read(spec, text),
        None => read(spec, text, nature, currency),
    })
}

pub(super) fn split(parameter: &str) -> Option<(&str, &str)> {
    let inner = parameter.strip_prefix("filter[")?.strip_suffix(']')?;
    let (name, operator) = inner.split_once("][").unwrap_or((inner, Operator::Eq.word()));
    let is_plain = |word: &str| !word.is_empty() && !word.contains(['[', ']']);
    (is_plain(name) && is_plain(operator)).then_some((name, operator))
}

pub(super) fn unknown(what: &str, known: &[String]) -> Problem {
    Problem::Rule(format!("must name one of these {what}s: {}", known.join(", ")))
}

/// One value as this family writes it: ids with their prefixes, money in major units.
fn read(spec: &Spec, text: &str, nature: Nature, currency: Currency) -> Result<Value, Problem> {
    match spec.kind {
        Kind::Id => {
            let prefix = prefix_in(spec.name).unwrap_or(nature.prefix);
            let number = number_of(text, prefix);
            number
                .map(Value::Integer)
                .ok_or_else(|| Problem::Rule(format!("must be an id such as {prefix}12")))
        }
        Kind::Money => Money::parse(text, currency).map(|money| Value::Integer(money.minor)),
        _ => spec.read(text),
    }
}

/// The number behind a prefix; which noun's it is, the prefix says.
fn number_of(text: &str, prefix: &str) -> Option<i64> {
    let digits = text.strip_prefix(prefix)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// The members asked for, of those that the resource's schema has.
fn members<T: PartialSchema>(text: &str) -> Result<Vec<String>, Problem> {
    let RefOr::T(Schema::Object(resource)) = T::schema() else {
        return Err(Problem::Rule("is not offered by this list".to_owned()));
    };
    let mut wanted: Vec<String> = text
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if let Some(stranger) = wanted.iter().find(|name| !resource.properties.contains_key(*name)) {
        let known: Vec<&str> = resource.properties.keys().map(String::as_str).collect();
        return Err(Problem::Rule(format!("names {stranger:?}, which is none of: {}", known.join(", "))));
    }
    wanted.push(ID.to_owned());
    Ok(wanted)
}
