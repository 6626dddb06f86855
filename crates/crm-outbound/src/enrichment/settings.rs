//! What the deployment says of its provider.

use std::time::Duration;

use crm_domain::tenant::webhook::{TargetUrl, Targets};
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::client::ClientError;

/// The provider and how it is asked. Its `Debug` does not show the key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrichmentSettings {
    /// Where profiles are looked up; empty where no provider is configured.
    pub provider_url: String,
    /// The provider's key; empty where no provider is configured.
    pub api_key: SecretString,
    /// The header of its answers that tells what a lookup cost.
    pub credits_header: String,
    /// Within which a connection must be there.
    pub connect_seconds: u64,
    /// Within which a lookup must be over, connecting included.
    pub total_seconds: u64,
    /// Most bytes of an answer.
    pub response_bytes: usize,
    /// Lookups under way at once, of this process.
    pub parallel: usize,
    /// Whether the provider may be at a private address, and be asked by http.
    pub allow_private_targets: bool,
}

/// A setting is wrong; names it.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// One of two settings that belong together is missing.
    #[error("enrichment.{missing} is empty, but enrichment.{given} is set: both are needed, or neither")]
    Half {
        /// The one.
        missing: &'static str,
        /// The other.
        given: &'static str,
    },
    /// A setting's value is wrong.
    #[error("enrichment.{setting} {problem}")]
    Invalid {
        /// Which.
        setting: &'static str,
        /// How; follows the name.
        problem: String,
    },
    /// The client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The settings of a provider that is there, parsed.
pub(super) struct Configured {
    pub endpoint: Url,
    /// Marked as sensitive, so that nothing shows it.
    pub authorization: HeaderValue,
    pub credits_header: HeaderName,
    pub connect_within: Duration,
    pub total: Duration,
    pub response_bytes: usize,
    pub parallel: usize,
    pub targets: Targets,
}

impl EnrichmentSettings {
    /// The same parsed; `None` where no provider is configured.
    ///
    /// # Errors
    /// [`SetupError`] for what cannot be right.
    pub(super) fn parse(&self) -> Result<Option<Configured>, SetupError> {
        let (url, key) = (self.provider_url.trim(), self.api_key.expose_secret().trim());
        match (url.is_empty(), key.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => return Err(half("provider_url", "api_key")),
            (false, true) => return Err(half("api_key", "provider_url")),
            (false, false) => {}
        }
        let targets = if self.allow_private_targets {
            Targets::Any
        } else {
            Targets::Public
        };
        TargetUrl::parse(url, targets).map_err(|problem| invalid("provider_url", problem))?;
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| invalid("api_key", "must be of printable ASCII characters"))?;
        authorization.set_sensitive(true);
        for (setting, value) in [
            ("connect_seconds", self.connect_seconds),
            ("total_seconds", self.total_seconds),
            ("response_bytes", self.response_bytes as u64),
            ("parallel", self.parallel as u64),
        ] {
            if value == 0 {
                return Err(invalid(setting, "must be at least 1"));
            }
        }
        Ok(Some(Configured {
            endpoint: Url::parse(url).map_err(|error| invalid("provider_url", error))?,
            authorization,
            credits_header: self
                .credits_header
                .parse()
                .map_err(|_| invalid("credits_header", "must be the name of a header"))?,
            connect_within: Duration::from_secs(self.connect_seconds),
            total: Duration::from_secs(self.total_seconds),
            response_bytes: self.response_bytes,
            parallel: self.parallel,
            targets,
        }))
    }
}

fn half(missing: &'static str, given: &'static str) -> SetupError {
    SetupError::Half { missing, given }
}

fn invalid(setting: &'static str, problem: impl ToString) -> SetupError {
    SetupError::Invalid {
        setting,
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(provider_url: &str, api_key: &str) -> EnrichmentSettings {
        EnrichmentSettings {
            provider_url: provider_url.to_owned(),
            api_key: api_key.into(),
            credits_header: "x-proxycurl-credit-cost".to_owned(),
            connect_seconds: 5,
            total_seconds: 20,
            response_bytes: 1 << 20,
            parallel: 2,
            allow_private_targets: false,
        }
    }

    fn refusal(settings: &EnrichmentSettings) -> String {
        match settings.parse() {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{settings:?} was taken"),
        }
    }

    #[test]
    fn a_provider_is_an_address_and_a_key() {
        assert!(settings("", " ").parse().unwrap().is_none());
        assert!(
            settings("https://provider.example/profile?extra=include", "k")
                .parse()
                .unwrap()
                .is_some()
        );
        assert!(refusal(&settings("", "k")).starts_with("enrichment.provider_url is empty"));
        assert!(refusal(&settings("https://provider.example", "")).starts_with("enrichment.api_key is empty"));
    }

    #[test]
    fn what_cannot_be_right_is_named() {
        for url in [
            "http://provider.example",
            "https://127.0.0.1/",
            "https://localhost/",
            "nonsense",
            "https://u:p@provider.example/",
        ] {
            assert!(refusal(&settings(url, "k")).starts_with("enrichment.provider_url "), "{url}");
        }
        let private = EnrichmentSettings {
            allow_private_targets: true,
            ..settings("http://127.0.0.1:8080/profile", "k")
        };
        assert!(private.parse().unwrap().is_some());
        let headerless = EnrichmentSettings {
            credits_header: "no header".to_owned(),
            ..settings("https://provider.example", "k")
        };
        assert!(refusal(&headerless).starts_with("enrichment.credits_header "));
        let idle = EnrichmentSettings {
            parallel: 0,
            ..settings("https://provider.example", "k")
        };
        assert_eq!(refusal(&idle), "enrichment.parallel must be at least 1");
    }

    #[test]
    fn nothing_shows_the_key() {
        let settings = settings("https://provider.example", "very-secret");
        assert!(!format!("{settings:?}").contains("very-secret"));
        let authorization = settings.parse().unwrap().unwrap().authorization;
        assert!(!format!("{authorization:?}").contains("very-secret"));
        let line_break = EnrichmentSettings {
            api_key: "very\nsecret".into(),
            ..settings
        };
        assert!(!refusal(&line_break).contains("secret"));
    }
}
