//! Tells webhooks what happens, beside the requests.
//!
//! A tenant of which something is to be told, or sent, has a *courier*: a task that makes deliveries of what happened, claims those that are
//! due, sends them, and keeps what became of them, until nothing is left to do. A commit of this process wakes it. What other processes wrote or
//! left behind is found by looks at the tenants that have webhooks, which the control plane's table `outbox` names: at once where a
//! delivery is due, at the others in turn.

mod bell;
mod courier;
mod endpoint;
mod load;
mod outgoing;
mod room;
mod target;
mod test;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crm_domain::{
    Result,
    clock::{Clock, Entropy, uuid_at},
    control::{ControlStore, outbox::NOTHING_DUE, work::Work},
    id::{RecordId, TenantId},
    sealing::{Sealer, Vault},
    stamp::Stamp,
    tenant::{
        Tenants, UnitOfWork,
        delivery::Payloads,
        webhook::{TargetJudge, sender::WebhookSender},
    },
};
use tokio::{
    sync::{Notify, Semaphore},
    time::{MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

use super::tenant::{TenantSession, block, blocking};
use crate::settings::WebhookSettings;
use bell::Bell;
use room::Room;

/// Tenants with due deliveries that are looked at in one round.
const ROUND: u32 = 64;
/// Other tenants with webhooks that are looked at in one round.
const SWEEP: u32 = 32;
/// Couriers that read at once.
const READS: usize = 8;
/// How long what is known of a tenant without webhooks is believed: another node may register one.
const DEAF: Duration = Duration::from_secs(30);
/// How long a stop waits for couriers to go. What they could not give back is sent again when its lease ends.
const STOP: Duration = Duration::from_secs(8);
/// How far the writers' stamps may be ahead of the clock: they ascend also while it stands still.
const AHEAD: Duration = Duration::from_secs(1);

/// What tells webhooks.
pub(crate) struct Webhooks {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    sealer: Arc<Sealer>,
    sender: Arc<dyn WebhookSender>,
    judge: Arc<dyn TargetJudge>,
    payloads: Arc<dyn Payloads>,
    settings: WebhookSettings,
    /// By which deliveries are claimed.
    owner: Uuid,
    known: Mutex<Known>,
    bell: Notify,
    reads: Semaphore,
    /// Room for deliveries under way: to receivers that answer, and to those that did not. So silent ones slow nobody else.
    room: Room,
    silent_room: Room,
    stopping: AtomicBool,
}

/// What this process knows of tenants.
#[derive(Default)]
struct Known {
    /// Tenants to be looked at.
    woken: HashSet<TenantId>,
    couriers: HashMap<TenantId, Arc<Bell>>,
    /// When it was seen that a tenant has no webhooks.
    deaf: HashMap<TenantId, Instant>,
    /// Up to which change nothing was found to be told, where nobody noted it in the tenant's database.
    looked_at: HashMap<TenantId, i64>,
}

/// What [`Webhooks`] is made of.
pub(crate) struct WebhookParts {
    pub control: Arc<dyn ControlStore>,
    pub tenants: Arc<dyn Tenants>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub sealer: Arc<Sealer>,
    pub sender: Arc<dyn WebhookSender>,
    pub judge: Arc<dyn TargetJudge>,
    pub payloads: Arc<dyn Payloads>,
    pub settings: WebhookSettings,
}

impl Webhooks {
    pub(crate) fn new(parts: WebhookParts) -> Arc<Self> {
        let WebhookParts {
            control,
            tenants,
            clock,
            entropy,
            sealer,
            sender,
            judge,
            payloads,
            settings,
        } = parts;
        Arc::new(Self {
            owner: uuid_at(clock.now(), &*entropy),
            control,
            tenants,
            clock,
            entropy,
            sealer,
            sender,
            judge,
            payloads,
            settings,
            known: Mutex::default(),
            bell: Notify::new(),
            reads: Semaphore::new(READS),
            room: Room::new(settings.parallel, settings.per_endpoint),
            silent_room: Room::new(settings.parallel, settings.per_endpoint),
            stopping: AtomicBool::new(false),
        })
    }

    /// Hears of a commit, on the writer's thread.
    pub(crate) fn heard(&self, tenant: TenantId) {
        if self.settings.parallel == 0 {
            return;
        }
        let mut known = self.lock();
        if let Some(bell) = known.couriers.get(&tenant) {
            bell.ring();
        } else if known.deaf.get(&tenant).is_none_or(|seen| seen.elapsed() > DEAF) {
            known.woken.insert(tenant);
            self.bell.notify_one();
        }
    }

    /// Writes a unit that registers a webhook: its tenant is marked before, so that it is told whatever happens next.
    ///
    /// # Errors
    /// Those of the work; [`crm_domain::Error::Unavailable`] when a database does not answer.
    pub(crate) async fn registering<T: Send + 'static>(
        &self,
        session: &TenantSession,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (control, tenant, now) = (Arc::clone(&self.control), session.tenant.id, session.now);
        let promise = block(move || control.writing(|unit| unit.outbox().mark(tenant, now))).await?;
        let write = session.write(move |unit| {
            promise.check(unit.stamp())?;
            work(unit)
        });
        let written = write.await;
        // Also after a failure: of a unit that was too late to be waited for nobody knows.
        self.changed(tenant);
        written
    }

    /// Has a tenant's webhooks and deliveries read anew. Whoever changed them calls it before answering: so nothing is sent any more to a webhook
    /// that was said to be deleted, and nothing signed with a secret that was replaced.
    pub(crate) fn changed(&self, tenant: TenantId) {
        if self.settings.parallel == 0 {
            return;
        }
        let mut known = self.lock();
        known.deaf.remove(&tenant);
        match known.couriers.get(&tenant) {
            Some(bell) => bell.renew(),
            None => {
                known.woken.insert(tenant);
            }
        }
        self.bell.notify_one();
    }

    /// Looks after tenants until told to stop.
    pub(crate) async fn run(self: Arc<Self>) {
        if self.settings.parallel == 0 {
            return;
        }
        let mut ticks = interval(Duration::from_millis(self.settings.poll_milliseconds.max(10)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut swept = TenantId::from_i64(0);
        while !self.is_stopping() {
            tokio::select! {
                _ = ticks.tick() => match self.marked(swept).await {
                    Ok((due, next)) => {
                        swept = next;
                        self.lock().woken.extend(due);
                    }
                    Err(error) => tracing::warn!(%error, "looking for deliveries failed; the next round tries again"),
                },
                () = self.bell.notified() => {}
            }
            let woken = std::mem::take(&mut self.lock().woken);
            for tenant in woken {
                self.start(tenant);
            }
        }
    }

    /// The tenants to look at in this round: those with due deliveries, and the next ones that have webhooks behind `swept`; up to which it was
    /// swept then.
    async fn marked(&self, swept: TenantId) -> Result<(HashSet<TenantId>, TenantId)> {
        let (control, now) = (Arc::clone(&self.control), self.clock.now().plus(AHEAD));
        let read = move || {
            control.reading(|reader| {
                let due = reader.outbox().due(now, ROUND)?;
                Ok((due, reader.outbox().list_after(swept, SWEEP)?))
            })
        };
        let (due, others) = blocking(read).await?;
        let last = others.last().filter(|_| others.len() == SWEEP as usize).map(|work| work.tenant);
        let tenants = due.iter().chain(&others).map(|work| work.tenant).collect();
        // From the start again when the end was reached.
        Ok((tenants, last.unwrap_or(TenantId::from_i64(0))))
    }

    /// Gives a tenant a courier, or wakes the one that it has.
    fn start(self: &Arc<Self>, tenant: TenantId) {
        let mut known = self.lock();
        if let Some(bell) = known.couriers.get(&tenant) {
            bell.ring();
            return;
        }
        let bell = Arc::<Bell>::default();
        known.couriers.insert(tenant, Arc::clone(&bell));
        drop(known);
        tokio::spawn(courier::attend(Arc::clone(self), tenant, bell));
    }

    /// Lets a tenant's courier go, unless it was called meanwhile.
    fn dismiss(&self, tenant: TenantId, bell: &Bell) -> bool {
        let mut known = self.lock();
        if bell.take_rung() && !self.is_stopping() {
            return false;
        }
        known.couriers.remove(&tenant);
        true
    }

    /// From now on nothing is claimed, and what is claimed is given back.
    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        let known = self.lock();
        known.couriers.values().for_each(|bell| bell.ring());
        self.bell.notify_one();
    }

    /// Waits until the deliveries under way have ended and were noted.
    pub(crate) async fn stop(&self) {
        self.begin_stop();
        let gone = async {
            loop {
                let left = self.lock().couriers.values().next().map(Arc::clone);
                match left {
                    Some(bell) => bell.dismissed().await,
                    None => return,
                }
            }
        };
        if timeout(STOP, gone).await.is_err() {
            tracing::warn!("deliveries do not come to an end; they are sent again when their leases end");
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Seals and opens what of a tenant's webhooks is confidential.
    pub(crate) fn vault(&self, tenant: TenantId) -> Vault {
        Vault::new(Arc::clone(&self.sealer), tenant)
    }

    /// Runs reads, of which few couriers make some at once.
    async fn reading<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _place = self.reads.acquire().await;
        blocking(work).await
    }

    /// Keeps in the control plane when to look at a tenant next, where it must be another time than it says.
    async fn settle(&self, seen: Option<Work>, next_look: Option<Stamp>) -> Result<()> {
        let Some(seen) = seen else { return Ok(()) };
        let is_past = seen.due_at <= self.clock.now().plus(AHEAD);
        let is_later = next_look.is_some_and(|next| next >= seen.due_at);
        // A look too many is harmless, a write to the control plane for each delivery would not be.
        if is_later && !is_past || next_look == Some(seen.due_at) {
            return Ok(());
        }
        let control = Arc::clone(&self.control);
        blocking(move || control.writing(|unit| unit.outbox().settle(&seen, next_look))).await
    }

    /// Marks a tenant that was found to have webhooks and no mark, as after the control plane was put back from a backup.
    async fn mark(&self, tenant: TenantId) -> Result<()> {
        let control = Arc::clone(&self.control);
        blocking(move || control.writing(|unit| unit.outbox().mark(tenant, NOTHING_DUE)))
            .await
            .map(drop)
    }

    /// Nothing panics while it is held: poisoned data is whole.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
