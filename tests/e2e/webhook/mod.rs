//! Deliveries of webhooks, as other people's code receives them.
//!
//! The receivers stand in `receivers/`, the documents' word for word. Each prints the port that it listens on, and then the body of each delivery
//! that it believes.

mod delivered;
mod target;
mod told;
mod verification;

use crm_tests::client::{Dialogue, Program};

/// A program that receives webhooks.
struct Receiver {
    program: Dialogue,
    url: String,
}

impl Receiver {
    /// The receiver of document 002 (contract C-163).
    fn express(secret: &str) -> Self {
        let text = [
            "const express = require('express');\nconst app = express();\n",
            "const handleWebhookEvent = event => console.log(JSON.stringify(event));\n",
            include_str!("receivers/express.js"),
            include_str!("receivers/listen.js"),
        ];
        Self::start(Program::node(&text.concat()), secret)
    }

    /// What verifies by the function of document 004 (contract E-99).
    fn verify_signature(secret: &str) -> Self {
        let text = [
            include_str!("receivers/verify_signature.py"),
            "\ndef verify(body, headers):\n    return verify_signature(body, headers['X-Webhook-Signature'], SECRET)\n",
            include_str!("receivers/serve.py"),
        ];
        Self::start(Program::python(&text.concat()), secret)
    }

    /// What verifies by the libraries for Standard Webhooks; `format` is `raw` for a secret that is no base64.
    fn standard(secret: &str, format: &str) -> [Self; 2] {
        [Self::standard_from_npm(secret, format), Self::standard_from_pypi(secret, format)]
    }

    fn standard_from_npm(secret: &str, format: &str) -> Self {
        let text = [include_str!("receivers/standardwebhooks.js"), include_str!("receivers/listen.js")];
        Self::start(Program::node(&text.concat()).env("WEBHOOK_SECRET_FORMAT", format), secret)
    }

    fn standard_from_pypi(secret: &str, format: &str) -> Self {
        let text = [include_str!("receivers/standardwebhooks.py"), include_str!("receivers/serve.py")];
        Self::start(Program::python(&text.concat()).env("WEBHOOK_SECRET_FORMAT", format), secret)
    }

    fn start(program: Program, secret: &str) -> Self {
        let mut program = program.env("WEBHOOK_SECRET", secret).start();
        let port = program.hear();
        Self {
            program,
            url: format!("http://127.0.0.1:{port}/webhooks/crm"),
        }
    }
}
