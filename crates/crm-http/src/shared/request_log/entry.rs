//! What the hot path notes of a request: no text is made before the row is written.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::http::Method;
use crm_domain::{control::api_key::KeyUsage, id::RecordId, stamp::Stamp, tenant::request::RequestRecord};

use super::TenantLog;
use crate::shared::{
    auth::{KeyPrincipal, UserPrincipal},
    call::{Caller, Claimant},
    trace::TraceId,
};

/// Most characters kept of a path that no route matched.
const PATH_MAX: usize = 255;

/// An answered request.
pub(crate) struct Entry {
    pub(crate) received_at: Stamp,
    pub(crate) family: &'static str,
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) status: u16,
    pub(crate) latency: Duration,
    pub(crate) caller: EntryCaller,
    pub(crate) client: IpAddr,
    pub(crate) trace: TraceId,
}

/// Where the request went.
pub(crate) enum Endpoint {
    /// To a route with this template.
    Template(&'static str),
    /// Nowhere: this path, cut.
    Path(Box<str>),
}

impl Endpoint {
    /// A path that no route matched.
    pub(crate) fn unmatched(path: &str) -> Self {
        Self::Path(path.chars().take(PATH_MAX).collect())
    }
}

/// Who asked.
pub(crate) enum EntryCaller {
    Nobody,
    Key(Arc<KeyPrincipal>),
    User(Arc<UserPrincipal>),
    Claimant(Claimant),
}

impl From<Caller> for EntryCaller {
    fn from(caller: Caller) -> Self {
        match caller {
            Caller::Nobody => Self::Nobody,
            Caller::Key(key) => Self::Key(key),
            Caller::User(user) => Self::User(user),
            Caller::Claimant(claimant) => Self::Claimant(claimant),
        }
    }
}

impl EntryCaller {
    pub(super) fn log(&self) -> Option<&Arc<TenantLog>> {
        match self {
            Self::Nobody => None,
            Self::Key(key) => Some(&key.log),
            Self::User(user) => Some(&user.log),
            Self::Claimant(claimant) => Some(&claimant.log),
        }
    }
}

impl Entry {
    /// The row.
    pub(super) fn record(&self) -> RequestRecord {
        let (mut api_key_id, mut api_key_name, mut user_id) = (None, None, None);
        match &self.caller {
            EntryCaller::Nobody => {}
            EntryCaller::Key(principal) => {
                api_key_id = Some(principal.key.id.get());
                api_key_name = Some(principal.key.fields.name.to_string());
            }
            EntryCaller::User(principal) => user_id = Some(principal.user.id.get()),
            EntryCaller::Claimant(claimant) => user_id = Some(claimant.user.get()),
        }
        RequestRecord {
            received_at: self.received_at,
            family: self.family,
            endpoint: match &self.endpoint {
                Endpoint::Template(template) => (*template).to_owned(),
                Endpoint::Path(path) => path.to_string(),
            },
            method: self.method.as_str().chars().take(32).collect(),
            status: self.status,
            latency_micros: i64::try_from(self.latency.as_micros()).unwrap_or(i64::MAX),
            api_key_id,
            api_key_name,
            user_id,
            client: self.client.to_string(),
            trace_id: self.trace.to_string(),
        }
    }

    /// The use of a key: every request with it, also one that was turned away (contract A-20).
    pub(super) fn usage(&self) -> Option<KeyUsage> {
        match &self.caller {
            EntryCaller::Key(principal) => Some(KeyUsage {
                id: principal.key.id,
                last_used_at: self.received_at,
                requests: 1,
            }),
            EntryCaller::Nobody | EntryCaller::User(_) | EntryCaller::Claimant(_) => None,
        }
    }
}
