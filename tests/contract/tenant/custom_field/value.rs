//! The values that records have in custom fields.

use crm_domain::usecase::single;
use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::RecordId,
    tenant::{
        TenantStore,
        account::{self as accounts, Account},
        change::ChangeKind,
        custom_field::{CustomDraft, CustomFieldDraft, FieldType, Prepared},
        label,
    },
    usecase::restore,
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::{Map, Value, json};

use super::{
    super::{TEXTS, add_account, feed, named, only_problem, open, write},
    ACCOUNT, create, define, draft,
};

each_backend_shared!(
    values_of_every_type_read_back,
    null_clears_a_value,
    a_new_record_and_its_values_are_one_change,
    what_changes_nothing_leaves_no_trace,
    everything_wrong_is_told_at_once,
    a_unique_value_is_one_live_records,
    deleting_and_restoring_a_record_keeps_its_values,
    a_copy_fills_what_is_missing,
    kinds_of_records_do_not_share_values,
);

fn values(object: Value) -> CustomDraft {
    match object {
        Value::Object(members) => CustomDraft(members.into_iter().collect()),
        other => panic!("{other} is no object"),
    }
}

/// Gives an account values, as an update does.
pub(super) fn put(store: &Arc<dyn TenantStore>, id: i64, object: Value) -> Result<bool> {
    write(store, move |unit| {
        let mut check = Check::new();
        let prepared = Prepared::change(unit, ACCOUNT, id, values(object), &mut check)?;
        check.finish()?;
        prepared.write(unit, id)
    })
}

fn create_with(store: &Arc<dyn TenantStore>, name: &str, object: Value) -> Result<Account> {
    let fields = named(name);
    write(store, move |unit| {
        let mut check = Check::new();
        let prepared = Prepared::new_record(unit, ACCOUNT, values(object), &mut check)?;
        check.finish()?;
        let account = single::create_parsed::<accounts::Account>(unit, fields)?;
        prepared.write_new(unit, account.id.get())?;
        Ok(account)
    })
}

/// What a record shows.
pub(super) fn shown(store: &Arc<dyn TenantStore>, id: i64) -> Value {
    let mut labels = store.reading(|reader| label::of(reader.labels(), ACCOUNT, &[id])).unwrap();
    let fields = labels.remove(&id).unwrap_or_default().custom_fields;
    let members = fields.into_iter().map(|(key, value)| (key, Value::from(&value)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, Problem)> {
    match result {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.problem)).collect(),
        other => panic!("{other:?}"),
    }
}

fn define_all(store: &Arc<dyn TenantStore>) {
    define(store, "code", FieldType::Text);
    define(store, "score", FieldType::Number);
    define(store, "renewal", FieldType::Date);
    define(store, "vip", FieldType::Bool);
    define(store, "tier", FieldType::Choice);
}

fn values_of_every_type_read_back(database: &Database) {
    let store = open(database);
    define_all(&store);
    let acme = add_account(&store, "Acme").id.get();
    assert_eq!(shown(&store, acme), json!({}));
    let given = json!({"code": " A-7 ", "score": -12.5, "renewal": "2026-02-28", "vip": false, "tier": "gold"});
    let expected = json!({"code": "A-7", "score": -12.5, "renewal": "2026-02-28", "vip": false, "tier": "Gold"});
    assert!(put(&store, acme, given).unwrap());
    assert_eq!(shown(&store, acme), expected);
    for text in TEXTS {
        put(&store, acme, json!({"code": text})).unwrap();
        assert_eq!(shown(&store, acme)["code"], *text.trim());
    }
    for number in ["0", "1", "-999999999999", "999999999999.999", "0.000001", "123456789.123456"] {
        let number: serde_json::Number = number.parse().unwrap();
        put(&store, acme, json!({"score": number})).unwrap();
        assert_eq!(shown(&store, acme)["score"], json!(number));
    }
    // Many at once, more than one statement inserts row by row.
    let ids: Vec<i64> = (0..60)
        .map(|number| {
            create_with(&store, &format!("n{number}"), json!({"score": number}))
                .unwrap()
                .id
                .get()
        })
        .collect();
    let labels = store.reading(|reader| label::of(reader.labels(), ACCOUNT, &ids)).unwrap();
    assert_eq!(labels.len(), 60);
}

