//! Rate limits: GCRA, one limiter per distinct quota, keyed by API key, tenant or address. Which quota counts what is a family's policy.
//!
//! [`RateLimits`] is the port; [`LocalRateLimits`] counts in this process. An adapter that counts for several nodes implements the same two
//! traits and answers [`Checking`] futures that are not ready at once.

mod local;
mod queue;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use crm_domain::{
    id::{ApiKeyId, TenantId},
    stamp::Stamp,
};
use futures_util::future::{BoxFuture, Either, Ready};

pub use local::LocalRateLimits;
pub use queue::{QueuePolicy, Queues};

/// How much is allowed: `limit` requests per `period`, of which `burst` may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Requests per period; 0 counts as 1.
    pub limit: u32,
    /// The period.
    pub period: Duration,
    /// Most requests at once, when none came for long; 0 counts as 1.
    pub burst: u32,
}

impl Quota {
    /// `limit` requests per minute, all of which may come at once.
    pub const fn per_minute(limit: u32) -> Self {
        Self {
            limit,
            period: Duration::from_secs(60),
            burst: limit,
        }
    }
}

/// What is counted. Requests of one key and `class` share a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Requests of an API key.
    ApiKey(ApiKeyId),
    /// Requests of a tenant, in a class of the family.
    Tenant(&'static str, TenantId),
    /// Requests without a recognised credential, in a class of the family, by their address ([`LimitKey::address`]).
    Address(&'static str, IpAddr),
}

impl LimitKey {
    /// Counts a client by its address; of an IPv6 address the /64 network counts, since one client owns all of it.
    pub fn address(class: &'static str, address: IpAddr) -> Self {
        Self::Address(class, network_of(address))
    }
}

/// The address that a client cannot change at will.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
    }
}

/// The outcome of counting a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request may go on.
    pub allowed: bool,
    /// Requests allowed per period.
    pub limit: u32,
    /// Requests that could follow at once; falls by one with each request.
    pub remaining: u32,
    /// When everything is allowed again; families show it as a Unix time or as seconds from now.
    pub reset: Stamp,
    /// How long to wait before the next request is let through; zero when this one is.
    pub retry_after: Duration,
    /// The time in which one request becomes possible again.
    pub interval: Duration,
}

impl Decision {
    /// The reset as Unix seconds, rounded up so that waiting for it is enough.
    pub fn reset_seconds(&self) -> u64 {
        self.reset.micros().max(0).unsigned_abs().div_ceil(1_000_000)
    }
}

/// The outcome, at once from a local limiter.
pub type Checking = Either<Ready<Decision>, BoxFuture<'static, Decision>>;

/// Gives out limiters.
pub trait RateLimits: Send + Sync + 'static {
    /// The limiter of a quota; the same one for the same quota.
    fn limiter(&self, quota: Quota) -> Arc<dyn Limiter>;
    /// Forgets keys that have their full quota again.
    fn housekeep(&self);
}

/// Counts requests against one quota.
pub trait Limiter: Send + Sync + 'static {
    /// Counts a request of `key`.
    fn check(&self, key: LimitKey) -> Checking;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_counted_by_what_they_cannot_change() {
        let key = |text: &str| LimitKey::address("test", text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }
}
