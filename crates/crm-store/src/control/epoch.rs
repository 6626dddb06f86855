//! Tells the credential epoch without asking the database for each request.
//!
//! What was told once may be told again for [`GRACE`]; in return, a transaction that raises the epoch is acknowledged only when that time has
//! passed since its commit ([`outlive_grace`]). So whoever was told of a revocation can rely on it: every answer that does not know of it was
//! asked for before the commit, and is no longer told. This holds on every node, by their clocks' pace alone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
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

/// How long an answer is told again. Asking a hundred times a second costs nothing to speak of, and ten milliseconds more are little beside
/// the hash of a password.
const GRACE: Duration = Duration::from_millis(10);

/// Waits until no node tells the epoch any more that held before this call.
pub(super) fn outlive_grace() {
    thread::sleep(GRACE);
}

/// Tells the epoch. Where it is not known, one thread asks for all who wait. Dropping it answers who still waits, and ends the thread.
pub(super) struct EpochTeller {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTeller {
    /// Starts the thread, which asks `source`.
    pub(super) fn start(mut source: impl Source) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let asked = Arc::clone(&shared);
        let run = move || {
            while let Some(callers) = asked.queue.next_round() {
                let asked_at = asked.last.now();
                let epoch = source.epoch();
                if let Ok(epoch) = epoch {
                    asked.last.keep(epoch, asked_at);
                }
                answer(callers, &epoch);
            }
        };
        let thread = thread::Builder::new()
            .name("control-epoch".to_owned())
            .spawn(run)
            .map_err(unavailable)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// The epoch, when it was asked for less than [`GRACE`] ago.
    pub(super) fn recent(&self) -> Option<i64> {
        self.shared.last.recent()
    }

    /// Has `done` told an epoch that is not older than this call.
    pub(super) fn ask(&self, done: EpochDone) {
        self.shared.queue.push(done);
    }
}

impl Drop for EpochTeller {
    fn drop(&mut self) {
        self.shared.queue.close();
        let Some(thread) = self.thread.take() else { return };
        // The last owner of the store may be a caller's answer, which runs on the thread itself.
        if thread.thread().id() != thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread of the credential epoch panicked");
        }
    }
}

#[derive(Default)]
struct Shared {
    queue: Queue,
    last: Last,
}

/// The last answer, and when it was asked for. Only the thread writes; readers take no lock.
struct Last {
    started: Instant,
    epoch: AtomicI64,
    /// Nanoseconds after `started`; [`NEVER`] before the first answer.
    asked_at: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Default for Last {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            epoch: AtomicI64::new(0),
            asked_at: AtomicU64::new(NEVER),
        }
    }
}

impl Last {
    fn now(&self) -> u64 {
        // The 584 years that fit in are longer than any process runs.
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(NEVER)
    }

    /// The number before its time: whoever sees the time sees the number, or a later one, which was asked for later still.
    fn keep(&self, epoch: i64, asked_at: u64) {
        self.epoch.store(epoch, Ordering::Relaxed);
        self.asked_at.store(asked_at, Ordering::Release);
    }

    fn recent(&self) -> Option<i64> {
        self.at(self.now())
    }

    fn at(&self, now: u64) -> Option<i64> {
        let asked_at = self.asked_at.load(Ordering::Acquire);
        let age = Duration::from_nanos(now.saturating_sub(asked_at));
        (asked_at != NEVER && age < GRACE).then(|| self.epoch.load(Ordering::Relaxed))
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
    fn an_answer_is_told_again_for_a_while_after_it_was_asked_for() {
        let last = Last::default();
        assert_eq!(last.at(0), None, "nothing was asked yet");
        let grace = u64::try_from(GRACE.as_nanos()).unwrap();
        last.keep(7, 1_000);
        assert_eq!(last.at(999), Some(7), "a reader's clock may have been read before");
        assert_eq!(last.at(1_000 + grace - 1), Some(7));
        assert_eq!(last.at(1_000 + grace), None);
        last.keep(8, 1_000 + grace);
        assert_eq!(last.at(1_000 + grace), Some(8));
    }

    #[test]
    fn what_failed_is_not_told_again() {
        struct Down;
        impl Source for Down {
            fn epoch(&mut self) -> Result<i64> {
                Err(unavailable("a test"))
            }
        }
        let teller = EpochTeller::start(Down).unwrap();
        assert!(ask(&teller).recv().unwrap().is_err());
        assert_eq!(teller.recent(), None);
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
