//! The request log: one row per answered request, written in batches through the tenant's writer (contract ).
//!
//! Rows wait in a bounded buffer per tenant. A full buffer makes that tenant's requests wait rather than losing rows, and harms no other
//! tenant; only when its database takes no row for [`RequestLogSettings::patience_seconds`] is a row given up, logged and counted. A login
//! or refresh that fails is a row of the tenant whose user it names. Requests of nobody that is known go to the deployment's first tenant,
//! whose operator sees them.

mod buffer;
mod entry;
mod flush;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use crm_domain::{
    control::{ControlStore, api_key::KeyUsage, tenant::Tenant},
    id::{ApiKeyId, TenantId},
    tenant::Tenants,
};
use dashmap::DashMap;
use tokio::sync::{Notify, Semaphore};

pub(crate) use buffer::TenantLog;
pub(crate) use entry::{Endpoint, Entry};

use crate::settings::RequestLogSettings;

/// Databases opened at once.
const OPENINGS: usize = 16;

/// The request log of this node.
pub struct RequestLog {
    control: Arc<dyn ControlStore>,
    tenants: Arc<dyn Tenants>,
    settings: RequestLogSettings,
    buffers: DashMap<TenantId, Arc<TenantLog>>,
    /// Rows of nobody that is known, until the first tenant is.
    strangers: Arc<TenantLog>,
    first_tenant: OnceLock<Tenant>,
    /// Uses of keys that are not yet written.
    usage: Mutex<HashMap<ApiKeyId, KeyUsage>>,
    /// Wakes the flusher when a batch is full.
    full_batch: Arc<Notify>,
    /// Bounds the threads that open databases for it.
    openings: Semaphore,
}

impl RequestLog {
    pub(crate) fn new(control: Arc<dyn ControlStore>, tenants: Arc<dyn Tenants>, settings: RequestLogSettings) -> Self {
        let full_batch = Arc::new(Notify::new());
        Self {
            control,
            tenants,
            settings,
            buffers: DashMap::new(),
            strangers: Arc::new(TenantLog::new(None, settings, Arc::clone(&full_batch))),
            first_tenant: OnceLock::new(),
            usage: Mutex::default(),
            full_batch,
            openings: Semaphore::new(OPENINGS),
        }
    }

    /// The buffer of a tenant.
    pub(crate) fn of_tenant(&self, tenant: &Tenant) -> Arc<TenantLog> {
        let make = || Arc::new(TenantLog::new(Some(tenant.clone()), self.settings, Arc::clone(&self.full_batch)));
        let log = Arc::clone(self.buffers.entry(tenant.id).or_insert_with(make).value());
        log.set_tenant(tenant);
        log
    }

    /// Notes an answered request; waits while the buffer of its tenant is full.
    pub(crate) async fn note(&self, entry: Entry) {
        let log = entry.caller.log().unwrap_or(&self.strangers);
        let log = Arc::clone(log);
        log.push(entry).await;
    }

    fn take_usage(&self) -> Vec<KeyUsage> {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.drain().map(|(_, usage)| usage).collect()
    }

    fn add_usage(&self, more: impl IntoIterator<Item = KeyUsage>) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        for add in more {
            let known = usage.entry(add.id).or_insert(KeyUsage { requests: 0, ..add });
            known.requests += add.requests;
            known.last_used_at = known.last_used_at.max(add.last_used_at);
        }
    }
}