fn null_clears_a_value(database: &Database) {
    let store = open(database);
    define_all(&store);
    let acme = add_account(&store, "Acme").id.get();
    put(&store, acme, json!({"code": "A", "score": 1, "vip": true})).unwrap();
    assert!(put(&store, acme, json!({"code": null, "score": null, "tier": null})).unwrap());
    assert_eq!(shown(&store, acme), json!({"vip": true}));
    let last = feed(&store).pop().unwrap();
    let fields: Value = serde_json::from_str(&last.fields).unwrap();
    assert_eq!(fields, json!({"custom_fields.code": ["A", null], "custom_fields.score": [1, null]}));
}

fn a_new_record_and_its_values_are_one_change(database: &Database) {
    let store = open(database);
    define_all(&store);
    let before = feed(&store).len();
    let account = create_with(&store, "Acme", json!({"tier": "Silver", "score": 7})).unwrap();
    let changes = feed(&store);
    assert_eq!(changes.len(), before + 1);
    let fields: Value = serde_json::from_str(&changes[before].fields).unwrap();
    assert_eq!(changes[before].kind, ChangeKind::Created);
    assert_eq!(fields["name"], json!([null, "Acme"]));
    assert_eq!(fields["custom_fields.tier"], json!([null, "Silver"]));
    // A change of the values gives the record a new stamp and stands in the feed.
    put(&store, account.id.get(), json!({"tier": "Gold"})).unwrap();
    let last = feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.kind),
        (ACCOUNT, account.id.get(), ChangeKind::Updated)
    );
    let after = store.reading(|reader| reader.accounts().lookup(account.id)).unwrap().unwrap();
    assert_eq!(after.updated_at, last.stamp);
    assert!(after.updated_at > account.updated_at);
}

fn what_changes_nothing_leaves_no_trace(database: &Database) {
    let store = open(database);
    define_all(&store);
    let account = create_with(&store, "Acme", json!({"score": 1.5, "tier": "Gold"})).unwrap();
    let before = feed(&store).len();
    for same in [
        json!({}),
        json!({"score": 1.50, "tier": "GOLD"}),
        json!({"code": null, "vip": null}),
    ] {
        assert!(!put(&store, account.id.get(), same).unwrap());
    }
    assert_eq!(feed(&store).len(), before);
    let found = store.reading(|reader| reader.accounts().lookup(account.id)).unwrap();
    assert_eq!(found, Some(account));
}

fn everything_wrong_is_told_at_once(database: &Database) {
    let store = open(database);
    let required = |key: &str, holds| CustomFieldDraft {
        required: Patch::Set(true),
        ..draft(ACCOUNT, key, holds)
    };
    let unique = CustomFieldDraft {
        unique: Patch::Set(true),
        ..draft(ACCOUNT, "code", FieldType::Text)
    };
    create(&store, required("tier", FieldType::Choice)).unwrap();
    create(&store, required("score", FieldType::Number)).unwrap();
    create(&store, unique).unwrap();
    create_with(&store, "Acme", json!({"tier": "Gold", "score": 1, "code": "A"})).unwrap();
    let wrong = problems(create_with(&store, "Bolt", json!({"score": "x", "code": "a", "other": true})));
    let names: Vec<&str> = wrong.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "custom_fields.code",
            "custom_fields.other",
            "custom_fields.score",
            "custom_fields.tier"
        ]
    );
    assert_eq!(wrong[3].1, Problem::Required);
    assert_eq!(
        store.reading(|reader| reader.accounts().lookup(RecordId::from_i64(2))).unwrap(),
        None
    );
    // A record that lacks what is required by now may go on lacking it, but none may lose it.
    let old = add_account(&store, "Old").id.get();
    assert!(put(&store, old, json!({"score": 2})).unwrap());
    assert_eq!(
        only_problem(put(&store, old, json!({"score": null}))),
        ("custom_fields.score".to_owned(), Problem::Required)
    );
}

