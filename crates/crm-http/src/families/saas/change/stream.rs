//! The change feed as server-sent events: each change once and in order, also across reconnections.

use std::{convert::Infallible, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE},
    },
    web::Bytes,
};
use crm_domain::{
    Error, Result,
    control::user::Role,
    error::{FieldError, Problem},
    field::parse_integer,
    tenant::change::ChangeFilter,
};
use futures_util::stream::unfold;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::{
    super::{
        context::{self, Permit, Read},
        error::{ErrorResponses, SaasError},
        page::Query,
    },
    ChangeInfo, beyond_the_end, filter,
};
use crate::{
    App,
    shared::{
        call::Call,
        feed::{Follower, Head, Page},
        jwt::Bearer,
    },
};

pub(in super::super) const PATH: &str = "/api/changes/stream";

const LAST_EVENT_ID: &str = "Last-Event-ID";
/// A chunk takes no further event once it is this long: a page of long changes is sent in parts.
const CHUNK: usize = 32 * 1024;

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(in super::super) struct StreamParams {
    /// Begins behind this number; without it and without `Last-Event-ID` at the present end.
    #[param(required = false, minimum = 0)]
    after: i64,
    /// Only changes of these kinds of record, e.g. `company,deal`.
    entity: Option<String>,
}

/// Streams what happens to the tenant's records as server-sent events.
///
/// Each event has the change's number as `id`, `<entity>.<kind>` (e.g. `deal.updated`) as `event`, and as `data` the same object as an
/// item of `/api/changes`. Quiet streams carry a comment every 15 seconds. The stream ends when the access token expires, when its user or
/// session is ended, and when the server stops; `Last-Event-ID` continues it without a gap or a repetition.
#[utoipa::path(
    get, path = PATH, tag = "changes", operation_id = "saas_stream_changes",
    params(StreamParams, ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that arrived; wins over `after`")),
    responses((status = 200, description = "The stream", body = String, content_type = "text/event-stream"), ErrorResponses),
    security(("accessToken" = []))
)]
pub(in super::super) async fn stream(permit: Permit<Read>, call: Call, request: HttpRequest) -> Result<HttpResponse, SaasError> {
    let mut query = Query::parse(request.query_string());
    let after = query.parsed("after", |text| parse_integer(text, 0, i64::MAX));
    let filter = filter::of_entities(&mut query);
    query.finish()?;
    let asked = last_event_id(&request)?
        .map(|seq| (LAST_EVENT_ID, seq))
        .or(after.map(|seq| ("after", seq)));
    let bearer = context::bearer(&call, &request)?;
    let follower = call.app.feeds.follow(&permit.tenant).map_err(|_| SaasError::TooManyStreams)?;
    let end = follower.end().await?;
    let place = match asked {
        Some((name, seq)) if seq > end => return Err(beyond_the_end(name)),
        Some((_, seq)) => seq,
        None => end,
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        // Nothing follows an endless answer.
        .force_close();
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let stream = Stream {
        heartbeat: heartbeat(call.app.settings.change_streams.heartbeat_milliseconds),
        app: Arc::clone(&call.app),
        bearer,
        follower,
        role: permit.user().role,
        filter,
        place,
        told: None,
    };
    Ok(response.streaming(unfold(stream, async |mut stream| {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), stream))
    })))
}

fn bad(name: &str, problem: Problem) -> SaasError {
    SaasError::BadParameters(vec![FieldError {
        field: name.to_owned(),
        problem,
    }])
}

/// The header that a reconnecting client sends; what is no number of an event is refused rather than taken for none.
fn last_event_id(request: &HttpRequest) -> Result<Option<i64>, SaasError> {
    let mut headers = request.headers().get_all(LAST_EVENT_ID);
    let Some(header) = headers.next() else { return Ok(None) };
    let number = || bad(LAST_EVENT_ID, Problem::Rule("must be the id of an event".to_owned()));
    if headers.next().is_some() {
        return Err(number());
    }
    let text = header.to_str().map_err(|_| number())?;
    parse_integer(text, 0, i64::MAX).map(Some).map_err(|_| number())
}

