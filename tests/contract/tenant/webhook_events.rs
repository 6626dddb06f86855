//! Which events the change feed makes of what the use cases do (contract B-62, C-95, E-62 … E-80, X-16, X-63, X-110, X-174).
//!
//! The expected events come from the records as they are before and after each step, the actual ones from the rows of the feed alone.

mod history;
mod rewound;

use crm_domain::{
    error::Result,
    field::{Check, Patch, Text},
    id::{LeadId, OpportunityId, RecordId, StageId, TaskId, UserId},
    tenant::{
        UnitOfWork,
        change::{Change, EntityKind},
        handoff::{self, HandoffDraft},
        label,
        lead::{self, Lead, LeadDraft},
        opportunity::{self, LossDraft, MoveDraft, Opportunity, OpportunityDraft, ReopeningDraft, WinDraft},
        pipeline::{self, PipelineDraft},
        record::Record,
        task::{self, Task, TaskDraft},
        webhook::{Event, Occurrence, WebhookFamily, occurrences},
    },
    usecase::{
        bulk::{self, Drafted},
        convert_lead::{self, Conversion},
        import::ImportKind,
        merge::{merge, undo},
        restore::restore,
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::{Value, json};

use super::{export::Place, set, user, write};
use history::any_history_makes_the_events_of_its_records;
use rewound::{
    a_deal_is_told_as_each_change_left_it, other_records_are_told_as_each_change_left_them, what_came_later_is_found_behind_the_batch,
};

each_backend_shared!(
    leads_make_their_events,
    deals_make_their_events,
    tasks_and_handoffs_make_their_events,
    imports_and_bulks_make_the_events_of_each_record,
    merges_and_restorations_are_updates,
    any_history_makes_the_events_of_its_records,
    a_deal_is_told_as_each_change_left_it,
    other_records_are_told_as_each_change_left_them,
    what_came_later_is_found_behind_the_batch,
);

/// A tenant, and how much of its feed was looked at.
struct Feed {
    place: Place,
    seen: i64,
}

impl Feed {
    fn new(database: &Database) -> Self {
        Self {
            place: Place::new(database),
            seen: 0,
        }
    }

    /// Does something in one unit.
    fn attempt<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static) -> Result<T> {
        write(&self.place.source.store, work)
    }

    #[track_caller]
    fn act<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static) -> T {
        self.attempt(work).unwrap()
    }

    /// What happened since the last look.
    fn occurrences(&mut self) -> Vec<Occurrence> {
        let store = &self.place.source.store;
        let changes: Vec<Change> = store.reading(|reader| reader.changes().list_after(self.seen, u32::MAX)).unwrap();
        self.seen = changes.last().map_or(self.seen, |change| change.seq);
        changes.iter().flat_map(occurrences).collect()
    }

    /// The same, each in its word with the record's number.
    fn events(&mut self) -> Vec<String> {
        let told = self.occurrences();
        told.iter().map(|told| format!("{} {}", word(told.event), told.record.1)).collect()
    }
}

/// Family E's word, or B's where it has none.
fn word(event: Event) -> &'static str {
    let families = [WebhookFamily::Elevate, WebhookFamily::Halopsa];
    families.into_iter().find_map(|family| family.word(event)).unwrap()
}

fn new_lead(status: &str) -> LeadDraft {
    LeadDraft {
        last_name: set("Doe"),
        status: set(status),
        ..LeadDraft::default()
    }
}

fn in_stage(stage: &str) -> OpportunityDraft {
    OpportunityDraft {
        name: set("Deal"),
        stage: set(stage),
        ..OpportunityDraft::default()
    }
}

fn new_task(status: &str) -> TaskDraft {
    TaskDraft {
        title: set("Call"),
        status: set(status),
        ..TaskDraft::default()
    }
}

fn create<R: Record>(unit: &mut dyn UnitOfWork, draft: R::Draft) -> Result<R> {
    single::create::<R>(unit, draft, user(), Check::new())
}

fn edit<R: Record>(unit: &mut dyn UnitOfWork, id: i64, draft: R::Draft) -> Result<R> {
    single::update::<R>(unit, R::Id::from_i64(id), draft, user(), Check::new())
}

fn to_stage(stage: i64) -> MoveDraft {
    MoveDraft {
        stage_id: Patch::Set(StageId::from_i64(stage)),
        ..MoveDraft::default()
    }
}

fn because(reason: &str) -> LossDraft {
    LossDraft {
        reason: set(reason),
        ..LossDraft::default()
    }
}

fn to_receiver() -> HandoffDraft {
    HandoffDraft {
        receiver_id: Patch::Set(UserId::from_i64(8)),
        ..HandoffDraft::default()
    }
}

fn with_deal() -> Conversion {
    Conversion {
        opportunity: Some(OpportunityDraft::default()),
        ..Conversion::default()
    }
}

