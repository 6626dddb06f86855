//! What a body said, to tell a client which value of it is wrong (contract B-22, B-98).

use std::sync::Arc;

use serde_json::{Map, Value};

/// Most characters of a text that are told back.
const SHOWN_MAX: usize = 200;
/// What is never told back: answers end up in logs.
const SECRET: [&str; 1] = ["secret"];
/// What is told of a body's single values alone: its members are many.
const LISTS: [&str; 1] = ["leads"];

/// The members of a body, but for long lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Map<String, Value>>);

impl Sent {
    /// Those of this one.
    pub fn of(body: &Map<String, Value>) -> Self {
        let kept = body.iter().filter(|(name, _)| !LISTS.contains(&name.as_str()));
        Self(Arc::new(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
    }

    /// What was sent as this field, where that is a single value: of the body, or of one of its parts.
    pub fn value(&self, field: &str) -> Option<Value> {
        if SECRET.contains(&field) {
            return None;
        }
        let parts = self.0.values().filter_map(Value::as_object);
        let mut places = [&*self.0].into_iter().chain(parts);
        places.find_map(|place| found(place, field)).and_then(shown)
    }
}

/// A member, or a member of one: `custom_fields.tier`.
fn found<'a>(members: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    match field.split_once('.') {
        Some((part, rest)) => found(members.get(part)?.as_object()?, rest),
        None => members.get(field),
    }
}

fn shown(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(Value::String(text.chars().take(SHOWN_MAX).collect())),
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(body: &Value) -> Sent {
        Sent::of(body.as_object().unwrap())
    }

    // B-22
    #[test]
    fn a_value_is_found_in_the_body_and_its_parts() {
        let sent = sent(&json!({
            "source": "A pollo", "secret": "very secret", "leads": ["many"], "data": { "email": "invalid-email", "deep": { "er": 1 }, "list": [] },
        }));
        for (field, value) in [
            ("source", Some(json!("A pollo"))),
            ("email", Some(json!("invalid-email"))),
            ("data.email", Some(json!("invalid-email"))),
            ("deep.er", Some(json!(1))),
            ("secret", None),
            ("leads", None),
            ("list", None),
            ("deep", None),
            ("nothing", None),
        ] {
            assert_eq!(sent.value(field), value, "{field}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = sent(&json!({ "a": "ü".repeat(1_000_000) })).value("a");
        assert_eq!(shown.unwrap().as_str().unwrap().chars().count(), SHOWN_MAX);
    }
}
