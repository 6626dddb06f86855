//! The port of rate limits, as every adapter must keep it: in this process and in Redis.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crm_domain::{
    clock::{Clock, ManualClock},
    id::{ApiKeyId, RecordId, TenantId},
};
use crm_http::shared::rate_limit::{Decision, LimitKey, LocalRateLimits, Quota, RateLimits, Shape};
use crm_server::redis_limits::RedisRateLimits;
use crm_tests::{database::START, redis::Redis};
use tokio::runtime::Runtime;

const KEY: fn() -> LimitKey = || LimitKey::Tenant("test", TenantId::from_i64(1));

/// An adapter and its time.
struct Desk {
    runtime: Runtime,
    limits: Arc<dyn RateLimits>,
    clock: Arc<ManualClock>,
    redis: Option<Redis>,
}

impl Desk {
    fn local() -> Self {
        let clock = Arc::new(ManualClock::at(START));
        Self {
            runtime: Runtime::new().unwrap(),
            limits: Arc::new(LocalRateLimits::new(clock.clone())),
            clock,
            redis: None,
        }
    }

    fn redis() -> Self {
        let (redis, desk) = (Redis::start(), Self::local());
        let limits = desk
            .runtime
            .block_on(RedisRateLimits::connect(&redis.settings(), desk.clock.clone()));
        Self {
            limits: Arc::new(limits.unwrap()),
            redis: Some(redis),
            ..desk
        }
    }

    fn check(&self, quota: Quota) -> Decision {
        self.check_key(KEY(), quota)
    }

    fn check_key(&self, key: LimitKey, quota: Quota) -> Decision {
        self.runtime.block_on(self.limits.check(key, quota))
    }

    /// Lets time pass. Redis's own clock cannot be moved: what it has counted is, the other way.
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let Some(redis) = &self.redis else { return };
        let script = ::redis::Script::new(
            "for _, key in ipairs(redis.call('KEYS', '*')) do
               for _, field in ipairs({ 'ends', 'last_turn', 'at' }) do
                 local value = redis.call('HGET', key, field)
                 if value then redis.call('HSET', key, field, value - ARGV[1]) end
               end
             end",
        );
        let micros = i64::try_from(by.as_micros()).unwrap();
        script.arg(micros).invoke::<()>(&mut redis.connection()).unwrap();
    }

    /// Seconds to the reset; a real clock may have gone on a little.
    fn seconds_to_reset(&self, decision: Decision) -> f64 {
        decision.reset.since(self.clock.now()).as_secs_f64()
    }
}

/// Makes of functions `fn(Desk)` one test for each adapter.
macro_rules! each_adapter {
    ($($name:ident),+ $(,)?) => {
        mod local {
            $(#[test]
            fn $name() {
                super::$name(super::Desk::local());
            })+
        }
        mod redis {
            $(#[test]
            fn $name() {
                super::$name(super::Desk::redis());
            })+
        }
    };
}

each_adapter!(
    a_window_is_exact,
    who_queues_is_charged_to_the_next_window,
    an_hour_is_a_window_too,
    a_bucket_gives_back_evenly,
    keys_and_classes_count_apart,
    another_limit_goes_on_with_the_count,
    requests_at_once_are_counted_one_by_one,
);

/// Redis's clock goes on while the test runs.
#[track_caller]
fn assert_about(found: Duration, expected: Duration) {
    let most = expected + Duration::from_millis(1);
    assert!(
        found <= most && found + Duration::from_secs(5) > expected,
        "{found:?} is not about {expected:?}"
    );
}

//
fn a_window_is_exact(desk: Desk) {
    let quota = Quota::per_minute(100);
    for left in (0..100).rev() {
        let decision = desk.check(quota);
        assert_eq!((decision.allowed, decision.limit, decision.remaining), (true, 100, left));
        assert!(decision.wait.is_zero() && decision.retry_after.is_zero());
        assert!((55.0..=60.001).contains(&desk.seconds_to_reset(decision)));
    }
    desk.advance(Duration::from_secs(50));
    let refused = desk.check(quota);
    assert_eq!((refused.allowed, refused.remaining), (false, 0));
    assert_about(refused.retry_after, Duration::from_secs(10));
    assert!((5.0..=10.001).contains(&desk.seconds_to_reset(refused)));
    desk.advance(refused.retry_after);
    assert_eq!(desk.check(quota).remaining, 99);
}

// C-127, X-104
fn who_queues_is_charged_to_the_next_window(desk: Desk) {
    let quota = Quota::per_minute(100).queueing(10, Duration::from_secs(60));
    for _ in 0..100 {
        assert!(desk.check(quota).wait.is_zero());
    }
    for place in 1..=10 {
        let decision = desk.check(quota);
        assert!(decision.allowed && decision.remaining == 0);
        assert_about(decision.wait, Duration::from_millis(600) * place);
    }
    let refused = desk.check(quota);
    assert!(!refused.allowed);
    desk.advance(refused.retry_after);
    assert_eq!(desk.check(quota).remaining, 100 - 10 - 1);
}

