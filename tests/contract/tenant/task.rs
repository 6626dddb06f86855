//! Tasks.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    error::Error,
    field::{Check, Patch},
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId, TaskId, TicketId, UserId},
    page::{Direction, Sort, Window},
    query::{Condition, Field},
    stamp::Stamp,
    tenant::{
        TenantStore, account as accounts,
        change::{ChangeKind, EntityKind},
        contact::{self as contacts, ContactDraft, ContactFields},
        lead::{self as leads, LeadDraft, LeadFields},
        opportunity::{self as opportunities, OpportunityDraft},
        priority::Priority,
        task::{self as tasks, Task, TaskContext, TaskDraft, TaskField, TaskFields, TaskFilter, TaskStatus},
    },
    usecase::{bulk, restore::restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, add_account, assert_not_found, assert_refused, assert_uuid, feed, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    updates_and_removals_are_kept,
    a_task_is_completed_once_and_reopened_once,
    what_it_is_about_must_exist,
    a_deleted_contact_leaves_its_tasks_without_it,
    a_deleted_account_leaves_its_tasks_without_it,
    a_restored_task_is_what_it_was_without_what_is_gone,
    tasks_are_written_in_bulk,
    the_overdue_are_open_and_late,
    priorities_sort_by_urgency,
);

fn task(title: &str) -> TaskDraft {
    TaskDraft {
        title: set(title),
        ..TaskDraft::default()
    }
}

fn create(store: &Arc<dyn TenantStore>, draft: TaskDraft) -> Task {
    write(store, move |unit| single::create::<tasks::Task>(unit, draft, user(), Check::new())).unwrap()
}

fn found(store: &Arc<dyn TenantStore>, id: TaskId) -> Option<Task> {
    store.reading(|reader| reader.tasks().lookup(id)).unwrap()
}

fn list(store: &Arc<dyn TenantStore>, filter: &TaskFilter, sort: Sort<TaskField>) -> Vec<Task> {
    let page = store
        .reading(|reader| reader.tasks().list(filter, sort, &Window::first(1_000)))
        .unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items
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

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let contact = contact_named(&store, "Miller");
    let lead = LeadDraft {
        last_name: set("Miller"),
        ..LeadDraft::default()
    };
    let lead = LeadFields::parse(lead, user(), Check::new()).unwrap();
    let deal = OpportunityDraft {
        name: set("Deal"),
        ..OpportunityDraft::default()
    };
    let (lead, opportunity) = write(&store, move |unit| {
        let lead = single::create_parsed::<leads::Lead>(unit, lead)?.id;
        Ok((
            lead,
            single::create::<opportunities::Opportunity>(unit, deal, user(), Check::new())?.id,
        ))
    })
    .unwrap();
    let draft = TaskDraft {
        description: set("agreed 👍"),
        priority: set("urgent"),
        status: set("completed"),
        due_at: set("1969-12-31T23:59:59.999999Z"),
        started_at: set("2025-01-01T00:00:00Z"),
        completed_at: set("2025-01-02T00:00:00Z"),
        account_id: Patch::Set(account),
        contact_id: Patch::Set(contact),
        lead_id: Patch::Set(lead),
        opportunity_id: Patch::Set(opportunity),
        owner_id: Patch::Set(UserId::from_i64(42)),
        ..task("Send the offer")
    };
    let context = TaskContext {
        owner: user(),
        now: Stamp::default(),
    };
    let expected = TaskFields::parse(draft.clone(), context, Check::new()).unwrap();
    let made = create(&store, draft);
    assert_eq!(made.fields, expected);
    assert_eq!(
        (made.fields.priority, made.fields.status),
        (Priority::Urgent, TaskStatus::Completed)
    );
    assert_eq!((made.fields.due_at, made.created_by), (Some(Stamp::from_micros(-1)), Some(user())));
    assert_uuid(made.uuid, made.created_at);
    let last = feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.kind),
        (EntityKind::Task, made.id.get(), ChangeKind::Created)
    );
    assert_eq!(list(&store, &TaskFilter::default(), Sort::default()), std::slice::from_ref(&made));
    assert_eq!(found(&store, made.id), Some(made));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    let context = TaskContext {
        owner: user(),
        now: Stamp::default(),
    };
    for size in [1, 60] {
        let batch: Vec<_> = (0..size)
            .map(|n| TaskFields::parse(task(TEXTS[n % TEXTS.len()]), context, Check::new()).unwrap())
            .collect();
        let added = write(&store, move |unit| tasks::create_many(unit, batch)).unwrap();
        for task in added {
            assert_eq!(found(&store, task.id), Some(task));
        }
    }
}

