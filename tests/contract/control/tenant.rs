use std::time::Duration;

use crm_domain::{
    control::tenant::Tenant,
    error::Error,
    id::{RecordId, TenantId},
};
use crm_tests::{database::Database, each_backend};

use super::{add_tenant, new_tenant, raises, text};

each_backend!(
    a_new_tenant_is_kept_as_given,
    tenants_are_listed_oldest_first,
    an_unknown_tenant_is_absent,
    an_update_is_kept_and_raises_the_epoch,
    an_unknown_tenant_cannot_be_updated,
    two_tenants_cannot_share_a_uuid,
);

fn a_new_tenant_is_kept_as_given(database: &Database) {
    let control = database.control();
    database.advance(Duration::from_micros(1_234_567));
    let new = new_tenant("Müller & Söhne 株式会社");
    let made = control.writing(|unit| unit.tenants().add(new.clone())).unwrap();
    let expected = Tenant {
        id: made.id,
        uuid: new.uuid,
        name: new.name,
        company_name: new.company_name,
        location: new.location,
        tier: new.tier,
        is_active: true,
        created_at: database.now(),
    };
    assert_eq!(made, expected);
    let found = control.reading(|reader| reader.tenants().lookup(made.id)).unwrap();
    assert_eq!(found, Some(expected));
}

fn tenants_are_listed_oldest_first(database: &Database) {
    let control = database.control();
    let made: Vec<_> = ["zeta", "alpha", "mu"].map(|name| add_tenant(&*control, name)).into();
    assert_eq!(control.reading(|reader| reader.tenants().list()).unwrap(), made);
    assert_eq!(control.reading(|reader| reader.tenants().count()).unwrap(), 3);
}

fn an_unknown_tenant_is_absent(database: &Database) {
    let control = database.control();
    for id in [0, 1, -1, i64::MAX] {
        let found = control.reading(|reader| reader.tenants().lookup(TenantId::from_i64(id))).unwrap();
        assert_eq!(found, None);
    }
    assert_eq!(control.reading(|reader| reader.tenants().count()).unwrap(), 0);
}

fn an_update_is_kept_and_raises_the_epoch(database: &Database) {
    let control = database.control();
    let (tenant, other) = (add_tenant(&*control, "acme"), add_tenant(&*control, "globex"));
    let changed = Tenant {
        name: text("Acme Holding"),
        company_name: text("Acme Holding Ltd"),
        location: "postgres:elsewhere".to_owned(),
        tier: "enterprise".to_owned(),
        is_active: false,
        ..tenant
    };
    assert!(raises(&*control, |unit| unit.tenants().update(&changed)));
    assert_eq!(control.reading(|reader| reader.tenants().list()).unwrap(), [changed, other]);
    assert!(!raises(&*control, |unit| unit.tenants().add(new_tenant("initech")).map(drop)));
}

fn an_unknown_tenant_cannot_be_updated(database: &Database) {
    let control = database.control();
    let unknown = Tenant {
        id: TenantId::from_i64(77),
        ..add_tenant(&*control, "acme")
    };
    let result = control.writing(|unit| unit.tenants().update(&unknown));
    assert!(matches!(result, Err(Error::NotFound { noun: "tenant", id }) if id == "77"));
}

fn two_tenants_cannot_share_a_uuid(database: &Database) {
    let control = database.control();
    let tenant = add_tenant(&*control, "acme");
    let mut twin = new_tenant("twin");
    twin.uuid = tenant.uuid;
    assert!(control.writing(|unit| unit.tenants().add(twin)).is_err());
    assert_eq!(control.reading(|reader| reader.tenants().list()).unwrap(), [tenant]);
}
