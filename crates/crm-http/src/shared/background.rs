//! What runs beside the requests: jobs, deliveries to webhooks, timers, the request log's flusher, limiter and metrics upkeep, the carrying of what waits for change feeds, and
//! the purge of what is kept for a time only.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crm_domain::{
    Result,
    clock::Clock,
    control::{ControlStore, tenant::Tenant},
    id::TenantId,
    tenant::{Tenants, idempotency},
    usecase::control_changes,
};
use metrics::counter;
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};

use crate::{App, shared::tenant::server_origin};

/// How often limiters and metrics forget what is old.
const UPKEEP: Duration = Duration::from_secs(10);
/// How often it is looked whether changes of the control plane wait that nobody carried: their request broke off, a tenant's database was
/// down, or a command could not reach it.
const CARRY: Duration = Duration::from_secs(10);
/// How often old rows are purged.
const PURGE: Duration = Duration::from_secs(3_600);
/// Rows purged in one unit of work, so that the writer's turn stays short.
const PURGE_BATCH: u32 = 2_000;
/// The same of jobs, of which each may have many rows beside it.
const JOBS_BATCH: u32 = 20;
/// The same of deliveries, which have their logs beside them.
const DELIVERIES_BATCH: u32 = 500;
/// How long an ended or expired session is kept, so that its end stays explicable.
const SESSION_RETENTION: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The running tasks.
#[derive(Default)]
pub(crate) struct Background(Mutex<Vec<JoinHandle<()>>>);

impl Background {
    /// Starts everything; a second start does nothing.
    pub(crate) fn start(&self, app: &App) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.is_empty() {
            tasks.push(tokio::spawn(Arc::clone(&app.request_log).run()));
            tasks.push(tokio::spawn(Arc::clone(&app.request_log).run_usage()));
            tasks.push(tokio::spawn(Arc::clone(&app.jobs).run()));
            tasks.push(tokio::spawn(Arc::clone(&app.webhooks).run()));
            tasks.push(tokio::spawn(Arc::clone(&app.timers).run()));
            tasks.push(tokio::spawn(upkeep(app)));
            tasks.push(tokio::spawn(purge(Purge::of(app))));
            tasks.push(tokio::spawn(carry(Carrier::of(app))));
        }
    }

    /// Stops everything.
    pub(crate) fn stop(&self) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for task in tasks.drain(..) {
            task.abort();
        }
    }
}

fn upkeep(app: &App) -> impl Future<Output = ()> + Send + use<> {
    let (limits, metrics) = (Arc::clone(&app.rate_limits), app.metrics.clone());
    async move {
        loop {
            sleep(UPKEEP).await;
            limits.housekeep();
            if let Some(metrics) = &metrics {
                metrics.run_upkeep();
            }
        }
    }
}

async fn carry(carrier: Carrier) {
    loop {
        let carrier_now = carrier.clone();
        if let Err(error) = spawn_blocking(move || carrier_now.run()).await {
            tracing::error!(%error, "carrying what waits for the change feeds panicked");
        }
        sleep(CARRY).await;
    }
}

/// Carries what happened to users, invitations and API keys into their tenants' change feeds, where nobody else did.
#[derive(Clone)]
pub(crate) struct Carrier {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
}

impl Carrier {
    pub(crate) fn of(app: &App) -> Self {
        Self {
            control: Arc::clone(&app.control),
            tenants: Arc::clone(&app.tenants),
        }
    }

    /// One round over the deployment. What fails is logged and tried again in the next round.
    pub(crate) fn run(&self) {
        let failed = |tenant: TenantId, error| tracing::warn!(%error, %tenant, "what waits for the change feed could not be carried");
        if let Err(error) = control_changes::carry_all(&*self.control, &*self.tenants, failed) {
            tracing::warn!(%error, "it cannot be read what waits for the change feeds");
        }
    }
}

async fn purge(purge: Purge) {
    loop {
        sleep(PURGE).await;
        let purge = purge.clone();
        if let Err(error) = spawn_blocking(move || purge.run()).await {
            tracing::error!(%error, "the purge of old rows panicked");
        }
    }
}

/// Forgets what is kept for a time only.
#[derive(Clone)]
pub(crate) struct Purge {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    clock: Arc<dyn Clock>,
    /// `None` keeps the request logs for ever, but for those of tenants that ask for less.
    retention: Option<Duration>,
    /// `None` keeps what jobs came to for ever.
    jobs: Option<Duration>,
    /// `None` keeps deliveries to webhooks for ever.
    deliveries: Option<Duration>,
}

impl Purge {
    pub(crate) fn of(app: &App) -> Self {
        let kept = |days: u64| (days > 0).then(|| days_of(days));
        Self {
            control: Arc::clone(&app.control),
            tenants: Arc::clone(&app.tenants),
            clock: Arc::clone(&app.clock),
            retention: kept(app.settings.request_log.retention_days),
            jobs: kept(app.settings.jobs.retention_days),
            deliveries: kept(app.settings.webhooks.retention_days),
        }
    }

    /// One round over the deployment. What fails is logged and tried again in the next round.
    pub(crate) fn run(&self) {
        let before = self.clock.now().minus(SESSION_RETENTION);
        note("sessions", self.control.writing(|unit| unit.sessions().purge(before)).map(drop));
        let before = self.clock.now().minus(idempotency::LIFETIME);
        note("kept answers", self.control.writing(|unit| unit.answers().purge(before)).map(drop));
        match self.control.reading(|reader| reader.tenants().list()) {
            Ok(tenants) => tenants.iter().for_each(|tenant| note("a tenant's rows", self.run_tenant(tenant))),
            Err(error) => note("tenants", Err(error)),
        }
    }

    fn run_tenant(&self, tenant: &Tenant) -> Result<()> {
        let store = self.tenants.open(tenant)?;
        let now = self.clock.now();
        store.writing(server_origin(), move |unit| {
            unit.idempotency().purge(now.minus(idempotency::LIFETIME))
        })?;
        if let Some(before) = self.jobs.map(|kept| now.minus(kept)) {
            while store
                .writing(server_origin(), move |unit| unit.jobs().purge(before, JOBS_BATCH))?
                .len()
                == JOBS_BATCH as usize
            {}
        }
        if let Some(before) = self.deliveries.map(|kept| now.minus(kept)) {
            while store.writing(server_origin(), move |unit| unit.deliveries().purge(before, DELIVERIES_BATCH))?
                >= u64::from(DELIVERIES_BATCH)
            {}
        }
        let asked = store.reading(|reader| Ok(reader.settings().lookup()?.preferences.request_log_days))?;
        let asked = asked.and_then(|days| u64::try_from(days).ok()).map(days_of);
        // A tenant may have its log forgotten sooner than the deployment forgets, not later.
        let Some(retention) = self.retention.into_iter().chain(asked).min() else {
            return Ok(());
        };
        let before = now.minus(retention);
        while store.writing(server_origin(), move |unit| unit.requests().purge(before, PURGE_BATCH))? >= u64::from(PURGE_BATCH) {}
        // It tells of requests as well.
        while store.writing(server_origin(), move |unit| unit.sync_log().purge(before, PURGE_BATCH))? >= u64::from(PURGE_BATCH) {}
        Ok(())
    }
}

fn days_of(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(24 * 3_600))
}

fn note(what: &'static str, outcome: Result<()>) {
    if let Err(error) = outcome {
        counter!("crm_purge_failures_total").increment(1);
        tracing::warn!(%error, "{what} could not be purged; the next round tries again");
    }
}
