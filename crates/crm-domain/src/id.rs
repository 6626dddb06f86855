//! Record ids. Inside, each record has a per-tenant integer; families render their own form of it.

use std::{fmt, hash::Hash};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::stamp::Stamp;

/// What every id type offers.
pub trait RecordId: Copy + Eq + Hash + Ord + fmt::Debug + Send + Sync + 'static {
    /// The noun, lower case singular, as error messages name it.
    const NOUN: &'static str;
    /// From the stored integer.
    fn from_i64(value: i64) -> Self;
    /// The stored integer.
    fn get(self) -> i64;

    /// Parses `<prefix><number>`, e.g. `company_12`, exactly as it is written: another spelling (`company_012`, `company_+12`) names no
    /// record, so that each has one address.
    fn parse_prefixed(text: &str, prefix: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix)?;
        let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        // No digits and too many of them are no number.
        if canonical { digits.parse().ok().map(Self::from_i64) } else { None }
    }
}

/// An id as a uuid, for families whose ids are uuids and nouns that keep none: version 7, with the noun and the number in place of
/// randomness. Who has it still has to be allowed to see the record.
pub fn uuid_of<I: RecordId>(id: I, created_at: Stamp) -> Uuid {
    uuid_from(I::NOUN, id.get(), created_at)
}

/// The same of anything else that is numbered.
pub fn uuid_from(noun: &str, number: i64, created_at: Stamp) -> Uuid {
    let millis = u128::from(created_at.micros().max(0).unsigned_abs() / 1_000) & 0xFFFF_FFFF_FFFF;
    let noun = u128::from(crc32fast::hash(noun.as_bytes())) & 0xFFF;
    let number = u128::from(number.unsigned_abs()) & NUMBER;
    Uuid::from_u128(millis << 80 | 0x7 << 76 | noun << 64 | 0b10 << 62 | number)
}

/// The id that [`uuid_of`] may have made a uuid of: whether it did, the record's time of creation tells.
pub fn id_in<I: RecordId>(uuid: Uuid) -> I {
    let number = uuid.as_u128() & NUMBER;
    I::from_i64(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The low 62 bits of a uuid.
const NUMBER: u128 = (1 << 62) - 1;

macro_rules! record_ids {
    ($($(#[$doc:meta])* $name:ident = $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl RecordId for $name {
            const NOUN: &'static str = $noun;
            fn from_i64(value: i64) -> Self {
                Self(value)
            }
            fn get(self) -> i64 {
                self.0
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

record_ids! {
    /// A tenant of the deployment.
    TenantId = "tenant";
    /// A user of the deployment; records name their owner by it.
    UserId = "user";
    /// A signed-in session.
    SessionId = "session";
    /// An invitation to become a user.
    InvitationId = "invitation";
    /// An API key.
    ApiKeyId = "api key";
    /// An account (company).
    AccountId = "account";
    /// A contact.
    ContactId = "contact";
    /// A lead.
    LeadId = "lead";
    /// An opportunity (deal).
    OpportunityId = "opportunity";
    /// A pipeline.
    PipelineId = "pipeline";
    /// A stage of a pipeline.
    StageId = "stage";
    /// A handoff of an opportunity.
    HandoffId = "handoff";
    /// An activity.
    ActivityId = "activity";
    /// A tag.
    TagId = "tag";
    /// A ticket.
    TicketId = "ticket";
    /// A comment of a ticket.
    TicketCommentId = "comment";
    /// An SLA policy.
    SlaPolicyId = "SLA policy";
    /// A partner.
    PartnerId = "partner";
    /// A task.
    TaskId = "task";
    /// A custom field.
    CustomFieldId = "custom field";
    /// A webhook.
    WebhookId = "webhook";
    /// A delivery to a webhook.
    DeliveryId = "delivery";
    /// A merge of records.
    MergeId = "merge";
    /// A timer of a record.
    TimerId = "timer";
    /// A job.
    JobId = "job";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_uuid_and_the_noun_tells_uuids_apart() {
        let made = Stamp::from_micros(1_705_312_200_123_456);
        let uuid = uuid_of(UserId::from_i64(456), made);
        assert_eq!(id_in::<UserId>(uuid), UserId::from_i64(456));
        assert_eq!((uuid.get_version_num(), uuid.get_variant()), (7, uuid::Variant::RFC4122));
        assert_ne!(uuid, uuid_of(ApiKeyId::from_i64(456), made));
        assert_ne!(uuid, uuid_of(UserId::from_i64(456), made.plus(std::time::Duration::from_millis(1))));
    }

    #[test]
    fn only_the_canonical_spelling_names_a_record() {
        let parse = |text: &str| AccountId::parse_prefixed(text, "company_").map(RecordId::get);
        for number in [0, 1, 10, i64::MAX] {
            assert_eq!(parse(&format!("company_{number}")), Some(number));
        }
        for text in [
            "",
            "1",
            "company_",
            "company_01",
            "company_00",
            "company_+1",
            "company_-1",
            "company_ 1",
            "company_1 ",
            "company_1x",
            "company_\u{661}",
            "Company_1",
            "company_9223372036854775808",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