/// Contract E-67 … E-70, B-48, B-62.
fn leads_make_their_events(database: &Database) {
    let mut feed = Feed::new(database);
    let id = LeadId::from_i64(1);
    feed.act(|unit| create::<Lead>(unit, new_lead("New")));
    assert_eq!(feed.events(), ["lead.created 1"]);
    feed.act(|unit| edit::<Lead>(unit, 1, new_lead("New")));
    assert_eq!(feed.events(), [""; 0], "nothing changed");
    feed.act(|unit| edit::<Lead>(unit, 1, new_lead("Contacted")));
    assert_eq!(feed.events(), ["lead.updated 1"]);
    feed.act(move |unit| lead::qualify(unit, id));
    let told = feed.occurrences();
    assert_eq!(
        told.iter().map(|told| told.event).collect::<Vec<_>>(),
        [Event::LeadUpdated, Event::LeadQualified, Event::ProspectQualified]
    );
    assert_eq!(
        Value::Object(told[1].metadata.clone()),
        json!({ "old_status": "Contacted", "new_status": "Qualified" })
    );
    assert_eq!(WebhookFamily::Halopsa.word(told[2].event), Some("prospect.qualified"));
    feed.act(move |unit| lead::disqualify(unit, id, Text::parse("no budget").unwrap()));
    assert_eq!(feed.events(), ["lead.updated 1", "lead.disqualified 1"]);
    feed.act(|unit| edit::<Lead>(unit, 1, new_lead("qualified")));
    assert_eq!(
        feed.events(),
        ["lead.updated 1", "lead.qualified 1", "prospect.qualified 1"],
        "an edit qualifies as well"
    );
    feed.act(move |unit| lead::assign(unit, id, UserId::from_i64(9)));
    feed.act(move |unit| label::assign(unit, EntityKind::Lead, &[1], label::parse_tags(&["VIP".to_owned()])?));
    assert_eq!(feed.events(), ["lead.updated 1", "lead.updated 1"]);
    feed.act(move |unit| convert_lead::convert(unit, id, with_deal(), Check::new()));
    assert_eq!(feed.events(), ["deal.created 1", "lead.updated 1", "prospect.created 1"]);
    assert!(feed.attempt(move |unit| lead::qualify(unit, id)).is_err());
    feed.act(move |unit| single::remove::<Lead>(unit, id));
    assert_eq!(feed.events(), [""; 0], "what is refused or deleted is no event");
}

/// Contract E-62 … E-66, E-80, B-59.
fn deals_make_their_events(database: &Database) {
    let mut feed = Feed::new(database);
    let id = OpportunityId::from_i64(1);
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Prospecting")));
    assert_eq!(feed.events(), ["deal.created 1"]);
    feed.act(move |unit| opportunity::move_to(unit, id, to_stage(2), Check::new()));
    let told = feed.occurrences();
    assert_eq!(
        told.iter().map(|told| told.event).collect::<Vec<_>>(),
        [Event::DealUpdated, Event::DealStageChanged]
    );
    assert_eq!(
        Value::Object(told[1].metadata.clone()),
        json!({ "old_stage": "Prospecting", "new_stage": "Qualification" })
    );
    let closing = ["deal.updated 1", "deal.stage_changed 1"];
    feed.act(move |unit| opportunity::win(unit, id, WinDraft::default(), Check::new()));
    assert_eq!(feed.events(), [closing[0], closing[1], "deal.won 1"]);
    feed.act(move |unit| opportunity::reopen(unit, id, ReopeningDraft::default(), Check::new()));
    assert_eq!(feed.events(), closing);
    feed.act(move |unit| opportunity::lose(unit, id, because("price"), Check::new()));
    assert_eq!(feed.events(), [closing[0], closing[1], "deal.lost 1"]);
    feed.act(|unit| {
        edit::<Opportunity>(
            unit,
            1,
            OpportunityDraft {
                lost_reason: set("time"),
                ..OpportunityDraft::default()
            },
        )
    });
    assert_eq!(feed.events(), ["deal.updated 1"], "it is not lost again");
    feed.act(move |unit| opportunity::reopen(unit, id, ReopeningDraft::default(), Check::new()));
    feed.occurrences();
    feed.act(|unit| edit::<Opportunity>(unit, 1, in_stage("won")));
    assert_eq!(feed.events(), [closing[0], closing[1], "deal.won 1"], "an edit wins as well");
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Closed Lost")));
    assert_eq!(feed.events(), ["deal.created 2", "deal.lost 2"]);

    // Into a stage of the same name, which is another one.
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Qualification")));
    let partners = PipelineDraft {
        name: set("Partners"),
        ..PipelineDraft::default()
    };
    let partners = feed.act(move |unit| pipeline::create(unit, partners, Check::new()));
    feed.occurrences();
    let there = partners
        .stages
        .iter()
        .find(|stage| &*stage.fields.name == "Qualification")
        .unwrap()
        .id
        .get();
    feed.act(move |unit| opportunity::move_to(unit, OpportunityId::from_i64(3), to_stage(there), Check::new()));
    let names = json!({ "old_stage": "Qualification", "new_stage": "Qualification" });
    assert_eq!(Value::Object(feed.occurrences().pop().unwrap().metadata), names);
    // Its stage goes.
    let (from, to) = (StageId::from_i64(there), partners.stages[0].id);
    feed.act(move |unit| pipeline::remove_stage(unit, partners.id, from, Some(to)));
    assert_eq!(feed.events(), ["deal.updated 3", "deal.stage_changed 3"]);
}

