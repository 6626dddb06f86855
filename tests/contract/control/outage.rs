//! A database that goes away and comes back. Only PostgreSQL can: a SQLite file is there as long as the program.

use std::{
    sync::Barrier,
    time::{Duration, Instant},
};

use crm_domain::error::{Error, Result};
use crm_tests::database::{Backend, Database};

use super::{acme, add_tenant, ask_epoch, epoch, new_tenant, race};

/// Longer than any pause between two attempts to connect.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn after_a_restart_of_the_server_everything_goes_on() {
    let database = Database::fresh(Backend::Postgres);
    let control = database.control();
    let (tenant, _) = acme(&*control);
    ask_epoch(&*control).unwrap();
    for _ in 0..3 {
        database.server().unwrap().cut_connections();
        // The credential epoch gates every request: it connects again by itself.
        ask_epoch(&*control).unwrap();
        let found = until_available(|| control.reading(|reader| reader.tenants().lookup(tenant.id)));
        assert_eq!(found.as_ref(), Some(&tenant));
        until_available(|| control.writing(|unit| unit.tenants().update(&tenant)));
    }
    assert_eq!(epoch(&*control), 3, "what was refused was not done, what was done was done once");
}

#[test]
fn a_restart_of_the_server_costs_one_failure_not_one_for_each_connection() {
    const CONNECTIONS: usize = 4;
    let database = Database::fresh(Backend::Postgres);
    let control = database.control();
    let (tenant, _) = acme(&*control);
    let all_hold_one = Barrier::new(CONNECTIONS);
    race(CONNECTIONS, |_| {
        let read = control.reading(|reader| {
            all_hold_one.wait();
            reader.tenants().lookup(tenant.id)
        });
        assert_eq!(read.unwrap().as_ref(), Some(&tenant));
    });
    database.server().unwrap().cut_connections();
    let failures = (0..3 * CONNECTIONS)
        .filter(|_| control.reading(|reader| reader.tenants().lookup(tenant.id)).is_err())
        .count();
    assert!(failures <= 1, "{failures} failures");
}

#[test]
fn while_the_server_is_down_callers_hear_when_to_try_again() {
    let database = Database::fresh(Backend::Postgres);
    let control = database.control();
    let (tenant, _) = acme(&*control);
    epoch(&*control);
    let server = database.server().unwrap();
    server.take_down();
    for _ in 0..3 {
        assert_unavailable(ask_epoch(&*control));
    }
    assert_unavailable(control.reading(|reader| reader.tenants().list()));
    assert_unavailable(control.writing(|unit| unit.tenants().add(new_tenant("lost"))));
    // The pools have no connection left: now they try to make one.
    assert_unavailable(control.reading(|reader| reader.tenants().list()));
    assert_unavailable(control.writing(|unit| unit.tenants().add(new_tenant("lost"))));

    server.bring_up();
    until_available(|| ask_epoch(&*control));
    let found = until_available(|| control.reading(|reader| reader.tenants().list()));
    assert_eq!(found, [tenant]);
    until_available(|| control.writing(|unit| unit.tenants().add(new_tenant("kept"))));
}

#[test]
fn a_server_that_is_down_is_not_hammered() {
    let database = Database::fresh(Backend::Postgres);
    let control = database.control();
    add_tenant(&*control, "acme");
    database.server().unwrap().take_down();
    let started = Instant::now();
    for _ in 0..10_000 {
        assert_unavailable(ask_epoch(&*control));
    }
    // Each attempt to connect takes milliseconds: ten thousand of them would take far longer.
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T>) {
    match result {
        Err(Error::Unavailable { retry_after, .. }) => {
            assert!(retry_after >= Duration::from_millis(500) && retry_after <= Duration::from_secs(5))
        }
        other => panic!("{other:?}"),
    }
}

/// The first answer that is not "unavailable", as a client that tries again hears it.
fn until_available<T>(call: impl Fn() -> Result<T>) -> T {
    let started = Instant::now();
    loop {
        match call() {
            Err(Error::Unavailable { .. }) if started.elapsed() < PATIENCE => std::thread::yield_now(),
            result => return result.unwrap_or_else(|error| panic!("{error}")),
        }
    }
}
