//! The application: what every worker shares, and how it is mounted into actix.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use actix_web::web::ServiceConfig;
use crm_domain::{
    clock::{Clock, Entropy},
    control::ControlStore,
    enrichment::EnrichmentProvider,
    sealing::Sealer,
    tenant::Tenants,
    usecase::jobs::Executor,
};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    families, openapi, probes,
    settings::HttpSettings,
    shared::{
        auth::Auth,
        background::{Background, Carrier, Purge},
        feed::Feeds,
        jobs::Jobs,
        lookups::Lookups,
        pipeline,
        rate_limit::RateLimits,
        request_log::RequestLog,
        sign_in::SignIn,
        thread_pool::ThreadPool,
        trace::TraceIds,
    },
};

/// Secrets of the deployment. Never shown.
#[derive(Clone)]
pub struct Secrets {
    /// Signs access tokens.
    pub jwt: Vec<u8>,
    /// Derives the successors of refresh tokens.
    pub refresh: Vec<u8>,
    /// Encrypts what must be recoverable at rest.
    pub sealing: [u8; 32],
    /// Open what was encrypted with them before they were replaced.
    pub retired_sealing: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What an [`App`] is made of.
pub struct AppParts {
    /// The control plane.
    pub control: Arc<dyn ControlStore>,
    /// The tenants' databases.
    pub tenants: Arc<dyn Tenants>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The deployment's secrets.
    pub secrets: Secrets,
    /// The settings.
    pub settings: HttpSettings,
    /// Counts how often clients ask.
    pub rate_limits: Arc<dyn RateLimits>,
    /// Looks people up; `None` where no provider is configured.
    pub enrichment: Option<Arc<dyn EnrichmentProvider>>,
    /// What `/metrics` shows; `None` when no recorder is installed.
    pub metrics: Option<PrometheusHandle>,
    /// What runs jobs, by their kinds.
    pub executors: Vec<Arc<dyn Executor>>,
}

/// The application; one per process, shared by all workers.
pub struct App {
    /// The control plane.
    pub(crate) control: Arc<dyn ControlStore>,
    /// The tenants' databases.
    pub(crate) tenants: Arc<dyn Tenants>,
    /// Tells the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Makes randomness.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The deployment's secrets.
    pub(crate) secrets: Secrets,
    /// Encrypts what must be recoverable at rest.
    pub(crate) sealer: Arc<Sealer>,
    /// The settings.
    pub(crate) settings: HttpSettings,
    /// What `/metrics` shows.
    pub(crate) metrics: Option<PrometheusHandle>,
    /// Who may enter.
    pub(crate) auth: Auth,
    /// Where bcrypt runs.
    pub(crate) hashing: Arc<ThreadPool>,
    /// How often clients may ask.
    pub(crate) rate_limits: Arc<dyn RateLimits>,
    /// Passwords and access tokens.
    pub(crate) sign_in: SignIn,
    /// Who asked for what.
    pub(crate) request_log: Arc<RequestLog>,
    /// Looks people up.
    pub(crate) lookups: Lookups,
    /// Who follows the change feeds.
    pub(crate) feeds: Arc<Feeds>,
    /// Long work.
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) trace_ids: TraceIds,
    background: Background,
    stopping: AtomicBool,
}

impl App {
    /// Puts the parts together; nothing runs before [`App::start_background`].
    pub fn new(parts: AppParts) -> Arc<Self> {
        let hashing = Arc::new(ThreadPool::new(
            "password hashing",
            parts.settings.hashing.threads,
            parts.settings.hashing.queue,
        ));
        let request_log = Arc::new(RequestLog::new(
            Arc::clone(&parts.control),
            Arc::clone(&parts.tenants),
            parts.settings.request_log,
        ));
        Arc::new(Self {
            auth: Auth::new(
                Arc::clone(&parts.control),
                Arc::clone(&parts.tenants),
                Arc::clone(&hashing),
                Arc::clone(&request_log),
            ),
            sign_in: SignIn::new(
                &parts.secrets.jwt,
                &parts.settings.tokens,
                parts.settings.hashing.bcrypt_cost,
                Arc::clone(&hashing),
                Arc::clone(&parts.clock),
                Arc::clone(&parts.entropy),
            ),
            hashing,
            rate_limits: parts.rate_limits,
            lookups: Lookups::new(parts.enrichment),
            request_log,
            feeds: Feeds::new(&*parts.tenants, parts.settings.change_streams),
            jobs: Jobs::new(
                Arc::clone(&parts.control),
                Arc::clone(&parts.tenants),
                Arc::clone(&parts.clock),
                parts.executors,
                parts.settings.jobs,
            ),
            trace_ids: TraceIds::new(&*parts.entropy),
            background: Background::default(),
            stopping: AtomicBool::new(false),
            sealer: Arc::new(Sealer::new(
                parts.secrets.sealing,
                &parts.secrets.retired_sealing,
                Arc::clone(&parts.entropy),
            )),
            control: parts.control,
            tenants: parts.tenants,
            clock: parts.clock,
            entropy: parts.entropy,
            secrets: parts.secrets,
            settings: parts.settings,
            metrics: parts.metrics,
        })
    }

    /// Starts writing the request log and the housekeeping. Call it once, within the runtime, before requests come: without it the request
    /// log fills up and slows every request.
    pub fn start_background(&self) {
        self.background.start(self);
    }

    /// From now on change streams end, no job begins, and each answer closes its connection: a server that stops would cut those that it takes for idle, with a request already
    /// on its way to it.
    pub fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.feeds.close();
        self.jobs.begin_stop();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Forgets now what is kept for a time only and is older, in the whole deployment; otherwise that is done once an hour. Blocks.
    pub fn purge(&self) {
        Purge::of(self).run();
    }

    /// Carries now what happened to users, invitations and API keys into their tenants' change feeds, where nobody did so yet; otherwise that is
    /// done every ten seconds. Blocks.
    pub fn carry(&self) {
        Carrier::of(self).run();
    }

    /// Writes now what the request log holds; otherwise that is done when enough has come together, or a moment later.
    pub async fn flush_request_log(&self) {
        self.request_log.flush_all().await;
    }

    /// Stops the background work and writes what the request log still holds. Call it after the last request was answered.
    pub async fn shutdown(&self) {
        self.jobs.stop().await;
        self.background.stop();
        self.request_log.flush_all().await;
    }
}

/// Mounts every family, the probes and the documentation.
pub fn configure(app: Arc<App>) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |config| {
        // actix tries resources in the order of registration: those asked for most come first.
        probes::register(&app, config);
        families::register(&app, config);
        openapi::register(config);
        pipeline::register_unmatched(&app, config);
    }
}
