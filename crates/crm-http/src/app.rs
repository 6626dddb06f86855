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
    service_desk::ServiceDesk,
    tenant::{
        Tenants,
        webhook::{TargetJudge, sender::WebhookSender},
    },
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
        places::Places,
        rate_limit::RateLimits,
        request_log::RequestLog,
        sign_in::SignIn,
        thread_pool::ThreadPool,
        timers::Timers,
        trace::TraceIds,
        webhooks::{WebhookParts, Webhooks},
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
    /// Where leads are handed on to; `None` where no service desk is configured.
    pub service_desk: Option<Arc<dyn ServiceDesk>>,
    /// What `/metrics` shows; `None` when no recorder is installed.
    pub metrics: Option<PrometheusHandle>,
    /// What runs jobs, by their kinds.
    pub executors: Vec<Arc<dyn Executor>>,
    /// Sends deliveries to webhooks.
    pub webhook_sender: Arc<dyn WebhookSender>,
    /// Judges where new webhooks lead.
    pub target_judge: Arc<dyn TargetJudge>,
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
    /// Where leads are handed on to.
    pub(crate) service_desk: Option<Arc<dyn ServiceDesk>>,
    /// Synchronisations of leads under way.
    pub(crate) syncs: Places,
    /// Who follows the change feeds.
    pub(crate) feeds: Arc<Feeds>,
    /// Long work.
    pub(crate) jobs: Arc<Jobs>,
    /// Encrypts what must be recoverable at rest.
    pub(crate) sealer: Arc<Sealer>,
    /// Tells webhooks what happens.
    pub(crate) webhooks: Arc<Webhooks>,
    /// What becomes of records by the clock.
    pub(crate) timers: Arc<Timers>,
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
        let sealer = Arc::new(Sealer::new(
            parts.secrets.sealing,
            &parts.secrets.retired_sealing,
            Arc::clone(&parts.entropy),
        ));
        let webhooks = Webhooks::new(WebhookParts {
            control: Arc::clone(&parts.control),
            tenants: Arc::clone(&parts.tenants),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            sealer: Arc::clone(&sealer),
            sender: parts.webhook_sender,
            judge: parts.target_judge,
            payloads: Arc::new(families::FamilyPayloads),
            settings: parts.settings.webhooks,
        });
        let feeds = Feeds::new(parts.settings.change_streams);
        listen(&*parts.tenants, &feeds, &webhooks);
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
            service_desk: parts.service_desk,
            syncs: Places::default(),
            request_log,
            feeds,
            sealer,
            webhooks,
            jobs: Jobs::new(
                Arc::clone(&parts.control),
                Arc::clone(&parts.tenants),
                Arc::clone(&parts.clock),
                parts.executors,
                parts.settings.jobs,
            ),
            timers: Timers::new(
                Arc::clone(&parts.control),
                Arc::clone(&parts.tenants),
                Arc::clone(&parts.clock),
                parts.settings.timers,
            ),
            trace_ids: TraceIds::new(&*parts.entropy),
            background: Background::default(),
            stopping: AtomicBool::new(false),
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

    /// From now on change streams end, no job, no timer and no delivery begins, and each answer closes its connection: a server that stops would cut those that it takes for idle, with a request already
    /// on its way to it.
    pub fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.feeds.close();
        self.jobs.begin_stop();
        self.timers.begin_stop();
        self.webhooks.begin_stop();
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
        tokio::join!(self.jobs.stop(), self.timers.stop(), self.webhooks.stop());
        self.background.stop();
        self.request_log.flush_all().await;
    }
}

/// Has those who react to changes told of every commit of this process.
fn listen(tenants: &dyn Tenants, feeds: &Arc<Feeds>, webhooks: &Arc<Webhooks>) {
    let (feeds, webhooks) = (Arc::downgrade(feeds), Arc::downgrade(webhooks));
    tenants.on_commit(Box::new(move |tenant, last_seq| {
        if let Some(feeds) = feeds.upgrade() {
            feeds.heard(tenant, last_seq);
        }
        if let Some(webhooks) = webhooks.upgrade() {
            webhooks.heard(tenant);
        }
    }));
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
