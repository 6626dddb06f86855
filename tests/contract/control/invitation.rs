use crm_domain::{
    clock::{ManualClock, SystemEntropy},
    control::{
        ControlStore,
        invitation::{Invitation, InvitationState, InvitationToken, LIFETIME, NewInvitation},
        tenant::Tenant,
        user::{Password, Role, User, UserFields},
    },
    error::{Error, Problem},
    field::Email,
    id::{InvitationId, RecordId},
    page::{Cursor, SortValue, Start, Window},
    usecase::{invitations, sign_in::SignInError},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, QUICK, acme, add_tenant, add_user, origin, race, raises, text};

each_backend!(
    an_invitation_is_kept_as_given,
    an_invitation_is_found_by_id_digest_and_email,
    invitations_are_listed_newest_first,
    an_invitation_is_closed_once,
    of_twenty_acceptances_one_makes_the_user,
    a_taken_email_leaves_the_invitation_open,
);

fn fields(email: &str) -> UserFields {
    UserFields {
        email: Email::parse(email).unwrap(),
        name: Some(text("Sam Seller")),
        role: Role::Manager,
        manager_id: None,
        office: Some(text("Berlin")),
    }
}

fn add(control: &dyn ControlStore, tenant: &Tenant, by: &User, email: &str) -> (InvitationToken, Invitation) {
    let invited = control.writing(|unit| invitations::invite(unit, &SystemEntropy, &origin(), tenant.id, by.id, fields(email)));
    invited.unwrap()
}

fn an_invitation_is_kept_as_given(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let token = InvitationToken::random(&SystemEntropy);
    let new = NewInvitation {
        tenant_id: tenant.id,
        fields: UserFields {
            manager_id: Some(ada.id),
            ..fields("Sam@Acme.test")
        },
        digest: token.digest(),
        invited_by: ada.id,
        expires_at: database.now().plus(LIFETIME),
    };
    let made = control.writing(|unit| unit.invitations().add(new.clone())).unwrap();
    let expected = Invitation {
        id: made.id,
        tenant_id: tenant.id,
        fields: new.fields,
        invited_by: ada.id,
        created_at: database.now(),
        expires_at: new.expires_at,
        accepted: None,
        revoked_at: None,
    };
    assert_eq!(made, expected);
    let found = control.reading(|reader| reader.invitations().lookup(tenant.id, made.id)).unwrap();
    assert_eq!(found, Some(expected));
}

fn an_invitation_is_found_by_id_digest_and_email(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let (token, made) = add(&*control, &tenant, &ada, "Jörg.ÖZ@acme.test");
    control
        .reading(|reader| {
            let found = reader.invitations();
            assert_eq!(found.lookup_digest(&token.digest())?.as_ref(), Some(&made));
            let email = Email::parse("JÖRG.öz@ACME.test").unwrap();
            assert_eq!(found.lookup_email(tenant.id, &email)?.as_ref(), Some(&made));
            assert_eq!(found.lookup_email(globex.id, &email)?, None);
            assert_eq!(found.lookup(globex.id, made.id)?, None, "another tenant's");
            assert_eq!(found.lookup(tenant.id, InvitationId::from_i64(99))?, None);
            for digest in ["", token.as_str(), "\0"] {
                assert_eq!(found.lookup_digest(digest)?, None);
            }
            Ok(())
        })
        .unwrap();
}

fn invitations_are_listed_newest_first(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    add(&*control, &globex, &hank, "other@globex.test");
    let made: Vec<_> = (1..=3)
        .map(|number| add(&*control, &tenant, &ada, &format!("guest{number}@acme.test")).1)
        .collect();
    let list = |limit, start| control.reading(|reader| reader.invitations().list(tenant.id, &Window { limit, start }));
    let cursor = |value| {
        Start::After(Cursor {
            value,
            id: made[1].id.get(),
            seen: database.now(),
            list: 0,
        })
    };
    for (limit, start, expected, has_more) in [
        (2, Start::Offset(0), vec![2, 1], true),
        (2, Start::Offset(2), vec![0], false),
        (2, Start::Offset(u64::MAX), vec![], false),
        (3, Start::Offset(0), vec![2, 1, 0], false),
        (2, cursor(SortValue::Id), vec![0], false),
    ] {
        let page = list(limit, start).unwrap();
        let expected: Vec<_> = expected.into_iter().map(|index: usize| made[index].clone()).collect();
        assert_eq!((page.items, page.total, page.has_more), (expected, 3, has_more));
    }
    assert!(matches!(list(1, cursor(SortValue::Text(None))), Err(Error::Invalid(_))));
}