fn updates_and_removals_are_kept(database: &Database) {
    let store = open(database);
    let made = create(
        &store,
        TaskDraft {
            description: set("text"),
            due_at: set("2025-01-01T00:00:00Z"),
            ..task("Before")
        },
    );
    let id = made.id;
    let draft = TaskDraft {
        description: Patch::Clear,
        priority: set("Low"),
        due_at: Patch::Clear,
        ..task("After")
    };
    let expected = made.fields.updated(draft.clone(), made.updated_at, Check::new()).unwrap();
    let again = draft.clone();
    let updated = write(&store, move |unit| {
        single::update::<tasks::Task>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(updated.fields, expected);
    assert!(updated.updated_at > made.updated_at);
    assert_eq!(found(&store, id), Some(updated.clone()));
    // The same again changes nothing: neither the stamp nor the feed.
    let changes = feed(&store).len();
    assert_eq!(
        write(&store, move |unit| single::update::<tasks::Task>(
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
    // What is begun now has been begun at this unit's stamp.
    let begin = TaskDraft {
        status: set("InProgress"),
        ..TaskDraft::default()
    };
    let begun = write(&store, move |unit| {
        single::update::<tasks::Task>(unit, id, begin, user(), Check::new())
    })
    .unwrap();
    assert_eq!(
        (begun.fields.status, begun.fields.started_at),
        (TaskStatus::InProgress, Some(begun.updated_at.whole_second()))
    );

    write(&store, move |unit| single::remove::<tasks::Task>(unit, id)).unwrap();
    assert_eq!(
        (found(&store, id), list(&store, &TaskFilter::default(), Sort::default())),
        (None, Vec::new())
    );
    let last = feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.kind),
        (EntityKind::Task, id.get(), ChangeKind::Deleted)
    );
    let nothing = TaskDraft::default();
    assert_not_found(
        write(&store, move |unit| {
            single::update::<tasks::Task>(unit, id, nothing, user(), Check::new())
        }),
        "task",
    );
    assert_not_found(write(&store, move |unit| single::remove::<tasks::Task>(unit, id)), "task");
    assert_not_found(write(&store, move |unit| unit.tasks().update(&updated)), "task");
    assert_eq!(found(&store, id), None);
}

fn a_task_is_completed_once_and_reopened_once(database: &Database) {
    let store = open(database);
    let id = create(&store, task("Call")).id;
    let complete = || write(&store, move |unit| tasks::complete(unit, id));
    let reopen = || write(&store, move |unit| tasks::reopen(unit, id));
    assert_refused(reopen(), "open", "reopened");
    let done = complete().unwrap();
    assert_eq!(
        (done.fields.status, done.fields.completed_at),
        (TaskStatus::Completed, Some(done.updated_at.whole_second()))
    );
    assert_eq!(found(&store, id), Some(done));
    assert_refused(complete(), "completed", "completed");
    let open = reopen().unwrap();
    assert_eq!((open.fields.status, open.fields.completed_at), (TaskStatus::Open, None));
    assert_eq!(found(&store, id), Some(open));
    for (status, state) in [("InProgress", "in progress"), ("Cancelled", "cancelled")] {
        let draft = TaskDraft {
            status: set(status),
            ..TaskDraft::default()
        };
        write(&store, move |unit| {
            single::update::<tasks::Task>(unit, id, draft, user(), Check::new())
        })
        .unwrap();
        match status {
            "Cancelled" => assert_refused(complete(), state, "completed"),
            _ => assert_refused(reopen(), state, "reopened"),
        }
    }
    assert_eq!(reopen().unwrap().fields.status, TaskStatus::Open);
}

fn what_it_is_about_must_exist(database: &Database) {
    let store = open(database);
    let draft = TaskDraft {
        account_id: Patch::Set(AccountId::from_i64(99)),
        contact_id: Patch::Set(ContactId::from_i64(99)),
        lead_id: Patch::Set(LeadId::from_i64(99)),
        opportunity_id: Patch::Set(OpportunityId::from_i64(99)),
        ticket_id: Patch::Set(TicketId::from_i64(99)),
        ..task("About nothing")
    };
    match write(&store, move |unit| single::create::<tasks::Task>(unit, draft, user(), Check::new())) {
        Err(Error::Invalid(errors)) => {
            let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
            assert_eq!(fields, ["account_id", "contact_id", "lead_id", "opportunity_id", "ticket_id"]);
        }
        other => panic!("expected invalid references, got {other:?}"),
    }
    assert_eq!(feed(&store), []);
}

/// Deleting a contact releases its tasks, which go on without it; what it was may not be named again.
fn a_deleted_contact_leaves_its_tasks_without_it(database: &Database) {
    let store = open(database);
    let contact = contact_named(&store, "Miller");
    let about = || TaskDraft {
        contact_id: Patch::Set(contact),
        ..task("About")
    };
    let id = create(&store, about()).id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, contact)).unwrap();
    assert_eq!(found(&store, id).unwrap().fields.contact_id, None);
    let updated = write(&store, move |unit| {
        single::update::<tasks::Task>(unit, id, task("After"), user(), Check::new())
    })
    .unwrap();
    assert_eq!((&*updated.fields.title, updated.fields.contact_id), ("After", None));
    let again = about();
    let (field, _) = only_problem(write(&store, move |unit| {
        single::update::<tasks::Task>(unit, id, again, user(), Check::new())
    }));
    assert_eq!(field, "contact_id");
}

fn a_deleted_account_leaves_its_tasks_without_it(database: &Database) {
    let store = open(database);
    let [gone, kept] = ["Gone", "Kept"].map(|name| add_account(&store, name).id);
    let of = |account| TaskDraft {
        account_id: Patch::Set(account),
        ..task("About")
    };
    let (orphan, other) = (create(&store, of(gone)), create(&store, of(kept)));
    write(&store, move |unit| single::remove::<accounts::Account>(unit, gone)).unwrap();
    assert_eq!(found(&store, orphan.id).unwrap().fields.account_id, None);
    assert_eq!(found(&store, other.id), Some(other));
    let told = feed(&store);
    assert!(
        told.iter()
            .any(|change| (change.entity, change.entity_id, change.kind) == (EntityKind::Task, orphan.id.get(), ChangeKind::Updated))
    );
}

fn a_restored_task_is_what_it_was_without_what_is_gone(database: &Database) {
    let store = open(database);
    let (account, contact) = (add_account(&store, "Acme").id, contact_named(&store, "Miller"));
    let made = create(
        &store,
        TaskDraft {
            priority: set("High"),
            due_at: set("2025-01-01"),
            account_id: Patch::Set(account),
            contact_id: Patch::Set(contact),
            ..task("Call")
        },
    );
    let id = made.id;
    let back = || write(&store, move |unit| restore::<Task>(unit, id));
    assert_refused(back(), "not deleted", "restored");
    write(&store, move |unit| {
        single::remove::<tasks::Task>(unit, id)?;
        single::remove::<contacts::Contact>(unit, contact)
    })
    .unwrap();
    let back = back().unwrap();
    let expected = Task {
        fields: TaskFields {
            contact_id: None,
            ..made.fields.clone()
        },
        updated_at: back.updated_at,
        ..made.clone()
    };
    assert_eq!(back, expected);
    assert_eq!(list(&store, &TaskFilter::default(), Sort::default()), std::slice::from_ref(&back));
    assert!(back.updated_at > made.updated_at);
    let last = feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.kind),
        (EntityKind::Task, id.get(), ChangeKind::Restored)
    );
}

