//! Stamps: strictly greater with each unit, whatever the clocks do.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crm_domain::{
    clock::{Clock, SystemEntropy},
    error::{Error, Result},
    field::Check,
    stamp::Stamp,
    tenant::{
        TenantStore,
        account::{self as accounts, AccountDraft},
    },
    usecase::single,
};
use crm_store::Store;
use crm_tests::{
    database::{Database, START},
    each_backend_shared,
};

use super::{add_account, assert_feed_in_order, feed, named, new_tenant, open, set, user, write};

each_backend_shared!(
    a_clock_that_goes_back_is_not_followed,
    nodes_with_different_clocks_agree_on_the_order,
    a_failed_unit_leaves_the_order_whole,
);

mod own_clock {
    use super::a_standing_clock_still_gives_greater_stamps;

    crm_tests::each_backend!(a_standing_clock_still_gives_greater_stamps);
}

fn stamp(store: &Arc<dyn TenantStore>) -> Stamp {
    write(store, |unit| Ok(unit.stamp())).unwrap()
}

fn a_standing_clock_still_gives_greater_stamps(database: &Database) {
    let store = open(database);
    let first = stamp(&store);
    assert_eq!(first, START);
    let later: Vec<_> = (0..5).map(|_| stamp(&store).micros() - first.micros()).collect();
    assert_eq!(later, [1, 2, 3, 4, 5]);
    database.advance(std::time::Duration::from_secs(60));
    assert_eq!(stamp(&store), database.now());
}

/// A clock that a test can set to any time.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Stamp {
        Stamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

fn node(database: &Database, clock: &Arc<SetClock>) -> Store {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Store::open(database.settings(), clock, Arc::new(SystemEntropy)).unwrap()
}

fn a_clock_that_goes_back_is_not_followed(database: &Database) {
    let clock = Arc::new(SetClock(AtomicI64::new(1_000_000)));
    let node = node(database, &clock);
    let tenants = node.tenants();
    let store = tenants.open(&new_tenant(database)).unwrap();
    let mut last = Stamp::default();
    for now in [1_000_000, 500_000, -7, 1_000_001, 1_000_000, 2_000_000] {
        clock.0.store(now, Ordering::SeqCst);
        let next = stamp(&store);
        assert!(next > last && next.micros() >= now, "{next:?} after {last:?} at {now}");
        last = next;
    }
    assert_eq!(last.micros(), 2_000_000);
    node.close();
}

fn nodes_with_different_clocks_agree_on_the_order(database: &Database) {
    let late = Arc::new(SetClock(AtomicI64::new(START.micros() - 3_600_000_000)));
    let other = node(database, &late);
    let tenant = new_tenant(database);
    let stores = [database.tenants().open(&tenant).unwrap(), other.tenants().open(&tenant).unwrap()];
    let mut last = Stamp::default();
    for turn in 0..10 {
        let account = add_account(&stores[turn % 2], &format!("Account {turn}"));
        assert!(account.created_at > last);
        last = account.created_at;
    }
    assert_feed_in_order(&feed(&stores[1]));
    other.close();
}

fn a_failed_unit_leaves_the_order_whole(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let failed: Result<()> = write(&store, |_| Err(Error::Conflict("no".to_owned())));
    assert!(failed.is_err());
    let id = account.id;
    let draft = AccountDraft {
        city: set("Bern"),
        ..AccountDraft::default()
    };
    let updated = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    let next = write(&store, |unit| single::create_parsed::<accounts::Account>(unit, named("Next"))).unwrap();
    assert!(account.updated_at < updated.updated_at && updated.updated_at < next.created_at);
    assert_eq!((updated.created_at, next.updated_at), (account.created_at, next.created_at));
    assert_feed_in_order(&feed(&store));
}
