//! The tenant writer: order, isolation of units, durability, and readers that follow it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use crm_domain::{
    error::{Error, Result},
    field::Check,
    id::RecordId,
    page::{Direction, Sort, Window},
    stamp::Stamp,
    tenant::{
        TenantStore, Unit, UnitOfWork,
        account::{self as accounts, Account, AccountDraft, AccountField, AccountFilter},
        change::Change,
        opportunity::{self as opportunities, OpportunityDraft},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{add_account, assert_feed_in_order, changed_after, feed, named, new_tenant, open, origin, set, text, user, write};

each_backend_shared!(
    many_threads_write_without_loss,
    a_failed_unit_undoes_only_itself,
    a_unit_alone_that_fails_leaves_nothing,
    a_failure_that_the_unit_ignores_still_undoes_it,
    done_hears_only_of_what_is_committed,
    two_nodes_write_one_tenant,
    a_node_that_writes_without_a_pause_lets_others_in,
    pollers_miss_nothing,
    a_closed_store_takes_no_unit,
    what_was_queued_before_closing_is_committed,
    a_full_queue_refuses_and_keeps_nobody_waiting,
);

/// Runs `work` on this many threads at once and collects what each returns.
fn on_threads<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn create(store: &Arc<dyn TenantStore>, name: String) -> Account {
    write(store, move |unit| single::create_parsed::<accounts::Account>(unit, named(&name))).unwrap()
}

fn list_all(store: &Arc<dyn TenantStore>) -> (Vec<Account>, u64) {
    let page = store
        .reading(|reader| {
            reader
                .accounts()
                .list(&AccountFilter::default(), Sort::default(), &Window::first(100_000))
        })
        .unwrap();
    (page.items, page.total)
}

/// Each unit made one account: ids, stamps and the feed all tell the same order.
fn assert_one_order(store: &Arc<dyn TenantStore>, mut acknowledged: Vec<Account>) {
    let count = acknowledged.len();
    acknowledged.sort_by_key(|account| account.id);
    let (kept, total) = list_all(store);
    assert_eq!(total, count as u64);
    assert_eq!(kept, acknowledged);
    let changes = feed(store);
    assert_feed_in_order(&changes);
    assert_eq!(changes.len(), count);
    let told: Vec<_> = changes.iter().map(|change| (change.entity_id, change.stamp)).collect();
    let made: Vec<_> = kept.iter().map(|account| (account.id.get(), account.created_at)).collect();
    assert_eq!(told, made);
    assert!(changes.windows(2).all(|pair| pair[0].stamp < pair[1].stamp));
}

fn many_threads_write_without_loss(database: &Database) {
    let store = open(database);
    let made = on_threads(32, |thread| {
        (0..50).map(|n| create(&store, format!("{thread}/{n}"))).collect::<Vec<_>>()
    });
    assert_one_order(&store, made.concat());
}

fn two_nodes_write_one_tenant(database: &Database) {
    let other = database.another_node();
    let tenant = new_tenant(database);
    let stores = [database.tenants().open(&tenant).unwrap(), other.tenants().open(&tenant).unwrap()];
    let made = on_threads(16, |thread| {
        (0..40)
            .map(|n| create(&stores[thread % 2], format!("{thread}/{n}")))
            .collect::<Vec<_>>()
    });
    assert_one_order(&stores[0], made.concat());
    other.close();
}

fn a_node_that_writes_without_a_pause_lets_others_in(database: &Database) {
    let other = database.another_node();
    let tenant = new_tenant(database);
    let (greedy, patient) = (database.tenants().open(&tenant).unwrap(), other.tenants().open(&tenant).unwrap());
    let (committed, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut waited = thread::scope(|scope| {
        // Two threads, so that one unit waits whenever one is committed.
        for thread in 0..2 {
            let (greedy, committed, stop) = (&greedy, &committed, &stop);
            scope.spawn(move || {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    create(greedy, format!("{thread}/{n}"));
                    committed.fetch_add(1, Ordering::Relaxed);
                    n += 1;
                }
            });
        }
        let others_meanwhile = |n| {
            let before = committed.load(Ordering::Relaxed);
            create(&patient, format!("patient/{n}"));
            committed.load(Ordering::Relaxed) - before
        };
        let waited: Vec<usize> = (0..31).map(others_meanwhile).collect();
        stop.store(true, Ordering::Relaxed);
        waited
    });
    waited.sort_unstable();
    // One turn that runs, one that both of the others got into the line before.
    assert!(waited[15] <= 6, "so many units went before: {waited:?}");
    other.close();
}

type Work = Box<dyn FnOnce(&mut dyn UnitOfWork) -> Result<i64> + Send>;

/// Runs these units in one group: the writer is held up until all of them wait.
fn in_one_group(store: &Arc<dyn TenantStore>, units: Vec<Work>) -> Vec<Result<i64>> {
    let (release, held) = mpsc::channel::<()>();
    let (entered, inside) = mpsc::channel();
    let hold = Unit::with_result(
        origin(),
        move |_| {
            entered.send(()).unwrap();
            held.recv().unwrap();
            Ok(())
        },
        |_| (),
    );
    store.submit(hold);
    inside.recv().unwrap();
    let answers: Vec<_> = units
        .into_iter()
        .map(|work| {
            let (sender, receiver) = mpsc::channel();
            store.submit(Unit::with_result(origin(), work, move |result| sender.send(result).unwrap()));
            receiver
        })
        .collect();
    release.send(()).unwrap();
    answers.into_iter().map(|answer| answer.recv().unwrap()).collect()
}

fn creating(name: &'static str) -> Work {
    Box::new(move |unit| Ok(single::create_parsed::<accounts::Account>(unit, named(name))?.id.get()))
}

/// Writes a lot and then ends as told.
fn writing_then(end: impl FnOnce(&mut dyn UnitOfWork) -> Result<i64> + Send + 'static) -> Work {
    Box::new(move |unit| {
        let batch = (0..60).map(|n| named(&format!("Undone {n}"))).collect();
        accounts::create_many(unit, batch)?;
        let deal = OpportunityDraft {
            name: set("Undone deal"),
            ..OpportunityDraft::default()
        };
        single::create::<opportunities::Opportunity>(unit, deal, user(), Check::new())?;
        end(unit)
    })
}

fn taken() -> accounts::AccountFields {
    let mut fields = named("Taken");
    fields.external_id = Some(text("taken"));
    fields
}

fn taking_twice(unit: &mut dyn UnitOfWork) -> Result<i64> {
    single::create_parsed::<accounts::Account>(unit, taken())?;
    Ok(single::create_parsed::<accounts::Account>(unit, taken())?.id.get())
}

fn a_failed_unit_undoes_only_itself(database: &Database) {
    let store = open(database);
    let results = in_one_group(
        &store,
        vec![
            creating("First"),
            writing_then(|_| Err(Error::Conflict("after all not".to_owned()))),
            creating("Second"),
            writing_then(taking_twice),
            writing_then(|_| panic!("a defect in a unit of work")),
            creating("Third"),
        ],
    );
    assert!(matches!(&results[1], Err(Error::Conflict(_))), "{:?}", results[1]);
    assert!(
        matches!(&results[3], Err(Error::Duplicate { noun: "account", .. })),
        "{:?}",
        results[3]
    );
    assert!(matches!(&results[4], Err(Error::Internal(_))), "{:?}", results[4]);
    let kept: Vec<_> = [0, 2, 5].map(|index: usize| *results[index].as_ref().unwrap()).to_vec();
    assert_eq!(kept, [1, 2, 3], "undone units take no ids");
    assert_only(&store, &["First", "Second", "Third"]);
    assert_eq!(create(&store, "Next".to_owned()).id.get(), 4);
}

fn assert_only(store: &Arc<dyn TenantStore>, names: &[&str]) {
    let (kept, total) = list_all(store);
    let found: Vec<_> = kept.iter().map(|account| &*account.fields.name).collect();
    assert_eq!((found, total), (names.to_vec(), names.len() as u64));
    let changes = feed(store);
    assert_feed_in_order(&changes);
    assert_eq!(changes.len(), names.len());
    let opportunities = store
        .reading(|reader| {
            reader.opportunities().list(
                &crm_domain::tenant::opportunity::OpportunityFilter::default(),
                Sort::default(),
                &Window::first(5),
            )
        })
        .unwrap();
    assert_eq!((opportunities.items.len(), opportunities.total), (0, 0));
}

fn a_unit_alone_that_fails_leaves_nothing(database: &Database) {
    let store = open(database);
    let ends: [Work; 3] = [
        Box::new(|_| Err(Error::Conflict("after all not".to_owned()))),
        Box::new(taking_twice),
        Box::new(|_| panic!("a defect in a unit of work")),
    ];
    for end in ends {
        assert!(write(&store, writing_then(end)).is_err());
        assert_only(&store, &[]);
    }
    create(&store, "Works again".to_owned());
    assert_only(&store, &["Works again"]);
}

/// PostgreSQL would refuse to go on, SQLite would keep half of it: on both the unit is undone and says so.
fn a_failure_that_the_unit_ignores_still_undoes_it(database: &Database) {
    let store = open(database);
    let ignoring = || -> Work {
        writing_then(|unit| {
            let refused = accounts::create_many(unit, vec![taken(), taken()]);
            assert!(matches!(refused, Err(Error::Duplicate { .. })));
            Ok(0)
        })
    };
    let results = in_one_group(&store, vec![creating("First"), ignoring(), creating("Second")]);
    assert!(matches!(&results[1], Err(Error::Internal(_))), "{:?}", results[1]);
    assert_only(&store, &["First", "Second"]);
    assert!(matches!(write(&store, ignoring()), Err(Error::Internal(_))));
    assert_only(&store, &["First", "Second"]);
}

fn done_hears_only_of_what_is_committed(database: &Database) {
    let other = database.another_node();
    let tenant = new_tenant(database);
    let store = database.tenants().open(&tenant).unwrap();
    let elsewhere = other.tenants().open(&tenant).unwrap();
    let (sender, receiver) = mpsc::channel();
    for number in 0..20 {
        let (sender, elsewhere) = (sender.clone(), Arc::clone(&elsewhere));
        let unit = Unit::with_result(
            origin(),
            move |unit| single::create_parsed::<accounts::Account>(unit, named(&format!("Acme {number}"))),
            move |account| {
                let account = account.unwrap();
                let seen = elsewhere.reading(|reader| reader.accounts().lookup(account.id)).unwrap();
                sender.send(seen.as_ref() == Some(&account)).unwrap();
            },
        );
        store.submit(unit);
    }
    drop(sender);
    let seen: Vec<bool> = receiver.iter().collect();
    assert_eq!(seen, [true; 20]);
    other.close();
}

fn a_closed_store_takes_no_unit(database: &Database) {
    let node = database.another_node();
    let tenants = node.tenants();
    let store = tenants.open(&new_tenant(database)).unwrap();
    create(&store, "Before".to_owned());
    node.close();
    let refused = write(&store, |unit| single::create_parsed::<accounts::Account>(unit, named("After")));
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    node.close();
}

fn what_was_queued_before_closing_is_committed(database: &Database) {
    let node = database.another_node();
    let tenant = new_tenant(database);
    let store = node.tenants().open(&tenant).unwrap();
    let (sender, receiver) = mpsc::channel();
    for number in 0..600 {
        let sender = sender.clone();
        let work = move |unit: &mut dyn UnitOfWork| single::create_parsed::<accounts::Account>(unit, named(&format!("Acme {number}")));
        store.submit(Unit::with_result(origin(), work, move |result| sender.send(result).unwrap()));
    }
    drop(sender);
    node.close();
    let made = receiver.iter().collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(made.len(), 600);
    assert_one_order(&database.tenants().open(&tenant).unwrap(), made);
}

fn a_full_queue_refuses_and_keeps_nobody_waiting(database: &Database) {
    const ROOM: usize = 10_000;
    let store = open(database);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, gate) = mpsc::channel();
    let hang = move |_: &mut dyn UnitOfWork| {
        begun.send(()).unwrap();
        gate.recv().unwrap();
        Ok(())
    };
    store.submit(Unit::with_result(origin(), hang, Result::unwrap));
    has_begun.recv().unwrap();
    let (sender, answers) = mpsc::channel();
    for _ in 0..=ROOM {
        let sender = sender.clone();
        store.submit(Unit::with_result(origin(), |_| Ok(()), move |result| sender.send(result).unwrap()));
    }
    drop(sender);
    let first = answers.recv().unwrap();
    assert!(matches!(first, Err(Error::Unavailable { .. })), "{first:?}");
    go_on.send(()).unwrap();
    assert_eq!(answers.iter().filter(Result::is_ok).count(), ROOM);
}

