//! What users have set for themselves, and closing their accounts.

use crm_domain::{
    control::{
        api_key::KeyFamily,
        user::Role,
        user_setting::{Section, UserSettings},
    },
    error::Error,
    id::UserId,
    usecase::users::{Identity, change_identity, close_account},
};
use crm_tests::{database::Database, each_backend};
use serde_json::{Value, json};

use super::{acme, add_key, add_session, add_user, origin, raises, text};

each_backend!(
    a_section_is_kept_for_its_user_and_replaced,
    the_keys_of_a_user_are_listed_newest_first,
    a_refused_identity_keeps_nothing,
    a_closed_account_leaves_its_row_alone,
);

fn settings(value: Value) -> UserSettings {
    let Value::Object(members) = value else { panic!("an object") };
    UserSettings::parse(members).unwrap()
}

fn kept(database: &Database, user: UserId, section: Section) -> Value {
    let found = database.control().reading(|reader| reader.user_settings().lookup(user, section));
    Value::Object(found.unwrap().into_inner())
}

fn a_section_is_kept_for_its_user_and_replaced(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let other = add_user(&*control, &tenant, "bob@acme.test");
    let keep = |value: Value| {
        let value = settings(value);
        raises(&*control, |unit| unit.user_settings().keep(user.id, Section::System, &value))
    };
    assert_eq!(kept(database, user.id, Section::System), json!({}));
    for value in [json!({ "a": ["🪑", null, 1.5] }), json!({ "b": {} }), json!({})] {
        assert!(!keep(value.clone()), "no credential follows from it");
        assert_eq!(kept(database, user.id, Section::System), value);
    }
    keep(json!({ "c": 1 }));
    assert_eq!(kept(database, user.id, Section::Profile), json!({}));
    assert_eq!(kept(database, other.id, Section::System), json!({}));
}

fn the_keys_of_a_user_are_listed_newest_first(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let other = add_user(&*control, &tenant, "bob@acme.test");
    let first = add_key(&*control, &user, KeyFamily::Contacts);
    add_key(&*control, &user, KeyFamily::Elevate);
    add_key(&*control, &other, KeyFamily::Contacts);
    let second = add_key(&*control, &user, KeyFamily::Contacts);
    let listed = control.reading(|reader| reader.api_keys().list_of_user(tenant.id, user.id, KeyFamily::Contacts));
    assert_eq!(listed.unwrap(), [second, first]);
}

fn a_refused_identity_keeps_nothing(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let other = add_user(&*control, &tenant, "bob@acme.test");
    let identity = Identity {
        email: crm_domain::field::Patch::Set(other.email.clone().unwrap()),
        name: crm_domain::field::Patch::Set(text("Somebody")),
    };
    let refused = change_identity(&*control, &origin(), tenant.id, user.id, identity, |unit| {
        unit.user_settings().keep(user.id, Section::Profile, &settings(json!({ "a": 1 })))
    });
    assert!(
        matches!(
            refused,
            Err(Error::Duplicate {
                noun: "user",
                field: "email"
            })
        ),
        "{refused:?}"
    );
    assert_eq!(kept(database, user.id, Section::Profile), json!({}));
    let now = control.reading(|reader| reader.users().lookup(user.id)).unwrap();
    assert_eq!(now, Some(user));
}

fn a_closed_account_leaves_its_row_alone(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let mut admin = add_user(&*control, &tenant, "admin@acme.test");
    admin.role = Role::Admin;
    control.writing(|unit| unit.users().update(&admin)).unwrap();
    let session = add_session(&*control, &user);
    let key = add_key(&*control, &user, KeyFamily::Contacts);
    let foreign = add_key(&*control, &user, KeyFamily::HealthTrixss);
    control
        .writing(|unit| unit.user_settings().keep(user.id, Section::System, &settings(json!({ "a": 1 }))))
        .unwrap();
    close_account(&*control, &origin(), tenant.id, user.id).unwrap();
    control
        .reading(|reader| {
            let row = reader.users().lookup(user.id)?.unwrap();
            assert_eq!((row.email, row.name, row.password, row.is_active), (None, None, None, false));
            assert!(reader.users().lookup_email("ada@acme.test")?.is_none());
            assert!(reader.sessions().lookup(session)?.unwrap().ended_at.is_some());
            assert!(reader.api_keys().lookup(tenant.id, key.id)?.unwrap().revoked_at.is_some());
            assert!(reader.api_keys().lookup(tenant.id, foreign.id)?.unwrap().revoked_at.is_none());
            Ok(())
        })
        .unwrap();
    assert_eq!(kept(database, user.id, Section::System), json!({}));
    assert!(matches!(
        close_account(&*control, &origin(), tenant.id, admin.id),
        Err(Error::State { .. })
    ));
}
