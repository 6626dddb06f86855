//! How many deliveries a family's document promises a tenant at most (contract E-86, X-176).

use std::time::Duration;

use crate::{stamp::Stamp, tenant::webhook::WebhookFamily};

/// Most deliveries of family E in an hour of the clock, per tenant, repeated ones included. What is more waits until the hour turns.
pub const HOURLY: u32 = 1_000;

const HOUR: Duration = Duration::from_secs(3_600);

/// How many deliveries of a family's webhooks a tenant gets in an hour; `None` where its document sets no bound.
pub fn cap(family: WebhookFamily) -> Option<u32> {
    match family {
        WebhookFamily::Elevate => Some(HOURLY),
        WebhookFamily::Saas | WebhookFamily::Halopsa => None,
    }
}

/// An hour of the clock, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(i64);

impl Hour {
    /// The hour that a time lies in.
    pub fn of(stamp: Stamp) -> Self {
        Self(stamp.seconds().div_euclid(3_600))
    }

    /// Reads what was stored.
    pub fn from_i64(number: i64) -> Self {
        Self(number)
    }

    /// What is stored.
    pub fn get(self) -> i64 {
        self.0
    }

    /// When it is over.
    pub fn end(self) -> Stamp {
        Stamp::from_micros(self.0.saturating_mul(3_600_000_000)).plus(HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_ends_where_the_next_begins() {
        let stamp = Stamp::parse("2026-11-22T21:59:59.999999Z").unwrap();
        let end = Stamp::parse("2026-11-22T22:00:00Z").unwrap();
        assert_eq!(Hour::of(stamp).end(), end);
        assert_eq!(Hour::of(end), Hour(Hour::of(stamp).get() + 1));
    }

    //
    #[test]
    fn family_e_alone_is_capped() {
        assert_eq!(cap(WebhookFamily::Elevate), Some(1_000));
        assert_eq!(cap(WebhookFamily::Saas), None);
    }
}
