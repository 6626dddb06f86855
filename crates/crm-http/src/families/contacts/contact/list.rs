//! Lists of contacts: filters, orders and pages (contract D-48 … D-61, X-122 … ).

use std::borrow::Cow;

use actix_web::HttpResponse;
use crm_domain::{
    error::Problem,
    page::{Direction, Sort},
    query::{Condition, Field, Filter, Operator},
    stamp::Stamp,
    tenant::contact::{ContactField, ContactFilter},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Contact;
use crate::{
    families::contacts::{
        answer::Envelope,
        error::ApiError,
        page::{Paging, Query},
        word::field_of,
    },
    shared::{query::choice, tenant::TenantSession},
};

/// Most characters of a search and of a filter.
const TEXT_MAX: usize = 255;
/// Fields of contacts that this family does not have, or shows in no order.
const NOT_ORDERS: [&str; 5] = ["account_id", "owner_id", "external_id", "created_by", "has_phone"];

/// The parameters of a list of contacts; for the documentation.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(in super::super) struct Params {
    /// Only contacts with this text in name, email, company, title, phone or place, whatever its case.
    search: Option<String>,
    /// Only contacts of this industry.
    #[param(example = "Technology")]
    industry: Option<String>,
    /// Only contacts of companies of this size.
    #[param(example = "201-500")]
    employee_size_bracket: Option<String>,
    /// Only contacts of this country.
    #[param(example = "United States")]
    country: Option<String>,
    /// A scalar field of contacts that has an index.
    #[param(default = "createdAt", example = "leadScore")]
    sort_by: Option<String>,
    /// `asc` or `desc`.
    #[param(default = "desc")]
    sort_order: Option<String>,
    /// The least lead score.
    #[param(example = 7.5)]
    lead_score_min: Option<f64>,
    /// The greatest lead score.
    lead_score_max: Option<f64>,
    /// Only contacts changed then or later: an ISO 8601 timestamp, in UTC where it names no zone, or a day, which means midnight UTC.
    updated_since: Option<String>,
    /// Only contacts created then or later.
    created_since: Option<String>,
    /// Only contacts with an email, or only those without.
    has_email: Option<bool>,
    /// Only contacts with any phone, or only those without.
    has_phone: Option<bool>,
    /// Only contacts with a LinkedIn profile of their own, or only those without.
    #[param(rename = "hasLinkedIn")]
    has_linked_in: Option<bool>,
    /// `true`: the deleted contacts instead of the others.
    deleted: Option<bool>,
}

/// Where a page begins that follows another; for the documentation.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter, never made")]
pub(in super::super) struct CursorParam {
    /// `nextCursor` of the page before: a deep page costs what the first costs. Wins over `page`.
    cursor: Option<String>,
}

/// Contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Contacts)]
pub(in super::super) struct Contacts {
    contacts: Vec<Contact>,
}

/// Answers a page of contacts.
pub(in super::super) async fn page(tenant: &TenantSession, query: &str) -> Result<HttpResponse, ApiError> {
    let Wanted { filter, sort, paging } = wanted(Query::parse(query))?;
    let window = paging.window();
    let page = tenant
        .snapshot(move |reader| reader.contacts().list(&filter, sort, &window))
        .await?;
    let meta = paging.meta_of(&page, |contact| (sort.key.place(contact), contact.id.into()));
    let contacts = page.items.into_iter().map(Contact::from).collect();
    Ok(HttpResponse::Ok().json(Envelope::page(Contacts { contacts }, meta)))
}

/// Which contacts a request asks for, in which order, when all of them are wanted.
pub(in super::super) fn selection(query: &str) -> Result<(ContactFilter, Sort<ContactField>), ApiError> {
    let mut query = Query::parse(query);
    let selected = selected(&mut query);
    query.finish()?;
    Ok(selected)
}

/// What a request asks for.
struct Wanted {
    filter: ContactFilter,
    sort: Sort<ContactField>,
    paging: Paging,
}

fn wanted(mut query: Query) -> Result<Wanted, ApiError> {
    let (filter, sort) = selected(&mut query);
    let paging = query.paging(&format!("contacts {sort:?} {filter:?}"));
    query.finish()?;
    Ok(Wanted { filter, sort, paging })
}

fn selected(query: &mut Query) -> (ContactFilter, Sort<ContactField>) {
    let sort = Sort {
        key: query.parsed("sortBy", order).unwrap_or_default(),
        direction: query.parsed("sortOrder", direction).unwrap_or(Direction::Descending),
    };
    let conditions = conditions(query);
    let filter = Filter {
        search: query.parsed("search", bounded),
        deleted: query.parsed("deleted", flag).unwrap_or(false),
        conditions,
        ..ContactFilter::default()
    };
    (filter, sort)
}

