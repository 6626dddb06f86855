//! Key figures and pipelines are what counting the records again would make, after any history and at any time (contract E-35 … E-44, X-168).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    id::{LeadId, OpportunityId, RecordId, TaskId},
    money::Currency,
    page::{Sort, Window},
    query::{Condition, Filter},
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        change::EntityKind,
        kpi::{self, Kpis, Period, Worth},
        lead::{Lead, LeadDraft, LeadField, LeadFields, LeadFilter, LeadStatus, Tier},
        opportunity::{Opportunity, OpportunityDraft, OpportunityFilter},
        pipeline::{self, PipelineDraft, StageKind, default_pipeline},
        task::{Task, TaskDraft, TaskFilter, TaskStatus, overdue, pending},
    },
    usecase::{bulk, bulk::Drafted, merge, restore, single},
};
use crm_store::{
    Location,
    dialect::{self, Plane, Purpose},
};
use crm_tests::{
    database::{Backend, Database},
    each_backend,
};
use diesel::connection::SimpleConnection;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use time::Date;

use super::{open, provision, set, text, user, write};

each_backend!(
    any_history_leaves_exact_figures,
    what_was_there_before_is_filled_and_counted,
    pending_and_overdue_tasks_are_told_apart_by_the_clock,
    leads_are_listed_by_tier,
    records_are_known_by_their_uuids,
    a_year_is_as_short_as_a_day,
);

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// One step of a history; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Leads(Vec<u8>),
    Deals(Vec<u8>),
    Tasks(Vec<u8>),
    UpdateLead(u8, u8),
    UpdateDeal(u8, u8),
    UpdateTask(u8, u8),
    Remove(u8),
    Restore(u8),
    MergeLeads(u8, u8),
    DropStage(u8),
    Fail(u8),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let some = || prop::collection::vec(any::<u8>(), 1..4);
    prop_oneof![
        3 => some().prop_map(Step::Leads),
        4 => some().prop_map(Step::Deals),
        3 => some().prop_map(Step::Tasks),
        3 => any::<(u8, u8)>().prop_map(|(which, how)| Step::UpdateLead(which, how)),
        5 => any::<(u8, u8)>().prop_map(|(which, how)| Step::UpdateDeal(which, how)),
        3 => any::<(u8, u8)>().prop_map(|(which, how)| Step::UpdateTask(which, how)),
        3 => any::<u8>().prop_map(Step::Remove),
        2 => any::<u8>().prop_map(Step::Restore),
        1 => any::<(u8, u8)>().prop_map(|(into, from)| Step::MergeLeads(into, from)),
        1 => any::<u8>().prop_map(Step::DropStage),
        1 => any::<u8>().prop_map(Step::Fail),
        4 => (0_u16..40 * 24).prop_map(Step::Wait),
    ]
}