/// Contract E-71, E-72, E-76, E-77, X-174.
fn tasks_and_handoffs_make_their_events(database: &Database) {
    let mut feed = Feed::new(database);
    let id = TaskId::from_i64(1);
    feed.act(|unit| create::<Task>(unit, new_task("Open")));
    feed.act(|unit| edit::<Task>(unit, 1, new_task("InProgress")));
    feed.act(move |unit| task::complete(unit, id));
    assert_eq!(feed.events(), ["task.created 1", "task.completed 1"]);
    feed.act(move |unit| task::reopen(unit, id));
    feed.act(|unit| edit::<Task>(unit, 1, new_task("Completed")));
    assert_eq!(feed.events(), ["task.completed 1"]);
    feed.act(|unit| create::<Task>(unit, new_task("Completed")));
    assert_eq!(feed.events(), ["task.created 2", "task.completed 2"]);

    let deal = OpportunityId::from_i64(1);
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Prospecting")));
    feed.occurrences();
    feed.act(move |unit| handoff::initiate(unit, deal, to_receiver(), user(), Check::new()));
    assert_eq!(feed.events(), ["handoff.initiated 1"]);
    let notes = HandoffDraft {
        notes: set("Call first"),
        ..HandoffDraft::default()
    };
    feed.act(move |unit| handoff::update(unit, deal, notes, Check::new()));
    assert_eq!(feed.events(), [""; 0]);
    feed.act(move |unit| handoff::complete(unit, deal));
    let told = feed.occurrences();
    assert_eq!(
        (told.len(), told[0].event, told[0].record),
        (1, Event::HandoffCompleted, (EntityKind::Handoff, 1))
    );
}

/// no matter what writes them.
fn imports_and_bulks_make_the_events_of_each_record(database: &Database) {
    let mut feed = Feed::new(database);
    feed.place.import(
        ImportKind::Leads,
        "last_name,email,status\nDoe,doe@acme.test,New\nRoe,roe@acme.test,Qualified\n",
    );
    let told = ["lead.created 1", "lead.created 2", "lead.qualified 2", "prospect.qualified 2"];
    assert_eq!(feed.events(), told);
    feed.place.import(ImportKind::Accounts, "name\nAcme\n");
    feed.place.import(
        ImportKind::Opportunities,
        "name,account,stage\nOne,Acme,Negotiation\nTwo,Acme,Closed Won\n",
    );
    assert_eq!(feed.events(), ["deal.created 1", "deal.created 2", "deal.won 2"]);
    let drafts = || ["New", "Disqualified"].map(|status| Drafted::<Lead>::new(new_lead(status), Check::new()));
    feed.act(move |unit| bulk::create::<Lead>(unit, drafts().into(), user()));
    assert_eq!(feed.events(), ["lead.created 3", "lead.created 4", "lead.disqualified 4"]);
    let edits = move || {
        let drafted = drafts().into_iter().rev();
        [3, 4].map(LeadId::from_i64).into_iter().zip(drafted).map(Ok).collect()
    };
    feed.act(move |unit| bulk::update::<Lead>(unit, edits(), user()));
    assert_eq!(feed.events(), ["lead.updated 3", "lead.disqualified 3", "lead.updated 4"]);
}

/// What is merged is deleted, which is no event; what comes back is updated and becomes nothing again.
fn merges_and_restorations_are_updates(database: &Database) {
    let mut feed = Feed::new(database);
    for phone in ["", "+1"] {
        let draft = LeadDraft {
            phone: set(phone),
            ..new_lead("Qualified")
        };
        feed.act(move |unit| create::<Lead>(unit, draft));
    }
    feed.occurrences();
    let (one, other) = (LeadId::from_i64(1), LeadId::from_i64(2));
    let merged = feed.act(move |unit| merge::<Lead>(unit, one, vec![Some(other)], Check::new()));
    assert_eq!(feed.events(), ["lead.updated 1"]);
    feed.act(move |unit| undo(unit, merged.merge.id));
    let mut told = feed.events();
    told.sort();
    assert_eq!(told, ["lead.updated 1", "lead.updated 2"]);

    let id = OpportunityId::from_i64(1);
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Closed Won")));
    feed.occurrences();
    feed.act(move |unit| single::remove::<Opportunity>(unit, id));
    assert_eq!(feed.events(), [""; 0]);
    feed.act(move |unit| restore::<Opportunity>(unit, id));
    assert_eq!(feed.events(), ["deal.updated 1"]);
}
