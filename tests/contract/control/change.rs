//! What happened to users, invitations and API keys, on its way into their tenants' change feeds (contract X-86).

use std::{cell::Cell, sync::Arc};

use crm_domain::{
    clock::SystemEntropy,
    control::{
        ControlStore,
        api_key::{self, KeyFamily},
        change::ControlChange,
        tenant::{NewTenant, Tenant},
        user::{self, Password, Role, User, UserChanges, UserFields},
    },
    error::Error,
    field::{Check, Email, Patch},
    id::{RecordId, TenantId},
    tenant::{
        TenantStore,
        change::{Actor, Change, ChangeKind, EntityKind, NewChange, Origin},
    },
    usecase::{api_keys, control_changes, invitations, users},
};
use crm_tests::{database::Database, each_backend};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{MINUTE, QUICK, acme, add_key, add_tenant, add_user, new_key, new_tenant, new_user, origin, race, raises, text};
use crate::tenant::{add_account, assert_feed_in_order, feed};

each_backend!(
    a_change_waits_beside_what_it_tells,
    no_secret_waits_with_it,
    an_invitation_and_a_key_are_told_from_first_to_last,
    what_did_not_happen_does_not_wait,
    ids_ascend_when_the_clock_does_not,
    every_change_is_carried_once_wherever_it_breaks_off,
    any_interleaving_carries_each_change_once_and_in_order,
    a_tenants_changes_go_into_its_own_feed,
    many_carriers_carry_each_change_once_and_in_order,
    a_tenant_that_is_away_holds_up_nobody,
);

fn waiting(control: &dyn ControlStore, tenant: TenantId) -> Vec<ControlChange> {
    control_changes::waiting(control, tenant).unwrap()
}

/// Kind of record, what happened, and fields of each change.
fn told(changes: &[ControlChange]) -> Vec<(EntityKind, ChangeKind, Value)> {
    let line = |waiting: &ControlChange| {
        let NewChange { entity, kind, fields, .. } = &waiting.change;
        (*entity, *kind, serde_json::from_str(fields).unwrap())
    };
    changes.iter().map(line).collect()
}

/// A tenant with a database, and its user.
fn housed(database: &Database, name: &str) -> (Tenant, User, Arc<dyn TenantStore>) {
    let new = NewTenant {
        location: database.tenants().provision().unwrap(),
        ..new_tenant(name)
    };
    let tenant = database.control().writing(|unit| unit.tenants().add(new)).unwrap();
    let user = add_user(&*database.control(), &tenant, &format!("ada@{name}.test"));
    let store = database.tenants().open(&tenant).unwrap();
    (tenant, user, store)
}

fn rename(control: &dyn ControlStore, user: &User, name: &str) {
    let changes = UserChanges {
        name: Patch::Set(name.to_owned()),
        ..UserChanges::default()
    };
    users::update(control, &origin(), user.tenant_id, user.id, changes, Check::new(), |_| true).unwrap();
}

fn a_change_waits_beside_what_it_tells(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let fields = UserFields {
        email: Email::parse("Sam@Acme.test").unwrap(),
        name: Some(text("Sam")),
        role: Role::Manager,
        manager_id: Some(ada.id),
        office: None,
    };
    let hash = Password::parse("correct horse").unwrap().hash(QUICK).unwrap();
    let sam = control
        .writing(|unit| users::create(unit, &origin(), tenant.id, fields, hash))
        .unwrap();
    let by_key = Origin {
        actor: Actor::Job("user"),
        family: "cli",
    };
    users::set_role(&*control, &by_key, tenant.id, sam.id, Role::Admin).unwrap();
    users::set_active(&*control, &by_key, tenant.id, sam.id, false).unwrap_err();
    users::set_role(&*control, &by_key, tenant.id, ada.id, Role::Admin).unwrap();
    users::set_active(&*control, &origin(), tenant.id, sam.id, false).unwrap();
    let changes = waiting(&*control, tenant.id);
    assert_eq!(
        told(&changes),
        [
            (
                EntityKind::User,
                ChangeKind::Created,
                json!({
                    "email": [null, "Sam@Acme.test"], "name": [null, "Sam"], "role": [null, "Manager"], "is_active": [null, true],
                    "manager_id": [null, ada.id.get()],
                })
            ),
            (EntityKind::User, ChangeKind::Updated, json!({ "role": ["Manager", "Admin"] })),
            (EntityKind::User, ChangeKind::Updated, json!({ "role": ["User", "Admin"] })),
            (EntityKind::User, ChangeKind::Updated, json!({ "is_active": [true, false] })),
        ]
    );
    let whom: Vec<i64> = changes.iter().map(|change| change.change.entity_id).collect();
    assert_eq!(whom, [sam.id.get(), sam.id.get(), ada.id.get(), sam.id.get()]);
    let by: Vec<(&str, &str)> = changes
        .iter()
        .map(|change| (change.actor.as_str(), change.family.as_str()))
        .collect();
    assert_eq!(
        by,
        [("user:7", "saas"), ("job:user", "cli"), ("job:user", "cli"), ("user:7", "saas")]
    );
    assert!(changes.iter().all(|change| change.tenant_id == tenant.id));
}

