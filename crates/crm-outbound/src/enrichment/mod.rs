//! A provider of LinkedIn profiles that speaks as Proxycurl does (contract D-194, X-153): `GET` with the profile's address in the query and the
//! key as bearer token, answered by a JSON object.

mod profile;
mod settings;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crm_domain::{
    clock::Clock,
    enrichment::{EnrichmentProvider, Found, LookupError, ProfileUrl},
};
use metrics::counter;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderMap},
};
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{sleep, timeout},
};
use url::Url;

use self::settings::Configured;
use crate::{
    client::{Connections, client},
    resolver::{Lookup, NotPublic, check_literal},
    retry_after,
};

pub use settings::{EnrichmentSettings, SetupError};

/// The parameter that names the profile.
const PARAMETER: &str = "linkedin_profile_url";
/// Pauses before another try to connect: nothing was asked yet, so that trying costs nothing.
const CONNECT_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];
/// How long to let a provider alone that wants fewer calls and does not say for how long.
const REST: Duration = Duration::from_secs(60);

/// The provider that the settings name; `None` where they name none. Its calls run on `runtime`, which must go on running on other threads
/// than those that look people up.
///
/// # Errors
/// [`SetupError`] for settings that cannot be right.
pub fn provider(
    settings: &EnrichmentSettings,
    lookup: Lookup,
    clock: Arc<dyn Clock>,
    runtime: Handle,
) -> Result<Option<Arc<dyn EnrichmentProvider>>, SetupError> {
    let Some(configured) = settings.parse()? else { return Ok(None) };
    Ok(Some(Arc::new(Proxycurl {
        http: client(lookup, configured.targets, configured.connect_within, Connections::Fresh)?,
        calls: Semaphore::new(configured.parallel),
        rests_until: Mutex::new(None),
        configured,
        clock,
        runtime,
    })))
}

/// The provider.
struct Proxycurl {
    http: Client,
    configured: Configured,
    calls: Semaphore,
    /// Until when it wants no calls.
    rests_until: Mutex<Option<Instant>>,
    clock: Arc<dyn Clock>,
    runtime: Handle,
}

impl EnrichmentProvider for Proxycurl {
    fn name(&self) -> &'static str {
        "proxycurl"
    }

    fn parallel(&self) -> usize {
        self.configured.parallel
    }

    fn find(&self, person: &ProfileUrl) -> Result<Found, LookupError> {
        let outcome = self.runtime.block_on(self.find_in_turn(person));
        note(&outcome);
        outcome
    }
}

impl Proxycurl {
    async fn find_in_turn(&self, person: &ProfileUrl) -> Result<Found, LookupError> {
        self.check_rest()?;
        let turn = timeout(self.configured.total, self.calls.acquire()).await;
        // The semaphore is never closed.
        let _turn = turn.map_err(|_| LookupError::Busy)?.map_err(|_| LookupError::Busy)?;
        self.check_rest()?;
        let asked = timeout(self.configured.total, self.ask(person)).await;
        let outcome = asked.unwrap_or(Err(LookupError::TimedOut));
        if let Err(LookupError::RateLimited { retry_after }) = &outcome {
            *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(*retry_after);
        }
        outcome
    }

