//! Rate limits: how many requests of an API key, a tenant or an address are let through. Which quota counts what is a family's policy.
//!
//! [`RateLimits`] is the port; [`LocalRateLimits`] counts in this process. An adapter that counts for several nodes answers [`Checking`]
//! futures that are not ready at once.

mod count;
mod local;

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use crm_domain::{
    id::{ApiKeyId, SessionId, TenantId},
    stamp::Stamp,
};
use futures_util::future::{BoxFuture, Either, Ready};

pub use local::LocalRateLimits;

/// How much is allowed: `limit` requests per `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Requests per period; 0 counts as 1.
    pub limit: u32,
    /// The period.
    pub period: Duration,
    /// How they may spread over the period.
    pub shape: Shape,
}

/// How the requests of a quota may spread over its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Windows of one period each: the first request opens one, the first after its end opens the next, and none lets more than the limit
    /// through.
    ///
    /// Up to `queue` requests over the limit are taken out of the next window: each waits for its turn, a limit's share of the period
    /// after the one before it, at most until the window ends. The next window keeps at least one request for who waited for it.
    Window {
        /// Requests of a window that may queue.
        queue: u32,
        /// Longest wait of a request in the queue.
        patience: Duration,
    },
    /// A bucket that holds `burst` requests and gets the limit back evenly over each period (contract D-40, X-117).
    Bucket {
        /// Most requests at once, when none came for long; 0 counts as 1.
        burst: u32,
    },
}

impl Quota {
    /// `limit` requests a minute, evenly, and `times` as many at once when none came for long.
    pub const fn bucket_per_minute(limit: u32, times: u32) -> Self {
        let burst = limit.saturating_mul(times);
        Self {
            limit,
            period: Duration::from_secs(60),
            shape: Shape::Bucket { burst },
        }
    }

    /// `limit` requests in each minute; none queues.
    pub const fn per_minute(limit: u32) -> Self {
        let shape = Shape::Window {
            queue: 0,
            patience: Duration::ZERO,
        };
        Self {
            limit,
            period: Duration::from_secs(60),
            shape,
        }
    }

    /// `limit` requests in each hour; none queues.
    pub const fn per_hour(limit: u32) -> Self {
        Self {
            period: Duration::from_secs(3_600),
            ..Self::per_minute(limit)
        }
    }

    /// The same quota; requests over it queue.
    #[must_use]
    pub const fn queueing(self, queue: u32, patience: Duration) -> Self {
        let shape = Shape::Window { queue, patience };
        Self { shape, ..self }
    }
}

/// What is counted. Requests of one key and `class` share a count; a class has quotas of one shape and period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitKey {
    /// Requests of an API key, in a class of the family.
    ApiKey(&'static str, ApiKeyId),
    /// Requests of a tenant, in a class of the family.
    Tenant(&'static str, TenantId),
    /// Requests of a browser's session, in a class of the family.
    Session(&'static str, SessionId),
    /// Requests without a recognised credential, in a class of the family, by their address ([`LimitKey::address`]).
    Address(&'static str, IpAddr),
    /// Requests whose credential could not be judged, in a class of the family, by their address ([`LimitKey::unjudged`]): counted to have
    /// numbers to tell, never to turn anybody away.
    Unjudged(&'static str, IpAddr),
}

impl LimitKey {
    /// Counts a client by its address; of an IPv6 address the /64 network counts, since one client owns all of it.
    pub fn address(class: &'static str, address: IpAddr) -> Self {
        Self::Address(class, network_of(address))
    }

    /// The same for a client of whom nobody could find out who it is, since a database is away.
    pub fn unjudged(class: &'static str, address: IpAddr) -> Self {
        Self::Unjudged(class, network_of(address))
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
    /// Requests that could follow at once, at most the limit; falls by one with each request until the window ends.
    pub remaining: u32,
    /// When the window ends, or the bucket is full; families show it as a Unix time or as seconds from now. A request then is let through.
    pub reset: Stamp,
    /// How long a request that may go on must wait for its turn first; zero unless it queued.
    pub wait: Duration,
    /// How long to wait before the next request is let through; zero when this one is.
    pub retry_after: Duration,
}

impl Decision {
    /// The reset as Unix seconds, rounded up so that waiting for it is enough.
    pub fn reset_seconds(&self) -> u64 {
        self.reset.micros().max(0).unsigned_abs().div_ceil(1_000_000)
    }
}

/// The outcome, at once from a local limiter.
pub type Checking = Either<Ready<Decision>, BoxFuture<'static, Decision>>;

/// Counts requests.
pub trait RateLimits: Send + Sync + 'static {
    /// Counts a request of `key` against `quota`. A request that is turned away costs nothing.
    fn check(&self, key: LimitKey, quota: Quota) -> Checking;
    /// Forgets keys that have their full quota again.
    fn housekeep(&self);
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
