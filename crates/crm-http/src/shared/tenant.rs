//! A session on one tenant's database: what a handler has instead of a store.

use std::sync::Arc;

use actix_web::web;
use crm_domain::{
    Error, Result,
    clock::Clock,
    control::{ControlStore, tenant::Tenant},
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore, Unit, UnitOfWork,
        change::{Actor, Origin},
    },
};
use tokio::sync::oneshot;
use tracing::Span;

/// One request's way into its tenant's database. Whoever holds it was let in; it reaches no other tenant.
#[derive(Clone)]
pub struct TenantSession {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// Its database.
    pub store: Arc<dyn TenantStore>,
    /// Where its users are.
    pub control: Arc<dyn ControlStore>,
    /// Who acts, and through which family.
    pub origin: Origin,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// When the request arrived.
    pub now: Stamp,
}

impl TenantSession {
    /// Reads; each statement sees its own newest committed state. Crosses into a blocking thread once.
    pub async fn read<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn TenantReader) -> Result<T> + Send + 'static) -> Result<T> {
        let store = Arc::clone(&self.store);
        block(move || store.reading(work)).await
    }

    /// Reads one and the same committed state throughout. Crosses into a blocking thread once.
    pub async fn snapshot<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn TenantReader) -> Result<T> + Send + 'static) -> Result<T> {
        let store = Arc::clone(&self.store);
        block(move || store.reading_snapshot(work)).await
    }

    /// Runs a unit of work on the tenant's writer; answers after it is durably committed. Needs no blocking thread.
    pub async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let span = Span::current();
        let work = move |unit: &mut dyn UnitOfWork| span.in_scope(|| work(unit));
        self.store.submit(Unit::with_result(self.origin.clone(), work, move |result| {
            // A client that went away no longer wants the answer; its write stands.
            let _ = sender.send(result);
        }));
        receiver.await.map_err(|_| Error::Unavailable {
            what: "the database writer",
            cause: "it stopped".to_owned(),
            retry_after: std::time::Duration::from_secs(1),
        })?
    }
}

/// The origin of what the server writes of its own accord.
pub(crate) fn server_origin() -> Origin {
    Origin {
        actor: Actor::System,
        family: "server",
    }
}

/// Runs blocking work on the worker's blocking pool.
///
/// # Errors
/// [`Error::Internal`] when the work panicked.
pub async fn block<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // What is logged on the other thread carries the request's trace id too.
    let span = Span::current();
    let done = web::block(move || span.in_scope(work)).await;
    done.map_err(|_| Error::Internal("blocking work panicked".to_owned()))?
}
