//! The tenant writer: all writes of a tenant go through one queue, in groups.
//!
//! A turn takes what waits, opens one transaction, runs each unit in a savepoint of its own, commits once, and only then answers every
//! caller. So a durable commit is shared by all who wait for one, a failed unit undoes only itself, units never meet a lock of another
//! unit, and the order of stamps is the order of commits. Writers share a few threads; an idle tenant has none. Processes that write one
//! tenant take turns: see `turnstile`.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crm_domain::{
    clock::{Clock, Entropy},
    control::ControlStore,
    error::{Error, Result},
    id::TenantId,
    stamp::Stamp,
    tenant::{OnCommit, Unit, UnitDone},
    usecase::clock,
};
use diesel::connection::{Connection as _, Instrumentation, InstrumentationEvent, SimpleConnection};

use super::{
    Known, Session, Writing,
    change::{self, ChangeRow},
    contact::stats::Deltas,
    counter::Counters,
    kpi::KpiDeltas,
    turnstile::Turnstile,
};
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
/// Most units that wait; a further one is refused.
const QUEUE_UNITS: usize = 10_000;

/// SQLite's write-ahead log is folded into the file when it has so many pages of 4 KiB, between two turns: by default the commit that makes
/// it too long does so, and everybody of that turn waits. A longer log is folded less often, but then the next turn waits
/// longer: 4,000 pages take some 25 ms, 1,000 some 10 ms.
const LONG_LOG: i64 = 1_000;

/// What a writer's thread does next.
enum Task {
    /// A tenant's turn.
    Turn(Arc<TenantWriter>),
    /// Opening a tenant's database for a unit of work, which may take as long as a migration.
    Opening(Opening),
}

impl Task {
    fn run(self) {
        match self {
            Self::Turn(writer) => writer.take_turn(),
            Self::Opening(open) => {
                if catch_unwind(AssertUnwindSafe(|| open(Ok(())))).is_err() {
                    tracing::error!("opening a tenant's database panicked");
                }
            }
        }
    }
}

/// Opens a database, or hears why not.
type Opening = Box<dyn FnOnce(Result<()>) + Send>;

/// The threads that all tenants' writers share.
pub(crate) struct WriterPool {
    tasks: Mutex<Option<mpsc::Sender<Task>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    heard: OnceLock<OnCommit>,
    /// Where the agenda is, and which tenants have work.
    control: Arc<dyn ControlStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl WriterPool {
    pub(crate) fn start(
        threads: usize,
        control: Arc<dyn ControlStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<Self>> {
        let (sender, receiver) = mpsc::channel::<Task>();
        let receiver = Arc::new(Mutex::new(receiver));
        let pool = Arc::new(Self {
            tasks: Mutex::new(Some(sender)),
            threads: Mutex::default(),
            heard: OnceLock::new(),
            control,
            clock,
            entropy,
        });
        for number in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            let work = move || {
                while let Some(task) = next_task(&receiver) {
                    task.run();
                }
            };
            let thread = thread::Builder::new().name(format!("tenant-writer-{number}")).spawn(work);
            lock(&pool.threads).push(thread.map_err(|error| Error::Internal(format!("no thread for the writers: {error}")))?);
        }
        Ok(pool)
    }

    /// Has `heard` told of every change committed here; a second listener is not taken.
    pub(crate) fn on_commit(&self, heard: OnCommit) {
        if self.heard.set(heard).is_err() {
            tracing::error!("commits have a listener already");
        }
    }

    /// Enters in the agenda when a tenant's timer is due that is about to be committed.
    fn enter(&self, tenant: TenantId, due_at: i64) -> Result<()> {
        let due_at = Stamp::from_micros(due_at);
        self.control.writing(|unit| unit.agenda().enter(tenant, due_at))
    }

    /// Marks a tenant as one with work whose job is about to be committed.
    fn mark(&self, tenant: TenantId, due_at: i64) -> Result<()> {
        let due_at = Stamp::from_micros(due_at);
        self.control.writing(|unit| unit.work().mark(tenant, due_at)).map(drop)
    }

    fn tell(&self, tenant: TenantId, last_seq: i64) {
        let Some(heard) = self.heard.get() else { return };
        if catch_unwind(AssertUnwindSafe(|| heard(tenant, last_seq))).is_err() {
            tracing::error!("hearing of a commit panicked");
        }
    }

    /// Runs what is queued, then ends the threads.
    pub(crate) fn stop(&self) {
        drop(lock(&self.tasks).take());
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                tracing::error!("a writer thread panicked");
            }
        }
    }

    /// Has a thread open a database; while the server stops, `opening` hears so at once.
    pub(crate) fn open(&self, opening: impl FnOnce(Result<()>) + Send + 'static) {
        if let Err(Task::Opening(opening)) = self.schedule(Task::Opening(Box::new(opening))) {
            opening(Err(stopping()));
        }
    }

    /// Puts a task into the threads' queue, or gives it back while the server stops.
    fn schedule(&self, task: Task) -> Result<(), Task> {
        match &*lock(&self.tasks) {
            Some(tasks) => tasks.send(task).map_err(|refused| refused.0),
            None => Err(task),
        }
    }
}

