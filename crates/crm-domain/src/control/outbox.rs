//! Which tenants have webhooks, and when one of their deliveries is due: so that nobody opens every tenant's database to find out.
//!
//! Whoever registers a webhook first [marks](OutboxRepository::mark) its tenant and is given a [`Promise`], as for jobs. The mark stays while
//! the tenant has webhooks: what is to be told to them may be left behind by a process that ended at any moment.

use super::work::{Promise, Work};
use crate::{error::Result, id::TenantId, stamp::Stamp};

/// When to look at a tenant that has webhooks but no delivery that waits: never for that reason alone.
pub const NOTHING_DUE: Stamp = Stamp::from_micros(i64::MAX);

/// When a tenant is to be looked at for its deliveries; `None` when it has no webhooks, and may be forgotten.
pub fn next_look(seen: &Work, has_webhooks: bool, next_due: Option<Stamp>, now: Stamp) -> Option<Stamp> {
    match has_webhooks {
        true => Some(next_due.unwrap_or(NOTHING_DUE)),
        false => seen.next_look(None, now),
    }
}

/// Reads which tenants have webhooks.
pub trait OutboxReads {
    /// The tenants with deliveries due by `now`, longest due first; at most `limit`.
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>>;
    /// Marked tenants with a greater id than `after`, by id.
    fn list_after(&mut self, after: TenantId, limit: u32) -> Result<Vec<Work>>;
    /// A tenant's mark.
    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>>;
}

/// Writes which tenants have webhooks.
pub trait OutboxRepository: OutboxReads {
    /// Marks a tenant that will have a webhook, and be looked at from `due_at` on.
    fn mark(&mut self, tenant: TenantId, due_at: Stamp) -> Result<Promise>;
    /// Keeps when to look again at a tenant, or forgets it; nothing when it was marked anew since `seen`. `next_look` is [`next_look`]'s.
    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordId;

    #[test]
    fn a_tenant_stays_marked_while_it_has_webhooks_or_one_was_promised() {
        let seen = Work {
            tenant: TenantId::from_i64(1),
            due_at: Stamp::default(),
            mark: 1,
            marked_at: Stamp::default(),
        };
        let second = |seconds: i64| Stamp::from_micros(seconds * 1_000_000);
        assert_eq!(next_look(&seen, true, None, second(9_999)), Some(NOTHING_DUE));
        assert_eq!(next_look(&seen, true, Some(second(7)), second(1)), Some(second(7)));
        assert_eq!(next_look(&seen, false, Some(second(7)), second(9_999)), None);
        assert!(next_look(&seen, false, None, second(59)).is_some());
    }
}
