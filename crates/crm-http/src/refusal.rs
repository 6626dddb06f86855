//! Answers to those who ask when no worker can serve them: the server stops, or their address has too many connections.
//!
//! Such a request reaches no route. It is answered all the same as its path's owner answers what cannot be served just now.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse,
    body::MessageBody,
    http::{
        Method, Uri,
        header::{CONNECTION, CONTENT_LENGTH, HeaderMap, RETRY_AFTER},
    },
};

use crate::{
    App, families,
    shared::{
        fault::{Fault, retry_after_seconds},
        pipeline,
    },
};

/// How long whoever is refused should wait.
const COME_BACK: Duration = Duration::from_secs(1);

/// The answer 503 to a request that begins with `head`, as it goes over the wire: in the envelope of the family that owns its path, with
/// `Retry-After`, and closing the connection.
///
/// Of `head` the first line counts; where that is no request line, nobody owns the path. `client` is the address that the connection comes
/// from.
pub fn refusal(app: &Arc<App>, head: &[u8], client: IpAddr) -> Vec<u8> {
    let asked = request_line(head);
    let path = asked.as_ref().map(|(_, target)| target.path());
    let is_head = asked.as_ref().is_some_and(|(method, _)| *method == Method::HEAD);
    let fault = Fault::Domain(crm_domain::Error::Unavailable {
        what: "the server",
        cause: "no worker takes the request".to_owned(),
        retry_after: COME_BACK,
    });
    let owned = path.and_then(|path| families::owner(path).map(|family| (family, path)));
    let response = match owned {
        Some((family, path)) => pipeline::turned_away(app, family, path, client, fault),
        None => unowned(&fault),
    };
    on_the_wire(response, is_head)
}

fn unowned(fault: &Fault) -> HttpResponse {
    let mut response = fault.answer();
    let wait = retry_after_seconds(COME_BACK);
    response.headers_mut().insert(RETRY_AFTER, wait.into());
    response
}

/// Method and target of `GET /path HTTP/1.1`.
fn request_line(head: &[u8]) -> Option<(Method, Uri)> {
    let (line, _) = head.split_at(head.iter().position(|byte| *byte == b'\n')?);
    let mut words = std::str::from_utf8(line).ok()?.trim_end().split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !version.starts_with("HTTP/1.") {
        return None;
    }
    Some((method.parse().ok()?, target.parse().ok()?))
}

fn on_the_wire(response: HttpResponse, is_head: bool) -> Vec<u8> {
    let (response, body) = response.into_parts();
    let status = response.status();
    // What is made of JSON is in memory already; nothing else comes here.
    let body = body.try_into_bytes().unwrap_or_default();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut answer = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    write_headers(response.headers(), &mut answer);
    answer.extend_from_slice(format!("{CONNECTION}: close\r\n{CONTENT_LENGTH}: {}\r\n\r\n", body.len()).as_bytes());
    if !is_head {
        answer.extend_from_slice(&body);
    }
    answer
}

fn write_headers(headers: &HeaderMap, answer: &mut Vec<u8>) {
    for (name, value) in headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_what_is_asked_for() {
        for (head, method, path) in [
            ("GET /api/leads?page=2 HTTP/1.1\r\nHost: x\r\n", Method::GET, "/api/leads"),
            ("HEAD /livez HTTP/1.0\n", Method::HEAD, "/livez"),
            ("POST http://crm.example/api/leads HTTP/1.1\r\n", Method::POST, "/api/leads"),
        ] {
            let (asked, target) = request_line(head.as_bytes()).unwrap();
            assert_eq!((asked, target.path()), (method, path));
        }
        for no_request in [
            "",
            "GET /api/leads HTTP/1.1",
            "GET /api/leads\r\n",
            "nonsense\r\n",
            "GET / a HTTP/1.1\r\n",
            "\u{16}\u{3}\u{1}\n",
        ] {
            assert_eq!(request_line(no_request.as_bytes()), None, "{no_request:?}");
        }
    }
}
