//! A connection whose client must keep reading.
//!
//! actix has deadlines for what it reads and none for what it writes: a client that asks for a long answer and takes nothing of it would
//! keep the connection and the answer's memory for as long as it likes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::connections::Place;

/// Bytes per second that a client takes at least, once it has kept the server waiting for [`Patience::limit`].
const LEAST_RATE: u64 = 1_024;

/// A stream that breaks off when its other side does not take what is written.
pub(super) struct Patience<S> {
    stream: S,
    /// How long written bytes may wait.
    limit: Duration,
    /// Runs from the first byte that had to wait until everything is written.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Given back with the stream.
    _place: Place,
}

impl<S> Patience<S> {
    pub(super) fn new(stream: S, limit: Duration, place: Place) -> Self {
        Self {
            stream,
            limit,
            waiting: None,
            _place: place,
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        let late = || io::Error::new(io::ErrorKind::TimedOut, "the client does not take its answer");
        waiting.as_mut().poll(context).map(|()| late())
    }

    fn extend(&mut self, taken: usize) {
        let Some(waiting) = &mut self.waiting else { return };
        let until = extended(waiting.deadline(), taken, Instant::now(), self.limit);
        waiting.as_mut().reset(until);
    }
}

/// What was taken buys time at [`LEAST_RATE`], but never more than the limit: a client that takes a byte now and then runs out of it.
fn extended(deadline: Instant, taken: usize, now: Instant, limit: Duration) -> Instant {
    let bought = Duration::from_micros((taken as u64).saturating_mul(1_000_000) / LEAST_RATE);
    (deadline + bought.min(limit)).min(now + limit)
}

impl<S: AsyncRead + Unpin> AsyncRead for Patience<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patience<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(Ok(taken)) => {
                self.extend(taken);
                Poll::Ready(Ok(taken))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.wait(context).map(Err),
        }
    }

    /// actix flushes when it has written all it had.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_ready() {
            self.waiting = None;
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::{super::connections::Connections, *};

    const PIPE: usize = 64;

    fn pair(limit: Duration) -> (Patience<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(PIPE);
        let place = Connections::new(0, Vec::new()).admit([127, 0, 0, 1].into()).unwrap();
        (Patience::new(server, limit, place), client)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let limit = Duration::from_millis(50);
        let (mut server, _client) = pair(limit);
        let started = Instant::now();
        let error = server.write_all(&[0; PIPE + 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= limit);
    }

    #[tokio::test]
    async fn a_client_that_reads_gets_everything_and_is_not_waited_for_afterwards() {
        let (mut server, mut client) = pair(Duration::from_secs(60));
        let reader = tokio::spawn(async move {
            let mut taken = Vec::new();
            client.read_to_end(&mut taken).await.map(|_| taken.len())
        });
        server.write_all(&[0; PIPE * 100]).await.unwrap();
        assert!(server.waiting.is_some(), "the pipe is smaller than what was written");
        server.flush().await.unwrap();
        assert!(server.waiting.is_none());
        drop(server);
        assert_eq!(reader.await.unwrap().unwrap(), PIPE * 100);
    }

    #[test]
    fn what_is_taken_buys_time_up_to_the_limit() {
        let (start, limit) = (Instant::now(), Duration::from_secs(30));
        let deadline = start + limit;
        let second = Duration::from_secs(1);
        let rate = LEAST_RATE as usize;
        // At the least rate the deadline stays as far away as it is.
        assert_eq!(extended(deadline, rate * 5, start + 5 * second, limit), deadline + 5 * second);
        // Below it, it comes nearer.
        assert!(extended(deadline, 1, start + 5 * second, limit) < deadline + second);
        // A burst buys no more than the limit.
        assert_eq!(extended(deadline, usize::MAX, start + second, limit), start + second + limit);
    }
}