/// One of a few values, or none.
fn of<'a>(words: &[&'a str], number: u8) -> Patch<String> {
    words
        .get(usize::from(number) % (words.len() + 1))
        .map_or(Patch::Clear, |word: &&'a str| set(*word))
}

fn lead_draft(number: u8) -> LeadDraft {
    LeadDraft {
        last_name: set("Doe"),
        status: of(&["New", "contacted", "Qualified", "Disqualified", "Nurturing", "a/b"], number),
        phone: of(&["+1"], number / 2),
        title: of(&["CTO", "Clerk"], number / 3),
        company: of(&["Acme"], number / 5),
        ..LeadDraft::default()
    }
}

fn deal_draft(number: u8, now: Stamp) -> OpportunityDraft {
    let amount = of(&["1", "10.25", "9999999999999.99"], number / 2);
    // A currency of nothing would be refused.
    let currency = match &amount {
        Patch::Set(_) => of(&["USD", "EUR"], number / 3),
        Patch::Keep | Patch::Clear => Patch::Keep,
    };
    let days = [0_u32, 1, 6, 7, 8, 31, 200, 400];
    let closed = now.minus(DAY * days[usize::from(number) % days.len()]).date();
    OpportunityDraft {
        name: set("Deal"),
        stage: set(["Prospecting", "Negotiation", "Closed Won", "Closed Lost"][usize::from(number) % 4]),
        amount,
        currency,
        // What is open has no closing day.
        closed_on: match number % 3 {
            0 => Patch::Keep,
            _ if number % 4 < 2 => Patch::Keep,
            _ => set(crm_domain::field::format_date(closed)),
        },
        ..OpportunityDraft::default()
    }
}

fn task_draft(number: u8, now: Stamp) -> TaskDraft {
    let due = now.plus(DAY * (u32::from(number) % 5)).minus(DAY * 2);
    TaskDraft {
        title: set("Task"),
        status: of(&["Open", "InProgress", "Completed", "Cancelled"], number),
        due_at: match number % 4 {
            0 => Patch::Clear,
            _ => set(due.to_second_precision()),
        },
        ..TaskDraft::default()
    }
}

type Store = Arc<dyn TenantStore>;

fn leads(store: &Store, deleted: bool) -> Vec<Lead> {
    let filter = LeadFilter {
        deleted,
        ..Filter::default()
    };
    let read = store.reading(|reader| reader.leads().list(&filter, Sort::default(), &Window::first(10_000)));
    read.unwrap().items
}

fn deals(store: &Store, deleted: bool) -> Vec<Opportunity> {
    let filter = OpportunityFilter {
        deleted,
        ..Filter::default()
    };
    let read = store.reading(|reader| reader.opportunities().list(&filter, Sort::default(), &Window::first(10_000)));
    read.unwrap().items
}

fn tasks(store: &Store, deleted: bool) -> Vec<Task> {
    let filter = TaskFilter {
        deleted,
        ..Filter::default()
    };
    let read = store.reading(|reader| reader.tasks().list(&filter, Sort::default(), &Window::first(10_000)));
    read.unwrap().items
}

fn chosen<T>(records: &[T], which: u8) -> Option<&T> {
    records.get(usize::from(which) % records.len().max(1))
}

/// A history may try what the rules refuse.
#[track_caller]
fn allow<T: std::fmt::Debug>(result: Result<T>) {
    match result {
        Ok(_) | Err(Error::State { .. } | Error::Duplicate { .. } | Error::Invalid(_)) => {}
        Err(error) => panic!("{error:?}"),
    }
}

fn take(database: &Database, store: &Store, step: Step) {
    let now = database.now();
    match step {
        Step::Leads(numbers) => {
            let fields = numbers
                .into_iter()
                .map(|number| LeadFields::parse(lead_draft(number), user(), Check::new()).unwrap());
            let fields: Vec<_> = fields.collect();
            write(store, move |unit| crm_domain::tenant::lead::create_many(unit, fields)).unwrap();
        }
        Step::Deals(numbers) => {
            let drafts = numbers
                .into_iter()
                .map(|number| Drafted::new(deal_draft(number, now), Check::new()));
            let drafts = drafts.collect();
            let made = write(store, move |unit| bulk::create::<Opportunity>(unit, drafts, user())).unwrap();
            made.into_iter().for_each(|deal| drop(deal.unwrap()));
        }
        Step::Tasks(numbers) => {
            for number in numbers {
                let draft = task_draft(number, now);
                write(store, move |unit| single::create::<Task>(unit, draft, user(), Check::new())).unwrap();
            }
        }
        Step::UpdateLead(which, how) => {
            if let Some(id) = chosen(&leads(store, false), which).map(|lead| lead.id) {
                let draft = lead_draft(how);
                allow(write(store, move |unit| {
                    single::update::<Lead>(unit, id, draft, user(), Check::new())
                }));
            }
        }
        Step::UpdateDeal(which, how) => {
            if let Some(id) = chosen(&deals(store, false), which).map(|deal| deal.id) {
                let draft = deal_draft(how, now);
                allow(write(store, move |unit| {
                    single::update::<Opportunity>(unit, id, draft, user(), Check::new())
                }));
            }
        }
        Step::UpdateTask(which, how) => {
            if let Some(id) = chosen(&tasks(store, false), which).map(|task| task.id) {
                let draft = task_draft(how, now);
                allow(write(store, move |unit| {
                    single::update::<Task>(unit, id, draft, user(), Check::new())
                }));
            }
        }
        Step::Remove(which) => {
            let lead: Option<LeadId> = chosen(&leads(store, false), which).map(|lead| lead.id);
            let deal: Option<OpportunityId> = chosen(&deals(store, false), which).map(|deal| deal.id);
            let task: Option<TaskId> = chosen(&tasks(store, false), which).map(|task| task.id);
            match (which % 3, lead, deal, task) {
                (0, Some(id), _, _) => write(store, move |unit| single::remove::<Lead>(unit, id)).unwrap(),
                (1, _, Some(id), _) => write(store, move |unit| single::remove::<Opportunity>(unit, id)).unwrap(),
                (2, _, _, Some(id)) => write(store, move |unit| single::remove::<Task>(unit, id)).unwrap(),
                _ => {}
            }
        }
        Step::Restore(which) => {
            let lead = chosen(&leads(store, true), which).map(|lead| lead.id);
            let deal = chosen(&deals(store, true), which).map(|deal| deal.id);
            let task = chosen(&tasks(store, true), which).map(|task| task.id);
            match (which % 3, lead, deal, task) {
                (0, Some(id), _, _) => allow(write(store, move |unit| restore::restore::<Lead>(unit, id))),
                (1, _, Some(id), _) => allow(write(store, move |unit| restore::restore::<Opportunity>(unit, id))),
                (2, _, _, Some(id)) => allow(write(store, move |unit| restore::restore::<Task>(unit, id))),
                _ => {}
            }
        }
        Step::MergeLeads(into, from) => {
            let live = leads(store, false);
            let (into, from) = (chosen(&live, into).map(|lead| lead.id), chosen(&live, from).map(|lead| lead.id));
            if let (Some(into), Some(from)) = (into, from)
                && into != from
            {
                allow(write(store, move |unit| {
                    merge::merge::<Lead>(unit, into, vec![Some(from)], Check::new()).map(drop)
                }));
            }
        }
        Step::DropStage(number) => drop_stage(store, number),
        Step::Fail(number) => {
            let failed: Result<()> = write(store, move |unit: &mut dyn UnitOfWork| {
                single::create::<Opportunity>(unit, deal_draft(number, now), user(), Check::new())?;
                single::create::<Task>(unit, task_draft(number, now), user(), Check::new())?;
                Err(Error::Conflict("changed my mind".to_owned()))
            });
            assert!(failed.is_err());
        }
        Step::Wait(hours) => database.advance(Duration::from_secs(3_600) * u32::from(hours)),
    }
}

/// Fills a stage and deletes it: what is in it goes elsewhere.
fn drop_stage(store: &Store, number: u8) {
    let name = format!("Extra {number}");
    let added = {
        let name = name.clone();
        write(store, move |unit| {
            let pipeline = default_pipeline(unit.pipelines())?;
            pipeline::add_open_stage(unit, &pipeline, text(&name)).map(|stage| (pipeline, stage))
        })
    };
    let Ok((pipeline, stage)) = added else { return };
    for (amount, currency) in [("2.50", "USD"), ("7", "EUR"), ("", "")] {
        let draft = OpportunityDraft {
            name: set("Deal"),
            stage: set(&name),
            amount: set(amount),
            currency: set(currency),
            ..OpportunityDraft::default()
        };
        write(store, move |unit| single::create::<Opportunity>(unit, draft, user(), Check::new())).unwrap();
    }
    let target = pipeline.first_stage().unwrap().id;
    write(store, move |unit| pipeline::remove_stage(unit, pipeline.id, stage.id, Some(target))).unwrap();
}

/// Whether a day is in the current period: by the calendar, not by first days.
fn is_in(period: Period, day: Date, now: Date) -> bool {
    let (iso_year, iso_week, _) = day.to_iso_week_date();
    let (now_year, now_week, _) = now.to_iso_week_date();
    let quarter = |date: Date| (u8::from(date.month()) - 1) / 3;
    match period {
        Period::Week => (iso_year, iso_week) == (now_year, now_week),
        Period::Month => (day.year(), day.month()) == (now.year(), now.month()),
        Period::Quarter => (day.year(), quarter(day)) == (now.year(), quarter(now)),
        Period::Year => day.year() == now.year(),
    }
}

fn worth<'a>(deals: impl Iterator<Item = &'a Opportunity>) -> Worth {
    let mut worth = Worth::default();
    for deal in deals {
        worth.count += 1;
        if let Some(amount) = deal.fields.amount {
            *worth.by_currency.entry(amount.currency).or_default() += i128::from(amount.minor);
        }
    }
    worth
}

