//! Broken connections: a call in flight fails as unavailable, the next ones work again without a restart.

mod postgres {
    use std::sync::{Arc, mpsc};

    use crm_domain::{
        error::{Error, Result},
        tenant::{TenantStore, Unit, UnitOfWork, account as accounts},
        usecase::single,
    };
    use crm_tests::database::{Backend, Database};

    use super::super::{add_account, assert_feed_in_order, feed, named, open, origin, write};

    fn read(store: &Arc<dyn TenantStore>) -> Result<i64> {
        store.reading(|reader| reader.changes().last_seq())
    }

    fn snapshot(store: &Arc<dyn TenantStore>) -> Result<i64> {
        store.reading_snapshot(|reader| reader.changes().last_seq())
    }

    /// How many calls fail before one works; every failure must say that the database is unavailable.
    fn failures(call: impl Fn() -> Result<i64>, most: usize) -> usize {
        for failed in 0..=most {
            match call() {
                Ok(_) => return failed,
                Err(Error::Unavailable { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        panic!("more than {most} calls failed");
    }

    #[test]
    fn cut_connections_are_replaced() {
        let database = Database::fresh(Backend::Postgres);
        let store = open(&database);
        let server = database.server().unwrap();
        add_account(&store, "Before");
        for _ in 0..3 {
            server.cut_connections();
            assert!(failures(|| read(&store), 1) <= 1);
            server.cut_connections();
            assert!(failures(|| snapshot(&store), 1) <= 1);
            server.cut_connections();
            // An idle writer's broken connection is noticed before any unit runs on it: nobody hears of it.
            add_account(&store, "After");
        }
        assert!(failures(|| read(&store), 1) <= 1);
        let changes = feed(&store);
        assert_feed_in_order(&changes);
        assert_eq!(changes.len(), 4);
    }

    #[test]
    fn a_unit_cut_in_flight_is_undone_and_says_so() {
        let database = Database::fresh(Backend::Postgres);
        let store = open(&database);
        let (entered, inside) = mpsc::channel();
        let (cut, was_cut) = mpsc::channel::<()>();
        let (answer, answered) = mpsc::channel();
        let work = move |unit: &mut dyn UnitOfWork| {
            single::create_parsed::<accounts::Account>(unit, named("Lost"))?;
            entered.send(()).unwrap();
            was_cut.recv().unwrap();
            single::create_parsed::<accounts::Account>(unit, named("Lost too"))
        };
        store.submit(Unit::with_result(origin(), work, move |result| answer.send(result).unwrap()));
        inside.recv().unwrap();
        database.server().unwrap().cut_connections();
        cut.send(()).unwrap();
        let failed = answered.recv().unwrap();
        assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
        add_account(&store, "After");
        let changes = feed(&store);
        assert_eq!((changes.len(), changes[0].seq, changes[0].entity_id), (1, 1, 1));
    }

    #[test]
    fn a_database_that_is_down_is_unavailable_until_it_is_back() {
        let database = Database::fresh(Backend::Postgres);
        let store = open(&database);
        let server = database.server().unwrap();
        add_account(&store, "Before");
        read(&store).unwrap();
        server.take_down();
        for result in [write(&store, |unit| Ok(unit.stamp().micros())), read(&store)] {
            assert!(matches!(result, Err(Error::Unavailable { .. })), "{result:?}");
        }
        server.bring_up();
        assert!(failures(|| read(&store), 1) <= 1);
        add_account(&store, "After");
        assert_eq!(read(&store).unwrap(), 2);
    }
}
