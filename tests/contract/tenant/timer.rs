//! What the clock tells of records (contract E-73 … E-75, X-174).

use std::{sync::Arc, time::Duration};

use crm_domain::{
    field::{Check, Patch},
    id::{LeadId, OpportunityId, RecordId, TaskId, TenantId, TicketId},
    stamp::Stamp,
    tenant::{
        TenantStore,
        change::{Actor, Change, EntityKind, Origin},
        lead::{self as leads, Lead, LeadDraft},
        opportunity::{self as opportunities, LossDraft, MoveDraft, Opportunity, OpportunityDraft},
        pipeline::{self as pipelines, StageDraft},
        sla_policy::{SlaPolicy, SlaPolicyDraft, SlaPolicyFields},
        task::{self as tasks, Task, TaskDraft},
        ticket::{Ticket, TicketAction, TicketDraft, act},
    },
    usecase::{
        clock::{self, Ticked},
        restore::restore,
        single,
    },
};
use crm_tests::{database::Database, each_backend};
use serde_json::{Value, json};

use super::{feed, new_tenant, set, user, write};

each_backend!(
    a_task_is_overdue_once_for_each_due_date,
    a_deleted_task_is_told_nothing_of,
    a_tickets_targets_warn_and_breach_once,
    a_lead_and_a_deal_have_their_targets_too,
    a_stage_that_becomes_another_kind_leaves_no_timer_wrong,
    a_policy_counts_for_what_becomes_due_after_it,
    a_policy_that_is_taken_away_is_told_nothing_of,
    what_came_due_while_nobody_looked_is_told_in_order,
    two_nodes_tell_once,
    the_agenda_is_never_later_than_a_timer,
    a_unit_that_fails_sets_nothing,
);

const MINUTE: u64 = 60;

/// A tenant of a database of its own, whose clock the test moves.
struct Desk<'d> {
    database: &'d Database,
    tenant: TenantId,
    store: Arc<dyn TenantStore>,
}

impl<'d> Desk<'d> {
    fn new(database: &'d Database) -> Self {
        let tenant = new_tenant(database);
        Self {
            database,
            tenant: tenant.id,
            store: database.tenants().open(&tenant).unwrap(),
        }
    }

    fn advance(&self, minutes: u64) {
        self.database.advance(Duration::from_secs(minutes * MINUTE));
    }

    fn in_minutes(&self, minutes: u64) -> Stamp {
        self.database.now().plus(Duration::from_secs(minutes * MINUTE))
    }

    /// Looks at the clock until nothing is to be done.
    fn tick(&self) -> usize {
        tick(&self.store, self.database.now())
    }

    /// What the clock told, oldest first.
    fn told(&self) -> Vec<Change> {
        let of_clock = |change: &Change| change.actor == "job:clock";
        feed(&self.store).into_iter().filter(of_clock).collect()
    }

    /// Kind, id and target of what the clock told.
    fn events(&self) -> Vec<(&'static str, i64, String)> {
        let event = |change: Change| {
            (
                change.kind.as_str(),
                change.entity_id,
                value(&change, "sla_target").as_str().unwrap_or_default().to_owned(),
            )
        };
        self.told().into_iter().map(event).collect()
    }

    fn agenda(&self) -> Option<Stamp> {
        let entry = self
            .database
            .control()
            .reading(|reader| reader.agenda().lookup(self.tenant))
            .unwrap();
        entry.map(|entry| entry.due_at)
    }

    fn task(&self, due: Stamp) -> TaskId {
        let draft = TaskDraft {
            title: set("Call"),
            due_at: set(due),
            ..TaskDraft::default()
        };
        write(&self.store, move |unit| single::create::<Task>(unit, draft, user(), Check::new()))
            .unwrap()
            .id
    }

    fn policy(&self, subject: &str, change: impl FnOnce(&mut SlaPolicyDraft)) -> SlaPolicy {
        let mut draft = SlaPolicyDraft {
            name: set(format!("{subject} policy")),
            applies_to: set(subject),
            first_response_minutes: set(60),
            resolution_minutes: set(240),
            warning_percent: set(50),
            is_default: Patch::Set(true),
            ..SlaPolicyDraft::default()
        };
        change(&mut draft);
        let fields = SlaPolicyFields::parse(draft, Check::new()).unwrap();
        write(&self.store, move |unit| single::create_parsed::<SlaPolicy>(unit, fields)).unwrap()
    }

