//! The search over everything: which records a few typed letters may mean.

use actix_web::{HttpRequest, HttpResponse};
use crm_domain::{
    error::Problem,
    field::parse_integer,
    tenant::{
        TenantReader,
        change::EntityKind,
        search::{self, Hit, KINDS},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    context::{Permit, Read},
    error::{ErrorResponses, SaasError},
    page::Query,
    word::{noun_of, plural_of, prefix_of},
};

pub(super) const PATH: &str = "/api/search";

const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 50;
/// Most characters of a search.
const LONGEST: usize = 255;

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
struct SearchParams {
    /// What is looked for, whatever its case; from three characters on also with a typing error.
    #[param(max_length = 255)]
    q: String,
    /// Only these kinds of record, e.g. `company,deal`, or `companies,deals`.
    types: Option<String>,
    /// Most records of the answer; clamped to 1 … 50.
    #[param(required = false, default = 20, minimum = 1, maximum = 50)]
    limit: u32,
}

/// A record that may be meant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::SearchHit)]
pub(crate) struct SearchHit {
    /// `company`, `contact`, `lead`, `deal`, `task`, `ticket`, `partner` or `activity`.
    #[serde(rename = "type")]
    #[schema(example = "lead")]
    kind: &'static str,
    #[schema(example = "lead_3")]
    id: String,
    /// What the record is called.
    #[schema(example = "Ada Lovelace")]
    title: String,
    /// What tells it from others of the name.
    #[schema(example = "Analytical Engines")]
    subtitle: Option<String>,
    /// How well it fits: 1 is the name itself.
    #[schema(example = 0.945)]
    score: f64,
}

/// The records found, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = saas::SearchResult)]
pub(crate) struct SearchResult {
    items: Vec<SearchHit>,
}

/// Searches all kinds of record at once.
///
/// The name itself comes first, then names that begin so, then words that begin so, then texts that hold it somewhere, then what was
/// probably meant.
#[utoipa::path(
    get, path = PATH, tag = "search", operation_id = "saas_search", params(SearchParams),
    responses((status = 200, description = "What may be meant", body = SearchResult), ErrorResponses),
    security(("accessToken" = []))
)]
pub(super) async fn search(permit: Permit<Read>, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    if query.text("q").is_none() {
        query.fail("q", Problem::Required);
    }
    let asked = query.parsed("q", parse_text);
    let kinds = query.parsed("types", parse_kinds).unwrap_or_else(|| KINDS.into());
    let limit = query
        .parsed("limit", |text| parse_integer(text, i64::MIN, i64::MAX))
        .unwrap_or(LIMIT);
    query.finish()?;
    let limit = usize::try_from(limit.clamp(1, LIMIT_MAX)).unwrap_or(1);
    let hits = match asked {
        Some(asked) => {
            let find = move |reader: &mut dyn TenantReader| search::find(reader.search(), &asked, &kinds, limit);
            permit.tenant.read(find).await?
        }
        None => Vec::new(),
    };
    let items = hits.into_iter().map(SearchHit::from).collect();
    Ok(HttpResponse::Ok().json(SearchResult { items }))
}

fn parse_text(text: &str) -> Result<search::Query, Problem> {
    match text.chars().count() {
        length if length > LONGEST => Err(Problem::TooLong { max: LONGEST }),
        _ if text.contains('\0') => Err(Problem::ControlCharacter),
        _ => search::Query::parse(text).ok_or(Problem::Required),
    }
}

/// Kinds in this family's words, of one or of many, separated by commas.
fn parse_kinds(text: &str) -> Result<Vec<EntityKind>, Problem> {
    let kind_of = |word: &str| {
        KINDS.into_iter().find(|kind| {
            let noun = noun_of(kind.as_str());
            word == noun || word == plural_of(noun)
        })
    };
    let wanted: Option<Vec<EntityKind>> = text.split(',').map(|word| kind_of(word.trim())).collect();
    let wanted = wanted.ok_or_else(|| Problem::Choice {
        allowed: KINDS.map(|kind| noun_of(kind.as_str()).to_owned()).into(),
    })?;
    // In one order, and each once.
    Ok(KINDS.into_iter().filter(|kind| wanted.contains(kind)).collect())
}

impl From<Hit> for SearchHit {
    fn from(hit: Hit) -> Self {
        let Hit { record, score } = hit;
        Self {
            kind: noun_of(record.kind.as_str()),
            id: format!("{}{}", prefix_of(record.kind), record.id),
            title: record.title,
            subtitle: record.subtitle,
            // As many digits as tell two scores apart.
            score: (score * 10_000.0).round() / 10_000.0,
        }
    }
}
