use crm_domain::{
    clock::SystemEntropy,
    control::{
        ControlStore,
        api_key::{ApiKey, ApiKeyDraft, ApiKeyFields, KeyFamily, KeyHash, KeyText, KeyUsage},
        user::{Role, User},
    },
    error::{Error, Result},
    field::{Check, Patch},
    id::{ApiKeyId, RecordId, TenantId},
    page::{Cursor, Page, SortValue, Start, Window},
    usecase::{api_keys, users},
};
use crm_tests::{database::Database, each_backend};

use super::{MINUTE, acme, add_key, add_tenant, add_user, new_key, origin, race, raises, text};

each_backend!(
    a_new_key_is_kept_as_given,
    a_public_id_finds_its_key,
    two_keys_cannot_share_a_public_id,
    a_key_is_of_its_tenant_only,
    keys_are_listed_newest_first,
    a_list_has_windows,
    an_update_is_kept_and_raises_the_epoch,
    a_revocation_raises_the_epoch_once,
    a_key_of_another_tenant_cannot_be_updated,
    uses_add_up_and_do_not_raise_the_epoch,
    no_use_is_lost_among_nodes,
    a_key_is_made_by_who_may_and_has_what_its_creator_has,
);

fn every_field() -> ApiKeyFields {
    ApiKeyFields {
        name: text("Lager \"Süd\", 50 %"),
        description: Some(text("reads\nand writes")),
        grants: vec!["contacts:read".to_owned(), "contacts:write".to_owned()],
        rate_limit: Some(100_000_000),
        expires_at: Some(crm_tests::database::START.plus(MINUTE)),
        ip_allowlist: ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"]
            .map(|net| net.parse().unwrap())
            .to_vec(),
    }
}

fn lookup(control: &dyn ControlStore, key: &ApiKey) -> Option<ApiKey> {
    control.reading(|reader| reader.api_keys().lookup(key.tenant_id, key.id)).unwrap()
}

fn a_new_key_is_kept_as_given(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    for (family, fields) in KeyFamily::ALL
        .into_iter()
        .zip([every_field(), new_key(&user, KeyFamily::Elevate).fields].into_iter().cycle())
    {
        let mut new = new_key(&user, family);
        new.fields = fields;
        let made = control.writing(|unit| unit.api_keys().add(new.clone())).unwrap();
        let expected = ApiKey {
            id: made.id,
            tenant_id: tenant.id,
            family,
            public_id: new.public_id,
            hash: new.hash,
            fields: new.fields,
            created_by: user.id,
            created_at: database.now(),
            revoked_at: None,
            last_used_at: None,
            request_count: 0,
        };
        assert_eq!(made, expected);
        assert_eq!(lookup(&*control, &made), Some(expected));
    }
    assert!(!raises(&*control, |unit| unit
        .api_keys()
        .add(new_key(&user, KeyFamily::Halopsa))
        .map(drop)));
}

fn a_public_id_finds_its_key(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let keys = KeyFamily::ALL.map(|family| add_key(&*control, &user, family));
    let find = |public_id: &str| control.reading(|reader| reader.api_keys().lookup_public(public_id)).unwrap();
    for key in &keys {
        assert_eq!(find(&key.public_id).as_ref(), Some(key));
    }
    let id = &keys[0].public_id;
    for unknown in ["", "\0", "%", &id[1..], &format!("{id}\0"), &"x".repeat(20_000)] {
        assert_eq!(find(unknown), None, "{unknown:.40?}");
    }
}

fn two_keys_cannot_share_a_public_id(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let first = add_key(&*control, &user, KeyFamily::HealthTrixss);
    let mut twin = new_key(&user, KeyFamily::Elevate);
    twin.public_id.clone_from(&first.public_id);
    assert!(control.writing(|unit| unit.api_keys().add(twin)).is_err());
    let found = control.reading(|reader| reader.api_keys().lookup_public(&first.public_id)).unwrap();
    assert_eq!(found, Some(first));
}

fn a_key_is_of_its_tenant_only(database: &Database) {
    let control = database.control();
    let (acme, user) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let key = add_key(&*control, &user, KeyFamily::Contacts);
    let find = |tenant: TenantId, id: ApiKeyId| control.reading(|reader| reader.api_keys().lookup(tenant, id)).unwrap();
    assert_eq!(find(acme.id, key.id), Some(key.clone()));
    let many =
        |tenant: TenantId| control.reading(|reader| reader.api_keys().lookup_many(tenant, &[key.id, key.id, ApiKeyId::from_i64(99)]));
    assert_eq!((many(acme.id).unwrap(), many(globex.id).unwrap()), (vec![key.clone()], vec![]));
    assert_eq!(find(globex.id, key.id), None);
    assert_eq!(find(acme.id, ApiKeyId::from_i64(99)), None);
    assert_eq!(list(&*control, globex.id, None, &Window::first(10)).total, 0);
}

fn list(control: &dyn ControlStore, tenant: TenantId, family: Option<KeyFamily>, window: &Window) -> Page<ApiKey> {
    control.reading(|reader| reader.api_keys().list(tenant, family, window)).unwrap()
}

