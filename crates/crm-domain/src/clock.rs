//! Time and randomness, injected. `clippy.toml` bans the global ones everywhere else.

use std::sync::atomic::{AtomicI64, Ordering};

use rand::{TryRng, rngs::SysRng};
use uuid::Uuid;

use crate::stamp::Stamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now, UTC.
    fn now(&self) -> Stamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Stamp {
        let nanos = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
        Stamp::from_micros(i64::try_from(nanos / 1_000).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is moved; for tests and simulations.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `stamp`.
    pub fn at(stamp: Stamp) -> Self {
        Self(AtomicI64::new(stamp.micros()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: std::time::Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        Stamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Makes unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if SysRng.try_fill_bytes(bytes).is_err() {
            // Without randomness no secret is safe: going on would be worse than stopping.
            std::process::abort();
        }
    }
}

/// A version 7 uuid (contract X-13 as decided): `stamp`'s milliseconds, then randomness.
pub fn uuid_at(stamp: Stamp, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    uuid_from(stamp, random)
}

/// [`uuid_at`] with bytes drawn before, so that many ids cost one call to the operating system.
pub fn uuid_from(stamp: Stamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(stamp.micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
