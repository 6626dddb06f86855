//! Tells the credential epoch. On SQLite each caller's thread looks for itself: that takes microseconds, less than waking another thread. On
//! PostgreSQL one thread with one connection answers everybody who waits with one query.
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
use thread_local::ThreadLocal;

use super::schema::control_clock;
use crate::{
    connection::Connection,
    dialect::{self, Purpose},
    error::{map, unavailable},
    location::Location,
};

/// A query that so many requests waited for shows load.
const MANY: usize = 4;
/// Under load the next query waits so long for more to share it: one each time somebody asks would keep a core busy with round trips.
const GATHERING: Duration = Duration::from_micros(100);

/// Tells the epoch.
pub(super) enum EpochTeller {
    /// By a connection of each thread that asks.
    Inline(Box<InlineTeller>),
    /// By a thread.
    Thread(ThreadTeller),
}

impl EpochTeller {
    /// Tells the epoch of the control plane that is there.
    pub(super) fn of(location: &Location) -> Result<Self> {
        Ok(match location {
            Location::Sqlite(_) => Self::Inline(Box::new(InlineTeller::new(location.clone()))),
            Location::Postgres(_) => Self::Thread(ThreadTeller::start(EpochSource::new(location.clone()))?),
        })
    }

    /// Has `done`, for which `requests` wait, told an epoch that is not older than this call.
    pub(super) fn ask(&self, requests: usize, done: EpochDone) {
        match self {
            Self::Inline(teller) => done(teller.epoch()),
            Self::Thread(teller) => teller.ask(requests, done),
        }
    }
}

/// Looks in the thread that asks, by a connection of its own.
pub(super) struct InlineTeller {
    location: Location,
    sources: ThreadLocal<Mutex<EpochSource>>,
}

impl InlineTeller {
    fn new(location: Location) -> Self {
        Self {
            location,
            sources: ThreadLocal::new(),
        }
    }

    fn epoch(&self) -> Result<i64> {
        let source = self.sources.get_or(|| Mutex::new(EpochSource::new(self.location.clone())));
        source.lock().unwrap_or_else(PoisonError::into_inner).epoch()
    }
}

/// The thread and those who wait for it. Dropping it answers who still waits, and ends the thread.
pub(super) struct ThreadTeller {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl ThreadTeller {
    /// Starts the thread; it asks `source` once for all who wait.
    pub(super) fn start(mut source: impl Source) -> Result<Self> {
        let queue = Arc::new(Queue::default());
        let waiting = Arc::clone(&queue);
        let run = move || {
            while let Some(round) = waiting.next_round() {
                answer(round.callers, &source.epoch());
                if round.requests >= MANY {
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

    /// Has `done`, for which `requests` wait, told an epoch that is not older than this call.
    fn ask(&self, requests: usize, done: EpochDone) {
        self.queue.push(requests, done);
    }
}

impl Drop for ThreadTeller {
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
    round: Round,
    closed: bool,
}

/// Who shares a query.
#[derive(Default)]
struct Round {
    callers: Vec<EpochDone>,
    requests: usize,
}

impl Queue {
    fn push(&self, requests: usize, done: EpochDone) {
        let mut state = self.state();
        let round = &mut state.round;
        round.callers.push(done);
        round.requests += requests;
        self.arrived.notify_one();
    }

    fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Everybody who waits, as soon as somebody does; `None` when the queue is closed and empty.
    fn next_round(&self) -> Option<Round> {
        let idle = |state: &mut State| state.round.callers.is_empty() && !state.closed;
        let waited = self.arrived.wait_while(self.state(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let round = std::mem::take(&mut state.round);
        (!round.callers.is_empty()).then_some(round)
    }

    /// Nothing panics while it is held: a poisoned state is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(callers: Vec<EpochDone>, epoch: &Result<i64>) {
    for done in callers {
        let told = epoch.clone();
        // One caller's panic must not take the epoch from all others.
        if catch_unwind(AssertUnwindSafe(|| done(told))).is_err() {
            tracing::error!("a caller panicked when it was told the credential epoch");
        }
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

    fn ask(teller: &ThreadTeller) -> Receiver<Result<i64>> {
        let (told, answer) = channel();
        teller.ask(1, Box::new(move |epoch| told.send(epoch).unwrap()));
        answer
    }

    #[test]
    fn who_arrives_during_a_query_waits_for_the_next_one_and_shares_it() {
        let (source, started, go_on) = gate();
        let teller = ThreadTeller::start(source).unwrap();
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
        let teller = ThreadTeller::start(source).unwrap();
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
        let teller = ThreadTeller::start(source).unwrap();
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        teller.ask(1, Box::new(|_| panic!("a caller's defect")));
        assert!(ask(&teller).recv().unwrap().is_ok());
        drop(go_on);
    }

    #[test]
    fn a_caller_may_hold_the_last_handle() {
        let (source, _started, go_on) = gate();
        let teller = Arc::new(ThreadTeller::start(source).unwrap());
        let (told, answer) = channel();
        let last = Arc::clone(&teller);
        teller.ask(
            1,
            Box::new(move |epoch| {
                drop(last);
                told.send(epoch).unwrap();
            }),
        );
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
