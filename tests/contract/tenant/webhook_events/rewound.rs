//! What deliveries are made of: each record as the change left it, however late they are made.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use crm_domain::{
    control::tenant::Tenant,
    error::Result,
    field::{Check, Patch},
    id::{LeadId, OpportunityId, PipelineId, RecordId, StageId, TaskId},
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::EntityKind,
        contact::{Contact, ContactDraft},
        delivery::{Payloads, Told},
        handoff::{self, Handoff},
        label,
        lead::{self, Lead},
        opportunity::{self, Opportunity, ReopeningDraft, WinDraft},
        pipeline::{self, StageDraft},
        rewind::{Moment, Rewind, states},
        task::{self, Task},
        webhook::{self as webhooks, WebhookDraft, WebhookFamily},
    },
    usecase::{
        clock,
        dispatch::{self, Look},
        restore::restore,
        single,
    },
};
use crm_tests::database::Database;
use serde_json::{Value, json};

use super::{
    super::{new_tenant, set, webhook},
    Feed, because, create, in_stage, new_lead, new_task, to_receiver, to_stage, user,
};

/// Hears what each change left, by its number, as [`shown`].
#[derive(Default)]
pub(super) struct Listener(Mutex<BTreeMap<i64, Value>>);

impl Listener {
    fn hear<R: Rewind>(&self, reader: &mut dyn TenantReader, moments: &[Moment<'_>], show: fn(&R) -> Value) -> Result<()> {
        let ids: Vec<i64> = moments.iter().map(|moment| moment.change.entity_id).collect();
        let labels = label::of(reader.labels(), R::KIND, &ids)?;
        for (moment, state) in moments.iter().zip(states::<R>(reader, moments)?) {
            let state = state.unwrap_or_else(|| panic!("nothing is known of {moment:?}"));
            let labels = labels.get(&state.id()).cloned().unwrap_or_default().rewound(moment.rewinding);
            let heard = json!([show(&state), labels.tags]);
            let before = self.0.lock().unwrap().insert(moment.change.seq, heard.clone());
            assert!(before.is_none_or(|before| before == heard), "{moment:?}");
        }
        Ok(())
    }
}

impl Payloads for Listener {
    fn speaks(&self, _: WebhookFamily) -> bool {
        true
    }