fn keys_are_listed_newest_first(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let hank = add_user(&*control, &globex, "hank@globex.test");
    let [a1, b, a2] =
        [KeyFamily::HealthTrixss, KeyFamily::Halopsa, KeyFamily::HealthTrixss].map(|family| add_key(&*control, &user, family));
    add_key(&*control, &hank, KeyFamily::HealthTrixss);
    let b = api_keys::revoke(&*control, &origin(), tenant.id, b.id).unwrap();

    let all = list(&*control, tenant.id, None, &Window::first(10));
    assert_eq!((all.total, all.has_more), (3, false));
    assert_eq!(all.items, [a2.clone(), b.clone(), a1.clone()]);
    let of_a = list(&*control, tenant.id, Some(KeyFamily::HealthTrixss), &Window::first(10));
    assert_eq!((of_a.total, of_a.items), (2, vec![a2, a1]));
    let of_b = list(&*control, tenant.id, Some(KeyFamily::Halopsa), &Window::first(10));
    assert_eq!((of_b.total, of_b.items), (1, vec![b]));
    let of_e = list(&*control, tenant.id, Some(KeyFamily::Elevate), &Window::first(10));
    assert_eq!((of_e.total, of_e.items), (0, vec![]));
}

fn a_list_has_windows(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let mut keys: Vec<_> = (0..5).map(|_| add_key(&*control, &user, KeyFamily::Contacts)).collect();
    keys.reverse();
    let page = |limit, start| {
        let page = list(&*control, tenant.id, None, &Window { limit, start });
        assert_eq!(page.total, 5);
        (page.items, page.has_more)
    };
    assert_eq!(page(2, Start::Offset(0)), (keys[..2].to_vec(), true));
    assert_eq!(page(2, Start::Offset(2)), (keys[2..4].to_vec(), true));
    assert_eq!(page(2, Start::Offset(4)), (keys[4..].to_vec(), false));
    assert_eq!(page(5, Start::Offset(0)), (keys.clone(), false));
    assert_eq!(page(2, Start::Offset(5)), (vec![], false));
    assert_eq!(page(u32::MAX, Start::Offset(u64::MAX)), (vec![], false));
    assert_eq!(page(0, Start::Offset(0)), (vec![], true));
    let after = |value| {
        Start::After(Cursor {
            value,
            id: keys[1].id.get(),
            seen: database.now(),
            list: 0,
        })
    };
    assert_eq!(page(2, after(SortValue::Id)), (keys[2..4].to_vec(), true));
    let window = Window {
        limit: 2,
        start: after(SortValue::Text(None)),
    };
    let refused = control.reading(|reader| reader.api_keys().list(tenant.id, None, &window));
    assert!(matches!(refused, Err(Error::Invalid(_))), "a cursor of another order");
}

fn an_update_is_kept_and_raises_the_epoch(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let (key, other) = (
        add_key(&*control, &user, KeyFamily::Contacts),
        add_key(&*control, &user, KeyFamily::Contacts),
    );
    let changed = ApiKey {
        fields: every_field(),
        revoked_at: Some(database.now().plus(MINUTE)),
        ..key.clone()
    };
    assert!(raises(&*control, |unit| unit.api_keys().update(&changed)));
    assert_eq!(lookup(&*control, &key), Some(changed));
    assert_eq!(lookup(&*control, &other), Some(other));
    control.writing(|unit| unit.api_keys().update(&key)).unwrap();
    assert_eq!(lookup(&*control, &key), Some(key), "absent fields are cleared");
}

fn a_revocation_raises_the_epoch_once(database: &Database) {
    let control = database.control();
    let another_node = database.another_node();
    let (tenant, user) = acme(&*control);
    let key = add_key(&*control, &user, KeyFamily::HealthTrixss);
    let before = super::epoch(&*another_node.control());
    let revoked = api_keys::revoke(&*control, &origin(), tenant.id, key.id).unwrap();
    let after = super::epoch(&*another_node.control());
    assert!(after > before, "every node hears of it with the very next question");
    assert_eq!(revoked.revoked_at, Some(database.now()));
    database.advance(MINUTE);
    assert_eq!(api_keys::revoke(&*control, &origin(), tenant.id, key.id).unwrap(), revoked);
    assert_eq!(super::epoch(&*control), after, "revoking twice changes nothing");
}

fn a_key_of_another_tenant_cannot_be_updated(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let key = add_key(&*control, &user, KeyFamily::Contacts);
    let foreign = ApiKey {
        tenant_id: globex.id,
        revoked_at: Some(database.now()),
        ..key.clone()
    };
    let unknown = ApiKey {
        id: ApiKeyId::from_i64(99),
        ..key.clone()
    };
    for key in [foreign, unknown] {
        let result = control.writing(|unit| unit.api_keys().update(&key));
        assert!(matches!(result, Err(Error::NotFound { noun: "api key", .. })), "{result:?}");
    }
    assert_eq!(lookup(&*control, &key), Some(key));
}

