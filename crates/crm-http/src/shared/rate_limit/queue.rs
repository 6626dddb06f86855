//! Waiting for one's turn: family C promises that up to ten requests of a tenant are queued when its limit is reached (contract C-127, X-104).

use std::{
    sync::{
        Arc, Mutex as SyncMutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{Decision, LimitKey, Limiter};

/// How requests wait.
#[derive(Debug, Clone, Copy)]
pub struct QueuePolicy {
    /// How many of one key may wait; one more is turned away at once.
    pub places: usize,
    /// Longest wait of one request.
    pub patience: Duration,
}

/// The requests that wait, by key.
#[derive(Default)]
pub struct Queues {
    waiting: DashMap<LimitKey, Arc<Queue>>,
}

/// One key's queue.
struct Queue {
    length: AtomicUsize,
    /// Fair: whoever came first holds it, and takes the next free cell.
    turn: Mutex<()>,
    /// What the limiter said last: a request that finds the queue full is answered with it, since asking again could take the cell that the
    /// first in the queue waits for.
    latest: SyncMutex<Decision>,
}

impl Queues {
    /// Counts a request; one that is over the limit waits for a cell of its own, when a place in the queue is free.
    pub async fn acquire_queued(&self, limiter: &dyn Limiter, key: LimitKey, policy: QueuePolicy) -> Decision {
        // Nobody overtakes those who wait.
        let known = self.waiting.get(&key).map(|queue| queue.latest());
        let decision = match known {
            Some(latest) => latest,
            None => limiter.check(key).await,
        };
        if decision.allowed || policy.places == 0 {
            return decision;
        }
        match self.enter(key, policy.places, decision) {
            Some(place) => place.wait(limiter, policy.patience).await,
            None => refusal(decision, policy.places),
        }
    }

    fn enter(&self, key: LimitKey, places: usize, decision: Decision) -> Option<Place<'_>> {
        // Held while a place is taken: a leaving request cannot remove the queue in between.
        let entry = self.waiting.entry(key).or_insert_with(|| Arc::new(Queue::new(decision)));
        let more = |length| (length < places).then_some(length + 1);
        entry.length.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        let queue = Arc::clone(entry.value());
        drop(entry);
        Some(Place { queues: self, key, queue })
    }
}

/// Turned away by a full queue: those who wait come first.
fn refusal(decision: Decision, waiting: usize) -> Decision {
    let ahead = u32::try_from(waiting).unwrap_or(u32::MAX).saturating_add(1);
    Decision {
        allowed: false,
        remaining: 0,
        retry_after: decision.interval.saturating_mul(ahead),
        ..decision
    }
}

impl Queue {
    fn new(decision: Decision) -> Self {
        Self {
            length: AtomicUsize::new(0),
            turn: Mutex::new(()),
            latest: SyncMutex::new(decision),
        }
    }

    fn latest(&self) -> Decision {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, decision: Decision) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = decision;
    }
}

/// A place in a queue; given back when dropped, also when the client goes away.
struct Place<'a> {
    queues: &'a Queues,
    key: LimitKey,
    queue: Arc<Queue>,
}

impl Place<'_> {
    async fn wait(&self, limiter: &dyn Limiter, patience: Duration) -> Decision {
        let arrived = Instant::now();
        let Ok(_turn) = timeout(patience, self.queue.turn.lock()).await else {
            return refusal(self.queue.latest(), 0);
        };
        loop {
            let decision = limiter.check(self.key).await;
            if decision.allowed || arrived.elapsed() + decision.retry_after > patience {
                return decision;
            }
            self.queue.note(decision);
            sleep(decision.retry_after).await;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.length.fetch_sub(1, Ordering::AcqRel);
        let empty = |_: &LimitKey, queue: &Arc<Queue>| queue.length.load(Ordering::Acquire) == 0;
        self.queues.waiting.remove_if(&self.key, empty);
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use crm_domain::{
        clock::SystemClock,
        id::{RecordId, TenantId},
    };
    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::shared::rate_limit::{LocalRateLimits, Quota, RateLimits};

    fn policy(places: usize) -> QueuePolicy {
        QueuePolicy {
            places,
            patience: Duration::from_secs(30),
        }
    }

    /// 5 requests at once, then one each 20 ms.
    fn limiter() -> Arc<dyn Limiter> {
        LocalRateLimits::new(Arc::new(SystemClock)).limiter(Quota {
            limit: 50,
            period: Duration::from_secs(1),
            burst: 5,
        })
    }

    const KEY: fn() -> LimitKey = || LimitKey::Tenant("test", TenantId::from_i64(1));

    #[actix_web::test]
    async fn ten_wait_for_their_own_cell_and_the_eleventh_is_refused() {
        let (queues, limiter) = (Queues::default(), limiter());
        let all = (0..16).map(|_| queues.acquire_queued(&*limiter, KEY(), policy(10)));
        let started = Instant::now();
        let decisions = join_all(all).await;
        assert_eq!(decisions.iter().filter(|decision| decision.allowed).count(), 15);
        assert!(!decisions[15].allowed && decisions[15].retry_after >= Duration::from_millis(200));
        assert!(started.elapsed() >= Duration::from_millis(190), "ten cells of 20 ms each");
        assert!(queues.waiting.is_empty());
    }

    #[actix_web::test]
    async fn a_client_that_goes_away_gives_its_place_back() {
        let (queues, limiter) = (Rc::new(Queues::default()), limiter());
        for _ in 0..5 {
            assert!(queues.acquire_queued(&*limiter, KEY(), policy(1)).await.allowed);
        }
        let waiting = queues.acquire_queued(&*limiter, KEY(), policy(1));
        assert!(waiting.now_or_never().is_none(), "it waits, and then its client goes away");
        assert!(queues.acquire_queued(&*limiter, KEY(), policy(1)).await.allowed);
    }

    #[actix_web::test]
    async fn patience_ends() {
        let (queues, limiter) = (Queues::default(), limiter());
        let impatient = QueuePolicy {
            places: 10,
            patience: Duration::from_millis(5),
        };
        let all = (0..7).map(|_| queues.acquire_queued(&*limiter, KEY(), impatient));
        let allowed = join_all(all).await.iter().filter(|decision| decision.allowed).count();
        assert_eq!(allowed, 5);
    }
}