fn recounted(store: &Store, period: Period, now: Stamp) -> Kpis {
    let today = now.date();
    let (leads, deals, tasks) = (leads(store, false), deals(store, false), tasks(store, false));
    let leads: Vec<_> = leads.iter().filter(|lead| is_in(period, lead.created_at.date(), today)).collect();
    let tasks: Vec<_> = tasks.iter().filter(|task| is_in(period, task.created_at.date(), today)).collect();
    let of_kind = |kind| deals.iter().filter(move |deal| deal.stage.fields.kind == kind);
    let closed = |kind| {
        of_kind(kind).filter(move |deal| {
            let day = deal.fields.closed_on.unwrap_or_else(|| deal.created_at.date());
            is_in(period, day, today)
        })
    };
    let is_qualified = |lead: &&&Lead| matches!(lead.fields.status, LeadStatus::Qualified | LeadStatus::Converted);
    let is_overdue = |task: &&&Task| {
        let is_open = matches!(task.fields.status, TaskStatus::Open | TaskStatus::InProgress);
        is_open && task.fields.due_at.is_some_and(|due| due < now)
    };
    Kpis {
        period,
        first_day: period.first_day(now),
        leads: leads.len() as i64,
        qualified_leads: leads.iter().filter(is_qualified).count() as i64,
        open: worth(of_kind(StageKind::Open).filter(|deal| is_in(period, deal.created_at.date(), today))),
        won: worth(closed(StageKind::Won)),
        lost: worth(closed(StageKind::Lost)),
        tasks: tasks.len() as i64,
        overdue_tasks: tasks.iter().filter(is_overdue).count() as u64,
    }
}

