//! SLA policies (contract X-174).

use std::sync::Arc;

use crm_domain::{
    business_hours::BusinessHoursDraft,
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::SlaPolicyId,
    page::{Sort, Window},
    query::Filter,
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        sla_policy::{SlaPolicy, SlaPolicyDraft, SlaPolicyField, SlaPolicyFields, SlaPolicyFilter, SlaSubject},
        ticket::{Ticket, TicketDraft},
    },
    usecase::{restore::restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    TEXTS, assert_duplicate, assert_lists, assert_not_found, assert_refused, assert_uuid, feed, only_problem, open, set, user, write,
};

each_backend_shared!(
    policies_read_back_and_one_is_the_default,
    any_text_reads_back,
    null_clears_a_field,
    a_policy_in_use_stays,
    a_deleted_default_takes_its_place_again,
    lists_are_sorted_filtered_and_counted,
);

pub(super) fn draft(name: &str, resolution: i64) -> SlaPolicyDraft {
    SlaPolicyDraft {
        name: set(name),
        applies_to: set("Ticket"),
        first_response_minutes: set(resolution.min(60)),
        resolution_minutes: set(resolution),
        ..SlaPolicyDraft::default()
    }
}

pub(super) fn create(store: &Arc<dyn TenantStore>, draft: SlaPolicyDraft) -> Result<SlaPolicy> {
    let fields = SlaPolicyFields::parse(draft, Check::new())?;
    write(store, move |unit| single::create_parsed::<SlaPolicy>(unit, fields))
}

fn update(store: &Arc<dyn TenantStore>, id: SlaPolicyId, draft: SlaPolicyDraft) -> Result<SlaPolicy> {
    write(store, move |unit| {
        single::update::<SlaPolicy>(unit, id, draft, user(), Check::new())
    })
}

fn found(store: &Arc<dyn TenantStore>, id: SlaPolicyId) -> Option<SlaPolicy> {
    store.reading(|reader| reader.sla_policies().lookup(id)).unwrap()
}

fn default(name: &str) -> SlaPolicyDraft {
    SlaPolicyDraft {
        is_default: Patch::Set(true),
        ..draft(name, 240)
    }
}

fn policies_read_back_and_one_is_the_default(database: &Database) {
    let store = open(database);
    let hours = BusinessHoursDraft {
        time_zone: set("europe/berlin"),
        days: vec!["monday".to_owned(), "SUN".to_owned()],
        from: set("08:30"),
        to: set("24:00"),
    };
    let full = SlaPolicyDraft {
        priority: set("high"),
        stage_minutes: set(90),
        warning_percent: set(75),
        business_hours: Patch::Set(hours),
        is_default: Patch::Set(true),
        is_active: Patch::Set(true),
        ..draft("Gold", 240)
    };
    let gold = create(&store, full).unwrap();
    let lookup = |id| store.reading(|reader| reader.sla_policies().lookup(id)).unwrap();
    assert_eq!(lookup(gold.id), Some(gold.clone()));
    assert_uuid(gold.uuid, gold.created_at);
    assert_duplicate(create(&store, draft("GOLD", 1)), "SLA policy", "name");
    let next = SlaPolicyDraft {
        is_default: Patch::Set(true),
        ..draft("Silver", 480)
    };
    let silver = create(&store, next.clone()).unwrap();
    assert!(silver.fields.is_default && !lookup(gold.id).unwrap().fields.is_default);
    // Of another subject there may be another default.
    let deals = SlaPolicyDraft {
        name: set("Deals"),
        applies_to: set("Deal"),
        ..next
    };
    create(&store, deals).unwrap();
    assert!(lookup(silver.id).unwrap().fields.is_default);
    let id = gold.id;
    write(&store, move |unit| single::remove::<SlaPolicy>(unit, id)).unwrap();
    assert_eq!(lookup(id), None);
    create(&store, draft("gold", 1)).unwrap();
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    for text in TEXTS {
        let policy = create(&store, draft(text, 240)).unwrap();
        assert_eq!(found(&store, policy.id), Some(policy), "{text:?}");
    }
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let full = SlaPolicyDraft {
        priority: set("High"),
        stage_minutes: set(90),
        warning_percent: set(75),
        ..draft("Gold", 240)
    };
    let id = create(&store, full).unwrap().id;
    let clear = SlaPolicyDraft {
        priority: Patch::Clear,
        stage_minutes: Patch::Clear,
        warning_percent: Patch::Clear,
        business_hours: Patch::Clear,
        ..SlaPolicyDraft::default()
    };
    let cleared = update(&store, id, clear.clone()).unwrap();
    assert_eq!(cleared.fields, SlaPolicyFields::parse(draft("Gold", 240), Check::new()).unwrap());
    assert_eq!(found(&store, id), Some(cleared.clone()));
    // What changes nothing leaves no change and no new stamp.
    assert_eq!((update(&store, id, clear).unwrap(), feed(&store).len()), (cleared, 2));
    let nameless = SlaPolicyDraft {
        name: Patch::Clear,
        ..SlaPolicyDraft::default()
    };
    assert_eq!(only_problem(update(&store, id, nameless)), ("name".to_owned(), Problem::Required));
    let changes = feed(&store);
    assert_eq!(
        (changes[0].entity, changes[0].entity_id, changes[0].kind),
        (EntityKind::SlaPolicy, 1, ChangeKind::Created)
    );
}

