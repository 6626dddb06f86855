//! Who may enter: API keys and users, recognised once per credential epoch.
//!
//! What was read of a key or user at one epoch of the control plane still holds while the epoch, asked for after the request arrived, is the
//! same ([`ControlStore::epoch`]); so a revocation counts from the very next request on, on every node, without reading rows each time. Only
//! a bcrypt verdict outlives its epoch, and it is bound to the stored hash (contract X-27 as decided).

mod cookie;
mod epoch;
mod key;
mod user;

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Result,
    control::{ControlStore, session::Session},
    id::{SessionId, UserId},
    tenant::Tenants,
};
use moka::sync::Cache;

use crate::shared::{request_log::RequestLog, thread_pool::ThreadPool};

pub(crate) use epoch::epoch;
pub use key::{KeyGate, KeyPrincipal, KeyRefusal};
pub use user::UserPrincipal;

/// How many credentials are remembered.
const REMEMBERED: u64 = 10_000;
/// How long an unused one is remembered; its tenant's database can close then.
const IDLE: Duration = Duration::from_secs(600);

/// Recognises callers.
pub struct Auth {
    control: Arc<dyn ControlStore>,
    epochs: epoch::Epochs,
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
            epochs: epoch::Epochs::new(Arc::clone(&control)),
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
        self.epochs.now().await
    }
}