/// Figures and pipelines against the records.
#[track_caller]
fn assert_exact(store: &Store, now: Stamp) {
    for period in Period::ALL {
        let told = store.reading(|reader| kpi::kpis(reader, period, now)).unwrap();
        assert_eq!(told, recounted(store, period, now), "{period:?} at {}", now.to_second_precision());
    }
    let mut by_status: BTreeMap<String, i64> = BTreeMap::new();
    for lead in leads(store, false) {
        *by_status.entry(lead.fields.status.to_string()).or_default() += 1;
    }
    let told = store.reading(kpi::qualification).unwrap();
    let shown = told
        .stages
        .into_iter()
        .filter(|stage| stage.count > 0)
        .map(|stage| (stage.status, stage.count));
    assert_eq!((shown.collect::<BTreeMap<_, _>>(), told.rest), (by_status, 0));
    let deals = deals(store, false);
    for pipeline in store.reading(kpi::sales).unwrap() {
        for stage in pipeline.stages {
            let own = deals.iter().filter(|deal| deal.fields.stage_id == stage.stage.id);
            assert_eq!(stage.worth, worth(own), "{}", &*stage.stage.fields.name);
        }
    }
}

fn any_history_leaves_exact_figures(database: &Database) {
    let cases = if database.backend == Backend::Sqlite { 12 } else { 4 };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let histories = prop::collection::vec(step(), 1..30);
    let run = |history: Vec<Step>| {
        let store = open(database);
        write(&store, |unit| {
            let draft = PipelineDraft {
                name: set("Second"),
                ..PipelineDraft::default()
            };
            pipeline::create(unit, draft, Check::new())
        })
        .unwrap();
        for step in history {
            let is_wait = matches!(step, Step::Wait(_));
            take(database, &store, step);
            if is_wait {
                assert_exact(&store, database.now());
            }
        }
        assert_exact(&store, database.now());
        Ok(())
    };
    runner.run(&histories, run).unwrap();
}

