//! Counting in this process.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crm_domain::{clock::Clock, stamp::Stamp};
use dashmap::DashMap;
use futures_util::future::{Either, ready};
use governor::{RateLimiter, clock::Clock as GovernorClock, middleware::StateInformationMiddleware, state::keyed::DashMapStateStore};

use super::{Checking, Decision, LimitKey, Limiter, Quota, RateLimits};

/// Counts in this process.
pub struct LocalRateLimits {
    clock: SteadyClock,
    limiters: DashMap<Quota, Arc<LocalLimiter>>,
}

impl LocalRateLimits {
    /// With nothing counted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: SteadyClock::new(clock),
            limiters: DashMap::new(),
        }
    }
}

impl RateLimits for LocalRateLimits {
    fn limiter(&self, quota: Quota) -> Arc<dyn Limiter> {
        if let Some(known) = self.limiters.get(&quota) {
            return Arc::clone(known.value()) as Arc<dyn Limiter>;
        }
        let made = self
            .limiters
            .entry(quota)
            .or_insert_with(|| Arc::new(LocalLimiter::new(quota, self.clock.clone())));
        Arc::clone(made.value()) as Arc<dyn Limiter>
    }

    fn housekeep(&self) {
        for limiter in &self.limiters {
            limiter.governor.retain_recent();
            limiter.governor.shrink_to_fit();
        }
    }
}

type Governor = RateLimiter<LimitKey, DashMapStateStore<LimitKey>, SteadyClock, StateInformationMiddleware>;

struct LocalLimiter {
    governor: Governor,
    clock: SteadyClock,
    limit: u32,
    burst: u32,
    /// Time in which one request becomes possible again.
    interval: Duration,
}

impl LocalLimiter {
    fn new(quota: Quota, clock: SteadyClock) -> Self {
        let limit = NonZeroU32::new(quota.limit).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(quota.burst).unwrap_or(NonZeroU32::MIN);
        let interval = (quota.period / limit.get()).max(Duration::from_nanos(1));
        let gcra = governor::Quota::with_period(interval)
            .unwrap_or_else(|| governor::Quota::per_minute(limit))
            .allow_burst(burst);
        Self {
            governor: Governor::new(gcra, DashMapStateStore::default(), clock.clone()),
            clock,
            limit: limit.get(),
            burst: burst.get(),
            interval,
        }
    }

    fn decide(&self, key: LimitKey) -> Decision {
        let now = self.clock.inner.now();
        match self.governor.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = self.burst.saturating_sub(remaining);
                self.decision(true, remaining, now.plus(self.interval * used), Duration::ZERO)
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                self.decision(false, 0, now.plus(wait + self.interval * self.burst.saturating_sub(1)), wait)
            }
        }
    }

    fn decision(&self, allowed: bool, remaining: u32, reset: Stamp, retry_after: Duration) -> Decision {
        Decision {
            allowed,
            limit: self.limit,
            remaining,
            reset,
            retry_after,
            interval: self.interval,
        }
    }
}

impl Limiter for LocalLimiter {
    fn check(&self, key: LimitKey) -> Checking {
        Either::Left(ready(self.decide(key)))
    }
}

/// The injected clock as one that never goes back: set back, it would turn everybody away until it has caught up.
#[derive(Clone)]
struct SteadyClock {
    inner: Arc<dyn Clock>,
    steady: Arc<Steady>,
}

struct Steady {
    start: Stamp,
    /// The latest reading, in microseconds since `start`, corrections included.
    latest: AtomicI64,
    /// What is added to the clock's reading, in microseconds: the sum of its steps back.
    correction: AtomicI64,
}

impl SteadyClock {
    fn new(inner: Arc<dyn Clock>) -> Self {
        let steady = Steady {
            start: inner.now(),
            latest: AtomicI64::new(0),
            correction: AtomicI64::new(0),
        };
        Self {
            inner,
            steady: Arc::new(steady),
        }
    }

