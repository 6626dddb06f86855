//! Deliveries: what each webhook is told, and what became of it (contract B-60 … B-69, C-95 … C-101, E-79 … E-87).
//!
//! The dispatcher makes deliveries of changes: for each webhook that wants an event one, in the unit that also notes how far it came
//! ([`DeliveryRepository::advance`]). So each change is told exactly once to each webhook's list of deliveries, whatever crashes, and each delivery
//! is sent at least once, with the same id and the same bytes. What one record's deliveries to one webhook tell, arrives in order: a later
//! one is due only when the earlier is over.
//!
//! Whoever sends holds a delivery by a *lease* that ends by itself, as jobs are held.

mod payload;
mod port;
mod quota;
mod schedule;

use std::time::Duration;

use uuid::Uuid;

use super::change::EntityKind;
use crate::{
    id::{DeliveryId, WebhookId},
    stamp::Stamp,
};

pub use payload::{Payloads, Told};
pub use port::{DeliveryFilter, DeliveryReads, DeliveryRepository, Requeue};
pub use quota::{HOURLY, Hour, cap};
pub use schedule::{FAILING_DAYS, RETRIES, RETRY_AFTER_MAX, pause_after, verdict};

/// The event of a test delivery (contract X-173).
pub const TEST: &str = "webhook.test";
/// The status by which a receiver says that it wants no more.
pub const GONE: u16 = 410;
/// How long deliveries are kept, and can be delivered again.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Most bytes that are kept of an answer to a delivery that did not arrive.
const RESPONSE_MAX: usize = 64 << 10;
/// The same of one that did.
const WELCOME_MAX: usize = 1 << 10;
/// Longest kept reason, in characters.
const REASON_MAX: usize = 1_000;

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is sent, or will be.
    Pending,
    /// The receiver took it: it answered 2xx.
    Delivered,
    /// It was given up.
    Failed,
}

/// The words of every state.
pub const DELIVERY_STATES: [&str; 3] = ["pending", "delivered", "failed"];

impl DeliveryState {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Per-tenant id; ascending in the order of the feed.
    pub id: DeliveryId,
    /// Under which receivers know it, whenever and however often it comes: version 7 uuid.
    pub uuid: Uuid,
    /// Whom it tells.
    pub webhook_id: WebhookId,
    /// Of what, in the word of the webhook's family.
    pub event: String,
    /// The change that it tells of; `None` of a test.
    pub seq: Option<i64>,
    /// Whose events arrive in order; `None` of a test.
    pub record: Option<(EntityKind, i64)>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// When it may be sent next, or of one that is being sent, when its lease ends; `None` while it waits for an earlier one of its record,
    /// and of one that is over.
    pub due_at: Option<Stamp>,
    /// Stamp of the unit that made it.
    pub created_at: Stamp,
    /// When it arrived or was given up.
    pub ended_at: Option<Stamp>,
    /// What became of each attempt, oldest first.
    pub log: Vec<Attempt>,
}

/// What became of sending a delivery once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The first is 1.
    pub number: u32,
    /// When it was sent.
    pub at: Stamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: AttemptResult,
}

impl Attempt {
    /// When it was known what came of it.
    pub fn ended_at(&self) -> Stamp {
        self.at.plus(self.took)
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptResult {
    /// The receiver answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The beginning of the answer's body.
        response: String,
    },
    /// No answer came; why, in a sentence that an operator can act on.
    Unanswered(String),
}

impl AttemptResult {
    /// An answer, of which as much is kept as is of use.
    pub fn answered(status: u16, response: &str) -> Self {
        let most = if is_success(status) { WELCOME_MAX } else { RESPONSE_MAX };
        let response = response.replace('\0', "\u{FFFD}");
        Self::Answered {
            status,
            response: response[..response.floor_char_boundary(most)].to_owned(),
        }
    }

    /// No answer.
    pub fn unanswered(reason: &str) -> Self {
        Self::Unanswered(reason.chars().filter(|c| *c != '\0').take(REASON_MAX).collect())
    }

    /// Whether the receiver took the delivery.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if is_success(*status))
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Unanswered(_) => None,
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// A delivery on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Delivery")]
pub struct NewDelivery {
    pub webhook_id: WebhookId,
    pub event: &'static str,
    pub seq: i64,
    pub record: (EntityKind, i64),
    /// The stamp of the change.
    pub happened_at: Stamp,
    /// What is sent, byte for byte.
    pub body: String,
}

/// A test delivery that was sent: it stands in the list beside the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Delivery")]
pub struct TestDelivery {
    pub uuid: Uuid,
    pub webhook_id: WebhookId,
    pub body: String,
    pub attempt: Attempt,
}

/// A delivery in the hands of whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of Delivery")]
pub struct Claim {
    pub id: DeliveryId,
    pub uuid: Uuid,
    pub webhook_id: WebhookId,
    pub event: String,
    /// What is sent, byte for byte.
    pub body: String,
    pub attempts: u32,
    /// How often it was sent since it was last made due.
    pub tries: u32,
    /// When the lease ends.
    pub until: Stamp,
}

/// What is to become of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// It is sent again at this time.
    Later(Stamp),
    /// It is given up.
    GivenUp,
    /// The receiver is gone: its webhook gets no more, and this waits with what else was not delivered until somebody switches the webhook on
    /// again.
    Gone,
}

/// An attempt on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The delivery.
    pub id: DeliveryId,
    /// Its webhook.
    pub webhook_id: WebhookId,
    /// When it was sent.
    pub at: Stamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: AttemptResult,
    /// What is to become of the delivery.
    pub verdict: Verdict,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back() {
        for word in DELIVERY_STATES {
            assert_eq!(DeliveryState::parse(word).map(DeliveryState::as_str), Some(word));
        }
        assert_eq!(DeliveryState::parse("Pending"), None);
    }

    #[test]
    fn of_an_answer_a_bounded_part_is_kept_whole_characters_only() {
        let long = "ü".repeat(100_000);
        let kept = |status| match AttemptResult::answered(status, &long) {
            AttemptResult::Answered { response, .. } => response.len(),
            AttemptResult::Unanswered(_) => 0,
        };
        assert_eq!((kept(500), kept(200)), (65_536, 1_024));
        let odd = format!("x{long}");
        assert!(matches!(AttemptResult::answered(404, &odd), AttemptResult::Answered { response, .. } if response.len() == 65_535));
        assert_eq!(
            AttemptResult::answered(200, "a\0b"),
            AttemptResult::Answered {
                status: 200,
                response: "a\u{FFFD}b".to_owned()
            }
        );
        assert_eq!(AttemptResult::unanswered("a\0b"), AttemptResult::Unanswered("ab".to_owned()));
    }

    #[test]
    fn only_2xx_is_success() {
        let success = |status| AttemptResult::answered(status, "").is_success();
        assert!(success(200) && success(204) && success(299));
        assert!(![199, 301, 302, 400, 410, 429, 500].into_iter().any(success));
        assert!(!AttemptResult::unanswered("no route").is_success());
    }
}
