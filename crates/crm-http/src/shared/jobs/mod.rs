//! Runs the tenants' jobs, beside the requests.
//!
//! Whoever adds a job rings the bell of its process; what other processes added, or left behind, is found by a look at the control plane's
//! table of tenants that may have work, every few seconds. A tenant that is looked at gives one job after the other, as long as there is
//! room; each runs on a blocking thread of its own, with a task beside it that extends its lease.

mod run;
mod takeover;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crm_domain::{
    Result,
    clock::Clock,
    control::{
        ControlStore,
        tenant::Tenant,
        work::{Promise, Work},
    },
    id::TenantId,
    stamp::Stamp,
    tenant::{TenantStore, Tenants, UnitOfWork, job::JobKind},
    usecase::jobs::{self, Executor},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::tenant::{TenantSession, block, blocking, server_origin};
use crate::settings::JobSettings;

/// Tenants asked for at once.
const ROUND: u32 = 64;
/// Tenants looked at at once.
const LOOKS: usize = 8;
/// How long a stop waits for jobs to come to an end. One that takes longer is taken over when its lease ends.
const STOP: Duration = Duration::from_secs(10);
/// How far the writers' stamps may be ahead of the clock: they ascend also while it stands still.
const AHEAD: Duration = Duration::from_secs(1);
/// When a tenant is looked at again that nobody may enter.
const INACTIVE: Duration = Duration::from_secs(300);

/// The jobs of this process.
pub(crate) struct Jobs {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    executors: HashMap<JobKind, Kind>,
    settings: JobSettings,
    /// Tenants that have work as far as this process knows by itself.
    woken: Mutex<HashSet<TenantId>>,
    /// Tenants that are being looked at.
    looked_at: Mutex<HashSet<TenantId>>,
    bell: Notify,
    room: Arc<Semaphore>,
    looks: Arc<Semaphore>,
    stopping: Arc<AtomicBool>,
}

/// What runs one kind, and how many more of it may run.
struct Kind {
    executor: Arc<dyn Executor>,
    room: Option<Arc<Semaphore>>,
}

/// The right to run one job.
struct Room {
    _any: OwnedSemaphorePermit,
    of_kind: HashMap<JobKind, Option<OwnedSemaphorePermit>>,
}

impl Room {
    fn kinds(&self) -> Vec<JobKind> {
        self.of_kind.keys().copied().collect()
    }
}

impl Jobs {
    pub(crate) fn new(
        control: Arc<dyn ControlStore>,
        tenants: Arc<dyn Tenants>,
        clock: Arc<dyn Clock>,
        executors: Vec<Arc<dyn Executor>>,
        settings: JobSettings,
    ) -> Arc<Self> {
        let kind = |executor: Arc<dyn Executor>| {
            let room = executor.parallel().map(|most| Arc::new(Semaphore::new(most.max(1))));
            (executor.kind(), Kind { executor, room })
        };
        Arc::new(Self {
            control,
            tenants,
            clock,
            executors: executors.into_iter().map(kind).collect(),
            settings,
            woken: Mutex::default(),
            looked_at: Mutex::default(),
            bell: Notify::new(),
            room: Arc::new(Semaphore::new(settings.parallel)),
            looks: Arc::new(Semaphore::new(LOOKS)),
            stopping: Arc::default(),
        })
    }

    /// Writes a unit that adds a job due at `due_at`, by [`jobs::submit`], and has it run.
    ///
    /// # Errors
    /// Those of the work; [`crm_domain::Error::Unavailable`] when a database does not answer.
    pub(crate) async fn submit<T: Send + 'static>(
        &self,
        session: &TenantSession,
        due_at: Stamp,
        work: impl FnOnce(&mut dyn UnitOfWork, &Promise) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (control, tenant) = (Arc::clone(&self.control), session.tenant.id);
        let promise = block(move || jobs::announce(&*control, tenant, due_at)).await?;
        let added = session.write(move |unit| work(unit, &promise)).await;
        // Also after a failure: of a unit that was too late to be waited for nobody knows.
        self.wake(tenant);
        added
    }

    /// Has a tenant looked at now.
    pub(crate) fn wake(&self, tenant: TenantId) {
        lock(&self.woken).insert(tenant);
        self.bell.notify_one();
    }

    /// Runs jobs until told to stop.
    pub(crate) async fn run(self: Arc<Self>) {
        if self.executors.is_empty() || self.settings.parallel == 0 {
            return;
        }
        if self.settings.is_sole {
            self.take_over().await;
        }
        let pause = Duration::from_millis(self.settings.poll_milliseconds.max(10));
        while !self.is_stopping() {
            if self.room.available_permits() > 0
                && let Err(error) = self.round().await
            {
                tracing::warn!(%error, "looking for jobs failed; the next round tries again");
            }
            // Either way there may be something to do.
            let _ = timeout(pause, self.bell.notified()).await;
        }
    }

