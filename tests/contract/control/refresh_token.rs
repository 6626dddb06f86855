use crm_domain::{
    clock::SystemEntropy,
    control::refresh_token::{RefreshToken, RefreshTokenRecord},
    id::{RecordId, SessionId},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, acme, add_session, raises};

each_backend!(
    a_new_token_is_kept_as_given,
    an_unknown_token_is_absent,
    the_first_use_is_kept,
    a_token_cannot_be_added_twice,
    a_token_belongs_to_a_session,
);

fn record(database: &Database) -> RefreshTokenRecord {
    let control = database.control();
    let (_, user) = acme(&*control);
    RefreshTokenRecord {
        digest: RefreshToken::random(&SystemEntropy).digest(),
        session_id: add_session(&*control, &user),
        created_at: database.now(),
        expires_at: database.now().plus(60 * MINUTE),
        used_at: None,
    }
}

fn lookup(database: &Database, digest: &str) -> Option<RefreshTokenRecord> {
    database.control().writing(|unit| unit.refresh_tokens().lookup(digest)).unwrap()
}

fn a_new_token_is_kept_as_given(database: &Database) {
    let record = record(database);
    assert!(!raises(&*database.control(), |unit| unit.refresh_tokens().add(&record)));
    assert_eq!(lookup(database, &record.digest), Some(record));
}

fn an_unknown_token_is_absent(database: &Database) {
    let record = record(database);
    database.control().writing(|unit| unit.refresh_tokens().add(&record)).unwrap();
    for unknown in ["", "\0", &record.digest[1..], &record.digest.to_uppercase()] {
        assert_eq!(lookup(database, unknown), None, "{unknown:?}");
    }
}

fn the_first_use_is_kept(database: &Database) {
    let control = database.control();
    let record = record(database);
    control.writing(|unit| unit.refresh_tokens().add(&record)).unwrap();
    let first = database.now().plus(MINUTE);
    assert!(!raises(&*control, |unit| unit.refresh_tokens().mark_used(&record.digest, first)));
    control
        .writing(|unit| unit.refresh_tokens().mark_used(&record.digest, first.plus(MINUTE)))
        .unwrap();
    assert_eq!(lookup(database, &record.digest).unwrap().used_at, Some(first));
}

fn a_token_cannot_be_added_twice(database: &Database) {
    let control = database.control();
    let record = record(database);
    control.writing(|unit| unit.refresh_tokens().add(&record)).unwrap();
    let later = RefreshTokenRecord {
        expires_at: record.expires_at.plus(MINUTE),
        ..record.clone()
    };
    assert!(control.writing(|unit| unit.refresh_tokens().add(&later)).is_err());
    assert_eq!(lookup(database, &record.digest), Some(record));
}

fn a_token_belongs_to_a_session(database: &Database) {
    let orphan = RefreshTokenRecord {
        session_id: SessionId::from_i64(99),
        ..record(database)
    };
    assert!(database.control().writing(|unit| unit.refresh_tokens().add(&orphan)).is_err());
}
