//! The settings of the HTTP layer: plain data with defaults; where they come from is the server's matter.

use std::{collections::BTreeMap, time::Duration};

use crm_domain::{control::user::BCRYPT_COST, tenant::webhook::Targets, usecase::register::RegistrationPolicy};
use ipnet::IpNet;
use serde::Deserialize;

/// Every setting of the HTTP layer.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// Networks of the proxies whose word on the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which trusted proxies name the client.
    pub forwarded_header: ForwardedHeader,
    /// What a request body may be.
    pub body: BodySettings,
    /// How often clients may ask.
    pub rate_limits: RateLimitSettings,
    /// Access and refresh tokens.
    pub tokens: TokenSettings,
    /// Sessions of browsers.
    pub sessions: SessionSettings,
    /// Who may register a tenant: `first`, `open` or `closed`.
    pub registration: RegistrationPolicy,
    /// bcrypt's cost and threads.
    pub hashing: HashingSettings,
    /// The request log.
    pub request_log: RequestLogSettings,
    /// Streams of the change feed.
    pub change_streams: ChangeStreamSettings,
    /// Where webhooks may lead.
    pub webhook_targets: Targets,
    /// Deliveries to webhooks.
    pub webhooks: WebhookSettings,
    /// Long work beside the requests.
    pub jobs: JobSettings,
    /// What becomes of records by the clock.
    pub timers: TimerSettings,
}

/// What becomes of records by the clock.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimerSettings {
    /// Between two looks whether tasks are overdue or targets of SLA policies missed, in milliseconds; 0 leaves that to other nodes.
    pub poll_milliseconds: u64,
}

impl Default for TimerSettings {
    fn default() -> Self {
        Self { poll_milliseconds: 1_000 }
    }
}

/// Long work beside the requests.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobSettings {
    /// Most jobs that this node runs at once; 0 leaves them to other nodes.
    pub parallel: usize,
    /// Between two looks for jobs that other nodes added or left, in milliseconds.
    pub poll_milliseconds: u64,
    /// After which a job is taken over whose node gives no sign of life, in seconds.
    pub lease_seconds: u64,
    /// Whether this process alone runs the deployment's jobs: then those that are under way when it starts are nobody's, and it goes on with
    /// them at once. Not a setting: it follows from the database.
    #[serde(skip)]
    pub is_sole: bool,
    /// Days that what jobs came to is kept; 0 keeps it for ever.
    pub retention_days: u64,
}

impl JobSettings {
    /// How long a lease lasts; who runs the job extends it well before.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.max(1))
    }
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            parallel: 4,
            poll_milliseconds: 2_000,
            lease_seconds: 15,
            is_sole: false,
            retention_days: 30,
        }
    }
}

/// Deliveries to webhooks.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Most deliveries that this node sends at once; 0 leaves them to other nodes.
    pub parallel: usize,
    /// The same to one receiver.
    pub per_endpoint: usize,
    /// Between two looks for what other nodes and commands wrote or left, in milliseconds.
    pub poll_milliseconds: u64,
    /// Days that deliveries are kept and can be sent again; 0 keeps them for ever.
    pub retention_days: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            parallel: 256,
            per_endpoint: 4,
            poll_milliseconds: 2_000,
            retention_days: 30,
        }
    }
}

/// Streams of the change feed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeStreamSettings {
    /// Most streams of one tenant on one node; 0 allows none.
    pub per_tenant: usize,
    /// Between two signs of life of a quiet stream, and two looks at whether its user may still have it, in milliseconds.
    pub heartbeat_milliseconds: u64,
    /// Between two looks for what other processes wrote, in milliseconds.
    pub poll_milliseconds: u64,
}

impl Default for ChangeStreamSettings {
    fn default() -> Self {
        Self {
            per_tenant: 1_000,
            heartbeat_milliseconds: 15_000,
            poll_milliseconds: 1_000,
        }
    }
}

/// The header in which trusted proxies name the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, or `Forwarded` where that is missing.
    #[default]
    Auto,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
    /// `Forwarded` alone (RFC 7239).
    Forwarded,
}

/// What a request body may be.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BodySettings {
    /// Most bytes of a JSON body.
    pub json_bytes: usize,
    /// Most bytes of a bulk request's body.
    pub bulk_bytes: usize,
    /// Seconds within which a body must have arrived.
    pub deadline_seconds: u64,
    /// Most bytes of an uploaded file.
    pub upload_bytes: usize,
    /// Seconds within which a form with a file must have arrived.
    pub upload_seconds: u64,
}

impl Default for BodySettings {
    fn default() -> Self {
        Self {
            json_bytes: 1 << 20,
            bulk_bytes: 5 << 20,
            deadline_seconds: 30,
            upload_bytes: 50 << 20,
            upload_seconds: 300,
        }
    }
}