    /// From now on no job begins, and those that run come to an end.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Waits until the running jobs have been given back.
    pub(crate) async fn stop(&self) {
        self.begin_stop();
        let all = u32::try_from(self.settings.parallel).unwrap_or(u32::MAX);
        if timeout(STOP, self.room.acquire_many(all)).await.is_err() {
            tracing::warn!("jobs do not come to an end; they are taken over when their leases end");
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    async fn round(self: &Arc<Self>) -> Result<()> {
        let woken = std::mem::take(&mut *lock(&self.woken));
        let (control, now) = (Arc::clone(&self.control), self.clock.now());
        let due = blocking(move || control.reading(|reader| reader.work().due(now, ROUND))).await;
        let due = due.inspect_err(|_| lock(&self.woken).extend(&woken))?;
        let tenants: HashSet<TenantId> = due.iter().map(|work| work.tenant).chain(woken).collect();
        for tenant in tenants {
            if !lock(&self.looked_at).insert(tenant) {
                // The look that is under way may be past what is new.
                lock(&self.woken).insert(tenant);
                continue;
            }
            let own = Arc::clone(self);
            tokio::spawn(async move {
                let _place = Arc::clone(&own.looks).acquire_owned().await;
                let looked = own.look(tenant).await;
                lock(&own.looked_at).remove(&tenant);
                if let Err(error) = looked {
                    tracing::warn!(%error, tenant = %tenant, "a tenant's jobs cannot be looked at; it is tried again");
                }
                if lock(&own.woken).contains(&tenant) {
                    own.bell.notify_one();
                }
            });
        }
        Ok(())
    }

    /// Starts a tenant's due jobs as far as there is room, and notes when to look again.
    async fn look(self: &Arc<Self>, id: TenantId) -> Result<()> {
        let control = Arc::clone(&self.control);
        let found = blocking(move || control.reading(|reader| Ok((reader.tenants().lookup(id)?, reader.work().lookup(id)?))));
        let (Some(tenant), seen) = found.await? else { return Ok(()) };
        if !tenant.is_active {
            let later = self.clock.now().plus(INACTIVE);
            return self.settle(seen, Some(later)).await;
        }
        let tenant = Arc::new(tenant);
        let store = self.tenants.open(&tenant)?;
        while !self.is_stopping() && self.start_next(&tenant, &store).await? {}
        let next_due = blocking(move || store.reading(|reader| reader.jobs().next_due(None))).await?;
        let now = self.clock.now();
        let next_look = seen.and_then(|seen| seen.next_look(next_due, now));
        self.settle(seen, next_look).await
    }

    async fn settle(&self, seen: Option<Work>, next_look: Option<Stamp>) -> Result<()> {
        let Some(seen) = seen.filter(|seen| next_look != Some(seen.due_at)) else {
            return Ok(());
        };
        let control = Arc::clone(&self.control);
        blocking(move || control.writing(|unit| unit.work().settle(&seen, next_look))).await
    }

    /// Claims and starts the job that is due next; whether there was one.
    async fn start_next(self: &Arc<Self>, tenant: &Arc<Tenant>, store: &Arc<dyn TenantStore>) -> Result<bool> {
        let Some(room) = self.take_room() else {
            // Who is done makes the round go on.
            lock(&self.woken).insert(tenant.id);
            return Ok(false);
        };
        if room.of_kind.is_empty() {
            // The tenant's row is still due: the next round finds it.
            return Ok(false);
        }
        let (own, asked, kinds) = (Arc::clone(self), Arc::clone(store), room.kinds());
        let lease = self.settings.lease();
        let claimed = blocking(move || {
            // Reading first: a unit that finds nothing costs a commit all the same.
            let due = asked.reading(|reader| reader.jobs().next_due(Some(&kinds)))?;
            if due.is_none_or(|due| due > own.clock.now().plus(AHEAD)) {
                return Ok(None);
            }
            let mut claimed = asked.writing(server_origin(), move |unit| unit.jobs().claim(&kinds, lease, 1))?;
            Ok(claimed.pop())
        });
        let Some(job) = claimed.await? else { return Ok(false) };
        self.start(job, tenant, store, room);
        Ok(true)
    }

    /// Room for one more job, and of which kinds it may be.
    fn take_room(&self) -> Option<Room> {
        let any = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let place = |(kind, of): (&JobKind, &Kind)| match &of.room {
            None => Some((*kind, None)),
            Some(room) => Arc::clone(room).try_acquire_owned().ok().map(|permit| (*kind, Some(permit))),
        };
        let of_kind = self.executors.iter().filter_map(place).collect();
        Some(Room { _any: any, of_kind })
    }
}

/// Nothing panics while it is held: poisoned data is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
