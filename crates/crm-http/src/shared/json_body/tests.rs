//! What bodies may say, and how it is bound.

use crm_domain::field::{Check, Patch};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    first_name: Given<String>,
    age: Given<Decimal>,
    is_active: Given<bool>,
    tags: Given<Vec<String>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct People {
    all_people: Option<Vec<Person>>,
    nested: Option<Box<Person>>,
}

fn person(text: &str) -> Person {
    JsonBody::parse(text.as_bytes()).unwrap().bind_any_case().unwrap()
}

#[test]
fn missing_null_value_and_wrong_type_are_told_apart() {
    let person = person(r#"{"age": null, "isActive": true, "tags": [1], "unknown": {"a": 1}}"#);
    assert_eq!(
        person,
        Person {
            first_name: Given::Missing,
            age: Given::Null,
            is_active: Given::Value(true),
            tags: Given::WrongType,
        }
    );
}

#[test]
fn keys_bind_whatever_their_case() {
    for text in [
        r#"{"firstName":"Ann"}"#,
        r#"{"FirstName":"Ann"}"#,
        r#"{"FIRSTNAME":"Ann"}"#,
        r#"{"firstname":"Ann"}"#,
    ] {
        assert_eq!(person(text).first_name, Given::Value("Ann".to_owned()), "{text}");
    }
    let both = r#"{"FIRSTNAME":"x","firstName":"Ann","firstname":"y"}"#;
    assert_eq!(person(both).first_name, Given::Value("Ann".to_owned()), "the exact spelling wins");
}

#[test]
fn nested_structs_bind_whatever_their_case() {
    let people: People = JsonBody::parse(br#"{"AllPeople":[{"FirstName":"Ann"}],"NESTED":{"AGE":7}}"#)
        .unwrap()
        .bind_any_case()
        .unwrap();
    assert_eq!(people.all_people.unwrap()[0].first_name, Given::Value("Ann".to_owned()));
    assert_eq!(people.nested.unwrap().age, Given::Value(Decimal::from_json(json!(7)).unwrap()));
}

#[test]
fn numbers_are_handed_on_as_decimal_text() {
    for (text, expected) in [
        ("7", "7"),
        ("-7", "-7"),
        ("1100.04", "1100.04"),
        ("50.0", "50"),
        ("1e3", "1000"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e300", "1e+300"),
    ] {
        let Given::Value(age) = person(&format!(r#"{{"age":{text}}}"#)).age else {
            panic!("{text}");
        };
        assert_eq!(String::from(age), expected);
    }
    assert_eq!(person(r#"{"age":"7"}"#).age, Given::WrongType);
}

#[test]
fn wrong_types_become_field_errors() {
    let person = person(r#"{"firstName": 1, "age": "x", "isActive": "true", "tags": "a"}"#);
    let mut check = Check::new();
    let name: Patch<String> = person.first_name.patch("first_name", &mut check);
    let age: Patch<String> = person.age.patch("age", &mut check);
    let active: Patch<bool> = person.is_active.patch("is_active", &mut check);
    let tags: Patch<Vec<String>> = person.tags.patch("tags", &mut check);
    assert_eq!((name, age, active, tags), (Patch::Keep, Patch::Keep, Patch::Keep, Patch::Keep));
    let Err(crm_domain::Error::Invalid(errors)) = check.finish() else {
        panic!("four fields are wrong");
    };
    let told: Vec<_> = errors.iter().map(|e| format!("{} {}", e.field, e.problem)).collect();
    assert_eq!(
        told,
        [
            "age must be a number",
            "first_name must be a string",
            "is_active must be true or false",
            "tags must be a list of strings"
        ]
    );
}

#[test]
fn what_is_no_json_object_is_refused() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    for bad in [
        &b""[..],
        b"{",
        b"{\"a\":1}x",
        b"{'a':1}",
        b"{\"a\":\"\xFF\"}",
        b"{\"a\":\"\x00\"}",
        br#"{"a":"\ud800"}"#,
        br#"{"a":"\udc00\ud800"}"#,
        br#"{"a":NaN}"#,
        br#"{"a":1e999}"#,
        deep.as_bytes(),
    ] {
        assert!(
            matches!(JsonBody::parse(bad), Err(BodyError::NotJson(_))),
            "{}",
            String::from_utf8_lossy(bad)
        );
    }
    for bad in [&b"[]"[..], b"null", b"\"text\"", b"7"] {
        assert_eq!(JsonBody::parse(bad), Err(BodyError::NotAnObject));
    }
    for bad in [&br#"{"a":"x\u0000y"}"#[..], br#"{"a":{"\u0000":1}}"#, br#"{"a":[["\u0000"]]}"#] {
        assert_eq!(JsonBody::parse(bad), Err(BodyError::Nul));
    }
    assert!(JsonBody::parse(b"\xEF\xBB\xBF{}").is_ok(), "a byte order mark is skipped");
    assert!(JsonBody::parse(br#"{"a":"\ud83d\ude00"}"#).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(body) = JsonBody::parse(&bytes) {
            let _ = body.bind_any_case::<People>();
        }
    }

    #[test]
    fn no_object_panics(text in r#"\{"(all|ALL)?[pP]eople":[\[\]{}0-9a-z":,]{0,40}\}"#) {
        if let Ok(body) = JsonBody::parse(text.as_bytes()) {
            let _ = body.bind_any_case::<People>();
        }
    }

    #[test]
    fn any_text_is_handed_on_unchanged(text in "[^\0]*") {
        let body = serde_json::json!({"FIRSTNAME": text}).to_string();
        prop_assert_eq!(person(&body).first_name, Given::Value(text));
    }
}

#[test]
fn a_body_is_not_shown() {
    let body = JsonBody::parse(br#"{"password":"Admin@123"}"#).unwrap();
    assert_eq!(format!("{body:?}"), "JsonBody(…)");
}
