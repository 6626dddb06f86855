//! Counting, as a pure function of what was counted before and the time. An adapter that counts elsewhere keeps the same rules.

use std::time::Duration;

use crm_domain::stamp::Stamp;

use super::{Decision, Quota, Shape};

/// What was counted of one key. Times are in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    Window(Window),
    Bucket(Bucket),
}

/// A window and what it owes to the next.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    ends: i64,
    used: u32,
    /// Requests over the limit that queued: the next window begins with them.
    queued: u32,
    /// When the last of them has its turn.
    last_turn: i64,
}

/// A bucket's level, in requests that are not given back yet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    level: f64,
    at: i64,
}

/// Rounding of levels must not cost a request.
const EPSILON: f64 = 1e-6;

impl Count {
    /// Nothing was counted.
    pub(super) fn new(shape: Shape) -> Self {
        match shape {
            Shape::Window { .. } => Self::Window(Window::default()),
            Shape::Bucket { .. } => Self::Bucket(Bucket::default()),
        }
    }

    /// Counts a request.
    pub(super) fn take(&mut self, quota: Quota, now: Stamp) -> Decision {
        let limit = quota.limit.max(1);
        match (self, quota.shape) {
            (Self::Window(window), Shape::Window { queue, patience }) => window.take(limit, quota.period, queue, patience, now),
            (Self::Bucket(bucket), Shape::Bucket { burst }) => bucket.take(limit, quota.period, burst.max(1), now),
            (changed, shape) => {
                *changed = Self::new(shape);
                changed.take(quota, now)
            }
        }
    }

    /// From when on it is as good as nothing counted.
    pub(super) fn forgotten_at(&self, quota: Quota) -> i64 {
        match self {
            Self::Window(window) if window.queued == 0 => window.ends,
            Self::Window(window) => window.ends.saturating_add(micros(quota.period)),
            Self::Bucket(bucket) => bucket.full_at(quota.limit.max(1), quota.period),
        }
    }
}

impl Window {
    fn take(&mut self, limit: u32, period: Duration, queue: u32, patience: Duration, now: Stamp) -> Decision {
        let length = micros(period);
        let time = now.micros();
        self.open(limit, length, time);
        let (mut allowed, mut wait) = (self.used < limit, 0);
        if allowed {
            self.used += 1;
        } else {
            let share = length / i64::from(limit);
            let turn = self.last_turn.max(time).saturating_add(share).min(self.ends);
            if self.queued < queue.min(limit - 1) && turn - time <= micros(patience) {
                self.queued += 1;
                self.last_turn = turn;
                (allowed, wait) = (true, turn - time);
            }
        }
        Decision {
            allowed,
            limit,
            remaining: limit.saturating_sub(self.used),
            reset: Stamp::from_micros(self.ends),
            wait: duration(wait),
            retry_after: duration(if allowed { 0 } else { self.ends - time }),
        }
    }

    /// Opens the next window when this one is over.
    fn open(&mut self, limit: u32, length: i64, time: i64) {
        // A clock that was set back keeps no window open for longer than its length.
        self.ends = self.ends.min(time.saturating_add(length));
        if time < self.ends {
            return;
        }
        let owed = if time < self.ends.saturating_add(length) {
            self.queued.min(limit - 1)
        } else {
            0
        };
        // What is owed belongs to the window that follows at once; otherwise the first request opens it.
        let begins = if owed > 0 { self.ends } else { time };
        *self = Self {
            ends: begins.saturating_add(length),
            used: owed,
            ..Self::default()
        };
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "periods and levels are far below 2^53, and what becomes an integer is not negative"
)]
impl Bucket {
    fn take(&mut self, limit: u32, period: Duration, burst: u32, now: Stamp) -> Decision {
        let share = micros(period) as f64 / f64::from(limit);
        let time = now.micros();
        let given_back = time.saturating_sub(self.at).max(0) as f64 / share;
        self.level = (self.level - given_back).clamp(0.0, f64::from(burst));
        self.at = time;
        let room = f64::from(burst) - self.level;
        let allowed = room + EPSILON >= 1.0;
        let (missing, left) = if allowed { (0.0, room - 1.0 + EPSILON) } else { (1.0 - room, 0.0) };
        if allowed {
            self.level += 1.0;
        }
        Decision {
            allowed,
            limit,
            remaining: limit.min(left as u32),
            reset: Stamp::from_micros(self.full_at(limit, period)),
            wait: Duration::ZERO,
            retry_after: duration((missing * share).ceil() as i64),
        }
    }