fn an_invitation_is_closed_once(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let (token, made) = add(&*control, &tenant, &ada, "sam@acme.test");
    let lookup = || {
        control
            .reading(|reader| reader.invitations().lookup(tenant.id, made.id))
            .unwrap()
            .unwrap()
    };
    database.advance(MINUTE);
    assert!(!raises(&*control, |unit| {
        let revoked_at = Some(unit.stamp());
        unit.invitations().close(&Invitation {
            revoked_at,
            ..made.clone()
        })
    }));
    assert_eq!(lookup().revoked_at, Some(database.now()));
    assert_eq!(lookup().state(database.now()), InvitationState::Revoked);
    database.advance(MINUTE);
    let before = lookup();
    invitations::revoke(&*control, &origin(), tenant.id, made.id).unwrap();
    assert_eq!(lookup(), before, "revoking twice changes nothing");
    let clock = ManualClock::at(database.now());
    assert_eq!(
        invitations::check(&*control, &clock, token.as_str()).unwrap(),
        Err(SignInError::BadInvitation)
    );
    let stranger = Invitation {
        tenant_id: add_tenant(&*control, "globex").id,
        ..made
    };
    let closed = control.writing(|unit| unit.invitations().close(&stranger));
    assert!(matches!(closed, Err(Error::NotFound { noun: "invitation", .. })), "{closed:?}");
}

fn of_twenty_acceptances_one_makes_the_user(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let (token, made) = add(&*control, &tenant, &ada, "sam@acme.test");
    let nodes = [database.control(), database.another_node().control()];
    let hash = Password::parse("Sam@12345").unwrap().hash(QUICK).unwrap();
    let results = race(20, |index| {
        let name = Some(text(&format!("Sam {index}")));
        invitations::accept(&*nodes[index % 2], &SystemEntropy, "saas", &token, name, hash.clone(), LIFETIME).unwrap()
    });
    let (made_users, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert!(refused.iter().all(|refused| matches!(refused, Err(SignInError::BadInvitation))));
    let [Ok(signed_in)] = &made_users[..] else {
        panic!("{made_users:?}")
    };
    let users = control.reading(|reader| reader.users().list(tenant.id)).unwrap();
    assert_eq!(users.iter().map(|user| user.id).collect::<Vec<_>>(), [ada.id, signed_in.user.id]);
    assert_eq!(users[1].last_login_at, Some(database.now()));
    let kept = control
        .reading(|reader| reader.invitations().lookup(tenant.id, made.id))
        .unwrap()
        .unwrap();
    assert_eq!(kept.accepted, Some((database.now(), signed_in.user.id)));
}

fn a_taken_email_leaves_the_invitation_open(database: &Database) {
    let control = database.control();
    let (tenant, ada) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    let (token, made) = add(&*control, &tenant, &ada, "sam@acme.test");
    add_user(&*control, &globex, "SAM@acme.test");
    let hash = Password::parse("Sam@12345").unwrap().hash(QUICK).unwrap();
    let result = invitations::accept(&*control, &SystemEntropy, "saas", &token, None, hash, LIFETIME);
    assert!(
        matches!(
            result,
            Err(Error::Duplicate {
                noun: "user",
                field: "email"
            })
        ),
        "{result:?}"
    );
    let kept = control
        .reading(|reader| reader.invitations().lookup(tenant.id, made.id))
        .unwrap()
        .unwrap();
    assert_eq!(kept.state(database.now()), InvitationState::Pending);
    let strangers_manager = UserFields {
        manager_id: Some(hank.id),
        ..fields("eve@acme.test")
    };
    let result = control.writing(|unit| invitations::invite(unit, &SystemEntropy, &origin(), tenant.id, ada.id, strangers_manager));
    let Err(Error::Invalid(errors)) = result else {
        panic!("a manager of another tenant")
    };
    assert_eq!(errors[0].problem, Problem::Reference { noun: "user" });
}
