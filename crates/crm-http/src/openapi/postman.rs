//! The Postman collection that family C's document names (contract C-04, X-80), made of the OpenAPI document: every operation by access token,
//! and those that get one. Signing in by its own request fills the token in for all others.

use serde_json::{Map, Value, json};

/// The file's name, as the document gives it.
pub const FILE: &str = "CRM_SaaS_API.postman_collection.json";

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
/// How deep examples go; schemas may refer to themselves.
const DEPTH: usize = 6;
/// Keeps the tokens of an answer for the requests that follow.
const KEEP_TOKENS: [&str; 3] = [
    "const body = pm.response.json();",
    "if (body.token) { pm.collectionVariables.set('token', body.token); }",
    "if (body.refreshToken) { pm.collectionVariables.set('refreshToken', body.refreshToken); }",
];

/// Makes the collection (format 2.1) of an OpenAPI document.
pub fn collection(document: &Value) -> Value {
    let schemas = &document["components"]["schemas"];
    let mut folders = Vec::new();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let items = items_of(document, schemas, &tag["name"]);
        if !items.is_empty() {
            folders.push(json!({ "name": tag["name"], "description": tag["description"], "item": items }));
        }
    }
    let variable = |key: &str, value: &str| json!({ "key": key, "value": value, "type": "string" });
    json!({
        "info": {
            "name": "CRM SaaS API",
            "description": "Set `baseUrl`, then send `auth / Signs in`: its token is used by every other request.",
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "auth": { "type": "bearer", "bearer": [variable("token", "{{token}}")] },
        "variable": [variable("baseUrl", "http://localhost:5000"), variable("token", ""), variable("refreshToken", "")],
        "item": folders,
    })
}

/// The operations under a tag, in the order of their paths.
fn items_of(document: &Value, schemas: &Value, tag: &Value) -> Vec<Value> {
    let mut items = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &operations[method];
            let is_tagged = operation["tags"].as_array().is_some_and(|tags| tags.first() == Some(tag));
            if is_tagged && is_of_the_family(path, operation) {
                items.push(item(path, method, operation, schemas));
            }
        }
    }
    items
}

/// Whether an operation asks for an access token, or is one of those that get one.
fn is_of_the_family(path: &str, operation: &Value) -> bool {
    is_by_token(operation) || (path.starts_with("/api/auth/") && !is_by_cookie(operation))
}

/// Another family's: `/api/auth/user` is family D's (contract X-03).
fn is_by_cookie(operation: &Value) -> bool {
    let security = operation["security"].as_array().into_iter().flatten();
    security.into_iter().any(|needed| needed.get("contacts_session").is_some())
}

fn is_by_token(operation: &Value) -> bool {
    let security = operation["security"].as_array().into_iter().flatten();
    security.into_iter().any(|needed| needed.get("accessToken").is_some())
}

fn item(path: &str, method: &str, operation: &Value, schemas: &Value) -> Value {
    let parameters = || operation["parameters"].as_array().into_iter().flatten();
    let within = |place: &'static str| parameters().filter(move |parameter| parameter["in"] == place);
    // Every parameter that is not needed waits to be switched on.
    let optional = |parameter: &Value| {
        json!({
            "key": parameter["name"],
            "value": text_of(&parameter_example(parameter)),
            "description": parameter["description"],
            "disabled": parameter["required"] != true,
        })
    };
    let mut url = url(path);
    url["query"] = within("query").map(optional).collect();
    url["variable"] = within("path")
        .map(|parameter| json!({ "key": parameter["name"], "value": text_of(&parameter_example(parameter)), "description": parameter["description"] }))
        .collect();
    let mut headers: Vec<Value> = within("header").map(optional).collect();
    let mut request = json!({
        "method": method.to_uppercase(),
        "url": url,
        "description": operation.get("description").unwrap_or(&operation["summary"]),
    });
    if let Some(schema) = operation["requestBody"]["content"]["application/json"].get("schema") {
        headers.push(json!({ "key": "Content-Type", "value": "application/json" }));
        let mut body = example(schema, schemas, DEPTH);
        if body.get("refreshToken").is_some() {
            body["refreshToken"] = json!("{{refreshToken}}");
        }
        request["body"] = json!({ "mode": "raw", "raw": format!("{body:#}"), "options": { "raw": { "language": "json" } } });
    }
    request["header"] = headers.into();
    if !is_by_token(operation) {
        request["auth"] = json!({ "type": "noauth" });
    }
    let mut item = json!({ "name": name_of(operation), "request": request, "response": [] });
    if path.starts_with("/api/auth/") {
        let script = json!({ "type": "text/javascript", "exec": KEEP_TOKENS });
        item["event"] = json!([{ "listen": "test", "script": script }]);
    }
    item
}

/// The summary without its full stop.
fn name_of(operation: &Value) -> &str {
    let summary = operation["summary"].as_str().or(operation["operationId"].as_str());
    summary.unwrap_or_default().trim_end_matches('.')
}

/// `/api/leads/{id}` as `{{baseUrl}}/api/leads/:id`.
fn url(path: &str) -> Value {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => format!(":{name}"),
        None => segment.to_owned(),
    };
    let segments: Vec<String> = path.split('/').skip(1).map(segment).collect();
    json!({ "raw": format!("{{{{baseUrl}}}}/{}", segments.join("/")), "host": ["{{baseUrl}}"], "path": segments })
}