    fn ticket(&self) -> TicketId {
        let draft = TicketDraft {
            subject: set("Help"),
            ..TicketDraft::default()
        };
        write(&self.store, move |unit| single::create::<Ticket>(unit, draft, user(), Check::new()))
            .unwrap()
            .id
    }

    fn lead(&self, name: &str) -> LeadId {
        let draft = LeadDraft {
            last_name: set(name),
            ..LeadDraft::default()
        };
        write(&self.store, move |unit| single::create::<Lead>(unit, draft, user(), Check::new()))
            .unwrap()
            .id
    }

    fn deal(&self) -> OpportunityId {
        let draft = OpportunityDraft {
            name: set("Deal"),
            ..OpportunityDraft::default()
        };
        write(&self.store, move |unit| {
            single::create::<Opportunity>(unit, draft, user(), Check::new())
        })
        .unwrap()
        .id
    }
}

fn tick(store: &Arc<dyn TenantStore>, now: Stamp) -> usize {
    let mut fired = 0;
    loop {
        let origin = Origin {
            actor: Actor::Job(clock::JOB),
            family: "server",
        };
        let ticked: Ticked = store.writing(origin, move |unit| clock::tick(unit, now)).unwrap();
        fired += ticked.fired;
        if ticked.is_done {
            return fired;
        }
    }
}

fn value(change: &Change, field: &str) -> Value {
    let fields: Value = serde_json::from_str(&change.fields).unwrap();
    fields[field][1].clone()
}

fn event(kind: &'static str, id: i64, target: &str) -> (&'static str, i64, String) {
    (kind, id, target.to_owned())
}

// E-73
fn a_task_is_overdue_once_for_each_due_date(database: &Database) {
    let desk = Desk::new(database);
    let due = desk.in_minutes(60);
    let id = desk.task(due);
    desk.advance(60);
    assert_eq!(desk.tick(), 0, "at that very time it is not overdue yet");
    desk.advance(1);
    assert_eq!((desk.tick(), desk.tick()), (1, 0));
    let told = desk.told();
    assert_eq!(
        (told[0].kind.as_str(), told[0].entity_id, told[0].family.as_str()),
        ("overdue", id.get(), "server")
    );
    assert_eq!(value(&told[0], "due_at"), json!(due.to_microsecond_precision()));
    // The record stays as it is.
    let task = desk.store.reading(|reader| reader.tasks().lookup(id)).unwrap().unwrap();
    assert_eq!(task.updated_at, task.created_at);
    // Done and to be done again, it is overdue by the same date: that was told.
    write(&desk.store, move |unit| tasks::complete(unit, id)).unwrap();
    write(&desk.store, move |unit| tasks::reopen(unit, id)).unwrap();
    assert_eq!(desk.tick(), 0);
    // Another date is another promise.
    let later = desk.in_minutes(10);
    let put_off = move |due: Stamp| TaskDraft {
        due_at: set(due),
        ..TaskDraft::default()
    };
    write(&desk.store, move |unit| {
        single::update::<Task>(unit, id, put_off(later), user(), Check::new())
    })
    .unwrap();
    desk.advance(5);
    assert_eq!(desk.tick(), 0);
    let never = desk.in_minutes(60);
    write(&desk.store, move |unit| {
        single::update::<Task>(unit, id, put_off(never), user(), Check::new())
    })
    .unwrap();
    desk.advance(30);
    assert_eq!(desk.tick(), 0, "it was put off before it was due");
    write(&desk.store, move |unit| tasks::complete(unit, id)).unwrap();
    desk.advance(60);
    assert_eq!(desk.tick(), 0, "it was done in time");
    let late = desk.task(Stamp::from_micros(desk.in_minutes(0).micros() - 60_000_000));
    desk.advance(1);
    assert_eq!(desk.tick(), 1, "a date in the past is overdue at once");
    assert_eq!(desk.told().last().unwrap().entity_id, late.get());
}

fn a_deleted_task_is_told_nothing_of(database: &Database) {
    let desk = Desk::new(database);
    let (told, untold) = (desk.task(desk.in_minutes(10)), desk.task(desk.in_minutes(20)));
    desk.advance(11);
    assert_eq!(desk.tick(), 1);
    for id in [told, untold] {
        write(&desk.store, move |unit| single::remove::<Task>(unit, id)).unwrap();
    }
    desk.advance(60);
    assert_eq!(desk.tick(), 0);
    for id in [told, untold] {
        write(&desk.store, move |unit| restore::<Task>(unit, id)).unwrap();
    }
    desk.advance(60);
    assert_eq!(desk.tick(), 0, "what is restored has not become anything");
}

