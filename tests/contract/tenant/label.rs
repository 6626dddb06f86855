//! What records carry beyond their own fields.

use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    id::RecordId,
    tenant::{
        TenantStore, account as accounts,
        change::{ChangeKind, EntityKind},
        label,
        tag::TagName,
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{add_account, feed, only_problem, open, text, write};

each_backend_shared!(
    tags_are_put_on_records_and_taken_off,
    a_unit_sees_the_tags_that_it_made,
    what_changes_nothing_leaves_no_trace,
    a_record_carries_no_more_than_it_may,
    many_records_at_once,
    a_copy_joins_what_both_carry,
    kinds_without_labels_carry_none,
);

const ACCOUNT: EntityKind = EntityKind::Account;

fn tags(names: &[&str]) -> Vec<TagName> {
    names.iter().map(|name| text(name)).collect()
}

fn assign(store: &Arc<dyn TenantStore>, ids: &[i64], names: &[&str]) -> Result<Vec<i64>> {
    let (ids, names) = (ids.to_vec(), tags(names));
    write(store, move |unit| label::assign(unit, ACCOUNT, &ids, names))
}

fn unassign(store: &Arc<dyn TenantStore>, ids: &[i64], name: &'static str) -> Result<Vec<i64>> {
    let ids = ids.to_vec();
    write(store, move |unit| {
        label::unassign(unit, ACCOUNT, &ids, label::names_tag(name, None))
    })
}

fn carried(store: &Arc<dyn TenantStore>, id: i64) -> Vec<String> {
    let labels = store.reading(|reader| label::of(reader.labels(), ACCOUNT, &[id])).unwrap();
    labels.get(&id).cloned().unwrap_or_default().tags
}

fn tags_are_put_on_records_and_taken_off(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let id: i64 = account.id.into();
    assert_eq!(carried(&store, id), Vec::<String>::new());
    assert_eq!(assign(&store, &[id, 99], &["VIP", "Ärger", "vip"]).unwrap(), [id]);
    assert_eq!(carried(&store, id), ["VIP", "Ärger"]);
    let after = store.reading(|reader| reader.accounts().lookup(account.id)).unwrap().unwrap();
    let change = feed(&store).pop().unwrap();
    assert_eq!((change.entity, change.entity_id, change.kind), (ACCOUNT, id, ChangeKind::Updated));
    assert_eq!(change.fields, r#"{"tags":[[],["VIP","Ärger"]]}"#);
    assert_eq!(after.updated_at, change.stamp);
    assert_eq!(unassign(&store, &[id], " ÄRGER ").unwrap(), [id]);
    assert_eq!(carried(&store, id), ["VIP"]);
    assert_eq!(feed(&store).pop().unwrap().fields, r#"{"tags":[["VIP","Ärger"],["VIP"]]}"#);
    let vip = store.reading(|reader| reader.tags().lookup_named(&["vip".to_owned()])).unwrap()[0].id;
    write(&store, move |unit| {
        label::unassign(unit, ACCOUNT, &[id], label::names_tag("tag_1", Some(vip)))
    })
    .unwrap();
    assert_eq!(carried(&store, id), Vec::<String>::new());
    // The tags themselves stay.
    assert_eq!(
        store
            .reading(|reader| reader.tags().lookup_named(&["vip".to_owned(), "ärger".to_owned()]))
            .unwrap()
            .len(),
        2
    );
}

fn a_unit_sees_the_tags_that_it_made(database: &Database) {
    let store = open(database);
    let id = add_account(&store, "Acme").id.into();
    let seen = write(&store, move |unit| {
        label::assign(unit, ACCOUNT, &[id], tags(&["VIP"]))?;
        label::of(unit.labels(), ACCOUNT, &[id])
    });
    assert_eq!(seen.unwrap()[&id].tags, ["VIP"]);
}

fn what_changes_nothing_leaves_no_trace(database: &Database) {
    let store = open(database);
    let id = add_account(&store, "Acme").id.into();
    assign(&store, &[id], &["VIP"]).unwrap();
    let before = feed(&store);
    assert_eq!(assign(&store, &[id], &["vip"]).unwrap(), [id]);
    assert_eq!(unassign(&store, &[id], "unknown").unwrap(), [id]);
    assert_eq!(assign(&store, &[99], &["new"]).unwrap(), Vec::<i64>::new());
    assert_eq!(feed(&store), before);
}

fn a_record_carries_no_more_than_it_may(database: &Database) {
    let store = open(database);
    let id = add_account(&store, "Acme").id.into();
    let names: Vec<String> = (0..label::TAGS_MAX).map(|number| format!("tag {number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    assign(&store, &[id], &all).unwrap();
    let (field, problem) = only_problem(assign(&store, &[id], &["one more"]));
    assert_eq!(
        (field.as_str(), problem),
        ("tags", Problem::Rule("must be at most 50 tags".to_owned()))
    );
    // The unit failed as a whole: the tag was not made either.
    let made = store
        .reading(|reader| reader.tags().lookup_named(&["one more".to_owned()]))
        .unwrap();
    assert!(made.is_empty());
    assert_eq!(carried(&store, id).len(), label::TAGS_MAX);
    assert_eq!(only_problem(label::parse_tags(&[])).1, Problem::Required);
    let wrong = label::parse_tags(&["fine".to_owned(), "a,b".to_owned(), " ".to_owned()]);
    let Err(Error::Invalid(errors)) = wrong else {
        panic!("two names are wrong")
    };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["tags[1]", "tags[2]"]);
}

fn many_records_at_once(database: &Database) {
    let store = open(database);
    let ids: Vec<i64> = (0..120)
        .map(|number| add_account(&store, &format!("Acme {number}")).id.into())
        .collect();
    assign(&store, &ids[..60], &["old"]).unwrap();
    assert_eq!(assign(&store, &ids, &["old", "new"]).unwrap(), ids);
    for id in &ids {
        assert_eq!(carried(&store, *id), ["new", "old"]);
    }
    unassign(&store, &ids, "old").unwrap();
    let labels = store.reading(|reader| label::of(reader.labels(), ACCOUNT, &ids)).unwrap();
    assert_eq!(labels.len(), ids.len());
    assert!(labels.values().all(|labels| labels.tags == ["new"]));
}

fn a_copy_joins_what_both_carry(database: &Database) {
    let store = open(database);
    let [winner, loser] = ["Acme", "ACME Inc"].map(|name| add_account(&store, name).id);
    let (to, from): (i64, i64) = (winner.into(), loser.into());
    assign(&store, &[to], &["VIP", "both"]).unwrap();
    assign(&store, &[from], &["both", "hot"]).unwrap();
    write(&store, move |unit| {
        label::copy(unit, ACCOUNT, &[from], to)?;
        single::remove::<accounts::Account>(unit, loser)
    })
    .unwrap();
    assert_eq!(carried(&store, to), ["both", "hot", "VIP"]);
    assert_eq!(carried(&store, from), ["both", "hot"]);
}

fn kinds_without_labels_carry_none(database: &Database) {
    let store = open(database);
    let id = add_account(&store, "Acme").id.get();
    assign(&store, &[id], &["VIP"]).unwrap();
    let of_stages = store.reading(|reader| label::of(reader.labels(), EntityKind::Stage, &[1])).unwrap();
    assert!(of_stages.is_empty());
    let refused = write(&store, |unit| label::assign(unit, EntityKind::Stage, &[1], tags(&["VIP"])));
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
}
