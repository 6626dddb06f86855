//! Looking people up for requests: on threads of their own, as many as the provider is asked at once.

use std::sync::Arc;

use crm_domain::{
    Error,
    enrichment::{EnrichmentProvider, Found, LookupError, ProfileUrl},
};

use super::thread_pool::ThreadPool;

/// How many lookups may wait for each one under way; further ones are answered 503.
const QUEUE: usize = 4;

/// Why nobody was found.
#[derive(Debug, thiserror::Error)]
pub enum LookupFailure {
    /// The deployment has no provider (contract X-153).
    #[error("no provider of profiles is configured")]
    NotConfigured,
    /// The provider has no profile for us.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// This server is overloaded.
    #[error(transparent)]
    Server(#[from] Error),
}

/// The way to the provider.
pub struct Lookups(Option<Configured>);

struct Configured {
    provider: Arc<dyn EnrichmentProvider>,
    pool: ThreadPool,
}

impl Lookups {
    /// The way to a provider, if there is one.
    pub fn new(provider: Option<Arc<dyn EnrichmentProvider>>) -> Self {
        Self(provider.map(|provider| {
            let threads = provider.parallel().max(1);
            Configured {
                pool: ThreadPool::new("lookups", threads, threads.saturating_mul(QUEUE)),
                provider,
            }
        }))
    }

    /// What the provider is called; `None` where there is none.
    pub fn provider(&self) -> Option<&'static str> {
        self.0.as_ref().map(|configured| configured.provider.name())
    }

    /// # Errors
    /// [`LookupFailure::NotConfigured`].
    pub fn check(&self) -> Result<(), LookupFailure> {
        match self.0 {
            Some(_) => Ok(()),
            None => Err(LookupFailure::NotConfigured),
        }
    }

    /// Looks a person up.
    ///
    /// # Errors
    /// [`LookupFailure`].
    pub async fn find(&self, person: ProfileUrl) -> Result<Found, LookupFailure> {
        let configured = self.0.as_ref().ok_or(LookupFailure::NotConfigured)?;
        let provider = Arc::clone(&configured.provider);
        Ok(configured.pool.run(move || provider.find(&person)).await??)
    }
}
