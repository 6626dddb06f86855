//! How an import gets on, as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE},
    },
    web::{self, Bytes},
};
use crm_domain::{Error, Result, control::session::Cookie};
use futures_util::stream::unfold;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{EVENTS, find, parse, wire::Import};
use crate::{
    App,
    families::contacts::{
        context::Browser,
        error::{ApiError, ErrorResponses, LookupResponses},
    },
    shared::{
        call::Call,
        feed::{Follower, Head},
        session_cookie::session_cookie,
        tenant::TenantSession,
    },
};

/// Between two looks at the job.
const LOOK: Duration = Duration::from_millis(400);

/// Streams how an import gets on as server-sent events, until it is over.
///
/// Each event has `progress` as `event`, the last one the job's status (`completed`, `failed` or `cancelled`), and as `data` the same object as
/// `GET /api/import/{id}`. Quiet streams carry a comment every 15 seconds.
#[utoipa::path(
    get, path = EVENTS, tag = "contacts import", operation_id = "contacts_follow_import", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The stream", body = String, content_type = "text/event-stream"), ErrorResponses, LookupResponses),
    security(("contacts_session" = []))
)]
pub(in super::super) async fn events(
    browser: Browser,
    call: Call,
    request: HttpRequest,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let uuid = parse(&path)?;
    find(&browser.tenant, uuid).await?;
    let cookie = session_cookie(request.head()).ok_or(ApiError::NoSession)?;
    let follower = call.app.feeds.follow(&browser.tenant).map_err(|_| Error::Unavailable {
        what: "the stream of an import",
        cause: "the tenant has as many streams as it may".to_owned(),
        retry_after: Duration::from_secs(5),
    })?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .force_close();
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let stream = Stream {
        app: Arc::clone(&call.app),
        cookie,
        tenant: browser.tenant,
        follower,
        uuid,
        told: None,
        is_over: false,
        heard: Instant::now(),
    };
    Ok(response.streaming(unfold(stream, async |mut stream| {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), stream))
    })))
}

/// One client's stream.
struct Stream {
    app: Arc<App>,
    cookie: Cookie,
    tenant: TenantSession,
    /// Keeps a place among the tenant's streams, and tells when the server stops.
    follower: Follower,
    uuid: Uuid,
    told: Option<Import>,
    is_over: bool,
    /// When the client last heard something.
    heard: Instant,
}

impl Stream {
    /// What to send next; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        let heartbeat = Duration::from_millis(self.app.settings.change_streams.heartbeat_milliseconds);
        while !self.is_over && self.follower.head() != Head::Closed {
            let told = self
                .look()
                .await
                .inspect_err(|error| tracing::warn!(%error, "the stream of an import ends"))
                .ok()?;
            if told.is_some() {
                self.heard = Instant::now();
                return told;
            }
            if self.heard.elapsed() >= heartbeat {
                self.heard = Instant::now();
                return self.may_go_on().await.then(|| ": heartbeat\n\n".to_owned());
            }
            sleep(LOOK).await;
        }
        None
    }

    /// The event, when there is news.
    async fn look(&mut self) -> Result<Option<String>> {
        let job = find(&self.tenant, self.uuid).await?;
        let now = Import::of(&job, self.app.clock.now())?;
        let is_news = |told: &Import| !told.is_same(&now);
        if !self.told.as_ref().is_none_or(is_news) {
            return Ok(None);
        }
        self.is_over = now.status.is_over();
        let event = if self.is_over { now.status.as_str() } else { "progress" };
        let data = serde_json::to_string(&now).map_err(|error| Error::Internal(error.to_string()))?;
        self.told = Some(now);
        Ok(Some(format!("event: {event}\ndata: {data}\n\n")))
    }

    /// Whether the user is still let in.
    async fn may_go_on(&self) -> bool {
        let (now, idle) = (self.app.clock.now(), self.app.settings.sessions.idle());
        matches!(self.app.auth.cookie_principal(&self.cookie, now, idle).await, Ok(Some(_)))
    }
}
