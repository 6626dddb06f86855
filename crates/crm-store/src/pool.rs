//! Pools of reading connections. Tenants by the thousand share one maintenance thread.

use std::{
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crm_domain::error::{Error, Result};
use diesel::connection::SimpleConnection;
use r2d2::{ManageConnection, PooledConnection};
use scheduled_thread_pool::ScheduledThreadPool;

use crate::{
    connection::Connection,
    dialect::{self, CHECKOUT_TIMEOUT, Purpose},
    error::unavailable,
    location::Location,
};

/// Opens and closes connections, of all pools. One database that accepts connections and does not answer must not keep the others waiting.
static MAINTENANCE: LazyLock<Arc<ScheduledThreadPool>> = LazyLock::new(|| {
    Arc::new(
        ScheduledThreadPool::builder()
            .num_threads(MAINTENANCE_THREADS)
            .thread_name_pattern("pool-maintenance")
            .build(),
    )
});

/// A pooled connection that remembers whether it broke, and when it was last known to be sound.
pub(crate) struct Slot {
    pub(crate) connection: Connection,
    broken: bool,
    used: Instant,
    /// How many connections of its pool had been lost then.
    seen: u64,
    losses: Arc<AtomicU64>,
}

/// After resting for so long a connection is tried before it is used: the server may have restarted meanwhile.
const RESTED: Duration = Duration::from_secs(1);

impl Slot {
    /// Whether it may be used. One that rested, or whose like was lost since, is tried first: so a restart of the server costs what
    /// was under way, not a failure for each connection.
    fn is_sound(&mut self) -> bool {
        let losses = self.losses.load(Ordering::Acquire);
        if self.seen == losses && self.used.elapsed() < RESTED {
            return true;
        }
        let tried = self.connection.batch_execute("SELECT 1");
        self.broken = tried.is_err();
        self.note(losses);
        if let Err(error) = tried {
            tracing::warn!(%error, "a pooled database connection was lost");
        }
        !self.broken
    }

    /// Notes a use, and tells the pool when it was the last.
    fn note(&mut self, losses: u64) {
        self.used = Instant::now();
        self.seen = losses;
        if self.broken {
            self.losses.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Runs `work`; a connection that turns out to be gone is not used again.
    pub(crate) fn run<T>(&mut self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        // A panic leaves it marked: nobody knows what transaction it is in.
        self.broken = true;
        let losses = self.losses.load(Ordering::Acquire);
        let result = work(&mut self.connection);
        self.broken = matches!(result, Err(Error::Unavailable { .. }));
        self.note(losses);
        result
    }
}

/// Why the latest attempt to connect failed; `None` after one that did not.
#[derive(Debug, Clone, Default)]
struct Outage(Arc<Mutex<Option<String>>>);

impl Outage {
    fn cause(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens connections to one database.
pub(crate) struct Manager {
    location: Location,
    purpose: Purpose,
    outage: Outage,
    losses: Arc<AtomicU64>,
}

impl ManageConnection for Manager {
    type Connection = Slot;
    type Error = Error;

    fn connect(&self) -> Result<Slot> {
        let opened = dialect::open(&self.location, self.purpose);
        *self.outage.cause() = opened.as_ref().err().map(ToString::to_string);
        opened.map(|connection| Slot {
            connection,
            broken: false,
            used: Instant::now(),
            seen: self.losses.load(Ordering::Acquire),
            losses: Arc::clone(&self.losses),
        })
    }

    fn is_valid(&self, slot: &mut Slot) -> Result<()> {
        slot.connection.batch_execute("SELECT 1").map_err(crate::error::map)
    }

    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.broken
    }
}

/// A pool of connections to one database; opens them when they are first needed.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: r2d2::Pool<Manager>,
    outage: Outage,
}

/// Connections that can be on their way at once. Idle, a thread costs some kilobytes.
const MAINTENANCE_THREADS: usize = 16;
/// How long a caller waits for a connection while none can be opened.
const OUTAGE_PATIENCE: Duration = Duration::from_millis(250);
/// r2d2 waits longer after each failed attempt to connect, up to half of this: after an outage it must not sleep on.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Pool {
    pub(crate) fn new(location: Location, purpose: Purpose, size: u32) -> Self {
        let outage = Outage::default();
        let manager = Manager {
            location,
            purpose,
            outage: outage.clone(),
            losses: Arc::default(),
        };
        let connections = r2d2::Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(2 * LONGEST_PAUSE)
            .idle_timeout(Some(Duration::from_secs(300)))
            .thread_pool(Arc::clone(&MAINTENANCE))
            .error_handler(Box::new(LogErrors))
            .build_unchecked(manager);
        Self { connections, outage }
    }

    /// A sound connection, as soon as one is free. While the database cannot be reached nobody waits for it.
    pub(crate) fn get(&self) -> Result<PooledConnection<Manager>> {
        loop {
            let mut connection = self.check_out()?;
            if connection.is_sound() {
                return Ok(connection);
            }
        }
    }

    fn check_out(&self) -> Result<PooledConnection<Manager>> {
        let asked = Instant::now();
        loop {
            let error = match self.connections.get_timeout(OUTAGE_PATIENCE) {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let is_down = self.connections.state().connections == 0;
            if let Some(cause) = self.outage.cause().as_ref().filter(|_| is_down) {
                return Err(unavailable(cause));
            }
            if asked.elapsed() >= CHECKOUT_TIMEOUT {
                return Err(unavailable(error));
            }
        }
    }

    /// Runs reads on one connection.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.get()?.run(work)
    }

    /// Runs reads in one transaction, which sees one state.
    pub(crate) fn run_snapshot<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        self.get()?.run(|connection| {
            dialect::begin_snapshot(connection).map_err(crate::error::map)?;
            let result = work(connection);
            let end = connection
                .batch_execute(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })
                .map_err(crate::error::map);
            let value = result?;
            end?;
            Ok(value)
        })
    }
}

#[derive(Debug)]
struct LogErrors;

impl r2d2::HandleError<Error> for LogErrors {
    fn handle_error(&self, error: Error) {
        tracing::warn!(%error, "a database connection could not be opened");
    }
}
