//! The tenant writer: all writes of a tenant go through one queue, in groups.
//!
//! A turn takes what waits, opens one transaction, runs each unit in a savepoint of its own, commits once, and only then answers every
//! caller. So a durable commit is shared by all who wait for one, a failed unit undoes only itself, units never meet a lock of another
//! unit, and the order of stamps is the order of commits. Writers share a few threads; an idle tenant has none.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crm_domain::{
    clock::{Clock, Entropy},
    error::{Error, Result},
    tenant::{Unit, UnitDone},
};
use diesel::connection::SimpleConnection;

use super::{Session, change, counter::Counters};
use crate::{
    connection::Connection,
    dialect::{self, Purpose},
    error::{map, unavailable},
    location::Location,
};

/// Most units of one turn.
const TURN_UNITS: usize = 256;
/// After this long a turn takes no further unit: others wait.
const TURN_TIME: Duration = Duration::from_millis(50);
/// Most units that wait; `submit` blocks beyond.
const QUEUE_UNITS: usize = 10_000;

/// The threads that all tenants' writers share.
pub(crate) struct WriterPool {
    turns: Mutex<Option<mpsc::Sender<Arc<TenantWriter>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl WriterPool {
    pub(crate) fn start(threads: usize, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Arc<Self>> {
        let (sender, receiver) = mpsc::channel::<Arc<TenantWriter>>();
        let receiver = Arc::new(Mutex::new(receiver));
        let pool = Arc::new(Self {
            turns: Mutex::new(Some(sender)),
            threads: Mutex::default(),
            clock,
            entropy,
        });
        for number in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            let work = move || {
                while let Some(writer) = next_turn(&receiver) {
                    writer.take_turn();
                }
            };
            let thread = thread::Builder::new().name(format!("tenant-writer-{number}")).spawn(work);
            lock(&pool.threads).push(thread.map_err(|error| Error::Internal(format!("no thread for the writers: {error}")))?);
        }
        Ok(pool)
    }

    /// Runs what is queued, then ends the threads.
    pub(crate) fn stop(&self) {
        drop(lock(&self.turns).take());
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                tracing::error!("a writer thread panicked");
            }
        }
    }

    fn schedule(&self, writer: Arc<TenantWriter>) -> bool {
        lock(&self.turns).as_ref().is_some_and(|turns| turns.send(writer).is_ok())
    }
}

/// The lock is held while waiting: one thread waits in the channel, the others behind it.
fn next_turn(receiver: &Mutex<mpsc::Receiver<Arc<TenantWriter>>>) -> Option<Arc<TenantWriter>> {
    lock(receiver).recv().ok()
}

/// A poisoned lock guards plain data that every statement leaves whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Queue {
    units: VecDeque<Unit>,
    /// Whether a turn is scheduled or running.
    scheduled: bool,
}

/// One tenant's queue and writing connection.
pub(crate) struct TenantWriter {
    location: Location,
    queue: Mutex<Queue>,
    room: Condvar,
    connection: Mutex<Option<Connection>>,
    pool: Arc<WriterPool>,
}

impl TenantWriter {
    pub(crate) fn new(location: Location, pool: &Arc<WriterPool>) -> Arc<Self> {
        Arc::new(Self {
            location,
            queue: Mutex::default(),
            room: Condvar::new(),
            connection: Mutex::new(None),
            pool: Arc::clone(pool),
        })
    }

