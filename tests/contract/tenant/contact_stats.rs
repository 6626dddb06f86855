//! The totals of contacts are what counting them again would make, after any history (contract X-137).

use std::{collections::BTreeMap, sync::Arc};

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    page::{Sort, Window},
    query::Condition,
    tenant::{
        TenantStore, UnitOfWork,
        contact::{Contact, ContactDraft, ContactField, ContactFilter, ContactTotals, StatKind, stat_keys},
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

use super::{open, provision, set, user, write};

each_backend!(any_history_leaves_exact_totals, what_was_there_before_is_filled_and_counted);

/// One step of a history; numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Create(Vec<u8>),
    Update(u8, u8),
    Remove(u8),
    Restore(u8),
    Merge(u8, u8),
    UndoLastMerge,
    /// Does some of it and then fails.
    Fail(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 1..4).prop_map(Step::Create),
        1 => prop::collection::vec(any::<u8>(), 50..60).prop_map(Step::Create),
        5 => any::<(u8, u8)>().prop_map(|(which, how)| Step::Update(which, how)),
        3 => any::<u8>().prop_map(Step::Remove),
        2 => any::<u8>().prop_map(Step::Restore),
        2 => any::<(u8, u8)>().prop_map(|(into, from)| Step::Merge(into, from)),
        1 => Just(Step::UndoLastMerge),
        1 => any::<u8>().prop_map(Step::Fail),
    ]
}