    fn micros(&self) -> i64 {
        let steady = &*self.steady;
        let correction = steady.correction.load(Ordering::Relaxed);
        let reading = self.inner.now().micros() - steady.start.micros() + correction;
        let latest = steady.latest.fetch_max(reading, Ordering::Relaxed);
        // A little behind another thread's reading is no step back.
        if reading < latest - 1_000_000 {
            let corrected = correction + (latest - reading);
            // When the exchange fails another thread has made the same correction.
            let _ = steady
                .correction
                .compare_exchange(correction, corrected, Ordering::Relaxed, Ordering::Relaxed);
        }
        reading.max(latest)
    }
}

impl GovernorClock for SteadyClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.micros()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crm_domain::{
        clock::ManualClock,
        id::{ApiKeyId, RecordId},
    };
    use futures_util::FutureExt;

    use super::*;

    const KEY: LimitKey = LimitKey::Address("test", std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn check(limiter: &dyn Limiter, key: LimitKey) -> Decision {
        limiter.check(key).now_or_never().unwrap()
    }

    fn at(seconds: i64) -> Stamp {
        Stamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn remaining_falls_by_one_and_reset_is_when_the_bucket_is_full() {
        let clock = Arc::new(ManualClock::at(at(1_000)));
        let limits = LocalRateLimits::new(clock.clone());
        let limiter = limits.limiter(Quota::per_minute(100));
        for expected in (0..100).rev() {
            let decision = check(&*limiter, KEY);
            assert!(decision.allowed);
            assert_eq!((decision.limit, decision.remaining), (100, expected));
            assert_eq!(decision.reset, at(1_000).plus(Duration::from_millis(600) * (100 - expected)));
        }
        let denied = check(&*limiter, KEY);
        assert!(!denied.allowed && denied.remaining == 0);
        assert_eq!(denied.retry_after, Duration::from_millis(600));
        assert_eq!(denied.reset, at(1_060));
        clock.advance(denied.retry_after);
        assert!(check(&*limiter, KEY).allowed);
        clock.advance(Duration::from_secs(60));
        assert_eq!(check(&*limiter, KEY).remaining, 99);
    }

    #[test]
    fn keys_count_apart_and_quotas_share_a_limiter() {
        let limits = LocalRateLimits::new(Arc::new(ManualClock::at(at(1))));
        let one = limits.limiter(Quota::per_minute(1));
        let (first, second) = (LimitKey::ApiKey(ApiKeyId::from_i64(1)), LimitKey::ApiKey(ApiKeyId::from_i64(2)));
        assert!(check(&*one, first).allowed && check(&*one, second).allowed);
        assert!(!check(&*limits.limiter(Quota::per_minute(1)), first).allowed);
        assert!(check(&*limits.limiter(Quota::per_minute(2)), first).allowed);
    }

    #[test]
    fn the_largest_limit_works() {
        let limits = LocalRateLimits::new(Arc::new(ManualClock::at(at(1))));
        let limiter = limits.limiter(Quota::per_minute(100_000_000));
        assert_eq!(check(&*limiter, KEY).remaining, 99_999_999);
        assert_eq!(check(&*limiter, KEY).remaining, 99_999_998);
    }

    #[test]
    fn a_full_bucket_is_forgotten() {
        let clock = Arc::new(ManualClock::at(at(1)));
        let limits = LocalRateLimits::new(clock.clone());
        check(&*limits.limiter(Quota::per_minute(5)), KEY);
        clock.advance(Duration::from_secs(120));
        limits.housekeep();
        assert!(limits.limiters.iter().all(|limiter| limiter.governor.is_empty()));
    }

    struct SettableClock(Mutex<Stamp>);
    impl Clock for SettableClock {
        fn now(&self) -> Stamp {
            *self.0.lock().unwrap()
        }
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let clock = Arc::new(SettableClock(Mutex::new(at(10_000))));
        let limits = LocalRateLimits::new(clock.clone());
        let limiter = limits.limiter(Quota::per_minute(1));
        assert!(check(&*limiter, KEY).allowed);
        *clock.0.lock().unwrap() = at(5_000);
        assert!(!check(&*limiter, KEY).allowed);
        *clock.0.lock().unwrap() = at(5_061);
        assert!(check(&*limiter, KEY).allowed);
    }
}
