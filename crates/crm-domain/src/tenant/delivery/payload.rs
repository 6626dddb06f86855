//! What deliveries say: each family's document shapes it.

use super::super::{TenantReader, rewind::Moment, webhook::WebhookFamily};
use crate::{control::tenant::Tenant, error::Result, tenant::webhook::Occurrence};

/// Something that happened, on its way to webhooks.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What.
    pub occurrence: &'a Occurrence,
    /// The change that it follows from, and what was changed of the record since.
    pub moment: Moment<'a>,
}

/// Writes what the webhooks of each family are told. The families implement it: `data` is the whole record as the family shows it.
pub trait Payloads: Send + Sync + 'static {
    /// Whether webhooks of this family can be told anything: those of others get no deliveries.
    fn speaks(&self, family: WebhookFamily) -> bool;

    /// The bodies of deliveries to webhooks of a family, one for each of `told`, in order: each record as it was at its moment, also one that
    /// was deleted since.
    ///
    /// # Errors
    /// Those of reading.
    fn bodies(&self, reader: &mut dyn TenantReader, tenant: &Tenant, family: WebhookFamily, told: &[Told<'_>]) -> Result<Vec<String>>;

    /// The body of a test delivery (contract X-173), made at `now`.
    ///
    /// # Errors
    /// [`Error::Internal`](crate::Error::Internal) when it cannot be JSON.
    fn test_body(&self, tenant: &Tenant, family: WebhookFamily, now: crate::stamp::Stamp) -> Result<String>;
}
