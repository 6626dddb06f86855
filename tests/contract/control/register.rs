//! Registering (contract C-06 … C-10, X-81, X-82) on a real store.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crm_domain::{
    clock::SystemEntropy,
    control::{
        tenant::Tenant,
        user::{Password, PasswordHash, Role, User},
    },
    error::{Error, Result},
    field::Email,
    tenant::{OnCommit, TenantStore, Tenants},
    usecase::register::{Registrar, Registration, RegistrationPolicy, register},
};
use crm_tests::{database::Database, each_backend};

use super::{PASSWORD, QUICK, race, text};

each_backend!(
    a_registration_makes_a_tenant_with_its_admin_and_database,
    by_default_only_the_first_may_register,
    everybody_may_register_where_it_is_open,
    nobody_may_register_where_it_is_closed,
    of_twenty_registrations_of_one_email_one_is_kept,
    of_twenty_first_registrations_one_is_kept,
);

/// Databases that are only counted.
#[derive(Default)]
struct CountedTenants {
    made: AtomicUsize,
    discarded: AtomicUsize,
}

impl CountedTenants {
    fn left(&self) -> usize {
        self.made.load(Ordering::SeqCst) - self.discarded.load(Ordering::SeqCst)
    }
}

impl Tenants for CountedTenants {
    fn open(&self, _: &Tenant) -> Result<Arc<dyn TenantStore>> {
        Err(Error::Internal("they hold no records".to_owned()))
    }

    fn provision(&self) -> Result<String> {
        Ok(format!("counted:{}", self.made.fetch_add(1, Ordering::SeqCst)))
    }

    fn discard(&self, _: &str) -> Result<()> {
        self.discarded.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn on_commit(&self, _: OnCommit) {}

    fn close(&self) {}
}

fn registration(email: &str) -> Registration {
    Registration {
        email: Email::parse(email).unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        tenant_name: text("Acme"),
        company_name: text("Acme Ltd"),
        user_name: Some(text("Ada")),
    }
}

fn hash() -> PasswordHash {
    Password::parse(PASSWORD).unwrap().hash(QUICK).unwrap()
}

fn try_register(database: &Database, tenants: &dyn Tenants, policy: RegistrationPolicy, email: &str) -> Result<(Tenant, User)> {
    register(
        &*database.control(),
        tenants,
        &*database.clock,
        &SystemEntropy,
        &Registrar::Itself { family: "saas", policy },
        &registration(email),
        hash(),
    )
}

fn a_registration_makes_a_tenant_with_its_admin_and_database(database: &Database) {
    let control = database.control();
    let tenants = database.tenants();
    let (tenant, user) = try_register(database, &*tenants, RegistrationPolicy::First, "Ada@Acme.test").unwrap();
    assert_eq!((&*tenant.name, &*tenant.company_name, tenant.is_active), ("Acme", "Acme Ltd", true));
    assert_eq!(tenant.uuid.get_version_num(), 7);
    assert_eq!((user.tenant_id, user.role, user.is_active), (tenant.id, Role::Admin, true));
    assert_eq!(user.email.as_ref().unwrap().as_str(), "Ada@Acme.test");
    assert_eq!(user.name.as_deref(), Some("Ada"));
    assert_eq!(
        control.reading(|reader| reader.tenants().list()).unwrap(),
        std::slice::from_ref(&tenant)
    );
    assert_eq!(
        control.reading(|reader| reader.users().lookup_email("ada@acme.test")).unwrap(),
        Some(user)
    );
    // Its database opens.
    tenants.open(&tenant).unwrap().reading(|_| Ok(())).unwrap();
}

fn by_default_only_the_first_may_register(database: &Database) {
    let tenants = CountedTenants::default();
    let policy = RegistrationPolicy::default();
    try_register(database, &tenants, policy, "ada@acme.test").unwrap();
    let second = try_register(database, &tenants, policy, "hank@globex.test");
    assert!(matches!(second, Err(Error::Forbidden(_))), "{second:?}");
    let same = try_register(database, &tenants, policy, "ADA@acme.test");
    assert!(
        matches!(
            same,
            Err(Error::Duplicate {
                noun: "user",
                field: "email"
            })
        ),
        "{same:?}"
    );
    assert_eq!(tenants.left(), 1);
}

fn everybody_may_register_where_it_is_open(database: &Database) {
    let tenants = CountedTenants::default();
    for email in ["ada@acme.test", "hank@globex.test", "bill@initech.test"] {
        try_register(database, &tenants, RegistrationPolicy::Open, email).unwrap();
    }
    let same = try_register(database, &tenants, RegistrationPolicy::Open, "HANK@globex.test");
    assert!(
        matches!(
            same,
            Err(Error::Duplicate {
                noun: "user",
                field: "email"
            })
        ),
        "{same:?}"
    );
    assert_eq!(database.control().reading(|reader| reader.tenants().count()).unwrap(), 3);
    assert_eq!(tenants.left(), 3);
}

fn nobody_may_register_where_it_is_closed(database: &Database) {
    let tenants = CountedTenants::default();
    let refused = try_register(database, &tenants, RegistrationPolicy::Closed, "ada@acme.test");
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert_eq!(database.control().reading(|reader| reader.tenants().count()).unwrap(), 0);
    assert_eq!(tenants.made.load(Ordering::SeqCst), 0);
}

fn of_twenty_registrations_of_one_email_one_is_kept(database: &Database) {
    let tenants = CountedTenants::default();
    let results = race(20, |_| try_register(database, &tenants, RegistrationPolicy::Open, "ada@acme.test"));
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for result in refused {
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
    }
    assert_eq!(database.control().reading(|reader| reader.tenants().count()).unwrap(), 1);
    assert_eq!(tenants.left(), 1, "the others' databases are discarded");
}

fn of_twenty_first_registrations_one_is_kept(database: &Database) {
    let tenants = CountedTenants::default();
    let results = race(20, |index| {
        try_register(database, &tenants, RegistrationPolicy::First, &format!("user{index}@acme.test"))
    });
    let (made, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    assert!(refused.iter().all(|result| matches!(result, Err(Error::Forbidden(_)))));
    assert_eq!(database.control().reading(|reader| reader.tenants().count()).unwrap(), 1);
    assert_eq!(tenants.left(), 1);
}
