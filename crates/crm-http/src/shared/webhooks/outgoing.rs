//! Sending one delivery.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::tenant::Tenant,
    stamp::Stamp,
    tenant::{
        delivery::{AttemptResult, Claim, GONE, Outcome, verdict},
        webhook::{
            Webhook,
            sender::Outgoing,
            signature::{self, Message},
        },
    },
};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    Webhooks,
    bell::Bell,
    endpoint::{Gate, lasts},
    room::Share,
};

/// What became of a claim.
pub(super) enum Sent {
    /// It was not sent.
    Unsent(Claim),
    /// It was.
    Landed(Outcome),
}

/// What a claim waits for before it is sent.
pub(super) struct Leave {
    /// The tenant's places in the room that it waits for: of receivers that did not answer last when it is silent.
    pub(super) share: Share,
    pub(super) is_silent: bool,
    /// Closed when the receiver wants no more.
    pub(super) gate: Gate,
    /// The courier's bell, and the edition of the webhooks that the claim is of.
    pub(super) bell: Arc<Bell>,
    pub(super) edition: u64,
}

/// What is sent.
pub(super) struct Parcel<'a> {
    pub(super) uuid: Uuid,
    pub(super) event: &'a str,
    pub(super) body: &'a str,
}

/// What came of sending.
pub(super) struct Reception {
    pub(super) result: AttemptResult,
    pub(super) took: Duration,
    /// How long the receiver asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Webhooks {
    /// Sends a claim when there is room, unless the webhooks were changed meanwhile or the receiver wants no more.
    pub(super) async fn deliver(self: Arc<Self>, tenant: Arc<Tenant>, webhook: Arc<Webhook>, claim: Claim, leave: Leave) -> Sent {
        let room = if leave.is_silent { &self.silent_room } else { &self.room };
        let Some(_place) = room.enter(&leave.share).await else {
            return Sent::Unsent(claim);
        };
        let now = self.clock.now();
        let is_outdated = leave.bell.edition() != leave.edition || leave.gate.is_closed();
        if self.is_stopping() || is_outdated || !lasts(&claim, now) {
            return Sent::Unsent(claim);
        }
        let parcel = Parcel {
            uuid: claim.uuid,
            event: &claim.event,
            body: &claim.body,
        };
        let Reception { result, took, retry_after } = self.post(&tenant, &webhook, &parcel, now).await;
        if result.status() == Some(GONE) {
            // Before anything else can leave: the courier hears of it a moment later.
            leave.gate.close();
        }
        let tries = claim.tries.saturating_add(1);
        Sent::Landed(Outcome {
            id: claim.id,
            webhook_id: claim.webhook_id,
            at: now,
            took,
            verdict: verdict(tries, &result, retry_after, self.clock.now(), &*self.entropy),
            result,
        })
    }

    /// Sends it now.
    pub(super) async fn post(&self, tenant: &Tenant, webhook: &Webhook, parcel: &Parcel<'_>, now: Stamp) -> Reception {
        let outgoing = match self.outgoing(tenant, webhook, parcel, now) {
            Ok(outgoing) => outgoing,
            Err(error) => {
                tracing::error!(%error, tenant = %tenant.id, webhook = %webhook.id, "a delivery cannot be signed");
                return Reception::none(
                    "The server cannot read the webhook's secret or headers; set them again",
                    Duration::ZERO,
                );
            }
        };
        let (sender, receiver) = oneshot::channel();
        self.sender.send(
            outgoing,
            Box::new(move |answer| {
                // The receiver waits for it, unless the server stops.
                let _ = sender.send(answer);
            }),
        );
        match receiver.await {
            Ok(Ok(reply)) => Reception {
                result: AttemptResult::answered(reply.status, &reply.excerpt),
                took: reply.took,
                retry_after: reply.retry_after,
            },
            Ok(Err(failure)) => Reception::none(&failure.reason, failure.took),
            Err(_) => Reception::none("The server was stopped while it sent this", Duration::ZERO),
        }
    }

    fn outgoing(&self, tenant: &Tenant, webhook: &Webhook, parcel: &Parcel<'_>, now: Stamp) -> Result<Outgoing> {
        let (vault, fields) = (self.vault(tenant.id), &webhook.fields);
        let secrets = fields.secrets(&vault, now)?;
        if secrets.is_empty() {
            return Err(Error::Internal(format!("webhook {} has no secret", webhook.id)));
        }
        let message = Message {
            id: parcel.uuid,
            event: parcel.event,
            sent_at: now,
            body: parcel.body.as_bytes(),
        };
        let own = signature::headers(fields.family, &secrets, &message);
        let theirs = fields.headers(&vault)?;
        let theirs = theirs.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Outgoing {
            url: fields.url.as_str().to_owned(),
            headers: own
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .chain(theirs)
                .collect(),
            body: parcel.body.as_bytes().to_vec(),
        })
    }
}

impl Reception {
    fn none(reason: &str, took: Duration) -> Self {
        Self {
            result: AttemptResult::unanswered(reason),
            took,
            retry_after: None,
        }
    }
}
