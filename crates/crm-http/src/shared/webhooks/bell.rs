//! How a courier is called.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// A courier's bell.
#[derive(Default)]
pub(super) struct Bell {
    rung: AtomicBool,
    /// Grows whenever the tenant's webhooks were changed.
    edition: AtomicU64,
    call: Notify,
    gone: Notify,
    is_gone: AtomicBool,
}

impl Bell {
    /// Something happened.
    pub(super) fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.call.notify_one();
    }

    /// The tenant's webhooks were changed.
    pub(super) fn renew(&self) {
        self.edition.fetch_add(1, Ordering::AcqRel);
        self.ring();
    }

    /// Which edition of the tenant's webhooks is in force.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// Whether it was rung since it was last asked.
    pub(super) fn take_rung(&self) -> bool {
        self.rung.swap(false, Ordering::AcqRel)
    }

    /// Waits until it is rung.
    pub(super) async fn called(&self) {
        self.call.notified().await;
    }

    /// The courier has gone.
    pub(super) fn dismiss(&self) {
        self.is_gone.store(true, Ordering::Release);
        self.gone.notify_waiters();
    }

    /// Waits until the courier has gone.
    pub(super) async fn dismissed(&self) {
        let gone = self.gone.notified();
        if !self.is_gone.load(Ordering::Acquire) {
            gone.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_call_is_heard_once_and_by_who_comes_later() {
        let bell = Bell::default();
        assert!(bell.called().now_or_never().is_none() && !bell.take_rung());
        bell.renew();
        assert_eq!(bell.edition(), 1);
        assert!(bell.called().now_or_never().is_some());
        assert!(bell.take_rung() && !bell.take_rung());
        assert!(bell.dismissed().now_or_never().is_none());
        bell.dismiss();
        assert!(bell.dismissed().now_or_never().is_some());
    }
}
