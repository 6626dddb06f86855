use crm_domain::{
    control::user::{NewUser, Password, Role, User, unknown_owners},
    error::{Error, FieldError, Problem},
    field::Email,
    id::{RecordId, TenantId, UserId},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, PASSWORD, QUICK, acme, add_tenant, add_user, new_user, race, raises, text};

each_backend!(
    a_new_user_is_kept_as_given,
    an_email_finds_its_user_whatever_its_case,
    an_unknown_user_is_absent,
    an_email_is_unique_over_the_deployment,
    users_without_email_are_many,
    an_update_is_kept_and_raises_the_epoch,
    an_update_cannot_take_anothers_email,
    a_given_up_email_is_free,
    a_user_of_another_tenant_cannot_be_updated,
    a_tenants_users_are_listed_oldest_first,
    a_manager_belongs_to_the_same_tenant,
    a_refused_user_leaves_the_transaction_usable,
    of_twenty_users_with_one_email_one_is_kept,
    users_are_found_together_by_their_ids,
    who_owns_nothing_is_told_of_many_at_once,
    a_login_is_noted_without_raising_the_epoch,
);

fn a_new_user_is_kept_as_given(database: &Database) {
    let control = database.control();
    let (tenant, manager) = acme(&*control);
    let new = NewUser {
        role: Role::Manager,
        manager_id: Some(manager.id),
        ..new_user(tenant.id, "Grace.Hopper@Acme.test")
    };
    let made = control.writing(|unit| unit.users().add(new.clone())).unwrap();
    let expected = User {
        id: made.id,
        tenant_id: tenant.id,
        email: new.email,
        name: new.name,
        role: Role::Manager,
        password: new.password,
        is_active: true,
        manager_id: Some(manager.id),
        office: new.office,
        created_at: database.now(),
        updated_at: database.now(),
        last_login_at: None,
    };
    assert_eq!(made, expected);
    let found = control.reading(|reader| reader.users().lookup(made.id)).unwrap();
    assert_eq!(found, Some(expected));
    assert!(made.password.unwrap().verify(&Password::candidate(PASSWORD)));
}

fn an_email_finds_its_user_whatever_its_case(database: &Database) {
    let control = database.control();
    let tenant = add_tenant(&*control, "acme");
    let user = add_user(&*control, &tenant, "Jörg.ÖZ@Acme.Test");
    for same in [
        "Jörg.ÖZ@Acme.Test",
        "jörg.öz@acme.test",
        "JÖRG.ÖZ@ACME.TEST",
        " jörg.öz@acme.test\n",
    ] {
        let found = control.reading(|reader| reader.users().lookup_email(same)).unwrap();
        assert_eq!(found.as_ref(), Some(&user), "{same}");
    }
}

fn an_unknown_user_is_absent(database: &Database) {
    let control = database.control();
    acme(&*control);
    let found = control.reading(|reader| reader.users().lookup(UserId::from_i64(99))).unwrap();
    assert_eq!(found, None);
    let others = [
        "",
        "ada",
        "ada@acme.tes_",
        "%",
        "ada@acme.test\0",
        "\0",
        "'; DROP TABLE app_user; --",
        &"x".repeat(100_000),
    ];
    for email in others {
        let found = control.reading(|reader| reader.users().lookup_email(email)).unwrap();
        assert_eq!(found, None, "{:.40}", email);
    }
}

