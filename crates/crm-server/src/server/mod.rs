//! The listening server: start it on any port, ask where it listens, stop it gracefully.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use crm_server::{server, settings::Settings, wire::World};
//!
//! let mut settings = Settings::defaults()?;
//! settings.server.bind = "127.0.0.1:0".parse()?;
//! let server = server::start(&settings, &World::real()).await?;
//! println!("http://{}", server.address());
//! server.stop().await
//! # }
//! ```

mod connections;
pub(crate) mod cors;
mod drain;
mod listen;
mod patience;
mod signals;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_server::ServerHandle;
use anyhow::{Context, Result};
use crm_http::App;
use crm_store::Store;
use tokio::{net::TcpSocket, task::JoinHandle};

pub use self::signals::Signals;
use self::{drain::Drain, listen::serve};
use crate::{
    settings::Settings,
    wire::{World, wire},
};

/// A server that listens. Dropping it does not stop it.
pub struct RunningServer {
    address: SocketAddr,
    handle: ServerHandle,
    /// The socket that the workers accept from, to answer those whom no worker takes any more.
    listener: Option<TcpListener>,
    serving: JoinHandle<std::io::Result<()>>,
    app: Arc<App>,
    store: Arc<Store>,
}

/// Opens the databases and starts to listen, in the current tokio runtime.
///
/// # Errors
/// When a database cannot be opened or the address cannot be bound.
pub async fn start(settings: &Settings, world: &World) -> Result<RunningServer> {
    crm_http::shared::jwt::install_crypto_provider();
    let (of_thread, world) = (settings.clone(), world.clone());
    // Opening migrates: that takes its time and blocks.
    let wired = tokio::task::spawn_blocking(move || wire(&of_thread, &world)).await??;
    let listener =
        bind(settings.server.bind).with_context(|| format!("cannot listen on {} (setting server.bind)", settings.server.bind))?;
    let address = listener.local_addr()?;
    let server = serve(settings, listener.try_clone()?, Arc::clone(&wired.app))?;
    wired.app.start_background();
    let handle = server.handle();
    Ok(RunningServer {
        address,
        handle,
        listener: Some(listener),
        serving: tokio::spawn(server),
        app: wired.app,
        store: wired.store,
    })
}

impl RunningServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The application.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The databases.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Stops to listen, answers what was accepted, writes the request log, closes the databases.
    ///
    /// # Errors
    /// When the listener had failed.
    pub async fn stop(mut self) -> Result<()> {
        self.answer_and_stop().await?;
        self.finish().await
    }

    /// Waits until the process is told to stop, then stops as [`RunningServer::stop`]; a second signal ends the wait for running requests.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run_until_told(mut self, mut signals: Signals) -> Result<()> {
        let served = tokio::select! {
            // The listener only ends by itself when it fails.
            ended = &mut self.serving => ended.context("the server's task failed").and_then(|served| served.context("the listener failed")),
            name = signals.next() => {
                tracing::info!(signal = name, "stopping: running requests are answered");
                self.stop_unless_told_again(&mut signals).await
            }
        };
        self.finish().await.and(served)
    }

    async fn stop_unless_told_again(&mut self, signals: &mut Signals) -> Result<()> {
        tokio::select! {
            stopped = self.answer_and_stop() => return stopped,
            name = signals.next() => tracing::warn!(signal = name, "stopping now: running requests are cut off"),
        }
        self.handle.stop(false).await;
        Ok(())
    }

    /// Nobody who was let in is left without an answer: first each answer closes its connection, so that none is cut as idle while the
    /// next request is on its way; then workers finish what was handed to them, and the connections that no worker took are told to come
    /// back.
    async fn answer_and_stop(&mut self) -> Result<()> {
        self.app.begin_stop();
        tokio::time::sleep(HANDOVER).await;
        self.handle.pause().await;
        tokio::time::sleep(HANDOVER).await;
        let drain = self
            .listener
            .take()
            .map(|listener| Drain::start(listener, Arc::clone(&self.app)))
            .transpose()?;
        self.handle.stop(true).await;
        if let Some(drain) = drain {
            drain.finish().await;
        }
        Ok(())
    }

    async fn finish(self) -> Result<()> {
        if !self.serving.is_finished() {
            self.serving
                .await
                .context("the server's task failed")?
                .context("the listener failed")?;
        }
        self.app.shutdown().await;
        let store = self.store;
        tokio::task::spawn_blocking(move || store.close())
            .await
            .context("closing the databases failed")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 2048;

/// Within this time workers take the connections that were accepted before the pause: a worker that stops drops what it has not begun.
const HANDOVER: Duration = Duration::from_millis(100);

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the old connections' TIME_WAIT.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
