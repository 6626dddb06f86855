//! Activities.

use std::sync::Arc;

use crm_domain::{
    error::Error,
    field::{Check, Patch},
    id::{AccountId, ActivityId, ContactId, LeadId, OpportunityId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        TenantStore,
        activity::{self as activities, Activity, ActivityDraft, ActivityFields},
        change::{ChangeKind, EntityKind},
        contact::{self as contacts, ContactDraft, ContactFields},
        lead::{self as leads, LeadDraft, LeadFields},
        opportunity::{self as opportunities, OpportunityDraft},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, add_account, assert_not_found, assert_refused, assert_uuid, feed, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    updates_and_removals_are_kept,
    lists_of_accounts_are_in_order,
    what_it_is_about_must_exist,
    a_deleted_contact_leaves_its_activities_without_it,
    an_activity_is_completed_once,
);

fn note(subject: &str) -> ActivityDraft {
    ActivityDraft {
        activity_type: set("note"),
        subject: set(subject),
        ..ActivityDraft::default()
    }
}

fn parse(draft: ActivityDraft) -> ActivityFields {
    ActivityFields::parse(draft, user(), Check::new()).unwrap()
}

fn create(store: &Arc<dyn TenantStore>, draft: ActivityDraft) -> Activity {
    let fields = parse(draft);
    write(store, move |unit| single::create_parsed::<activities::Activity>(unit, fields)).unwrap()
}

fn found(store: &Arc<dyn TenantStore>, id: ActivityId) -> Option<Activity> {
    store.reading(|reader| reader.activities().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let contact = ContactDraft {
        last_name: set("Miller"),
        ..ContactDraft::default()
    };
    let contact = ContactFields::parse(contact, user(), Check::new()).unwrap();
    let lead = LeadDraft {
        last_name: set("Miller"),
        ..LeadDraft::default()
    };
    let lead = LeadFields::parse(lead, user(), Check::new()).unwrap();
    let deal = OpportunityDraft {
        name: set("Deal"),
        ..OpportunityDraft::default()
    };
    let (contact, lead, opportunity) = write(&store, move |unit| {
        Ok((
            single::create_parsed::<contacts::Contact>(unit, contact)?.id,
            single::create_parsed::<leads::Lead>(unit, lead)?.id,
            single::create::<opportunities::Opportunity>(unit, deal, user(), Check::new())?.id,
        ))
    })
    .unwrap();
    let draft = ActivityDraft {
        activity_type: set("Meeting"),
        body: set("agreed 👍"),
        occurred_at: set("1969-12-31T23:59:59.999999Z"),
        completed: Patch::Set(true),
        account_id: Patch::Set(account),
        contact_id: Patch::Set(contact),
        lead_id: Patch::Set(lead),
        opportunity_id: Patch::Set(opportunity),
        owner_id: Patch::Set(UserId::from_i64(42)),
        ..note("Kick-off")
    };
    let expected = parse(draft.clone());
    let activity = create(&store, draft);
    assert_eq!(activity.fields, expected);
    assert_eq!(activity.fields.occurred_at, Some(Stamp::from_micros(-1)));
    assert_eq!(activity.created_by, Some(user()));
    assert_uuid(activity.uuid, activity.created_at);
    let last = feed(&store).pop().unwrap();
    assert_eq!((last.entity, last.entity_id), (EntityKind::Activity, activity.id.get()));
    assert_eq!(found(&store, activity.id), Some(activity));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    for size in [1, 60] {
        let batch: Vec<_> = (0..size).map(|n| parse(note(TEXTS[n % TEXTS.len()]))).collect();
        let added = write(&store, move |unit| unit.activities().add(batch)).unwrap();
        for activity in added {
            assert_eq!(found(&store, activity.id), Some(activity));
        }
    }
}

fn updates_and_removals_are_kept(database: &Database) {
    let store = open(database);
    let activity = create(
        &store,
        ActivityDraft {
            body: set("text"),
            occurred_at: set("2025-01-01T00:00:00Z"),
            ..note("Before")
        },
    );
    let id = activity.id;
    let draft = ActivityDraft {
        activity_type: set("call"),
        subject: set("After"),
        body: Patch::Clear,
        occurred_at: Patch::Clear,
        completed: Patch::Set(true),
        ..ActivityDraft::default()
    };
    let expected = activity.fields.updated(draft.clone(), Check::new()).unwrap();
    let again = draft.clone();
    let updated = write(&store, move |unit| {
        single::update::<activities::Activity>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!((&updated.fields, updated.created_at), (&expected, activity.created_at));
    assert!(updated.updated_at > activity.updated_at);
    assert_eq!(found(&store, id), Some(updated.clone()));
    // The same again changes nothing: neither the stamp nor the feed.
    let changes = feed(&store).len();
    assert_eq!(
        write(&store, move |unit| single::update::<activities::Activity>(
            unit,
            id,
            again,
            user(),
            Check::new()
        ))
        .unwrap(),
        updated
    );
    assert_eq!(feed(&store).len(), changes);

    write(&store, move |unit| single::remove::<activities::Activity>(unit, id)).unwrap();
    assert_eq!(found(&store, id), None);
    let last = feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.kind),
        (EntityKind::Activity, id.get(), ChangeKind::Deleted)
    );
    let none = || ActivityDraft::default();
    assert_not_found(
        write(&store, move |unit| {
            single::update::<activities::Activity>(unit, id, none(), user(), Check::new())
        }),
        "activity",
    );
    assert_not_found(
        write(&store, move |unit| single::remove::<activities::Activity>(unit, id)),
        "activity",
    );
    assert_not_found(write(&store, move |unit| activities::complete(unit, id)), "activity");
    assert_not_found(write(&store, move |unit| unit.activities().update(&activity)), "activity");
    assert_eq!(found(&store, id), None);
}

fn an_activity_is_completed_once(database: &Database) {
    let store = open(database);
    let id = create(&store, note("Call")).id;
    assert_refused(write(&store, move |unit| activities::reopen(unit, id)), "open", "reopened");
    assert!(write(&store, move |unit| activities::complete(unit, id)).unwrap().fields.completed);
    assert_refused(write(&store, move |unit| activities::complete(unit, id)), "completed", "completed");
    assert!(found(&store, id).unwrap().fields.completed);
    let open = write(&store, move |unit| activities::reopen(unit, id)).unwrap();
    assert!(!open.fields.completed);
    assert_eq!(found(&store, id), Some(open));
}

/// Deleting a contact releases its activities, which go on without it; what it was may not be named again.
fn a_deleted_contact_leaves_its_activities_without_it(database: &Database) {
    let store = open(database);
    let contact = contact_named(&store, "Miller");
    let about = || ActivityDraft {
        contact_id: Patch::Set(contact),
        ..note("About")
    };
    let id = create(&store, about()).id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, contact)).unwrap();
    assert_eq!(found(&store, id).unwrap().fields.contact_id, None);
    let updated = write(&store, move |unit| {
        single::update::<activities::Activity>(unit, id, note("After"), user(), Check::new())
    })
    .unwrap();
    assert_eq!((&*updated.fields.subject, updated.fields.contact_id), ("After", None));
    let again = about();
    let (field, _) = only_problem(write(&store, move |unit| {
        single::update::<activities::Activity>(unit, id, again, user(), Check::new())
    }));
    assert_eq!(field, "contact_id");
}

