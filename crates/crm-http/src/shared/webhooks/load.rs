//! What a courier reads and writes in its tenant's database.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crm_domain::{
    Error, Result,
    control::{outbox, tenant::Tenant, work::Work},
    id::{TenantId, WebhookId},
    stamp::Stamp,
    tenant::{TenantReader, TenantStore, Unit, UnitOfWork},
    usecase::{
        deliver::{self, Turn, Turned},
        dispatch::{self, Look},
    },
};
use metrics::counter;
use tokio::sync::oneshot;

use super::{Webhooks, endpoint::LEASE};
use crate::shared::tenant::server_origin;

/// A tenant as its courier found it.
pub(super) struct Round {
    pub(super) tenant: Arc<Tenant>,
    pub(super) store: Arc<dyn TenantStore>,
    pub(super) seen: Option<Work>,
    pub(super) has_webhooks: bool,
    /// When the next delivery of each active webhook is due.
    pub(super) due: HashMap<WebhookId, Stamp>,
}

/// What making deliveries came to.
pub(super) struct Dispatched {
    /// Whose they are, and the stamp of their unit.
    pub(super) made: Option<(BTreeSet<WebhookId>, Stamp)>,
    /// Whether there may be more to tell.
    pub(super) has_more: bool,
}

impl Webhooks {
    /// Looks at a tenant; `None` when nobody may enter it.
    pub(super) async fn visit(&self, id: TenantId) -> Result<Option<Round>> {
        let (control, tenants) = (Arc::clone(&self.control), Arc::clone(&self.tenants));
        let look = move || {
            let (tenant, seen) = control.reading(|reader| Ok((reader.tenants().lookup(id)?, reader.outbox().lookup(id)?)))?;
            let Some(tenant) = tenant.filter(|tenant| tenant.is_active) else {
                return Ok(None);
            };
            let store = tenants.open(&tenant)?;
            let (has_webhooks, due) = store.reading(|reader| {
                if reader.webhooks().count()? == 0 {
                    return Ok((false, Vec::new()));
                }
                Ok((true, due(reader)?))
            })?;
            Ok(Some(Round {
                tenant: Arc::new(tenant),
                store,
                seen,
                has_webhooks,
                due: due.into_iter().collect(),
            }))
        };
        self.reading(look).await
    }

    /// Makes deliveries of the next part of the feed.
    pub(super) async fn dispatch(self: Arc<Self>, tenant: Arc<Tenant>, store: Arc<dyn TenantStore>) -> Result<Dispatched> {
        let id = tenant.id;
        loop {
            let looked_at = self.lock().looked_at.get(&id).copied().unwrap_or(0);
            let (own, reading) = (Arc::clone(&self), Arc::clone(&store));
            let of = Arc::clone(&tenant);
            let prepare = move || reading.reading_snapshot(|reader| dispatch::prepare(reader, &of, &*own.payloads, looked_at));
            let batch = match self.reading(prepare).await? {
                Look::Deaf | Look::Idle => {
                    return Ok(Dispatched {
                        made: None,
                        has_more: false,
                    });
                }
                Look::Batch(batch) => batch,
            };
            let has_more = !batch.is_last();
            if !batch.is_worth_a_unit() {
                self.lock().looked_at.insert(id, batch.to());
                if has_more {
                    continue;
                }
                return Ok(Dispatched { made: None, has_more });
            }
            let committed = write(&store, move |unit| {
                let told = dispatch::commit(unit, batch)?;
                Ok((told, unit.stamp()))
            });
            let (told, stamp) = committed.await?;
            self.lock().looked_at.remove(&id);
            // Somebody else was quicker: what is left is to be looked at.
            let Some(told) = told else { continue };
            counter!("crm_webhook_dispatches_total").increment(1);
            return Ok(Dispatched {
                made: Some((told, stamp)),
                has_more,
            });
        }
    }

    /// When the next delivery of each active webhook is due.
    pub(super) async fn due(self: Arc<Self>, store: Arc<dyn TenantStore>) -> Result<Vec<(WebhookId, Stamp)>> {
        self.reading(move || store.reading(due)).await
    }

    /// Keeps what became of deliveries, and claims more; with the stamp of the unit.
    pub(super) async fn turn(self: Arc<Self>, store: Arc<dyn TenantStore>, turn: Turn) -> Result<(Turned, Stamp)> {
        let owner = self.owner;
        write(&store, move |unit| {
            let turned = deliver::turn(unit, owner, LEASE, turn)?;
            Ok((turned, unit.stamp()))
        })
        .await
    }

    /// Notes when to look at a tenant again.
    pub(super) async fn leave(&self, round: &Round, next_due: Option<Stamp>) -> Result<()> {
        let id = round.tenant.id;
        match round.seen {
            None if round.has_webhooks => {
                self.mark(id).await?;
                // It is looked at again, and then noted when next.
                self.heard(id);
                Ok(())
            }
            None => Ok(()),
            Some(seen) => {
                let next = outbox::next_look(&seen, round.has_webhooks, next_due, self.clock.now());
                self.settle(Some(seen), next).await
            }
        }
    }
}

fn due(reader: &mut dyn TenantReader) -> Result<Vec<(WebhookId, Stamp)>> {
    let active: Vec<WebhookId> = reader.webhooks().list_active()?.iter().map(|webhook| webhook.id).collect();
    reader.deliveries().next_due(&active)
}

/// Runs a unit of work on the tenant's writer, and waits for its commit without holding a thread.
async fn write<T: Send + 'static>(
    store: &Arc<dyn TenantStore>,
    work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    store.submit(Unit::with_result(server_origin(), work, move |result| {
        // Who waited has gone only when the server stops.
        let _ = sender.send(result);
    }));
    receiver
        .await
        .map_err(|_| Error::Internal("a unit of work was dropped".to_owned()))?
}
