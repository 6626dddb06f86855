//! The rows of one tenant that wait to be written.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crm_domain::control::tenant::Tenant;
use metrics::counter;
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::Entry;
use crate::settings::RequestLogSettings;

/// The rows of one tenant that wait to be written; at most [`RequestLogSettings::buffer`].
pub(crate) struct TenantLog {
    /// Whose rows these are; `None` for requests of nobody that is known.
    pub(super) tenant: Option<Tenant>,
    room: Semaphore,
    waiting: Mutex<VecDeque<Entry>>,
    batch: usize,
    patience: Duration,
    full_batch: Arc<Notify>,
    /// One flush at a time, so that rows keep their order.
    pub(super) flushing: AtomicBool,
}

impl TenantLog {
    pub(super) fn new(tenant: Option<Tenant>, settings: RequestLogSettings, full_batch: Arc<Notify>) -> Self {
        Self {
            tenant,
            room: Semaphore::new(settings.buffer.clamp(1, Semaphore::MAX_PERMITS)),
            waiting: Mutex::default(),
            batch: settings.batch.max(1),
            patience: Duration::from_secs(settings.patience_seconds),
            full_batch,
            flushing: AtomicBool::new(false),
        }
    }

    /// Adds a row, waiting for room.
    pub(super) async fn push(&self, entry: Entry) {
        if !self.take_room().await {
            counter!("crm_request_log_lost_total").increment(1);
            tracing::error!(trace_id = %entry.trace, "a request log row is lost: its tenant's database takes none");
            return;
        }
        let mut waiting = self.lock();
        waiting.push_back(entry);
        if waiting.len().is_multiple_of(self.batch) {
            self.full_batch.notify_one();
        }
    }

    async fn take_room(&self) -> bool {
        let permit = match self.room.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => {
                self.full_batch.notify_one();
                timeout(self.patience, self.room.acquire()).await.ok().and_then(Result::ok)
            }
        };
        // The place is given back when the row is written.
        permit.map(|permit| permit.forget()).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The oldest rows, at most a batch. They keep their room until [`TenantLog::written`].
    pub(super) fn take_batch(&self) -> Vec<Entry> {
        let mut waiting = self.lock();
        let count = waiting.len().min(self.batch);
        waiting.drain(..count).collect()
    }

    /// Puts rows back that could not be written.
    pub(super) fn put_back(&self, entries: Vec<Entry>) {
        let mut waiting = self.lock();
        for entry in entries.into_iter().rev() {
            waiting.push_front(entry);
        }
    }

    /// Gives back the room of rows that were written.
    pub(super) fn written(&self, count: usize) {
        self.room.add_permits(count);
    }

    /// Marks the buffer as being flushed; `false` when it is already.
    pub(super) fn begin_flush(&self) -> bool {
        !self.flushing.swap(true, Ordering::AcqRel)
    }

    pub(super) fn end_flush(&self) {
        self.flushing.store(false, Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
