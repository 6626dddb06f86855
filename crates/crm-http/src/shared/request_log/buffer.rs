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
    tenant: Mutex<Option<Tenant>>,
    room: Semaphore,
    waiting: Mutex<VecDeque<Entry>>,
    batch: usize,
    patience: Duration,
    full_batch: Arc<Notify>,
    /// One flush at a time, so that rows keep their order.
    flushing: AtomicBool,
}

impl TenantLog {
    pub(super) fn new(tenant: Option<Tenant>, settings: RequestLogSettings, full_batch: Arc<Notify>) -> Self {
        Self {
            tenant: Mutex::new(tenant),
            room: Semaphore::new(settings.buffer.clamp(1, Semaphore::MAX_PERMITS)),
            waiting: Mutex::default(),
            batch: settings.batch.max(1),
            patience: Duration::from_secs(settings.patience_seconds),
            full_batch,
            flushing: AtomicBool::new(false),
        }
    }

    /// Whose rows these are.
    pub(super) fn tenant(&self) -> Option<Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the tenant's newest row: its database may have moved.
    pub(super) fn set_tenant(&self, tenant: &Tenant) {
        let mut known = self.tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref() != Some(tenant) {
            *known = Some(tenant.clone());
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

    /// Whether rows wait that nobody is writing.
    pub(super) fn is_waiting(&self) -> bool {
        !self.flushing.load(Ordering::Acquire) && !self.lock().is_empty()
    }

    /// Whether nothing waits and nothing is being written.
    pub(super) fn is_settled(&self) -> bool {
        !self.flushing.load(Ordering::Acquire) && self.lock().is_empty()
    }

    /// Whether as many rows wait as are written at once.
    pub(super) fn has_batch(&self) -> bool {
        self.lock().len() >= self.batch
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

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use crm_domain::{clock::SystemEntropy, stamp::Stamp};
    use futures_util::FutureExt;

    use super::*;
    use crate::shared::{
        request_log::{Endpoint, entry::EntryCaller},
        trace::TraceIds,
    };

    fn entry(number: i64) -> Entry {
        Entry {
            received_at: Stamp::from_micros(number),
            family: "test",
            endpoint: Endpoint::unmatched("/nowhere"),
            method: Method::GET,
            status: 404,
            latency: Duration::ZERO,
            caller: EntryCaller::Nobody,
            client: std::net::Ipv4Addr::LOCALHOST.into(),
            trace: TraceIds::new(&SystemEntropy).next(),
        }
    }

    fn log(buffer: usize, patience_seconds: u64) -> TenantLog {
        let settings = RequestLogSettings {
            buffer,
            patience_seconds,
            batch: 2,
            ..RequestLogSettings::default()
        };
        TenantLog::new(None, settings, Arc::default())
    }

    fn numbers(entries: &[Entry]) -> Vec<i64> {
        entries.iter().map(|entry| entry.received_at.micros()).collect()
    }

    #[actix_web::test]
    async fn a_full_buffer_makes_the_next_request_wait() {
        let log = log(2, 10);
        log.push(entry(1)).await;
        log.push(entry(2)).await;
        let mut third = Box::pin(log.push(entry(3)));
        assert!((&mut third).now_or_never().is_none(), "there is no room");
        let batch = log.take_batch();
        assert!((&mut third).now_or_never().is_none(), "rows being written keep their room");
        log.written(batch.len());
        third.await;
        assert_eq!((numbers(&batch), numbers(&log.take_batch())), (vec![1, 2], vec![3]));
    }

    #[actix_web::test]
    async fn rows_that_could_not_be_written_come_first_again() {
        let log = log(10, 10);
        for number in 1..=3 {
            log.push(entry(number)).await;
        }
        let batch = log.take_batch();
        log.put_back(batch);
        assert_eq!(numbers(&log.take_batch()), [1, 2]);
        assert_eq!(numbers(&log.take_batch()), [3]);
    }

    #[actix_web::test]
    async fn patience_with_a_broken_database_ends() {
        let log = log(1, 0);
        log.push(entry(1)).await;
        log.push(entry(2)).await;
        assert_eq!(numbers(&log.take_batch()), [1]);
    }

    #[test]
    fn a_long_path_is_cut() {
        let Endpoint::Path(path) = Endpoint::unmatched(&"ä".repeat(1_000)) else {
            panic!("not a path")
        };
        assert_eq!(path.chars().count(), 255);
    }
}
