//! Which tenants have webhooks.

use std::time::Duration;

use crm_domain::{
    control::{
        outbox::{NOTHING_DUE, next_look},
        work::Work,
    },
    id::{RecordId, TenantId},
    stamp::Stamp,
};
use crm_tests::{database::Database, each_backend};

use super::{add_tenant, raises};

each_backend!(marked_tenants_are_due_and_are_swept, a_tenant_with_webhooks_stays_marked,);

fn due(database: &Database) -> Vec<TenantId> {
    let now = database.now();
    let due = database.control().reading(|reader| reader.outbox().due(now, 10)).unwrap();
    due.into_iter().map(|work| work.tenant).collect()
}

fn swept(database: &Database, after: TenantId, limit: u32) -> Vec<TenantId> {
    let swept = database
        .control()
        .reading(|reader| reader.outbox().list_after(after, limit))
        .unwrap();
    swept.into_iter().map(|work| work.tenant).collect()
}

fn seen(database: &Database, tenant: TenantId) -> Option<Work> {
    database.control().reading(|reader| reader.outbox().lookup(tenant)).unwrap()
}

fn settle(database: &Database, seen: &Work, next_look: Option<Stamp>) {
    database.control().writing(|unit| unit.outbox().settle(seen, next_look)).unwrap();
}

fn marked_tenants_are_due_and_are_swept(database: &Database) {
    let control = database.control();
    let [first, second, _] = ["First", "Second", "Third"].map(|name| add_tenant(&*control, name).id);
    let now = database.now();
    assert!(
        !raises(&*control, |unit| unit.outbox().mark(second, now).map(drop)),
        "no credential follows from it"
    );
    control.writing(|unit| unit.outbox().mark(first, NOTHING_DUE)).unwrap();
    assert_eq!(due(database), [second]);
    let none = TenantId::from_i64(0);
    assert_eq!(swept(database, none, 9), [first, second]);
    assert_eq!(swept(database, none, 1), [first]);
    assert_eq!(swept(database, first, 9), [second]);
    assert_eq!(swept(database, second, 9), []);
}

fn a_tenant_with_webhooks_stays_marked(database: &Database) {
    let tenant = add_tenant(&*database.control(), "Acme").id;
    let now = database.now();
    let promise = database.control().writing(|unit| unit.outbox().mark(tenant, now)).unwrap();
    assert!(promise.check(now).is_ok());
    let look = |has_webhooks, next_due| {
        let seen = seen(database, tenant).unwrap();
        settle(database, &seen, next_look(&seen, has_webhooks, next_due, database.now()));
    };
    look(false, None);
    assert!(seen(database, tenant).is_some(), "what was promised may come yet");
    look(true, None);
    assert_eq!(seen(database, tenant).unwrap().due_at, NOTHING_DUE);
    let later = database.now().plus(Duration::from_secs(5));
    look(true, Some(later));
    assert_eq!(due(database), []);
    database.advance(Duration::from_secs(5));
    assert_eq!(due(database), [tenant]);
    database.advance(Duration::from_secs(3_600));
    let earlier = seen(database, tenant).unwrap();
    database.control().writing(|unit| unit.outbox().mark(tenant, now)).unwrap();
    settle(database, &earlier, None);
    assert!(seen(database, tenant).is_some(), "it was marked anew");
    database.advance(Duration::from_secs(3_600));
    look(false, None);
    assert_eq!(seen(database, tenant), None);
}
