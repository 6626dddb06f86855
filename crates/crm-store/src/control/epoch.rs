//! Tells the credential epoch: one thread with one connection answers everybody who waits with one query.
//!
//! A caller that arrives while a query runs waits for the next one: an epoch told is never older than the question. So a change that was
//! committed before a request arrived is seen by that request, on every node.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crm_domain::{
    control::EpochDone,
    error::{Error, Result},
};
use diesel::prelude::*;

use super::schema::control_clock;
use crate::{
    connection::Connection,
    dialect::{self, Purpose},
    error::{map, unavailable},
    location::Location,
};

/// A query that so many waited for shows load.
const MANY: usize = 4;
/// Under load the next query waits so long for more to share it: one each time somebody asks would keep a core busy with round trips.
const GATHERING: Duration = Duration::from_micros(400);

/// The thread and those who wait for it. Dropping it answers who still waits, and ends the thread.
pub(super) struct EpochTeller {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTeller {
    /// Starts the thread; it asks `source` once for all who wait.
    pub(super) fn start(mut source: impl Source) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let waiting = Arc::clone(&queue);
        let run = move || {
            while let Some(callers) = waiting.next_round() {
                let is_busy = callers.len() >= MANY;
                answer(callers, &source.epoch());
                if is_busy {
                    thread::sleep(GATHERING);
                }
            }
        };
        let thread = thread::Builder::new()
            .name("control-epoch".to_owned())
            .spawn(run)
            .map_err(unavailable)?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Has `done` told an epoch that is not older than this call.
    pub(super) fn ask(&self, done: EpochDone) {
        self.queue.push(done);
    }
}

impl Drop for EpochTeller {
    fn drop(&mut self) {
        self.queue.close();
        let Some(thread) = self.thread.take() else { return };
        // The last owner of the store may be a caller's answer, which runs on the thread itself.
        if thread.thread().id() != thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the credential epoch panicked");
        }
    }
}

/// Where the epoch comes from.
pub(super) trait Source: Send + 'static {
    /// The epoch now.
    fn epoch(&mut self) -> Result<i64>;
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    callers: Vec<EpochDone>,
    closed: bool,
}

