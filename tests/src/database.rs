//! Fresh databases for tests, on each backend.
//!
//! A test that needs a store is a function of a [`Database`], and [`each_backend!`](crate::each_backend) runs it on SQLite and on PostgreSQL.

use std::{
    fmt,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    thread,
    time::Duration,
};

use crm_domain::{
    clock::{Clock, Entropy, ManualClock, SystemEntropy},
    control::{ControlStore, tenant::Tenant},
    stamp::Stamp,
    tenant::Tenants,
};
use crm_store::{Store, StoreSettings};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Text};
use tempfile::TempDir;
use url::Url;

/// Names the PostgreSQL server of the tests: `postgres://user@host:port/database` of a superuser.
pub const POSTGRES_URL: &str = "CRM_TEST_POSTGRES_URL";
/// The server without it.
const LOCAL_POSTGRES: &str = "postgres://postgres@127.0.0.1:5432/postgres";
/// When the tests' clocks begin: 2025-01-15T10:00:00Z.
pub const START: Stamp = Stamp::from_micros(1_736_935_200_000_000);

/// A backend that every port is tested on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file in a folder of its own.
    Sqlite,
    /// Databases of its own on the tests' server.
    Postgres,
}

impl Backend {
    /// Every backend.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// Makes of test functions `fn(&Database)` one test for each backend: `sqlite::<name>` and `postgres::<name>`.
#[macro_export]
macro_rules! each_backend {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::database::Database::fresh($crate::database::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::database::Database::fresh($crate::database::Backend::Postgres));
            })+
        }
    };
}

/// [`each_backend!`](crate::each_backend) for tests that share one deployment ([`Database::shared`]): each uses tenants of its own, and leaves
/// the clock alone.
#[macro_export]
macro_rules! each_backend_shared {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::database::Database::shared($crate::database::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::database::Database::shared($crate::database::Backend::Postgres));
            })+
        }
    };
}

/// A store on a database that no other test sees. It is removed when this value is dropped.
pub struct Database {
    /// Which backend it is on.
    pub backend: Backend,
    /// The store's clock, which stands still at [`START`] until the test moves it.
    pub clock: Arc<ManualClock>,
    store: Store,
    settings: StoreSettings,
    /// The PostgreSQL database in which [`Database::tenant_location`] makes schemas.
    schemas: OnceLock<String>,
    // Dropped last: the store closes its connections first.
    home: Home,
}

impl Database {
    /// A new store whose control plane is empty.
    ///
    /// # Panics
    /// When the backend cannot be reached: a test that did not run must not look as if it had passed.
    pub fn fresh(backend: Backend) -> Self {
        Self::with_settings(backend, |_| ())
    }

    fn with_settings(backend: Backend, change: impl FnOnce(&mut StoreSettings)) -> Self {
        let home = Home::new(backend);
        let mut settings = home.settings();
        change(&mut settings);
        let clock = Arc::new(ManualClock::at(START));
        let store = open(&settings, &clock);
        Self {
            backend,
            clock,
            store,
            settings,
            schemas: OnceLock::new(),
            home,
        }
    }

    /// The store that the tests running at this moment share; the last of them removes it. Their tenants live at
    /// [`Database::tenant_location`]s.
    ///
    /// # Panics
    /// As [`Database::fresh`].
    pub fn shared(backend: Backend) -> Shared {
        static SHARED: Mutex<[Weak<Database>; 2]> = Mutex::new([Weak::new(), Weak::new()]);
        // A test that failed while it made the store left nothing in the slot.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut shared[backend as usize];
        let database = slot.upgrade().unwrap_or_else(|| {
            // Few stay open: the server's connections are for all tests.
            let made = Arc::new(Self::with_settings(backend, |settings| settings.max_open_tenants = 8));
            *slot = Arc::downgrade(&made);
            made
        });
        Shared {
            database,
            _others: shared.iter().filter_map(Weak::upgrade).collect(),
        }
    }

    /// A second node on the same database, with the same clock.
    pub fn another_node(&self) -> Store {
        open(&self.settings, &self.clock)
    }

    /// Another process that keeps the order of every list that is asked for twice.
    pub fn node_that_keeps_orders(&self) -> Store {
        let settings = StoreSettings {
            slow_page: Duration::ZERO,
            ..self.settings.clone()
        };
        open(&settings, &self.clock)
    }

