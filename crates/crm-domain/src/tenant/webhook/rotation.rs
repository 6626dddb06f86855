//! Giving a webhook another secret while its receiver still knows the former one.

use std::time::Duration;

use super::{Webhook, WebhookFields, WebhookRules, WebhookSecret, draft::SECRET, keep, lookup};
use crate::{error::Result, id::WebhookId, sealing::Vault, stamp::Stamp, tenant::UnitOfWork};

/// How long both secrets sign.
pub const ROTATION: Duration = Duration::from_secs(24 * 3_600);

/// Gives a webhook another secret; the former one signs beside it for [`ROTATION`], and the one before that no longer.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and those of sealing.
pub fn rotate(unit: &mut dyn UnitOfWork, id: WebhookId, secret: &WebhookSecret, rules: &WebhookRules) -> Result<Webhook> {
    let before = lookup(unit, id)?;
    let fields = before.fields.rotated(secret, &rules.vault, unit.stamp())?;
    keep(unit, &before, fields)
}

impl WebhookFields {
    fn rotated(&self, secret: &WebhookSecret, vault: &Vault, now: Stamp) -> Result<Self> {
        Ok(Self {
            secret: Some(vault.seal(SECRET, secret.as_str())?),
            previous_secret: self.secret.clone(),
            previous_secret_until: Some(now.plus(ROTATION)),
            confidential_version: self.confidential_version + 1,
            ..self.clone()
        })
    }

    /// What signs its deliveries at this time, the newest secret first; none for a deleted webhook.
    ///
    /// # Errors
    /// Those of [`Vault::open`].
    pub fn secrets(&self, vault: &Vault, now: Stamp) -> Result<Vec<WebhookSecret>> {
        let previous = self
            .previous_secret
            .as_ref()
            .filter(|_| self.previous_secret_until.is_some_and(|until| now < until));
        let sealed = self.secret.iter().chain(previous);
        sealed
            .map(|sealed| vault.open(SECRET, sealed).map(WebhookSecret::from_vault))
            .collect()
    }
}
