//! The real server in the test's own process: on a free port, on databases of its own, with a clock that the test moves.

use std::{fmt, ops::Deref, path::PathBuf, sync::Arc, sync::OnceLock, time::Duration};

use crm_domain::{
    clock::{Clock, ManualClock, SystemClock, SystemEntropy},
    control::ControlStore,
    stamp::Stamp,
    tenant::Tenants,
    usecase::register::RegistrationPolicy,
};
use crm_server::{
    server::{self, RunningServer},
    settings::Settings,
    telemetry,
    wire::World,
};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    database::{Backend, Home, START},
    http::Client,
    names::Names,
    tenant::{Login, TestTenant},
};

/// Makes of test functions `fn(&Server)` one test for each backend: `sqlite::<name>` and `postgres::<name>`.
#[macro_export]
macro_rules! each_server {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::server::Server::start($crate::database::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::server::Server::start($crate::database::Backend::Postgres));
            })+
        }
    };
}

/// A running server. It is also a [`Client`] of itself: `server.get("/livez").expect(200)`.
///
/// Its clock stands still at [`START`] until the test moves it with [`Server::advance`], registration is open, bcrypt is quick, rate limits
/// are out of the way, webhooks get no deliveries, no timer fires, no name resolves but those of [`Server::names`], and the request log is
/// written by [`Server::flush_log`] alone.
pub struct Server {
    // Dropped in this order: the client's connections are closed before the server stops, the databases are removed last.
    client: Client,
    running: Option<RunningServer>,
    runtime: Runtime,
    /// Which backend it is on.
    pub backend: Backend,
    settings: Settings,
    clock: TestClock,
    /// The names that it can resolve.
    pub names: Names,
    home: Arc<ServerHome>,
}

#[derive(Clone)]
enum TestClock {
    Manual(Arc<ManualClock>),
    Real,
}

/// What all nodes of a deployment share.
struct ServerHome {
    databases: Home,
    /// The secrets, where the databases are no files.
    secrets: TempDir,
}

impl Server {
    /// A server on this backend, with the tests' settings.
    pub fn start(backend: Backend) -> Self {
        Self::with(backend, |_| {})
    }

    /// A server on SQLite, with the tests' settings.
    pub fn sqlite() -> Self {
        Self::start(Backend::Sqlite)
    }

    /// A server whose settings the test changes.
    pub fn with(backend: Backend, change: impl FnOnce(&mut Settings)) -> Self {
        Self::new(backend, TestClock::Manual(Arc::new(ManualClock::at(START))), change)
    }

    /// A server that goes by the machine's clock; for clients that do.
    pub fn with_real_clock(backend: Backend, change: impl FnOnce(&mut Settings)) -> Self {
        Self::new(backend, TestClock::Real, change)
    }

    fn new(backend: Backend, clock: TestClock, change: impl FnOnce(&mut Settings)) -> Self {
        let home = Arc::new(ServerHome {
            databases: Home::new(backend),
            secrets: tempfile::tempdir().expect("a temporary folder can be made"),
        });
        let mut settings = test_settings(backend, &home);
        change(&mut settings);
        Self::run(backend, settings, clock, Names::default(), home)
    }

    fn run(backend: Backend, settings: Settings, clock: TestClock, names: Names, home: Arc<ServerHome>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let world = World {
            clock: clock.shared(),
            entropy: Arc::new(SystemEntropy),
            lookup: names.lookup(),
            metrics: Some(metrics()),
        };
        let running = match runtime.block_on(server::start(&settings, &world)) {
            Ok(running) => running,
            Err(error) => panic!("the server does not start: {error:#}"),
        };
        Self {
            client: Client::new(running.address()),
            running: Some(running),
            runtime,
            backend,
            settings,
            clock,
            names,
            home,
        }
    }

    /// A second node on the same databases, with the same clock and settings.
    pub fn another_node(&self) -> Self {
        self.another_node_with(|_| {})
    }

