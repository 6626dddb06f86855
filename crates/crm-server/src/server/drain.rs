//! Answers those who connect while the server stops.
//!
//! Between the kernel's accepting a connection and a worker's taking it there is a queue. Closing the socket would reset whoever waits
//! there, request sent or not; so they are accepted here and told to come back.

use std::{net, time::Duration};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// For one connection, in all.
const PATIENCE: Duration = Duration::from_secs(1);

/// The task that answers.
pub(super) struct Drain {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Drain {
    /// Answers from now on; nobody else may accept from the socket.
    pub(super) fn start(listener: net::TcpListener) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            stop,
            task: tokio::spawn(run(listener, stopped)),
        })
    }

    /// Answers who waits, then closes the socket.
    pub(super) async fn finish(self) {
        // A task that is gone already has nobody left to answer.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "answering the last connections failed");
        }
    }
}

async fn run(listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            // Whoever waits comes before the stop.
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    answers.spawn(turn_away(stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept");
                    break;
                }
            },
            _ = &mut stopped => break,
        }
        while answers.try_join_next().is_some() {}
    }
    drop(listener);
    answers.join_all().await;
}

/// Tells whoever connected to come back; who sends no request in time is not told.
pub(super) async fn turn_away(stream: TcpStream) {
    // Either way the connection is closed.
    let _ = tokio::time::timeout(PATIENCE, answer(stream)).await;
}

/// Answers one request. What goes wrong is the client's loss alone: it may have gone away.
async fn answer(mut stream: TcpStream) {
    let mut received = [0; 8 * 1024];
    if !matches!(stream.read(&mut received).await, Ok(1..)) || stream.write_all(ANSWER).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    // Closing with unread bytes would reset the connection and take the answer along.
    while matches!(stream.read(&mut received).await, Ok(1..)) {}
}
