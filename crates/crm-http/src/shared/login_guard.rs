//! Slows down password guessing: after some failures an account, and the address that tries, must wait, each time twice as long
//! (1 s, 2 s, 4 s … 15 min). In memory, per node: a restart forgives, and several nodes allow as many times more.
//!
//! A right password clears its account; an address is cleared only by time, else one own account would pay for guessing others.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crm_domain::{clock::Clock, stamp::Stamp};
use moka::{policy::EvictionPolicy, sync::Cache};

use super::rate_limit::network_of;

/// Waiting never takes longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Failures are forgotten this long after the last one: longer than the longest wait, which would else reset its own count.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);

/// Accounts and addresses remembered, each; the least recently tried one is dropped first.
const REMEMBERED: u64 = 100_000;

/// What is allowed before anybody waits.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Failures without waiting.
    failures: u32,
    /// Attempts under way at once while nobody waits; one, once somebody had to.
    at_once: u32,
}

const ACCOUNT: Allowance = Allowance { failures: 5, at_once: 32 };

/// Many people may share an address.
const ADDRESS: Allowance = Allowance {
    failures: 20,
    at_once: 128,
};

/// Keeps count of failed logins.
pub struct LoginGuard {
    clock: Arc<dyn Clock>,
    accounts: Cache<String, Arc<Track>>,
    addresses: Cache<IpAddr, Arc<Track>>,
}

/// It is too early to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooEarly {
    /// Trying again makes sense after this time; at least a second.
    pub retry_after: Duration,
}

impl LoginGuard {
    /// A guard without memory.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        fn remember<K: std::hash::Hash + Eq + Send + Sync + 'static>() -> Cache<K, Arc<Track>> {
            Cache::builder()
                .max_capacity(REMEMBERED)
                .eviction_policy(EvictionPolicy::lru())
                .build()
        }
        Self {
            clock,
            accounts: remember(),
            addresses: remember(),
        }
    }

    /// Opens an attempt to sign in as `email` from `address`, known or not. Its end is told by [`Attempt::succeeded`] or
    /// [`Attempt::failed`]; one that is dropped (the client left, the database is down) counts as neither.
    ///
    /// # Errors
    /// [`TooEarly`] while the account or the address has to wait.
    pub fn attempt(&self, email: &str, address: IpAddr) -> Result<Attempt, TooEarly> {
        let now = self.clock.now();
        let account = self.accounts.get_with(account_key(email), Arc::default);
        let address = self.addresses.get_with(network_of(address), Arc::default);
        let account = Turn::take(account, ACCOUNT, now)?;
        let address = Turn::take(address, ADDRESS, now)?;
        Ok(Attempt {
            clock: self.clock.clone(),
            account,
            address,
        })
    }
}

/// An attempt under way.
pub struct Attempt {
    clock: Arc<dyn Clock>,
    account: Turn,
    address: Turn,
}

impl Attempt {
    /// The password was right: the account starts afresh.
    pub fn succeeded(self) {
        let mut account = self.account.track.state();
        account.failures = 0;
        account.wait_until = Stamp::default();
    }

    /// The password was wrong, or the account unknown.
    pub fn failed(self) {
        let now = self.clock.now();
        self.account.track.state().fail(ACCOUNT, now);
        self.address.track.state().fail(ADDRESS, now);
    }
}

#[derive(Default)]
struct Track(Mutex<State>);

impl Track {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct State {
    failures: u32,
    under_way: u32,
    last_failure: Stamp,
    wait_until: Stamp,
}

impl State {
    fn forget_old(&mut self, now: Stamp) {
        if now.since(self.last_failure) >= FORGOTTEN {
            self.failures = 0;
        }
    }

    fn fail(&mut self, allowance: Allowance, now: Stamp) {
        self.forget_old(now);
        self.failures = self.failures.saturating_add(1);
        self.last_failure = now;
        if let Some(doublings) = self.failures.checked_sub(allowance.failures) {
            let seconds = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
            self.wait_until = now.plus(Duration::from_secs(seconds).min(LONGEST));
        }
    }

