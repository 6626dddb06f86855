//! The control plane's ports.

mod api_key;
mod browser_session;
mod change;
mod epoch;
mod idempotency;
mod invitation;
mod outage;
mod outbox;
mod refresh_token;
mod register;
mod session;
mod sign_in;
mod tenant;
mod transaction;
mod user;
mod user_setting;
mod work;

use std::{
    sync::{Barrier, mpsc::channel},
    thread,
    time::Duration,
};

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::{
        ControlStore, ControlUnit,
        api_key::{ApiKey, ApiKeyFields, KeyFamily, KeyHash, KeyText, NewApiKey},
        session::NewSession,
        tenant::{NewTenant, Tenant},
        user::{NewUser, Password, Role, User},
    },
    error::Result,
    field::{Email, Text},
    id::{RecordId, SessionId, TenantId, UserId},
    tenant::change::{Actor, Origin},
};
use crm_tests::database::START;

/// The lowest cost that bcrypt knows: the tests check that passwords are kept, not how long guessing takes.
const QUICK: u32 = 4;
/// The password of every user that [`new_user`] makes.
const PASSWORD: &str = "correct horse";
const MINUTE: Duration = Duration::from_secs(60);

fn new_tenant(name: &str) -> NewTenant {
    NewTenant {
        uuid: uuid_at(START, &SystemEntropy),
        name: text(name),
        company_name: text(name),
        location: format!("sqlite:tenants/{name}.db"),
        tier: "default".to_owned(),
    }
}

fn new_user(tenant_id: TenantId, email: &str) -> NewUser {
    NewUser {
        tenant_id,
        email: Some(Email::parse(email).unwrap()),
        name: Some(text("Ada Lovelace")),
        role: Role::User,
        password: Some(Password::parse(PASSWORD).unwrap().hash(QUICK).unwrap()),
        manager_id: None,
        office: Some(text("London")),
    }
}

fn new_session(user: &User) -> NewSession {
    NewSession {
        user_id: user.id,
        tenant_id: user.tenant_id,
        cookie_digest: None,
        expires_at: START.plus(60 * MINUTE),
    }
}

fn new_key(user: &User, family: KeyFamily) -> NewApiKey {
    NewApiKey {
        tenant_id: user.tenant_id,
        family,
        public_id: KeyText::random(family, &SystemEntropy).public_id().to_owned(),
        hash: KeyHash::from_store("0".repeat(64)),
        fields: ApiKeyFields {
            name: text("Warehouse"),
            description: None,
            grants: Vec::new(),
            rate_limit: None,
            expires_at: None,
            ip_allowlist: Vec::new(),
        },
        created_by: user.id,
    }
}

fn add_tenant(control: &dyn ControlStore, name: &str) -> Tenant {
    control.writing(|unit| unit.tenants().add(new_tenant(name))).unwrap()
}

fn add_user(control: &dyn ControlStore, tenant: &Tenant, email: &str) -> User {
    control.writing(|unit| unit.users().add(new_user(tenant.id, email))).unwrap()
}

fn add_session(control: &dyn ControlStore, user: &User) -> SessionId {
    control.writing(|unit| unit.sessions().add(new_session(user))).unwrap().id
}

fn add_key(control: &dyn ControlStore, user: &User, family: KeyFamily) -> ApiKey {
    control.writing(|unit| unit.api_keys().add(new_key(user, family))).unwrap()
}

/// A tenant `acme` with the user `ada@acme.test`.
fn acme(control: &dyn ControlStore) -> (Tenant, User) {
    let tenant = add_tenant(control, "acme");
    let user = add_user(control, &tenant, "ada@acme.test");
    (tenant, user)
}

/// Who changes users, invitations and keys in these tests.
fn origin() -> Origin {
    Origin {
        actor: Actor::User(UserId::from_i64(7)),
        family: "saas",
    }
}

fn text<const MAX: usize>(value: &str) -> Text<MAX> {
    Text::parse(value).unwrap()
}

/// The credential epoch, as a request hears it.
fn epoch(control: &dyn ControlStore) -> i64 {
    control.recent_epoch().unwrap_or_else(|| ask_epoch(control).unwrap())
}

/// The credential epoch, asked for.
fn ask_epoch(control: &dyn ControlStore) -> Result<i64> {
    let (told, answer) = channel();
    control.epoch(Box::new(move |epoch| told.send(epoch).unwrap()));
    answer.recv_timeout(Duration::from_secs(30)).expect("every caller is answered")
}

/// Whether a transaction raises the credential epoch.
fn raises(control: &dyn ControlStore, work: impl FnOnce(&mut dyn ControlUnit) -> Result<()>) -> bool {
    let before = epoch(control);
    control.writing(work).unwrap();
    let after = epoch(control);
    assert!(after >= before, "the epoch fell from {before} to {after}");
    after > before
}

/// What `work` answers in each of `count` threads that start together.
fn race<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(count);
    let run = |index| {
        start.wait();
        work(index)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|index| scope.spawn(move || run(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
