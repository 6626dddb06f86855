//! Totals are exact, and the feed tells the whole story, after any history.

use std::{collections::BTreeMap, sync::Arc};

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    page::{Sort, Window},
    stamp::Stamp,
    tenant::{
        TenantStore, UnitOfWork,
        account::{self as accounts, AccountDraft, AccountField, AccountFilter},
        change::{Change, ChangeKind, Entity},
        opportunity::{self as opportunities, OpportunityDraft, OpportunityField, OpportunityFilter},
    },
    usecase::single,
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value};

use super::{assert_feed_in_order, changed_after, feed, named, of_forecast, open, set, user, write};

each_backend_shared!(any_history_leaves_exact_totals_and_a_whole_feed);

/// One step of a history; numbers choose among what is alive.
#[derive(Debug, Clone)]
enum Step {
    CreateAccount,
    CreateAccounts(u8),
    RenameAccount(u8, u8),
    RemoveAccount(u8),
    CreateOpportunity {
        account: Option<u8>,
        forecast: bool,
    },
    FlipForecast(u8),
    MoveOpportunity(u8, u8),
    RemoveOpportunity(u8),
    /// Does some of it and then fails.
    Fail(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::CreateAccount),
        1 => (45..60_u8).prop_map(Step::CreateAccounts),
        2 => (any::<u8>(), 0..3_u8).prop_map(|(which, name)| Step::RenameAccount(which, name)),
        2 => any::<u8>().prop_map(Step::RemoveAccount),
        5 => (any::<Option<u8>>(), any::<bool>()).prop_map(|(account, forecast)| Step::CreateOpportunity { account, forecast }),
        4 => any::<u8>().prop_map(Step::FlipForecast),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(which, account)| Step::MoveOpportunity(which, account)),
        2 => any::<u8>().prop_map(Step::RemoveOpportunity),
        2 => any::<u8>().prop_map(Step::Fail),
    ]
}

fn any_history_leaves_exact_totals_and_a_whole_feed(database: &Database) {
    let config = Config {
        cases: if database.backend == Backend::Sqlite { 12 } else { 6 },
        failure_persistence: None,
        ..Config::default()
    };
    let histories = prop::collection::vec(prop::collection::vec(step(), 1..5), 1..14);
    TestRunner::new(config)
        .run(&histories, |units| {
            let store = open(database);
            for steps in units {
                // A failing step undoes the whole unit; that it failed is all that is expected.
                let _ = write(&store, move |unit| steps.into_iter().try_for_each(|step| take(unit, step)));
                assert_totals(&store);
            }
            assert_feed_replays(&store);
            Ok(())
        })
        .unwrap();
}

fn pick<T: Copy>(among: &[T], number: u8) -> Option<T> {
    (!among.is_empty()).then(|| among[usize::from(number) % among.len()])
}

fn take(unit: &mut dyn UnitOfWork, step: Step) -> Result<()> {
    let all = Window::first(10_000);
    let live_accounts = unit.accounts().list(&AccountFilter::default(), Sort::default(), &all)?.items;
    let live_accounts: Vec<_> = live_accounts.iter().map(|account| account.id).collect();
    let live = unit
        .opportunities()
        .list(&OpportunityFilter::default(), Sort::default(), &all)?
        .items;
    let live: Vec<_> = live.iter().map(|item| (item.id, item.fields.include_in_forecast)).collect();
    match step {
        Step::CreateAccount => single::create_parsed::<accounts::Account>(unit, named("Acme")).map(drop),
        Step::CreateAccounts(count) => {
            let batch = (0..count).map(|n| named(&format!("Acme {n}"))).collect();
            accounts::create_many(unit, batch).map(drop)
        }
        Step::RenameAccount(which, name) => {
            let Some(id) = pick(&live_accounts, which) else { return Ok(()) };
            let draft = AccountDraft {
                name: set(format!("Name {name}")),
                ..AccountDraft::default()
            };
            single::update::<accounts::Account>(unit, id, draft, user(), Check::new()).map(drop)
        }
        Step::RemoveAccount(which) => pick(&live_accounts, which).map_or(Ok(()), |id| single::remove::<accounts::Account>(unit, id)),
        Step::CreateOpportunity { account, forecast } => {
            let draft = OpportunityDraft {
                name: set("Deal"),
                account_id: account.and_then(|number| pick(&live_accounts, number)).into(),
                include_in_forecast: Patch::Set(forecast),
                ..OpportunityDraft::default()
            };
            single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new()).map(drop)
        }
        Step::FlipForecast(which) => {
            let Some((id, flag)) = pick(&live, which) else { return Ok(()) };
            let draft = OpportunityDraft {
                include_in_forecast: Patch::Set(!flag),
                ..OpportunityDraft::default()
            };
            single::update::<opportunities::Opportunity>(unit, id, draft, user(), Check::new()).map(drop)
        }
        Step::MoveOpportunity(which, account) => {
            let Some((id, _)) = pick(&live, which) else { return Ok(()) };
            let draft = OpportunityDraft {
                account_id: pick(&live_accounts, account).into(),
                ..OpportunityDraft::default()
            };
            single::update::<opportunities::Opportunity>(unit, id, draft, user(), Check::new()).map(drop)
        }
        Step::RemoveOpportunity(which) => {
            pick(&live, which).map_or(Ok(()), |(id, _)| single::remove::<opportunities::Opportunity>(unit, id))
        }
        Step::Fail(which) if which % 3 == 0 => Err(Error::Conflict("undone".to_owned())),
        Step::Fail(_) => {
            let taken = || {
                let mut fields = named("Taken");
                fields.external_id = Some(super::text("taken"));
                fields
            };
            accounts::create_many(unit, vec![taken(), taken()]).map(drop)
        }
    }
}

