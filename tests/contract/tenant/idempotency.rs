//! Kept answers.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    error::{Error, Result},
    stamp::Stamp,
    tenant::{
        TenantStore, account as accounts,
        idempotency::{IdempotencyScope, KeptAnswer, LIFETIME, replay},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{feed, named, open, write};

each_backend_shared!(
    an_answer_is_given_again,
    another_body_is_refused,
    every_part_of_the_scope_counts,
    an_answer_commits_with_its_effect,
);

mod own_clock {
    use super::answers_expire_and_are_purged;

    crm_tests::each_backend!(answers_expire_and_are_purged);
}

fn scope(key: &str) -> IdempotencyScope {
    IdempotencyScope {
        principal: "api_key:3".to_owned(),
        method: "POST".to_owned(),
        path: "/api/v1/contacts/🚀".to_owned(),
        key: key.to_owned(),
    }
}

fn answer(body: &str) -> KeptAnswer {
    KeptAnswer {
        request_digest: "digest".to_owned(),
        status: 201,
        body: body.to_owned(),
        changed_at: body.starts_with('{').then(|| Stamp::from_micros(1_700_000_000_123_456)),
    }
}

fn keep(store: &Arc<dyn TenantStore>, scope: IdempotencyScope, answer: KeptAnswer) -> Stamp {
    write(store, move |unit| {
        unit.idempotency().keep(&scope, &answer)?;
        Ok(unit.stamp())
    })
    .unwrap()
}

fn replayed(store: &Arc<dyn TenantStore>, scope: IdempotencyScope, digest: &'static str) -> Result<Option<KeptAnswer>> {
    write(store, move |unit| {
        let now = unit.stamp();
        replay(unit.idempotency(), &scope, digest, now)
    })
}

fn an_answer_is_given_again(database: &Database) {
    let store = open(database);
    let body = "{\"name\":\"Zoë 🚀\\u0000\"}";
    assert_eq!(replayed(&store, scope("k"), "digest").unwrap(), None);
    keep(&store, scope("k"), answer(body));
    for _ in 0..2 {
        assert_eq!(replayed(&store, scope("k"), "digest").unwrap(), Some(answer(body)));
    }
}

fn another_body_is_refused(database: &Database) {
    let store = open(database);
    keep(&store, scope("k"), answer("{}"));
    assert!(matches!(replayed(&store, scope("k"), "other"), Err(Error::IdempotencyMismatch)));
}

fn every_part_of_the_scope_counts(database: &Database) {
    let store = open(database);
    keep(&store, scope("k"), answer("{}"));
    let others = [
        scope("K"),
        IdempotencyScope {
            principal: "user:3".to_owned(),
            ..scope("k")
        },
        IdempotencyScope {
            method: "PUT".to_owned(),
            ..scope("k")
        },
        IdempotencyScope {
            path: "/api/v1/contacts".to_owned(),
            ..scope("k")
        },
    ];
    for other in others {
        assert_eq!(replayed(&store, other, "other").unwrap(), None);
    }
}

fn answers_expire_and_are_purged(database: &Database) {
    let store = open(database);
    let kept = keep(&store, scope("old"), answer("old"));
    database.advance(LIFETIME.checked_sub(Duration::from_micros(5)).unwrap());
    assert_eq!(replayed(&store, scope("old"), "digest").unwrap(), Some(answer("old")));
    keep(&store, scope("young"), answer("young"));
    database.advance(Duration::from_secs(1));
    assert_eq!(replayed(&store, scope("old"), "other").unwrap(), None);
    // Its key can be used anew.
    keep(&store, scope("old"), answer("new"));
    assert_eq!(replayed(&store, scope("old"), "digest").unwrap(), Some(answer("new")));

    let purged = |before| write(&store, move |unit| unit.idempotency().purge(before)).unwrap();
    assert_eq!(purged(kept), 0);
    assert_eq!(purged(database.now()), 1);
    assert_eq!(replayed(&store, scope("young"), "digest").unwrap(), None);
    assert_eq!(replayed(&store, scope("old"), "digest").unwrap(), Some(answer("new")));
}

fn an_answer_commits_with_its_effect(database: &Database) {
    let store = open(database);
    let failed: Result<()> = write(&store, |unit| {
        single::create_parsed::<accounts::Account>(unit, named("Acme"))?;
        unit.idempotency().keep(&scope("k"), &answer("{}"))?;
        Err(Error::Conflict("after all not".to_owned()))
    });
    assert!(matches!(failed, Err(Error::Conflict(_))));
    assert_eq!(replayed(&store, scope("k"), "digest").unwrap(), None);
    assert_eq!(feed(&store), []);
}