    /// The store itself.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How the store was opened; for a test that opens it by other means, such as the server.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// The control plane.
    pub fn control(&self) -> Arc<dyn ControlStore> {
        self.store.control()
    }

    /// The tenants.
    pub fn tenants(&self) -> Arc<dyn Tenants> {
        self.store.tenants()
    }

    /// Where a tenant of its own may live.
    ///
    /// On PostgreSQL that is a schema: dropping a database waits for a checkpoint of the whole server, so that a hundred tests with databases
    /// of their own would spend minutes on it. Tests of making and dropping tenants use [`Database::tenants`] itself.
    ///
    /// # Panics
    /// As [`Database::fresh`].
    pub fn tenant_location(&self) -> String {
        let provision = || self.tenants().provision().expect("a tenant's database can be made");
        let Home::Postgres(databases) = &self.home else {
            return provision();
        };
        let location = self.schemas.get_or_init(provision);
        let mut url = databases.server.clone();
        url.set_path(location.trim_start_matches("postgres:"));
        let schema = unused_name();
        let mut connection = PgConnection::establish(url.as_str()).expect("a tenant's database can be entered");
        let create = format!("CREATE SCHEMA {schema}");
        connection.batch_execute(&create).expect("a superuser may create schemas");
        // The extension for searches is in the database's public schema.
        url.query_pairs_mut()
            .append_pair("options", &format!("-csearch_path={schema},public"));
        url.into()
    }

    /// The clock's time.
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Closes the store and loses every database, as a machine that burnt down does.
    pub fn lose(&self) {
        self.store.close();
        match &self.home {
            Home::Sqlite(folder) => std::fs::remove_dir_all(folder.path()).expect("the test's folder can be removed"),
            Home::Postgres(databases) => databases.drop_all(),
        }
    }

    /// Runs SQL on a tenant's database behind the store's back.
    pub fn tamper(&self, tenant: &Tenant, sql: &str) {
        let done = match &self.home {
            Home::Sqlite(folder) => {
                let file = folder.path().join(tenant.location.trim_start_matches("sqlite:"));
                SqliteConnection::establish(&file.to_string_lossy()).map(|mut connection| connection.batch_execute(sql))
            }
            Home::Postgres(databases) => {
                let mut url = databases.server.clone();
                url.set_path(tenant.location.trim_start_matches("postgres:"));
                PgConnection::establish(url.as_str()).map(|mut connection| connection.batch_execute(sql))
            }
        };
        done.expect("the tenant's database can be entered").expect("valid SQL");
    }

    /// The PostgreSQL server's hand on this database, for tests that hurt it; `None` on SQLite.
    pub fn server(&self) -> Option<Server<'_>> {
        self.home.server()
    }
}

/// A test's hold on the store that it shares; on the other backend's too, whose tests may all be waiting for their turn.
pub struct Shared {
    database: Arc<Database>,
    _others: Vec<Arc<Database>>,
}

impl Deref for Shared {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn open(settings: &StoreSettings, clock: &Arc<ManualClock>) -> Store {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    match Store::open(settings, clock, Arc::new(SystemEntropy)) {
        Ok(store) => store,
        Err(error) => panic!("the test's store cannot be opened: {error}"),
    }
}

/// Where a test's databases live; removed when it is dropped.
pub(crate) enum Home {
    Sqlite(TempDir),
    Postgres(Databases),
}

impl Home {
    pub(crate) fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite(tempfile::tempdir().expect("a temporary folder can be made")),
            Backend::Postgres => Self::Postgres(Databases::unused()),
        }
    }

    pub(crate) fn server(&self) -> Option<Server<'_>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(databases) => Some(Server(databases)),
        }
    }

    pub(crate) fn settings(&self) -> StoreSettings {
        let (url, data_dir) = match self {
            Self::Sqlite(folder) => (String::new(), folder.path().to_owned()),
            // Everything is on the server: a file that a store makes in spite of it is an error.
            Self::Postgres(databases) => (databases.control_url(), PathBuf::from("/nonexistent")),
        };
        StoreSettings {
            url,
            data_dir,
            ..StoreSettings::default()
        }
    }
}

