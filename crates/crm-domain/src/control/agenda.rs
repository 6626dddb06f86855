//! When the tenants' timers are due: so that nobody opens every tenant's database to learn that nothing is.
//!
//! A tenant's entry is never later than its first timer. The tenant's own database keeps what was agreed upon: who sets a timer that is
//! earlier enters it here *before* that is committed ([`AgendaRepository::enter`]), and so long the unit is not. Whoever looked after a tenant first agrees with its
//! database when there is something to do next, and then has the entry say so, unless somebody entered something meanwhile. So a crash anywhere leaves a
//! needless look, never a timer that nobody looks for.

use super::work::Work;
use crate::{error::Result, id::TenantId, stamp::Stamp};

/// Reads when the tenants' timers are due.
pub trait AgendaReads {
    /// The tenants to look at before `now`, longest due first; at most `limit`.
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Work>>;
    /// A tenant's entry.
    fn lookup(&mut self, tenant: TenantId) -> Result<Option<Work>>;
}

/// Writes when the tenants' timers are due.
pub trait AgendaRepository: AgendaReads {
    /// Says that a tenant is to be looked at when `due_at` has passed, or sooner where that was said before.
    fn enter(&mut self, tenant: TenantId, due_at: Stamp) -> Result<()>;
    /// Keeps when to look again at a tenant, or forgets it where there is no reason; nothing when something was entered since `seen`.
    fn settle(&mut self, seen: &Work, next_look: Option<Stamp>) -> Result<()>;
}
