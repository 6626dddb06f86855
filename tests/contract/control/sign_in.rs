//! Signing in, refreshing and signing out (contract C-11 … C-31, X-83, X-84) on a real store.

use std::time::Duration;

use crm_domain::{
    clock::{Clock, SystemEntropy},
    control::{ControlStore, refresh_token::GRACE, tenant::Tenant, user::User},
    id::{SessionId, UserId},
    stamp::Stamp,
    usecase::sign_in::{SignInError, SignedIn, candidate, open_session, refresh, sign_out},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, acme, add_tenant, add_user, epoch, new_user, race};

const SECRET: &[u8] = b"the deployment's secret";
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

each_backend!(
    only_who_can_sign_in_is_a_candidate,
    a_login_opens_a_session_that_can_be_refreshed,
    each_refresh_gives_another_token,
    within_the_grace_the_successor_is_the_same,
    reuse_after_the_grace_ends_the_session,
    reuse_is_noticed_however_long_the_chain,
    an_expired_token_is_refused,
    a_chain_outlives_its_first_token,
    garbage_is_refused,
    another_secret_gives_other_successors,
    signing_out_ends_every_token,
    the_inactive_cannot_refresh,
    of_twenty_refreshes_at_once_all_get_the_same_successor,
);

fn signed_in(database: &Database, user: &User) -> SignedIn {
    open_session(&*database.control(), &SystemEntropy, user.clone(), LIFETIME)
        .unwrap()
        .unwrap()
}

fn try_refresh(database: &Database, token: &str) -> Result<SignedIn, SignInError> {
    let refreshed = refresh(&*database.control(), &*database.clock, SECRET, token, LIFETIME).unwrap();
    refreshed.map_err(|refused| refused.why)
}

/// Whose token was turned away.
fn claimed_by(database: &Database, token: &str) -> Option<UserId> {
    let refreshed = refresh(&*database.control(), &*database.clock, SECRET, token, LIFETIME).unwrap();
    refreshed.unwrap_err().claimed.map(|claimed| claimed.user.id)
}

fn refreshed(database: &Database, token: &str) -> String {
    try_refresh(database, token).unwrap().refresh_token.as_str().to_owned()
}

fn assert_refused(database: &Database, token: &str, why: SignInError) {
    assert_eq!(try_refresh(database, token).map(|_| ()), Err(why));
}

fn ended_at(control: &dyn ControlStore, id: SessionId) -> Option<Stamp> {
    control.reading(|reader| reader.sessions().lookup(id)).unwrap().unwrap().ended_at
}

fn only_who_can_sign_in_is_a_candidate(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let claimed = |email: &str| candidate(&*control, email).unwrap();
    let candidate = |email: &str| {
        claimed(email)
            .filter(|claimed| claimed.password().is_some())
            .map(|claimed| claimed.user.id)
    };
    assert_eq!(candidate(" ADA@acme.test "), Some(ada.id));
    assert_eq!((claimed("nobody@acme.test"), claimed("ada@acme.test\0")), (None, None));

    let owner = crm_domain::control::user::NewUser {
        password: None,
        ..new_user(tenant.id, "owner@acme.test")
    };
    control.writing(|unit| unit.users().add(owner)).unwrap();
    assert_eq!(candidate("owner@acme.test"), None, "without a password");

    let inactive = User {
        is_active: false,
        ..ada.clone()
    };
    control.writing(|unit| unit.users().update(&inactive)).unwrap();
    assert_eq!(candidate("ada@acme.test"), None, "an inactive user");
    assert_eq!(
        claimed("ada@acme.test").unwrap().tenant.id,
        tenant.id,
        "though it is known whose it is"
    );

    control.writing(|unit| unit.users().update(&ada)).unwrap();
    control
        .writing(|unit| {
            unit.tenants().update(&Tenant {
                is_active: false,
                ..tenant
            })
        })
        .unwrap();
    assert_eq!(candidate("ada@acme.test"), None, "an inactive tenant");
}

fn a_login_opens_a_session_that_can_be_refreshed(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let login = signed_in(database, &ada);
    let session = control.reading(|reader| reader.sessions().lookup(login.session)).unwrap().unwrap();
    assert_eq!((session.user_id, session.tenant_id, session.ended_at), (ada.id, tenant.id, None));
    assert_eq!(session.expires_at, database.now().plus(LIFETIME));
    let again = try_refresh(database, login.refresh_token.as_str()).unwrap();
    let ada = User {
        last_login_at: Some(database.now()),
        ..ada
    };
    assert_eq!((again.user, again.session), (ada, login.session));
    assert_ne!(again.refresh_token, login.refresh_token);
}

fn each_refresh_gives_another_token(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let mut seen = vec![signed_in(database, &ada).refresh_token.as_str().to_owned()];
    for _ in 0..5 {
        database.advance(MINUTE);
        let next = refreshed(database, seen.last().unwrap());
        assert!(!seen.contains(&next));
        seen.push(next);
    }
    let session = database
        .control()
        .writing(|unit| unit.refresh_tokens().lookup(&digest(&seen[5])))
        .unwrap()
        .unwrap()
        .session_id;
    let session = database
        .control()
        .reading(|reader| reader.sessions().lookup(session))
        .unwrap()
        .unwrap();
    assert_eq!(session.last_seen_at, database.now());
}

fn digest(token: &str) -> String {
    crm_domain::control::refresh_token::RefreshToken::presented(token).unwrap().digest()
}

