//! Leads that other systems hand over.

use std::{collections::BTreeMap, sync::Arc};

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    id::{LeadId, RecordId},
    page::{Sort, Window},
    stamp::Stamp,
    tenant::{
        TenantStore,
        change::EntityKind,
        custom_field::{self, CustomFieldDraft},
        lead::{LeadDraft, LeadFilter},
        sync_log::{SyncEntry, SyncLogField, SyncLogFilter, SyncNote, SyncReason},
    },
    usecase::sync_leads::{Incoming, Slice, Source, SyncAction, SyncOptions, Synced, sync},
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::{Value, json};

use super::{TEXTS, assert_feed_in_order, assert_lists, feed, open, set, user, write};

each_backend_shared!(
    new_people_are_made_and_known_ones_are_refused,
    a_person_who_comes_again_is_updated_in_order,
    without_deduplication_each_is_made,
    the_first_failure_ends_it_where_that_is_wished,
    custom_fields_are_known_by_their_keys,
    what_is_not_taken_over_is_logged,
    a_log_is_listed_and_purged,
);

fn incoming(name: &str, email: &str) -> Incoming {
    Incoming {
        draft: LeadDraft {
            first_name: set(name),
            email: set(email),
            ..LeadDraft::default()
        },
        ..Incoming::default()
    }
}

fn slice(leads: Vec<Incoming>, options: SyncOptions, stops: bool) -> Slice {
    Slice {
        source: Source::parse("apollo").unwrap(),
        leads,
        options,
        stops,
        owner: user(),
    }
}

fn take(store: &Arc<dyn TenantStore>, slice: Slice) -> Vec<Result<Synced>> {
    write(store, move |unit| sync(unit, slice)).unwrap()
}

/// Each outcome in a word.
fn words(outcomes: &[Result<Synced>]) -> Vec<&'static str> {
    let word = |outcome: &Result<Synced>| match outcome {
        Ok(synced) => synced.actions[0].as_str(),
        Err(Error::Duplicate { field: "email", .. }) => "duplicate",
        Err(Error::Invalid(_)) => "invalid",
        Err(other) => panic!("{other}"),
    };
    outcomes.iter().map(word).collect()
}

fn names(store: &Arc<dyn TenantStore>) -> Vec<String> {
    let list = store.reading(|reader| reader.leads().list(&LeadFilter::default(), Sort::default(), &Window::first(100)));
    let leads = list.unwrap().items;
    leads.iter().map(|lead| lead.fields.full_name()).collect()
}

const UPDATING: SyncOptions = SyncOptions {
    deduplication: true,
    update_existing: true,
    custom_fields: true,
};

/// B-17, B-32, X-56
fn new_people_are_made_and_known_ones_are_refused(database: &Database) {
    let store = open(database);
    let leads = || {
        vec![
            incoming("Ada", "ada@example.com"),
            incoming("Bob", "nothing"),
            incoming("Cleo", " CLEO@example.com "),
            incoming("Again", "Ada@Example.com"),
        ]
    };
    let first = take(&store, slice(leads(), SyncOptions::default(), false));
    assert_eq!(words(&first), ["lead_created", "invalid", "lead_created", "duplicate"]);
    let second = take(&store, slice(leads(), SyncOptions::default(), false));
    assert_eq!(words(&second), ["duplicate", "invalid", "duplicate", "duplicate"]);
    assert_eq!(names(&store), ["Ada", "Cleo"]);
    let changes = feed(&store);
    assert_eq!(changes.len(), 2, "what is refused leaves no change");
    assert_feed_in_order(&changes);
}

/// B-18, X-55
fn a_person_who_comes_again_is_updated_in_order(database: &Database) {
    let store = open(database);
    let leads = || {
        vec![
            incoming("One", "ada@example.com"),
            incoming("Two", "ada@example.com"),
            incoming("Two", "ada@example.com"),
        ]
    };
    let outcomes = take(&store, slice(leads(), UPDATING, false));
    // The second changes in the same unit what the first made, and the third says nothing new.
    assert_eq!(words(&outcomes), ["lead_created", "lead_updated", "duplicate_skipped"]);
    assert_eq!(names(&store), ["Two"]);
    let again = take(&store, slice(vec![incoming("Two", "ada@example.com")], UPDATING, false));
    assert_eq!(again[0].as_ref().unwrap().actions, [SyncAction::DuplicateSkipped]);
}

///
fn without_deduplication_each_is_made(database: &Database) {
    let store = open(database);
    let options = SyncOptions {
        deduplication: false,
        ..SyncOptions::default()
    };
    let leads = || {
        vec![
            incoming("One", "ada@example.com"),
            incoming("", "b@example.com"),
            incoming("Two", "ada@example.com"),
        ]
    };
    assert_eq!(
        words(&take(&store, slice(leads(), options, false))),
        ["lead_created", "invalid", "lead_created"]
    );
    assert_eq!(
        words(&take(&store, slice(leads(), options, false))),
        ["lead_created", "invalid", "lead_created"]
    );
    assert_eq!(names(&store), ["One", "Two", "One", "Two"]);
    // Of several with one email the oldest is updated.
    let updated = take(&store, slice(vec![incoming("New", "ada@example.com")], UPDATING, false));
    assert_eq!(words(&updated), ["lead_updated"]);
    assert_eq!(names(&store), ["New", "Two", "One", "Two"]);
}

