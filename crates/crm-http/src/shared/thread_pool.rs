//! Where work runs that takes long and is no database's: a few threads of its own with a bounded queue. A round of bcrypt takes some 200 ms,
//! another server's answer seconds: on the blocking pool a handful of those would keep every database call waiting.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use crm_domain::{Error, Result};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads for one kind of work.
pub struct ThreadPool {
    what: &'static str,
    jobs: SyncSender<Job>,
}

impl ThreadPool {
    /// A pool of `threads` threads for what is named; `queue` jobs may wait.
    pub fn new(what: &'static str, threads: usize, queue: usize) -> Self {
        let (jobs, receiver) = sync_channel::<Job>(queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.max(1) {
            let receiver = Arc::clone(&receiver);
            let thread = std::thread::Builder::new().name(format!("{what} {number}"));
            // With no thread at all the channel closes and every job is answered as overload.
            if let Err(error) = thread.spawn(move || work(&receiver)) {
                tracing::error!(%error, "cannot start a thread for {what}");
            }
        }
        Self { what, jobs }
    }

    /// Runs `job` on the pool. One that nobody waits for any more when its turn comes is not run.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the queue is full, [`Error::Internal`] when the job panicked.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move || {
            if !sender.is_closed() {
                // A client that went away meanwhile no longer wants the result.
                let _ = sender.send(job());
            }
        });
        self.jobs.try_send(job).map_err(|_| Error::Unavailable {
            what: self.what,
            cause: "its queue is full".to_owned(),
            retry_after: Duration::from_secs(1),
        })?;
        receiver
            .await
            .map_err(|_| Error::Internal(format!("a job of {} panicked", self.what)))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = match jobs.lock() {
            Ok(jobs) => jobs.recv(),
            Err(poisoned) => poisoned.into_inner().recv(),
        };
        let Ok(job) = next else { return };
        // The job's caller hears of a panic by its dropped channel; the thread must live on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn runs_jobs_and_outlives_a_panic() {
        let pool = ThreadPool::new("tests", 1, 4);
        assert_eq!(pool.run(|| 6 * 7).await.unwrap(), 42);
        assert!(matches!(pool.run(|| -> u8 { panic!("as a test") }).await, Err(Error::Internal(_))));
        assert_eq!(pool.run(|| 1).await.unwrap(), 1);
    }

    #[actix_web::test]
    async fn a_full_queue_is_overload() {
        let pool = ThreadPool::new("tests", 1, 1);
        let (open, gate) = sync_channel::<()>(0);
        let (entered, running) = oneshot::channel();
        let first = pool.run(move || {
            entered.send(()).unwrap();
            gate.recv()
        });
        let both = async {
            running.await.unwrap();
            let second = pool.run(|| ());
            let third = async {
                assert!(matches!(pool.run(|| ()).await, Err(Error::Unavailable { .. })));
                open.send(()).unwrap();
            };
            futures_util::future::join(second, third).await.0.unwrap();
        };
        let (first, ()) = futures_util::future::join(first, both).await;
        first.unwrap().unwrap();
    }
}
