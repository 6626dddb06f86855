//! Sessions of browsers.

use std::time::Duration;

use crm_domain::{
    clock::SystemEntropy,
    control::session::Cookie,
    usecase::{
        browser_session::{find, open, touch},
        sign_in::{SignInError, sign_out},
    },
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, acme};

each_backend!(
    a_session_lives_while_it_is_used_and_not_for_ever,
    an_ended_session_is_not_woken,
    whoever_changed_meanwhile_is_not_let_in,
);

const IDLE: Duration = Duration::from_secs(600);

fn a_session_lives_while_it_is_used_and_not_for_ever(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let (session, cookie) = open(&*control, &SystemEntropy, &user, 60 * MINUTE).unwrap().unwrap();
    assert_eq!(session.expires_at, database.now().plus(60 * MINUTE));
    let found = || find(&*control, &cookie, database.now(), IDLE).unwrap();
    assert_eq!(found(), Some(session));
    assert_eq!(
        find(&*control, &Cookie::random(&SystemEntropy), database.now(), IDLE).unwrap(),
        None
    );
    for _ in 0..6 {
        database.advance(9 * MINUTE);
        let touched = touch(&*control, &found().unwrap(), IDLE).unwrap().unwrap();
        assert_eq!(touched.last_seen_at, database.now());
    }
    database.advance(6 * MINUTE);
    assert_eq!(found(), None, "60 minutes are over");
    let (_, cookie) = open(&*control, &SystemEntropy, &user, 60 * MINUTE).unwrap().unwrap();
    database.advance(10 * MINUTE);
    assert!(find(&*control, &cookie, database.now(), IDLE).unwrap().is_some());
    database.advance(Duration::from_micros(1));
    assert_eq!(find(&*control, &cookie, database.now(), IDLE).unwrap(), None);
}

fn an_ended_session_is_not_woken(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let (session, cookie) = open(&*control, &SystemEntropy, &user, 60 * MINUTE).unwrap().unwrap();
    sign_out(&*control, session.id).unwrap();
    assert_eq!(find(&*control, &cookie, database.now(), IDLE).unwrap(), None);
    assert_eq!(touch(&*control, &session, IDLE).unwrap(), None);
}

fn whoever_changed_meanwhile_is_not_let_in(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let mut changed = user.clone();
    changed.is_active = false;
    control.writing(|unit| unit.users().update(&changed)).unwrap();
    let refused = open(&*control, &SystemEntropy, &user, MINUTE).unwrap();
    assert_eq!(refused.unwrap_err(), SignInError::BadCredentials);
}
