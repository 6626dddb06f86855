use std::time::Duration;

use crm_domain::{
    control::{
        refresh_token::RefreshTokenRecord,
        session::{NewSession, Session},
    },
    id::{RecordId, SessionId, UserId},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, acme, add_session, add_user, new_session, raises};

each_backend!(
    a_new_session_is_kept_as_given,
    a_cookie_finds_its_session,
    an_unknown_session_is_absent,
    two_sessions_cannot_share_a_cookie,
    a_session_is_of_the_users_tenant,
    last_seen_is_kept_to_the_minute,
    an_end_is_kept_and_raises_the_epoch_once,
    ending_all_sessions_spares_the_kept_one_and_other_users,
    a_purge_forgets_what_ended_or_expired_before,
    an_id_is_never_given_twice,
);

fn session(database: &Database, id: SessionId) -> Session {
    database.control().reading(|reader| reader.sessions().lookup(id)).unwrap().unwrap()
}

fn a_new_session_is_kept_as_given(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    database.advance(MINUTE);
    let new = NewSession {
        cookie_digest: Some("c0ffee".to_owned()),
        ..new_session(&user)
    };
    let made = control.writing(|unit| unit.sessions().add(new.clone())).unwrap();
    let expected = Session {
        id: made.id,
        user_id: user.id,
        tenant_id: tenant.id,
        cookie_digest: new.cookie_digest,
        created_at: database.now(),
        last_seen_at: database.now(),
        expires_at: new.expires_at,
        ended_at: None,
    };
    assert_eq!(made, expected);
    assert_eq!(session(database, made.id), expected);
    assert!(!raises(&*control, |unit| unit.sessions().add(new_session(&user)).map(drop)));
}

fn a_cookie_finds_its_session(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let with_cookie = |digest: &str| NewSession {
        cookie_digest: Some(digest.to_owned()),
        ..new_session(&user)
    };
    add_session(&*control, &user);
    let first = control.writing(|unit| unit.sessions().add(with_cookie("aa11"))).unwrap();
    let second = control.writing(|unit| unit.sessions().add(with_cookie("bb22"))).unwrap();
    let find = |digest: &str| control.reading(|reader| reader.sessions().lookup_cookie(digest)).unwrap();
    assert_eq!(find("aa11"), Some(first));
    assert_eq!(find("bb22"), Some(second.clone()));
    for unknown in ["", "AA11", "aa1", "aa11\0"] {
        assert_eq!(find(unknown), None, "{unknown:?}");
    }
    control.writing(|unit| unit.sessions().end(second.id)).unwrap();
    assert!(find("bb22").unwrap().ended_at.is_some(), "an ended session is still found");
}

fn an_unknown_session_is_absent(database: &Database) {
    let found = database
        .control()
        .reading(|reader| reader.sessions().lookup(SessionId::from_i64(1)));
    assert_eq!(found.unwrap(), None);
}

fn two_sessions_cannot_share_a_cookie(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let new = NewSession {
        cookie_digest: Some("c0ffee".to_owned()),
        ..new_session(&user)
    };
    control.writing(|unit| unit.sessions().add(new.clone())).unwrap();
    assert!(control.writing(|unit| unit.sessions().add(new)).is_err());
}

fn a_session_is_of_the_users_tenant(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let globex = super::add_tenant(&*control, "globex");
    let mixed = NewSession {
        tenant_id: globex.id,
        ..new_session(&user)
    };
    assert!(control.writing(|unit| unit.sessions().add(mixed)).is_err());
}

fn last_seen_is_kept_to_the_minute(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let id = add_session(&*control, &user);
    let made = database.now();
    let touch = |at| control.writing(|unit| unit.sessions().touch(id, at)).unwrap();

    touch(made.plus(Duration::from_secs(59)));
    assert_eq!(session(database, id).last_seen_at, made);
    touch(made.plus(MINUTE));
    assert_eq!(session(database, id).last_seen_at, made.plus(MINUTE));
    // A late report of an earlier use does not turn it back.
    touch(made);
    assert_eq!(session(database, id).last_seen_at, made.plus(MINUTE));
    touch(made.plus(10 * MINUTE));
    assert_eq!(session(database, id).last_seen_at, made.plus(10 * MINUTE));
    assert!(!raises(&*control, |unit| unit.sessions().touch(id, made.plus(20 * MINUTE))));
    control
        .writing(|unit| unit.sessions().touch(SessionId::from_i64(99), made))
        .unwrap();
}