/// The lock is held while waiting: one thread waits in the channel, the others behind it.
fn next_task(receiver: &Mutex<mpsc::Receiver<Task>>) -> Option<Task> {
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
    id: TenantId,
    location: Location,
    queue: Mutex<Queue>,
    connection: Mutex<Option<Held>>,
    pool: Arc<WriterPool>,
}

impl TenantWriter {
    pub(crate) fn new(id: TenantId, location: Location, pool: &Arc<WriterPool>) -> Arc<Self> {
        Arc::new(Self {
            id,
            location,
            queue: Mutex::default(),
            connection: Mutex::new(None),
            pool: Arc::clone(pool),
        })
    }

    pub(crate) fn submit(self: &Arc<Self>, unit: Unit) {
        let mut queue = lock(&self.queue);
        if queue.units.len() >= QUEUE_UNITS {
            drop(queue);
            answer(unit.done, Err(unavailable("too many units of work wait for the tenant's writer")));
            return;
        }
        queue.units.push_back(unit);
        if !std::mem::replace(&mut queue.scheduled, true) {
            drop(queue);
            self.schedule();
        }
    }

    /// Queues a unit from a writer's own thread, which runs it itself when the server stops: whoever submitted it did so before.
    pub(crate) fn submit_opened(self: &Arc<Self>, unit: Unit) {
        let mut queue = lock(&self.queue);
        queue.units.push_back(unit);
        if std::mem::replace(&mut queue.scheduled, true) {
            return;
        }
        drop(queue);
        if self.pool.schedule(Task::Turn(Arc::clone(self))).is_err() {
            self.take_turn();
        }
    }

    fn schedule(self: &Arc<Self>) {
        if self.pool.schedule(Task::Turn(Arc::clone(self))).is_ok() {
            return;
        }
        let left = {
            let mut queue = lock(&self.queue);
            queue.scheduled = false;
            std::mem::take(&mut queue.units)
        };
        for unit in left {
            answer(unit.done, Err(stopping()));
        }
    }

    /// One turn: what waits, at most [`TURN_UNITS`]; then the next tenant's.
    fn take_turn(self: &Arc<Self>) {
        loop {
            let units: Vec<Unit> = {
                let mut queue = lock(&self.queue);
                let count = queue.units.len().min(TURN_UNITS);
                queue.units.drain(..count).collect()
            };
            let left = self.run(units);
            let mut queue = lock(&self.queue);
            for unit in left.into_iter().rev() {
                queue.units.push_front(unit);
            }
            if queue.units.is_empty() {
                queue.scheduled = false;
                return;
            }
            drop(queue);
            if self.pool.schedule(Task::Turn(Arc::clone(self))).is_ok() {
                return;
            }
            // The channel is closed while the server stops: what waits is still run, here.
        }
    }

