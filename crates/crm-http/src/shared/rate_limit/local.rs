//! Counting in this process.

use std::sync::{
    Arc, Mutex, TryLockError,
    atomic::{AtomicUsize, Ordering},
};

use crm_domain::{clock::Clock, stamp::Stamp};
use dashmap::{DashMap, Entry};
use futures_util::future::{Either, ready};

use super::{Checking, Decision, LimitKey, Quota, RateLimits, count::Count};

/// Addresses that are counted at once, about 16 MB: whoever has more of them gains nothing by being forgotten.
const MOST_ADDRESSES: usize = 100_000;

/// Counts in this process.
pub struct LocalRateLimits {
    clock: Arc<dyn Clock>,
    counts: DashMap<LimitKey, Slot>,
    /// How many of them are of addresses; keys and tenants are as many as the deployment has.
    addresses: AtomicUsize,
    most_addresses: usize,
    making_room: Mutex<()>,
}

struct Slot {
    count: Count,
    forgotten_at: i64,
}

impl LocalRateLimits {
    /// With nothing counted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            counts: DashMap::new(),
            addresses: AtomicUsize::new(0),
            most_addresses: MOST_ADDRESSES,
            making_room: Mutex::new(()),
        }
    }

    /// Counts a request of `key` against `quota`.
    pub fn count(&self, key: LimitKey, quota: Quota) -> Decision {
        let now = self.clock.now();
        let (decision, is_new) = match self.counts.entry(key) {
            Entry::Occupied(mut known) => (known.get_mut().take(quota, now), false),
            Entry::Vacant(free) => {
                let mut slot = Slot {
                    count: Count::new(quota.shape),
                    forgotten_at: 0,
                };
                let decision = slot.take(quota, now);
                free.insert(slot);
                (decision, true)
            }
        };
        if is_new && key.is_address() && self.addresses.fetch_add(1, Ordering::Relaxed) >= self.most_addresses {
            self.make_room(now);
        }
        decision
    }

    /// Forgets what is over and, when that is not enough, every second address.
    fn make_room(&self, now: Stamp) {
        let _guard = match self.making_room.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody else is at it.
            Err(TryLockError::WouldBlock) => return,
        };
        self.forget(|_, slot| slot.is_over(now));
        if self.addresses.load(Ordering::Relaxed) > self.most_addresses / 2 {
            let mut second = false;
            self.forget(|key, _| {
                second ^= key.is_address();
                second && key.is_address()
            });
        }
    }

    fn forget(&self, mut which: impl FnMut(&LimitKey, &Slot) -> bool) {
        let mut addresses = 0;
        self.counts.retain(|key, slot| {
            let forgotten = which(key, slot);
            addresses += usize::from(forgotten && key.is_address());
            !forgotten
        });
        self.addresses.fetch_sub(addresses, Ordering::Relaxed);
    }
}

impl RateLimits for LocalRateLimits {
    fn check(&self, key: LimitKey, quota: Quota) -> Checking {
        Either::Left(ready(self.count(key, quota)))
    }

    fn housekeep(&self) {
        let now = self.clock.now();
        self.forget(|_, slot| slot.is_over(now));
        self.counts.shrink_to_fit();
    }
}

impl Slot {
    fn take(&mut self, quota: Quota, now: Stamp) -> Decision {
        let decision = self.count.take(quota, now);
        self.forgotten_at = self.count.forgotten_at(quota);
        decision
    }

    fn is_over(&self, now: Stamp) -> bool {
        now.micros() >= self.forgotten_at
    }
}

impl LimitKey {
    fn is_address(self) -> bool {
        matches!(self, Self::Address(..) | Self::Unjudged(..))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use crm_domain::{
        clock::ManualClock,
        id::{RecordId, TenantId},
    };

    use super::*;

    fn address(number: u32) -> LimitKey {
        LimitKey::address("test", Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let clock = Arc::new(ManualClock::at(Stamp::from_micros(1)));
        let limits = LocalRateLimits::new(clock.clone());
        limits.count(address(1), Quota::per_minute(5));
        clock.advance(Duration::from_secs(59));
        limits.housekeep();
        assert_eq!((limits.counts.len(), limits.addresses.load(Ordering::Relaxed)), (1, 1));
        clock.advance(Duration::from_secs(1));
        limits.housekeep();
        assert_eq!((limits.counts.len(), limits.addresses.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn hostile_numbers_of_addresses_are_bounded_and_cost_no_tenant_its_count() {
        let mut limits = LocalRateLimits::new(Arc::new(ManualClock::at(Stamp::from_micros(1))));
        limits.most_addresses = 1_000;
        let tenant = LimitKey::Tenant("test", TenantId::from_i64(1));
        limits.count(tenant, Quota::per_minute(5));
        for number in 0..20_000 {
            limits.count(address(number), Quota::per_minute(5));
            assert!(limits.counts.len() <= 1_002);
        }
        assert_eq!(limits.counts.len(), limits.addresses.load(Ordering::Relaxed) + 1);
        assert_eq!(limits.count(tenant, Quota::per_minute(5)).remaining, 3);
    }
}
