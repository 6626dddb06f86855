//! Tickets and their comments.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    error::{Error, Problem},
    field::{Check, Patch},
    id::{AccountId, ContactId, RecordId, SlaPolicyId, TicketCommentId, TicketId, UserId},
    page::{Sort, Window},
    query::{Condition, Filter},
    tenant::{
        TenantReader, TenantStore,
        change::{Actor, EntityKind, Origin},
        ticket::{self as tickets, Ticket, TicketAction, TicketDraft, TicketField, TicketStatus},
        ticket_comment::{self as comments, Editor, TicketComment, TicketCommentDraft, TicketCommentField},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, add_account, assert_lists, assert_not_found, assert_uuid, feed, open, set, sla_policy, text, user, write};

each_backend_shared!(
    every_field_of_a_ticket_reads_back,
    any_text_reads_back,
    what_a_ticket_refers_to_must_exist,
    actions_are_kept_and_told,
    the_first_public_comment_of_a_user_is_the_response,
    comments_belong_to_their_ticket,
    lists_are_sorted_filtered_and_counted,
);

fn draft(subject: &str) -> TicketDraft {
    TicketDraft {
        subject: set(subject),
        ..TicketDraft::default()
    }
}

fn create(store: &Arc<dyn TenantStore>, draft: TicketDraft) -> Ticket {
    write(store, move |unit| {
        single::create::<tickets::Ticket>(unit, draft, user(), Check::new())
    })
    .unwrap()
}

fn found(store: &Arc<dyn TenantStore>, id: TicketId) -> Option<Ticket> {
    store.reading(|reader| reader.tickets().lookup(id)).unwrap()
}

fn comment(store: &Arc<dyn TenantStore>, ticket: TicketId, internal: bool) -> TicketComment {
    let draft = TicketCommentDraft {
        body: set("Hello"),
        is_internal: Patch::Set(internal),
    };
    write(store, move |unit| comments::create(unit, ticket, draft, Check::new())).unwrap()
}

fn every_field_of_a_ticket_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let policy = sla_policy::create(&store, sla_policy::draft("Gold", 240)).unwrap().id;
    let full = TicketDraft {
        description: set("Line 1\nLine 2"),
        status: set("pending"),
        priority: set("urgent"),
        category: set("Access"),
        source: set("Email"),
        resolution: set("None yet"),
        account_id: Patch::Set(account),
        owner_id: Patch::Clear,
        sla_policy_id: Patch::Set(policy),
        ..draft("Größe 🎯")
    };
    let made = create(&store, full);
    assert_eq!(found(&store, made.id).as_ref(), Some(&made));
    assert_uuid(made.uuid, made.created_at);
    let fields = &made.fields;
    assert_eq!(
        (fields.account_id, fields.owner_id, fields.sla_policy_id),
        (Some(account), None, Some(policy))
    );
    assert_eq!(
        (fields.status, fields.progress.stopped_at),
        (TicketStatus::Pending, Some(made.created_at))
    );
    let due = made.created_at.plus(Duration::from_secs(60 * 60));
    assert_eq!(
        (fields.progress.first_response_due_at, fields.progress.resolution_due_at),
        (Some(due), None)
    );
    assert_eq!((made.created_by, made.updated_at), (Some(user()), made.created_at));
    let id = made.id;
    write(&store, move |unit| single::remove::<tickets::Ticket>(unit, id)).unwrap();
    assert_eq!(found(&store, id), None);
    assert_not_found(write(&store, move |unit| single::remove::<tickets::Ticket>(unit, id)), "ticket");
    assert_not_found(
        write(&store, move |unit| {
            single::update::<tickets::Ticket>(unit, id, TicketDraft::default(), user(), Check::new())
        }),
        "ticket",
    );
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    for value in TEXTS {
        let made = create(
            &store,
            TicketDraft {
                description: set(value),
                ..draft(value)
            },
        );
        let kept = found(&store, made.id).unwrap().fields;
        assert_eq!((kept.subject, kept.description), (text(value), Some(text(value))), "{value}");
    }
}

