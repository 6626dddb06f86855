//! Fires the tenants' timers, beside the requests.
//!
//! The control plane's agenda tells of which tenants something is due; it is asked as often as the settings say, also for what other nodes and
//! commands set. A tenant that is looked at tells everything that is due, unit after unit, and then the agenda is told when to look again. Nodes that
//! look at the same tenant are put in line by its writer's lock, and what one of them told the others do not find: no lease is needed.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crm_domain::{
    Result,
    clock::Clock,
    control::{ControlStore, work::Work},
    id::TenantId,
    stamp::Stamp,
    tenant::{
        TenantStore, Tenants,
        change::{Actor, Origin},
    },
    usecase::clock::{self, Ticked},
};
use metrics::counter;
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::tenant::blocking;
use crate::settings::TimerSettings;

/// Tenants asked for at once.
const ROUND: u32 = 64;
/// Tenants looked at at once.
const LOOKS: u32 = 4;
/// How long a stop waits for looks that are under way; each is in the midst of one unit at most.
const STOP: Duration = Duration::from_secs(10);
/// When a tenant is looked at again that nobody may enter.
const INACTIVE: Duration = Duration::from_secs(300);

/// What fires timers.
pub(crate) struct Timers {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    settings: TimerSettings,
    /// Tenants that are being looked at.
    looked_at: Mutex<HashSet<TenantId>>,
    bell: Notify,
    looks: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl Timers {
    pub(crate) fn new(
        control: Arc<dyn ControlStore>,
        tenants: Arc<dyn Tenants>,
        clock: Arc<dyn Clock>,
        settings: TimerSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            control,
            tenants,
            clock,
            settings,
            looked_at: Mutex::default(),
            bell: Notify::new(),
            looks: Arc::new(Semaphore::new(LOOKS as usize)),
            stopping: AtomicBool::new(false),
        })
    }

    /// Fires timers until told to stop.
    pub(crate) async fn run(self: Arc<Self>) {
        if self.settings.poll_milliseconds == 0 {
            return;
        }
        let pause = Duration::from_millis(self.settings.poll_milliseconds.max(10));
        while !self.is_stopping() {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "looking for timers failed; the next round tries again");
            }
            // Either way there may be something to do.
            let _ = timeout(pause, self.bell.notified()).await;
        }
    }

    /// From now on no unit begins.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Waits until the units under way are over.
    pub(crate) async fn stop(&self) {
        self.begin_stop();
        if timeout(STOP, self.looks.acquire_many(LOOKS)).await.is_err() {
            tracing::warn!("timers are still being fired; what is not committed is fired by whoever looks next");
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    async fn round(self: &Arc<Self>) -> Result<()> {
        let (control, now) = (Arc::clone(&self.control), self.clock.now());
        let due = blocking(move || control.reading(|reader| reader.agenda().due(now, ROUND))).await?;
        for tenant in due.into_iter().map(|work| work.tenant) {
            if !self.lock().insert(tenant) {
                continue;
            }
            let own = Arc::clone(self);
            tokio::spawn(async move {
                let _place = Arc::clone(&own.looks).acquire_owned().await;
                let looked = own.look(tenant).await;
                own.lock().remove(&tenant);
                if let Err(error) = looked {
                    tracing::warn!(%error, %tenant, "a tenant's timers cannot be fired; it is tried again");
                }
            });
        }
        Ok(())
    }

    /// Fires a tenant's due timers, and notes when to look again.
    async fn look(&self, id: TenantId) -> Result<()> {
        let control = Arc::clone(&self.control);
        // The entry is read before the tenant: what is entered from here on makes it stay.
        let found = blocking(move || control.reading(|reader| Ok((reader.tenants().lookup(id)?, reader.agenda().lookup(id)?))));
        let (tenant, seen) = found.await?;
        let Some(seen) = seen else { return Ok(()) };
        let Some(tenant) = tenant else {
            return self.settle(seen, None).await;
        };
        if !tenant.is_active {
            let later = self.clock.now().plus(INACTIVE);
            return self.settle(seen, Some(later)).await;
        }
        let tenants = Arc::clone(&self.tenants);
        let store = blocking(move || tenants.open(&tenant)).await?;
        while !self.is_stopping() {
            let ticked = self.tick(&store).await?;
            counter!("crm_timers_fired_total").increment(u64::try_from(ticked.fired).unwrap_or(0));
            if ticked.is_done {
                return self.settle(seen, ticked.next).await;
            }
        }
        Ok(())
    }

    async fn tick(&self, store: &Arc<dyn TenantStore>) -> Result<Ticked> {
        let (store, now) = (Arc::clone(store), self.clock.now());
        blocking(move || store.writing(origin(), move |unit| clock::tick(unit, now))).await
    }

    async fn settle(&self, seen: Work, next_look: Option<Stamp>) -> Result<()> {
        let control = Arc::clone(&self.control);
        blocking(move || control.writing(|unit| unit.agenda().settle(&seen, next_look))).await
    }

    /// Nothing panics while it is held: poisoned data is whole.
    fn lock(&self) -> MutexGuard<'_, HashSet<TenantId>> {
        self.looked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who tells it.
fn origin() -> Origin {
    Origin {
        actor: Actor::Job(clock::JOB),
        family: "server",
    }
}
