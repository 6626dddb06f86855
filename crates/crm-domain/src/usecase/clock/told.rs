//! By which names the clock's changes tell what it is, and what receivers read it as.

/// Which target of a policy.
pub(crate) const TARGET: &str = "sla_target";
/// The policy's name.
pub(crate) const POLICY: &str = "sla_policy";
/// The policy.
pub(crate) const POLICY_ID: &str = "sla_policy_id";
/// By when the target was to be met.
pub(crate) const DUE: &str = "sla_due_at";
/// In which stage the record stays too long.
pub(crate) const STAGE: &str = "sla_stage";
/// A task's own field.
pub(crate) const TASK_DUE: &str = "due_at";

/// What changes by which a task became overdue tell, and its name in events.
pub(crate) const OVERDUE: [(&str, &str); 1] = [(TASK_DUE, "due_at")];

/// The same of changes that tell of an SLA policy.
pub(crate) const SLA: [(&str, &str); 5] = [
    (TARGET, "target"),
    (POLICY_ID, "sla_policy_id"),
    (POLICY, "policy"),
    (DUE, "due_at"),
    (STAGE, "stage"),
];
