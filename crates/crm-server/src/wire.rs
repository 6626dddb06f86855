//! Puts the layers together: store, secrets and HTTP application.

use std::sync::Arc;

use anyhow::{Context, Result};
use crm_domain::{
    clock::{Clock, Entropy, SystemClock, SystemEntropy},
    enrichment::EnrichmentProvider,
    tenant::webhook::{TargetJudge, sender::WebhookSender},
    usecase::{
        company_names::CompanyRenames,
        enrich::job::Enricher,
        import_job::{ContactImportUndos, ContactImports},
        jobs::Executor,
    },
};
use crm_http::{
    App, AppParts, families,
    shared::rate_limit::{LocalRateLimits, RateLimits},
};
use crm_outbound::{
    enrichment,
    resolver::{self, Lookup},
    webhook::{SenderSettings, judge, sender},
};
use crm_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{secrets, settings::Settings};

/// What the outside world gives: time, randomness, names, and a place to record metrics.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Resolves the names of those who are called.
    pub lookup: Lookup,
    /// What `/metrics` shows; `None` when no recorder is installed.
    pub metrics: Option<PrometheusHandle>,
}

impl World {
    /// The machine's clock, randomness and resolver, no metrics.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            lookup: resolver::system(),
            metrics: None,
        }
    }
}

/// The store and the application on it.
pub struct Wired {
    /// The databases.
    pub store: Arc<Store>,
    /// The application.
    pub app: Arc<App>,
}

/// Opens the databases that the settings name.
///
/// # Errors
/// When they cannot be reached or used.
pub fn open_store(settings: &Settings, world: &World) -> Result<Store> {
    Ok(Store::open(&settings.for_store(), world.clock.clone(), world.entropy.clone())?)
}

/// Opens the databases and puts the application on them; reads or makes the secrets. It blocks, within a tokio runtime.
///
/// # Errors
/// When a database or the secrets cannot be opened.
pub fn wire(settings: &Settings, world: &World) -> Result<Wired> {
    let secrets = secrets::load_or_create(&settings.store.data_dir, &*world.entropy)?;
    let store = Arc::new(open_store(settings, world)?);
    let enrichment = enrichment(settings, world)?;
    let app = App::new(AppParts {
        control: store.control(),
        tenants: store.tenants(),
        clock: world.clock.clone(),
        entropy: world.entropy.clone(),
        secrets,
        settings: settings.for_http(),
        rate_limits: rate_limits(settings, world)?,
        executors: executors(&store, enrichment.as_ref()),
        webhook_sender: webhook_sender(settings, world)?,
        target_judge: target_judge(settings, world),
        enrichment,
        service_desk: None,
        metrics: world.metrics.clone(),
    });
    Ok(Wired { store, app })
}

/// The provider of profiles that the settings name, if any.
fn enrichment(settings: &Settings, world: &World) -> Result<Option<Arc<dyn EnrichmentProvider>>> {
    let runtime = tokio::runtime::Handle::current();
    enrichment::provider(&settings.enrichment, world.lookup.clone(), world.clock.clone(), runtime).context("invalid setting")
}

/// Sends deliveries to where the settings allow.
fn webhook_sender(settings: &Settings, world: &World) -> Result<Arc<dyn WebhookSender>> {
    let runtime = tokio::runtime::Handle::current();
    let settings = SenderSettings::new(settings.webhooks.targets());
    sender(settings, world.lookup.clone(), world.clock.clone(), runtime).context("webhooks cannot be sent")
}

/// Judges where new webhooks lead, by the rule and the resolver of those who send to them.
fn target_judge(settings: &Settings, world: &World) -> Arc<dyn TargetJudge> {
    judge(settings.webhooks.targets(), world.lookup.clone(), tokio::runtime::Handle::current())
}

/// What runs jobs: a line for each kind. Lookups wait while no provider is configured.
fn executors(store: &Store, enrichment: Option<&Arc<dyn EnrichmentProvider>>) -> Vec<Arc<dyn Executor>> {
    let family = families::contacts::NAME;
    let mut executors: Vec<Arc<dyn Executor>> = vec![
        Arc::new(ContactImports::new(store.control(), family, families::contacts::IMPORTED)),
        Arc::new(ContactImportUndos::new(family)),
        Arc::new(CompanyRenames::new("server")),
    ];
    if let Some(provider) = enrichment {
        executors.push(Arc::new(Enricher::new(Arc::clone(provider))));
    }
    executors
}

/// Where requests are counted: in Redis when the settings name one, else in this process.
fn rate_limits(settings: &Settings, world: &World) -> Result<Arc<dyn RateLimits>> {
    let clock = world.clock.clone();
    if settings.redis.url.is_empty() {
        return Ok(Arc::new(LocalRateLimits::new(clock)));
    }
    #[cfg(feature = "redis")]
    {
        use crate::redis_limits::RedisRateLimits;
        let connecting = RedisRateLimits::connect(&settings.redis, clock);
        Ok(Arc::new(tokio::runtime::Handle::current().block_on(connecting)?))
    }
    #[cfg(not(feature = "redis"))]
    anyhow::bail!("invalid setting: redis.url is set, but this server was built without the feature `redis`")
}
