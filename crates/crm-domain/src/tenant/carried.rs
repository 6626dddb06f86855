//! Changes of the control plane that are carried into the tenant's feed.

use crate::{control::change::ControlChange, error::Result};

/// Carries changes into the feed. Callers use [`crate::usecase::control_changes`], which carries each exactly once.
pub trait CarriedRepository {
    /// The id of the last change that was carried; 0 before the first.
    fn last(&mut self) -> Result<i64>;
    /// Appends changes to the feed, each by its own actor and through its own family, and notes the id of the last of them.
    fn append(&mut self, changes: Vec<ControlChange>) -> Result<()>;
}
