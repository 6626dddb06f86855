//! The port that sends deliveries, as its adapter keeps it, against a real server that behaves in every way a receiver can.

mod conduct;
mod guard;
mod tls;

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use crm_domain::{
    clock::ManualClock,
    tenant::webhook::{
        Targets,
        sender::{FailureKind, Outgoing, Reply, SendFailure, WebhookSender},
    },
};
use crm_outbound::{
    resolver::{self, Lookup},
    webhook::{SenderSettings, sender},
};
use crm_tests::database::START;
use tokio::runtime::Runtime;

/// Longer than any delivery may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// For tests that wait for the end of it.
const SHORT: Duration = Duration::from_millis(300);

/// An adapter and what it runs on.
struct Desk {
    adapter: Arc<dyn WebhookSender>,
    runtime: Runtime,
}

impl Desk {
    /// One that reaches this machine and has ample time.
    fn new() -> Self {
        Self::with(settings(), resolver::system())
    }

    /// One whose deliveries end soon.
    fn hasty() -> Self {
        Self::with(
            SenderSettings {
                total: SHORT,
                ..settings()
            },
            resolver::system(),
        )
    }

    fn with(settings: SenderSettings, lookup: Lookup) -> Self {
        let runtime = Runtime::new().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let adapter = sender(settings, lookup, clock, runtime.handle().clone()).unwrap();
        Self { adapter, runtime }
    }

    fn send(&self, outgoing: Outgoing) -> Result<Reply, SendFailure> {
        self.begin(outgoing).recv_timeout(PATIENCE).expect("every delivery comes to an end")
    }

    /// Sends, and lets the caller wait.
    fn begin(&self, outgoing: Outgoing) -> mpsc::Receiver<Result<Reply, SendFailure>> {
        let (done, outcome) = mpsc::channel();
        // Whoever does not wait for it any more needs no outcome.
        self.adapter.send(outgoing, Box::new(move |sent| drop(done.send(sent))));
        outcome
    }

    #[track_caller]
    fn failure(&self, outgoing: Outgoing) -> (FailureKind, String) {
        let failure = self.send(outgoing).expect_err("it is not answered");
        (failure.kind, failure.reason)
    }
}

fn settings() -> SenderSettings {
    SenderSettings {
        total: PATIENCE,
        ..SenderSettings::new(Targets::Any)
    }
}

fn outgoing(url: impl Into<String>) -> Outgoing {
    Outgoing {
        url: url.into(),
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: br#"{"event_type":"deal.won"}"#.to_vec(),
    }
}
