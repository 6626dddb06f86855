use std::panic::{AssertUnwindSafe, catch_unwind};

use crm_domain::{
    control::{ControlStore, tenant::Tenant},
    error::{Error, Result},
    id::TenantId,
};
use crm_tests::{database::Database, each_backend};

use super::{acme, add_tenant, epoch, new_tenant, new_user, race, text};

each_backend!(
    failed_work_leaves_nothing,
    a_panic_leaves_nothing_and_holds_nobody_up,
    a_transaction_sees_its_own_writes,
    others_see_only_what_is_committed,
    transactions_run_one_after_another_on_all_nodes,
    a_transaction_has_one_time,
    the_epoch_rises_once_for_a_transaction,
    an_unnoticed_failure_is_not_committed,
    data_outlives_the_store,
);

fn count(control: &dyn ControlStore) -> u64 {
    control.reading(|reader| reader.tenants().count()).unwrap()
}

fn failed_work_leaves_nothing(database: &Database) {
    let control = database.control();
    let tenant = add_tenant(&*control, "acme");
    let before = epoch(&*control);
    let result = control.writing(|unit| {
        let user = unit.users().add(new_user(tenant.id, "ada@acme.test"))?;
        let session = unit.sessions().add(super::new_session(&user))?;
        unit.sessions().end(session.id)?;
        unit.tenants().update(&Tenant {
            is_active: false,
            ..tenant.clone()
        })?;
        Err::<(), _>(Error::Conflict("the work changed its mind".to_owned()))
    });
    assert!(matches!(result, Err(Error::Conflict(message)) if message == "the work changed its mind"));
    assert_eq!(
        control.reading(|reader| reader.tenants().list()).unwrap(),
        std::slice::from_ref(&tenant)
    );
    assert!(control.reading(|reader| reader.users().list(tenant.id)).unwrap().is_empty());
    assert_eq!(epoch(&*control), before);
    let read = control.reading(|_| Err::<(), _>(Error::Conflict("so did the reader".to_owned())));
    assert!(matches!(read, Err(Error::Conflict(message)) if message == "so did the reader"));
}

fn a_panic_leaves_nothing_and_holds_nobody_up(database: &Database) {
    let control = database.control();
    for round in 1..=3 {
        let work = || {
            control.writing(|unit| -> Result<()> {
                unit.tenants().add(new_tenant("lost"))?;
                panic!("a defect of the caller")
            })
        };
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
        assert_eq!(count(&*control), round - 1);
        add_tenant(&*control, "kept");
        assert_eq!(count(&*database.another_node().control()), round);
    }
}

fn a_transaction_sees_its_own_writes(database: &Database) {
    let control = database.control();
    control
        .writing(|unit| {
            let tenant = unit.tenants().add(new_tenant("acme"))?;
            assert_eq!(unit.tenants().lookup(tenant.id)?, Some(tenant.clone()));
            let user = unit.users().add(new_user(tenant.id, "ada@acme.test"))?;
            assert_eq!(unit.users().lookup_email("ADA@acme.test")?, Some(user));
            assert_eq!(unit.tenants().count()?, 1);
            Ok(())
        })
        .unwrap();
}

fn others_see_only_what_is_committed(database: &Database) {
    let (control, other) = (database.control(), database.another_node().control());
    control
        .writing(|unit| {
            unit.tenants().add(new_tenant("acme"))?;
            assert_eq!((count(&*control), count(&*other)), (0, 0));
            Ok(())
        })
        .unwrap();
    assert_eq!((count(&*control), count(&*other)), (1, 1));
}

fn transactions_run_one_after_another_on_all_nodes(database: &Database) {
    let id = add_tenant(&*database.control(), "0").id;
    let nodes = [database.another_node(), database.another_node(), database.another_node()];
    let stores: Vec<_> = nodes.iter().map(|node| node.control()).collect();
    // Each reads a number and writes the next one: of transactions that overlap, one would be lost.
    race(12, |index| (0..5).for_each(|_| count_up(&*stores[index % 3], id)));
    let tenant = database.control().reading(|reader| reader.tenants().lookup(id)).unwrap().unwrap();
    assert_eq!(&*tenant.name, "60");
    assert_eq!(epoch(&*database.control()), 60);
}

fn count_up(control: &dyn ControlStore, id: TenantId) {
    let result = control.writing(|unit| {
        let tenant = unit.tenants().lookup(id)?.expect("it was made before");
        let next = tenant.name.parse::<u32>().unwrap() + 1;
        unit.tenants().update(&Tenant {
            name: text(&next.to_string()),
            ..tenant
        })
    });
    result.unwrap();
}

fn a_transaction_has_one_time(database: &Database) {
    let control = database.control();
    let begun = database.now();
    let tenant = control
        .writing(|unit| {
            assert_eq!(unit.stamp(), begun);
            database.advance(super::MINUTE);
            assert_eq!(unit.stamp(), begun);
            unit.tenants().add(new_tenant("acme"))
        })
        .unwrap();
    assert_eq!(tenant.created_at, begun);
    assert_eq!(control.writing(|unit| Ok(unit.stamp())).unwrap(), begun.plus(super::MINUTE));
}

fn the_epoch_rises_once_for_a_transaction(database: &Database) {
    let control = database.control();
    let (tenant, user) = acme(&*control);
    let before = epoch(&*control);
    control
        .writing(|unit| {
            unit.tenants().update(&tenant)?;
            unit.users().update(&user)?;
            unit.users().update(&user)
        })
        .unwrap();
    assert_eq!(epoch(&*control), before + 1);
}

/// PostgreSQL would answer the COMMIT of a failed transaction with a silent rollback.
fn an_unnoticed_failure_is_not_committed(database: &Database) {
    let control = database.control();
    let mut twin = new_tenant("twin");
    twin.uuid = add_tenant(&*control, "acme").uuid;
    let result = control.writing(|unit| {
        unit.tenants().add(new_tenant("globex"))?;
        assert!(unit.tenants().add(twin).is_err());
        Ok(())
    });
    // Whether it is kept or refused, the answer is true.
    assert_eq!(count(&*control), if result.is_ok() { 2 } else { 1 });
}

fn data_outlives_the_store(database: &Database) {
    let tenant = add_tenant(&*database.another_node().control(), "acme");
    let found = database.another_node().control().reading(|reader| reader.tenants().list()).unwrap();
    assert_eq!(found, [tenant]);
}
