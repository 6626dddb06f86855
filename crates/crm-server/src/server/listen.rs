//! Serves the application on a socket.
//!
//! It is what actix-web's `HttpServer` does, with two things between the socket and HTTP that it has no place for: a number of connections
//! per address, and a limit on how long a client may leave its answer unread.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    sync::Arc,
    thread,
    time::Duration,
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{App as ActixApp, dev::AppConfig, middleware::Condition, rt, rt::net::TcpStream};
use anyhow::{Context, Result};
use crm_http::App;

use super::{connections::Connections, cors::cors, drain::turn_away, patience::Patience};
use crate::settings::{ServerSettings, Settings};

/// Starts the workers.
pub(super) fn serve(settings: &Settings, listener: TcpListener, app: Arc<App>) -> Result<Server> {
    let server = settings.server.clone();
    let workers = if server.workers == 0 { processors() } else { server.workers };
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(server.max_connections)
        .worker_max_blocking_threads(blocking_threads(settings, workers))
        .shutdown_timeout(server.shutdown_seconds)
        .disable_signals();
    let builder = listen(builder, server, listener, app).context("cannot serve on the listener")?;
    Ok(builder.run())
}

fn listen(builder: ServerBuilder, server: ServerSettings, listener: TcpListener, app: Arc<App>) -> io::Result<ServerBuilder> {
    let address = listener.local_addr()?;
    let stopping = builder.graceful_shutdown_signal();
    let connections = Connections::new(server.connections_per_address, server.trusted_proxies.clone());
    builder.listen("http", listener, move || {
        let origins = &server.cors_origins;
        let service = ActixApp::new()
            .wrap(Condition::new(!origins.is_empty(), cors(origins)))
            .configure(crm_http::configure(Arc::clone(&app)));
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(Duration::from_secs(server.keep_alive_seconds))
            .client_request_timeout(Duration::from_secs(server.request_head_seconds))
            .client_disconnect_timeout(Duration::from_secs(1))
            .local_addr(address)
            .finish(map_config(service.into_factory(), |()| AppConfig::default()));
        let (connections, app) = (Arc::clone(&connections), Arc::clone(&app));
        let limit = Duration::from_secs(server.write_seconds);
        fn_service(move |stream: TcpStream| {
            let (connections, app) = (Arc::clone(&connections), Arc::clone(&app));
            async move {
                let peer = stream.peer_addr()?;
                match connections.admit(peer.ip()) {
                    Some(place) => Ok((Patience::new(stream, limit, place), Protocol::Http1, Some(peer))),
                    None => Err(refuse(&connections, app, stream, peer)),
                }
            }
        })
        .and_then(http)
    })
}

/// Tells the client so beside the worker's own connections, of which a refused one must not take a place.
fn refuse(connections: &Connections, app: Arc<App>, stream: TcpStream, peer: SocketAddr) -> DispatchError {
    tracing::debug!(%peer, "too many connections of one address");
    if let Some(turn) = connections.turn_to_refuse() {
        rt::spawn(async move {
            turn_away(stream, app).await;
            drop(turn);
        });
    }
    DispatchError::Io(io::Error::other("too many connections of one address"))
}

/// As many as reading connections, spread over the workers: more would only queue for a connection, and cost memory and context switches.
fn blocking_threads(settings: &Settings, workers: usize) -> usize {
    match settings.server.blocking_threads {
        0 => (settings.store.connections_per_tenant as usize).div_ceil(workers).max(2),
        given => given,
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