impl Queue {
    fn push(&self, done: EpochDone) {
        self.state().callers.push(done);
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Everybody who waits, as soon as somebody does; `None` when the queue is closed and empty.
    fn next_round(&self) -> Option<Vec<EpochDone>> {
        let idle = |state: &mut State| state.callers.is_empty() && !state.closed;
        let waited = self.arrived.wait_while(self.state(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let callers = std::mem::take(&mut state.callers);
        (!callers.is_empty()).then_some(callers)
    }

    /// Nothing panics while it is held: a poisoned state is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(callers: Vec<EpochDone>, epoch: &Result<i64>) {
    for done in callers {
        let told = epoch.as_ref().copied().map_err(again);
        // One caller's panic must not take the epoch from all others.
        if catch_unwind(AssertUnwindSafe(|| done(told))).is_err() {
            tracing::error!("a caller panicked when it was told the credential epoch");
        }
    }
}

/// The same error for one more caller.
fn again(error: &Error) -> Error {
    match error {
        Error::Unavailable { what, cause, retry_after } => Error::Unavailable {
            what,
            cause: cause.clone(),
            retry_after: *retry_after,
        },
        other => Error::Internal(other.to_string()),
    }
}

/// Longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// First pause between two attempts to connect; each failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The epoch in the database, by a connection of its own.
pub(super) struct EpochSource {
    location: Location,
    connection: Option<Connection>,
    outage: Option<Outage>,
}

/// The database did not answer; until `ends` nobody tries again.
struct Outage {
    ends: Instant,
    pause: Duration,
    cause: String,
}

impl EpochSource {
    pub(super) fn new(location: Location) -> Self {
        Self {
            location,
            connection: None,
            outage: None,
        }
    }

    fn query(&mut self) -> Result<i64> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => dialect::open(&self.location, Purpose::Read)?,
        };
        let epoch = control_clock::table.find(1).select(control_clock::epoch);
        let epoch = epoch.first(&mut connection).map_err(map)?;
        // After an error it stays out: whatever state it is in, a new one is sound.
        self.connection = Some(connection);
        Ok(epoch)
    }

    fn pause(&mut self, error: &Error) {
        let pause = self
            .outage
            .as_ref()
            .map_or(FIRST_PAUSE, |outage| (outage.pause * 2).min(LONGEST_PAUSE));
        tracing::warn!(%error, ?pause, "the credential epoch cannot be read");
        self.outage = Some(Outage {
            ends: Instant::now() + pause,
            pause,
            cause: error.to_string(),
        });
    }
}

impl Source for EpochSource {
    fn epoch(&mut self) -> Result<i64> {
        if let Some(outage) = self.outage.as_ref().filter(|outage| Instant::now() < outage.ends) {
            return Err(unavailable(&outage.cause));
        }
        let reused = self.connection.is_some();
        let result = match self.query() {
            // The server restarted since the last question, perhaps: that is no reason to turn anybody away.
            Err(_) if reused => self.query(),
            other => other,
        };
        match &result {
            Ok(_) => self.outage = None,
            Err(error) => self.pause(error),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A source that tells the number of the query once the test lets it go on.
    struct Gate {
        started: Sender<()>,
        go_on: Receiver<()>,
        queries: i64,
    }

    impl Source for Gate {
        fn epoch(&mut self) -> Result<i64> {
            self.started.send(()).unwrap();
            self.go_on.recv().unwrap();
            self.queries += 1;
            Ok(self.queries)
        }
    }

    fn gate() -> (Gate, Receiver<()>, Sender<()>) {
        let (started, has_started) = channel();
        let (go_on, gate) = channel();
        let source = Gate {
            started,
            go_on: gate,
            queries: 0,
        };
        (source, has_started, go_on)
    }

    fn ask(teller: &EpochTeller) -> Receiver<Result<i64>> {
        let (told, answer) = channel();
        teller.ask(Box::new(move |epoch| told.send(epoch).unwrap()));
        answer
    }

    #[test]
    fn who_arrives_during_a_query_waits_for_the_next_one_and_shares_it() {
        let (source, started, go_on) = gate();
        let teller = EpochTeller::start(source).unwrap();
        let first = ask(&teller);
        started.recv().unwrap();
        let late: Vec<_> = (0..100).map(|_| ask(&teller)).collect();
        go_on.send(()).unwrap();
        assert_eq!(first.recv().unwrap().unwrap(), 1);
        started.recv().unwrap();
        go_on.send(()).unwrap();
        for answer in late {
            assert_eq!(answer.recv().unwrap().unwrap(), 2);
        }
    }

    #[test]
    fn everybody_is_answered_when_the_store_is_dropped() {
        let (source, started, go_on) = gate();
        let teller = EpochTeller::start(source).unwrap();
        let first = ask(&teller);
        started.recv().unwrap();
        let late = ask(&teller);
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        drop(teller);
        assert!(first.recv().unwrap().is_ok() && late.recv().unwrap().is_ok());
    }

    #[test]
    fn a_caller_that_panics_does_not_take_the_epoch_from_the_others() {
        let (source, _started, go_on) = gate();
        let teller = EpochTeller::start(source).unwrap();
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        teller.ask(Box::new(|_| panic!("a caller's defect")));
        assert!(ask(&teller).recv().unwrap().is_ok());
        drop(go_on);
    }

    #[test]
    fn a_caller_may_hold_the_last_handle() {
        let (source, _started, go_on) = gate();
        let teller = Arc::new(EpochTeller::start(source).unwrap());
        let (told, answer) = channel();
        let last = Arc::clone(&teller);
        teller.ask(Box::new(move |epoch| {
            drop(last);
            told.send(epoch).unwrap();
        }));
        drop(teller);
        go_on.send(()).unwrap();
        assert!(answer.recv().unwrap().is_ok());
    }

    #[test]
    fn a_database_that_is_down_is_not_hammered_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("not-yet");
        let mut source = EpochSource::new(Location::Sqlite(missing.join("control.db")));
        assert!(matches!(source.epoch(), Err(Error::Unavailable { .. })));
        std::fs::create_dir(&missing).unwrap();
        // Within the pause the answer comes without an attempt: now it would find an (empty) database.
        assert!(matches!(source.epoch(), Err(Error::Unavailable { .. })));
        assert!(!missing.join("control.db").exists());
        if let Some(outage) = &mut source.outage {
            outage.ends = Instant::now();
        }
        let mut connection = dialect::open(&source.location, Purpose::Write).unwrap();
        dialect::migrate(&mut connection, dialect::Plane::Control).unwrap();
        assert_eq!(source.epoch().unwrap(), 0);
        assert!(source.outage.is_none());
    }
}
