//! Slows down password guessing. Three things are counted, each known or not:
//!
//! * an account tried from one address: after some failures it must wait there, each time twice as long (1 s, 2 s, 4 s … 15 min);
//! * an address, whatever it tries: the same after more failures;
//! * an account, wherever it is tried from: after more failures everybody waits for it, but never longer than two seconds. So guesses
//!   spread over many addresses stay slow, and nobody can lock out the owner; whom its password let in from an address before does not
//!   wait there for what others do elsewhere.
//!
//! A right password clears its account at its address; the other two are cleared only by time, else one own account would pay for
//! guessing others. In memory, per node: a restart forgives, and several nodes allow as many times more.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crm_domain::{clock::Clock, field::Email, stamp::Stamp};
use moka::{policy::EvictionPolicy, sync::Cache};

use super::rate_limit::network_of;

/// Who guesses never waits longer.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Failures are forgotten this long after the last one: longer than the longest wait, which would else reset its own count.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);

/// Accounts, addresses and pairs of them remembered, each; the least recently tried one is dropped first.
const REMEMBERED: u64 = 100_000;

/// What is allowed before anybody waits.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Failures without waiting.
    failures: u32,
    /// Attempts under way at once while nobody waits; one, once somebody had to.
    at_once: u32,
    /// The longest wait.
    longest: Duration,
}

const PAIR: Allowance = Allowance {
    failures: 5,
    at_once: 32,
    longest: LONGEST,
};

/// The wait is everybody's, the owner's too: long enough to slow a guesser down, too short to keep somebody out.
const ACCOUNT: Allowance = Allowance {
    failures: 20,
    at_once: 32,
    longest: Duration::from_secs(2),
};

/// Many people may share an address.
const ADDRESS: Allowance = Allowance {
    failures: 20,
    at_once: 128,
    longest: LONGEST,
};

/// An account tried from an address.
type Pair = (String, IpAddr);

/// Keeps count of failed logins.
pub struct LoginGuard {
    clock: Arc<dyn Clock>,
    pairs: Cache<Pair, Arc<Track>>,
    accounts: Cache<String, Arc<Track>>,
    addresses: Cache<IpAddr, Arc<Track>>,
    /// Where a right password was given.
    proven: Cache<Pair, ()>,
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
        fn remember<K, V>() -> Cache<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            Cache::builder()
                .max_capacity(REMEMBERED)
                .eviction_policy(EvictionPolicy::lru())
                .build()
        }
        Self {
            clock,
            pairs: remember(),
            accounts: remember(),
            addresses: remember(),
            proven: remember(),
        }
    }

    /// Opens an attempt to sign in as `email` from `address`, known or not. Its end is told by [`Attempt::succeeded`] or
    /// [`Attempt::failed`]; one that is dropped (the client left, the database is down) counts as neither.
    ///
    /// # Errors
    /// [`TooEarly`] while the account or the address has to wait.
    pub fn attempt(&self, email: &str, address: IpAddr) -> Result<Attempt, TooEarly> {
        let now = self.clock.now();
        let key = (account_key(email), network_of(address));
        // The address comes first: one that must wait can make nothing of others be forgotten.
        let address = Turn::take(self.addresses.get_with(key.1, Arc::default), ADDRESS, now)?;
        let pair = Turn::take(self.pairs.get_with_by_ref(&key, Arc::default), PAIR, now)?;
        let account = match self.proven.get(&key) {
            Some(()) => None,
            None => Some(Turn::take(self.accounts.get_with_by_ref(&key.0, Arc::default), ACCOUNT, now)?),
        };
        Ok(Attempt {
            clock: self.clock.clone(),
            proven: self.proven.clone(),
            key,
            pair,
            account,
            address,
        })
    }
}

/// An attempt under way.
pub struct Attempt {
    clock: Arc<dyn Clock>,
    proven: Cache<Pair, ()>,
    key: Pair,
    pair: Turn,
    /// `None` where a right password was given before: what fails there is no stranger's guess.
    account: Option<Turn>,
    address: Turn,
}

impl Attempt {
    /// The password was right: the account starts afresh at this address.
    pub fn succeeded(self) {
        {
            let mut pair = self.pair.track.state();
            pair.failures = 0;
            pair.wait_until = Stamp::default();
        }
        self.proven.insert(self.key, ());
    }

    /// The password was wrong, or the account unknown.
    pub fn failed(self) {
        let now = self.clock.now();
        self.pair.track.state().fail(PAIR, now);
        self.address.track.state().fail(ADDRESS, now);
        if let Some(account) = self.account {
            account.track.state().fail(ACCOUNT, now);
        }
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
            self.wait_until = now.plus(Duration::from_secs(seconds).min(allowance.longest));
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
    if email.len() > 254 { String::new() } else { Email::key_of(email) }
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
            assert_eq!(wait(&guard, " A@B.example", "10.0.0.1"), Some(seconds), "whatever the case");
            clock.advance(Duration::from_secs(seconds));
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        assert_eq!(wait(&guard, "other@b.example", "10.0.0.1"), None);
    }

    #[test]
    fn guessing_from_one_address_keeps_nobody_out_elsewhere() {
        let (guard, clock) = guard();
        for _ in 0..10 {
            clock.advance(LONGEST);
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), Some(32));
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.2"), None);
    }

    #[test]
    fn guesses_spread_over_addresses_are_slowed_down_but_not_for_whom_the_password_let_in() {
        let (guard, clock) = guard();
        guard
            .attempt("a@b.example", address("10.0.0.1"))
            .unwrap_or_else(|_| panic!("must wait"))
            .succeeded();
        for number in 0..20 {
            fail(&guard, "a@b.example", &format!("10.0.1.{number}"));
        }
        for (number, seconds) in [1, 2, 2, 2, 2, 2].into_iter().enumerate() {
            assert_eq!(wait(&guard, "a@b.example", "10.0.0.2"), Some(seconds), "never longer");
            assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), None, "the owner was here before");
            clock.advance(Duration::from_secs(seconds));
            fail(&guard, "a@b.example", &format!("10.0.2.{number}"));
        }
        assert_eq!(wait(&guard, "other@b.example", "10.0.0.2"), None);
        // Having been let in is no leave to guess.
        for _ in 0..5 {
            fail(&guard, "a@b.example", "10.0.0.1");
        }
        assert_eq!(wait(&guard, "a@b.example", "10.0.0.1"), Some(1));
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            wait(&guard, "a@b.example", "10.0.0.2"),
            None,
            "the owner gets in from a new address"
        );
    }

    #[test]
    fn an_address_that_must_wait_makes_nothing_be_forgotten() {
        let (guard, _) = guard();
        for index in 0..20 {
            fail(&guard, &format!("{index}@b.example"), "10.0.0.1");
        }
        assert_eq!(wait(&guard, "new@b.example", "10.0.0.1"), Some(1));
        assert!(!guard.accounts.contains_key("new@b.example"));
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