fn tasks_are_written_in_bulk(database: &Database) {
    let store = open(database);
    let dead = TaskDraft {
        ticket_id: Patch::Set(TicketId::from_i64(99)),
        ..task("About nothing")
    };
    let drafts = vec![task("One"), dead, TaskDraft::default(), task("Two")];
    let drafts: Vec<_> = drafts.into_iter().map(|draft| bulk::Drafted::new(draft, Check::new())).collect();
    let outcomes = write(&store, move |unit| bulk::create::<Task>(unit, drafts, user())).unwrap();
    let titles: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().ok().map(|task| task.fields.title.to_string()))
        .collect();
    assert_eq!(titles, [Some("One".to_owned()), None, None, Some("Two".to_owned())]);
    let ids: Vec<TaskId> = outcomes.iter().flatten().map(|task| task.id).collect();
    let begin = TaskDraft {
        status: set("InProgress"),
        ..TaskDraft::default()
    };
    let (first, gone) = (ids[0], TaskId::from_i64(99));
    let drafts = [first, gone]
        .map(|id| Ok((id, bulk::Drafted::new(begin.clone(), Check::new()))))
        .into();
    let outcomes = write(&store, move |unit| bulk::update::<Task>(unit, drafts, user())).unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap().fields.status, TaskStatus::InProgress);
    assert!(matches!(outcomes[1], Err(Error::NotFound { .. })));
    let removals = vec![Ok(ids[1]), Ok(ids[1])];
    let outcomes = write(&store, move |unit| bulk::remove::<Task>(unit, removals)).unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1].is_err());
    let left: Vec<_> = list(&store, &TaskFilter::default(), Sort::default())
        .iter()
        .map(|task| task.id)
        .collect();
    assert_eq!(left, [first]);
}

