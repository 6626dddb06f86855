use std::collections::BTreeMap;

use crm_domain::{
    field::{Check, Patch},
    id::RecordId,
    tenant::{
        change::{ChangeKind, EntityKind},
        custom_field::{self, CustomFieldDraft},
        label,
    },
    usecase::import::{
        ImportError,
        ImportKind::{self, Accounts, Contacts, Opportunities},
        ImportOptions,
    },
};

use super::fixture::Fixture;

/// Defines a field, required and unique as the words of `rules` say.
fn define(crm: &Fixture, entity: EntityKind, key: &str, holds: &str, rules: &str) {
    let draft = CustomFieldDraft {
        entity: Patch::Set(entity),
        key: Patch::Set(key.to_owned()),
        label: Patch::Set(format!("Our {key}")),
        field_type: Patch::Set(holds.to_owned()),
        required: Patch::Set(rules.contains("required")),
        unique: Patch::Set(rules.contains("unique")),
        choices: if holds == "choice" {
            Patch::Set(vec!["Gold".to_owned(), "Silver".to_owned()])
        } else {
            Patch::Keep
        },
        ..CustomFieldDraft::default()
    };
    let work = move |unit: &mut dyn crm_domain::tenant::UnitOfWork| custom_field::create(unit, draft, Check::new());
    crm.target.store.writing(crm.target.origin.clone(), work).unwrap();
}

