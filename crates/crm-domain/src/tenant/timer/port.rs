//! Keeping timers.

use std::sync::Arc;

use super::{Moment, Timer};
use crate::{
    error::Result,
    id::{SlaPolicyId, TimerId},
    stamp::Stamp,
    tenant::{change::EntityKind, sla_policy::SlaPolicy},
};

/// Records of a kind whose timers are to be found anew, since a policy was changed: by id, some at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// Which records.
    pub entity: EntityKind,
    /// Those up to this id are done.
    pub after: i64,
    /// When the policy was changed: what was due by then is not told.
    pub since: Stamp,
}

/// Reads timers.
pub trait TimerReads {
    /// The timers of records of one kind, fired ones too.
    fn list_of(&mut self, entity: EntityKind, ids: &[i64]) -> Result<Vec<Timer>>;
    /// When there is something to do next: the first timer that has not fired, or at once while a review is not done.
    fn next(&mut self) -> Result<Option<Stamp>>;
}

/// Writes timers. Callers are in [`clock`](crate::usecase::clock) alone.
pub trait TimerRepository: TimerReads {
    /// Every live SLA policy, oldest first. Who asks again before one is changed costs the database nothing.
    fn policies(&mut self) -> Result<Arc<[SlaPolicy]>>;
    /// Keeps moments of records.
    fn set(&mut self, moments: &[((EntityKind, i64), Moment)]) -> Result<()>;
    /// Forgets timers.
    fn unset(&mut self, ids: &[TimerId]) -> Result<()>;
    /// Forgets what is still to be told of a policy that is no more.
    fn forget_policy(&mut self, policy: SlaPolicyId) -> Result<()>;
    /// The timers to fire that lie before `now`, in the order of their times; at most `limit`.
    fn due(&mut self, now: Stamp, limit: u32) -> Result<Vec<Timer>>;
    /// Says that timers have fired, at this unit's stamp.
    fn fired(&mut self, ids: &[TimerId]) -> Result<()>;
    /// The first review that is not done.
    fn review(&mut self) -> Result<Option<Review>>;
    /// Has all records of a kind reviewed, from the first.
    fn begin_review(&mut self, entity: EntityKind) -> Result<()>;
    /// Says how far a review is; `None` when it is done.
    fn advance_review(&mut self, entity: EntityKind, after: Option<i64>) -> Result<()>;
    /// The ids of live records of a kind behind `after` that may have timers, since nobody is done with them; at most `limit`, ascending.
    fn running(&mut self, entity: EntityKind, after: i64, limit: u32) -> Result<Vec<i64>>;
    /// Says that the agenda of the deployment need not name this tenant before `next`; whoever sets an earlier timer from now on has it do so.
    fn agree(&mut self, next: Option<Stamp>) -> Result<()>;
}