    /// Commits units together and answers their callers; returns those that the turn had no time for.
    fn run(&self, units: Vec<Unit>) -> Vec<Unit> {
        let mut guard = lock(&self.connection);
        let mut waiting: VecDeque<Unit> = units.into();
        loop {
            let reused = guard.take();
            let is_reused = reused.is_some();
            let mut held = match reused.map_or_else(|| Held::open(&self.location), Ok) {
                Ok(held) => held,
                Err(error) => {
                    drop(guard);
                    answer_all(waiting.into_iter().map(|unit| unit.done), &error);
                    return Vec::new();
                }
            };
            let mut turn = Turn::new(&mut held, self.id, &self.pool);
            let committed = turn.run(&mut waiting);
            let (ran, written, last_seq) = (turn.ran, turn.written, turn.last_seq);
            match committed {
                Ok(()) => {
                    if written > 0 {
                        self.pool.tell(self.id, last_seq);
                    }
                    ran.into_iter().for_each(|(done, result)| answer(done, result));
                    // Nobody waits any more for what comes now.
                    if held.has_grown(written) {
                        renew_statistics(self.location.clone());
                    }
                    if let Err(error) = dialect::fold(&mut held.connection, LONG_LOG) {
                        tracing::warn!(%error, location = %self.location, "the write-ahead log could not be folded");
                    }
                    *guard = Some(held);
                    return waiting.into();
                }
                // The connection was gone before any unit ran: a new one does not repeat anything.
                Err(error) if is_reused && ran.is_empty() => {
                    tracing::warn!(%error, location = %self.location, "a writing connection was lost; opening another");
                }
                // The transaction is gone with its connection; nobody knows more than that it did not certainly commit.
                Err(error) => {
                    drop(held);
                    drop(guard);
                    tracing::error!(%error, location = %self.location, "a group of writes failed");
                    let has_run = !ran.is_empty();
                    answer_all(ran.into_iter().map(|(done, _)| done), &error);
                    if has_run {
                        return waiting.into();
                    }
                    answer_all(waiting.into_iter().map(|unit| unit.done), &error);
                    return Vec::new();
                }
            }
        }
    }
}

/// The writing connection, with what it knows of the tables' growth.
struct Held {
    connection: Connection,
    known: Known,
    turnstile: Turnstile,
    /// Whether a statement failed since it was last asked.
    failed: Arc<AtomicBool>,
    /// Rows written since the planner's statistics were renewed.
    written: i64,
    /// At so many they are renewed next.
    renew_at: i64,
}

/// The planner hears of a table's growth at this many rows, and then at each four times as many.
const FIRST_RENEWAL: i64 = 1_000;

impl Held {
    fn open(location: &Location) -> Result<Self> {
        let mut connection = dialect::open(location, Purpose::Write)?;
        let failed = Arc::new(AtomicBool::new(false));
        connection.set_instrumentation(FailureNote(Arc::clone(&failed)));
        dialect::leave_unfolded(&mut connection)?;
        Ok(Self {
            connection,
            known: Known::default(),
            turnstile: Turnstile::open(location)?,
            failed,
            written: 0,
            renew_at: FIRST_RENEWAL,
        })
    }

    /// Whether the tables have grown so much that the planner must hear of it.
    fn has_grown(&mut self, written: i64) -> bool {
        self.written += written;
        let has_grown = self.written >= self.renew_at;
        if has_grown {
            self.renew_at = self.written * 4;
        }
        has_grown
    }
}

/// A database that planned for an empty table and now has a million rows would sort them all for each page, until its own maintenance
/// looks at it a minute later. Beside the writer, on a connection of its own: it takes tens of milliseconds, and nobody's write waits.
fn renew_statistics(location: Location) {
    if !dialect::plans_by_statistics(&location) {
        return;
    }
    let renew = move || {
        let renewed = dialect::open(&location, Purpose::Write).and_then(|mut connection| dialect::renew_statistics(&mut connection));
        if let Err(error) = renewed {
            tracing::warn!(%error, %location, "the planner's statistics could not be renewed");
        }
    };
    if let Err(error) = thread::Builder::new().name("statistics".to_owned()).spawn(renew) {
        tracing::warn!(%error, "no thread to renew the planner's statistics");
    }
}

/// Notes that a statement failed. A unit may ignore the failure, but must not be committed: PostgreSQL would refuse, and SQLite would
/// keep the half of it that was written.
struct FailureNote(Arc<AtomicBool>);

impl Instrumentation for FailureNote {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::FinishQuery { error: Some(_), .. } = event {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// One transaction with the units it runs.
struct Turn<'a> {
    connection: &'a mut Connection,
    known: &'a mut Known,
    turnstile: &'a Turnstile,
    failed: &'a AtomicBool,
    tenant: TenantId,
    pool: &'a WriterPool,
    clock: &'a dyn Clock,
    entropy: &'a dyn Entropy,
    ran: Vec<(UnitDone, Result<()>)>,
    changes: Vec<ChangeRow>,
    stats: Deltas,
    kpis: KpiDeltas,
    /// How many changes it committed.
    written: i64,
    /// The last of them.
    last_seq: i64,
}

impl<'a> Turn<'a> {
    fn new(held: &'a mut Held, tenant: TenantId, pool: &'a WriterPool) -> Self {
        Self {
            connection: &mut held.connection,
            known: &mut held.known,
            turnstile: &held.turnstile,
            failed: &held.failed,
            tenant,
            pool,
            clock: &*pool.clock,
            entropy: &*pool.entropy,
            ran: Vec::new(),
            changes: Vec::new(),
            stats: Deltas::default(),
            kpis: KpiDeltas::default(),
            written: 0,
            last_seq: 0,
        }
    }

