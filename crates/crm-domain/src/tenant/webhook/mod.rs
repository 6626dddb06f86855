//! Webhooks: who is told what happens, and where (contract B-60 … B-69, C-95 … C-101, E-50 … E-61).
//!
//! Families B, C and E register them in one set of records. A webhook belongs to the family that it was registered through: its events are
//! named, its deliveries shaped and signed as that family's document says (contract X-10).

mod disabled;
mod draft;
mod event;
mod header;
mod occurrence;
mod port;
mod rotation;
mod secret;
pub mod sender;
pub mod signature;
mod target;

pub use disabled::DisabledReason;
pub use draft::{WebhookDraft, WebhookRules};
pub use event::{Event, Events};
pub use header::Headers;
pub use occurrence::{Occurrence, occurrences};
pub use port::{WebhookField, WebhookFilter, WebhookReads, WebhookRepository};
pub use rotation::{ROTATION, rotate};
pub use secret::WebhookSecret;
pub use target::{Judged, TargetJudge, TargetUrl, Targets, is_public, not_public};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    field::{Check, Text},
    id::{RecordId, UserId, WebhookId},
    sealing::Sealed,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// The family that a webhook was registered through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the family of this name")]
pub enum WebhookFamily {
    Halopsa,
    Saas,
    Elevate,
}

impl WebhookFamily {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Halopsa => "halopsa",
            Self::Saas => "saas",
            Self::Elevate => "elevate",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Halopsa, Self::Saas, Self::Elevate]
            .into_iter()
            .find(|family| family.as_str() == word)
    }
}

/// What people enter about a webhook. A value of this type is valid by construction.
///
/// Its serialised form goes into the change feed, which every user may read: secret and headers are not in it, only that they changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookFields {
    /// The family that it was registered through; it stays.
    pub family: WebhookFamily,
    /// Where deliveries go; unique among the family's live webhooks (contract X-100).
    pub url: TargetUrl,
    /// What it is told of.
    pub events: Events,
    /// What it is for.
    pub description: Option<Text<1_000>>,
    /// Whether it gets deliveries (contract B-65, E-79).
    pub is_active: bool,
    /// Why the server stopped its deliveries; only while it is not active.
    pub disabled_reason: Option<DisabledReason>,
    /// Read by [`WebhookFields::secret`]; a deleted webhook has none.
    #[serde(skip)]
    pub secret: Option<Sealed>,
    /// The secret before the last rotation: it signs beside the present one until [`WebhookFields::previous_secret_until`].
    #[serde(skip)]
    pub previous_secret: Option<Sealed>,
    /// Until when.
    pub previous_secret_until: Option<Stamp>,
    /// Read by [`WebhookFields::headers`]; a deleted webhook has none. They are sealed since they may hold credentials.
    #[serde(skip)]
    pub headers: Option<Sealed>,
    /// Grows whenever secret or headers get another value.
    pub confidential_version: i64,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Per-tenant id; ascending in the order of creation.
    pub id: WebhookId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: WebhookFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
    /// It is told of changes with a later stamp: since it was registered, or became active again.
    pub listens_since: Stamp,
    /// Since when no delivery arrived; `None` when the last one did.
    pub failing_since: Option<Stamp>,
}

impl Webhook {
    /// Whether it is to be told of an event at this time.
    pub fn wants(&self, event: Event, happened_at: Stamp) -> bool {
        self.fields.is_active && happened_at > self.listens_since && self.fields.events.has(event)
    }
}

impl Entity for Webhook {
    const KIND: EntityKind = EntityKind::Webhook;
    type Fields = WebhookFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &WebhookFields {
        &self.fields
    }
}

/// Registers a webhook.
///
/// # Errors
/// [`Error::Duplicate`] when the family has a webhook with this URL.
pub fn create(unit: &mut dyn UnitOfWork, fields: WebhookFields) -> Result<Webhook> {
    let webhook = unit.webhooks().add(fields)?;
    unit.record(NewChange::created(&webhook)?);
    Ok(webhook)
}

/// Updates a webhook: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`WebhookFields::updated`] and [`create`].
pub fn update(unit: &mut dyn UnitOfWork, id: WebhookId, draft: WebhookDraft, rules: &WebhookRules, check: Check) -> Result<Webhook> {
    let before = lookup(unit, id)?;
    let fields = before.fields.updated(draft, rules, check)?;
    keep(unit, &before, fields)
}

/// Stops a webhook's deliveries because of what became of them. One that is not active stays as it is.
///
/// # Errors
/// [`Error::NotFound`].
pub fn disable(unit: &mut dyn UnitOfWork, id: WebhookId, reason: DisabledReason) -> Result<Webhook> {
    let before = lookup(unit, id)?;
    let mut fields = before.fields.clone();
    if fields.is_active {
        (fields.is_active, fields.disabled_reason) = (false, Some(reason));
    }
    keep(unit, &before, fields)
}

/// Keeps a webhook's new fields, with what follows from them.
fn keep(unit: &mut dyn UnitOfWork, before: &Webhook, fields: WebhookFields) -> Result<Webhook> {
    let stamp = unit.stamp();
    let is_back = fields.is_active && !before.fields.is_active;
    let after = Webhook {
        fields,
        updated_at: stamp,
        listens_since: if is_back { stamp } else { before.listens_since },
        failing_since: before.failing_since.filter(|_| !is_back),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(before.clone());
    };
    unit.webhooks().update(&after)?;
    unit.record(change);
    Ok(after)
}

/// Deletes a webhook, and its secret and headers for good: what is deleted must not sign again.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: WebhookId) -> Result<()> {
    let webhook = lookup(unit, id)?;
    unit.webhooks().remove(id)?;
    unit.record(NewChange::deleted(&webhook)?);
    Ok(())
}

fn lookup(unit: &mut dyn UnitOfWork, id: WebhookId) -> Result<Webhook> {
    unit.webhooks().lookup(id)?.ok_or_else(|| Error::not_found(WebhookId::NOUN, id))
}