    fn full_at(&self, limit: u32, period: Duration) -> i64 {
        let share = micros(period) as f64 / f64::from(limit);
        self.at.saturating_add((self.level * share).ceil() as i64)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn at(micros: i64) -> Stamp {
        Stamp::from_micros(1_000 * MINUTE + micros)
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let quota = Quota::per_minute(1);
        let mut count = Count::new(quota.shape);
        assert!(count.take(quota, at(500 * MINUTE)).allowed);
        let refused = count.take(quota, at(0));
        assert_eq!((refused.allowed, refused.reset), (false, at(MINUTE)));
        assert!(count.take(quota, at(MINUTE)).allowed);
    }

    #[test]
    fn the_largest_limit_works() {
        let quota = Quota::per_minute(100_000_000).queueing(10, Duration::from_secs(60));
        let mut count = Count::new(quota.shape);
        assert_eq!(count.take(quota, at(0)).remaining, 99_999_999);
        assert_eq!(count.take(quota, at(0)).remaining, 99_999_998);
    }

    #[test]
    fn another_limit_goes_on_with_the_count() {
        let mut count = Count::new(Quota::per_minute(3).shape);
        for left in (0..3).rev() {
            assert_eq!(count.take(Quota::per_minute(3), at(0)).remaining, left);
        }
        assert_eq!(count.take(Quota::per_minute(10), at(0)).remaining, 6);
        assert!(!count.take(Quota::per_minute(2), at(0)).allowed);
    }

    #[test]
    fn who_queues_waits_a_share_of_the_period_each_and_is_taken_out_of_the_next_window() {
        let quota = Quota::per_minute(100).queueing(10, Duration::from_secs(60));
        let mut count = Count::new(quota.shape);
        for _ in 0..100 {
            assert!(count.take(quota, at(0)).wait.is_zero());
        }
        for place in 1..=10 {
            let decision = count.take(quota, at(0));
            assert_eq!((decision.allowed, decision.wait), (true, Duration::from_millis(600) * place));
        }
        let refused = count.take(quota, at(0));
        assert_eq!((refused.allowed, refused.retry_after), (false, Duration::from_secs(60)));
        assert_eq!(count.take(quota, at(MINUTE)).remaining, 100 - 10 - 1);
        // What the last window owes is paid once.
        assert_eq!(count.take(quota, at(2 * MINUTE)).remaining, 99);
    }

    #[test]
    fn who_would_wait_for_longer_than_its_patience_is_turned_away() {
        let quota = Quota::per_minute(2).queueing(1, Duration::from_secs(29));
        let mut count = Count::new(quota.shape);
        let decisions = [(); 3].map(|()| count.take(quota, at(0)).allowed);
        assert_eq!(decisions, [true, true, false]);
        assert_eq!(
            count.take(quota, at(MINUTE / 2 + 2_000_000)).wait,
            Duration::from_secs(28),
            "until the window ends"
        );
    }

    /// Pauses between requests, in microseconds.
    fn pauses() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(prop_oneof![Just(0), 0..2_000_000_i64, 0..2 * MINUTE], 1..300)
    }

    proptest! {
        #[test]
        fn no_window_lets_more_through_than_its_limit(limit in 1_u32..20, queue in 0_u32..12, pauses in pauses()) {
            let quota = Quota::per_minute(limit).queueing(queue, Duration::from_secs(60));
            let mut count = Count::new(quota.shape);
            // Of the current window: its end, who was charged to it, and what it takes out of the next.
            let (mut time, mut ends, mut charged, mut queued, mut last_turn) = (0, at(0), 0, 0, at(0));
            for pause in pauses {
                time += pause;
                let now = at(time);
                let decision = count.take(quota, now);
                if now >= ends {
                    let follows_at_once = queued > 0 && now < ends.plus(quota.period);
                    charged = if follows_at_once { queued } else { 0 };
                    ends = if follows_at_once { ends } else { now }.plus(quota.period);
                    queued = 0;
                    prop_assert!(decision.allowed && decision.wait.is_zero(), "waiting for the reset is enough");
                }
                prop_assert_eq!(decision.reset, ends);
                if !decision.allowed {
                    prop_assert_eq!((decision.remaining, now.plus(decision.retry_after)), (0, ends));
                } else if decision.wait.is_zero() && charged < limit {
                    charged += 1;
                    prop_assert_eq!(decision.remaining, limit - charged, "it falls by one");
                } else {
                    queued += 1;
                    let turn = now.plus(decision.wait);
                    prop_assert!(turn >= last_turn && turn <= ends, "in the order of arrival, at the latest when the window ends");
                    last_turn = turn;
                }
                prop_assert!(charged <= limit && queued <= queue && queued < limit);
            }
        }

        #[test]
        fn waiting_as_long_as_told_is_enough(limit in 1_u32..1_000, factor in 1_u32..4, pauses in pauses()) {
            for shape in [Quota::per_minute(1).shape, Shape::Bucket { burst: limit * factor }] {
                let quota = Quota { shape, ..Quota::per_minute(limit) };
                let mut count = Count::new(shape);
                let mut time = 0;
                for pause in &pauses {
                    time += pause;
                    let decision = count.take(quota, at(time));
                    if !decision.allowed {
                        prop_assert!(count.clone().take(quota, at(time).plus(decision.retry_after)).allowed);
                    }
                    let full = count.clone().take(quota, decision.reset);
                    let most = if let Shape::Bucket { burst } = shape { limit.min(burst - 1) } else { limit - 1 };
                    prop_assert_eq!((full.allowed, full.remaining), (true, most), "it is full again at the reset");
                }
            }
        }
    }
}