// E-74, E-75, X-174
fn a_tickets_targets_warn_and_breach_once(database: &Database) {
    let desk = Desk::new(database);
    let policy = desk.policy("Ticket", |draft| draft.stage_minutes = set(90));
    let id = desk.ticket();
    let (response, stage, resolution) = ("first_response", "time_in_stage", "resolution");
    let n = id.get();
    for (minutes, expected) in [
        (29, vec![]),
        (2, vec![event("sla_warning", n, response)]),
        (15, vec![event("sla_warning", n, stage)]),
        (15, vec![event("sla_breach", n, response)]),
        (30, vec![event("sla_breach", n, stage)]),
        (30, vec![event("sla_warning", n, resolution)]),
    ] {
        let before = desk.events().len();
        desk.advance(minutes);
        desk.tick();
        assert_eq!(desk.events()[before..], expected, "{minutes} minutes later");
    }
    let told = desk.told();
    let warning = told.last().unwrap();
    assert_eq!(value(warning, "sla_policy"), json!("Ticket policy"));
    assert_eq!(value(warning, "sla_policy_id"), json!(policy.id.get()));
    let ticket = desk.store.reading(|reader| reader.tickets().lookup(id)).unwrap().unwrap();
    assert_eq!(value(warning, "sla_due_at"), json!(ticket.fields.progress.resolution_due_at));
    assert_eq!(value(&told[1], "sla_stage"), json!("New"));
    assert_eq!(ticket.updated_at, ticket.created_at);
    // Settled in time, it is told nothing of; nor is it warned of again when it is reopened.
    let go = |action| write(&desk.store, move |unit| act(unit, id, action, TicketDraft::default(), Check::new())).unwrap();
    go(TicketAction::Resolve);
    desk.advance(1_000);
    assert_eq!(desk.tick(), 0);
    go(TicketAction::Reopen);
    desk.advance(1_000);
    desk.tick();
    let again: Vec<_> = desk.events().split_off(5);
    assert_eq!(
        again,
        [
            event("sla_warning", n, stage),
            event("sla_breach", n, stage),
            event("sla_breach", n, resolution)
        ],
        "a stay of its own in a state, and the rest of the time to the resolution"
    );
}

