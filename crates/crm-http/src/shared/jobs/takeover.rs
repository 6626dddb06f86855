//! What a process that was killed left under way, where no other process can be running it.

use std::sync::Arc;

use crm_domain::{
    Result,
    id::TenantId,
    page::{Sort, Window},
    query::{Condition, Filter},
    stamp::Stamp,
    tenant::job::{JobField, JobState},
};

use super::Jobs;
use crate::shared::tenant::{blocking, server_origin};

impl Jobs {
    /// Makes the jobs due that are under way as far as the databases know. This process has begun none yet: they are those of one that ended
    /// without giving them back, and nobody has to wait for its leases to end. What fails here is done by these.
    pub(super) async fn take_over(&self) {
        let control = Arc::clone(&self.control);
        let all = blocking(move || control.reading(|reader| reader.work().due(Stamp::from_micros(i64::MAX), u32::MAX))).await;
        let tenants = match all {
            Ok(all) => all.into_iter().map(|work| work.tenant),
            Err(error) => {
                tracing::warn!(%error, "jobs left under way cannot be looked for; they go on when their leases end");
                return;
            }
        };
        for tenant in tenants {
            match self.take_over_from(tenant).await {
                Ok(0) => {}
                Ok(jobs) => {
                    tracing::info!(jobs, tenant = %tenant, "jobs that were left under way go on");
                    self.wake(tenant);
                }
                Err(error) => {
                    tracing::warn!(%error, tenant = %tenant, "jobs left under way cannot be taken over; they go on when their leases end");
                }
            }
        }
    }

    /// How many jobs of a tenant were taken over.
    async fn take_over_from(&self, id: TenantId) -> Result<usize> {
        let (control, tenants) = (Arc::clone(&self.control), Arc::clone(&self.tenants));
        blocking(move || {
            let tenant = control.reading(|reader| reader.tenants().lookup(id))?;
            let Some(tenant) = tenant.filter(|tenant| tenant.is_active) else {
                return Ok(0);
            };
            let store = tenants.open(&Arc::new(tenant))?;
            // Reading first: a unit that finds nothing costs a commit all the same.
            let running = Filter::of([Condition::one_of(JobField::State, [JobState::Running.as_str()])]);
            let running = store.reading(|reader| reader.jobs().list(&running, Sort::default(), &Window::first(1)))?;
            if running.items.is_empty() {
                return Ok(0);
            }
            store.writing(server_origin(), |unit| unit.jobs().release_all())
        })
        .await
    }
}
