//! The settings: `config/default.toml`, which is part of the binary, then a file, then the environment.
//!
//! A key that the defaults do not have is an error that names it, so that a misspelt setting never goes unnoticed.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use anyhow::{Context, Result, anyhow, bail};
use config::{Config, File, FileFormat, Source, Value, ValueKind};
use crm_domain::{tenant::webhook::Targets, usecase::register::RegistrationPolicy};
use crm_http::{
    HttpSettings,
    settings::{
        BodySettings, ChangeStreamSettings, ForwardedHeader, HashingSettings, JobSettings, RateLimitSettings, RequestLogSettings,
        SessionSettings, TimerSettings, TokenSettings, WebhookSettings,
    },
};
use crm_outbound::enrichment::EnrichmentSettings;
use crm_store::StoreSettings;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::server::cors::is_origin;

/// The defaults, with one comment each.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// What environment variables with settings begin with.
const PREFIX: &str = "CRM__";

/// Tables whose keys are names that the operator chooses.
const OPEN_TABLES: [&str; 1] = ["rate_limits.saas_tiers."];

/// Every setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The listener and its limits.
    pub server: ServerSettings,
    /// The databases.
    pub store: StoreSection,
    /// Who may enter.
    pub auth: AuthSettings,
    /// How often.
    pub rate_limits: RateLimitSettings,
    /// Where several servers count together.
    pub redis: RedisSettings,
    /// The log of API requests.
    pub request_log: RequestLogSettings,
    /// Streams of the change feed.
    pub change_streams: ChangeStreamSettings,
    /// Long work beside the requests.
    pub jobs: JobSettings,
    /// What becomes of records by the clock.
    pub timers: TimerSettings,
    /// Webhooks.
    pub webhooks: WebhookSection,
    /// The provider of profiles.
    pub enrichment: EnrichmentSettings,
    /// The server's own log.
    pub log: LogSettings,
}

/// The listener and its limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port.
    pub bind: SocketAddr,
    /// Threads; 0 is one per processor.
    pub workers: usize,
    /// Per worker.
    pub max_connections: usize,
    /// Of one address, over all workers; 0 is no limit of its own.
    pub connections_per_address: usize,
    /// Per worker; 0 is derived from the store's connections.
    pub blocking_threads: usize,
    /// For a request's head.
    pub request_head_seconds: u64,
    /// For a client that does not take its answer.
    pub write_seconds: u64,
    /// For an idle connection.
    pub keep_alive_seconds: u64,
    /// For running requests when the server stops.
    pub shutdown_seconds: u64,
    /// Whose word on the client's address is taken.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// In which header they name it.
    pub forwarded_header: ForwardedHeader,
    /// Whose scripts may send requests from a browser: origins, or `*`.
    #[serde(deserialize_with = "origins")]
    pub cors_origins: Vec<String>,
    /// Request bodies.
    pub body: BodySettings,
}

/// The databases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSection {
    /// `postgres://…`; empty for SQLite.
    pub url: String,
    /// SQLite files and secrets.
    pub data_dir: PathBuf,
    /// Open at once.
    pub max_open_tenants: usize,
    /// For reading.
    pub connections_per_tenant: u32,
    /// Shared by all tenants.
    pub writer_threads: usize,
}

/// Who may enter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// Who may register a tenant.
    #[serde(deserialize_with = "registration")]
    pub registration: RegistrationPolicy,
    /// Access and refresh tokens.
    pub tokens: TokenSettings,
    /// Sessions of browsers.
    pub sessions: SessionSettings,
    /// bcrypt.
    pub hashing: HashingSettings,
}

/// Where several servers count together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://…`; empty for each server by itself.
    pub url: String,
    /// What the names of its keys begin with.
    pub prefix: String,
}

/// Webhooks.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// Whether they may be sent to private addresses.
    pub allow_private_targets: bool,
    /// Most deliveries under way at once.
    pub parallel: usize,
    /// The same to one receiver.
    pub per_endpoint: usize,
    /// Between two looks for what others left.
    pub poll_milliseconds: u64,
    /// That deliveries are kept.
    pub retention_days: u64,
}