// E-74, E-75, X-174
fn a_lead_and_a_deal_have_their_targets_too(database: &Database) {
    let desk = Desk::new(database);
    desk.policy("Lead", |draft| draft.stage_minutes = set(90));
    desk.policy("Deal", |draft| draft.stage_minutes = set(90));
    let (lead, deal) = (desk.lead("Lovelace"), desk.deal());
    desk.advance(61);
    desk.tick();
    let both = |events: &[(&'static str, &str)]| -> Vec<(&'static str, i64, String)> {
        let of = |id: i64| events.iter().map(move |(kind, target)| event(kind, id, target));
        let mut all: Vec<_> = of(lead.get()).chain(of(deal.get())).collect();
        all.sort();
        all
    };
    let sorted = |from: usize| {
        let mut events = desk.events().split_off(from);
        events.sort();
        events
    };
    assert_eq!(
        sorted(0),
        both(&[
            ("sla_warning", "first_response"),
            ("sla_warning", "time_in_stage"),
            ("sla_breach", "first_response")
        ])
    );
    write(&desk.store, move |unit| leads::qualify(unit, lead)).unwrap();
    let next = desk.store.reading(|reader| reader.pipelines().all()).unwrap()[0].stages[1].clone();
    let to = MoveDraft {
        stage_id: Patch::Set(next.id),
        ..MoveDraft::default()
    };
    write(&desk.store, move |unit| opportunities::move_to(unit, deal, to, Check::new())).unwrap();
    let before = desk.events().len();
    desk.advance(91);
    desk.tick();
    let told = desk.told().split_off(before);
    let stages: Vec<Value> = told
        .iter()
        .filter(|change| change.kind.as_str() == "sla_breach")
        .map(|change| value(change, "sla_stage"))
        .collect();
    assert_eq!(stages, [json!("Qualified"), json!(&*next.fields.name)]);
    let unsettled = told
        .iter()
        .filter(|change| value(change, "sla_target") == "resolution")
        .map(|change| change.entity_id);
    assert_eq!(unsettled.collect::<Vec<_>>(), [deal.get()], "a qualified lead is settled");
    let lost = LossDraft {
        reason: set("Price"),
        ..LossDraft::default()
    };
    write(&desk.store, move |unit| opportunities::lose(unit, deal, lost, Check::new())).unwrap();
    let before = desk.events().len();
    desk.advance(10_000);
    desk.tick();
    assert_eq!(desk.events().len(), before);
}

/// What a deal's stage means cannot change while the deal is in it; one that comes back to such a stage has the timers of what it means then.
fn a_stage_that_becomes_another_kind_leaves_no_timer_wrong(database: &Database) {
    let desk = Desk::new(database);
    desk.policy("Deal", |_| {});
    let (deal, other) = (desk.deal(), desk.deal());
    let pipeline = desk.store.reading(|reader| reader.pipelines().all()).unwrap().remove(0);
    let (first, second) = (pipeline.stages[0].id, pipeline.stages[1].id);
    let become_kind = |kind: &'static str| {
        let draft = StageDraft {
            kind: set(kind),
            ..StageDraft::default()
        };
        write(&desk.store, move |unit| {
            pipelines::update_stage(unit, pipeline.id, first, draft, Check::new())
        })
    };
    let timers = |deal: OpportunityId| {
        let kept = desk
            .store
            .reading(|reader| reader.timers().list_of(EntityKind::Opportunity, &[deal.get()]))
            .unwrap();
        kept.iter().filter(|timer| timer.fired_at.is_none()).count()
    };
    assert_eq!((timers(deal), timers(other)), (4, 4));
    assert!(
        matches!(become_kind("won"), Err(crm_domain::Error::State { .. })),
        "deals are in it"
    );
    assert_eq!((timers(deal), timers(other)), (4, 4));
    let to = MoveDraft {
        stage_id: Patch::Set(second),
        ..MoveDraft::default()
    };
    write(&desk.store, move |unit| opportunities::move_to(unit, other, to, Check::new())).unwrap();
    write(&desk.store, move |unit| single::remove::<Opportunity>(unit, deal)).unwrap();
    assert_eq!(timers(deal), 0);
    become_kind("won").unwrap();
    write(&desk.store, move |unit| restore::<Opportunity>(unit, deal)).unwrap();
    assert_eq!(timers(deal), 0, "it is won");
    write(&desk.store, move |unit| single::remove::<Opportunity>(unit, deal)).unwrap();
    become_kind("open").unwrap();
    write(&desk.store, move |unit| restore::<Opportunity>(unit, deal)).unwrap();
    assert_eq!(timers(deal), 4, "it is open again");
}

fn a_policy_counts_for_what_becomes_due_after_it(database: &Database) {
    let desk = Desk::new(database);
    let old = desk.lead("Old");
    desk.advance(100);
    let fresh = desk.lead("Fresh");
    let policy = desk.policy("Lead", |_| ());
    desk.tick();
    desk.advance(1_000);
    desk.tick();
    let of = |id: LeadId| -> Vec<(&'static str, String)> {
        let own = desk.events().into_iter().filter(move |(_, of, _)| *of == id.get());
        own.map(|(kind, _, target)| (kind, target)).collect()
    };
    let all = |events: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        events.iter().map(|(kind, target)| (*kind, (*target).to_owned())).collect()
    };
    assert_eq!(
        of(old),
        all(&[("sla_warning", "resolution"), ("sla_breach", "resolution")]),
        "the first response was due before anybody promised it"
    );
    assert_eq!(of(fresh).len(), 4);
    // A longer time puts off what was not told yet, of every lead that is there.
    let another = desk.lead("Another");
    let longer = SlaPolicyDraft {
        first_response_minutes: set(600),
        resolution_minutes: set(6_000),
        ..SlaPolicyDraft::default()
    };
    let id = policy.id;
    write(&desk.store, move |unit| {
        single::update::<SlaPolicy>(unit, id, longer, user(), Check::new())
    })
    .unwrap();
    desk.tick();
    desk.advance(299);
    assert_eq!(desk.tick(), 0);
    desk.advance(2);
    desk.tick();
    assert_eq!(of(another), all(&[("sla_warning", "first_response")]));
}

