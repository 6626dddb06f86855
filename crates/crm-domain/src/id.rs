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

    /// Parses `<prefix><digits>`, e.g. `company_12` or `ACT-00012`, exactly as [`fmt::Display`] of a family would write it but for leading zeros.
    fn parse_prefixed(text: &str, prefix: &str) -> Option<Self> {
        let digits = text.strip_prefix(prefix)?;
        if digits.is_empty() || digits.len() > 19 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().map(Self::from_i64)
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
    /// An activity.
    ActivityId = "activity";
}
