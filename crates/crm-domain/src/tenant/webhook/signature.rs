//! How deliveries are signed: as the document of the webhook's family says, and by Standard Webhooks
//! (<https://www.standardwebhooks.com>) besides, whose published libraries receivers can use.
//!
//! The documents' receivers take the secret's characters for the key. The libraries decode them as base64, after `whsec_` where it is written.
//! So `webhook-signature` is made with the key that the libraries make of the same secret: the decoded bytes; or the characters where they are
//! no base64, for which the libraries have an option (`format: "raw"` in JavaScript, the secret as `bytes` in Python).

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{WebhookFamily, WebhookSecret};
use crate::{control::refresh_token::hex, stamp::Stamp};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Names the delivery: repeats carry the same, by which receivers know them.
    pub id: Uuid,
    /// What happened, in the family's word.
    pub event: &'a str,
    /// When it is sent, not when it happened: receivers refuse what was signed long ago.
    pub sent_at: Stamp,
    /// The body, byte for byte as it is sent.
    pub body: &'a [u8],
}

/// The headers of a delivery: type, signature, event and time as the family's document says (contract C-146 … C-148, E-81 … E-85, X-10), and those
/// of Standard Webhooks.
///
/// `secrets` are all that are valid now, the newest first; only a deleted webhook has none, and nothing is delivered to it.
/// `X-Webhook-Signature` has room for one signature, which is the newest's; `webhook-signature` has one of each.
pub fn headers(family: WebhookFamily, secrets: &[WebhookSecret], message: &Message) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Content-Type", "application/json".to_owned()),
        ("X-Webhook-Event", message.event.to_owned()),
        ("X-Webhook-Timestamp", message.sent_at.to_second_precision()),
        ("webhook-id", message.id.to_string()),
        ("webhook-timestamp", message.sent_at.seconds().to_string()),
    ];
    if let Some(newest) = secrets.first() {
        headers.push(("X-Webhook-Signature", of_body(family, newest, message.body)));
        let signatures: Vec<String> = secrets.iter().map(|secret| standard(secret, message)).collect();
        headers.push(("webhook-signature", signatures.join(" ")));
    }
    headers
}

/// By the family's document: of the body alone, in hex; C without a prefix, B as E (contract X-10).
fn of_body(family: WebhookFamily, secret: &WebhookSecret, body: &[u8]) -> String {
    let signature = hex(&signed(secret.as_str().as_bytes(), &[body]));
    match family {
        WebhookFamily::Saas => signature,
        WebhookFamily::Elevate | WebhookFamily::Halopsa => format!("sha256={signature}"),
    }
}

/// By Standard Webhooks: of id, time and body.
fn standard(secret: &WebhookSecret, message: &Message) -> String {
    let head = format!("{}.{}.", message.id, message.sent_at.seconds());
    let signature = signed(&standard_key(secret.as_str()), &[head.as_bytes(), message.body]);
    format!("v1,{}", STANDARD.encode(signature))
}

/// Takes base64 with and without its padding, as the libraries do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn standard_key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    LENIENT.decode(encoded).unwrap_or_else(|_| secret.as_bytes().to_vec())
}

fn signed(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new(&block(key).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A key as a block of the digest (RFC 2104): a longer one is digested, a shorter one filled with zeros.
fn block(key: &[u8]) -> [u8; 64] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    block
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::SystemEntropy;

    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret(text: &str) -> WebhookSecret {
        WebhookSecret::parse(text).unwrap()
    }

    fn message() -> Message<'static> {
        Message {
            id: Uuid::from_u128(7),
            event: "deal.won",
            sent_at: Stamp::from_micros(1_614_265_330_999_999),
            body: BODY,
        }
    }

    #[track_caller]
    fn value(headers: &[(&str, String)], name: &str) -> String {
        let found: Vec<&String> = headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].clone()
    }

    /// C-146 … C-148, E-81 … E-85, X-10; B signs as E does.
    #[test]
    fn each_family_signs_as_its_document_says() {
        // printf '{"test": 2432232314}' | openssl dgst -sha256 -hmac your_webhook_secret
        let expected = "3075030eed9cbe138b09066f02bc2dc042c3fcebf1edfef22794b8fdfafaa409";
        for (family, prefix) in [
            (WebhookFamily::Saas, ""),
            (WebhookFamily::Elevate, "sha256="),
            (WebhookFamily::Halopsa, "sha256="),
        ] {
            let headers = headers(family, &[secret("your_webhook_secret"), secret("the one before it")], &message());
            assert_eq!(value(&headers, "X-Webhook-Signature"), format!("{prefix}{expected}"));
            assert_eq!(value(&headers, "Content-Type"), "application/json");
            assert_eq!(value(&headers, "X-Webhook-Event"), "deal.won");
            assert_eq!(value(&headers, "X-Webhook-Timestamp"), "2021-02-25T15:02:10Z");
            assert_eq!(value(&headers, "webhook-id"), "00000000-0000-0000-0000-000000000007");
            assert_eq!(value(&headers, "webhook-timestamp"), "1614265330");
        }
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn standard_webhooks_are_signed_as_specified() {
        let key = standard_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = signed(&key, &[b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.", BODY]);
        assert_eq!(STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_two_secrets_are_valid_both_sign() {
        let both = [WebhookSecret::random(&SystemEntropy), secret("your_webhook_secret")];
        let of = |secrets: &[WebhookSecret]| {
            let headers = headers(WebhookFamily::Saas, secrets, &message());
            (value(&headers, "X-Webhook-Signature"), value(&headers, "webhook-signature"))
        };
        let (by_new, by_old, by_both) = (of(&both[..1]), of(&both[1..]), of(&both));
        assert_eq!(by_both, (by_new.0, format!("{} {}", by_new.1, by_old.1)));
    }

    #[test]
    fn a_secret_is_the_key_that_the_libraries_make_of_it() {
        let made = WebhookSecret::random(&SystemEntropy);
        assert_eq!(standard_key(made.as_str()).len(), 32);
        for (secret, key) in [
            ("whsec_c2l4dGVlbiBsZXR0ZXJz", "sixteen letters"),
            ("c2l4dGVlbiBsZXR0ZXJz", "sixteen letters"),
            ("c2l4dGVlbiBsZXR0ZXI=", "sixteen letter"),
            ("c2l4dGVlbiBsZXR0ZXI", "sixteen letter"),
            // No base64: the characters themselves.
            ("your_webhook_secret", "your_webhook_secret"),
            ("whsec_not base64 at all", "whsec_not base64 at all"),
        ] {
            assert_eq!(standard_key(secret), key.as_bytes(), "{secret}");
        }
    }

    proptest! {
        /// Keys of every length, shorter and longer than a block, are those of RFC 2104.
        #[test]
        fn any_key_signs(key in prop::collection::vec(any::<u8>(), 0..200), body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(&body);
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            prop_assert_eq!(signed(&key, &[&body]), expected);
        }
    }
}
