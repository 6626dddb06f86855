//! Sends the deliveries of webhooks.
//!
//! A receiver is a stranger: its name may lead anywhere, and its answer may be slow, endless or no answer at all. So a delivery goes where the
//! deployment allows at the moment of connecting, is over after a fixed time, and leaves a bounded piece of the answer. Connections are kept for a
//! moment: a delivery may arrive twice anyway, by whose id the receiver knows it.

mod answer;
mod failure;
mod judge;
mod promise;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crm_domain::{
    clock::Clock,
    error::Problem,
    tenant::webhook::{
        TargetUrl, Targets,
        sender::{FailureKind, Outgoing, Reply, SendDone, SendFailure, WebhookSender},
    },
};
use reqwest::{
    Client, Method, Request,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::{
    runtime::Handle,
    time::{Instant as Deadline, timeout_at},
};
use url::Url;

use self::{failure::Failure, promise::Promise};
use crate::{
    client::{ClientError, Connections, client},
    resolver::Lookup,
    retry_after,
};

pub use judge::judge;

/// How long a connection waits for the next delivery: less than receivers keep one, of which Node.js's five seconds are the shortest, so that none is
/// used while it is being closed.
const KEPT_FOR: Duration = Duration::from_secs(2);

/// How deliveries are sent.
#[derive(Debug, Clone, Copy)]
pub struct SenderSettings {
    /// Which targets the deployment allows.
    pub targets: Targets,
    /// Within which a connection must be there, TLS included.
    pub connect_within: Duration,
    /// Within which a delivery must be over, connecting included.
    pub total: Duration,
}

impl SenderSettings {
    /// Five seconds to connect, fifteen in all.
    pub fn new(targets: Targets) -> Self {
        Self {
            targets,
            connect_within: Duration::from_secs(5),
            total: Duration::from_secs(15),
        }
    }
}

/// Sends deliveries on `runtime`, as many at once as it is given.
///
/// # Errors
/// When TLS or the client cannot be set up.
pub fn sender(
    settings: SenderSettings,
    lookup: Lookup,
    clock: Arc<dyn Clock>,
    runtime: Handle,
) -> Result<Arc<dyn WebhookSender>, ClientError> {
    let connections = Connections::KeptFor(KEPT_FOR);
    let http = client(lookup, settings.targets, settings.connect_within, connections)?;
    let post = Arc::new(Post { http, settings, clock });
    Ok(Arc::new(Sender { post, runtime }))
}

struct Sender {
    post: Arc<Post>,
    runtime: Handle,
}

impl WebhookSender for Sender {
    fn send(&self, outgoing: Outgoing, done: SendDone) {
        let (post, promise) = (Arc::clone(&self.post), Promise::new(done));
        self.runtime.spawn(async move {
            let sent = post.send(outgoing).await;
            promise.keep(sent);
        });
    }
}

/// What a delivery needs while it is under way.
struct Post {
    http: Client,
    settings: SenderSettings,
    clock: Arc<dyn Clock>,
}

impl Post {
    async fn send(&self, outgoing: Outgoing) -> Result<Reply, SendFailure> {
        let begun = Instant::now();
        let sent = self.exchange(outgoing).await;
        let took = begun.elapsed();
        sent.map(|reply| Reply { took, ..reply })
            .map_err(|Failure { kind, reason }| SendFailure { kind, reason, took })
    }

    async fn exchange(&self, outgoing: Outgoing) -> Result<Reply, Failure> {
        let request = self.request(outgoing)?;
        let deadline = Deadline::now() + self.settings.total;
        let response = match timeout_at(deadline, self.http.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Failure::of(&error, self.settings.connect_within)),
            Err(_) => return Err(Failure::too_late(self.settings.total)),
        };
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after: retry_after::of(response.headers(), self.clock.now()),
            excerpt: answer::excerpt(response, deadline).await,
            took: Duration::ZERO,
        })
    }

    fn request(&self, outgoing: Outgoing) -> Result<Request, Failure> {
        let mut request = Request::new(Method::POST, self.target(&outgoing.url)?);
        *request.headers_mut() = headers(outgoing.headers)?;
        *request.body_mut() = Some(outgoing.body.into());
        Ok(request)
    }

    /// Judges the whole URL again: what the deployment allowed when it was registered it may not allow any more.
    fn target(&self, text: &str) -> Result<Url, Failure> {
        let invalid = |problem: Problem| Failure::new(FailureKind::Invalid, format!("the URL {problem}"));
        if let Err(problem) = TargetUrl::parse(text, self.settings.targets) {
            TargetUrl::parse(text, Targets::Any).map_err(invalid)?;
            return Err(Failure::not_allowed(&problem));
        }
        Url::parse(text.trim()).map_err(|_| invalid(Problem::Url))
    }
}

/// Of two headers with one name the first.
fn headers(given: Vec<(String, String)>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(&value).ok());
        let (name, value) = parsed.ok_or_else(|| Failure::new(FailureKind::Invalid, format!("the header {name:?} cannot be sent")))?;
        headers.entry(name).or_insert(value);
    }
    Ok(headers)
}
