//! What the clock tells of records: that tasks are overdue, and that targets of SLA policies will be or were missed (contract E-73 … E-75, X-174).
//!
//! Three things are done, each within a unit of the tenant's writer, whose lock makes it exclusive on every node:
//!
//! * [`follow`] keeps timers as records and policies are, in the unit that changes them;
//! * [`tick`] tells what has come due, and says so of the timers in the same unit: once, whatever process dies when;
//! * while a policy was changed, `tick` also finds the timers of the records that it may govern anew, some at a time.

mod fire;
mod follow;
mod review;
pub(crate) mod told;

pub use fire::{Ticked, tick};
pub use follow::follow;

/// The name under which the feed knows the clock, as `job:clock`.
pub const JOB: &str = "clock";

/// Most timers that one unit fires: the writer's turn stays short.
const FIRED: u32 = 200;
/// Most records that one unit reviews.
const REVIEWED: u32 = 100;
