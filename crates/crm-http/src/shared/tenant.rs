//! A session on one tenant's database: what a handler has instead of a store.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::web;
use crm_domain::{
    Error, Result,
    clock::Clock,
    control::{ControlStore, ControlUnit, tenant::Tenant},
    id::TenantId,
    sealing::{Sealer, Vault},
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore, Unit, UnitOfWork,
        change::{Actor, Origin},
    },
    usecase::control_changes,
};
use tokio::{sync::oneshot, task::spawn_blocking, time::timeout};
use tracing::Span;

use super::idempotency::{self, Answer, Guard, Made};
use crate::App;

/// How long a request waits for a database. One that takes connections and does not answer, as a machine does whose disk hangs, holds a
/// request no longer than that, however long it holds the threads that ask it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits for what is done for others than its sender.
const CARRYING: Duration = Duration::from_secs(2);

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

    /// Changes the tenant's users, invitations or API keys, as whoever acts here. When this is answered, the change feed tells of it: who
    /// reads it next, sees it.
    ///
    /// # Errors
    /// Those of the work; [`Error::Unavailable`] when the control plane does not answer in time. The tenant's own database is no reason to
    /// fail.
    pub async fn administer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn ControlStore, &Origin) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (control, origin) = (Arc::clone(&self.control), self.origin.clone());
        let done = block(move || work(&*control, &origin)).await?;
        self.carry().await;
        Ok(done)
    }

    /// [`TenantSession::administer`] in one transaction, once for each `Idempotency-Key`.
    ///
    /// # Errors
    /// Those of [`TenantSession::administer`]; [`Error::IdempotencyMismatch`] when the key came with another body before.
    pub(crate) async fn administer_once<M: Into<Made>>(
        &self,
        sealer: &Arc<Sealer>,
        guard: Option<Guard>,
        work: impl FnOnce(&mut dyn ControlUnit, &Origin) -> Result<M> + Send + 'static,
    ) -> Result<Answer> {
        let answer = self.administer_while(sealer, guard, |unit, origin| work(unit, origin).map(Some));
        answer
            .await?
            .ok_or_else(|| Error::Internal("work was done without an answer".to_owned()))
    }

    /// The same for work that may find that it must not be done: `None` keeps nothing.
    ///
    /// # Errors
    /// Those of [`TenantSession::administer_once`].
    pub(crate) async fn administer_while<M: Into<Made>>(
        &self,
        sealer: &Arc<Sealer>,
        guard: Option<Guard>,
        work: impl FnOnce(&mut dyn ControlUnit, &Origin) -> Result<Option<M>> + Send + 'static,
    ) -> Result<Option<Answer>> {
        let vault = self.vault(sealer);
        self.administer(move |control, origin| {
            control.writing(|unit| idempotency::control::once(unit, &vault, guard.as_ref(), |unit| work(unit, origin)))
        })
        .await
    }

    /// Seals and opens for the tenant.
    pub(crate) fn vault(&self, sealer: &Arc<Sealer>) -> Vault {
        Vault::new(Arc::clone(sealer), self.tenant.id)
    }

    /// Carries what was changed in the control plane into the change feed. Where that fails, the background does it.
    pub async fn carry(&self) {
        let (control, store, tenant) = (Arc::clone(&self.control), Arc::clone(&self.store), self.tenant.id);
        carried(tenant, move || control_changes::carry(&*control, &*store, tenant)).await;
    }

    /// Runs a unit of work on the tenant's writer; answers after it is durably committed. Needs no blocking thread.
    ///
    /// # Errors
    /// Those of the work; [`Error::Unavailable`] when the database does not answer in time: then a unit that has not begun is not run any
    /// more, and of one that has begun nobody knows.
    pub async fn write<T: Send + 'static>(&self, work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let span = Span::current();
        let given_up = Arc::new(AtomicBool::new(false));
        let is_too_late = Arc::clone(&given_up);
        let work = move |unit: &mut dyn UnitOfWork| match is_too_late.load(Ordering::Acquire) {
            false => span.in_scope(|| work(unit)),
            true => Err(no_answer("the database writer")),
        };
        self.store.submit(Unit::with_result(self.origin.clone(), work, move |result| {
            // A client that went away no longer wants the answer; its write stands.
            let _ = sender.send(result);
        }));
        let answer = async {
            receiver.await.map_err(|_| Error::Unavailable {
                what: "the database writer",
                cause: "it stopped".to_owned(),
                retry_after: RETRY_AFTER,
            })?
        };
        let answer = within(PATIENCE, "the database writer", answer).await;
        given_up.store(true, Ordering::Release);
        answer
    }
}

/// [`TenantSession::carry`] for who has no session: of somebody who becomes a user by the request.
pub(crate) async fn carry(app: &Arc<App>, tenant: TenantId) {
    let carrying = Arc::clone(app);
    carried(tenant, move || {
        control_changes::carry_of(&*carrying.control, &*carrying.tenants, tenant)
    })
    .await;
}

/// The request has had its effect already: it is answered all the same, and soon.
async fn carried(tenant: TenantId, work: impl FnOnce() -> Result<()> + Send + 'static) {
    if let Err(error) = within(CARRYING, "the database", block(work)).await {
        tracing::warn!(%error, %tenant, "what happened to users or API keys is not in the change feed yet; it will be put there");
    }
}

/// The origin of what the server writes of its own accord.
pub(crate) fn server_origin() -> Origin {
    Origin {
        actor: Actor::System,
        family: "server",
    }
}

const RETRY_AFTER: Duration = Duration::from_secs(1);

fn no_answer(what: &'static str) -> Error {
    Error::Unavailable {
        what,
        cause: "it does not answer".to_owned(),
        retry_after: RETRY_AFTER,
    }
}

/// What a database answers, as long as it does so in time.
///
/// # Errors
/// [`Error::Unavailable`] when it does not.
pub(crate) async fn within<T>(limit: Duration, what: &'static str, answer: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(no_answer(what)))
}

/// [`within`] what a request waits for a database.
pub(crate) async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    within(PATIENCE, "the database", answer).await
}

/// Runs blocking work outside any worker, however long it takes.
///
/// # Errors
/// Those of the work; [`Error::Internal`] when it panicked.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(error.to_string()))?
}

/// Runs blocking work on the worker's blocking pool, where it goes on when nobody waits for it any more. What has not begun by then, does
/// not: while a database hangs, the pool's queue holds nothing that would then be done for nobody.
///
/// # Errors
/// Those of the work; [`Error::Unavailable`] when it takes too long, [`Error::Internal`] when it panicked.
pub async fn block<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // What is logged on the other thread carries the request's trace id too.
    let span = Span::current();
    let waiting = Arc::new(());
    let still_waiting = Arc::downgrade(&waiting);
    let done = web::block(move || match still_waiting.strong_count() {
        0 => Err(no_answer("the database")),
        _ => span.in_scope(work),
    });
    let answer = in_time(async { done.await.map_err(|_| Error::Internal("blocking work panicked".to_owned()))? }).await;
    drop(waiting);
    answer
}