fn what_a_ticket_refers_to_must_exist(database: &Database) {
    let store = open(database);
    let wrong = TicketDraft {
        account_id: Patch::Set(AccountId::from_i64(99)),
        contact_id: Patch::Set(ContactId::from_i64(99)),
        ..draft("x")
    };
    let refused = write(&store, move |unit| {
        single::create::<tickets::Ticket>(unit, wrong, user(), Check::new())
    });
    let Err(Error::Invalid(errors)) = refused else {
        panic!("{refused:?}")
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["account_id", "contact_id"]);
    let lost = TicketDraft {
        sla_policy_id: Patch::Set(SlaPolicyId::from_i64(99)),
        ..draft("x")
    };
    let refused = write(&store, move |unit| {
        single::create::<tickets::Ticket>(unit, lost, user(), Check::new())
    });
    let problem = Problem::Reference { noun: "SLA policy" };
    assert_eq!(super::only_problem(refused), ("sla_policy_id".to_owned(), problem));
}

fn actions_are_kept_and_told(database: &Database) {
    let store = open(database);
    let id = create(&store, draft("Help")).id;
    let act = |action, draft: TicketDraft| write(&store, move |unit| tickets::act(unit, id, action, draft, Check::new()));
    let assigned = TicketDraft {
        owner_id: Patch::Set(UserId::from_i64(9)),
        ..TicketDraft::default()
    };
    let assigned = act(TicketAction::Assign, assigned).unwrap();
    assert_eq!(
        (assigned.fields.owner_id, assigned.fields.status),
        (Some(UserId::from_i64(9)), TicketStatus::Open)
    );
    let resolved = act(TicketAction::Resolve, TicketDraft::default()).unwrap();
    assert_eq!(resolved.fields.progress.resolved_at, Some(resolved.updated_at));
    assert_eq!(found(&store, id), Some(resolved));
    let refused = act(TicketAction::Resolve, TicketDraft::default());
    assert!(
        matches!(&refused, Err(Error::State { noun: "ticket", state, .. }) if state == "resolved"),
        "{refused:?}"
    );
    act(TicketAction::Close, TicketDraft::default()).unwrap();
    let reopened = act(TicketAction::Reopen, TicketDraft::default()).unwrap();
    assert_eq!(
        (reopened.fields.progress.reopened_count, reopened.fields.progress.closed_at),
        (1, None)
    );
    assert_eq!(found(&store, id), Some(reopened));
    let changes = feed(&store);
    let steps: Vec<_> = changes.iter().map(|change| (change.entity, change.entity_id)).collect();
    assert_eq!(steps, [(EntityKind::Ticket, id.get()); 5], "the refused one left nothing");
    assert!(changes[4].fields.contains(r#""reopened_count":[0,1]"#), "{}", changes[4].fields);
}

fn the_first_public_comment_of_a_user_is_the_response(database: &Database) {
    let store = open(database);
    let id = create(&store, draft("Help")).id;
    comment(&store, id, true);
    let by_key = Origin {
        actor: Actor::Job("import"),
        family: "cli",
    };
    let draft = TicketCommentDraft {
        body: set("Imported"),
        ..TicketCommentDraft::default()
    };
    store
        .writing(by_key, move |unit| comments::create(unit, id, draft, Check::new()))
        .unwrap();
    let waiting = found(&store, id).unwrap();
    assert_eq!(
        (waiting.fields.progress.first_responded_at, waiting.fields.status),
        (None, TicketStatus::New)
    );
    let first = comment(&store, id, false);
    let answered = found(&store, id).unwrap();
    assert_eq!(answered.fields.progress.first_responded_at, Some(first.created_at));
    assert_eq!(
        (answered.fields.status, answered.updated_at),
        (TicketStatus::Open, first.created_at)
    );
    comment(&store, id, false);
    assert_eq!(found(&store, id), Some(answered), "only the first counts");
    // A note that all may read from now on counts as well.
    let other = create(&store, self::draft("Other")).id;
    let note = comment(&store, other, true).id;
    let public = TicketCommentDraft {
        is_internal: Patch::Set(false),
        ..TicketCommentDraft::default()
    };
    let shown = write(&store, move |unit| {
        comments::update(unit, other, note, public, Editor::Author(user()), Check::new())
    })
    .unwrap();
    assert_eq!(
        found(&store, other).unwrap().fields.progress.first_responded_at,
        Some(shown.updated_at)
    );
}

fn comments_belong_to_their_ticket(database: &Database) {
    let store = open(database);
    let [first, second] = ["First", "Second"].map(|subject| create(&store, draft(subject)).id);
    let (mine, other) = (comment(&store, first, true), comment(&store, second, true));
    let of = |ticket: TicketId| -> Vec<TicketCommentId> {
        let filter = Filter::of([Condition::equal(TicketCommentField::TicketId, ticket)]);
        let read = |reader: &mut dyn TenantReader| reader.ticket_comments().list(&filter, Sort::default(), &Window::first(10));
        let page = store.reading(read).unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        page.items.into_iter().map(|comment| comment.id).collect()
    };
    assert_eq!((of(first), of(second)), (vec![mine.id], vec![other.id]));
    let id = mine.id;
    let foreign = write(&store, move |unit| {
        comments::update(unit, second, id, TicketCommentDraft::default(), Editor::Moderator, Check::new())
    });
    assert_not_found(foreign, "comment");
    let rewritten = |editor| {
        let draft = TicketCommentDraft {
            body: set("Rewritten"),
            ..TicketCommentDraft::default()
        };
        write(&store, move |unit| comments::update(unit, first, id, draft, editor, Check::new()))
    };
    let stranger = rewritten(Editor::Author(UserId::from_i64(user().get() + 1)));
    assert!(matches!(stranger, Err(Error::Forbidden(_))), "{stranger:?}");
    assert_eq!(rewritten(Editor::Moderator).unwrap().created_by, Some(user()));
    assert_not_found(write(&store, move |unit| comments::remove(unit, second, id)), "comment");
    write(&store, move |unit| comments::remove(unit, first, id)).unwrap();
    assert_eq!(of(first), []);
    write(&store, move |unit| single::remove::<tickets::Ticket>(unit, second)).unwrap();
    assert_not_found(write(&store, move |unit| comments::remove(unit, second, other.id)), "ticket");
}

fn lists_are_sorted_filtered_and_counted(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let words = ["New", "Open", "Pending", "Resolved", "Closed"];
    for number in 0..20_usize {
        let some = |text: &str| Patch::from((number % 3 > 0).then(|| format!("{text} {}", number % 4)));
        let made = TicketDraft {
            status: set(words[number % 5]),
            priority: set(["Low", "Urgent", "High"][number % 3]),
            category: some("Category"),
            source: some("Source"),
            account_id: Patch::from((number % 2 == 0).then_some(account)),
            owner_id: if number % 4 == 0 { Patch::Clear } else { Patch::Keep },
            ..draft(["beta", "Alpha", "alpha", "Ärger", "🚀"][number % 5])
        };
        let id = create(&store, made).id;
        comment(&store, id, number % 2 == 0);
    }
    let gone = create(&store, draft("Gone")).id;
    write(&store, move |unit| single::remove::<tickets::Ticket>(unit, gone)).unwrap();
    let all = Window::first(1_000);
    macro_rules! check {
        ($port:ident, $field:ty) => {{
            let list = |filter: &Filter<$field>, sort| store.reading(|reader| reader.$port().list(filter, sort, &all)).unwrap();
            let everything = list(&Filter::default(), Sort::default()).items;
            assert!(everything.len() >= 3);
            assert_lists(&everything, &list);
        }};
    }
    check!(tickets, TicketField);
    check!(ticket_comments, TicketCommentField);
    let list = |filter: Filter<TicketField>| {
        store
            .reading(|reader| reader.tickets().list(&filter, Sort::default(), &all))
            .unwrap()
    };
    let deleted = list(Filter {
        deleted: true,
        ..Filter::default()
    });
    assert_eq!((deleted.items.len(), deleted.items[0].id, deleted.total), (1, gone, 1));
    assert_eq!(list(Filter::search("äRGER")).total, 4);
    assert_eq!(list(Filter::search("category 2")).total, 3);
}