fn a_policy_that_is_taken_away_is_told_nothing_of(database: &Database) {
    let desk = Desk::new(database);
    let policy = desk.policy("Lead", |_| ());
    desk.lead("Lovelace");
    let id = policy.id;
    let retire = SlaPolicyDraft {
        is_active: Patch::Set(false),
        ..SlaPolicyDraft::default()
    };
    write(&desk.store, move |unit| {
        single::update::<SlaPolicy>(unit, id, retire, user(), Check::new())
    })
    .unwrap();
    desk.tick();
    desk.advance(1_000);
    assert_eq!(desk.tick(), 0);
    desk.policy("Deal", |_| ());
    let deal = desk.deal();
    let policies = desk
        .store
        .reading(|reader| reader.sla_policies().lookup_named(&["deal policy".to_owned()]))
        .unwrap();
    let id = policies[0].id;
    write(&desk.store, move |unit| single::remove::<SlaPolicy>(unit, id)).unwrap();
    desk.advance(1_000);
    assert_eq!((desk.tick(), deal.get()), (0, 1));
}

fn what_came_due_while_nobody_looked_is_told_in_order(database: &Database) {
    let desk = Desk::new(database);
    // More than one unit tells.
    let mut ids = Vec::new();
    for number in 0..250_u64 {
        ids.push(desk.task(desk.in_minutes(1_000 - number)));
    }
    desk.advance(2_000);
    assert_eq!(desk.tick(), 250);
    ids.reverse();
    let told: Vec<i64> = desk.told().iter().map(|change| change.entity_id).collect();
    assert_eq!(told, ids.iter().map(|id| id.get()).collect::<Vec<_>>());
    assert_eq!(desk.tick(), 0);
}

fn two_nodes_tell_once(database: &Database) {
    let tenant = new_tenant(database);
    let (one, other) = (database.tenants().open(&tenant).unwrap(), database.another_node());
    let other = other.tenants().open(&tenant).unwrap();
    let desk = Desk {
        database,
        tenant: tenant.id,
        store: Arc::clone(&one),
    };
    for number in 1..=300 {
        desk.task(desk.in_minutes(number));
    }
    desk.advance(1_000);
    let now = database.now();
    let both = [one, other].map(|store| std::thread::spawn(move || tick(&store, now)));
    let fired: usize = both.into_iter().map(|node| node.join().unwrap()).sum();
    assert_eq!((fired, desk.told().len()), (300, 300));
}

fn the_agenda_is_never_later_than_a_timer(database: &Database) {
    let desk = Desk::new(database);
    assert_eq!(desk.agenda(), None);
    let (first, sooner) = (desk.in_minutes(60), desk.in_minutes(30));
    desk.task(first);
    assert_eq!(desk.agenda(), Some(first));
    desk.task(desk.in_minutes(90));
    assert_eq!(desk.agenda(), Some(first));
    let id = desk.task(sooner);
    assert_eq!(desk.agenda(), Some(sooner));
    write(&desk.store, move |unit| tasks::complete(unit, id)).unwrap();
    // Whoever looks agrees with the tenant's database first, and then says when to look next.
    let seen = database
        .control()
        .reading(|reader| reader.agenda().lookup(desk.tenant))
        .unwrap()
        .unwrap();
    desk.advance(31);
    desk.tick();
    // Meanwhile somebody sets an earlier one than was agreed on: the entry stays.
    let between = desk.in_minutes(5);
    desk.task(between);
    let settle = |next| database.control().writing(move |unit| unit.agenda().settle(&seen, next)).unwrap();
    settle(Some(first));
    assert_eq!(desk.agenda(), Some(sooner), "it is looked at again, once too often");
    let due = |now: Stamp| database.control().reading(|reader| reader.agenda().due(now, 10)).unwrap().len();
    assert_eq!((due(sooner), due(sooner.plus(Duration::from_micros(1)))), (0, 1));
    let seen = database
        .control()
        .reading(|reader| reader.agenda().lookup(desk.tenant))
        .unwrap()
        .unwrap();
    desk.tick();
    let settle = |next| database.control().writing(move |unit| unit.agenda().settle(&seen, next)).unwrap();
    settle(Some(between));
    assert_eq!(desk.agenda(), Some(between));
    let next = desk.store.reading(|reader| reader.timers().next()).unwrap();
    assert_eq!(next, Some(between));
}

fn a_unit_that_fails_sets_nothing(database: &Database) {
    let desk = Desk::new(database);
    let due = desk.in_minutes(60);
    let failed = write(&desk.store, move |unit| {
        let draft = TaskDraft {
            title: set("Call"),
            due_at: set(due),
            ..TaskDraft::default()
        };
        single::create::<Task>(unit, draft, user(), Check::new())?;
        Err::<(), _>(crm_domain::Error::Internal("changed its mind".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(desk.store.reading(|reader| reader.timers().next()).unwrap(), None);
    desk.advance(100);
    assert_eq!(desk.tick(), 0);
}
