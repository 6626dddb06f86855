//! Reading and keeping deliveries.

use uuid::Uuid;

use super::{Claim, Delivery, DeliveryState, Hour, NewDelivery, Outcome, TestDelivery};
use crate::{
    error::Result,
    id::{DeliveryId, WebhookId},
    stamp::Stamp,
};

/// Which of a webhook's deliveries a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Only those that are so far.
    pub state: Option<DeliveryState>,
    /// Only those of this event, in the word of the webhook's family.
    pub event: Option<String>,
}

/// Which of a webhook's deliveries are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requeue {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// Only ids greater than this.
    pub after: DeliveryId,
    /// Only ids up to this.
    pub until: DeliveryId,
    /// Only those that were given up.
    pub failed_only: bool,
}

/// Reads deliveries.
pub trait DeliveryReads {
    /// A webhook's delivery with its log.
    fn lookup(&mut self, webhook: WebhookId, id: DeliveryId) -> Result<Option<Delivery>>;
    /// Deliveries with their logs that have a smaller id than `before`, newest first.
    fn list(&mut self, filter: &DeliveryFilter, before: i64, limit: u32) -> Result<Vec<Delivery>>;
    /// The last id before the first delivery that was made at this time or later, and the last id of all.
    fn span_since(&mut self, since: Stamp) -> Result<(DeliveryId, DeliveryId)>;
    /// The number of the last change whose deliveries were made.
    fn dispatched(&mut self) -> Result<i64>;
    /// When the next delivery of each webhook is due, or its lease ends; webhooks without one are left out.
    fn next_due(&mut self, webhooks: &[WebhookId]) -> Result<Vec<(WebhookId, Stamp)>>;
}

/// Writes deliveries. They leave no trace in the change feed.
pub trait DeliveryRepository: DeliveryReads {
    /// Notes the number of the last change whose deliveries were made.
    fn advance(&mut self, seq: i64) -> Result<()>;
    /// Keeps new deliveries, in order. Each is due at once, unless an earlier one of its record to its webhook is pending.
    fn add(&mut self, new: &[NewDelivery]) -> Result<()>;
    /// Keeps a test delivery that was sent.
    fn add_test(&mut self, test: TestDelivery) -> Result<Delivery>;
    /// Claims up to `limit` due deliveries of a webhook for `owner`, longest due first, until `until`. Units of a tenant run one after another,
    /// on all nodes: nobody else gets them.
    fn claim(&mut self, webhook: WebhookId, owner: Uuid, until: Stamp, limit: u32) -> Result<Vec<Claim>>;
    /// Keeps what became of claimed deliveries; of those that are over, the next one of the record is due. What is not `owner`'s any more stays as
    /// it is. Returns the ids that were.
    fn settle(&mut self, owner: Uuid, outcomes: &[Outcome]) -> Result<Vec<DeliveryId>>;
    /// Gives back claimed deliveries that were not sent.
    fn release(&mut self, owner: Uuid, ids: &[DeliveryId]) -> Result<()>;
    /// Makes up to `limit` deliveries that are over pending again, lowest id first; their ids.
    fn requeue(&mut self, which: &Requeue, limit: u32) -> Result<Vec<DeliveryId>>;
    /// How many capped deliveries were claimed in this hour.
    fn sent_in(&mut self, hour: Hour) -> Result<u32>;
    /// Keeps that number.
    fn set_sent(&mut self, hour: Hour, sent: u32) -> Result<()>;
    /// Forgets up to `limit` deliveries made before `before`, with their logs; how many. Later ones of their records are due then.
    fn purge(&mut self, before: Stamp, limit: u32) -> Result<u64>;
}
