//! Puts the layers together: store, secrets and HTTP application.

use std::sync::Arc;

use anyhow::Result;
use crm_domain::{
    clock::{Clock, Entropy, SystemClock, SystemEntropy},
    usecase::{
        import_job::{ContactImportUndos, ContactImports},
        jobs::Executor,
    },
};
use crm_http::{
    App, AppParts, families,
    shared::rate_limit::{LocalRateLimits, RateLimits},
};
use crm_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{secrets, settings::Settings};

/// What the outside world gives: time, randomness, and a place to record metrics.
#[derive(Clone)]
pub struct World {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What `/metrics` shows; `None` when no recorder is installed.
    pub metrics: Option<PrometheusHandle>,
}

impl World {
    /// The machine's clock and randomness, no metrics.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
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
    let app = App::new(AppParts {
        control: store.control(),
        tenants: store.tenants(),
        clock: world.clock.clone(),
        entropy: world.entropy.clone(),
        secrets,
        settings: settings.for_http(),
        rate_limits: rate_limits(settings, world)?,
        metrics: world.metrics.clone(),
        executors: executors(&store),
    });
    Ok(Wired { store, app })
}

/// What runs jobs: a line for each kind.
fn executors(store: &Store) -> Vec<Arc<dyn Executor>> {
    let family = families::contacts::NAME;
    vec![
        Arc::new(ContactImports::new(store.control(), family, families::contacts::IMPORTED)),
        Arc::new(ContactImportUndos::new(family)),
    ]
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
