//! What a list can be asked for, as the server's own document says.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::site::Site;

/// One thing that a list can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The query string.
    pub query: String,
    /// Whether it is an order; otherwise it is a filter.
    pub is_order: bool,
}

/// Every order and every single filter of a list, with values of records of its middle.
pub fn asks(site: &Site, path: &str) -> Result<Vec<Ask>> {
    let mut client = site.client();
    let document = client.call(&site.get("/openapi.json"))?.json()?;
    let parameters = document["paths"][path]["get"]["parameters"].as_array();
    let parameters = parameters.with_context(|| format!("{path} is not documented"))?;
    let pages = client.call(&site.get(format!("{path}?pageSize=100")))?.json()?["totalPages"]
        .as_u64()
        .with_context(|| format!("{path} has no pages"))?;
    let middle = client.call(&site.get(format!("{path}?pageSize=100&page={}", pages / 2 + 1)))?;
    let middle = middle.json()?["items"].as_array().cloned().unwrap_or_default();
    ensure!(!middle.is_empty(), "{path} shows nothing");
    let asks: Vec<Ask> = parameters.iter().flat_map(|parameter| of_parameter(parameter, &middle)).collect();
    ensure!(
        asks.iter().any(|ask| ask.is_order) && asks.iter().any(|ask| !ask.is_order),
        "{path} offers nothing"
    );
    Ok(asks)
}

fn of_parameter(parameter: &Value, records: &[Value]) -> Vec<Ask> {
    let name = parameter["name"].as_str().unwrap_or_default();
    // Where custom fields are offered as well, the fields' names are one of several schemas.
    let schema = &parameter["schema"];
    let words = || {
        let schemas = schema["anyOf"].as_array().into_iter().flatten().chain([schema]);
        schemas
            .flat_map(|schema| schema["enum"].as_array().into_iter().flatten())
            .filter_map(Value::as_str)
    };
    let filter = |query: String| Ask { query, is_order: false };
    match name {
        "sortBy" => words()
            .flat_map(|field| ["asc", "desc"].map(|order| format!("sortBy={field}&sortOrder={order}")))
            .map(|query| Ask { query, is_order: true })
            .collect(),
        "deleted" => vec![filter("deleted=true".to_owned())],
        "search" => ["clinic", "northwind", "zzzz", "100"]
            .map(|term| filter(format!("search={term}")))
            .to_vec(),
        _ => {
            let Some(field) = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')) else {
                return Vec::new();
            };
            let described = parameter["description"].as_str().unwrap_or_default();
            let values = values(records, field);
            let operators = described
                .split('`')
                .filter_map(|part| part.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']'));
            let conditions = operators.flat_map(|operator| texts(operator, &values).into_iter().map(move |text| (operator, text)));
            conditions
                .map(|(operator, text)| filter(format!("{name}[{operator}]={}", escaped(&text))))
                .collect()
        }
    }
}

/// The values of a field, each once, in the records' order.
fn values(records: &[Value], field: &str) -> Vec<String> {
    let mut values = Vec::new();
    for record in records {
        let text = match &record[field] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !values.contains(&text) {
            values.push(text);
        }
    }
    values
}

/// What a condition with this operator is asked for.
fn texts(operator: &str, values: &[String]) -> Vec<String> {
    if operator == "isNull" {
        return vec!["true".to_owned(), "false".to_owned()];
    }
    // A field that no record has a value of.
    let Some(first) = values.first() else { return Vec::new() };
    let part = |skip: usize, count: usize| first.chars().skip(skip).take(count).collect::<String>();
    vec![match operator {
        "in" => values.iter().take(2).cloned().collect::<Vec<_>>().join(","),
        "startsWith" => part(0, 2),
        "contains" => part(1, 4).trim().to_owned(),
        _ => first.clone(),
    }]
}

/// As a query string has it.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b',' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("%{byte:02X}")),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queries(parameter: Value) -> Vec<String> {
        let records = [
            json!({ "name": null, "city": "Köln" }),
            json!({ "name": "Acme Inc", "size": 5 }),
            json!({ "name": "B" }),
        ];
        of_parameter(&parameter, &records).into_iter().map(|ask| ask.query).collect()
    }

    #[test]
    fn orders_are_found_beside_those_of_custom_fields() {
        let schema = json!({ "anyOf": [{ "type": "string", "enum": ["name"] }, { "type": "string", "pattern": "^customFields" }] });
        let expected = ["sortBy=name&sortOrder=asc", "sortBy=name&sortOrder=desc"];
        assert_eq!(queries(json!({ "name": "sortBy", "schema": schema })), expected);
        assert_eq!(queries(json!({ "name": "sortBy", "schema": { "enum": ["name"] } })), expected);
    }

    #[test]
    fn every_operator_that_is_documented_is_asked_for() {
        let description = "Only records with this value; also `filter[name][in]`, `filter[name][contains]`, `filter[name][isNull]`.";
        assert_eq!(
            queries(json!({ "name": "filter[name]", "description": description })),
            [
                "filter[name][in]=Acme%20Inc,B",
                "filter[name][contains]=cme",
                "filter[name][isNull]=true",
                "filter[name][isNull]=false"
            ]
        );
        assert_eq!(
            queries(json!({ "name": "filter[size]", "description": "also `filter[size][gt]`" })),
            ["filter[size][gt]=5"]
        );
        assert_eq!(
            queries(json!({ "name": "filter[city]", "description": "also `filter[city][eq]`" })),
            ["filter[city][eq]=K%C3%B6ln"]
        );
        assert!(queries(json!({ "name": "filter[gone]", "description": "also `filter[gone][eq]`" })).is_empty());
    }

    #[test]
    fn every_order_that_is_documented_is_asked_for() {
        let orders = queries(json!({ "name": "sortBy", "schema": { "enum": ["name"] } }));
        assert_eq!(orders, ["sortBy=name&sortOrder=asc", "sortBy=name&sortOrder=desc"]);
        assert!(queries(json!({ "name": "page" })).is_empty());
    }
}
