//! Signatures, verified by the documents' own receivers and by the published libraries for Standard Webhooks.

use std::{sync::mpsc, time::Duration};

use crm_domain::{
    clock::{Clock, SystemClock, SystemEntropy, uuid_at},
    stamp::Stamp,
    tenant::webhook::{
        Targets, WebhookFamily, WebhookSecret,
        sender::Outgoing,
        signature::{self, Message},
    },
};
use crm_outbound::{
    resolver,
    webhook::{SenderSettings, sender},
};
use tokio::runtime::Runtime;

use super::Receiver;

const PATIENCE: Duration = Duration::from_secs(60);
/// The body is verified byte for byte: also what is not ASCII, and what a parser would write differently.
const BODY: &str = "{\"event_type\":\"deal.won\",  \"data\":{\"name\":\"Müller 🚀\",\"value\":1.50}}";

impl Receiver {
    /// Believes what is signed, and neither another body nor another signature.
    #[track_caller]
    fn believes(&mut self, family: WebhookFamily, secrets: &[WebhookSecret]) {
        let now = SystemClock.now();
        assert_eq!(deliver(&self.url, signed(family, secrets, now), BODY), 200);
        let heard: serde_json::Value = serde_json::from_str(&self.program.hear()).unwrap();
        assert_eq!(heard, serde_json::from_str::<serde_json::Value>(BODY).unwrap());
        self.disbelieves(signed(family, secrets, now), &BODY.replace("won", "won "));
        self.disbelieves(signed(family, &[WebhookSecret::random(&SystemEntropy)], now), BODY);
    }

    #[track_caller]
    fn disbelieves(&self, headers: Vec<(String, String)>, body: &str) {
        assert_eq!(deliver(&self.url, headers, body), 401);
    }
}

fn signed(family: WebhookFamily, secrets: &[WebhookSecret], sent_at: Stamp) -> Vec<(String, String)> {
    let message = Message {
        id: uuid_at(sent_at, &SystemEntropy),
        event: "deal.won",
        sent_at,
        body: BODY.as_bytes(),
    };
    let headers = signature::headers(family, secrets, &message);
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The status that a receiver answers a delivery with.
fn deliver(url: &str, headers: Vec<(String, String)>, body: &str) -> u16 {
    let runtime = Runtime::new().unwrap();
    let settings = SenderSettings::new(Targets::Any);
    let sender = sender(
        settings,
        resolver::system(),
        std::sync::Arc::new(SystemClock),
        runtime.handle().clone(),
    );
    let outgoing = Outgoing {
        url: url.to_owned(),
        headers,
        body: body.into(),
    };
    let (done, outcome) = mpsc::channel();
    sender.unwrap().send(outgoing, Box::new(move |sent| done.send(sent).unwrap()));
    outcome.recv_timeout(PATIENCE).unwrap().unwrap().status
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

// C-146, C-147, C-148, C-149, C-163, X-10
#[test]
fn the_express_receiver_of_document_002_verifies_what_family_c_signs() {
    for secret in [WebhookSecret::random(&SystemEntropy), secret("our own secret, ümlaut")] {
        Receiver::express(secret.as_str()).believes(WebhookFamily::Saas, std::slice::from_ref(&secret));
    }
}

// E-82, E-85, E-99, X-10: B as E
#[test]
fn the_python_function_of_document_004_verifies_what_families_e_and_b_sign() {
    for secret in [WebhookSecret::random(&SystemEntropy), secret("your_webhook_secret")] {
        let mut receiver = Receiver::verify_signature(secret.as_str());
        for family in [WebhookFamily::Elevate, WebhookFamily::Halopsa] {
            receiver.believes(family, std::slice::from_ref(&secret));
        }
    }
}

#[test]
fn the_libraries_for_standard_webhooks_verify_every_family() {
    for (secret, format) in [
        (WebhookSecret::random(&SystemEntropy), ""),
        (secret("c2l4dGVlbiBsZXR0ZXJz"), ""),
        (secret("your_webhook_secret"), "raw"),
    ] {
        for mut receiver in Receiver::standard(secret.as_str(), format) {
            for family in [WebhookFamily::Saas, WebhookFamily::Elevate, WebhookFamily::Halopsa] {
                receiver.believes(family, std::slice::from_ref(&secret));
            }
        }
    }
}

#[test]
fn while_a_secret_is_replaced_the_libraries_verify_by_the_old_and_by_the_new_one() {
    let both = [WebhookSecret::random(&SystemEntropy), WebhookSecret::random(&SystemEntropy)];
    for mut receiver in both.iter().flat_map(|secret| Receiver::standard(secret.as_str(), "")) {
        receiver.believes(WebhookFamily::Saas, &both);
    }
}

#[test]
fn the_libraries_refuse_what_was_signed_long_ago() {
    let secret = WebhookSecret::random(&SystemEntropy);
    let long_ago = SystemClock.now().minus(Duration::from_secs(6 * 60));
    for receiver in Receiver::standard(secret.as_str(), "") {
        receiver.disbelieves(signed(WebhookFamily::Saas, std::slice::from_ref(&secret), long_ago), BODY);
    }
}