fn parameter_example(parameter: &Value) -> Value {
    let schema = &parameter["schema"];
    let given = parameter.get("example").or(schema.get("example")).or(schema.get("default"));
    let first = || schema["enum"].as_array().and_then(|words| words.first());
    given.or_else(first).cloned().unwrap_or_else(|| json!(""))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A body of this schema: what is required, and what else has an example, but for references to records that may not be there.
fn example(schema: &Value, schemas: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return example(&schemas[name], schemas, depth - 1);
    }
    for given in ["example", "default", "const"] {
        if let Some(value) = schema.get(given) {
            return value.clone();
        }
    }
    let one = |list: &str| {
        schema[list]
            .as_array()
            .and_then(|options| options.iter().find(|option| option["type"] != "null"))
    };
    if let Some(value) = schema["enum"].as_array().and_then(|words| words.first()) {
        return value.clone();
    }
    if let Some(option) = one("oneOf").or_else(|| one("anyOf")) {
        return example(option, schemas, depth - 1);
    }
    match kind(schema) {
        Some("object") => object(schema, schemas, depth),
        Some("array") => json!([example(&schema["items"], schemas, depth - 1)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(true),
        Some(_) => json!(""),
        None => merged(schema, schemas, depth),
    }
}

/// The type of a schema, or the one of its types that is not null.
fn kind(schema: &Value) -> Option<&str> {
    let types = schema["type"].as_array().into_iter().flatten();
    let named = types.filter_map(Value::as_str).find(|name| *name != "null");
    schema["type"].as_str().or(named)
}

fn object(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let is_required = |name: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|known| known == name))
    };
    let is_reference = |name: &str| name.ends_with("Id") || name.ends_with("Ids");
    let mut members = Map::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let has_example = member.get("example").is_some() && !is_reference(name);
        if is_required(name) || has_example {
            members.insert(name.clone(), example(member, schemas, depth - 1));
        }
    }
    Value::Object(members)
}

/// `allOf`: the members of each part.
fn merged(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let mut members = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = example(part, schemas, depth - 1) {
            members.extend(more);
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        families::{Credential, routes},
        openapi::openapi,
    };

    fn made() -> Value {
        collection(&json!(openapi()))
    }

    fn requests(collection: &Value) -> Vec<&Value> {
        let folders = collection["item"].as_array().unwrap().iter();
        folders.flat_map(|folder| folder["item"].as_array().unwrap()).collect()
    }

    // C-04: all endpoints, more than a hundred
    #[test]
    fn every_operation_by_token_is_in_it_once() {
        let collection = made();
        let told: Vec<String> = requests(&collection)
            .iter()
            .map(|item| {
                let request = &item["request"];
                let path = request["url"]["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap());
                let path: String = path.map(|part| format!("/{part}")).collect();
                format!("{} {path}", request["method"].as_str().unwrap())
            })
            .collect();
        let unique: BTreeSet<&String> = told.iter().collect();
        assert_eq!(unique.len(), told.len());
        let is_of_the_family = |credential, path: &str| {
            [Credential::Jwt, Credential::JwtOrSession].contains(&credential)
                || (credential == Credential::Open && path.starts_with("/api/auth/"))
        };
        let registered: BTreeSet<String> = routes()
            .iter()
            .filter(|route| is_of_the_family(route.credential, route.template))
            .map(|route| format!("{} {}", route.method, route.template.replace('{', ":").replace('}', "")))
            .collect();
        assert_eq!(unique.into_iter().cloned().collect::<BTreeSet<_>>(), registered);
        assert!(told.len() > 100);
    }

    #[test]
    fn a_request_is_whole() {
        let collection = made();
        let all = requests(&collection);
        let find = |name: &str| *all.iter().find(|item| item["name"].as_str().unwrap().starts_with(name)).unwrap();
        let assign = &find("Hands a lead to another user")["request"];
        assert_eq!(assign["url"]["raw"], "{{baseUrl}}/api/leads/:id/assign");
        assert_eq!(assign["url"]["variable"][0]["value"], "lead_123");
        assert_eq!(assign["body"]["mode"], "raw");
        let body: Value = serde_json::from_str(assign["body"]["raw"].as_str().unwrap()).unwrap();
        assert_eq!(body, json!({ "ownerId": "user_456" }));
        let login = find("Signs in");
        assert_eq!(login["request"]["auth"]["type"], "noauth");
        assert!(
            login["event"][0]["script"]["exec"]
                .to_string()
                .contains("pm.collectionVariables.set('token'")
        );
    }

    #[test]
    fn bodies_are_json_and_optional_parameters_are_off() {
        let collection = made();
        for item in requests(&collection) {
            let request = &item["request"];
            if let Some(raw) = request["body"]["raw"].as_str() {
                let body: Value = serde_json::from_str(raw).unwrap();
                assert!(body.is_object(), "{item}");
            }
            for parameter in request["url"]["query"].as_array().unwrap() {
                let is_required = ["q", "tenant_id"].iter().any(|key| parameter["key"] == *key);
                assert_eq!(parameter["disabled"], !is_required, "{item}");
            }
        }
    }
}
