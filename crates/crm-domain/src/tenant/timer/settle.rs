//! From the timers that a record has to those that it should have.

use super::{Moment, Timer};
use crate::{id::TimerId, stamp::Stamp};

/// What is to be written of a record's timers. What is to be forgotten goes first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    /// To be forgotten.
    pub unset: Vec<TimerId>,
    /// To be kept.
    pub set: Vec<Moment>,
}

/// What makes the kept timers of one record those that are `wanted` at `now`. Nothing new is set for moments up to `since`, where that is given.
pub fn settle(kept: &[Timer], wanted: &[Moment], since: Option<Stamp>, now: Stamp) -> Settlement {
    let mut settlement = Settlement::default();
    for moment in wanted {
        match kept.iter().find(|timer| timer.moment.promise == moment.promise) {
            None if since.is_some_and(|since| moment.fires_at <= since) => {}
            None => settlement.set.push(*moment),
            Some(timer) if timer.fired_at.is_some() || timer.is_due(now) || timer.moment == *moment => {}
            Some(timer) => {
                settlement.unset.push(timer.id);
                settlement.set.push(*moment);
            }
        }
    }
    for timer in kept {
        let is_wanted = wanted.iter().any(|moment| moment.promise == timer.moment.promise);
        // What has happened stays, told or not.
        if !is_wanted && timer.fired_at.is_none() && !timer.is_due(now) {
            settlement.unset.push(timer.id);
        }
    }
    settlement
}

#[cfg(test)]
mod tests;
