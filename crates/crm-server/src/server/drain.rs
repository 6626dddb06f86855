//! Answers those who connect while the server stops.
//!
//! Between the kernel's accepting a connection and a worker's taking it there is a queue. Closing the socket would reset whoever waits
//! there, request sent or not; so they are accepted here and told to come back.

use std::{io, net, sync::Arc, time::Duration};

use anyhow::Result;
use crm_http::{App, refusal};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};

/// As much of a request is read before it is answered, if its first line is that long.
const HEAD_BYTES: usize = 8 * 1024;

/// For one connection, in all.
const PATIENCE: Duration = Duration::from_secs(1);

/// The task that answers.
pub(super) struct Drain {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Drain {
    /// Answers from now on; nobody else may accept from the socket.
    pub(super) fn start(listener: net::TcpListener, app: Arc<App>) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            stop,
            task: tokio::spawn(run(listener, app, stopped)),
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

async fn run(listener: TcpListener, app: Arc<App>, mut stopped: oneshot::Receiver<()>) {
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            // Whoever waits comes before the stop.
            biased;
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    answers.spawn(turn_away(stream, Arc::clone(&app)));
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
pub(super) async fn turn_away(stream: TcpStream, app: Arc<App>) {
    // Either way the connection is closed.
    let _ = tokio::time::timeout(PATIENCE, answer(stream, &app)).await;
}

/// Answers one request. What goes wrong is the client's loss alone: it may have gone away.
async fn answer(mut stream: TcpStream, app: &Arc<App>) -> io::Result<()> {
    let mut received = [0; HEAD_BYTES];
    let length = read_line(&mut stream, &mut received).await?;
    if length == 0 {
        return Ok(());
    }
    let answer = refusal(app, &received[..length], stream.peer_addr()?.ip());
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    // Closing with unread bytes would reset the connection and take the answer along.
    while stream.read(&mut received).await? > 0 {}
    Ok(())
}

/// Reads until a line has ended, the buffer is full, or nothing more comes.
async fn read_line(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        let read = stream.read(&mut buffer[length..]).await?;
        let ended = buffer[length..length + read].contains(&b'\n');
        length += read;
        if read == 0 || ended {
            break;
        }
    }
    Ok(length)
}

#[cfg(test)]
mod tests;