impl WebhookSection {
    /// Where webhooks may lead.
    pub fn targets(&self) -> Targets {
        match self.allow_private_targets {
            true => Targets::Any,
            false => Targets::Public,
        }
    }
}

/// The server's own log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// What is logged.
    pub filter: String,
    /// How.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl Settings {
    /// The defaults, overridden by `file` and by `environment` (name and value of each variable).
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value is not valid; the message names the setting.
    pub fn load(file: Option<&std::path::Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
        let known = flatten(&defaults.collect().context("the built-in defaults")?);
        let mut builder = Config::builder().add_source(defaults);
        if let Some(path) = file {
            let source = File::from(path).format(FileFormat::Toml);
            let given = source
                .collect()
                .with_context(|| format!("the configuration file {}", path.display()))?;
            refuse_unknown(flatten(&given).keys(), &known, &path.display().to_string())?;
            builder = builder.add_source(source);
        }
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix(PREFIX).map(|rest| rest.to_lowercase().replace("__", ".")) {
                refuse_unknown([&key], &known, &format!("the environment variable {name}"))?;
                builder = builder
                    .set_override(&key, value)
                    .with_context(|| format!("the environment variable {name}"))?;
            }
        }
        let settings: Self = builder
            .build()?
            .try_deserialize()
            .map_err(|error| anyhow!("invalid setting: {error}"))?;
        settings.check()?;
        Ok(settings)
    }

    /// The defaults alone.
    ///
    /// # Errors
    /// Never in a released binary: a test reads them.
    pub fn defaults() -> Result<Self> {
        Self::load(None, [])
    }

    /// What the store needs of them.
    pub fn for_store(&self) -> StoreSettings {
        StoreSettings {
            url: self.store.url.clone(),
            data_dir: self.store.data_dir.clone(),
            max_open_tenants: self.store.max_open_tenants,
            connections_per_tenant: self.store.connections_per_tenant,
            writer_threads: self.store.writer_threads,
            ..StoreSettings::default()
        }
    }

    /// What the HTTP layer needs of them.
    pub fn for_http(&self) -> HttpSettings {
        HttpSettings {
            trusted_proxies: self.server.trusted_proxies.clone(),
            forwarded_header: self.server.forwarded_header,
            body: self.server.body,
            rate_limits: self.rate_limits.clone(),
            tokens: self.auth.tokens.clone(),
            sessions: self.auth.sessions,
            registration: self.auth.registration,
            hashing: self.auth.hashing,
            request_log: self.request_log,
            change_streams: self.change_streams,
            // A folder of SQLite files is one process's.
            jobs: JobSettings {
                is_sole: self.store.url.is_empty(),
                ..self.jobs
            },
            timers: self.timers,
            webhooks: WebhookSettings {
                parallel: self.webhooks.parallel,
                per_endpoint: self.webhooks.per_endpoint,
                poll_milliseconds: self.webhooks.poll_milliseconds,
                retention_days: self.webhooks.retention_days,
            },
            webhook_targets: self.webhooks.targets(),
        }
    }

    /// What types alone cannot say.
    fn check(&self) -> Result<()> {
        let url = &self.store.url;
        if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            bail!("invalid setting: store.url must be empty or begin with postgres://");
        }
        if !(4..=20).contains(&self.auth.hashing.bcrypt_cost) {
            bail!("invalid setting: auth.hashing.bcrypt_cost must be between 4 and 20");
        }
        let positive = [
            ("server.max_connections", self.server.max_connections as u64),
            ("server.request_head_seconds", self.server.request_head_seconds),
            ("server.write_seconds", self.server.write_seconds),
            ("server.body.json_bytes", self.server.body.json_bytes as u64),
            ("server.body.deadline_seconds", self.server.body.deadline_seconds),
            ("store.max_open_tenants", self.store.max_open_tenants as u64),
            ("store.connections_per_tenant", u64::from(self.store.connections_per_tenant)),
            ("store.writer_threads", self.store.writer_threads as u64),
            ("auth.tokens.access_seconds", self.auth.tokens.access_seconds),
            ("auth.tokens.refresh_seconds", self.auth.tokens.refresh_seconds),
            ("auth.sessions.lifetime_seconds", self.auth.sessions.lifetime_seconds),
            ("auth.sessions.idle_seconds", self.auth.sessions.idle_seconds),
            ("auth.hashing.threads", self.auth.hashing.threads as u64),
            ("rate_limits.health_trixss", u64::from(self.rate_limits.health_trixss)),
            ("rate_limits.halopsa", u64::from(self.rate_limits.halopsa)),
            ("rate_limits.halopsa_bulk", u64::from(self.rate_limits.halopsa_bulk)),
            ("rate_limits.contacts", u64::from(self.rate_limits.contacts)),
            ("rate_limits.elevate", u64::from(self.rate_limits.elevate)),
            ("request_log.buffer", self.request_log.buffer as u64),
            ("request_log.batch", self.request_log.batch as u64),
            ("change_streams.heartbeat_milliseconds", self.change_streams.heartbeat_milliseconds),
            ("webhooks.per_endpoint", self.webhooks.per_endpoint as u64),
            ("change_streams.poll_milliseconds", self.change_streams.poll_milliseconds),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => bail!("invalid setting: {name} must be at least 1"),
            None => Ok(()),
        }
    }
}

