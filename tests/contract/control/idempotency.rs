//! Sealed answers.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    clock::SystemEntropy,
    control::{
        ControlStore,
        idempotency::{keep, replay},
    },
    error::{Error, Result},
    id::{RecordId, TenantId},
    sealing::{Sealer, Vault},
    stamp::Stamp,
    tenant::idempotency::{IdempotencyScope, KeptAnswer, LIFETIME},
};
use crm_tests::{database::Database, each_backend};

use super::{acme, new_tenant, raises};

each_backend!(
    an_answer_is_given_again_to_the_same_request_alone,
    an_answer_is_kept_sealed,
    answers_expire_and_are_purged,
    an_answer_commits_with_its_effect,
);

fn vault(tenant: i64) -> Vault {
    Vault::new(
        Arc::new(Sealer::new([7; 32], &[], Arc::new(SystemEntropy))),
        TenantId::from_i64(tenant),
    )
}

fn scope(key: &str) -> IdempotencyScope {
    IdempotencyScope {
        principal: "user:3".to_owned(),
        method: "POST".to_owned(),
        path: "/api/invitations".to_owned(),
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

fn kept(control: &dyn ControlStore, key: &str, body: &str) {
    assert!(
        !raises(control, |unit| keep(unit, &vault(1), &scope(key), answer(body))),
        "no credential follows from it"
    );
}

fn replayed(control: &dyn ControlStore, scope: &IdempotencyScope, digest: &str) -> Result<Option<KeptAnswer>> {
    control.writing(|unit| replay(unit, &vault(1), scope, digest))
}

fn an_answer_is_given_again_to_the_same_request_alone(database: &Database) {
    let control = database.control();
    assert_eq!(replayed(&*control, &scope("k"), "digest").unwrap(), None);
    for body in ["{\"name\":\"Zoë 🚀\\u0000\"}", ""] {
        kept(&*control, body, body);
        for _ in 0..2 {
            assert_eq!(replayed(&*control, &scope(body), "digest").unwrap(), Some(answer(body)));
        }
        let other = replayed(&*control, &scope(body), "other");
        assert!(matches!(other, Err(Error::IdempotencyMismatch)), "{other:?}");
    }
    kept(&*control, "k", "{}");
    for other in [
        scope("K"),
        IdempotencyScope {
            principal: "user:4".to_owned(),
            ..scope("k")
        },
        IdempotencyScope {
            method: "PUT".to_owned(),
            ..scope("k")
        },
        IdempotencyScope {
            path: "/api/users".to_owned(),
            ..scope("k")
        },
    ] {
        assert_eq!(replayed(&*control, &other, "other").unwrap(), None);
    }
}

fn an_answer_is_kept_sealed(database: &Database) {
    let control = database.control();
    kept(&*control, "k", "{\"token\":\"inv_secret\"}");
    let since = Stamp::from_micros(0);
    let sealed = control.writing(|unit| unit.answers().lookup(&scope("k"), since)).unwrap().unwrap();
    let stored = sealed.clone().into_inner();
    assert!(!stored.contains("secret") && !stored.contains("digest"), "{stored}");
    let stranger = control.writing(|unit| replay(unit, &vault(2), &scope("k"), "digest"));
    assert!(matches!(stranger, Err(Error::Internal(_))), "another tenant cannot open it");
    // Nor does it open for another request.
    control.writing(|unit| unit.answers().keep(&scope("moved"), sealed)).unwrap();
    let moved = replayed(&*control, &scope("moved"), "digest");
    assert!(matches!(moved, Err(Error::Internal(_))), "{moved:?}");
}

fn answers_expire_and_are_purged(database: &Database) {
    let control = database.control();
    kept(&*control, "old", "old");
    let first = database.now();
    database.advance(LIFETIME.checked_sub(Duration::from_micros(5)).unwrap());
    assert_eq!(replayed(&*control, &scope("old"), "digest").unwrap(), Some(answer("old")));
    kept(&*control, "young", "young");
    database.advance(Duration::from_secs(1));
    assert_eq!(replayed(&*control, &scope("old"), "other").unwrap(), None);
    // Its key can be used anew.
    kept(&*control, "old", "new");
    assert_eq!(replayed(&*control, &scope("old"), "digest").unwrap(), Some(answer("new")));
    let purged = |before| control.writing(|unit| unit.answers().purge(before)).unwrap();
    assert_eq!(purged(first), 0);
    assert_eq!(purged(database.now()), 1);
    assert_eq!(replayed(&*control, &scope("young"), "digest").unwrap(), None);
    assert_eq!(replayed(&*control, &scope("old"), "digest").unwrap(), Some(answer("new")));
}

fn an_answer_commits_with_its_effect(database: &Database) {
    let control = database.control();
    acme(&*control);
    let failed: Result<()> = control.writing(|unit| {
        unit.tenants().add(new_tenant("globex"))?;
        keep(unit, &vault(1), &scope("k"), answer("{}"))?;
        Err(Error::Conflict("after all not".to_owned()))
    });
    assert!(matches!(failed, Err(Error::Conflict(_))));
    assert_eq!(replayed(&*control, &scope("k"), "digest").unwrap(), None);
    assert_eq!(control.reading(|reader| reader.tenants().list()).unwrap().len(), 1);
}