    fn bodies(&self, reader: &mut dyn TenantReader, _: &Tenant, _: WebhookFamily, told: &[Told<'_>]) -> Result<Vec<String>> {
        let kinds: BTreeSet<EntityKind> = told.iter().map(|told| told.moment.change.entity).collect();
        for kind in kinds {
            let of_kind = told.iter().filter(|told| told.moment.change.entity == kind);
            let moments: Vec<Moment<'_>> = of_kind.map(|told| told.moment).collect();
            match kind {
                EntityKind::Lead => self.hear::<Lead>(reader, &moments, lead_shown)?,
                EntityKind::Opportunity => self.hear::<Opportunity>(reader, &moments, deal_shown)?,
                EntityKind::Task => self.hear::<Task>(reader, &moments, task_shown)?,
                EntityKind::Handoff => self.hear::<Handoff>(reader, &moments, handoff_shown)?,
                other => panic!("no event is about {other:?}"),
            }
        }
        Ok(vec![String::new(); told.len()])
    }

    fn test_body(&self, _: &Tenant, _: WebhookFamily, _: Stamp) -> Result<String> {
        Ok(String::new())
    }
}

pub(super) fn lead_shown(lead: &Lead) -> Value {
    json!([lead.fields, lead.updated_at])
}

pub(super) fn deal_shown(deal: &Opportunity) -> Value {
    let stage = &deal.stage.fields;
    json!([deal.fields, deal.stage.id, stage.name, stage.kind, deal.updated_at])
}

pub(super) fn task_shown(task: &Task) -> Value {
    json!([task.fields, task.updated_at])
}

fn handoff_shown(handoff: &Handoff) -> Value {
    json!([handoff.fields, handoff.updated_at])
}

/// A webhook that asks for everything from now on.
pub(super) fn listen(feed: &Feed) {
    let draft = WebhookDraft {
        url: set("https://example.com/hook"),
        events: Patch::Set(vec!["*".to_owned()]),
        ..WebhookDraft::default()
    };
    let fields = webhook::parse(draft, WebhookFamily::Saas);
    feed.act(move |unit| webhooks::create(unit, fields));
}

/// What deliveries made now say of each change, by its number.
pub(super) fn told(feed: &Feed, database: &Database) -> BTreeMap<i64, Value> {
    let (listener, tenant) = (Listener::default(), new_tenant(database));
    let store = &feed.place.source.store;
    loop {
        let look = store
            .reading_snapshot(|reader| dispatch::prepare(reader, &tenant, &listener, 0))
            .unwrap();
        let Look::Batch(batch) = look else { break };
        let is_last = batch.is_last();
        feed.act(move |unit| dispatch::commit(unit, batch));
        if is_last {
            break;
        }
    }
    listener.0.into_inner().unwrap()
}

fn last_seq(feed: &Feed) -> i64 {
    feed.place.source.store.reading(|reader| reader.changes().last_seq()).unwrap()
}

fn deal_now(feed: &Feed) -> Value {
    let store = &feed.place.source.store;
    let found = store.reading(|reader| {
        let deal = reader.opportunities().lookup(OpportunityId::from_i64(1))?.expect("a deal");
        let labels = label::of(reader.labels(), EntityKind::Opportunity, &[1])?
            .remove(&1)
            .unwrap_or_default();
        Ok(json!([deal_shown(&deal), labels.tags]))
    });
    found.unwrap()
}

/// Every action that moves a deal, renamed and deleted stages, references, tags, and its deletion, before anybody looks.
pub(super) fn a_deal_is_told_as_each_change_left_it(database: &Database) {
    let feed = Feed::new(database);
    listen(&feed);
    let id = OpportunityId::from_i64(1);
    let mut expected = BTreeMap::new();
    let mut note = |feed: &Feed| drop(expected.insert(last_of_deal(feed), deal_now(feed)));
    let person = ContactDraft {
        last_name: set("Doe"),
        email: set("doe@acme.test"),
        ..ContactDraft::default()
    };
    let contact = feed.act(|unit| create::<Contact>(unit, person)).id;
    let mut draft = in_stage("Prospecting");
    (draft.contact_id, draft.amount) = (Patch::Set(contact), set("10.50"));
    feed.act(move |unit| create::<Opportunity>(unit, draft));
    note(&feed);
    feed.act(move |unit| opportunity::win(unit, id, WinDraft::default(), Check::new()));
    note(&feed);
    feed.act(move |unit| opportunity::reopen(unit, id, ReopeningDraft::default(), Check::new()));
    note(&feed);
    feed.act(move |unit| opportunity::move_to(unit, id, to_stage(2), Check::new()));
    note(&feed);
    let renamed = StageDraft {
        name: set("Vetting"),
        ..StageDraft::default()
    };
    let (pipeline, stage) = (PipelineId::from_i64(1), StageId::from_i64(2));
    feed.act(move |unit| pipeline::update_stage(unit, pipeline, stage, renamed, Check::new()));
    feed.act(move |unit| pipeline::remove_stage(unit, pipeline, stage, Some(StageId::from_i64(3))));
    note(&feed);
    feed.act(move |unit| opportunity::lose(unit, id, because("price"), Check::new()));
    note(&feed);
    feed.act(|unit| label::assign(unit, EntityKind::Opportunity, &[1], label::parse_tags(&["VIP".to_owned()])?));
    note(&feed);
    feed.act(move |unit| single::remove::<Contact>(unit, contact));
    note(&feed);
    feed.act(move |unit| single::remove::<Opportunity>(unit, id));
    assert_eq!(told(&feed, database), expected);
    // What is restored is told as restoring left it.
    feed.act(move |unit| restore::<Opportunity>(unit, id));
    let restored = BTreeMap::from([(last_seq(&feed), deal_now(&feed))]);
    feed.act(move |unit| single::remove::<Opportunity>(unit, id));
    assert_eq!(told(&feed, database), restored);
}

/// The number of its last change.
fn last_of_deal(feed: &Feed) -> i64 {
    let store = &feed.place.source.store;
    let last = store.reading(|reader| reader.changes().list_of(EntityKind::Opportunity, 1, i64::MAX, 1));
    last.unwrap()[0].seq
}

/// Tasks, leads and handoffs, with what only the clock tells among it.
pub(super) fn other_records_are_told_as_each_change_left_them(database: &Database) {
    let feed = Feed::new(database);
    listen(&feed);
    let store = &feed.place.source.store;
    let mut expected = BTreeMap::new();
    let task = || {
        let found = store.reading(|reader| reader.tasks().lookup(TaskId::from_i64(1))).unwrap();
        json!([task_shown(&found.expect("a task")), []])
    };
    let mut draft = new_task("Open");
    draft.due_at = set("2025-01-15T10:30:00Z");
    feed.act(move |unit| create::<Task>(unit, draft));
    assert_eq!(told(&feed, database), BTreeMap::from([(last_seq(&feed), task())]));
    feed.act(move |unit| clock::tick(unit, Stamp::parse("2026-01-01").unwrap()));
    // Nothing of the task differs by that.
    expected.insert(last_seq(&feed), task());
    feed.act(|unit| task::complete(unit, TaskId::from_i64(1)));
    expected.insert(last_seq(&feed), task());
    feed.act(|unit| task::reopen(unit, TaskId::from_i64(1)));
    feed.act(|unit| single::remove::<Task>(unit, TaskId::from_i64(1)));

    let lead = || {
        let found = store.reading(|reader| reader.leads().lookup(LeadId::from_i64(1))).unwrap();
        json!([lead_shown(&found.expect("a lead")), []])
    };
    feed.act(|unit| create::<Lead>(unit, new_lead("New")));
    expected.insert(last_seq(&feed), lead());
    feed.act(|unit| lead::qualify(unit, LeadId::from_i64(1)));
    expected.insert(last_seq(&feed), lead());
    feed.act(|unit| single::remove::<Lead>(unit, LeadId::from_i64(1)));

    let deal = OpportunityId::from_i64(1);
    feed.act(|unit| create::<Opportunity>(unit, in_stage("Prospecting")));
    expected.insert(last_seq(&feed), deal_now(&feed));
    let handed = feed.act(move |unit| handoff::initiate(unit, deal, to_receiver(), user(), Check::new()));
    expected.insert(last_seq(&feed), json!([handoff_shown(&handed), []]));
    let completed = feed.act(move |unit| handoff::complete(unit, deal));
    expected.insert(last_seq(&feed), json!([handoff_shown(&completed), []]));
    assert_eq!(told(&feed, database), expected);
}

/// More changes than are read at once, of few records: what came later stands behind the batch.
pub(super) fn what_came_later_is_found_behind_the_batch(database: &Database) {
    const EDITS: usize = 700;
    let feed = Feed::new(database);
    listen(&feed);
    let draft = |edit: usize| {
        let mut draft = new_lead("New");
        draft.phone = set(edit);
        draft
    };
    for _ in 0..3 {
        feed.act(move |unit| create::<Lead>(unit, draft(0)));
    }
    feed.act(move |unit| {
        for edit in 1..=EDITS {
            for lead in 1..=3 {
                super::edit::<Lead>(unit, lead, draft(edit))?;
            }
        }
        Ok(())
    });
    feed.act(|unit| single::remove::<Lead>(unit, LeadId::from_i64(1)));
    let phones: Vec<Value> = told(&feed, database).values().map(|heard| heard[0][0]["phone"].clone()).collect();
    let wanted: Vec<Value> = (0..=EDITS).flat_map(|edit| vec![json!(edit.to_string()); 3]).collect();
    assert_eq!(phones, wanted);
}