/// The settings' full names and values, e.g. `server.bind`.
fn flatten(tables: &config::Map<String, Value>) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (name, value) in tables {
        match &value.kind {
            ValueKind::Table(inner) => {
                flat.extend(flatten(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            _ => {
                flat.insert(name.clone(), value.clone());
            }
        }
    }
    flat
}

fn refuse_unknown<'a>(keys: impl IntoIterator<Item = &'a String>, known: &BTreeMap<String, Value>, place: &str) -> Result<()> {
    for key in keys {
        if !known.contains_key(key) && !OPEN_TABLES.iter().any(|table| key.starts_with(table)) {
            bail!("unknown setting {key} in {place}");
        }
    }
    Ok(())
}

fn registration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RegistrationPolicy, D::Error> {
    let word = String::deserialize(deserializer)?;
    RegistrationPolicy::parse(&word).map_err(|problem| D::Error::custom(format!("auth.registration {problem}")))
}

/// A list of texts or, as environment variables give it, one text with commas between them.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    let list = match Given::deserialize(deserializer)? {
        Given::Text(text) => text.split(',').map(str::to_owned).collect(),
        Given::List(list) => list,
    };
    let trimmed = list.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    Ok(trimmed.map(str::to_owned).collect())
}

fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let origins = list(deserializer)?;
    match origins.iter().find(|origin| !is_origin(origin)) {
        Some(wrong) => Err(D::Error::custom(format!(
            "server.cors_origins: {wrong:?} is no origin such as https://app.example"
        ))),
        None => Ok(origins),
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |text: &str| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map_err(|_| text.to_owned())
    };
    let networks = list(deserializer)?;
    let networks = networks.iter().map(|text| parse(text));
    networks
        .collect::<Result<_, String>>()
        .map_err(|text| D::Error::custom(format!("server.trusted_proxies: {text:?} is neither an IP address nor a network")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(name: &str, value: &str) -> Result<Settings> {
        Settings::load(None, [(name.to_owned(), value.to_owned())])
    }

    fn error(name: &str, value: &str) -> String {
        format!("{:#}", from_env(name, value).unwrap_err())
    }

    #[test]
    fn the_shipped_defaults_are_those_of_the_layers() {
        let settings = Settings::defaults().unwrap();
        assert_eq!(settings.server.bind.to_string(), "127.0.0.1:5000");
        let mut http = HttpSettings::default();
        // Of SQLite, which the defaults name.
        http.jobs.is_sole = true;
        assert_eq!(format!("{:?}", settings.for_http()), format!("{http:?}"));
        let store = StoreSettings::default();
        assert_eq!(settings.store.max_open_tenants, store.max_open_tenants);
        assert_eq!(settings.store.connections_per_tenant, store.connections_per_tenant);
        assert_eq!(settings.store.writer_threads, store.writer_threads);
    }

    #[test]
    fn every_default_has_its_comment() {
        let undocumented: Vec<&str> = DEFAULTS
            .lines()
            .filter(|line| {
                line.contains('=')
                    && !line.contains('#')
                    && !["default", "professional", "enterprise"].iter().any(|tier| line.starts_with(tier))
            })
            .collect();
        assert_eq!(undocumented, Vec::<&str>::new());
    }

    #[test]
    fn the_environment_overrides_a_file_which_overrides_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.toml");
        std::fs::write(
            &path,
            "[server]\nbind = \"[::1]:8080\"\nworkers = 3\n[rate_limits.saas_tiers]\ngold = 9000\n",
        )
        .unwrap();
        let environment = [
            ("CRM__SERVER__WORKERS", "4"),
            ("CRM__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("CRM__RATE_LIMITS__SAAS_TIERS__SILVER", "7"),
            ("CRM__WEBHOOKS__ALLOW_PRIVATE_TARGETS", "true"),
            ("CRM_CONFIG", "something else"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = Settings::load(Some(&path), environment).unwrap();
        assert_eq!(settings.server.bind.to_string(), "[::1]:8080");
        assert_eq!(settings.server.workers, 4);
        assert_eq!(settings.server.trusted_proxies.len(), 2);
        assert!(settings.webhooks.allow_private_targets);
        let tiers = &settings.rate_limits;
        assert_eq!(
            (tiers.saas_tier("gold"), tiers.saas_tier("silver"), tiers.saas_tier("default")),
            (9000, 7, 100)
        );
    }

    #[test]
    fn unknown_keys_are_named() {
        assert_eq!(
            error("CRM__SERVER__BINDD", "x"),
            "unknown setting server.bindd in the environment variable CRM__SERVER__BINDD"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.toml");
        std::fs::write(&path, "[serve]\nbind = \"127.0.0.1:1\"\n").unwrap();
        let error = Settings::load(Some(&path), []).unwrap_err().to_string();
        assert!(error.starts_with("unknown setting serve.bind in "), "{error}");
    }

    #[test]
    fn invalid_values_name_their_setting() {
        let cases = [
            ("CRM__SERVER__BIND", "nowhere", "server.bind"),
            ("CRM__SERVER__WORKERS", "many", "server.workers"),
            ("CRM__SERVER__TRUSTED_PROXIES", "localhost", "server.trusted_proxies"),
            ("CRM__SERVER__CORS_ORIGINS", "https://app.example/", "server.cors_origins"),
            ("CRM__SERVER__WRITE_SECONDS", "0", "server.write_seconds"),
            ("CRM__SERVER__FORWARDED_HEADER", "via", "server.forwarded_header"),
            ("CRM__AUTH__REGISTRATION", "everybody", "auth.registration"),
            ("CRM__AUTH__HASHING__BCRYPT_COST", "3", "auth.hashing.bcrypt_cost"),
            ("CRM__STORE__URL", "mysql://x", "store.url"),
            ("CRM__STORE__MAX_OPEN_TENANTS", "0", "store.max_open_tenants"),
            ("CRM__LOG__FORMAT", "xml", "log.format"),
            ("CRM__RATE_LIMITS__SAAS_TIERS__GOLD", "-1", "rate_limits.saas_tiers.gold"),
        ];
        for (name, value, setting) in cases {
            let error = error(name, value);
            assert!(error.contains(setting), "{name}={value}: {error}");
        }
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let error = Settings::load(Some("/nowhere/crm.toml".as_ref()), []).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/crm.toml"));
    }
}
