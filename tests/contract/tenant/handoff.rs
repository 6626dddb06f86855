//! Handing opportunities over (contract X-174).

use std::{sync::Arc, time::Duration};

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{OpportunityId, RecordId, UserId},
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        handoff::{self as handoffs, CHECKLIST_MAX, Handoff, HandoffDraft, HandoffStatus, ItemDraft},
        opportunity::{Opportunity, OpportunityDraft},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, assert_feed_in_order, assert_not_found, assert_refused, feed, open, set, user, write};

each_backend_shared!(
    a_handoff_reads_back,
    one_at_a_time_is_under_way,
    what_is_gone_or_never_was_is_not_handed_over,
    what_is_wrong_is_told_at_once,
);

fn deal(store: &Arc<dyn TenantStore>) -> OpportunityId {
    let draft = OpportunityDraft {
        name: set("Deal"),
        ..OpportunityDraft::default()
    };
    let made = write(store, move |unit| single::create::<Opportunity>(unit, draft, user(), Check::new()));
    made.unwrap().id
}

fn to(receiver: i64) -> HandoffDraft {
    HandoffDraft {
        receiver_id: Patch::Set(UserId::from_i64(receiver)),
        ..HandoffDraft::default()
    }
}

fn item(title: &str, done: bool) -> (ItemDraft, Check) {
    let draft = ItemDraft {
        title: set(title),
        done: Patch::Set(done),
    };
    (draft, Check::new())
}

fn initiate(store: &Arc<dyn TenantStore>, of: OpportunityId, draft: HandoffDraft) -> Result<Handoff> {
    write(store, move |unit| handoffs::initiate(unit, of, draft, user(), Check::new()))
}

fn update(store: &Arc<dyn TenantStore>, of: OpportunityId, draft: HandoffDraft) -> Result<Handoff> {
    write(store, move |unit| handoffs::update(unit, of, draft, Check::new()))
}

fn complete(store: &Arc<dyn TenantStore>, of: OpportunityId) -> Result<Handoff> {
    write(store, move |unit| handoffs::complete(unit, of))
}

fn latest(store: &Arc<dyn TenantStore>, of: OpportunityId) -> Option<Handoff> {
    let latest = store.reading(|reader| reader.handoffs().latest_of(of)).unwrap();
    // What is told of many at once is what is told of each.
    let statuses = store.reading(|reader| reader.handoffs().statuses_of(&[of])).unwrap();
    let expected = latest.iter().map(|handoff| (of, handoff.fields.status)).collect();
    assert_eq!(statuses, expected);
    latest
}

fn a_handoff_reads_back(database: &Database) {
    let store = open(database);
    let (first, other) = (deal(&store), deal(&store));
    let draft = HandoffDraft {
        notes: set(TEXTS.join("\n")),
        checklist: Patch::Set(TEXTS.iter().enumerate().map(|(place, text)| item(text, place % 2 == 0)).collect()),
        ..to(8)
    };
    let made = initiate(&store, first, draft).unwrap();
    assert_eq!((made.fields.opportunity_id, made.fields.receiver_id.get()), (first, 8));
    assert_eq!((made.fields.initiator_id, made.created_by), (user(), Some(user())));
    assert_eq!((made.fields.status, made.fields.completed_at), (HandoffStatus::Pending, None));
    assert_eq!(made.fields.checklist.len(), TEXTS.len());
    assert_eq!(made.created_at, made.updated_at);
    assert_eq!((latest(&store, first), latest(&store, other)), (Some(made.clone()), None));
    database.advance(Duration::from_secs(60));
    let draft = HandoffDraft {
        notes: Patch::Clear,
        checklist: Patch::Set(vec![item("Call", true)]),
        ..HandoffDraft::default()
    };
    let changed = update(&store, first, draft).unwrap();
    assert_eq!(
        (changed.id, changed.fields.receiver_id, &changed.fields.notes),
        (made.id, made.fields.receiver_id, &None)
    );
    assert!(changed.updated_at > made.updated_at);
    assert_eq!(latest(&store, first), Some(changed.clone()));
    // What says nothing new leaves no trace.
    assert_eq!(update(&store, first, to(8)).unwrap(), changed);
    let done = complete(&store, first).unwrap();
    assert_eq!(
        (done.fields.status, done.fields.completed_at),
        (HandoffStatus::Completed, Some(done.updated_at))
    );
    assert_eq!(latest(&store, first), Some(done));
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let told = changes.iter().filter(|change| change.entity == EntityKind::Handoff);
    let told: Vec<_> = told.map(|change| (change.entity_id, change.kind)).collect();
    let id = made.id.get();
    assert_eq!(
        told,
        [(id, ChangeKind::Created), (id, ChangeKind::Updated), (id, ChangeKind::Updated)]
    );
}

fn one_at_a_time_is_under_way(database: &Database) {
    let store = open(database);
    let (one, other) = (deal(&store), deal(&store));
    initiate(&store, one, to(8)).unwrap();
    assert_refused(initiate(&store, one, to(9)), "pending", "initiated");
    initiate(&store, other, to(9)).unwrap();
    complete(&store, one).unwrap();
    assert_refused(complete(&store, one), "completed", "completed");
    assert_refused(update(&store, one, to(9)), "completed", "changed");
    let again = initiate(&store, one, to(9)).unwrap();
    assert_eq!(latest(&store, one), Some(again));
}

fn what_is_gone_or_never_was_is_not_handed_over(database: &Database) {
    let store = open(database);
    let (gone, never) = (deal(&store), OpportunityId::from_i64(99));
    assert_not_found(complete(&store, gone), "handoff");
    assert_not_found(update(&store, gone, to(8)), "handoff");
    initiate(&store, gone, to(8)).unwrap();
    write(&store, move |unit| single::remove::<Opportunity>(unit, gone)).unwrap();
    for of in [gone, never] {
        assert_not_found(initiate(&store, of, to(8)), "opportunity");
        assert_not_found(update(&store, of, to(8)), "opportunity");
        assert_not_found(complete(&store, of), "opportunity");
    }
}

fn what_is_wrong_is_told_at_once(database: &Database) {
    let store = open(database);
    let of = deal(&store);
    let before = feed(&store).len();
    let draft = HandoffDraft {
        notes: set("x".repeat(10_001)),
        checklist: Patch::Set(vec![item("fine", false), item(" ", false)]),
        ..HandoffDraft::default()
    };
    let Err(Error::Invalid(errors)) = initiate(&store, of, draft) else {
        panic!("three fields are wrong");
    };
    let told: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(told, ["checklist[1].title", "notes", "receiver_id"]);
    let long = HandoffDraft {
        checklist: Patch::Set((0..=CHECKLIST_MAX).map(|_| item("x", false)).collect()),
        ..to(8)
    };
    let Err(Error::Invalid(errors)) = initiate(&store, of, long) else {
        panic!("there are too many items");
    };
    assert_eq!(errors[0].problem, Problem::Rule("must be at most 100 items".to_owned()));
    assert_eq!((latest(&store, of), feed(&store).len()), (None, before));
}