fn conditions(query: &mut Query) -> Vec<Condition<ContactField>> {
    use ContactField::{Country, CreatedAt, Email, EmployeeSizeBracket, HasPhone, Industry, LeadScore, PersonLinkedin, UpdatedAt};
    let same = |field| move |text: &str| bounded(text).map(|text| Condition::equal(field, text));
    let since = |field| move |text: &str| Condition::parse(field, Operator::Gte, &in_utc(text), |spec, text| spec.read(text));
    let score = |operator, round: fn(f64) -> f64| {
        move |text: &str| {
            let tenths = tenths(text, round)?;
            Condition::parse(LeadScore, operator, &tenths.to_string(), |spec, text| spec.read(text))
        }
    };
    let has = |field| move |text: &str| flag(text).map(|wanted| Condition::null(field, !wanted));
    [
        query.parsed("industry", same(Industry)),
        query.parsed("employeeSizeBracket", same(EmployeeSizeBracket)),
        query.parsed("country", same(Country)),
        query.parsed("leadScoreMin", score(Operator::Gte, f64::ceil)),
        query.parsed("leadScoreMax", score(Operator::Lte, f64::floor)),
        query.parsed_even_blank("updatedSince", since(UpdatedAt)),
        query.parsed_even_blank("createdSince", since(CreatedAt)),
        query.parsed("hasEmail", has(Email)),
        query.parsed("hasPhone", |text| flag(text).map(|wanted| Condition::equal(HasPhone, wanted))),
        query.parsed("hasLinkedIn", has(PersonLinkedin)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A time without a zone is UTC, as a date without a time is.
fn in_utc(text: &str) -> Cow<'_, str> {
    let zoned = format!("{text}Z");
    if Stamp::parse(text).is_err() && Stamp::parse(&zoned).is_ok() {
        Cow::Owned(zoned)
    } else {
        Cow::Borrowed(text)
    }
}

/// What lists can be sorted by: the family's fields that have an index.
fn order(name: &str) -> Result<ContactField, Problem> {
    let fields = ContactField::ALL.iter().filter(|field| {
        let spec = field.spec();
        spec.is_sortable() && !NOT_ORDERS.contains(&spec.name)
    });
    let names: Vec<(String, ContactField)> = fields.map(|field| (field_of(field.spec().name), *field)).collect();
    let found = names.iter().find(|(known, _)| known == name);
    found
        .map(|(_, field)| *field)
        .ok_or_else(|| choice(names.iter().map(|(name, _)| name.as_str())))
}

fn direction(word: &str) -> Result<Direction, Problem> {
    match word.to_ascii_lowercase().as_str() {
        "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        _ => Err(choice(["asc", "desc"])),
    }
}

fn flag(word: &str) -> Result<bool, Problem> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(choice(["true", "false"])),
    }
}

fn bounded(text: &str) -> Result<String, Problem> {
    match text.chars().count() {
        n if n > TEXT_MAX => Err(Problem::TooLong { max: TEXT_MAX }),
        _ if text.contains('\0') => Err(Problem::ControlCharacter),
        _ => Ok(text.to_owned()),
    }
}

/// A score as tenths: `7.25` asks for at least 73 or at most 72 of them.
#[expect(clippy::cast_possible_truncation, reason = "the range is far below 2^53")]
fn tenths(text: &str, round: fn(f64) -> f64) -> Result<i64, Problem> {
    let score = text.parse::<f64>().ok().filter(|score| score.is_finite()).ok_or(Problem::Number)?;
    // 7.2 is no double: what is as good as a tenth is one.
    let tenths = (score.clamp(-1.0, 101.0) * 10.0 * 1e6).round() / 1e6;
    Ok(round(tenths) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_scores_are_whole_tenths() {
        for (text, least, greatest) in [
            ("7", 70, 70),
            ("7.2", 72, 72),
            ("7.25", 73, 72),
            ("0", 0, 0),
            ("-5", -10, -10),
            ("1e9", 1010, 1010),
        ] {
            assert_eq!(
                (tenths(text, f64::ceil), tenths(text, f64::floor)),
                (Ok(least), Ok(greatest)),
                "{text}"
            );
        }
        for wrong in ["x", "nan", "inf", "7,2"] {
            assert_eq!(tenths(wrong, f64::ceil), Err(Problem::Number), "{wrong}");
        }
    }

    #[test]
    fn every_order_is_one_of_the_familys_fields() {
        for name in [
            "createdAt",
            "updatedAt",
            "leadScore",
            "fullName",
            "personLinkedIn",
            "employeeSizeBracket",
            "email",
            "id",
        ] {
            assert!(order(name).is_ok(), "{name}");
        }
        for name in ["ownerId", "created_at", "hasPhone", "password", ""] {
            assert!(order(name).is_err(), "{name}");
        }
    }
}