fn no_secret_waits_with_it(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let hash = Password::parse("another horse").unwrap().hash(QUICK).unwrap();
    users::set_password(&*control, &origin(), tenant.id, ada.id, hash.clone()).unwrap();
    let key = control.writing(|unit| api_key::add(unit, &origin(), new_key(&ada, KeyFamily::Elevate)));
    let key = key.unwrap();
    let fields = UserFields {
        email: Email::parse("sam@acme.test").unwrap(),
        name: None,
        role: Role::User,
        manager_id: None,
        office: None,
    };
    let (token, _) = control
        .writing(|unit| invitations::invite(unit, &SystemEntropy, &origin(), tenant.id, ada.id, fields))
        .unwrap();
    let changes = waiting(&*control, tenant.id);
    assert_eq!(
        told(&changes)[0],
        (EntityKind::User, ChangeKind::Updated, json!({ "password": [null, null] }))
    );
    let all = format!("{changes:?}");
    for secret in [hash.as_str(), key.hash.as_str(), &key.public_id, token.as_str(), &token.digest()] {
        assert!(!all.contains(secret), "{secret} is told");
    }
}

fn an_invitation_and_a_key_are_told_from_first_to_last(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    users::set_role(&*control, &origin(), tenant.id, ada.id, Role::Admin).unwrap();
    let fields = |email: &str| UserFields {
        email: Email::parse(email).unwrap(),
        name: None,
        role: Role::User,
        manager_id: None,
        office: None,
    };
    let invite = |email| {
        let invited = control.writing(|unit| invitations::invite(unit, &SystemEntropy, &origin(), tenant.id, ada.id, fields(email)));
        invited.unwrap()
    };
    let ((_, revoked), (token, accepted)) = (invite("eve@acme.test"), invite("sam@acme.test"));
    invitations::revoke(&*control, &origin(), tenant.id, revoked.id).unwrap();
    let hash = Password::parse("correct horse").unwrap().hash(QUICK).unwrap();
    let signed_in = invitations::accept(&*control, &SystemEntropy, "saas", &token, None, hash, MINUTE).unwrap();
    let sam = signed_in.unwrap().user;
    let key = control.writing(|unit| api_key::add(unit, &origin(), new_key(&ada, KeyFamily::Elevate)));
    let key = key.unwrap();
    api_keys::revoke(&*control, &origin(), tenant.id, key.id).unwrap();
    let changes = waiting(&*control, tenant.id);
    let now = json!(database.now());
    let expires = json!(accepted.expires_at);
    let (ada_id, sam_id) = (ada.id.get(), sam.id.get());
    let invited = |email: &str| {
        json!({
            "email": [null, email], "role": [null, "User"], "invited_by": [null, ada_id], "expires_at": [null, expires],
        })
    };
    assert_eq!(
        told(&changes)[1..],
        [
            (EntityKind::Invitation, ChangeKind::Created, invited("eve@acme.test")),
            (EntityKind::Invitation, ChangeKind::Created, invited("sam@acme.test")),
            (EntityKind::Invitation, ChangeKind::Updated, json!({ "revoked_at": [null, now] })),
            (
                EntityKind::User,
                ChangeKind::Created,
                json!({ "email": [null, "sam@acme.test"], "role": [null, "User"], "is_active": [null, true] })
            ),
            (
                EntityKind::Invitation,
                ChangeKind::Updated,
                json!({ "accepted_at": [null, now], "user_id": [null, sam_id] })
            ),
            (
                EntityKind::ApiKey,
                ChangeKind::Created,
                json!({
                    "family": [null, "elevate"], "name": [null, "Warehouse"], "grants": [null, []], "ip_allowlist": [null, []],
                    "created_by": [null, ada_id],
                })
            ),
            (EntityKind::ApiKey, ChangeKind::Updated, json!({ "revoked_at": [null, now] })),
        ]
    );
    // Who accepts does so as the user that is made.
    let itself = format!("user:{sam_id}");
    assert_eq!((&changes[4].actor, &changes[5].actor), (&itself, &itself));
}