fn an_email_is_unique_over_the_deployment(database: &Database) {
    let control = database.control();
    let (acme, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    for (tenant, email) in [(&acme, "ada@acme.test"), (&globex, "ADA@acme.test"), (&globex, "Ada@Acme.Test")] {
        let result = control.writing(|unit| unit.users().add(new_user(tenant.id, email)));
        assert_duplicate_email(result);
    }
    assert_eq!(control.reading(|reader| reader.users().list(acme.id)).unwrap(), [ada]);
    assert!(control.reading(|reader| reader.users().list(globex.id)).unwrap().is_empty());
}

fn users_without_email_are_many(database: &Database) {
    let control = database.control();
    let tenant = add_tenant(&*control, "acme");
    let nameless = NewUser {
        email: None,
        name: None,
        password: None,
        office: None,
        ..new_user(tenant.id, "unused@acme.test")
    };
    let made = control
        .writing(|unit| Ok([unit.users().add(nameless.clone())?, unit.users().add(nameless)?]))
        .unwrap();
    assert_eq!(control.reading(|reader| reader.users().list(tenant.id)).unwrap(), made);
    assert_eq!(
        (&made[0].email, &made[0].name, &made[0].password, &made[0].office),
        (&None, &None, &None, &None)
    );
}

fn an_update_is_kept_and_raises_the_epoch(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let grace = add_user(&*control, &tenant, "grace@acme.test");
    database.advance(MINUTE);
    let changed = User {
        email: Some(Email::parse("ada.king@acme.test").unwrap()),
        name: Some(text("Ada King")),
        role: Role::Admin,
        password: Some(Password::parse("battery staple").unwrap().hash(QUICK).unwrap()),
        is_active: false,
        manager_id: Some(grace.id),
        office: Some(text("Ockham")),
        ..ada.clone()
    };
    assert!(raises(&*control, |unit| unit.users().update(&changed)));
    let changed = User {
        updated_at: database.now(),
        ..changed
    };
    assert_eq!(
        control.reading(|reader| reader.users().lookup(ada.id)).unwrap(),
        Some(changed.clone())
    );

    let cleared = User {
        email: None,
        name: None,
        password: None,
        manager_id: None,
        office: None,
        ..changed
    };
    control.writing(|unit| unit.users().update(&cleared)).unwrap();
    assert_eq!(control.reading(|reader| reader.users().list(tenant.id)).unwrap(), [cleared, grace]);
    assert!(!raises(&*control, |unit| unit
        .users()
        .add(new_user(tenant.id, "new@acme.test"))
        .map(drop)));
}

fn an_update_cannot_take_anothers_email(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let grace = add_user(&*control, &tenant, "grace@acme.test");
    let taking = User {
        email: Some(Email::parse("ADA@acme.test").unwrap()),
        ..grace.clone()
    };
    assert_duplicate_email(control.writing(|unit| unit.users().update(&taking)));
    assert_eq!(
        control.reading(|reader| reader.users().list(tenant.id)).unwrap(),
        [ada.clone(), grace]
    );
    // Its own email in another case is no other's.
    let respelled = User {
        email: Some(Email::parse("ADA@acme.test").unwrap()),
        ..ada
    };
    control.writing(|unit| unit.users().update(&respelled)).unwrap();
    let found = control.reading(|reader| reader.users().lookup_email("ada@acme.test")).unwrap();
    assert_eq!(found.unwrap().email, respelled.email);
}

fn a_given_up_email_is_free(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let moved = User {
        email: Some(Email::parse("ada@home.test").unwrap()),
        ..ada
    };
    control.writing(|unit| unit.users().update(&moved)).unwrap();
    let successor = add_user(&*control, &tenant, "ada@acme.test");
    let found = control.reading(|reader| reader.users().lookup_email("ada@acme.test")).unwrap();
    assert_eq!(found, Some(successor));
}

fn a_user_of_another_tenant_cannot_be_updated(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let unknown = [
        User {
            tenant_id: globex.id,
            ..ada.clone()
        },
        User {
            id: UserId::from_i64(99),
            ..ada.clone()
        },
        User {
            tenant_id: TenantId::from_i64(99),
            ..ada.clone()
        },
    ];
    for user in unknown {
        let result = control.writing(|unit| unit.users().update(&user));
        assert!(matches!(result, Err(Error::NotFound { noun: "user", .. })), "{result:?}");
    }
    assert_eq!(control.reading(|reader| reader.users().lookup(ada.id)).unwrap(), Some(ada));
}

fn a_tenants_users_are_listed_oldest_first(database: &Database) {
    let control = database.control();
    let (acme, globex) = (add_tenant(&*control, "acme"), add_tenant(&*control, "globex"));
    let zoe = add_user(&*control, &acme, "zoe@acme.test");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    let ada = add_user(&*control, &acme, "ada@acme.test");
    assert_eq!(control.reading(|reader| reader.users().list(acme.id)).unwrap(), [zoe, ada]);
    assert_eq!(control.reading(|reader| reader.users().list(globex.id)).unwrap(), [hank]);
}

fn a_manager_belongs_to_the_same_tenant(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    for manager in [ada.id, UserId::from_i64(99)] {
        let added = control.writing(|unit| {
            unit.users().add(NewUser {
                manager_id: Some(manager),
                ..new_user(globex.id, "new@globex.test")
            })
        });
        let updated = control.writing(|unit| {
            unit.users().update(&User {
                manager_id: Some(manager),
                ..hank.clone()
            })
        });
        for result in [added.map(drop), updated] {
            let expected = FieldError {
                field: "manager_id".to_owned(),
                problem: Problem::Reference { noun: "user" },
            };
            assert!(
                matches!(&result, Err(Error::Invalid(errors)) if *errors == [expected]),
                "{result:?}"
            );
        }
    }
    assert_eq!(control.reading(|reader| reader.users().list(globex.id)).unwrap(), [hank]);
}

fn a_refused_user_leaves_the_transaction_usable(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let made = control
        .writing(|unit| {
            assert_duplicate_email(unit.users().add(new_user(tenant.id, "ada@acme.test")));
            let grace = unit.users().add(new_user(tenant.id, "grace@acme.test"))?;
            let taking = User {
                email: ada.email.clone(),
                ..grace.clone()
            };
            assert_duplicate_email(unit.users().update(&taking));
            Ok(grace)
        })
        .unwrap();
    assert_eq!(control.reading(|reader| reader.users().list(tenant.id)).unwrap(), [ada, made]);
}

fn of_twenty_users_with_one_email_one_is_kept(database: &Database) {
    let control = database.control();
    let tenant = add_tenant(&*control, "acme");
    let nodes = [database.control(), database.another_node().control()];
    let results = race(20, |index| {
        let email = if index % 3 == 0 { "ADA@acme.test" } else { "ada@acme.test" };
        nodes[index % 2].writing(|unit| unit.users().add(new_user(tenant.id, email)))
    });
    let (kept, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(kept.len(), 1);
    refused.into_iter().for_each(assert_duplicate_email);
    let kept: Vec<_> = kept.into_iter().map(Result::unwrap).collect();
    assert_eq!(control.reading(|reader| reader.users().list(tenant.id)).unwrap(), kept);
}

fn users_are_found_together_by_their_ids(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let (grace, hank) = (
        add_user(&*control, &tenant, "grace@acme.test"),
        add_user(&*control, &globex, "hank@globex.test"),
    );
    let ids = [grace.id, hank.id, ada.id, UserId::from_i64(99), ada.id];
    let mut found = control.reading(|reader| reader.users().lookup_many(tenant.id, &ids)).unwrap();
    found.sort_by_key(|user| user.id);
    assert_eq!(found, [ada, grace]);
    assert!(
        control
            .reading(|reader| reader.users().lookup_many(tenant.id, &[]))
            .unwrap()
            .is_empty()
    );
}

fn who_owns_nothing_is_told_of_many_at_once(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let (left, hank) = (
        add_user(&*control, &tenant, "grace@acme.test"),
        add_user(&*control, &globex, "hank@globex.test"),
    );
    let mut gone = left.clone();
    gone.is_active = false;
    control.writing(|unit| unit.users().update(&gone)).unwrap();
    let nobody = UserId::from_i64(99);
    let unknown = |ids: &[UserId]| unknown_owners(&*control, tenant.id, ids).unwrap();
    assert_eq!(unknown(&[hank.id, ada.id, left.id, nobody]), [hank.id, left.id, nobody]);
    assert_eq!((unknown(&[ada.id]), unknown(&[])), (vec![], vec![]));
    // As many as a bulk may name.
    let many: Vec<UserId> = (1_000..1_500).map(UserId::from_i64).collect();
    assert_eq!(unknown(&many), many);
}

fn a_login_is_noted_without_raising_the_epoch(database: &Database) {
    let control = database.control();
    let (_, ada) = acme(&*control);
    database.advance(MINUTE);
    assert!(!raises(&*control, |unit| unit.users().note_login(ada.id)));
    let noted = control.reading(|reader| reader.users().lookup(ada.id)).unwrap().unwrap();
    assert_eq!((noted.last_login_at, noted.updated_at), (Some(database.now()), ada.updated_at));
    // What is written of a user read before does not undo it.
    control.writing(|unit| unit.users().update(&ada)).unwrap();
    let kept = control.reading(|reader| reader.users().lookup(ada.id)).unwrap().unwrap();
    assert_eq!(kept.last_login_at, noted.last_login_at);
}

fn assert_duplicate_email<T: std::fmt::Debug>(result: crm_domain::Result<T>) {
    let duplicate = matches!(
        result,
        Err(Error::Duplicate {
            noun: "user",
            field: "email"
        })
    );
    assert!(duplicate, "{result:?}");
}