    /// Who was told to wait, waits: a call before that would only be refused again.
    fn check_rest(&self) -> Result<(), LookupError> {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            Ok(())
        } else {
            Err(LookupError::RateLimited { retry_after: left })
        }
    }

    async fn ask(&self, person: &ProfileUrl) -> Result<Found, LookupError> {
        let mut url = self.configured.endpoint.clone();
        check_literal(&url, self.configured.targets).map_err(|_| LookupError::NotPublic)?;
        url.query_pairs_mut().append_pair(PARAMETER, &person.canonical());
        let response = self.connect(url).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let credits = self.credits(&headers);
        match status {
            StatusCode::OK => {
                let body = self.body(response).await?;
                profile::read(&body, credits)
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(LookupError::NoProfile { credits }),
            StatusCode::UNAUTHORIZED => Err(LookupError::KeyRefused),
            StatusCode::PAYMENT_REQUIRED => Err(LookupError::CreditsUsedUp),
            StatusCode::FORBIDDEN => {
                // Proxycurl says by the same status that the credits are used up.
                let body = self.body(response).await.unwrap_or_default();
                let text = String::from_utf8_lossy(&body).to_lowercase();
                Err(if text.contains("credit") {
                    LookupError::CreditsUsedUp
                } else {
                    LookupError::KeyRefused
                })
            }
            StatusCode::TOO_MANY_REQUESTS => Err(LookupError::RateLimited {
                retry_after: retry_after::of(&headers, self.clock.now()).unwrap_or(REST),
            }),
            status if status.is_server_error() => Err(LookupError::Failed {
                status: status.as_u16(),
                retry_after: retry_after::of(&headers, self.clock.now()),
            }),
            status => Err(LookupError::Unreadable {
                cause: format!("status {}", status.as_u16()),
                credits,
            }),
        }
    }

    /// Sends the request; tries again only while there is no connection.
    async fn connect(&self, url: Url) -> Result<Response, LookupError> {
        let mut pauses = CONNECT_PAUSES.into_iter();
        loop {
            let request = self
                .http
                .get(url.clone())
                .header(AUTHORIZATION, self.configured.authorization.clone());
            let error = match request.header(ACCEPT, "application/json").send().await {
                Ok(response) => return Ok(response),
                Err(error) => failed(error),
            };
            match (error, pauses.next()) {
                (LookupError::Unreachable { .. }, Some(pause)) => sleep(pause).await,
                (error, _) => return Err(error),
            }
        }
    }

    /// The body, unless it is too large.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, LookupError> {
        let limit = self.configured.response_bytes;
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(LookupError::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(LookupError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What the provider says that the lookup cost.
    fn credits(&self, headers: &HeaderMap) -> Option<u32> {
        headers.get(&self.configured.credits_header)?.to_str().ok()?.trim().parse().ok()
    }
}

/// What an error of the client is. Its text would name the profile that was asked for.
fn failed(error: reqwest::Error) -> LookupError {
    let error = error.without_url();
    let mut last: &dyn std::error::Error = &error;
    while let Some(cause) = last.source() {
        last = cause;
        if last.is::<NotPublic>() {
            return LookupError::NotPublic;
        }
    }
    let cause = last.to_string();
    if error.is_connect() {
        LookupError::Unreachable { cause }
    } else if error.is_timeout() {
        LookupError::TimedOut
    } else {
        LookupError::BrokeOff { cause }
    }
}

fn note(outcome: &Result<Found, LookupError>) {
    let word = match outcome {
        Ok(_) => "found",
        Err(LookupError::NoProfile { .. }) => "no_profile",
        Err(LookupError::KeyRefused) => "key_refused",
        Err(LookupError::CreditsUsedUp) => "credits_used_up",
        Err(LookupError::RateLimited { .. }) => "rate_limited",
        Err(LookupError::Busy) => "busy",
        Err(LookupError::NotPublic) => "not_public",
        Err(LookupError::Unreachable { .. }) => "unreachable",
        Err(LookupError::TimedOut) => "timed_out",
        Err(LookupError::BrokeOff { .. }) => "broke_off",
        Err(LookupError::Failed { .. }) => "failed",
        Err(LookupError::TooLarge) => "too_large",
        Err(LookupError::Unreadable { .. }) => "unreadable",
    };
    counter!("crm_enrichment_lookups_total", "outcome" => word).increment(1);
    match outcome {
        Ok(_) | Err(LookupError::NoProfile { .. } | LookupError::Busy) => {}
        Err(error @ (LookupError::Unreachable { cause } | LookupError::BrokeOff { cause } | LookupError::Unreadable { cause, .. })) => {
            tracing::warn!(%error, cause, "a lookup failed");
        }
        Err(error) => tracing::warn!(%error, "a lookup failed"),
    }
}