    /// Fails only when the connection or the commit does; a unit's own failure is its own answer.
    fn run(&mut self, waiting: &mut VecDeque<Unit>) -> Result<()> {
        let _pass = self.turnstile.enter()?;
        let started = Instant::now();
        dialect::begin_write(self.connection).map_err(map)?;
        let before = Counters::lock(self.connection)?;
        let mut counters = before.clone();
        // A unit that is alone needs no savepoint: undoing it is undoing the transaction.
        let guarded = waiting.len() > 1;
        while !waiting.is_empty() {
            if guarded {
                // Both in one round trip.
                self.execute(if self.ran.is_empty() {
                    "SAVEPOINT unit"
                } else {
                    "RELEASE SAVEPOINT unit; SAVEPOINT unit"
                })?;
            }
            // Taken only now: had the savepoint failed, nobody would answer it.
            let Some(unit) = waiting.pop_front() else { break };
            let kept = counters.clone();
            if !self.run_unit(unit, &mut counters) {
                counters = kept;
                if !guarded {
                    return self.execute("ROLLBACK");
                }
                self.execute("ROLLBACK TO SAVEPOINT unit")?;
            }
            if started.elapsed() > TURN_TIME {
                break;
            }
        }
        counters.save(&before, self.connection)?;
        change::insert(self.connection, &self.changes)?;
        std::mem::take(&mut self.stats).save(self.connection)?;
        std::mem::take(&mut self.kpis).save(self.connection)?;
        self.execute("COMMIT")?;
        self.written = counters.change_seq - before.change_seq;
        self.last_seq = counters.change_seq;
        Ok(())
    }

    /// Runs one unit and takes the changes it recorded; `false` when it is to be undone.
    fn run_unit(&mut self, unit: Unit, counters: &mut Counters) -> bool {
        let Unit { origin, work, done } = unit;
        let stamp = counters.next_stamp(self.clock.now());
        let (tenant, pool) = (self.tenant, self.pool);
        let mut session = Session::writing(self.connection, stamp, &origin, counters, self.known, self.entropy);
        self.failed.store(false, Ordering::Relaxed);
        let whole = || {
            work(&mut session)?;
            set_timers(&mut session, tenant, pool)?;
            // Before the commit: a crash in between leads to a needless look, never to a job that nobody looks for.
            session.state.work_at.map_or(Ok(()), |due_at| pool.mark(tenant, due_at))
        };
        let outcome = catch_unwind(AssertUnwindSafe(whole));
        let mut result = outcome.unwrap_or_else(|_| Err(Error::Internal("a unit of work panicked".to_owned())));
        if result.is_ok() && self.failed.load(Ordering::Relaxed) {
            result = Err(Error::Internal("a unit of work went on after a statement had failed".to_owned()));
        }
        let succeeded = result.is_ok();
        if succeeded {
            // Written once for the whole turn.
            self.changes.extend(change::take_recorded(&mut session));
            self.stats.take(session.state.stats);
            self.kpis.take(session.state.kpis);
        }
        self.ran.push((done, result));
        succeeded
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.connection.batch_execute(sql).map_err(map)
    }
}

/// The timers of what a unit changed are what they are now. One that is earlier than the agenda says is entered there before it is committed:
/// a crash in between leaves an entry too many, never one too few.
fn set_timers(session: &mut Session<'_, Writing<'_>>, tenant: TenantId, pool: &WriterPool) -> Result<()> {
    let recorded = std::mem::take(&mut session.state.changes);
    clock::follow(session, &recorded)?;
    session.state.changes = recorded;
    if let Some(at) = session.state.alarm_at
        && at < session.state.counters.agenda_at
    {
        pool.enter(tenant, at)?;
        session.state.counters.agenda_at = at;
    }
    Ok(())
}

fn stopping() -> Error {
    unavailable("the server is stopping")
}

fn answer_all(callers: impl Iterator<Item = UnitDone>, error: &Error) {
    let cause = error.to_string();
    callers.for_each(|done| answer(done, Err(unavailable(&cause))));
}

/// Answers a caller; a panic of the caller's code must not end the writer.
fn answer(done: UnitDone, result: Result<()>) {
    if catch_unwind(AssertUnwindSafe(|| done(result))).is_err() {
        tracing::error!("hearing of a write's outcome panicked");
    }
}