fn contact_named(store: &Arc<dyn TenantStore>, last: &str) -> ContactId {
    let draft = ContactDraft {
        last_name: set(last),
        ..ContactDraft::default()
    };
    let fields = ContactFields::parse(draft, user(), Check::new()).unwrap();
    write(store, move |unit| single::create_parsed::<contacts::Contact>(unit, fields))
        .unwrap()
        .id
}

fn lists_of_accounts_are_in_order(database: &Database) {
    let store = open(database);
    let accounts: Vec<_> = (0..3).map(|n| add_account(&store, &format!("Acme {n}")).id).collect();
    let mut made = Vec::new();
    for number in [2, 0, 2, 1, 0, 0] {
        let draft = ActivityDraft {
            account_id: Patch::Set(accounts[number]),
            ..note("About")
        };
        made.push(create(&store, draft));
    }
    let gone = made[5].id;
    write(&store, move |unit| unit.activities().remove(gone)).unwrap();
    let of = [accounts[2], accounts[0], AccountId::from_i64(99)];
    let listed = store.reading(|reader| reader.activities().list_of_accounts(&of)).unwrap();
    assert_eq!(listed, [1, 4, 0, 2].map(|index: usize| made[index].clone()));
}

fn what_it_is_about_must_exist(database: &Database) {
    let store = open(database);
    let fields = parse(ActivityDraft {
        account_id: Patch::Set(AccountId::from_i64(99)),
        contact_id: Patch::Set(ContactId::from_i64(99)),
        lead_id: Patch::Set(LeadId::from_i64(99)),
        opportunity_id: Patch::Set(OpportunityId::from_i64(99)),
        ..note("About nothing")
    });
    match write(&store, move |unit| single::create_parsed::<activities::Activity>(unit, fields)) {
        Err(Error::Invalid(errors)) => {
            let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
            assert_eq!(fields, ["account_id", "contact_id", "lead_id", "opportunity_id"]);
        }
        other => panic!("expected invalid references, got {other:?}"),
    }
    assert_eq!(feed(&store), []);
}