/// What the accounts have, by their names: `key=value`.
fn values(crm: &Fixture) -> BTreeMap<String, String> {
    let accounts = crm.accounts();
    let ids: Vec<i64> = accounts.iter().map(|account| account.id.get()).collect();
    let mut labels = crm
        .target
        .store
        .reading(|reader| label::of(reader.labels(), EntityKind::Account, &ids))
        .unwrap();
    let mut told = |id: i64| {
        let values = labels.remove(&id).unwrap_or_default().custom_fields;
        values
            .iter()
            .map(|(key, value)| format!("{key}={}", value.stored()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    accounts
        .iter()
        .map(|account| (account.fields.name.to_string(), told(account.id.get())))
        .collect()
}

fn mapped(pairs: &[(&str, &str)]) -> ImportOptions {
    ImportOptions {
        mapping: pairs
            .iter()
            .map(|(header, field)| ((*header).to_owned(), (*field).to_owned()))
            .collect(),
        ..ImportOptions::default()
    }
}

/// Without and with effect.
const RUNS: [fn(ImportOptions) -> ImportOptions; 2] = [dry, std::convert::identity];

fn dry(options: ImportOptions) -> ImportOptions {
    ImportOptions { dry_run: true, ..options }
}

#[test]
fn columns_feed_custom_fields_by_key_and_label() {
    let crm = Fixture::new();
    for (key, holds) in [
        ("code", "text"),
        ("score", "number"),
        ("renewal", "date"),
        ("vip", "bool"),
        ("tier", "choice"),
    ] {
        define(&crm, EntityKind::Account, key, holds, "");
    }
    let file = "name,CODE,Our score,customFields.renewal,VIP,level\nAcme,A-7,1.50,2026-02-28,yes,gold\nBeta,,,,,\n";
    let options = mapped(&[("level", "customFields.tier")]);
    let outcome = crm.import_with(Accounts, file, &options);
    assert_eq!(outcome.counts(), (2, 0, 0, 0));
    let expected = [("Acme", "code=A-7 renewal=2026-02-28 score=1.5 tier=Gold vip=true"), ("Beta", "")];
    let expected: BTreeMap<String, String> = expected.map(|(name, values)| (name.to_owned(), values.to_owned())).into();
    assert_eq!(values(&crm), expected);
    let made = crm
        .changes()
        .into_iter()
        .filter(|change| change.entity == EntityKind::Account)
        .collect::<Vec<_>>();
    assert_eq!(made.len(), 2, "the values stand in the change that made the record");
    assert!(made[0].fields.contains("custom_fields.tier"), "{}", made[0].fields);
    // The same again says nothing new; a blank cell clears nothing.
    assert_eq!(crm.import_with(Accounts, file, &options).counts(), (0, 0, 2, 0));
    let outcome = crm.import_with(Accounts, "name,score,code\nAcme,2,\n", &dry(ImportOptions::default()));
    assert_eq!(outcome.counts(), (0, 1, 0, 0));
    assert_eq!(values(&crm), expected);
    crm.import(Accounts, "name,score,code\nAcme,2,\n");
    assert_eq!(values(&crm)["Acme"], "code=A-7 renewal=2026-02-28 score=2 tier=Gold vip=true");
    let last = crm.changes().pop().unwrap();
    assert_eq!(
        (last.kind, &*last.fields),
        (ChangeKind::Updated, r#"{"custom_fields.score":[1.5,2]}"#)
    );
}

#[test]
fn a_required_value_is_asked_of_new_rows_alone() {
    let crm = Fixture::new();
    crm.import(Accounts, "name\nOld\n");
    define(&crm, EntityKind::Account, "tier", "choice", "required");
    for run in RUNS {
        let outcome = crm.import_with(
            Accounts,
            "name,city,tier\nOld,Ulm,\nNew,Bonn,\nOther,Kiel,Lead\nGood,Jena,Silver\n",
            &run(ImportOptions::default()),
        );
        assert_eq!(outcome.counts(), (1, 1, 0, 2));
        assert_eq!(
            outcome.reasons(),
            ["3 tier: tier: is required", "4 tier: tier: must be one of: Gold, Silver"]
        );
    }
    // A table without such a column makes nothing.
    let outcome = crm.import(Accounts, "name\nNewer\n");
    assert_eq!(outcome.reasons(), ["2 custom_fields.tier: custom_fields.tier: is required"]);
    assert_eq!(values(&crm).keys().collect::<Vec<_>>(), ["Good", "Old"]);
}

#[test]
fn a_unique_value_costs_only_the_second_row() {
    let crm = Fixture::new();
    define(&crm, EntityKind::Account, "code", "text", "unique");
    crm.import(Accounts, "name,code\nAcme,a\n");
    let file = "name,code\nAcme,A\nBeta,a\nGamma,g\nGamma,G\nDelta,g\n";
    for run in RUNS {
        let outcome = crm.import_with(Accounts, file, &run(ImportOptions::default()));
        let rule = "must be unique, and another record has this value";
        assert_eq!(
            outcome.reasons(),
            [format!("3 code: code: {rule}"), format!("6 code: code: {rule}")]
        );
    }
    let codes: Vec<String> = values(&crm).into_values().collect();
    assert_eq!(codes, ["code=A", "code=G"]);
}

#[test]
fn accounts_are_made_of_names_only_where_a_name_is_enough() {
    let crm = Fixture::new();
    let file = "name,account\nDeal,Acme\n";
    define(&crm, EntityKind::Account, "tier", "choice", "required");
    for run in RUNS {
        let options = ImportOptions {
            create_accounts: true,
            ..ImportOptions::default()
        };
        let outcome = crm.import_with(Opportunities, file, &run(options));
        assert_eq!((outcome.counts(), outcome.summary.accounts_created), ((0, 0, 0, 1), 0));
        assert_eq!(outcome.reasons(), [r#"2 account: no account is named "Acme""#]);
    }
}

#[test]
fn a_mapping_names_fields_that_there_are() {
    let crm = Fixture::new();
    define(&crm, EntityKind::Contact, "tier", "choice", "");
    let refused = |kind: ImportKind, pairs: &[(&str, &str)]| match crm.try_import(kind, "last name,a,b\nX,1,2\n", &mapped(pairs)) {
        Err(ImportError::Store(error)) => panic!("{error}"),
        Err(error) => error.to_string(),
        Ok(_) => panic!("{pairs:?} was taken"),
    };
    assert_eq!(
        refused(Contacts, &[("a", "customFields.level")]),
        r#"there is no custom field "level""#
    );
    assert_eq!(
        refused(Contacts, &[("a", "customFields.tier"), ("b", "custom_fields.TIER")]),
        r#""customFields.tier" is mapped twice"#
    );
}