    fn enter(&mut self, allowance: Allowance, now: Stamp) -> Result<(), TooEarly> {
        self.forget_old(now);
        let wait = self.wait_until.since(now);
        let at_once = if self.failures < allowance.failures { allowance.at_once } else { 1 };
        if wait > Duration::ZERO || self.under_way >= at_once {
            return Err(TooEarly {
                retry_after: wait.max(Duration::from_secs(1)),
            });
        }
        self.under_way += 1;
        Ok(())
    }
}

/// One attempt's place in a track; given back when dropped.
struct Turn {
    track: Arc<Track>,
}

impl Turn {
    fn take(track: Arc<Track>, allowance: Allowance, now: Stamp) -> Result<Self, TooEarly> {
        track.state().enter(allowance, now)?;
        Ok(Self { track })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.track.state();
        state.under_way = state.under_way.saturating_sub(1);
    }
}

/// Texts too long to be an address share one track: no account hides behind them.
fn account_key(email: &str) -> String {
    let email = email.trim();
    if email.len() > 254 { String::new() } else { email.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use crm_domain::clock::ManualClock;

    use super::*;

    fn guard() -> (LoginGuard, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Stamp::from_micros(1_000_000_000)));
        (LoginGuard::new(clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(guard: &LoginGuard, email: &str, from: &str) {
        guard
            .attempt(email, address(from))
            .unwrap_or_else(|_| panic!("{email} must wait"))
            .failed();
    }

    fn wait(guard: &LoginGuard, email: &str, from: &str) -> Option<u64> {
        guard.attempt(email, address(from)).err().map(|early| early.retry_after.as_secs())
    }

    #[test]
    fn an_account_waits_twice_as_long_with_each_failure_after_the_fifth() {
        let (guard, clock) = guard();
        for _ in 0..5 {
            assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), None);
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(
                wait(&guard, " A@B.example", "10.9.9.9"),
                Some(seconds),
                "from everywhere, whatever the case"
            );
            clock.advance(Duration::from_secs(seconds));
            fail(&guard, "a@b.example", &format!("10.0.1.{}", seconds % 200));
        }
        assert_eq!(wait(&guard, "other@b.example", "10.0.0.1"), None);
    }

    #[test]
    fn success_resets_the_account_but_not_the_address() {
        let (guard, clock) = guard();
        for _ in 0..5 {
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        clock.advance(Duration::from_secs(1));
        guard
            .attempt("a@b.example", address("10.0.0.1"))
            .unwrap_or_else(|_| panic!("must wait"))
            .succeeded();
        for _ in 0..4 {
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), None);
        for index in 0..11 {
            fail(&guard, &format!("{index}@b.example"), "10.0.0.1");
        }
        assert_eq!(
            wait(&guard, "new@b.example", "10.0.0.1"),
            Some(1),
            "twenty failures from one address"
        );
        assert_eq!(wait(&guard, "new@b.example", "::ffff:10.0.0.1"), Some(1));
        assert_eq!(wait(&guard, "new@b.example", "10.0.0.2"), None);
    }

    #[test]
    fn failures_are_forgotten_in_time() {
        let (guard, clock) = guard();
        for _ in 0..5 {
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        clock.advance(FORGOTTEN);
        for _ in 0..5 {
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), Some(1));
    }

    #[test]
    fn an_attempt_that_came_to_nothing_is_no_failure() {
        let (guard, _) = guard();
        for _ in 0..50 {
            drop(guard.attempt("a@b.example", address("10.0.0.1")));
        }
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), None);
    }

    #[test]
    fn guesses_at_once_do_not_slip_past_the_count() {
        let (guard, clock) = guard();
        let open: Vec<_> = (0..40)
            .filter_map(|_| guard.attempt("a@b.example", address("10.0.0.1")).ok())
            .collect();
        assert_eq!(open.len(), 32);
        open.into_iter().for_each(Attempt::failed);
        clock.advance(LONGEST);
        let _one = guard
            .attempt("a@b.example", address("10.0.0.2"))
            .unwrap_or_else(|_| panic!("must wait"));
        assert_eq!(
            wait(&guard, "a@b.example", "10.0.0.2"),
            Some(1),
            "one at a time, once somebody had to wait"
        );
        clock.advance(FORGOTTEN);
        let afresh: Vec<_> = (0..31)
            .filter_map(|_| guard.attempt("a@b.example", address("10.0.0.2")).ok())
            .collect();
        assert_eq!(afresh.len(), 31);
    }
}