fn uses_add_up_and_do_not_raise_the_epoch(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let [key, other, unused] = [(); 3].map(|()| add_key(&*control, &user, KeyFamily::HealthTrixss));
    let (early, late) = (database.now(), database.now().plus(MINUTE));
    let usage = |key: &ApiKey, last_used_at, requests| KeyUsage {
        id: key.id,
        last_used_at,
        requests,
    };
    let unknown = KeyUsage {
        id: ApiKeyId::from_i64(99),
        last_used_at: late,
        requests: 1,
    };
    assert!(!raises(&*control, |unit| unit.api_keys().record_usage(&[
        usage(&key, late, 3),
        unknown,
        usage(&other, early, 1)
    ])));
    // Another node's batch, of an earlier time, arrives later.
    assert!(!raises(&*control, |unit| unit.api_keys().record_usage(&[usage(&key, early, 4)])));
    assert!(!raises(&*control, |unit| unit.api_keys().record_usage(&[])));
    let used = [&key, &other, &unused].map(|key| {
        let key = lookup(&*control, key).unwrap();
        (key.last_used_at, key.request_count)
    });
    assert_eq!(used, [(Some(late), 7), (Some(early), 1), (None, 0)]);
}

fn no_use_is_lost_among_nodes(database: &Database) {
    let control = database.control();
    let (_, user) = acme(&*control);
    let keys = [(); 3].map(|()| add_key(&*control, &user, KeyFamily::HealthTrixss));
    let stores = [database.control(), database.another_node().control()];
    race(8, |index| {
        for round in 0..5 {
            let usage = |key: &ApiKey| KeyUsage {
                id: key.id,
                last_used_at: database.now().plus(round * MINUTE),
                requests: 2,
            };
            let mut batch: Vec<_> = keys.iter().map(usage).collect();
            batch.rotate_left(index % 3);
            stores[index % 2].writing(|unit| unit.api_keys().record_usage(&batch)).unwrap();
        }
    });
    for key in &keys {
        let used = lookup(&*control, key).unwrap();
        assert_eq!((used.request_count, used.last_used_at), (80, Some(database.now().plus(4 * MINUTE))));
    }
}

fn a_key_is_made_by_who_may_and_has_what_its_creator_has(database: &Database) {
    let control = database.control();
    let (tenant, admin) = acme(&*control);
    let globex = add_tenant(&*control, "globex");
    let of = |role: Role| {
        let user = add_user(&*control, &tenant, &format!("{}@acme.test", role.as_str()));
        users::set_role(&*control, &origin(), tenant.id, user.id, role).unwrap()
    };
    let (manager, user) = (of(Role::Manager), of(Role::User));
    let admin = users::set_role(&*control, &origin(), tenant.id, admin.id, Role::Admin).unwrap();
    let mint = |tenant: TenantId, creator: &User, grants: &[&str]| -> Result<ApiKey> {
        let key = KeyText::random(KeyFamily::Elevate, &SystemEntropy);
        let fields = ApiKeyFields {
            grants: grants.iter().map(|grant| (*grant).to_owned()).collect(),
            ..new_key(creator, KeyFamily::Elevate).fields
        };
        let hash = KeyHash::from_store(format!("hash of {}", key.public_id()));
        control.writing(|unit| api_keys::mint(unit, &origin(), tenant, creator.id, &key, hash, fields))
    };
    let forbidden = |result: Result<ApiKey>| assert!(matches!(result, Err(Error::Forbidden(_))), "{result:?}");
    forbidden(mint(tenant.id, &user, &["read"]));
    forbidden(mint(tenant.id, &manager, &["read", "webhook"]));
    assert!(
        matches!(mint(globex.id, &manager, &["read"]), Err(Error::NotFound { .. })),
        "of another tenant"
    );
    let of_manager = mint(tenant.id, &manager, &["read"]).unwrap();
    let of_admin = mint(tenant.id, &admin, &["read", "webhook"]).unwrap();

    let rename = |actor: &User, key: &ApiKey| {
        let draft = ApiKeyDraft {
            name: Patch::Set("Renamed".to_owned()),
            ..ApiKeyDraft::default()
        };
        api_keys::update(&*control, &origin(), tenant.id, key.id, actor.id, draft, Check::new())
    };
    forbidden(rename(&manager, &of_admin));
    forbidden(rename(&user, &of_manager));
    forbidden(api_keys::revoke_as(&*control, &origin(), tenant.id, of_admin.id, manager.id));
    assert_eq!(lookup(&*control, &of_admin), Some(of_admin.clone()));
    assert_eq!(&*rename(&manager, &of_manager).unwrap().fields.name, "Renamed");
    assert_eq!(&*rename(&admin, &of_manager).unwrap().fields.name, "Renamed");
    assert!(
        api_keys::revoke_as(&*control, &origin(), tenant.id, of_manager.id, manager.id)
            .unwrap()
            .revoked_at
            .is_some()
    );

    users::set_active(&*control, &origin(), tenant.id, manager.id, false).unwrap();
    forbidden(mint(tenant.id, &manager, &["read"]));
}