fn a_policy_in_use_stays(database: &Database) {
    let store = open(database);
    let usual = SlaPolicyDraft {
        is_default: Patch::Set(true),
        ..draft("Usual", 240)
    };
    let id = create(&store, usual).unwrap().id;
    let help = TicketDraft {
        subject: set("Help"),
        ..TicketDraft::default()
    };
    let ticket = write(&store, move |unit| single::create::<Ticket>(unit, help, user(), Check::new())).unwrap();
    assert_eq!(ticket.fields.sla_policy_id, Some(id));
    let deals = SlaPolicyDraft {
        applies_to: set("Deal"),
        ..SlaPolicyDraft::default()
    };
    assert_refused(update(&store, id, deals), "in use by tickets", "applied to something else");
    let refused = write(&store, move |unit| single::remove::<SlaPolicy>(unit, id));
    assert!(matches!(&refused, Err(Error::State { noun: "SLA policy", .. })), "{refused:?}");
    write(&store, move |unit| single::remove::<Ticket>(unit, ticket.id)).unwrap();
    write(&store, move |unit| single::remove::<SlaPolicy>(unit, id)).unwrap();
}

fn a_deleted_default_takes_its_place_again(database: &Database) {
    let store = open(database);
    let first = create(&store, default("First")).unwrap().id;
    let state = write(&store, move |unit| restore::<SlaPolicy>(unit, first));
    assert!(matches!(state, Err(Error::State { .. })), "{state:?}");
    write(&store, move |unit| single::remove::<SlaPolicy>(unit, first)).unwrap();
    assert_not_found(write(&store, move |unit| single::remove::<SlaPolicy>(unit, first)), "SLA policy");
    let second = create(&store, default("Second")).unwrap().id;
    let restored = write(&store, move |unit| restore::<SlaPolicy>(unit, first)).unwrap();
    assert!(restored.fields.is_default && !found(&store, second).unwrap().fields.is_default);
    let of_tickets = store.reading(|reader| reader.sla_policies().list_of(SlaSubject::Ticket)).unwrap();
    let ids: Vec<SlaPolicyId> = of_tickets.iter().map(|policy| policy.id).collect();
    assert_eq!(ids, [first, second], "oldest first");
    // A name that was taken meanwhile keeps one deleted.
    write(&store, move |unit| single::remove::<SlaPolicy>(unit, first)).unwrap();
    create(&store, draft("FIRST", 1)).unwrap();
    assert_duplicate(write(&store, move |unit| restore::<SlaPolicy>(unit, first)), "SLA policy", "name");
}

fn lists_are_sorted_filtered_and_counted(database: &Database) {
    let store = open(database);
    for (name, priority) in [("Usual", None), ("Fast", Some("Urgent")), ("Äußerst", None)] {
        let policy = SlaPolicyDraft {
            priority: priority.map(str::to_owned).into(),
            is_default: Patch::Set(name == "Usual"),
            ..draft(name, 240)
        };
        create(&store, policy).unwrap();
    }
    let gone = create(&store, draft("Gone", 1)).unwrap().id;
    write(&store, move |unit| single::remove::<SlaPolicy>(unit, gone)).unwrap();
    let all = Window::first(1_000);
    let list = |filter: &SlaPolicyFilter, sort: Sort<SlaPolicyField>| {
        store.reading(|reader| reader.sla_policies().list(filter, sort, &all)).unwrap()
    };
    let everything = list(&Filter::default(), Sort::default()).items;
    assert_eq!(everything.len(), 3);
    assert_lists(&everything, &list);
    let deleted = SlaPolicyFilter {
        deleted: true,
        ..SlaPolicyFilter::default()
    };
    assert_eq!(list(&deleted, Sort::default()).items[0].id, gone);
    assert_eq!(list(&Filter::search("ÄU"), Sort::default()).total, 1);
}
