//! Random histories of real use cases, against a model that compares records.

use std::collections::BTreeMap;

use crm_domain::{
    error::{Error, Result},
    field::{Check, Text},
    id::{LeadId, MergeId, OpportunityId, PipelineId, RecordId, StageId, TaskId},
    tenant::{
        UnitOfWork,
        change::{Change, EntityKind},
        handoff, label,
        lead::{self, Lead},
        opportunity::{self, Opportunity, ReopeningDraft, WinDraft},
        pipeline,
        record::Record,
        task::{self, Task},
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
use crm_tests::database::{Backend, Database};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{
    Feed, because, create, edit, in_stage, new_lead, new_task,
    rewound::{deal_shown, lead_shown, listen, task_shown, told as told_of},
    to_receiver, to_stage, user, with_deal, word,
};

const LEADS: [&str; 5] = ["New", "Contacted", "Qualified", "Disqualified", "Converted"];
const STAGES: [&str; 4] = ["Prospecting", "Negotiation", "Closed Won", "Closed Lost"];
const TASKS: [&str; 4] = ["Open", "InProgress", "Completed", "Cancelled"];

/// What is done to a record; the number chooses one of those that there ever were.
#[derive(Debug, Clone)]
enum Step {
    NewLead(usize),
    EditLead(u8, usize),
    Qualify(u8),
    Disqualify(u8),
    Convert(u8, bool),
    Tag(u8),
    MergeLeads(u8, u8),
    UndoMerge(u8),
    NewDeal(usize),
    EditDeal(u8, usize),
    Move(u8, i64),
    Win(u8),
    Lose(u8),
    Reopen(u8),
    RemoveStage,
    NewTask(usize),
    EditTask(u8, usize),
    Complete(u8),
    ReopenTask(u8),
    Initiate(u8),
    CompleteHandoff(u8),
    Remove(Noun, u8),
    Restore(Noun, u8),
    BulkLeads(usize, usize),
    ImportLeads(usize),
    ImportDeals(usize),
    /// Wins a deal and then fails.
    Fail(u8),
}

#[derive(Debug, Clone, Copy)]
enum Noun {
    Lead,
    Deal,
    Task,
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<u8>;
    let noun = || prop::sample::select(vec![Noun::Lead, Noun::Deal, Noun::Task]);
    prop_oneof![
        2 => (0..4_usize).prop_map(Step::NewLead),
        2 => (at(), 0..5_usize).prop_map(|(at, status)| Step::EditLead(at, status)),
        2 => at().prop_map(Step::Qualify),
        2 => at().prop_map(Step::Disqualify),
        1 => (at(), any::<bool>()).prop_map(|(at, sold)| Step::Convert(at, sold)),
        1 => at().prop_map(Step::Tag),
        1 => (at(), at()).prop_map(|(into, from)| Step::MergeLeads(into, from)),
        1 => at().prop_map(Step::UndoMerge),
        2 => (0..4_usize).prop_map(Step::NewDeal),
        2 => (at(), 0..4_usize).prop_map(|(at, stage)| Step::EditDeal(at, stage)),
        2 => (at(), 1..7_i64).prop_map(|(at, stage)| Step::Move(at, stage)),
        2 => at().prop_map(Step::Win),
        2 => at().prop_map(Step::Lose),
        2 => at().prop_map(Step::Reopen),
        1 => Just(Step::RemoveStage),
        2 => (0..4_usize).prop_map(Step::NewTask),
        2 => (at(), 0..4_usize).prop_map(|(at, status)| Step::EditTask(at, status)),
        2 => at().prop_map(Step::Complete),
        1 => at().prop_map(Step::ReopenTask),
        1 => at().prop_map(Step::Initiate),
        1 => at().prop_map(Step::CompleteHandoff),
        1 => (noun(), at()).prop_map(|(noun, at)| Step::Remove(noun, at)),
        1 => (noun(), at()).prop_map(|(noun, at)| Step::Restore(noun, at)),
        1 => (0..4_usize, 0..4_usize).prop_map(|(one, other)| Step::BulkLeads(one, other)),
        1 => (0..5_usize).prop_map(Step::ImportLeads),
        1 => (0..4_usize).prop_map(Step::ImportDeals),
        1 => at().prop_map(Step::Fail),
    ]
}

/// A record as its events see it.
#[derive(Debug, Clone)]
struct Seen {
    is_live: bool,
    /// All that it tells.
    fields: Value,
    /// A lead's, a deal's or a task's.
    status: String,
    /// A deal's.
    stage: Option<(i64, String)>,
    /// What deliveries tell of it.
    shown: Value,
}

/// Every record that there ever was, by kind and number.
type Records = BTreeMap<(&'static str, i64), Seen>;

/// What happened: word, record, what was before and is now.
type Told = (String, i64, Value);

fn records(feed: &Feed) -> Records {
    feed.act(|unit| {
        let mut records = Records::new();
        read::<Lead>(unit, &mut records, lead_shown, |lead| (lead.fields.status.to_string(), None))?;
        read::<Opportunity>(unit, &mut records, deal_shown, |deal| {
            let stage = &deal.stage.fields;
            (stage.kind.as_str().to_owned(), Some((deal.stage.id.get(), stage.name.to_string())))
        })?;
        read::<Task>(unit, &mut records, task_shown, |task| {
            (task.fields.status.as_str().to_owned(), None)
        })?;
        Ok(records)
    })
}

/// A record's status, and of a deal its stage by number and name.
type State = (String, Option<(i64, String)>);

fn read<R: Record>(unit: &mut dyn UnitOfWork, records: &mut Records, shown: fn(&R) -> Value, state: fn(&R) -> State) -> Result<()> {
    for id in 1.. {
        let live = R::lookup_many(unit, &[R::Id::from_i64(id)])?.pop();
        let is_live = live.is_some();
        let found = match live {
            Some(record) => Some(record),
            None => R::lookup_deleted(unit, R::Id::from_i64(id))?,
        };
        let Some(record) = found else { break };
        let tags = label::of(unit.labels(), R::KIND, &[id])?.remove(&id).unwrap_or_default().tags;
        let (status, stage) = state(&record);
        let seen = Seen {
            is_live,
            shown: json!([shown(&record), tags]),
            fields: json!([serde_json::to_value(record.fields()).unwrap(), tags]),
            status,
            stage,
        };
        records.insert((R::KIND.as_str(), id), seen);
    }
    Ok(())
}

/// What subscribers are to hear of what became of the records.
fn expected(before: &Records, after: &Records) -> Vec<Told> {
    let mut told = Vec::new();
    for ((kind, id), is) in after {
        let was = before.get(&(*kind, *id));
        let noun = if *kind == EntityKind::Opportunity.as_str() { "deal" } else { *kind };
        let mut tell = |event: &str, metadata: Value| told.push((format!("{noun}.{event}"), *id, metadata));
        let is_gone = was.is_some_and(|was| was.is_live) && !is.is_live;
        let is_back = was.is_some_and(|was| !was.is_live) && is.is_live;
        match was {
            None => tell("created", json!({})),
            Some(was) if !is_gone && noun != "task" && (is_back || was.fields != is.fields) => tell("updated", json!({})),
            Some(_) => {}
        }
        if is_gone || is_back {
            continue;
        }
        let old_stage = was.and_then(|was| was.stage.clone());
        let name = |stage: &Option<(i64, String)>| stage.as_ref().map(|(_, name)| name.clone());
        let stages = json!({ "old_stage": name(&old_stage), "new_stage": name(&is.stage) });
        if old_stage.is_some() && old_stage != is.stage {
            tell("stage_changed", stages.clone());
        }
        let old_status = was.map(|was| was.status.clone());
        if old_status.as_ref() == Some(&is.status) {
            continue;
        }
        let statuses = json!({ "old_status": old_status, "new_status": is.status });
        let is_qualified = |status: &str| noun == "lead" && (status == "Qualified" || status == "Converted");
        if is_qualified(&is.status) && !was.is_some_and(|was| is_qualified(&was.status)) {
            tell("qualified", statuses.clone());
        }
        match (noun, is.status.as_str()) {
            ("lead", "Disqualified") => tell("disqualified", statuses),
            ("lead", "Qualified") => told.push(("prospect.qualified".to_owned(), *id, statuses)),
            ("lead", "Converted") => told.push(("prospect.created".to_owned(), *id, statuses)),
            ("deal", status @ ("won" | "lost")) => tell(status, stages),
            ("task", "Completed") => tell("completed", json!({})),
            _ => {}
        }
    }
    told
}

/// The changes behind `seen`: of each record its last one with what the record is since, of others nothing.
fn newest(feed: &Feed, records: &Records, seen: i64) -> BTreeMap<i64, Option<Value>> {
    let store = &feed.place.source.store;
    let changes = store.reading(|reader| reader.changes().list_after(seen, u32::MAX)).unwrap();
    let mut last = BTreeMap::new();
    for change in &changes {
        last.insert((change.entity.as_str(), change.entity_id), change.seq);
    }
    let shown = |change: &Change| {
        let record = (change.entity.as_str(), change.entity_id);
        let is_last = last.get(&record) == Some(&change.seq);
        records.get(&record).filter(|_| is_last).map(|seen| seen.shown.clone())
    };
    changes.iter().map(|change| (change.seq, shown(change))).collect()
}

/// Which of the records of a kind a number chooses.
fn choose(records: &Records, kind: EntityKind, at: u8) -> i64 {
    let count = records.keys().filter(|(of, _)| *of == kind.as_str()).count();
    1 + i64::from(at) % i64::try_from(count.max(1)).unwrap()
}

fn apply(feed: &Feed, step: &Step, at: &dyn Fn(EntityKind, u8) -> i64, serial: usize) -> Result<Option<Told>> {
    let lead = |number: u8| LeadId::from_i64(at(EntityKind::Lead, number));
    let deal = |number: u8| OpportunityId::from_i64(at(EntityKind::Opportunity, number));
    let task = |number: u8| TaskId::from_i64(at(EntityKind::Task, number));
    let handed = |event: &str, id: i64| Some((event.to_owned(), id, json!({})));
    match step.clone() {
        Step::NewLead(status) => feed.attempt(move |unit| create::<Lead>(unit, new_lead(LEADS[status]))).map(drop)?,
        Step::EditLead(at, status) => {
            let mut draft = new_lead(LEADS[status]);
            draft.phone = super::set(serial % 3);
            let id = lead(at).get();
            feed.attempt(move |unit| edit::<Lead>(unit, id, draft)).map(drop)?;
        }
        Step::Qualify(at) => {
            let id = lead(at);
            feed.attempt(move |unit| lead::qualify(unit, id)).map(drop)?;
        }
        Step::Disqualify(at) => {
            let id = lead(at);
            feed.attempt(move |unit| lead::disqualify(unit, id, Text::parse("no budget").unwrap()))
                .map(drop)?;
        }
        Step::Convert(at, is_sold) => {
            let id = lead(at);
            let how = move || if is_sold { with_deal() } else { Conversion::default() };
            feed.attempt(move |unit| convert_lead::convert(unit, id, how(), Check::new()))
                .map(drop)?;
        }
        Step::Tag(at) => {
            let id = lead(at).get();
            let names = [format!("tag {}", serial % 4)];
            feed.attempt(move |unit| label::assign(unit, EntityKind::Lead, &[id], label::parse_tags(&names)?))
                .map(drop)?;
        }
        Step::MergeLeads(into, from) => {
            let (into, from) = (lead(into), lead(from));
            feed.attempt(move |unit| merge::<Lead>(unit, into, vec![Some(from)], Check::new()))
                .map(drop)?;
        }
        Step::UndoMerge(at) => {
            let id = MergeId::from_i64(1 + i64::from(at % 3));
            feed.attempt(move |unit| undo(unit, id)).map(drop)?;
        }
        Step::NewDeal(stage) => feed
            .attempt(move |unit| create::<Opportunity>(unit, in_stage(STAGES[stage])))
            .map(drop)?,
        Step::EditDeal(at, stage) => {
            let id = deal(at).get();
            let mut draft = in_stage(STAGES[stage]);
            draft.next_step = super::set(serial % 3);
            feed.attempt(move |unit| edit::<Opportunity>(unit, id, draft)).map(drop)?;
        }
        Step::Move(at, stage) => {
            let id = deal(at);
            feed.attempt(move |unit| opportunity::move_to(unit, id, to_stage(stage), Check::new()))
                .map(drop)?;
        }
        Step::Win(at) => {
            let id = deal(at);
            feed.attempt(move |unit| opportunity::win(unit, id, WinDraft::default(), Check::new()))
                .map(drop)?;
        }
        Step::Lose(at) => {
            let id = deal(at);
            feed.attempt(move |unit| opportunity::lose(unit, id, because("price"), Check::new()))
                .map(drop)?;
        }
        Step::Reopen(at) => {
            let id = deal(at);
            feed.attempt(move |unit| opportunity::reopen(unit, id, ReopeningDraft::default(), Check::new()))
                .map(drop)?;
        }
        Step::RemoveStage => {
            let (from, to) = (StageId::from_i64(2), StageId::from_i64(1));
            feed.attempt(move |unit| pipeline::remove_stage(unit, PipelineId::from_i64(1), from, Some(to)))?;
        }
        Step::NewTask(status) => feed.attempt(move |unit| create::<Task>(unit, new_task(TASKS[status]))).map(drop)?,
        Step::EditTask(at, status) => {
            let id = task(at).get();
            feed.attempt(move |unit| edit::<Task>(unit, id, new_task(TASKS[status])))
                .map(drop)?;
        }
        Step::Complete(at) => {
            let id = task(at);
            feed.attempt(move |unit| task::complete(unit, id)).map(drop)?;
        }
        Step::ReopenTask(at) => {
            let id = task(at);
            feed.attempt(move |unit| task::reopen(unit, id)).map(drop)?;
        }
        Step::Initiate(at) => {
            let id = deal(at);
            let made = feed.attempt(move |unit| handoff::initiate(unit, id, to_receiver(), user(), Check::new()))?;
            return Ok(handed("handoff.initiated", made.id.get()));
        }
        Step::CompleteHandoff(at) => {
            let id = deal(at);
            let done = feed.attempt(move |unit| handoff::complete(unit, id))?;
            return Ok(handed("handoff.completed", done.id.get()));
        }
        Step::Remove(noun, at) => match noun {
            Noun::Lead => remove::<Lead>(feed, lead(at))?,
            Noun::Deal => remove::<Opportunity>(feed, deal(at))?,
            Noun::Task => remove::<Task>(feed, task(at))?,
        },
        Step::Restore(noun, at) => match noun {
            Noun::Lead => bring_back::<Lead>(feed, lead(at))?,
            Noun::Deal => bring_back::<Opportunity>(feed, deal(at))?,
            Noun::Task => bring_back::<Task>(feed, task(at))?,
        },
        Step::BulkLeads(one, other) => {
            let drafts = [one, other].map(|status| Drafted::new(new_lead(LEADS[status]), Check::new()));
            feed.attempt(move |unit| bulk::create::<Lead>(unit, drafts.into(), user()))
                .map(drop)?;
        }
        Step::ImportLeads(status) => {
            let table = format!("last_name,email,status\nDoe,doe{serial}@acme.test,{}\n", LEADS[status]);
            feed.place.import(ImportKind::Leads, &table);
        }
        Step::ImportDeals(stage) => {
            let table = format!("name,account,stage\nDeal {serial},Acme,{}\n", STAGES[stage]);
            feed.place.import(ImportKind::Opportunities, &table);
        }
        Step::Fail(at) => {
            let id = deal(at);
            feed.attempt(move |unit| {
                opportunity::win(unit, id, WinDraft::default(), Check::new())?;
                Err::<(), _>(Error::not_found(OpportunityId::NOUN, id))
            })?;
        }
    }
    Ok(None)
}

fn remove<R: Record>(feed: &Feed, id: R::Id) -> Result<()> {
    feed.attempt(move |unit| single::remove::<R>(unit, id))
}

fn bring_back<R: Record>(feed: &Feed, id: R::Id) -> Result<()> {
    feed.attempt(move |unit| restore::<R>(unit, id)).map(drop)
}

fn sorted(mut told: Vec<Told>) -> Vec<Told> {
    told.sort_by_key(|(event, id, metadata)| (event.clone(), *id, metadata.to_string()));
    told
}

/// Contract E-62 … E-72, E-76, E-77, B-62, X-16: each event once for a change, and none else.
pub(super) fn any_history_makes_the_events_of_its_records(database: &Database) {
    let cases = if database.backend == Backend::Sqlite { 24 } else { 8 };
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |history| {
        let mut feed = Feed::new(database);
        listen(&feed);
        let mut left = BTreeMap::new();
        feed.place.import(ImportKind::Accounts, "name\nAcme\n");
        let mut before = records(&feed);
        for (serial, step) in history.iter().enumerate() {
            let at = |kind, number| choose(&before, kind, number);
            let handed = match apply(&feed, step, &at, serial) {
                Ok(handed) => handed,
                Err(Error::Internal(reason)) => return Err(TestCaseError::fail(reason)),
                Err(_) => None,
            };
            let after = records(&feed);
            let wanted: Vec<Told> = expected(&before, &after).into_iter().chain(handed).collect();
            let told = feed.occurrences().into_iter();
            let mut told: Vec<Told> = sorted(
                told.map(|told| (word(told.event).to_owned(), told.record.1, Value::Object(told.metadata)))
                    .collect(),
            );
            if matches!(step, Step::MergeLeads(..) | Step::UndoMerge(_)) {
                // Its fields and its tags are a change each.
                told.dedup();
            }
            prop_assert_eq!(told, sorted(wanted), "{:?}", step);
            left.extend(newest(&feed, &after, left.keys().next_back().copied().unwrap_or(0)));
            before = after;
        }
        // Nobody looked until now.
        for (seq, told) in told_of(&feed, database) {
            // What a unit changed twice was never seen as the first change left it.
            if let Some(Some(state)) = left.get(&seq) {
                prop_assert_eq!(&told, state, "{} of {:?}", seq, history);
            }
        }
        Ok(())
    });
    tried.unwrap();
}