fn what_was_there_before_is_filled_and_counted(database: &Database) {
    let tenant = provision(&*database.tenants());
    let settings = database.settings();
    let control = Location::control(&settings.url, &settings.data_dir).unwrap();
    let location = Location::of_tenant(&tenant.location, &control, &settings.data_dir).unwrap();
    let store = database.tenants().open(&tenant).unwrap();
    for number in 0..12 {
        take(database, &store, Step::Leads(vec![number, number * 7]));
        take(database, &store, Step::Deals(vec![number, number * 5]));
        take(database, &store, Step::Tasks(vec![number]));
        take(database, &store, Step::Wait(100));
    }
    for number in 0..6 {
        take(database, &store, Step::Remove(number));
    }
    let now = database.now();
    assert_exact(&store, now);
    let tiers = |store: &Store| Tier::ALL.iter().map(|tier| of_tier(store, *tier)).collect::<Vec<_>>();
    let before = tiers(&store);
    drop(store);
    let backend = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let down = format!(
        "{}/../migrations/tenant/{backend}/2026-11-22-000170_kpis/down.sql",
        env!("CARGO_MANIFEST_DIR")
    );
    let down = std::fs::read_to_string(down).unwrap();
    let mut connection = dialect::open(&location, Purpose::Write).unwrap();
    connection.batch_execute(&down).unwrap();
    connection
        .batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000170'")
        .unwrap();
    assert_eq!(dialect::migrate(&mut connection, Plane::Tenant).unwrap(), ["20261122000170"]);
    drop(connection);
    let store = database.another_node().tenants().open(&tenant).unwrap();
    assert_exact(&store, now);
    assert_eq!(tiers(&store), before);
}

fn of_tier(store: &Store, tier: Tier) -> Vec<LeadId> {
    let filter = LeadFilter::of([Condition::equal(LeadField::Tier, tier)]);
    let page = store.reading_snapshot(|reader| reader.leads().list(&filter, Sort::default(), &Window::first(1_000)));
    let page = page.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    assert!(page.items.iter().all(|lead| lead.fields.tier() == tier));
    page.items.into_iter().map(|lead| lead.id).collect()
}

// E-28
fn leads_are_listed_by_tier(database: &Database) {
    let store = open(database);
    let best = LeadDraft {
        email: set("jane@acme.example"),
        phone: set("+1"),
        company: set("Acme"),
        title: set("CEO"),
        ..lead_draft(0)
    };
    let made = write(&store, move |unit| single::create::<Lead>(unit, best, user(), Check::new())).unwrap();
    take(database, &store, Step::Leads(vec![1, 2, 3, 4, 5, 9, 100]));
    assert_eq!(of_tier(&store, Tier::A), [made.id]);
    let all: usize = Tier::ALL.iter().map(|tier| of_tier(&store, *tier).len()).sum();
    assert_eq!(all, 8);
    // It follows the fields at each write.
    let worse = LeadDraft {
        status: set("Disqualified"),
        ..LeadDraft::default()
    };
    write(&store, move |unit| {
        single::update::<Lead>(unit, made.id, worse, user(), Check::new())
    })
    .unwrap();
    assert_eq!(of_tier(&store, Tier::A), []);
    assert!(of_tier(&store, Tier::D).contains(&made.id));
}

