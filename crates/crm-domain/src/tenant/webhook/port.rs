//! Reading and keeping webhooks.

use super::{Webhook, WebhookFields};
use crate::{
    error::Result,
    fields,
    id::WebhookId,
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
};

fields! {
    /// The fields of webhooks that lists know; by creation unless asked otherwise (contract X-106).
    pub enum WebhookField of webhook: Webhook {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => webhook.created_at;
        Id: Spec::id("id").filterable().in_id_order() => webhook.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => webhook.updated_at;
        Family: Spec::choice("family", &["elevate", "halopsa", "saas"]).filterable() => webhook.fields.family.as_str();
        IsActive: Spec::boolean("is_active").filterable() => webhook.fields.is_active;
        CreatedBy: Spec::id("created_by").nullable() => webhook.created_by;
    }
}

/// Which webhooks a list shows.
pub type WebhookFilter = Filter<WebhookField>;

/// Reads webhooks.
pub trait WebhookReads {
    /// The live webhook with this id.
    fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>>;
    /// The live webhooks among these ids, in any order.
    fn lookup_many(&mut self, ids: &[WebhookId]) -> Result<Vec<Webhook>>;
    /// How many live webhooks there are, active or not.
    fn count(&mut self) -> Result<u64>;
    /// Every live webhook that gets deliveries, oldest first.
    fn list_active(&mut self) -> Result<Vec<Webhook>>;
    /// A page of the webhooks that match.
    fn list(&mut self, filter: &WebhookFilter, sort: Sort<WebhookField>, window: &Window) -> Result<Page<Webhook>>;
}

/// Writes webhooks. Callers outside this crate use [`create`](super::create), [`update`](super::update) and [`remove`](super::remove), which also record the change.
pub trait WebhookRepository: WebhookReads {
    /// Keeps a new webhook.
    fn add(&mut self, fields: WebhookFields) -> Result<Webhook>;
    /// Keeps a webhook's new fields and `updated_at`.
    fn update(&mut self, webhook: &Webhook) -> Result<()>;
    /// Notes since when no delivery arrives, or that one did. It is nothing that people entered: no change tells of it.
    fn set_failing(&mut self, id: WebhookId, since: Option<Stamp>) -> Result<()>;
    /// Marks a webhook deleted at this unit's stamp, and forgets its secret and headers.
    fn remove(&mut self, id: WebhookId) -> Result<()>;
}