/// One of a few values, or none.
fn of<'a>(words: &[&'a str], number: u8) -> Patch<String> {
    words
        .get(usize::from(number) % (words.len() + 1))
        .map_or(Patch::Clear, |word: &&'a str| set(*word))
}

fn draft(number: u8) -> ContactDraft {
    ContactDraft {
        last_name: set("Byron"),
        company: of(&["Acme", "ACME", "Ünïted / Co", "acme ltd"], number),
        industry: of(&["Technology", "Bäckerei", "a/b"], number / 2),
        country: of(&["DE", "US"], number / 3),
        employees: of(&["5", "50", "500"], number / 5),
        phone: of(&["+1"], number / 7),
        ..ContactDraft::default()
    }
}

fn live(store: &Arc<dyn TenantStore>) -> Vec<Contact> {
    let list = |filter: &ContactFilter| {
        let window = Window::first(10_000);
        store
            .reading(|reader| reader.contacts().list(filter, Sort::default(), &window))
            .unwrap()
            .items
    };
    list(&ContactFilter::default())
}

fn deleted(store: &Arc<dyn TenantStore>) -> Vec<Contact> {
    let filter = ContactFilter {
        deleted: true,
        ..ContactFilter::default()
    };
    let window = Window::first(10_000);
    store
        .reading(|reader| reader.contacts().list(&filter, Sort::default(), &window))
        .unwrap()
        .items
}

fn chosen(contacts: &[Contact], which: u8) -> Option<&Contact> {
    contacts.get(usize::from(which) % contacts.len().max(1))
}

fn take(store: &Arc<dyn TenantStore>, step: Step, merges: &mut Vec<crm_domain::id::MergeId>, serial: &mut u64) {
    match step {
        Step::Create(numbers) => {
            let mut drafted = |number: u8| {
                *serial += 1;
                let email = (!number.is_multiple_of(4)).then(|| format!("c{serial}@x.example")).into();
                Drafted::new(ContactDraft { email, ..draft(number) }, Check::new())
            };
            let drafts = numbers.into_iter().map(&mut drafted).collect();
            let made = write(store, move |unit| bulk::create::<Contact>(unit, drafts, user())).unwrap();
            made.into_iter().for_each(|contact| drop(contact.unwrap()));
        }
        Step::Update(which, how) => {
            if let Some(id) = chosen(&live(store), which).map(|contact| contact.id) {
                let draft = ContactDraft {
                    email: if how % 5 == 0 { Patch::Clear } else { Patch::Keep },
                    ..draft(how)
                };
                write(store, move |unit| single::update::<Contact>(unit, id, draft, user(), Check::new())).unwrap();
            }
        }
        Step::Remove(which) => {
            if let Some(id) = chosen(&live(store), which).map(|contact| contact.id) {
                write(store, move |unit| single::remove::<Contact>(unit, id)).unwrap();
            }
        }
        Step::Restore(which) => {
            if let Some(id) = chosen(&deleted(store), which).map(|contact| contact.id) {
                match write(store, move |unit| restore::restore::<Contact>(unit, id)) {
                    // A merge has given its email to another since.
                    Ok(_) | Err(Error::Duplicate { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        Step::Merge(into, from) => {
            let live = live(store);
            let (into, from) = (chosen(&live, into).map(|c| c.id), chosen(&live, from).map(|c| c.id));
            if let (Some(into), Some(from)) = (into, from)
                && into != from
            {
                let merged = write(store, move |unit| {
                    merge::merge::<Contact>(unit, into, vec![Some(from)], Check::new())
                });
                merges.push(merged.unwrap().merge.id);
            }
        }
        Step::UndoLastMerge => {
            if let Some(id) = merges.pop() {
                // Refused where the records went on meanwhile.
                let undone = write(store, move |unit| merge::undo(unit, id).map(drop));
                assert!(
                    matches!(undone, Ok(()) | Err(Error::State { .. } | Error::Duplicate { .. })),
                    "{undone:?}"
                );
            }
        }
        Step::Fail(number) => {
            let failed: Result<()> = write(store, move |unit: &mut dyn UnitOfWork| {
                single::create::<Contact>(unit, draft(number), user(), Check::new())?;
                Err(Error::Conflict("changed my mind".to_owned()))
            });
            assert!(failed.is_err());
        }
    }
}

type Counts = BTreeMap<(StatKind, String), u64>;

fn counted(contacts: &[Contact]) -> (ContactTotals, Counts) {
    let mut counts = Counts::new();
    for key in contacts.iter().flat_map(stat_keys) {
        *counts.entry(key).or_default() += 1;
    }
    let of_kind = |kind| counts.keys().filter(|(of, _)| *of == kind).count() as u64;
    let totals = ContactTotals {
        contacts: contacts.len() as u64,
        companies: of_kind(StatKind::Company),
        emails: contacts.iter().filter(|contact| contact.fields.email.is_some()).count() as u64,
        score_sum: contacts.iter().map(|contact| contact.fields.lead_score().unsigned_abs()).sum(),
    };
    counts.retain(|(kind, _), _| *kind != StatKind::Total);
    (totals, counts)
}

fn kept(store: &Arc<dyn TenantStore>) -> (ContactTotals, Counts) {
    store
        .reading(|reader| {
            let stats = reader.contact_stats();
            let totals = stats.totals()?;
            let mut counts = Counts::new();
            for kind in StatKind::ALL.into_iter().filter(|kind| *kind != StatKind::Total) {
                let tallies = stats.tallies(kind, 10_000)?;
                assert!(tallies.is_sorted_by(|a, b| (b.count, &a.key) <= (a.count, &b.key)));
                counts.extend(tallies.into_iter().map(|tally| ((kind, tally.key), tally.count)));
            }
            Ok((totals, counts))
        })
        .unwrap()
}

fn any_history_leaves_exact_totals(database: &Database) {
    let cases = if database.backend == Backend::Sqlite { 12 } else { 4 };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let histories = prop::collection::vec(step(), 1..25);
    let run = |history: Vec<Step>| {
        let store = open(database);
        let (mut merges, mut serial) = (Vec::new(), 0);
        for step in history {
            take(&store, step, &mut merges, &mut serial);
        }
        prop_assert_eq!(kept(&store), counted(&live(&store)));
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
    let before: Vec<Contact> = (0..3)
        .map(|number| {
            let draft = ContactDraft {
                first_name: of(&["Zoë"], number),
                last_name: set("ÄRGER"),
                email: set(format!("z{number}@Example.COM")),
                company: set("Acme"),
                country: of(&["DE"], number),
                phone: of(&["+1"], number),
                ..ContactDraft::default()
            };
            write(&store, move |unit| single::create::<Contact>(unit, draft, user(), Check::new())).unwrap()
        })
        .collect();
    let gone = before[2].id;
    write(&store, move |unit| single::remove::<Contact>(unit, gone)).unwrap();
    let expected = (kept(&store), live(&store), deleted(&store));
    drop(store);
    let backend = match database.backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let down = format!(
        "{}/../migrations/tenant/{backend}/2026-11-22-000120_contact_profile/down.sql",
        env!("CARGO_MANIFEST_DIR")
    );
    let down = std::fs::read_to_string(down).unwrap();
    let mut connection = dialect::open(&location, Purpose::Write).unwrap();
    connection.batch_execute(&down).unwrap();
    connection
        .batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000120'")
        .unwrap();
    assert_eq!(dialect::migrate(&mut connection, Plane::Tenant).unwrap(), ["20261122000120"]);
    drop(connection);
    let store = database.another_node().tenants().open(&tenant).unwrap();
    assert_eq!((kept(&store), live(&store), deleted(&store)), expected);
    let named = ContactFilter {
        conditions: vec![Condition::equal(ContactField::FullName, "zoë ärger")],
        ..ContactFilter::default()
    };
    let found = store
        .reading(|reader| reader.contacts().list(&named, Sort::default(), &Window::first(10)))
        .unwrap();
    assert_eq!(found.total, 1);
}