fn an_end_is_kept_and_raises_the_epoch_once(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let (id, other) = (add_session(&*control, &user), add_session(&*control, &user));
    database.advance(MINUTE);
    let ended_at = database.now();
    assert!(raises(&*control, |unit| unit.sessions().end(id)));
    database.advance(MINUTE);
    assert!(!raises(&*control, |unit| unit.sessions().end(id)), "nothing changes");
    assert!(!raises(&*control, |unit| unit.sessions().end(SessionId::from_i64(99))));
    assert_eq!(session(database, id).ended_at, Some(ended_at));
    assert_eq!(session(database, other).ended_at, None);
}

fn ending_all_sessions_spares_the_kept_one_and_other_users(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let grace = add_user(&*control, &tenant, "grace@acme.test");
    let own: Vec<_> = (0..3).map(|_| add_session(&*control, &ada)).collect();
    let others = add_session(&*control, &grace);
    let live = || [own[0], own[1], own[2], others].map(|id| session(database, id).ended_at.is_none());

    assert!(raises(&*control, |unit| unit.sessions().end_all(ada.id, Some(own[1]))));
    assert_eq!(live(), [false, true, false, true]);
    assert!(
        !raises(&*control, |unit| unit.sessions().end_all(ada.id, Some(own[1]))),
        "nothing changes"
    );
    assert!(raises(&*control, |unit| unit.sessions().end_all(ada.id, None)));
    assert_eq!(live(), [false, false, false, true]);
    assert!(!raises(&*control, |unit| unit.sessions().end_all(UserId::from_i64(99), None)));
}

fn a_purge_forgets_what_ended_or_expired_before(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let start = database.now();
    let at = |minutes: u32| start.plus(minutes * MINUTE);
    let add = |expires, tokens: &[u32]| {
        let new = NewSession {
            expires_at: at(expires),
            ..new_session(&user)
        };
        control
            .writing(|unit| {
                let session = unit.sessions().add(new)?;
                for &expires in tokens {
                    unit.refresh_tokens().add(&RefreshTokenRecord {
                        digest: format!("{}-{expires}", session.id),
                        session_id: session.id,
                        created_at: start,
                        expires_at: at(expires),
                        used_at: None,
                    })?;
                }
                Ok(session.id)
            })
            .unwrap()
    };
    let expired = add(9, &[8, 9]);
    let refreshed = add(9, &[9, 19]);
    let fresh = add(11, &[]);
    let ended_early = add(60, &[60]);
    control.writing(|unit| unit.sessions().end(ended_early)).unwrap();
    database.advance(10 * MINUTE);
    let ended_late = add(60, &[60]);
    control.writing(|unit| unit.sessions().end(ended_late)).unwrap();

    let before = super::epoch(&*control);
    assert_eq!(control.writing(|unit| unit.sessions().purge(at(10))).unwrap(), 2);
    assert_eq!(super::epoch(&*control), before, "what is forgotten was invalid before");
    let ids = [expired, refreshed, fresh, ended_early, ended_late];
    let kept = ids.map(|id| control.reading(|reader| reader.sessions().lookup(id)).unwrap().is_some());
    assert_eq!(kept, [false, true, true, false, true]);
    let tokens = [
        (expired, 8),
        (expired, 9),
        (refreshed, 9),
        (refreshed, 19),
        (ended_early, 60),
        (ended_late, 60),
    ];
    let kept = tokens.map(|(session, expires)| {
        let digest = format!("{session}-{expires}");
        control.writing(|unit| unit.refresh_tokens().lookup(&digest)).unwrap().is_some()
    });
    assert_eq!(kept, [false, false, false, true, false, true]);
    assert_eq!(control.writing(|unit| unit.sessions().purge(at(10))).unwrap(), 0);
}

fn an_id_is_never_given_twice(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let first = add_session(&*control, &user);
    control
        .writing(|unit| unit.sessions().purge(database.now().plus(600 * MINUTE)))
        .unwrap();
    assert!(
        add_session(&*control, &user) > first,
        "an access token of the forgotten session would open the new one"
    );
}