    /// A second node whose settings the test changes.
    pub fn another_node_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let (mut settings, clock, names) = (self.settings.clone(), self.clock.clone(), self.names.clone());
        change(&mut settings);
        Self::run(self.backend, settings, clock, names, Arc::clone(&self.home))
    }

    /// Stops the server as SIGTERM does and starts it again on the same databases, on another port.
    #[must_use]
    pub fn restart(self) -> Self {
        self.restart_after(|| {})
    }

    /// The same; `work` runs while no server does.
    #[must_use]
    pub fn restart_after(mut self, work: impl FnOnce()) -> Self {
        self.stop();
        work();
        self.another_node()
    }

    fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        if let Err(error) = self.runtime.block_on(running.stop()) {
            eprintln!("the server did not stop well: {error:#}");
        }
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The folder with its secrets and, on SQLite, its databases.
    pub fn data_dir(&self) -> PathBuf {
        self.settings.store.data_dir.clone()
    }

    /// The server's time.
    pub fn now(&self) -> Stamp {
        self.clock.shared().now()
    }

    /// Moves the server's clock forward.
    ///
    /// # Panics
    /// When it goes by the machine's.
    pub fn advance(&self, by: Duration) {
        match &self.clock {
            TestClock::Manual(clock) => clock.advance(by),
            TestClock::Real => panic!("the machine's clock cannot be moved"),
        }
    }

    /// Writes the request log and the uses of keys, which otherwise wait for ever.
    pub fn flush_log(&self) {
        let app = Arc::clone(self.running().app());
        self.runtime.block_on(async move { app.flush_request_log().await });
    }

    /// Forgets what is kept for a time only and is older, which otherwise waits for an hour.
    pub fn purge(&self) {
        self.running().app().purge();
    }

    /// Carries what nobody carried yet into the change feeds, which otherwise waits for some seconds.
    pub fn carry(&self) {
        self.running().app().carry();
    }

    /// The control plane, as the server has it.
    pub fn control(&self) -> Arc<dyn ControlStore> {
        self.running().store().control()
    }

    /// The tenants, as the server has them.
    pub fn tenants(&self) -> Arc<dyn Tenants> {
        self.running().store().tenants()
    }

    /// The PostgreSQL server's hand on the databases; `None` on SQLite.
    pub fn postgres(&self) -> Option<crate::database::Server<'_>> {
        self.home.databases.server()
    }

    /// A new tenant with an Admin, made through the ports.
    pub fn tenant(&self, name: &str) -> TestTenant<'_> {
        TestTenant::register(self, name)
    }

    /// Signs in over HTTP.
    pub fn login(&self, email: &str, password: &str) -> Login {
        let answer = self
            .post("/api/auth/login")
            .json(&json!({ "email": email, "password": password }))
            .expect(200)
            .json();
        serde_json::from_value(answer).expect("the documented answer to a login")
    }

    fn running(&self) -> &RunningServer {
        self.running.as_ref().expect("the server was not stopped")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Deref for Server {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server on {:?} at {}", self.backend, self.client.url())
    }
}

impl TestClock {
    fn shared(&self) -> Arc<dyn Clock> {
        match self {
            Self::Manual(clock) => Arc::clone(clock) as Arc<dyn Clock>,
            Self::Real => Arc::new(SystemClock),
        }
    }
}

fn test_settings(backend: Backend, home: &ServerHome) -> Settings {
    const PLENTY: u32 = 1_000_000;
    let mut settings = Settings::defaults().expect("the default settings");
    let databases = home.databases.settings();
    settings.store.url = databases.url;
    settings.store.data_dir = match backend {
        Backend::Sqlite => databases.data_dir,
        Backend::Postgres => home.secrets.path().to_owned(),
    };
    settings.server.bind = "127.0.0.1:0".parse().expect("an address");
    settings.server.workers = 2;
    settings.auth.registration = RegistrationPolicy::Open;
    settings.auth.hashing.bcrypt_cost = crate::tenant::QUICK;
    // The clock stands still: nothing that was counted is ever given back.
    settings.rate_limits.health_trixss = PLENTY;
    settings.rate_limits.halopsa = PLENTY;
    settings.rate_limits.halopsa_bulk = PLENTY;
    settings.rate_limits.contacts = PLENTY;
    settings.rate_limits.elevate = PLENTY;
    settings.rate_limits.unverified_keys = PLENTY;
    settings.rate_limits.saas_tiers = [("default".to_owned(), PLENTY)].into();
    // Nothing leaves this machine: tests of deliveries have them sent to it.
    settings.webhooks.parallel = 0;
    settings.timers.poll_milliseconds = 0;
    settings.request_log.flush_milliseconds = 24 * 3_600 * 1_000;
    settings
}

/// The recorder is the process's: what it counts is the sum over all tests of the process.
fn metrics() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let start = || telemetry::start_metrics().expect("no other recorder is installed");
    RECORDER.get_or_init(start).clone()
}