const WRITERS: usize = 8;
const UPDATES: usize = 250;
const RECORDS: usize = 40;

fn pollers_miss_nothing(database: &Database) {
    let store = open(database);
    let made: Vec<_> = (0..RECORDS).map(|n| add_account(&store, &format!("Acme {n}"))).collect();
    let finished = AtomicBool::new(false);
    let (by_stamp, by_page, by_seq) = thread::scope(|scope| {
        let by_stamp = scope.spawn(|| follow_stamps(&store, &finished, false));
        let by_page = scope.spawn(|| follow_stamps(&store, &finished, true));
        let by_seq = scope.spawn(|| follow_changes(&store, &finished));
        on_threads(WRITERS, |writer| {
            for number in 0..UPDATES {
                let id = made[(writer * 7 + number * 3) % RECORDS].id;
                let draft = AccountDraft {
                    city: set(format!("{writer}/{number}")),
                    ..AccountDraft::default()
                };
                write(&store, move |unit| {
                    single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
                })
                .unwrap();
            }
        });
        finished.store(true, Ordering::SeqCst);
        (by_stamp.join().unwrap(), by_page.join().unwrap(), by_seq.join().unwrap())
    });
    let last: BTreeMap<_, _> = list_all(&store).0.into_iter().map(|account| (account.id, account)).collect();
    assert_eq!(by_stamp, last);
    assert_eq!(by_page, last);
    assert_eq!(by_seq, feed(&store));
    assert_eq!(by_seq.len(), RECORDS + WRITERS * UPDATES);
    assert_feed_in_order(&by_seq);
}