    pub(crate) fn submit(self: &Arc<Self>, unit: Unit) {
        let mut queue = lock(&self.queue);
        while queue.units.len() >= QUEUE_UNITS {
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.units.push_back(unit);
        if !std::mem::replace(&mut queue.scheduled, true) {
            drop(queue);
            self.schedule();
        }
    }

    fn schedule(self: &Arc<Self>) {
        if self.pool.schedule(Arc::clone(self)) {
            return;
        }
        let left = {
            let mut queue = lock(&self.queue);
            queue.scheduled = false;
            std::mem::take(&mut queue.units)
        };
        for unit in left {
            answer(unit.done, Err(unavailable("the server is stopping")));
        }
        self.room.notify_all();
    }

    /// One turn: what waits, at most [`TURN_UNITS`]; then the next tenant's.
    fn take_turn(self: &Arc<Self>) {
        let units: Vec<Unit> = {
            let mut queue = lock(&self.queue);
            let count = queue.units.len().min(TURN_UNITS);
            queue.units.drain(..count).collect()
        };
        self.room.notify_all();
        let left = self.run(units);
        let mut queue = lock(&self.queue);
        for unit in left.into_iter().rev() {
            queue.units.push_front(unit);
        }
        if queue.units.is_empty() {
            queue.scheduled = false;
        } else {
            drop(queue);
            // The channel is closed while the server stops: what waits is still run, here.
            if !self.pool.schedule(Arc::clone(self)) {
                self.take_turn();
            }
        }
    }

    /// Commits units together and answers their callers; returns those that the turn had no time for.
    fn run(&self, units: Vec<Unit>) -> Vec<Unit> {
        let mut guard = lock(&self.connection);
        let connection = match guard.take() {
            Some(connection) => Ok(connection),
            None => dialect::open(&self.location, Purpose::Write),
        };
        let mut connection = match connection {
            Ok(connection) => connection,
            Err(error) => {
                let cause = error.to_string();
                units.into_iter().for_each(|unit| answer(unit.done, Err(unavailable(&cause))));
                return Vec::new();
            }
        };
        let mut turn = Turn {
            connection: &mut connection,
            clock: &*self.pool.clock,
            entropy: &*self.pool.entropy,
            ran: Vec::new(),
        };
        let mut waiting: VecDeque<Unit> = units.into();
        let committed = turn.run(&mut waiting);
        let ran = turn.ran;
        match committed {
            Ok(()) => {
                *guard = Some(connection);
                drop(guard);
                ran.into_iter().for_each(|(done, result)| answer(done, result));
                waiting.into()
            }
            // The transaction is gone with its connection; nobody knows more than that it did not certainly commit.
            Err(error) => {
                drop(connection);
                drop(guard);
                tracing::error!(%error, location = %self.location, "a group of writes failed");
                let cause = error.to_string();
                ran.into_iter().for_each(|(done, _)| answer(done, Err(unavailable(&cause))));
                waiting.into_iter().for_each(|unit| answer(unit.done, Err(unavailable(&cause))));
                Vec::new()
            }
        }
    }
}

/// One transaction with the units it runs.
struct Turn<'a> {
    connection: &'a mut Connection,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
    ran: Vec<(UnitDone, Result<()>)>,
}

impl Turn<'_> {
    /// Fails only when the connection or the commit does; a unit's own failure is its own answer.
    fn run(&mut self, waiting: &mut VecDeque<Unit>) -> Result<()> {
        let started = Instant::now();
        dialect::begin_write(self.connection).map_err(map)?;
        let before = Counters::lock(self.connection)?;
        let mut counters = before.clone();
        // A unit that is alone needs no savepoint: undoing it is undoing the transaction.
        let guarded = waiting.len() > 1;
        while let Some(unit) = waiting.pop_front() {
            let kept = counters.clone();
            if guarded {
                self.execute("SAVEPOINT unit")?;
            }
            let result = self.run_unit(unit, &mut counters);
            if !result {
                counters = kept;
                self.execute(if guarded { "ROLLBACK TO SAVEPOINT unit" } else { "ROLLBACK" })?;
            }
            if guarded {
                self.execute("RELEASE SAVEPOINT unit")?;
            } else if !result {
                return Ok(());
            }
            if started.elapsed() > TURN_TIME {
                break;
            }
        }
        counters.save(&before, self.connection)?;
        self.execute("COMMIT")
    }

    /// Runs one unit and appends its changes to the feed; `false` when it is to be undone.
    fn run_unit(&mut self, unit: Unit, counters: &mut Counters) -> bool {
        let Unit { origin, work, done } = unit;
        let stamp = counters.next_stamp(self.clock.now());
        let mut session = Session::writing(self.connection, stamp, &origin, counters, self.entropy);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            work(&mut session)?;
            change::append(&mut session)
        }));
        let result = outcome.unwrap_or_else(|_| Err(Error::Internal("a unit of work panicked".to_owned())));
        let succeeded = result.is_ok();
        self.ran.push((done, result));
        succeeded
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.connection.batch_execute(sql).map_err(map)
    }
}

/// Answers a caller; a panic of the caller's code must not end the writer.
fn answer(done: UnitDone, result: Result<()>) {
    if catch_unwind(AssertUnwindSafe(|| done(result))).is_err() {
        tracing::error!("hearing of a write's outcome panicked");
    }
}