/// How often clients may ask, per minute where nothing else is said.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Family `health_trixss`: requests per key whose own limit is not set (contract A-87).
    pub health_trixss: u32,
    /// Family `halopsa`: requests per hour and key whose own limit is not set, and per address where nobody is known (contract B-106).
    pub halopsa: u32,
    /// Family `halopsa`: bulk imports per hour and key (contract B-108).
    pub halopsa_bulk: u32,
    /// Family `halopsa`: synchronisations of a key under way at once on this node (contract B-107).
    pub halopsa_syncs: u32,
    /// Family `saas`: requests per tenant, by its tier's name; `default` is the one for every tier not named (contract C-125, X-103).
    pub saas_tiers: BTreeMap<String, u32>,
    /// Family `saas`: how many requests over a tenant's limit may wait for their turn, out of the next minute's (contract C-127, X-104).
    pub saas_queue: u32,
    /// Longest wait in that queue, in seconds.
    pub saas_queue_seconds: u64,
    /// Family `contacts`: requests per key whose own limit is not set, per session, and per address where nobody is known (contract D-39).
    pub contacts: u32,
    /// Family `elevate`: requests per key whose own limit is not set, per session, and per address where nobody is known (contract E-88).
    pub elevate: u32,
    /// Keys never seen before that one address may present: each costs a bcrypt round.
    pub unverified_keys: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self {
            health_trixss: 100,
            halopsa: 1_000,
            halopsa_bulk: 10,
            halopsa_syncs: 100,
            saas_tiers: [("default", 100), ("professional", 600), ("enterprise", 3_000)]
                .map(|(tier, limit)| (tier.to_owned(), limit))
                .into(),
            saas_queue: 10,
            saas_queue_seconds: 60,
            contacts: 60,
            elevate: 100,
            unverified_keys: 600,
        }
    }
}

/// Access and refresh tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenSettings {
    /// How long an access token lives, in seconds (contract C-26).
    pub access_seconds: u64,
    /// How long a refresh token lives, in seconds (contract C-27).
    pub refresh_seconds: u64,
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            access_seconds: 3_600,
            refresh_seconds: 7 * 24 * 3_600,
            issuer: "crm-server".to_owned(),
            audience: "crm-api".to_owned(),
        }
    }
}

/// Sessions of browsers (contract X-145).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSettings {
    /// How long a session lives at most, in seconds.
    pub lifetime_seconds: u64,
    /// How long a session lives unused, in seconds.
    pub idle_seconds: u64,
    /// Whether the cookie is sent over HTTPS alone.
    pub secure_cookie: bool,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            lifetime_seconds: 7 * 24 * 3_600,
            idle_seconds: 24 * 3_600,
            secure_cookie: false,
        }
    }
}

impl SessionSettings {
    /// How long a session lives at most.
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_seconds)
    }

    /// How long a session lives unused.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }
}

/// bcrypt's cost and threads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HashingSettings {
    /// bcrypt's cost: 12 as documented (contract A-17); tests lower it.
    pub bcrypt_cost: u32,
    /// Threads that hash.
    pub threads: usize,
    /// Jobs that may wait for a thread; one more is answered 503.
    pub queue: usize,
}

impl Default for HashingSettings {
    fn default() -> Self {
        Self {
            bcrypt_cost: BCRYPT_COST,
            threads: 2,
            queue: 64,
        }
    }
}

/// The request log.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestLogSettings {
    /// Rows of one tenant that may wait to be written; with a full buffer that tenant's requests wait.
    pub buffer: usize,
    /// Longest that a request waits for room in the buffer, in seconds; after that its row is counted as lost.
    pub patience_seconds: u64,
    /// Most rows of one write.
    pub batch: usize,
    /// Longest that a row waits to be written, in milliseconds.
    pub flush_milliseconds: u64,
    /// Days that rows are kept; 0 keeps them for ever.
    pub retention_days: u64,
}

impl Default for RequestLogSettings {
    fn default() -> Self {
        Self {
            buffer: 8_192,
            patience_seconds: 10,
            batch: 1000,
            flush_milliseconds: 1_000,
            retention_days: 90,
        }
    }
}

impl RateLimitSettings {
    /// Requests per minute of a tier (contract X-103).
    pub fn saas_tier(&self, tier: &str) -> u32 {
        let named = self.saas_tiers.get(tier).or_else(|| self.saas_tiers.get("default"));
        named.copied().unwrap_or(100)
    }
}

impl TokenSettings {
    /// How long an access token lives.
    pub fn access_lifetime(&self) -> Duration {
        Duration::from_secs(self.access_seconds)
    }

    /// How long a refresh token lives.
    pub fn refresh_lifetime(&self) -> Duration {
        Duration::from_secs(self.refresh_seconds)
    }
}