fn what_did_not_happen_does_not_wait(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    rename(&*control, &ada, ada.name.as_deref().unwrap());
    let key = add_key(&*control, &ada, KeyFamily::Elevate);
    let known = key.clone();
    control.writing(|unit| api_key::update(unit, &origin(), &known, &key)).unwrap();
    let refused = control.writing(|unit| {
        user::add(unit, &origin(), new_user(tenant.id, "bob@acme.test"))?;
        Err::<(), _>(Error::Conflict("undone".to_owned()))
    });
    assert!(refused.is_err());
    control
        .writing(|unit| {
            unit.users().note_login(ada.id)?;
            unit.api_keys().record_usage(&[])
        })
        .unwrap();
    assert_eq!(waiting(&*control, tenant.id), []);
    assert_eq!(control.reading(|reader| reader.changes().tenants()).unwrap(), []);
}

fn ids_ascend_when_the_clock_does_not(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let note = |unit: &mut dyn crm_domain::control::ControlUnit| {
        let change = NewChange {
            entity: EntityKind::User,
            entity_id: ada.id.get(),
            kind: ChangeKind::Updated,
            fields: "{}".to_owned(),
        };
        unit.changes().add(tenant.id, &origin(), change)
    };
    // Neither keeping nor forgetting one makes anybody read credentials again.
    assert!(!raises(&*control, |unit| note(unit).and_then(|()| note(unit))));
    // The tests' clock stands still.
    control.writing(note).unwrap();
    let ids: Vec<i64> = waiting(&*control, tenant.id).iter().map(|change| change.id).collect();
    let begin = crm_tests::database::START.micros();
    assert_eq!(ids, [begin, begin + 1, begin + 2]);
    assert!(!raises(&*control, |unit| unit.changes().remove_until(tenant.id, ids[1])));
    // What was given out is not given out again, even when nothing waits.
    control_changes::forget(&*control, tenant.id, ids[2]).unwrap();
    control.writing(note).unwrap();
    assert_eq!(waiting(&*control, tenant.id)[0].id, begin + 3);
}

fn every_change_is_carried_once_wherever_it_breaks_off(database: &Database) {
    let control = database.control();
    let (tenant, ada, store) = housed(database, "acme");
    add_account(&store, "Before");
    let names = |store: &Arc<dyn TenantStore>| -> Vec<Value> {
        let of_user = feed(store).into_iter().filter(|change| change.entity == EntityKind::User);
        let fields = |change: Change| serde_json::from_str::<Value>(&change.fields).unwrap();
        of_user.map(|change| fields(change)["name"][1].clone()).collect()
    };
    // Before the tenant's commit: nothing was carried, and it waits.
    rename(&*control, &ada, "One");
    rename(&*control, &ada, "Two");
    let seen = control_changes::waiting(&*control, tenant.id).unwrap();
    assert_eq!((seen.len(), names(&store)), (2, vec![]));
    // Between the two commits: it is in the feed and waits still.
    control_changes::append(&*store, seen.clone()).unwrap();
    assert_eq!(names(&store), ["One", "Two"]);
    assert_eq!(waiting(&*control, tenant.id), seen);
    rename(&*control, &ada, "Three");
    control_changes::carry(&*control, &*store, tenant.id).unwrap();
    assert_eq!(names(&store), ["One", "Two", "Three"]);
    assert_eq!(waiting(&*control, tenant.id), []);
    // Somebody who read it before it was forgotten.
    control_changes::append(&*store, seen.clone()).unwrap();
    control_changes::forget(&*control, tenant.id, seen[1].id).unwrap();
    control_changes::carry(&*control, &*store, tenant.id).unwrap();
    assert_eq!(names(&store), ["One", "Two", "Three"]);
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let carried = &changes[1];
    assert_eq!((carried.actor.as_str(), carried.family.as_str()), ("user:7", "saas"));
    assert_eq!((carried.entity_id, carried.kind), (ada.id.get(), ChangeKind::Updated));
    let reports = database.store().check();
    assert!(reports.iter().all(|report| report.problems.is_empty()), "{reports:?}");
}

/// One step of one of two carriers, or of who changes something. A carrier that reads anew has broken off what it was about before.
#[derive(Debug, Clone, Copy)]
enum Step {
    Change,
    Read(usize),
    Append(usize),
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Change),
        (0..2_usize).prop_map(Step::Read),
        (0..2_usize).prop_map(Step::Append),
        (0..2_usize).prop_map(Step::Forget),
    ]
}

/// What a carrier has read, and whether it has appended it.
#[derive(Default)]
struct Carrier {
    seen: Vec<ControlChange>,
    has_appended: bool,
}

