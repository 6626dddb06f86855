//! Writing the waiting rows.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::{api_key::KeyUsage, tenant::Tenant},
    tenant::{
        Unit,
        change::{Actor, Origin},
        request::RequestRecord,
    },
};
use futures_util::{StreamExt, stream};
use metrics::counter;
use tokio::{sync::oneshot, task::spawn_blocking, time::timeout};

use super::{RequestLog, TenantLog};

/// Tenants written at once.
const PARALLEL: usize = 8;
/// Longest that a stop waits for the log.
const STOP: Duration = Duration::from_secs(10);

impl RequestLog {
    /// Writes rows whenever a batch is full or has waited long enough; runs until dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        let pause = Duration::from_millis(self.settings.flush_milliseconds.max(1));
        loop {
            // Either way the rows are written next.
            let _ = timeout(pause, self.full_batch.notified()).await;
            self.flush().await;
        }
    }

    /// Writes everything that waits, as far as the databases take it within ten seconds. Nothing is noted any more when it is called.
    pub async fn flush_all(&self) {
        let everything = async {
            while !self.is_empty() {
                if !self.flush().await {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            self.write_usage().await;
        };
        if timeout(STOP, everything).await.is_err() {
            tracing::error!("the request log could not be written before the stop; its last rows are lost");
        }
    }

    /// Writes a batch of each tenant; whether all of them went well.
    async fn flush(&self) -> bool {
        let waiting: Vec<_> = self.buffers().into_iter().filter(|log| !log.is_empty()).collect();
        let outcomes = stream::iter(waiting).map(|log| self.flush_tenant(log)).buffer_unordered(PARALLEL);
        let well = outcomes.all(async |well| well).await;
        self.write_usage().await && well
    }

    fn buffers(&self) -> Vec<Arc<TenantLog>> {
        let tenants = self.buffers.iter().map(|buffer| Arc::clone(buffer.value()));
        tenants.chain([Arc::clone(&self.strangers)]).collect()
    }

    fn is_empty(&self) -> bool {
        self.buffers().iter().all(|log| log.is_empty())
    }

    /// Writes batches of one tenant until nothing waits or one fails.
    async fn flush_tenant(&self, log: Arc<TenantLog>) -> bool {
        if !log.begin_flush() {
            return true;
        }
        let mut well = true;
        while well && !log.is_empty() {
            well = self.flush_batch(&log).await;
        }
        log.end_flush();
        well
    }

    async fn flush_batch(&self, log: &TenantLog) -> bool {
        let entries = log.take_batch();
        let count = entries.len();
        let records = entries.iter().map(super::Entry::record).collect();
        match self.write(log, records).await {
            Ok(()) => {
                self.add_usage(entries.iter().filter_map(super::Entry::usage));
                log.written(count);
                true
            }
            Err(error) => {
                counter!("crm_request_log_write_failures_total").increment(1);
                tracing::warn!(%error, rows = count, "the request log could not be written; it will be tried again");
                log.put_back(entries);
                false
            }
        }
    }

    async fn write(&self, log: &TenantLog, records: Vec<RequestRecord>) -> Result<()> {
        let tenant = match &log.tenant {
            Some(tenant) => tenant.clone(),
            None => match self.first_tenant().await? {
                Some(tenant) => tenant,
                // Before the first tenant there is nobody whose log it could be.
                None => return Ok(()),
            },
        };
        let tenants = Arc::clone(&self.tenants);
        let store = blocking(move || tenants.open(&tenant)).await?;
        let (sender, receiver) = oneshot::channel();
        let origin = Origin {
            actor: Actor::System,
            family: "server",
        };
        let work = move |unit: &mut dyn crm_domain::tenant::UnitOfWork| unit.requests().add(&records);
        let done = move |outcome| {
            // The receiver is gone only when the flush was given up.
            let _ = sender.send(outcome);
        };
        let submit = move || {
            store.submit(Unit::with_result(origin, work, done));
            Ok(())
        };
        // The queue may be full: only a blocking thread may wait there.
        blocking(submit).await?;
        receiver
            .await
            .map_err(|_| Error::Internal("the request log's unit was dropped".to_owned()))?
    }

    /// The deployment's first tenant; looked for until there is one.
    async fn first_tenant(&self) -> Result<Option<Tenant>> {
        if let Some(known) = self.first_tenant.get() {
            return Ok(Some(known.clone()));
        }
        let control = Arc::clone(&self.control);
        let first = blocking(move || control.reading(|reader| Ok(reader.tenants().list()?.into_iter().next()))).await?;
        Ok(first.map(|tenant| self.first_tenant.get_or_init(|| tenant).clone()))
    }

    /// Writes the uses of keys; they are kept for the next time when that fails.
    async fn write_usage(&self) -> bool {
        let usage = self.take_usage();
        if usage.is_empty() {
            return true;
        }
        let (control, batch) = (Arc::clone(&self.control), usage.clone());
        match blocking(move || control.writing(|unit| unit.api_keys().record_usage(&batch))).await {
            Ok(()) => true,
            Err(error) => {
                counter!("crm_request_log_write_failures_total").increment(1);
                tracing::warn!(%error, keys = usage.len(), "the uses of API keys could not be written; it will be tried again");
                self.add_usage(usage as Vec<KeyUsage>);
                false
            }
        }
    }
}

/// Runs blocking work outside any worker.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(error.to_string()))?
}