/// B-33, X-57
fn the_first_failure_ends_it_where_that_is_wished(database: &Database) {
    let store = open(database);
    let leads = vec![
        incoming("One", "one@example.com"),
        incoming("Bad", "nothing"),
        incoming("Two", "two@example.com"),
    ];
    assert_eq!(
        words(&take(&store, slice(leads, SyncOptions::default(), true))),
        ["lead_created", "invalid"]
    );
    assert_eq!(names(&store), ["One"]);
}

/// B-19
fn custom_fields_are_known_by_their_keys(database: &Database) {
    let store = open(database);
    let draft = CustomFieldDraft {
        entity: Patch::Set(EntityKind::Lead),
        key: set("industry"),
        label: set("Industry"),
        field_type: set("text"),
        unique: Patch::Set(true),
        ..CustomFieldDraft::default()
    };
    write(&store, move |unit| custom_field::create(unit, draft, Check::new())).unwrap();
    let with = |email: &str, industry: Value| Incoming {
        others: BTreeMap::from([("industry".to_owned(), industry), ("unknown".to_owned(), json!(1))]),
        ..incoming("Ada", email)
    };
    let populated = [SyncAction::LeadCreated, SyncAction::CustomFieldsPopulated];
    for (deduplication, email) in [(true, "a@example.com"), (false, "b@example.com")] {
        let options = SyncOptions {
            deduplication,
            ..SyncOptions::default()
        };
        // The second wants the first one's unique value.
        let leads = vec![
            with(email, json!(email)),
            with(&format!("x{email}"), json!(email)),
            with(&format!("y{email}"), Value::Null),
        ];
        let outcomes = take(&store, slice(leads, options, false));
        assert_eq!(words(&outcomes), ["lead_created", "invalid", "lead_created"]);
        assert_eq!(outcomes[0].as_ref().unwrap().actions, populated);
        assert_eq!(outcomes[2].as_ref().unwrap().actions, [SyncAction::LeadCreated]);
    }
}

fn log(store: &Arc<dyn TenantStore>) -> Vec<SyncEntry> {
    let filter = SyncLogFilter::default();
    let page = store.reading(|reader| reader.sync_log().list(&filter, Sort::default(), &Window::first(1_000)));
    page.unwrap().items
}

/// B-23
fn what_is_not_taken_over_is_logged(database: &Database) {
    let store = open(database);
    fn leads() -> Vec<Incoming> {
        vec![
            incoming("Ada", "ada@example.com"),
            incoming("Bob", "nothing"),
            incoming("Ada", "ada@example.com"),
        ]
    }
    take(&store, slice(leads(), SyncOptions::default(), false));
    take(&store, slice(leads(), UPDATING, false));
    let told: Vec<_> = log(&store)
        .iter()
        .map(|entry| (entry.note.reason, entry.note.lead_id.map(RecordId::get)))
        .collect();
    let (invalid, duplicate, unchanged) = (SyncReason::Invalid, SyncReason::Duplicate, SyncReason::Unchanged);
    assert_eq!(
        told,
        [
            (invalid, None),
            (duplicate, Some(1)),
            (unchanged, Some(1)),
            (invalid, None),
            (unchanged, Some(1)),
        ]
    );
    // A unit that fails logs nothing either.
    let failed = write(&store, move |unit| {
        sync(unit, slice(leads(), SyncOptions::default(), false))?;
        Err::<(), _>(Error::Conflict("no".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(log(&store).len(), 5);
}

/// B-92, B-93, B-94, B-95
fn a_log_is_listed_and_purged(database: &Database) {
    let store = open(database);
    for (index, any) in TEXTS.iter().enumerate() {
        let note = SyncNote {
            source: (*any).to_owned(),
            reason: SyncReason::ALL[index % 3],
            message: (*any).to_owned(),
            lead_id: (index % 2 == 0).then(|| LeadId::from_i64(7)),
        };
        // One by one, and so many that PostgreSQL copies them.
        let notes = vec![note; if index == 0 { 60 } else { 1 }];
        write(&store, move |unit| unit.sync_log().add(&notes)).unwrap();
    }
    let all = log(&store);
    assert_eq!(all.len(), 59 + TEXTS.len());
    assert!(
        all.iter()
            .all(|entry| entry.level == entry.note.reason.level() && TEXTS.contains(&&*entry.note.source))
    );
    assert_lists::<SyncLogField>(&all, |filter, sort| {
        let listed = store.reading(|reader| reader.sync_log().list(filter, sort, &Window::first(1_000)));
        listed.unwrap()
    });
    let before = all[60].logged_at;
    let purge = |before: Stamp, limit: u32| write(&store, move |unit| unit.sync_log().purge(before, limit)).unwrap();
    assert_eq!((purge(before, 40), purge(before, 40), purge(before, 40)), (40, 20, 0));
    assert_eq!(log(&store), all[60..]);
}