/// Short, since the store derives the names of its other databases from it.
fn unused_name() -> String {
    let mut random = [0; 8];
    SystemEntropy.fill(&mut random);
    format!("crm_test_{:016x}", u64::from_ne_bytes(random))
}

/// The databases of one test on the PostgreSQL server: all names that begin with `stem`.
pub(crate) struct Databases {
    server: Url,
    stem: String,
}

impl Databases {
    fn unused() -> Self {
        let databases = Self {
            server: server_url(),
            stem: unused_name(),
        };
        // For its clear words when there is no server.
        drop(databases.connect());
        databases
    }

    fn control_url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.stem);
        url.into()
    }

    fn connect(&self) -> PgConnection {
        match PgConnection::establish(self.server.as_str()) {
            Ok(connection) => connection,
            Err(error) => panic!(
                "the tests need a PostgreSQL server, and none answers at {}: {error}. Run ./scripts/test, which starts one, or set {POSTGRES_URL}.",
                self.server
            ),
        }
    }

    fn names(&self, connection: &mut PgConnection) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            datname: String,
        }
        let rows: Vec<Row> = diesel::sql_query("SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)")
            .bind::<Text, _>(&self.stem)
            .load(connection)
            .expect("a superuser may list databases");
        rows.into_iter().map(|row| row.datname).collect()
    }
}

impl Databases {
    fn drop_all(&self) {
        // A panic here could hide the test's own.
        let Ok(mut connection) = PgConnection::establish(self.server.as_str()) else {
            return;
        };
        let names = self.names(&mut connection);
        // Each waits for a checkpoint; those that wait at once share one.
        thread::scope(|scope| {
            for share in names.chunks(names.len().div_ceil(8).max(1)) {
                scope.spawn(|| drop_databases(&self.server, share));
            }
        });
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        self.drop_all();
    }
}

fn drop_databases(server: &Url, names: &[String]) {
    let Ok(mut connection) = PgConnection::establish(server.as_str()) else {
        return;
    };
    for name in names {
        if let Err(error) = connection.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")) {
            eprintln!("the test's database {name} is left over: {error}");
        }
    }
}

/// The tests' server.
fn server_url() -> Url {
    let url = std::env::var(POSTGRES_URL).unwrap_or_else(|_| LOCAL_POSTGRES.to_owned());
    match Url::parse(&url) {
        Ok(url) => url,
        Err(error) => panic!("{POSTGRES_URL}={url:?} is not a URL: {error}"),
    }
}

/// What only the server's administrator can do to a test's PostgreSQL databases.
pub struct Server<'d>(&'d Databases);

impl Server<'_> {
    /// Cuts every connection to the test's databases, as a restart of the server does.
    pub fn cut_connections(&self) {
        let mut connection = self.0.connect();
        let cut = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE starts_with(datname::text, $1) AND pid <> pg_backend_pid()";
        diesel::sql_query(cut)
            .bind::<Text, _>(&self.0.stem)
            .execute(&mut connection)
            .expect("a superuser may end connections");
    }

    /// Refuses every new connection to the test's databases and cuts those that are there: to their users the server is down.
    pub fn take_down(&self) {
        self.allow_connections(false);
        self.cut_connections();
    }

    /// The same for one of the test's databases.
    pub fn take_down_database(&self, name: &str) {
        let mut connection = self.0.connect();
        assert!(
            self.0.names(&mut connection).iter().any(|known| known == name),
            "{name} is not the test's"
        );
        let alter = format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false");
        connection.batch_execute(&alter).expect("a superuser may close a database");
        diesel::sql_query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname::text = $1")
            .bind::<Text, _>(name)
            .execute(&mut connection)
            .expect("a superuser may end connections");
    }

    /// Undoes [`Server::take_down`] and [`Server::take_down_database`].
    pub fn bring_up(&self) {
        self.allow_connections(true);
    }

    /// The names of the test's databases.
    pub fn databases(&self) -> Vec<String> {
        self.0.names(&mut self.0.connect())
    }

    fn allow_connections(&self, allow: bool) {
        let mut connection = self.0.connect();
        for name in self.0.names(&mut connection) {
            let alter = format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS {allow}");
            connection.batch_execute(&alter).expect("a superuser may close a database");
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database on {:?}", self.backend)
    }
}
