//! Custom fields: their definitions.

mod listing;
mod value;

use crm_domain::usecase::single;
use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{CustomFieldId, RecordId},
    page::{Direction, Sort, Window},
    query::{Condition, Filter},
    tenant::{
        TenantStore, account as accounts,
        change::{ChangeKind, EntityKind},
        custom_field::{self as custom_fields, CustomField, CustomFieldDraft, CustomFieldField, FieldType},
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{add_account, assert_duplicate, assert_not_found, assert_refused, assert_uuid, feed, only_problem, open, set, user, write};
use value::put;

each_backend_shared!(
    every_part_of_a_definition_reads_back,
    a_key_is_unique_among_the_fields_of_its_kind,
    a_definition_changes_only_as_its_values_allow,
    a_field_becomes_unique_only_while_its_values_are,
    a_deleted_field_comes_back_with_its_values,
    what_was_taken_meanwhile_keeps_a_field_deleted,
    a_kind_has_a_number_of_fields,
    lists_tell_the_fields_of_a_kind_in_their_order,
);

const ACCOUNT: EntityKind = EntityKind::Account;

/// A definition with nothing but what it needs.
fn draft(kind: EntityKind, key: &str, holds: FieldType) -> CustomFieldDraft {
    let choices = ["Gold", "Silver", "Ärger"].map(str::to_owned).to_vec();
    CustomFieldDraft {
        entity: Patch::Set(kind),
        key: set(key),
        field_type: set(holds.as_str()),
        choices: if holds == FieldType::Choice {
            Patch::Set(choices)
        } else {
            Patch::Keep
        },
        ..CustomFieldDraft::default()
    }
}

fn create(store: &Arc<dyn TenantStore>, draft: CustomFieldDraft) -> Result<CustomField> {
    write(store, move |unit| custom_fields::create(unit, draft, Check::new()))
}

fn define(store: &Arc<dyn TenantStore>, key: &str, holds: FieldType) -> CustomField {
    create(store, draft(ACCOUNT, key, holds)).unwrap()
}

fn update(store: &Arc<dyn TenantStore>, id: CustomFieldId, draft: CustomFieldDraft) -> Result<CustomField> {
    write(store, move |unit| custom_fields::update(unit, id, draft, Check::new()))
}

fn found(store: &Arc<dyn TenantStore>, id: CustomFieldId) -> Option<CustomField> {
    store.reading(|reader| reader.custom_fields().lookup(id)).unwrap()
}

fn keys(store: &Arc<dyn TenantStore>, kind: EntityKind) -> Vec<String> {
    let fields = store.reading(|reader| reader.custom_fields().of_kind(kind)).unwrap();
    fields.into_iter().map(|field| field.fields.key.into_inner()).collect()
}

fn every_part_of_a_definition_reads_back(database: &Database) {
    let store = open(database);
    let full = CustomFieldDraft {
        label: set("Kunden-Stufe 🚀 ' \\ %"),
        required: Patch::Set(true),
        unique: Patch::Set(true),
        position: set("7"),
        ..draft(EntityKind::Opportunity, "tier", FieldType::Choice)
    };
    let field = create(&store, full).unwrap();
    assert_eq!((&*field.fields.key, field.fields.position), ("tier", 7));
    assert_eq!(
        (field.fields.entity, field.fields.field_type),
        (EntityKind::Opportunity, FieldType::Choice)
    );
    assert!(field.fields.required && field.fields.unique);
    assert_eq!(field.fields.choices.len(), 3);
    assert_eq!((field.created_by, field.created_at), (Some(user()), field.updated_at));
    assert_uuid(field.uuid, field.created_at);
    assert_eq!(found(&store, field.id), Some(field.clone()));
    let changes = feed(&store);
    assert_eq!(
        (changes[0].entity, changes[0].entity_id, changes[0].kind),
        (EntityKind::CustomField, 1, ChangeKind::Created)
    );
    let relaxed = CustomFieldDraft {
        key: set("level"),
        label: Patch::Clear,
        required: Patch::Set(false),
        ..CustomFieldDraft::default()
    };
    let again = relaxed.clone();
    let changed = update(&store, field.id, relaxed).unwrap();
    // Without a label it is called by its key.
    assert_eq!(
        (&*changed.fields.key, &*changed.fields.label, changed.fields.required),
        ("level", "level", false)
    );
    assert!(changed.updated_at > field.updated_at);
    assert_eq!(found(&store, field.id), Some(changed.clone()));
    // What changes nothing leaves no change and no new stamp.
    assert_eq!((update(&store, field.id, again).unwrap(), feed(&store).len()), (changed, 2));
    assert_not_found(
        update(&store, CustomFieldId::from_i64(99), CustomFieldDraft::default()),
        "custom field",
    );
}

fn a_key_is_unique_among_the_fields_of_its_kind(database: &Database) {
    let store = open(database);
    let tier = define(&store, "grade", FieldType::Text);
    assert_duplicate(create(&store, draft(ACCOUNT, "grade", FieldType::Number)), "custom field", "key");
    create(&store, draft(EntityKind::Lead, "grade", FieldType::Number)).unwrap();
    let other = define(&store, "region", FieldType::Text);
    let renamed = CustomFieldDraft {
        key: set("grade"),
        ..CustomFieldDraft::default()
    };
    assert_duplicate(update(&store, other.id, renamed), "custom field", "key");
    write(&store, move |unit| custom_fields::remove(unit, tier.id)).unwrap();
    define(&store, "grade", FieldType::Date);
}

fn a_definition_changes_only_as_its_values_allow(database: &Database) {
    let store = open(database);
    let tier = define(&store, "tier", FieldType::Choice).id;
    let retyped = || CustomFieldDraft {
        field_type: set("text"),
        ..CustomFieldDraft::default()
    };
    let with = |choices: &[&str]| CustomFieldDraft {
        choices: Patch::Set(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        ..CustomFieldDraft::default()
    };
    let acme = add_account(&store, "Acme").id;
    put(&store, acme.get(), serde_json::json!({"tier": "gold"})).unwrap();
    assert_refused(update(&store, tier, retyped()), "in use", "given another type");
    assert_refused(
        update(&store, tier, with(&["Silver"])),
        "in use with the choice \"Gold\"",
        "changed so",
    );
    let changed = update(&store, tier, with(&["Bronze", "Gold"])).unwrap();
    assert_eq!(
        changed.fields.choices.iter().map(|choice| &**choice).collect::<Vec<_>>(),
        ["Bronze", "Gold"]
    );
    // The values of deleted records count: they may be restored.
    write(&store, move |unit| single::remove::<accounts::Account>(unit, acme)).unwrap();
    assert_refused(update(&store, tier, retyped()), "in use", "given another type");
    let free = define(&store, "free", FieldType::Choice).id;
    let text = update(&store, free, retyped()).unwrap();
    assert_eq!((text.fields.field_type, text.fields.choices.len()), (FieldType::Text, 0));
}

fn a_field_becomes_unique_only_while_its_values_are(database: &Database) {
    let store = open(database);
    let code = define(&store, "code", FieldType::Text).id;
    let unique = || CustomFieldDraft {
        unique: Patch::Set(true),
        ..CustomFieldDraft::default()
    };
    let (acme, bolt) = (add_account(&store, "Acme").id, add_account(&store, "Bolt").id);
    put(&store, acme.get(), serde_json::json!({"code": "a-1"})).unwrap();
    put(&store, bolt.get(), serde_json::json!({"code": "A-1"})).unwrap();
    assert_refused(
        update(&store, code, unique()),
        "in use with the same value in several records",
        "unique",
    );
    write(&store, move |unit| single::remove::<accounts::Account>(unit, bolt)).unwrap();
    assert!(update(&store, code, unique()).unwrap().fields.unique);
    let (name, problem) = only_problem(put(
        &store,
        add_account(&store, "Core").id.get(),
        serde_json::json!({"code": "A-1"}),
    ));
    assert_eq!(name, "custom_fields.code");
    assert_eq!(problem, Problem::Taken);
}

fn a_deleted_field_comes_back_with_its_values(database: &Database) {
    let store = open(database);
    let score = define(&store, "score", FieldType::Number).id;
    let acme = add_account(&store, "Acme").id.get();
    put(&store, acme, serde_json::json!({"score": 1.5})).unwrap();
    let shown = || value::shown(&store, acme);
    assert_eq!(shown(), serde_json::json!({"score": 1.5}));
    write(&store, move |unit| custom_fields::remove(unit, score)).unwrap();
    assert_eq!((shown(), found(&store, score)), (serde_json::json!({}), None));
    let (name, _) = only_problem(put(&store, acme, serde_json::json!({"score": 2})));
    assert_eq!(name, "custom_fields.score");
    assert_not_found(write(&store, move |unit| custom_fields::remove(unit, score)), "custom field");
    let restored = write(&store, move |unit| custom_fields::restore(unit, score)).unwrap();
    assert_eq!((shown(), found(&store, score)), (serde_json::json!({"score": 1.5}), Some(restored)));
    assert_eq!(feed(&store).last().unwrap().kind, ChangeKind::Restored);
    assert_refused(
        write(&store, move |unit| custom_fields::restore(unit, score)),
        "not deleted",
        "restored",
    );
}

fn what_was_taken_meanwhile_keeps_a_field_deleted(database: &Database) {
    let store = open(database);
    let old = define(&store, "tier", FieldType::Text).id;
    write(&store, move |unit| custom_fields::remove(unit, old)).unwrap();
    define(&store, "tier", FieldType::Text);
    assert_duplicate(write(&store, move |unit| custom_fields::restore(unit, old)), "custom field", "key");
    assert_eq!(keys(&store, ACCOUNT), ["tier"]);
    // Two records that had the same value, one of them deleted while the field became unique.
    let code = define(&store, "code", FieldType::Text).id;
    let (acme, bolt) = (add_account(&store, "Acme").id, add_account(&store, "Bolt").id);
    put(&store, acme.get(), serde_json::json!({"code": "1"})).unwrap();
    put(&store, bolt.get(), serde_json::json!({"code": "1"})).unwrap();
    write(&store, move |unit| single::remove::<accounts::Account>(unit, bolt)).unwrap();
    let unique = CustomFieldDraft {
        unique: Patch::Set(true),
        ..CustomFieldDraft::default()
    };
    update(&store, code, unique).unwrap();
    let refused = write(&store, move |unit| {
        crm_domain::usecase::restore::restore::<accounts::Account>(unit, bolt)
    });
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    // While the field is deleted nobody minds, and then it stays deleted.
    write(&store, move |unit| custom_fields::remove(unit, code)).unwrap();
    write(&store, move |unit| {
        crm_domain::usecase::restore::restore::<accounts::Account>(unit, bolt)
    })
    .unwrap();
    assert_refused(
        write(&store, move |unit| custom_fields::restore(unit, code)),
        "in use with the same value in several records",
        "unique",
    );
    assert_eq!(found(&store, code), None);
}

fn a_kind_has_a_number_of_fields(database: &Database) {
    let store = open(database);
    write(&store, |unit| {
        (0..custom_fields::FIELDS_MAX).try_for_each(|number| {
            custom_fields::create(unit, draft(ACCOUNT, &format!("f{number}"), FieldType::Text), Check::new()).map(drop)
        })
    })
    .unwrap();
    let one_more = create(&store, draft(ACCOUNT, "more", FieldType::Text));
    assert!(matches!(one_more, Err(Error::Conflict(_))), "{one_more:?}");
    create(&store, draft(EntityKind::Contact, "more", FieldType::Text)).unwrap();
}

fn lists_tell_the_fields_of_a_kind_in_their_order(database: &Database) {
    let store = open(database);
    for (key, position) in [("one", "30"), ("two", "10"), ("three", "10")] {
        let field = CustomFieldDraft {
            position: set(position),
            ..draft(ACCOUNT, key, FieldType::Text)
        };
        create(&store, field).unwrap();
    }
    define(&store, "last", FieldType::Text);
    create(&store, draft(EntityKind::Ticket, "other", FieldType::Text)).unwrap();
    assert_eq!(keys(&store, ACCOUNT), ["two", "three", "one", "last"]);
    let list = |filter: &Filter<CustomFieldField>, key| {
        let sort = Sort {
            key,
            direction: Direction::Ascending,
        };
        let page = store
            .reading(|reader| reader.custom_fields().list(filter, sort, &Window::first(3)))
            .unwrap();
        let keys: Vec<String> = page.items.into_iter().map(|field| field.fields.key.into_inner()).collect();
        (keys, page.total)
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let of_accounts = Filter::of([Condition::equal(CustomFieldField::Entity, ACCOUNT.as_str())]);
    assert_eq!(list(&of_accounts, CustomFieldField::Position), (words(&["two", "three", "one"]), 4));
    assert_eq!(
        list(&Filter::default(), CustomFieldField::CreatedAt),
        (words(&["one", "two", "three"]), 5)
    );
}
