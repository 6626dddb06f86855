//! Looking people up at a provider of LinkedIn profiles (contract D-193 … D-202, X-153): the port, what it answers and why it may not.
//!
//! A lookup costs money, so a failed one says whether anything was asked at all and whether asking again makes sense. What a profile does to
//! a contact is [`crate::usecase::enrich`]'s matter.

mod profile;
mod profile_url;

use std::time::Duration;

pub use profile::{Profile, RawProfile};
pub use profile_url::ProfileUrl;

/// Looks people up.
pub trait EnrichmentProvider: Send + Sync + 'static {
    /// What the provider is called (contract D-194).
    fn name(&self) -> &'static str;
    /// How many lookups may be under way at once; further ones wait for their turn, and not for ever.
    fn parallel(&self) -> usize;
    /// Looks a person up. It blocks until the provider has answered or its time is over, so it belongs on no async thread.
    fn find(&self, person: &ProfileUrl) -> Result<Found, LookupError>;
}

/// A person who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is known.
    pub profile: Profile,
    /// What the lookup cost (contract D-198); `None` when the provider does not say.
    pub credits: Option<u32>,
}

/// Why a lookup has no profile. The texts are shown to users and kept with jobs: they hold neither key nor address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// There is no such profile. Providers may ask for credits all the same.
    #[error("LinkedIn profile not found")]
    NoProfile {
        /// What it cost.
        credits: Option<u32>,
    },
    /// The deployment's key is not in force.
    #[error("The enrichment provider refuses this server's API key")]
    KeyRefused,
    /// The deployment's credits are used up.
    #[error("The enrichment provider has no credits left for this server")]
    CreditsUsedUp,
    /// The provider wants fewer calls. Nothing was looked up.
    #[error("The enrichment provider asks this server to wait")]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// As many lookups as the deployment allows are under way. Nothing was asked.
    #[error("Too many enrichment lookups are under way")]
    Busy,
    /// The provider's address leads to where this deployment does not go. Nothing was asked.
    #[error("The enrichment provider's address leads to a private or special address")]
    NotPublic,
    /// There is no connection to the provider. Nothing was asked.
    #[error("The enrichment provider cannot be reached")]
    Unreachable {
        /// The technical cause, for the log.
        cause: String,
    },
    /// The provider was asked and did not answer in time.
    #[error("The enrichment provider did not answer in time")]
    TimedOut,
    /// The provider was asked and the connection broke off before the end of its answer.
    #[error("The connection to the enrichment provider broke off")]
    BrokeOff {
        /// The technical cause, for the log.
        cause: String,
    },
    /// The provider failed.
    #[error("The enrichment provider failed with status {status}")]
    Failed {
        /// The status, 500 to 599.
        status: u16,
        /// When to come back, where it says so.
        retry_after: Option<Duration>,
    },
    /// The answer is longer than the deployment reads.
    #[error("The enrichment provider's answer is too large")]
    TooLarge,
    /// The answer is no profile: another status, a redirection, no JSON, or one without a name.
    #[error("The enrichment provider's answer cannot be understood")]
    Unreadable {
        /// The technical cause, for the log.
        cause: String,
        /// What it cost.
        credits: Option<u32>,
    },
}

/// When to come back where nobody says.
const SOON: Duration = Duration::from_secs(5);
/// When to come back to a provider in trouble.
const LATER: Duration = Duration::from_secs(30);

impl LookupError {
    /// When the same lookup may succeed; `None` where only people can help, and where it would cost the same again for the same answer.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Busy => Some(SOON),
            Self::Failed { retry_after, .. } => Some(retry_after.unwrap_or(LATER)),
            Self::Unreachable { .. } | Self::TimedOut | Self::BrokeOff { .. } => Some(LATER),
            Self::NoProfile { .. }
            | Self::KeyRefused
            | Self::CreditsUsedUp
            | Self::NotPublic
            | Self::TooLarge
            | Self::Unreadable { .. } => None,
        }
    }

    /// What the lookup cost, as far as the provider says.
    pub fn credits(&self) -> Option<u32> {
        match self {
            Self::NoProfile { credits } | Self::Unreadable { credits, .. } => *credits,
            Self::KeyRefused
            | Self::CreditsUsedUp
            | Self::RateLimited { .. }
            | Self::Busy
            | Self::NotPublic
            | Self::Unreachable { .. }
            | Self::TimedOut
            | Self::BrokeOff { .. }
            | Self::Failed { .. }
            | Self::TooLarge => None,
        }
    }

    /// Whether nothing reached the provider, or it turned the call away before looking anybody up.
    pub fn is_unasked(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Busy | Self::NotPublic | Self::Unreachable { .. } => true,
            Self::NoProfile { .. }
            | Self::KeyRefused
            | Self::CreditsUsedUp
            | Self::TimedOut
            | Self::BrokeOff { .. }
            | Self::Failed { .. }
            | Self::TooLarge
            | Self::Unreadable { .. } => false,
        }
    }
}
