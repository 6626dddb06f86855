//! Whoever sends is told what came of it, whatever happens.

use std::time::Instant;

use crm_domain::tenant::webhook::sender::{FailureKind, Reply, SendDone, SendFailure};

/// Tells `done` exactly once: what came, or, when the runtime drops a delivery that is under way, that this server stops.
pub(super) struct Promise {
    done: Option<SendDone>,
    begun: Instant,
}

impl Promise {
    pub(super) fn new(done: SendDone) -> Self {
        Self {
            done: Some(done),
            begun: Instant::now(),
        }
    }

    pub(super) fn keep(mut self, outcome: Result<Reply, SendFailure>) {
        if let Some(done) = self.done.take() {
            done(outcome);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(Err(SendFailure {
                kind: FailureKind::Stopped,
                reason: "this server stopped before the answer came".to_owned(),
                took: self.begun.elapsed(),
            }));
        }
    }
}
