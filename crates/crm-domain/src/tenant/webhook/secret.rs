//! What a webhook's deliveries are signed with.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{clock::Entropy, error::Problem};

const MIN: usize = 16;
const MAX: usize = 256;

/// A signing secret: 16 to 256 characters, used as they are. It is shown once, when the webhook is made.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// Checks a secret that the subscriber chose (contract B-64).
    pub fn parse(given: &str) -> Result<Self, Problem> {
        match given.chars().count() {
            0 => Err(Problem::Required),
            length if length < MIN => Err(Problem::TooShort { min: MIN }),
            length if length > MAX => Err(Problem::TooLong { max: MAX }),
            _ if given.chars().any(char::is_control) => Err(Problem::ControlCharacter),
            // What a form pads with blanks would sign differently from what its owner believes.
            _ if given.trim().len() != given.len() => Err(Problem::Rule("must not begin or end with a space".to_owned())),
            _ => Ok(Self(given.to_owned())),
        }
    }

    /// A new one (contract X-170): 256 bits, in the form that libraries for Standard Webhooks read.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(format!("whsec_{}", STANDARD.encode(bytes)))
    }

    /// Trusts a secret that was parsed before it was sealed.
    pub(super) fn from_vault(opened: String) -> Self {
        Self(opened)
    }

    /// The secret, for its owner or the signature.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    #[test]
    fn a_secret_is_long_enough_and_kept_as_it_is() {
        for good in ["your_webhook_secret", "sixteen letters!", &"ü".repeat(256)] {
            assert_eq!(WebhookSecret::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(WebhookSecret::parse(""), Err(Problem::Required));
        assert_eq!(WebhookSecret::parse("fifteen letters"), Err(Problem::TooShort { min: 16 }));
        assert_eq!(WebhookSecret::parse(&"x".repeat(257)), Err(Problem::TooLong { max: 256 }));
        assert_eq!(WebhookSecret::parse("sixteen letters\n"), Err(Problem::ControlCharacter));
        assert!(matches!(WebhookSecret::parse(" sixteen letters"), Err(Problem::Rule(_))));
    }

    #[test]
    fn made_secrets_differ_and_are_not_shown_by_debug() {
        let (one, two) = (WebhookSecret::random(&SystemEntropy), WebhookSecret::random(&SystemEntropy));
        assert_ne!(one, two);
        assert_eq!(WebhookSecret::parse(one.as_str()), Ok(one.clone()));
        assert_eq!(one.as_str().len(), 6 + 44);
        assert_eq!(format!("{one:?}"), "WebhookSecret(…)");
    }
}
