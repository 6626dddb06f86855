//! How urgent something is: of tasks, tickets and the SLA policies that tickets follow.

crate::words! {
    /// How urgent it is.
    pub enum Priority {
        /// It can wait.
        Low,
        /// As usual; what nobody judged is this.
        Normal,
        /// Before others.
        High,
        /// Now.
        Urgent,
    }
}

/// The priority of what nobody gave one.
pub const DEFAULT_PRIORITY: Priority = Priority::Normal;
