//! Which tenants may have work.

use std::time::Duration;

use crm_domain::{
    control::work::{Promise, Work},
    id::TenantId,
    stamp::Stamp,
};
use crm_tests::{database::Database, each_backend};

use super::{add_tenant, raises};

each_backend!(
    a_marked_tenant_is_looked_at_when_it_is_due,
    a_mark_is_not_taken_away_by_who_saw_an_earlier_one,
    nobody_looks_for_a_tenants_work_in_vain_for_ever,
);

fn mark(database: &Database, tenant: TenantId, due_at: Stamp) -> Promise {
    database.control().writing(|unit| unit.work().mark(tenant, due_at)).unwrap()
}

fn due(database: &Database) -> Vec<TenantId> {
    let now = database.now();
    let due = database.control().reading(|reader| reader.work().due(now, 10)).unwrap();
    due.into_iter().map(|work| work.tenant).collect()
}

fn seen(database: &Database, tenant: TenantId) -> Option<Work> {
    database.control().reading(|reader| reader.work().lookup(tenant)).unwrap()
}

fn settle(database: &Database, seen: &Work, next_look: Option<Stamp>) {
    database.control().writing(|unit| unit.work().settle(seen, next_look)).unwrap();
}

fn a_marked_tenant_is_looked_at_when_it_is_due(database: &Database) {
    let control = database.control();
    let [first, second] = ["First", "Second"].map(|name| add_tenant(&*control, name).id);
    let later = database.now().plus(Duration::from_secs(10));
    assert!(
        !raises(&*control, |unit| unit.work().mark(first, later).map(drop)),
        "no credential follows from it"
    );
    assert_eq!(due(database), []);
    mark(database, second, database.now());
    assert_eq!(due(database), [second]);
    database.advance(Duration::from_secs(10));
    assert_eq!(due(database), [second, first], "longest due first");
    // What is due sooner is looked at sooner, what is due later not later.
    mark(database, second, database.now().plus(Duration::from_secs(99)));
    assert_eq!(due(database), [second, first]);
    let promise = mark(database, first, database.now());
    assert!(promise.check(database.now()).is_ok());
}

fn a_mark_is_not_taken_away_by_who_saw_an_earlier_one(database: &Database) {
    let tenant = add_tenant(&*database.control(), "Acme").id;
    mark(database, tenant, database.now());
    let earlier = seen(database, tenant).unwrap();
    mark(database, tenant, database.now());
    for next_look in [None, Some(database.now().plus(Duration::from_secs(99)))] {
        settle(database, &earlier, next_look);
        assert_eq!(due(database), [tenant]);
    }
    let latest = seen(database, tenant).unwrap();
    assert_eq!(latest.mark, earlier.mark + 1);
    settle(database, &latest, None);
    assert_eq!((due(database), seen(database, tenant)), (vec![], None));
}

fn nobody_looks_for_a_tenants_work_in_vain_for_ever(database: &Database) {
    let tenant = add_tenant(&*database.control(), "Acme").id;
    let promise = mark(database, tenant, database.now());
    let mut looks = 0;
    while let Some(work) = seen(database, tenant) {
        assert!(looks < 20, "{work:?}");
        if work.due_at <= database.now() {
            settle(database, &work, work.next_look(None, database.now()));
            looks += 1;
        }
        database.advance(Duration::from_secs(1));
    }
    assert!(promise.until() < database.now(), "whoever was promised a look has had it");
}
