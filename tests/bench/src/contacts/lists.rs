//! Every order with every filter, with and without a search.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Options, site::Site};
use crate::{
    database::Database,
    output::note,
    saas::turns::{millis, percentile_of, time},
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// Requests of one combination in a round.
const REQUESTS: usize = 5;
/// What half of the answers may take, in milliseconds.
const MOST: f64 = 20.0;
/// What a list can be sorted by (contract X-123).
const ORDERS: [&str; 11] = [
    "createdAt",
    "updatedAt",
    "fullName",
    "firstName",
    "lastName",
    "email",
    "company",
    "employees",
    "industry",
    "country",
    "leadScore",
];
/// What it can be filtered by; `{}` is a value of a contact of the middle.
const FILTERS: [&str; 11] = [
    "",
    "industry={industry}",
    "employeeSizeBracket={employeeSizeBracket}",
    "country={country}",
    "leadScoreMin=5",
    "leadScoreMax={leadScore}",
    "createdSince=2026-01-01",
    "updatedSince={updatedAt}",
    "hasEmail=true",
    "hasPhone=false",
    "hasLinkedIn=true",
];
/// What is searched for: nothing, a common word, a rare one.
const SEARCHES: [&str; 3] = ["", "search=Ada", "search={email}"];

/// A combination and what it costs.
struct Cost {
    query: String,
    first: f64,
    ours: Sample,
}

/// Measures every combination, and compares totals with a count.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    let sample = of_the_middle(site)?;
    let queries = queries(&sample);
    note(&format!("{}: {} combinations of lists", site.backend(), queries.len()));
    let costs: Vec<Cost> = queries.into_iter().map(|query| cost(options, site, query)).collect::<Result<_>>()?;
    let mut sorted: Vec<&Cost> = costs.iter().collect();
    sorted.sort_by(|a, b| b.ours.median().total_cmp(&a.ours.median()));
    for cost in sorted.iter().take(15) {
        note(&format!(
            "  first {:8.2} ms, then {:7.2} ms  {}",
            cost.first,
            cost.ours.median(),
            cost.query
        ));
    }
    let slowest = sorted.first().context("nothing was measured")?;
    let first = costs
        .iter()
        .max_by(|a, b| a.first.total_cmp(&b.first))
        .context("nothing was measured")?;
    let all: Sample = costs.iter().map(|cost| cost.ours.median()).collect();
    let mut table = Table::default();
    let mut push = |work: String, limit: Option<Sample>, unit, ours, goal| {
        table.push(Line {
            backend: site.backend(),
            work,
            unit,
            limit,
            ours,
            goal,
        });
    };
    push(
        format!(
            "D: lists of {} contacts, the median of {} combinations",
            options.rows(),
            costs.len()
        ),
        None,
        Unit::Millis,
        all,
        Goal::AtMost(MOST),
    );
    push(
        format!("the slowest, p50: {}", slowest.query),
        None,
        Unit::Millis,
        slowest.ours.clone(),
        Goal::AtMost(MOST),
    );
    push(
        format!("the first time it is asked for, to be counted: {}", first.query),
        None,
        Unit::Millis,
        first.first.into(),
        Goal::None,
    );
    let (shown, counted) = totals(site, &sample)?;
    push(
        "the total of two filters; limit COUNT(*)".to_owned(),
        Some(counted.into()),
        Unit::Count,
        shown.into(),
        Goal::Same,
    );
    Ok(table)
}

fn of_the_middle(site: &Site) -> Result<Value> {
    let page = site.loaded.rows / 40;
    let shown = site
        .client()
        .call(&site.get(format!("/api/v1/contacts?pageSize=20&page={page}")))?
        .json()?;
    let contact = shown["data"]["contacts"][0].clone();
    ensure!(contact.is_object(), "the middle shows no contact");
    Ok(contact)
}

fn queries(sample: &Value) -> Vec<String> {
    let mut queries = Vec::new();
    for order in ORDERS {
        for direction in ["asc", "desc"] {
            for filter in FILTERS {
                for search in SEARCHES {
                    let parts = [
                        format!("sortBy={order}&sortOrder={direction}"),
                        filled(filter, sample),
                        filled(search, sample),
                    ];
                    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                    queries.push(parts.join("&"));
                }
            }
        }
    }
    queries
}

/// Puts a contact's values into a query.
fn filled(query: &str, contact: &Value) -> String {
    let Some((before, rest)) = query.split_once('{') else {
        return query.to_owned();
    };
    let name = rest.trim_end_matches('}');
    let value = match &contact[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{before}{encoded}")
}

fn cost(options: &Options, site: &Site, query: String) -> Result<Cost> {
    let mut client = site.client();
    let request = site.get(format!("/api/v1/contacts?pageSize=20&{query}"));
    let first = millis(time(&mut client, &request)?);
    let mut ours = Sample::default();
    for _ in 0..options.rounds() {
        ours.push(percentile_of(&mut client, &request, REQUESTS, 0.5)?);
    }
    Ok(Cost { query, first, ours })
}

/// What a list with two filters shows as its total, and what the database counts.
fn totals(site: &Site, sample: &Value) -> Result<(f64, f64)> {
    let query = format!("{}&{}", filled("industry={industry}", sample), filled("country={country}", sample));
    let shown = site.client().call(&site.get(format!("/api/v1/contacts?{query}")))?.json()?;
    let shown = shown["meta"]["totalItems"].as_u64().context("no total is shown")?;
    let location = site.loaded.deployment.location(&site.loaded.access.tenant)?;
    let text = |name: &str| sample[name].as_str().unwrap_or_default().replace('\'', "''");
    let counted = Database::open(&location)?.number(&format!(
        "SELECT count(*) AS value FROM contact WHERE deleted_at IS NULL AND industry = '{}' AND country = '{}'",
        text("industry"),
        text("country")
    ))?;
    Ok((shown as f64, counted as f64))
}