type Known = BTreeMap<crm_domain::id::AccountId, Account>;

/// Follows `updatedSince`: goes on from the newest stamp shown, or, when a poll's pages are through, from what the first page could see.
fn follow_stamps(store: &Arc<dyn TenantStore>, finished: &AtomicBool, by_seen: bool) -> Known {
    let (mut known, mut after) = (Known::new(), Stamp::default());
    loop {
        // Read before the poll: what was written until then must be in it.
        let last_poll = finished.load(Ordering::SeqCst);
        let (page, next) = poll(store, after, by_seen);
        if page.is_empty() && last_poll {
            return known;
        }
        after = next;
        known.extend(page.into_iter().map(|account| (account.id, account)));
    }
}

fn poll(store: &Arc<dyn TenantStore>, after: Stamp, by_seen: bool) -> (Vec<Account>, Stamp) {
    let filter = AccountFilter::of([changed_after(AccountField::UpdatedAt, after)]);
    let sort = Sort {
        key: AccountField::UpdatedAt,
        direction: Direction::Ascending,
    };
    // By the newest stamp shown a page may be short; by what it could see it must be whole.
    let window = Window::first(if by_seen { 1_000 } else { 10 });
    let page = store.reading(|reader| reader.accounts().list(&filter, sort, &window)).unwrap();
    let newest = page.items.last().map_or(after, |account| account.updated_at);
    assert!(page.seen >= newest, "a page shows what it says it could not see");
    (page.items, if by_seen { page.seen } else { newest })
}

fn follow_changes(store: &Arc<dyn TenantStore>, finished: &AtomicBool) -> Vec<Change> {
    let mut told: Vec<Change> = Vec::new();
    loop {
        let last_poll = finished.load(Ordering::SeqCst);
        let after = told.last().map_or(0, |change| change.seq);
        let slice = store.reading(|reader| reader.changes().list_after(after, 100)).unwrap();
        if slice.is_empty() && last_poll {
            return told;
        }
        told.extend(slice);
    }
}
