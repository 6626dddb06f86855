//! The tenant plane's ports and the writer on both backends.

mod account;
mod account_domain;
mod activity;
mod bulk;
mod change;
mod check;
mod commit;
mod company_names;
mod contact;
mod contact_lookup;
mod contact_stats;
mod custom_field;
mod delivery;
mod dispatch;
mod email_key;
mod export;
mod faults;
mod filtering;
mod find;
mod handoff;
mod idempotency;
mod import;
mod index;
mod job;
mod kpi;
mod label;
mod lead;
mod merge;
mod migration;
mod opportunity;
mod opportunity_flow;
mod paging;
mod partner;
mod pipeline;
mod prospect;
mod registry;
mod request;
mod restore;
mod search;
mod setting;
mod sla_policy;
mod stamps;
mod sync_leads;
mod tag;
mod tallies;
mod task;
mod ticket;
mod timer;
mod totals;
mod webhook;
mod webhook_events;
mod writer;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crm_domain::control::tenant::Tenant;
use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text},
    id::{RecordId, TenantId, UserId},
    page::{Direction, Page, Sort},
    query::{Comparison, Condition, Field, Filter},
    stamp::Stamp,
    tenant::{
        TenantStore, Tenants, UnitOfWork,
        account::{self as accounts, Account, AccountDraft, AccountFields},
        change::{Actor, Change, Origin},
        opportunity::{OpportunityField, OpportunityFilter},
    },
    usecase::single,
};
use crm_tests::database::Database;

/// Texts that storage gets wrong first: 4-byte characters, joiners, right-to-left, invisible, combining, and what COPY, LIKE and SQL quote.
pub(crate) const TEXTS: [&str; 14] = [
    "Zoë 🚀 👩‍👩‍👧",
    "שלום עולם",
    "\u{202e}مرحبا",
    "a\u{200b}b",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "e\u{301}clair",
    "tab\tand\nline\r\nbreaks",
    "quote ' double \" back \\ slash",
    "100% _under_ \\% \\_",
    "\\N",
    "\\.",
    "NULL",
    "İstanbul STRASSE straße ΟΔΟΣ",
    "{\"json\": [1, null]}",
];

/// A new tenant's store; the control plane need not know the tenant.
pub(crate) fn open(database: &Database) -> Arc<dyn TenantStore> {
    database.tenants().open(&new_tenant(database)).unwrap()
}

/// A new tenant.
pub(crate) fn new_tenant(database: &Database) -> Tenant {
    tenant_at(database.tenant_location())
}

/// A new tenant in a database that the store itself makes.
pub(crate) fn provision(tenants: &dyn Tenants) -> Tenant {
    tenant_at(tenants.provision().unwrap())
}

/// A tenant whose database is at this location. Tests share a store, which tells tenants apart by their ids.
pub(crate) fn tenant_at(location: String) -> Tenant {
    // Beyond the ids that the control plane gives to tenants of the same store.
    static IDS: AtomicI64 = AtomicI64::new(1_000_000);
    let id = IDS.fetch_add(1, Ordering::Relaxed);
    Tenant {
        id: TenantId::from_i64(id),
        uuid: uuid_of(id),
        name: text("Acme"),
        company_name: text("Acme Inc"),
        location,
        tier: "free".to_owned(),
        is_active: true,
        created_at: Stamp::from_micros(0),
    }
}

fn uuid_of(id: i64) -> uuid::Uuid {
    uuid::Uuid::from_u128(id.unsigned_abs().into())
}

/// Who writes in these tests.
pub(crate) fn user() -> UserId {
    UserId::from_i64(7)
}

/// What they write under.
pub(crate) fn origin() -> Origin {
    Origin {
        actor: Actor::User(user()),
        family: "saas",
    }
}

/// Writes one unit and waits for it.
pub(crate) fn write<T: Send + 'static>(
    store: &Arc<dyn TenantStore>,
    work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static,
) -> Result<T> {
    store.writing(origin(), work)
}

/// A parsed text.
pub(crate) fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::parse(value).unwrap()
}

/// A field with a new value.
pub(crate) fn set(value: impl ToString) -> Patch<String> {
    Patch::Set(value.to_string())
}

/// What `updatedSince` asks of this field of stamps.
pub(crate) fn changed_after<F: Field>(field: F, stamp: Stamp) -> Condition<F> {
    Condition::compare(field, Comparison::Greater, stamp)
}

