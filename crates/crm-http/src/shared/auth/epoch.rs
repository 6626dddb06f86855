//! The credential epoch, asked for once for all requests of a worker that wait for it.
//!
//! To wake a request from another thread costs a system call; here one of a worker's requests is woken, and passes the answer on to the others on
//! its own thread. Who comes while the question is under way shares the next one: an epoch told is never older than the request.

use std::{
    mem::take,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crm_domain::{Error, Result, control::ControlStore};
use thread_local::ThreadLocal;
use tokio::sync::oneshot;

use crate::shared::tenant::in_time;

/// Asks for the epoch.
pub(super) struct Epochs {
    control: Arc<dyn ControlStore>,
    workers: ThreadLocal<Arc<Worker>>,
}

impl Epochs {
    pub(super) fn new(control: Arc<dyn ControlStore>) -> Self {
        Self {
            control,
            workers: ThreadLocal::new(),
        }
    }

    /// The credential epoch as of now.
    pub(super) async fn now(&self) -> Result<i64> {
        let (sender, receiver) = oneshot::channel();
        let worker = self.workers.get_or_default();
        if worker.join(sender) {
            tokio::spawn(ask(Arc::clone(&self.control), Asking(Arc::clone(worker))));
        }
        // While a database hangs, those who come later would wait for two questions.
        in_time(async { receiver.await.map_err(|_| stopped())? }).await
    }
}

/// The requests of one thread.
#[derive(Default)]
struct Worker(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: Vec<oneshot::Sender<Result<i64>>>,
    is_asked: bool,
}

impl Worker {
    /// Adds a request; whether nobody asks yet.
    fn join(&self, request: oneshot::Sender<Result<i64>>) -> bool {
        let mut waiting = self.waiting();
        waiting.requests.push(request);
        !std::mem::replace(&mut waiting.is_asked, true)
    }

    /// Everybody who waits; without anybody the asking ends.
    fn round(&self) -> Option<Vec<oneshot::Sender<Result<i64>>>> {
        let mut waiting = self.waiting();
        waiting.is_asked = !waiting.requests.is_empty();
        waiting.is_asked.then(|| take(&mut waiting.requests))
    }

    /// Nothing panics while it is held, and only its own thread takes it.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to ask for a worker. Whoever still waits when it is dropped is told that the server stops.
struct Asking(Arc<Worker>);

impl Drop for Asking {
    fn drop(&mut self) {
        *self.0.waiting() = Waiting::default();
    }
}

async fn ask(control: Arc<dyn ControlStore>, asking: Asking) {
    while let Some(requests) = asking.0.round() {
        let epoch = epoch(&*control, requests.len()).await;
        for request in requests {
            // A client that went away no longer asks.
            let _ = request.send(epoch.clone());
        }
    }
}

/// Asks the control plane for its credential epoch, for so many requests.
pub(crate) async fn epoch(control: &dyn ControlStore, requests: usize) -> Result<i64> {
    let (sender, receiver) = oneshot::channel();
    let told = Box::new(move |epoch| {
        // Nobody waits any more.
        let _ = sender.send(epoch);
    });
    control.epoch(requests, told);
    in_time(async { receiver.await.map_err(|_| stopped())? }).await
}

fn stopped() -> Error {
    Error::Unavailable {
        what: "the control database",
        cause: "it stopped".to_owned(),
        retry_after: Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use crm_domain::control::{ControlReader, ControlUnit, EpochDone};
    use futures_util::FutureExt;

    use super::*;

    /// Keeps the questions until the test answers them.
    #[derive(Default)]
    struct Kept {
        questions: Mutex<Vec<(usize, EpochDone)>>,
        answered: AtomicI64,
    }

    impl Kept {
        /// Answers the questions so far with the next number; for how many requests each was.
        fn answer(&self) -> Vec<usize> {
            let questions = take(&mut *self.questions.lock().unwrap());
            let number = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
            let answer = |(requests, done): (usize, EpochDone)| {
                done(Ok(number));
                requests
            };
            questions.into_iter().map(answer).collect()
        }
    }

    impl ControlStore for Kept {
        fn read(&self, _: &mut dyn FnMut(&mut dyn ControlReader) -> Result<()>) -> Result<()> {
            Err(stopped())
        }

        fn write(&self, _: &mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>) -> Result<()> {
            Err(stopped())
        }

        fn epoch(&self, requests: usize, done: EpochDone) {
            self.questions.lock().unwrap().push((requests, done));
        }
    }

    #[actix_web::test]
    async fn a_worker_asks_once_for_all_who_wait_and_again_for_who_came_later() {
        let kept = Arc::new(Kept::default());
        let epochs = Epochs::new(Arc::<Kept>::clone(&kept));
        let mut early: Vec<_> = (0..3).map(|_| Box::pin(epochs.now())).collect();
        assert!(early.iter_mut().all(|request| request.now_or_never().is_none()));
        tokio::task::yield_now().await;
        let mut late = Box::pin(epochs.now());
        assert!((&mut late).now_or_never().is_none(), "it comes when the question is under way");

        assert_eq!(kept.answer(), [3]);
        for request in early {
            assert_eq!(request.await.unwrap(), 1);
        }
        tokio::task::yield_now().await;
        assert!((&mut late).now_or_never().is_none());
        assert_eq!(kept.answer(), [1]);
        assert_eq!(late.await.unwrap(), 2);
        assert!(epochs.workers.get().unwrap().round().is_none(), "nobody asks any more");
    }

    #[test]
    fn who_waits_when_a_runtime_ends_is_told_and_the_next_one_asks_anew() {
        let kept = Arc::new(Kept::default());
        let epochs = Arc::new(Epochs::new(Arc::<Kept>::clone(&kept)));
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut request = Box::pin(epochs.now());
                assert!((&mut request).now_or_never().is_none());
                tokio::task::yield_now().await;
                assert_eq!(kept.questions.lock().unwrap().len(), 1);
            });
            drop(runtime);
            take(&mut *kept.questions.lock().unwrap());
            assert!(!epochs.workers.get().unwrap().waiting().is_asked);
        }
    }
}