// E-32
fn pending_and_overdue_tasks_are_told_apart_by_the_clock(database: &Database) {
    let store = open(database);
    for number in 0..20 {
        take(database, &store, Step::Tasks(vec![number]));
    }
    let all = tasks(&store, false);
    for now in [database.now().minus(DAY * 3), database.now(), database.now().plus(DAY * 3)] {
        let list = |conditions| {
            let filter = TaskFilter::of(conditions);
            let page = store.reading_snapshot(|reader| reader.tasks().list(&filter, Sort::default(), &Window::first(100)));
            let page = page.unwrap();
            assert_eq!(page.total, page.items.len() as u64);
            page.items.into_iter().map(|task| task.id).collect::<Vec<_>>()
        };
        let (late, early): (Vec<&Task>, Vec<&Task>) = all
            .iter()
            .filter(|task| matches!(task.fields.status, TaskStatus::Open | TaskStatus::InProgress))
            .partition(|task| task.fields.due_at.is_some_and(|due| due < now));
        let ids = |tasks: Vec<&Task>| tasks.into_iter().map(|task| task.id).collect::<Vec<_>>();
        assert_eq!(list(overdue(now)), ids(late));
        assert_eq!(list(pending(now)), ids(early));
        assert!(
            all.iter()
                .all(|task| pending(now).iter().all(|one| one.is_met_by(task)) == list(pending(now)).contains(&task.id))
        );
    }
}

fn records_are_known_by_their_uuids(database: &Database) {
    let store = open(database);
    take(database, &store, Step::Leads(vec![1]));
    take(database, &store, Step::Deals(vec![1]));
    let (lead, deal) = (leads(&store, false).remove(0), deals(&store, false).remove(0));
    let gone = lead.id;
    write(&store, move |unit| single::remove::<Lead>(unit, gone)).unwrap();
    let known = |kind, uuid| store.reading(|reader| reader.identities().id_of(kind, uuid)).unwrap();
    // A deleted record keeps its own.
    assert_eq!(known(EntityKind::Lead, lead.uuid), Some(lead.id.get()));
    assert_eq!(known(EntityKind::Opportunity, deal.uuid), Some(deal.id.get()));
    assert_eq!(known(EntityKind::Opportunity, lead.uuid), None);
    let uuids = |kind, ids: &[i64]| store.reading(|reader| reader.identities().uuids_of(kind, ids)).unwrap();
    assert_eq!(uuids(EntityKind::Lead, &[lead.id.get(), 99]), [(lead.id.get(), lead.uuid)]);
    assert_eq!(uuids(EntityKind::Lead, &[]), []);
    assert_eq!(uuids(EntityKind::Setting, &[1]), []);
}

/// What figures cost does not grow with the records: as few rows tell of a thousand as of one.
fn a_year_is_as_short_as_a_day(database: &Database) {
    let store = open(database);
    let months = |store: &Store| {
        let now = database.now();
        let (first, last) = (Period::Year.first_day(now), Period::Year.last_step(now));
        store
            .reading(|reader| reader.kpis().between(kpi::Step::Month, first, last))
            .unwrap()
            .len()
    };
    let many = |count: usize| vec![0_u8; count];
    take(database, &store, Step::Deals(many(1)));
    let of_one = months(&store);
    take(database, &store, Step::Deals(many(200)));
    assert_eq!(months(&store), of_one);
    let sums = store.reading(|reader| kpi::kpis(reader, Period::Year, database.now())).unwrap();
    assert_eq!((sums.open.count, sums.open.by_currency.contains_key(&Currency::USD)), (201, true));
}