fn a_unique_value_is_one_live_records(database: &Database) {
    let store = open(database);
    for (key, holds) in [("code", FieldType::Text), ("number", FieldType::Number), ("day", FieldType::Date)] {
        let unique = CustomFieldDraft {
            unique: Patch::Set(true),
            ..draft(ACCOUNT, key, holds)
        };
        create(&store, unique).unwrap();
    }
    let first = create_with(&store, "Acme", json!({"code": "Ä1", "number": 1.0, "day": "2026-01-01"}))
        .unwrap()
        .id;
    let second = create_with(&store, "Bolt", json!({"code": "b", "number": 2})).unwrap().id.get();
    for taken in [json!({"code": "ä1"}), json!({"number": 1}), json!({"day": "2026-01-01"})] {
        only_problem(put(&store, second, taken));
    }
    // Its own value is no other's, and one that is given up is free.
    assert!(!put(&store, first.get(), json!({"number": 1})).unwrap());
    put(&store, first.get(), json!({"number": 3})).unwrap();
    put(&store, second, json!({"number": 1})).unwrap();
    write(&store, move |unit| single::remove::<accounts::Account>(unit, first)).unwrap();
    put(&store, second, json!({"code": "Ä1"})).unwrap();
    let refused = write(&store, move |unit| restore::restore::<Account>(unit, first));
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    put(&store, second, json!({"code": "other"})).unwrap();
    write(&store, move |unit| restore::restore::<Account>(unit, first)).unwrap();
}

fn deleting_and_restoring_a_record_keeps_its_values(database: &Database) {
    let store = open(database);
    define_all(&store);
    let id = create_with(&store, "Acme", json!({"score": 1.5, "tier": "Gold"})).unwrap().id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, id)).unwrap();
    write(&store, move |unit| restore::restore::<Account>(unit, id)).unwrap();
    assert_eq!(shown(&store, id.get()), json!({"score": 1.5, "tier": "Gold"}));
}

fn a_copy_fills_what_is_missing(database: &Database) {
    let store = open(database);
    define_all(&store);
    let to = create_with(&store, "Acme", json!({"score": 1})).unwrap().id.get();
    let one = create_with(&store, "Bolt", json!({"score": 2, "tier": "Gold"})).unwrap().id.get();
    let two = create_with(&store, "Core", json!({"tier": "Silver", "vip": true}))
        .unwrap()
        .id
        .get();
    write(&store, move |unit| label::copy(unit, ACCOUNT, &[one, two], to)).unwrap();
    assert_eq!(shown(&store, to), json!({"score": 1, "tier": "Gold", "vip": true}));
    assert_eq!(shown(&store, two), json!({"tier": "Silver", "vip": true}));
}

fn kinds_of_records_do_not_share_values(database: &Database) {
    let store = open(database);
    define(&store, "score", FieldType::Number);
    create(
        &store,
        draft(crm_domain::tenant::change::EntityKind::Lead, "points", FieldType::Number),
    )
    .unwrap();
    let acme = add_account(&store, "Acme").id.get();
    assert_eq!(only_problem(put(&store, acme, json!({"points": 1}))).0, "custom_fields.points");
    put(&store, acme, json!({"score": 1})).unwrap();
    let labels = store
        .reading(|reader| label::of(reader.labels(), crm_domain::tenant::change::EntityKind::Lead, &[acme]))
        .unwrap();
    assert!(labels.is_empty());
}