fn any_interleaving_carries_each_change_once_and_in_order(database: &Database) {
    let control = database.control();
    let (tenant, ada, store) = housed(database, "acme");
    let mut runner = TestRunner::new(Config::with_cases(16));
    let made = Cell::new(0);
    let outcome = runner.run(&proptest::collection::vec(step(), 1..25), |steps| {
        let mut carriers = [Carrier::default(), Carrier::default()];
        for step in steps {
            match step {
                Step::Change => {
                    made.set(made.get() + 1);
                    rename(&*control, &ada, &format!("Name {}", made.get()));
                }
                Step::Read(which) => {
                    carriers[which] = Carrier {
                        seen: waiting(&*control, tenant.id),
                        has_appended: false,
                    };
                }
                Step::Append(which) => {
                    control_changes::append(&*store, carriers[which].seen.clone()).unwrap();
                    carriers[which].has_appended = true;
                }
                Step::Forget(which) => {
                    if let Some(last) = carriers[which].seen.last().filter(|_| carriers[which].has_appended) {
                        control_changes::forget(&*control, tenant.id, last.id).unwrap();
                    }
                }
            }
        }
        control_changes::carry(&*control, &*store, tenant.id).unwrap();
        let changes = feed(&store);
        assert_feed_in_order(&changes);
        let name = |change: &Change| serde_json::from_str::<Value>(&change.fields).unwrap()["name"][1].clone();
        let expected: Vec<Value> = (1..=made.get()).map(|number| json!(format!("Name {number}"))).collect();
        prop_assert_eq!(changes.iter().map(name).collect::<Vec<_>>(), expected);
        prop_assert_eq!(waiting(&*control, tenant.id), vec![]);
        Ok(())
    });
    outcome.unwrap();
}

fn a_tenants_changes_go_into_its_own_feed(database: &Database) {
    let control = database.control();
    let ((acme, ada, ours), (globex, hank, theirs)) = (housed(database, "acme"), housed(database, "globex"));
    rename(&*control, &ada, "Ada");
    rename(&*control, &hank, "Hank");
    let theirs_waiting = waiting(&*control, globex.id);
    control_changes::carry_of(&*control, &*database.tenants(), acme.id).unwrap();
    assert_eq!((feed(&ours).len(), feed(&theirs).len()), (1, 0));
    assert_eq!(waiting(&*control, globex.id), theirs_waiting);
    assert_eq!(control.reading(|reader| reader.changes().tenants()).unwrap(), [globex.id]);
    control_changes::carry_all(&*control, &*database.tenants(), |_, error| panic!("{error}")).unwrap();
    let ids = |store| feed(store).into_iter().map(|change| change.entity_id).collect::<Vec<_>>();
    assert_eq!((ids(&ours), ids(&theirs)), (vec![ada.id.get()], vec![hank.id.get()]));
    assert_eq!(control.reading(|reader| reader.changes().tenants()).unwrap(), []);
}

fn many_carriers_carry_each_change_once_and_in_order(database: &Database) {
    const ROUNDS: usize = 10;
    let (tenant, ada, _) = housed(database, "acme");
    let nodes = [database.another_node(), database.another_node()];
    race(8, |index| {
        let node = &nodes[index % 2];
        let (control, store) = (node.control(), node.tenants().open(&tenant).unwrap());
        for round in 0..ROUNDS {
            rename(&*control, &ada, &format!("{index} {round}"));
            control_changes::carry(&*control, &*store, tenant.id).unwrap();
            add_account(&store, "Between");
        }
    });
    assert_eq!(waiting(&*database.control(), tenant.id), []);
    let changes = feed(&nodes[0].tenants().open(&tenant).unwrap());
    assert_feed_in_order(&changes);
    let of_user: Vec<Value> = changes
        .iter()
        .filter(|change| change.entity == EntityKind::User)
        .map(|change| serde_json::from_str(&change.fields).unwrap())
        .collect();
    assert_eq!(of_user.len(), 8 * ROUNDS);
    // Each begins where the one before ended: none is missing, doubled or out of order.
    assert!(
        of_user.windows(2).all(|pair| pair[0]["name"][1] == pair[1]["name"][0]),
        "{of_user:?}"
    );
    nodes.iter().for_each(crm_store::Store::close);
}

fn a_tenant_that_is_away_holds_up_nobody(database: &Database) {
    let control = database.control();
    let gone = add_tenant(&*control, "gone");
    let eve = add_user(&*control, &gone, "eve@gone.test");
    let (_, ada, store) = housed(database, "acme");
    rename(&*control, &eve, "Eve");
    rename(&*control, &ada, "Ada");
    let mut failed = Vec::new();
    control_changes::carry_all(&*control, &*database.tenants(), |tenant, _| failed.push(tenant)).unwrap();
    assert_eq!(failed, [gone.id]);
    assert_eq!((feed(&store).len(), waiting(&*control, gone.id).len()), (1, 1));
}