// B-106, B-108
fn an_hour_is_a_window_too(desk: Desk) {
    let quota = Quota {
        period: Duration::from_secs(3_600),
        ..Quota::per_minute(10)
    };
    for _ in 0..10 {
        assert!(desk.check(quota).allowed);
    }
    desk.advance(Duration::from_secs(600));
    let refused = desk.check(quota);
    assert!(!refused.allowed);
    assert_about(refused.retry_after, Duration::from_secs(3_000));
}

// D-38, D-40, X-117
fn a_bucket_gives_back_evenly(desk: Desk) {
    let quota = Quota {
        shape: Shape::Bucket { burst: 180 },
        ..Quota::per_minute(60)
    };
    // With 180 at hand the limit is shown until less than that is left. Redis's clock may give one back meanwhile.
    for used in 1..=180 {
        let decision = desk.check(quota);
        assert!(decision.allowed && (60.min(180 - used)..=60.min(185 - used)).contains(&decision.remaining));
    }
    let refused = loop {
        let decision = desk.check(quota);
        if !decision.allowed {
            break decision;
        }
    };
    assert!(refused.retry_after <= Duration::from_millis(1_001) && !refused.retry_after.is_zero());
    assert!((175.0..=180.0).contains(&desk.seconds_to_reset(refused)));
    desk.advance(refused.retry_after);
    assert!(desk.check(quota).allowed);
    desk.advance(Duration::from_secs(180));
    assert_eq!(desk.check(quota).remaining, 60);
}

fn keys_and_classes_count_apart(desk: Desk) {
    let quota = Quota::per_minute(1);
    let address = |text: &str| LimitKey::address("a", text.parse().unwrap());
    for key in [
        LimitKey::ApiKey("a", ApiKeyId::from_i64(1)),
        LimitKey::ApiKey("a", ApiKeyId::from_i64(2)),
        LimitKey::ApiKey("b", ApiKeyId::from_i64(1)),
        LimitKey::Tenant("a", TenantId::from_i64(1)),
        address("192.0.2.1"),
        address("192.0.2.2"),
        address("2001:db8::1"),
    ] {
        assert!(desk.check_key(key, quota).allowed, "{key:?}");
        assert!(!desk.check_key(key, quota).allowed, "{key:?}");
    }
}

//
fn another_limit_goes_on_with_the_count(desk: Desk) {
    for _ in 0..3 {
        desk.check(Quota::per_minute(3));
    }
    assert_eq!(desk.check(Quota::per_minute(10)).remaining, 6);
    assert!(!desk.check(Quota::per_minute(2)).allowed);
    assert_eq!(desk.check(Quota::per_minute(100_000_000)).remaining, 99_999_995);
}

fn requests_at_once_are_counted_one_by_one(desk: Desk) {
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let limits = Arc::clone(&desk.limits);
            desk.runtime.spawn(async move { limits.check(KEY(), Quota::per_minute(120)).await })
        })
        .collect();
    let allowed = asking.into_iter().map(|task| desk.runtime.block_on(task).unwrap());
    assert_eq!(allowed.filter(|decision| decision.allowed).count(), 120);
}

#[test]
fn without_redis_each_server_counts_for_itself_until_it_answers_again() {
    let mut desk = Desk::redis();
    let quota = Quota::per_minute(1_000_000);
    assert_eq!(desk.check(quota).remaining, 999_999);
    desk.redis.as_mut().unwrap().crash();
    assert_eq!(desk.check(quota).remaining, 999_999, "counted, in a count of its own");
    assert_eq!(desk.check(quota).remaining, 999_998);
    let redis = desk.redis.as_mut().unwrap();
    redis.resume();
    // Redis has forgotten, so that the next count that begins anew is its.
    let deadline = Instant::now() + Duration::from_secs(30);
    while desk.check(quota).remaining != 999_999 {
        assert!(Instant::now() < deadline, "it goes back by itself");
        std::thread::yield_now();
    }
    assert_eq!(desk.check(quota).remaining, 999_998);
}

#[test]
fn a_redis_that_is_not_there_at_the_start_is_no_obstacle() {
    let desk = Desk::local();
    let mut redis = Redis::start();
    redis.crash();
    let limits = desk
        .runtime
        .block_on(RedisRateLimits::connect(&redis.settings(), desk.clock.clone()))
        .unwrap();
    let decision = desk.runtime.block_on(limits.check(KEY(), Quota::per_minute(2)));
    assert_eq!((decision.allowed, decision.remaining), (true, 1));
}
