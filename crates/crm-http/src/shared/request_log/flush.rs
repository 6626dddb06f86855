//! Writing the waiting rows. Each tenant is written on its own, so that one whose database does not answer keeps no other waiting.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::tenant::Tenant,
    tenant::{Unit, UnitOfWork, request::RequestRecord},
};
use metrics::counter;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{Entry, RequestLog, TenantLog};
use crate::shared::tenant::{blocking, server_origin};

/// Longest that a stop waits for the log.
const STOP: Duration = Duration::from_secs(10);
/// How often a stop looks whether everything is written.
const STOP_CHECK: Duration = Duration::from_millis(10);

impl RequestLog {
    /// Writes rows whenever a batch is full or has waited long enough; runs until dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        let pause = Duration::from_millis(self.settings.flush_milliseconds.max(1));
        loop {
            // Either way the rows are written next.
            let _ = timeout(pause, self.full_batch.notified()).await;
            self.flush();
        }
    }

    /// Writes the uses of keys as often as rows; runs until dropped. What a drop interrupts is written all the same: it is on its way.
    pub(crate) async fn run_usage(self: Arc<Self>) {
        let pause = Duration::from_millis(self.settings.flush_milliseconds.max(1));
        loop {
            sleep(pause).await;
            self.write_usage().await;
        }
    }

    /// Writes everything that waits, as far as the databases take it within ten seconds. Nothing is noted any more when it is called.
    pub async fn flush_all(self: &Arc<Self>) {
        let everything = async {
            while !self.buffers().iter().all(|log| log.is_settled()) {
                self.flush();
                sleep(STOP_CHECK).await;
            }
            while !self.write_usage().await {
                sleep(STOP_CHECK).await;
            }
        };
        if timeout(STOP, everything).await.is_err() {
            tracing::error!("the request log could not be written before the stop; its last rows are lost");
        }
    }

    /// Starts to write the rows of every tenant that has some. The tasks outlive whoever starts them: a row taken is written or put back.
    fn flush(self: &Arc<Self>) {
        for log in self.buffers().into_iter().filter(|log| log.is_waiting() && log.begin_flush()) {
            let own = Arc::clone(self);
            tokio::spawn(async move {
                // Under load, what came meanwhile goes on waiting until it is worth a transaction.
                while own.flush_batch(&log).await && log.has_batch() {}
                log.end_flush();
            });
        }
    }

    fn buffers(&self) -> Vec<Arc<TenantLog>> {
        let tenants = self.buffers.iter().map(|buffer| Arc::clone(buffer.value()));
        tenants.chain([Arc::clone(&self.strangers)]).collect()
    }

    /// Writes a batch of one tenant; whether there was one and it went well.
    async fn flush_batch(&self, log: &TenantLog) -> bool {
        let entries = log.take_batch();
        let count = entries.len();
        if count == 0 {
            return false;
        }
        let records = entries.iter().map(Entry::record).collect();
        match self.write(log, records).await {
            Ok(()) => {
                self.add_usage(entries.iter().filter_map(Entry::usage));
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
        let tenant = match log.tenant() {
            Some(tenant) => tenant,
            None => match self.first_tenant().await? {
                Some(tenant) => tenant,
                // Before the first tenant there is nobody whose log it could be.
                None => return Ok(()),
            },
        };
        let (sender, receiver) = oneshot::channel();
        let work = move |unit: &mut dyn UnitOfWork| unit.requests().add(&records);
        let done = move |outcome| {
            // The receiver is gone only when the process stops.
            let _ = sender.send(outcome);
        };
        self.submit(tenant, Unit::with_result(server_origin(), work, done)).await?;
        receiver
            .await
            .map_err(|_| Error::Internal("the request log's unit was dropped".to_owned()))?
    }

    /// Hands a unit to the tenant's writer. Opening the database and waiting for a place in the writer's queue both block.
    async fn submit(&self, tenant: Tenant, unit: Unit) -> Result<()> {
        let _opening = self.openings.acquire().await;
        let tenants = Arc::clone(&self.tenants);
        blocking(move || {
            tenants.open(&tenant)?.submit(unit);
            Ok(())
        })
        .await
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

    /// Writes the uses of keys; whether that went well. They are kept for the next time when it did not.
    async fn write_usage(self: &Arc<Self>) -> bool {
        let own = Arc::clone(self);
        let written = blocking(move || {
            let usage = own.take_usage();
            if usage.is_empty() {
                return Ok(());
            }
            let outcome = own.control.writing(|unit| unit.api_keys().record_usage(&usage));
            if outcome.is_err() {
                own.add_usage(usage);
            }
            outcome
        });
        match written.await {
            Ok(()) => true,
            Err(error) => {
                counter!("crm_request_log_write_failures_total").increment(1);
                tracing::warn!(%error, "the uses of API keys could not be written; it will be tried again");
                false
            }
        }
    }
}