/// A filter that lets everything through makes the store count; without one it answers from its counters.
fn assert_totals(store: &Arc<dyn TenantStore>) {
    let everything = Stamp::from_micros(i64::MIN);
    store
        .reading(|reader| {
            let one = Window::first(1);
            let mut total = |counted: bool| {
                let filter = AccountFilter::of(counted.then(|| changed_after(AccountField::UpdatedAt, everything)));
                Ok::<_, Error>(reader.accounts().list(&filter, Sort::default(), &one)?.total)
            };
            assert_eq!(total(false)?, total(true)?, "accounts");
            for include_in_forecast in [None, Some(true), Some(false)] {
                let mut total = |counted: bool| {
                    let mut filter = of_forecast(include_in_forecast);
                    filter
                        .conditions
                        .extend(counted.then(|| changed_after(OpportunityField::UpdatedAt, everything)));
                    Ok::<_, Error>(reader.opportunities().list(&filter, Sort::default(), &one)?.total)
                };
                assert_eq!(total(false)?, total(true)?, "opportunities, forecast {include_in_forecast:?}");
            }
            Ok(())
        })
        .unwrap();
}

/// Non-null fields of each record, by its kind and id.
type State = BTreeMap<(&'static str, i64), Map<String, Value>>;

fn assert_feed_replays(store: &Arc<dyn TenantStore>) {
    let changes = feed(store);
    assert_feed_in_order(&changes);
    let (accounts, opportunities) = store
        .reading(|reader| {
            let all = Window::first(10_000);
            Ok((
                reader.accounts().list(&AccountFilter::default(), Sort::default(), &all)?.items,
                reader
                    .opportunities()
                    .list(&OpportunityFilter::default(), Sort::default(), &all)?
                    .items,
            ))
        })
        .unwrap();
    let mut live: State = accounts.iter().map(entry).collect();
    live.extend(opportunities.iter().map(entry));
    let mut told = replay(&changes);
    for (_, fields) in told.iter_mut().filter(|((kind, _), _)| *kind == "opportunity") {
        // The feed says besides what the stage was called and meant.
        fields.remove("stage").expect("a stage's name");
        fields.remove("status").expect("a stage's meaning");
    }
    assert_eq!(told, live);
}

fn entry<E: Entity>(record: &E) -> ((&'static str, i64), Map<String, Value>) {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(record.fields()) else {
        panic!("fields are an object")
    };
    fields.retain(|_, value| !value.is_null());
    ((E::KIND.as_str(), record.id()), fields)
}

fn replay(changes: &[Change]) -> State {
    let mut state = State::new();
    // What deleted records held: merges and deletions change what they refer to.
    let mut deleted = State::new();
    for change in changes {
        let key = (change.entity.as_str(), change.entity_id);
        let fields: BTreeMap<String, [Value; 2]> = serde_json::from_str(&change.fields).unwrap();
        let record = match change.kind {
            ChangeKind::Created => {
                assert!(!state.contains_key(&key), "{key:?} was created twice");
                state.entry(key).or_default()
            }
            _ if deleted.contains_key(&key) => {
                assert_eq!(change.kind, ChangeKind::Updated, "of the deleted {key:?}");
                deleted.entry(key).or_default()
            }
            ChangeKind::Deleted => {
                deleted.extend(state.get(&key).map(|fields| (key, fields.clone())));
                state.get_mut(&key).unwrap_or_else(|| panic!("{key:?} was not there"))
            }
            _ => state.get_mut(&key).unwrap_or_else(|| panic!("{key:?} was not there")),
        };
        for (name, [before, after]) in fields {
            assert_eq!(record.remove(&name).unwrap_or(Value::Null), before, "{name} of {key:?} before");
            if !after.is_null() {
                record.insert(name, after);
            }
        }
        if change.kind == ChangeKind::Deleted {
            assert!(state.remove(&key).unwrap().is_empty(), "a deletion names every field");
        }
    }
    state
}