/// The list's two conditions are the entity's own word on every task.
fn the_overdue_are_open_and_late(database: &Database) {
    let store = open(database);
    let now = Stamp::parse("2025-01-15T10:00:00Z").unwrap();
    let times = [
        Some(now.minus(Duration::from_secs(1))),
        Some(now),
        Some(now.plus(Duration::from_micros(1))),
        Some(Stamp::from_micros(-5)),
        None,
    ];
    let statuses = TaskStatus::WORDS.iter().cycle();
    let all: Vec<Task> = (0..40_usize)
        .zip(statuses)
        .map(|(number, status)| {
            let draft = TaskDraft {
                status: set(status),
                due_at: times[number % times.len()].map(Stamp::to_microsecond_precision).into(),
                ..task(&format!("Task {number}"))
            };
            create(&store, draft)
        })
        .collect();
    let filter = TaskFilter::of(tasks::overdue(now));
    for direction in [Direction::Ascending, Direction::Descending] {
        for key in [TaskField::CreatedAt, TaskField::DueAt] {
            let mut expected: Vec<Task> = all.iter().filter(|task| task.fields.is_overdue(now)).cloned().collect();
            assert_eq!(expected.len(), 8);
            expected.sort_by_key(|task| (key.value(task).filter(|_| key == TaskField::DueAt), task.id));
            if direction == Direction::Descending {
                expected.reverse();
            }
            assert_eq!(list(&store, &filter, Sort { key, direction }), expected);
        }
    }
}

fn priorities_sort_by_urgency(database: &Database) {
    let store = open(database);
    for word in ["High", "Low", "Urgent", "Normal"] {
        let draft = TaskDraft {
            priority: set(word),
            ..task(word)
        };
        create(&store, draft);
    }
    let sort = Sort {
        key: TaskField::Priority,
        direction: Direction::Descending,
    };
    let priorities = |filter: &TaskFilter| -> Vec<Priority> {
        let found = list(&store, filter, sort);
        found.iter().map(|task| task.fields.priority).collect()
    };
    let all = [Priority::Urgent, Priority::High, Priority::Normal, Priority::Low];
    assert_eq!(priorities(&TaskFilter::default()), all);
    let high = Condition::parse(
        TaskField::Priority,
        crm_domain::query::Operator::Gte,
        "high",
        crm_domain::query::Spec::read,
    );
    assert_eq!(priorities(&TaskFilter::of(high)), all[..2]);
}
