//! Who may enter: API keys and users, recognised once per credential epoch.
//!
//! What was read of a key or user at one epoch of the control plane still holds while the epoch, asked for after the request arrived, is the
//! same ([`ControlStore::epoch`]); so a revocation counts from the very next request on, on every node, without reading rows each time. Only
//! a bcrypt verdict outlives its epoch, and it is bound to the stored hash (contract X-27 as decided).

mod cookie;
mod key;
mod presented;
mod user;

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::{ControlStore, session::Session},
    id::{SessionId, UserId},
    tenant::Tenants,
};
use moka::sync::Cache;
use tokio::sync::oneshot;

use crate::shared::{request_log::RequestLog, tenant::in_time, thread_pool::ThreadPool};

pub(crate) use cookie::recognise;
pub use key::{KeyGate, KeyPrincipal, KeyRefusal};
pub(crate) use presented::{bearer, single};
pub use user::UserPrincipal;

/// How many credentials are remembered.
const REMEMBERED: u64 = 10_000;
/// How long an unused one is remembered; its tenant's database can close then.
const IDLE: Duration = Duration::from_secs(600);

/// Recognises callers.
pub struct Auth {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    hashing: Arc<ThreadPool>,
    request_log: Arc<RequestLog>,
    keys: Cache<[u8; 32], Arc<key::Remembered>>,
    verdicts: Cache<[u8; 32], Arc<key::Verdict>>,
    verifying: key::Verifying,
    users: Cache<(UserId, SessionId), Arc<user::Remembered>>,
    cookies: Cache<String, Arc<Session>>,
}

impl Auth {
    pub(crate) fn new(
        control: Arc<dyn ControlStore>,
        tenants: Arc<dyn Tenants>,
        hashing: Arc<ThreadPool>,
        request_log: Arc<RequestLog>,
    ) -> Self {
        Self {
            control,
            tenants,
            hashing,
            request_log,
            keys: Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE).build(),
            verdicts: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_idle(Duration::from_secs(24 * 3_600))
                .build(),
            verifying: key::Verifying::default(),
            cookies: Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE).build(),
            users: Cache::builder().max_capacity(REMEMBERED).time_to_idle(IDLE).build(),
        }
    }

    /// The credential epoch as of now.
    async fn epoch(&self) -> Result<i64> {
        epoch(&*self.control).await
    }
}

/// The credential epoch as of now.
pub(crate) async fn epoch(control: &dyn ControlStore) -> Result<i64> {
    if let Some(epoch) = control.recent_epoch() {
        return Ok(epoch);
    }
    let (sender, receiver) = oneshot::channel();
    let told = Box::new(move |epoch| {
        // Nobody waits any more.
        let _ = sender.send(epoch);
    });
    control.epoch(told);
    in_time(async { receiver.await.map_err(|_| stopped())? }).await
}

fn stopped() -> Error {
    Error::Unavailable {
        what: "the control database",
        cause: "it stopped".to_owned(),
        retry_after: Duration::from_secs(1),
    }
}