fn heartbeat(milliseconds: u64) -> Interval {
    let period = Duration::from_millis(milliseconds);
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// One client's stream. It holds no rows: a page is read when the one before was handed over, which happens when the connection has room.
struct Stream {
    app: Arc<App>,
    bearer: Bearer,
    follower: Follower,
    /// What the user may read, as of the last look at the token.
    role: Role,
    filter: ChangeFilter,
    heartbeat: Interval,
    /// The number of the last change that was looked at, sent or not wanted.
    place: i64,
    /// The last `id` that the client was told.
    told: Option<i64>,
}

impl Stream {
    /// What to send next, as soon as there is something; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if self.told.is_none() {
            // An id without data is no event, but the place from which a client continues that was cut off before the first one.
            return Some(self.noting_the_place("retry: 2000\n"));
        }
        loop {
            let Head::At(head) = self.follower.head() else { return None };
            if self.place < head {
                match self.read_on().await? {
                    Progress::Chunk(chunk) => return Some(chunk),
                    Progress::NothingWanted => continue,
                    Progress::NothingThere => {}
                }
            }
            tokio::select! {
                () = self.follower.moved() => {}
                _ = self.heartbeat.tick() => {
                    if !self.may_go_on().await {
                        return None;
                    }
                    return Some(self.noting_the_place(": heartbeat\n"));
                }
            }
        }
    }

    /// The events of the next page; `None` ends the stream.
    async fn read_on(&mut self) -> Option<Progress> {
        if !self.may_go_on().await {
            return None;
        }
        let progress = match self.follower.page(self.place).await {
            Ok(page) => self.render(&page),
            Err(error) => Err(error),
        };
        // The client comes back with its last event's id and loses nothing.
        progress
            .inspect_err(|error| tracing::warn!(%error, "a change stream ends: its next page cannot be read"))
            .ok()
    }

    fn render(&mut self, page: &Page) -> Result<Progress> {
        if page.is_empty() {
            return Ok(Progress::NothingThere);
        }
        let mut chunk = String::new();
        for change in page.iter() {
            if chunk.len() >= CHUNK {
                break;
            }
            self.place = change.seq;
            if !self.filter.meets(change) {
                continue;
            }
            let info = ChangeInfo::for_role(change.clone(), self.role)?;
            let data = serde_json::to_string(&info).map_err(|error| Error::Internal(error.to_string()))?;
            chunk.push_str(&format!("id: {}\nevent: {}.{}\ndata: {data}\n\n", info.seq, info.entity, info.kind));
            self.told = Some(change.seq);
        }
        Ok(if chunk.is_empty() {
            Progress::NothingWanted
        } else {
            Progress::Chunk(chunk)
        })
    }

    /// `line` and, where the client does not know it, the place from which it would continue.
    fn noting_the_place(&mut self, line: &str) -> String {
        let news = self.told != Some(self.place);
        self.told = Some(self.place);
        if news {
            format!("{line}id: {}\n\n", self.place)
        } else {
            format!("{line}\n")
        }
    }

    /// Whether the token, its session, its user and the tenant are still in force; an outage ends the stream too, since nobody can say.
    async fn may_go_on(&mut self) -> bool {
        if self.app.clock.now() >= self.bearer.expires_at {
            return false;
        }
        let Ok(Some(principal)) = context::principal(&self.app, self.bearer).await else {
            return false;
        };
        self.role = principal.user.role;
        true
    }
}

/// What looking at a page came to.
enum Progress {
    /// Events to send.
    Chunk(String),
    /// Only changes that the filter leaves out.
    NothingWanted,
    /// No change at all, though the head promised some.
    NothingThere,
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_is_no_event_id_is_refused() {
        let read = |values: &[&str]| {
            let mut request = TestRequest::get();
            for value in values {
                request = request.append_header((LAST_EVENT_ID, *value));
            }
            last_event_id(&request.to_http_request())
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["0"]).unwrap(), Some(0));
        assert_eq!(read(&["41"]).unwrap(), Some(41));
        for bad in [&["-1"][..], &["x"], &[""], &["1.5"], &["9223372036854775808"], &["1", "2"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
