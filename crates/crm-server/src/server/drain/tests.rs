use serde_json::Value;

use super::*;
use crate::{
    settings::Settings,
    wire::{World, wire},
};

/// What is answered to these bytes by a server that stops.
async fn told(app: &Arc<App>, request: &str) -> String {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let drain = Drain::start(listener, Arc::clone(app)).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // In two pieces: the first line need not come at once.
    let (first, second) = request.split_at(4);
    for piece in [first, second] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    drop(stream);
    drain.finish().await;
    answer
}

fn parts(answer: &str) -> (&str, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn who_comes_while_the_server_stops_is_told_in_the_envelope_of_the_paths_owner() {
    crm_http::shared::jwt::install_crypto_provider();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::defaults().unwrap();
    settings.store.data_dir = folder.path().to_owned();
    let wired = tokio::task::spawn_blocking(move || wire(&settings, &World::real()).unwrap())
        .await
        .unwrap();
    for (path, pointer, expected) in [
        ("/api/v1/external/accounts", "/error", "Service unavailable"),
        ("/api/v1/sync/leads", "/error/code", "INTERNAL_ERROR"),
        ("/api/leads?page=1", "/error/code", "INTERNAL_ERROR"),
        ("/api/v1/contacts", "/error/code", "INTERNAL_ERROR"),
        ("/api/external/deals", "/detail", "The service is temporarily unavailable"),
        ("/api/admin/api-keys", "/error/code", "INTERNAL_ERROR"),
        ("/livez", "/error", "Service Unavailable"),
    ] {
        let answer = told(&wired.app, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let (head, body) = parts(&answer);
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        for line in ["retry-after: 1", "connection: close", "content-type: application/json"] {
            assert!(head.lines().any(|given| given == line), "{line}: {head}");
        }
        assert_eq!(body.pointer(pointer), Some(&expected.into()), "{path}: {body}");
    }
    let answer = told(&wired.app, "what is this\r\n\r\n").await;
    assert_eq!(parts(&answer).1["error"], "Service Unavailable");
    let answer = told(&wired.app, "HEAD /api/leads HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("\r\n\r\n"), "{answer}");
    tokio::task::spawn_blocking(move || wired.store.close()).await.unwrap();
}