fn within_the_grace_the_successor_is_the_same(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let token = signed_in(database, &ada).refresh_token.as_str().to_owned();
    let successor = refreshed(database, &token);
    database.advance(GRACE);
    assert_eq!(refreshed(database, &token), successor);
    // The client whose answer was lost goes on with it.
    assert_ne!(refreshed(database, &successor), successor);
}

fn reuse_after_the_grace_ends_the_session(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let (login, other) = (signed_in(database, &ada), signed_in(database, &ada));
    let token = login.refresh_token.as_str();
    let successor = refreshed(database, token);
    database.advance(GRACE + Duration::from_micros(1));
    let before = epoch(&*control);
    assert_refused(database, token, SignInError::RefreshTokenReused);
    assert_eq!(ended_at(&*control, login.session), Some(database.now()));
    assert!(epoch(&*control) > before, "its access tokens die at once");
    assert_refused(database, &successor, SignInError::BadRefreshToken);
    assert_refused(database, token, SignInError::BadRefreshToken);
    assert_eq!(
        (claimed_by(database, token), claimed_by(database, &successor)),
        (Some(ada.id), Some(ada.id))
    );
    assert_eq!(ended_at(&*control, other.session), None);
    refreshed(database, other.refresh_token.as_str());
}

fn reuse_is_noticed_however_long_the_chain(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let login = signed_in(database, &ada);
    let stolen = login.refresh_token.as_str().to_owned();
    let mut newest = stolen.clone();
    for _ in 0..10 {
        database.advance(60 * MINUTE);
        newest = refreshed(database, &newest);
    }
    assert_refused(database, &stolen, SignInError::RefreshTokenReused);
    assert_refused(database, &newest, SignInError::BadRefreshToken);
}

fn an_expired_token_is_refused(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let login = signed_in(database, &ada);
    database.advance(LIFETIME - Duration::from_micros(1));
    let successor = refreshed(database, login.refresh_token.as_str());
    database.advance(LIFETIME);
    assert_refused(database, &successor, SignInError::BadRefreshToken);
    assert_refused(database, login.refresh_token.as_str(), SignInError::BadRefreshToken);
}

fn a_chain_outlives_its_first_token(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let mut token = signed_in(database, &ada).refresh_token.as_str().to_owned();
    for _ in 0..4 {
        database.advance(LIFETIME / 2);
        control.writing(|unit| unit.sessions().purge(database.now())).unwrap();
        token = refreshed(database, &token);
    }
}

fn garbage_is_refused(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let login = signed_in(database, &ada);
    let token = login.refresh_token.as_str();
    let swapped: String = token.chars().rev().collect();
    for garbage in [
        "",
        &token[1..],
        &format!("{token}x"),
        &swapped,
        &"\0".repeat(43),
        &"ü".repeat(21),
        &"x".repeat(20_000),
    ] {
        assert_refused(database, garbage, SignInError::BadRefreshToken);
        assert_eq!(claimed_by(database, garbage), None);
    }
    refreshed(database, token);
}

fn another_secret_gives_other_successors(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let login = signed_in(database, &ada);
    let forged = login.refresh_token.successor(b"a guess").unwrap();
    refreshed(database, login.refresh_token.as_str());
    assert_refused(database, forged.as_str(), SignInError::BadRefreshToken);
}

fn signing_out_ends_every_token(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let login = signed_in(database, &ada);
    let successor = refreshed(database, login.refresh_token.as_str());
    let before = epoch(&*control);
    sign_out(&*control, login.session).unwrap();
    assert!(epoch(&*control) > before);
    assert_refused(database, &successor, SignInError::BadRefreshToken);
    assert_refused(database, login.refresh_token.as_str(), SignInError::BadRefreshToken);
    sign_out(&*control, login.session).unwrap();
}

fn the_inactive_cannot_refresh(database: &Database) {
    let control = database.control();
    let (acme, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    let (adas, hanks) = (signed_in(database, &ada), signed_in(database, &hank));

    control
        .writing(|unit| {
            unit.users().update(&User {
                is_active: false,
                ..ada.clone()
            })
        })
        .unwrap();
    assert_refused(database, adas.refresh_token.as_str(), SignInError::BadRefreshToken);
    control
        .writing(|unit| {
            unit.tenants().update(&Tenant {
                is_active: false,
                ..globex
            })
        })
        .unwrap();
    assert_refused(database, hanks.refresh_token.as_str(), SignInError::BadRefreshToken);
    // Refused, not used up.
    control.writing(|unit| unit.users().update(&ada)).unwrap();
    assert_eq!(try_refresh(database, adas.refresh_token.as_str()).unwrap().user.tenant_id, acme.id);
}

fn of_twenty_refreshes_at_once_all_get_the_same_successor(database: &Database) {
    let (_, ada) = acme(&*database.control());
    let login = signed_in(database, &ada);
    let nodes = [database.control(), database.another_node().control()];
    let clock: &dyn Clock = &*database.clock;
    let successors = race(20, |index| {
        let token = login.refresh_token.as_str();
        let signed_in = refresh(&*nodes[index % 2], clock, SECRET, token, LIFETIME).unwrap().unwrap();
        signed_in.refresh_token.as_str().to_owned()
    });
    assert!(successors.iter().all(|successor| *successor == successors[0]));
    refreshed(database, &successors[0]);
}
