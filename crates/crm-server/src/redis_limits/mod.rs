//! Rate limits counted in Redis, for several servers together.
//!
//! One script per decision, run by Redis as a whole and by Redis's clock. A request waits for it for `PATIENCE` at most. When Redis does not
//! answer, this server counts by itself until it does: no client is turned away for it, and none is let through uncounted.

use std::{
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use crm_domain::{clock::Clock, id::RecordId};
use crm_http::shared::rate_limit::{Checking, Decision, LimitKey, LocalRateLimits, Quota, RateLimits, Shape};
use futures_util::{FutureExt, future::Either};
use redis::{Client, RedisError, Script, aio::MultiplexedConnection};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use crate::settings::RedisSettings;

/// Longest that a decision may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// Longest that connecting may take, which no request waits for: with TLS, also to read the machine's certificates.
const CONNECTING: Duration = Duration::from_secs(1);

/// Between two attempts to reach a Redis that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts in Redis, and in this process while Redis does not answer.
pub struct RedisRateLimits(Arc<Shared>);

struct Shared {
    client: Client,
    script: Script,
    prefix: String,
    clock: Arc<dyn Clock>,
    local: LocalRateLimits,
    /// Where the connection lives: no worker's own runtime, so that none waits for another's work.
    runtime: Handle,
    link: RwLock<Option<Link>>,
    links: AtomicU64,
}

/// A connection that all requests share.
#[derive(Clone)]
struct Link {
    number: u64,
    connection: MultiplexedConnection,
}

/// Redis did not decide.
#[derive(Debug)]
enum Failure {
    Late,
    Refused(RedisError),
}

impl RedisRateLimits {
    /// Connects, within the current tokio runtime. A Redis that cannot be reached is tried again in the background.
    ///
    /// # Errors
    /// When the address is not valid.
    pub async fn connect(settings: &RedisSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        // What TLS (`rediss://`) is made with. It is there already where something else has chosen it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::open(settings.url.as_str()).context("invalid setting: redis.url")?;
        let shared = Arc::new(Shared {
            client,
            script: Script::new(include_str!("count.lua")),
            prefix: settings.prefix.clone(),
            local: LocalRateLimits::new(Arc::clone(&clock)),
            clock,
            runtime: Handle::current(),
            link: RwLock::new(None),
            links: AtomicU64::new(0),
        });
        if let Err(failure) = shared.link_up().await {
            shared.warn(&failure);
            shared.keep_trying();
        }
        Ok(Self(shared))
    }
}

impl RateLimits for RedisRateLimits {
    fn check(&self, key: LimitKey, quota: Quota) -> Checking {
        let Some(link) = self.0.link() else {
            return self.0.local.check(key, quota);
        };
        let shared = Arc::clone(&self.0);
        let decide = async move {
            let number = link.number;
            match shared.ask(link, &shared.name(key), quota).await {
                Ok(decision) => decision,
                Err(failure) => {
                    shared.link_down(number, &failure);
                    shared.local.count(key, quota)
                }
            }
        };
        Either::Right(decide.boxed())
    }

    fn housekeep(&self) {
        self.0.local.housekeep();
    }
}

impl Shared {
    fn link(&self) -> Option<Link> {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects, and asks for a decision to see that Redis takes the script.
    async fn link_up(&self) -> Result<(), Failure> {
        let connecting = self.client.get_multiplexed_async_connection();
        let connection = timeout(CONNECTING, connecting).await??;
        let number = self.links.fetch_add(1, Ordering::Relaxed);
        let link = Link { number, connection };
        self.ask(link.clone(), &format!("{}:probe", self.prefix), Quota::per_minute(1))
            .await?;
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link);
        Ok(())
    }

    /// Gives the link up; only the first request that it failed says so.
    fn link_down(self: &Arc<Self>, number: u64, failure: &Failure) {
        let mut link = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if link.take_if(|link| link.number == number).is_some() {
            drop(link);
            self.warn(failure);
            self.keep_trying();
        }
    }

    fn warn(&self, failure: &Failure) {
        tracing::warn!(%failure, "Redis does not answer: rate limits are counted by this server alone until it does");
    }

    fn keep_trying(self: &Arc<Self>) {
        let shared = Arc::downgrade(self);
        self.runtime.spawn(async move {
            loop {
                sleep(PAUSE).await;
                let Some(shared) = Weak::upgrade(&shared) else { return };
                if shared.link_up().await.is_ok() {
                    tracing::info!("Redis answers again: rate limits are counted there");
                    return;
                }
            }
        });
    }

    async fn ask(&self, mut link: Link, name: &str, quota: Quota) -> Result<Decision, Failure> {
        let (shape, first, second) = match quota.shape {
            Shape::Window { queue, patience } => ("window", queue, patience.as_micros()),
            Shape::Bucket { burst } => ("bucket", burst.max(1), 0),
        };
        let limit = quota.limit.max(1);
        let mut asking = self.script.key(name);
        asking
            .arg(shape)
            .arg(limit)
            .arg(quota.period.as_micros().to_string())
            .arg(first)
            .arg(second.to_string());
        let answer = timeout(PATIENCE, asking.invoke_async(&mut link.connection)).await??;
        let (allowed, remaining, reset, wait, retry_after): (bool, u32, u64, u64, u64) = answer;
        Ok(Decision {
            allowed,
            limit,
            remaining,
            reset: self.clock.now().plus(Duration::from_micros(reset)),
            wait: Duration::from_micros(wait),
            retry_after: Duration::from_micros(retry_after),
        })
    }

    /// Where a key is counted.
    fn name(&self, key: LimitKey) -> String {
        let prefix = &self.prefix;
        match key {
            LimitKey::ApiKey(class, id) => format!("{prefix}:{class}:key:{}", id.get()),
            LimitKey::Tenant(class, id) => format!("{prefix}:{class}:tenant:{}", id.get()),
            LimitKey::Session(class, id) => format!("{prefix}:{class}:session:{}", id.get()),
            LimitKey::Unjudged(class, address) => format!("{prefix}:{class}:unjudged:{address}"),
            LimitKey::Address(class, address) => format!("{prefix}:{class}:address:{address}"),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio::time::error::Elapsed> for Failure {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Late
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late => write!(f, "no answer within {} ms", PATIENCE.as_millis()),
            Self::Refused(error) => write!(f, "{error}"),
        }
    }
}