/// Opportunities of one side of the forecast, or of both.
pub(crate) fn of_forecast(include_in_forecast: Option<bool>) -> OpportunityFilter {
    OpportunityFilter::of(include_in_forecast.map(|flag| Condition::equal(OpportunityField::IncludeInForecast, flag)))
}

/// A valid account with nothing but a name.
pub(crate) fn named(name: &str) -> AccountFields {
    account_of(AccountDraft {
        name: set(name),
        ..AccountDraft::default()
    })
}

/// A valid account.
pub(crate) fn account_of(draft: AccountDraft) -> AccountFields {
    AccountFields::parse(draft, user(), Check::new()).unwrap()
}

/// Creates an account with nothing but a name.
pub(crate) fn add_account(store: &Arc<dyn TenantStore>, name: &str) -> Account {
    let fields = named(name);
    write(store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap()
}

/// Every change of the feed.
pub(crate) fn feed(store: &Arc<dyn TenantStore>) -> Vec<Change> {
    store.reading(|reader| reader.changes().list_after(0, u32::MAX)).unwrap()
}

/// The feed has no gap, and each unit's stamp is greater than the one before.
pub(crate) fn assert_feed_in_order(changes: &[Change]) {
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(change.seq, i64::try_from(index).unwrap() + 1, "the feed has a gap");
    }
    assert!(changes.windows(2).all(|pair| pair[0].stamp <= pair[1].stamp), "stamps go back");
}

/// Every order, and a condition on every field that takes some, against the same in memory.
pub(crate) fn assert_lists<F: Field>(all: &[F::Record], list: impl Fn(&Filter<F>, Sort<F>) -> Page<F::Record>) {
    let ids = |page: &Page<F::Record>| -> Vec<i64> { page.items.iter().map(F::id).collect() };
    for field in F::ALL {
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut sorted: Vec<_> = all.iter().map(|record| (field.value(record), F::id(record))).collect();
            sorted.sort();
            if direction == Direction::Descending {
                sorted.reverse();
            }
            let expected: Vec<i64> = sorted.into_iter().map(|(_, id)| id).collect();
            let page = list(&Filter::default(), Sort { key: *field, direction });
            assert_eq!((ids(&page), page.total), (expected, all.len() as u64), "{field:?}");
        }
        if !field.spec().is_filterable {
            continue;
        }
        for value in all.iter().filter_map(|record| field.value(record)) {
            let condition = Condition::equal(*field, value);
            let expected: BTreeSet<i64> = all.iter().filter(|record| condition.is_met_by(record)).map(F::id).collect();
            let page = list(&Filter::of([condition]), Sort::default());
            assert_eq!(page.total, expected.len() as u64, "{field:?}");
            assert_eq!(ids(&page).into_iter().collect::<BTreeSet<_>>(), expected, "{field:?}");
        }
    }
}

/// The one field that an error complains about, with its problem.
pub(crate) fn only_problem<T: std::fmt::Debug>(result: Result<T>) -> (String, Problem) {
    match result {
        Err(Error::Invalid(errors)) if errors.len() == 1 => (errors[0].field.clone(), errors[0].problem.clone()),
        other => panic!("expected one invalid field, got {other:?}"),
    }
}

/// Asserts a duplicate of this noun's field.
pub(crate) fn assert_duplicate<T: std::fmt::Debug>(result: Result<T>, noun: &str, field: &str) {
    match result {
        Err(Error::Duplicate { noun: n, field: f }) => assert_eq!((n, f), (noun, field)),
        other => panic!("expected a duplicate {field} of {noun}, got {other:?}"),
    }
}

/// Asserts that a record is not there.
pub(crate) fn assert_not_found<T: std::fmt::Debug>(result: Result<T>, noun: &str) {
    match result {
        Err(Error::NotFound { noun: n, .. }) => assert_eq!(n, noun),
        other => panic!("expected no {noun}, got {other:?}"),
    }
}

/// Asserts that a record in this state cannot have that done to it.
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T>, state: &str, action: &str) {
    match result {
        Err(Error::State { state: s, action: a, .. }) => assert_eq!((&*s, a), (state, action)),
        other => panic!("expected that what is {state} cannot be {action}, got {other:?}"),
    }
}

/// Asserts a version 7 uuid of this stamp.
pub(crate) fn assert_uuid(uuid: uuid::Uuid, stamp: Stamp) {
    assert_eq!(uuid.get_version_num(), 7);
    let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
    let millis = i64::try_from(seconds).unwrap() * 1_000 + i64::from(nanos) / 1_000_000;
    assert_eq!(millis, stamp.micros() / 1_000);
}
