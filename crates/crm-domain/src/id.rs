//! Record ids. Inside, each record has a per-tenant integer; families render their own form of it.

use std::{fmt, hash::Hash};

use serde::Serialize;

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

macro_rules! record_ids {
    ($($(#[$doc:meta])* $name:ident = $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
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
    /// A merge of records.
    MergeId = "merge";
}

#[cfg(test)]
mod tests {
    use super::*;

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
