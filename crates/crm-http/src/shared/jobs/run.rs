//! One job on its thread.

use std::{sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::tenant::Tenant,
    tenant::{
        TenantStore,
        job::{End, Job, is_lost},
    },
    usecase::jobs::{self, Attempt, Claimed, Executor},
};
use metrics::counter;
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use super::{Jobs, Room};
use crate::shared::tenant::{blocking, server_origin};

impl Jobs {
    /// Runs a claimed job; the room is free again when it has ended.
    pub(super) fn start(self: &Arc<Self>, job: Job, tenant: &Arc<Tenant>, store: &Arc<dyn TenantStore>, mut room: Room) {
        room.of_kind.retain(|kind, _| *kind == job.kind);
        let (Some(lease), Some(kind)) = (job.lease(), self.executors.get(&job.kind)) else {
            return;
        };
        let (own, executor) = (Arc::clone(self), Arc::clone(&kind.executor));
        let claimed = Arc::new(Claimed {
            job,
            lease,
            tenant: Arc::clone(tenant),
            store: Arc::clone(store),
            stopping: Arc::clone(&self.stopping),
        });
        tokio::spawn(async move {
            own.attempt(&executor, &claimed).await;
            drop(room);
            // There is room for another, perhaps of this tenant.
            own.wake(claimed.tenant.id);
        });
    }

    async fn attempt(&self, executor: &Arc<dyn Executor>, claimed: &Arc<Claimed>) {
        let (kind, job) = (claimed.job.kind.as_str(), claimed.job.id);
        let outcome = if jobs::is_hopeless(&claimed.job) {
            let begun = claimed.job.attempts - 1;
            Ok(Attempt::Ends(End::Failed(format!("it was begun {begun} times and never got on"))))
        } else {
            let (run, of_thread) = (Arc::clone(executor), Arc::clone(claimed));
            let attempt = spawn_blocking(move || run.run(&of_thread));
            extended(claimed, attempt, self.settings.lease()).await
        };
        if let Err(error) = &outcome
            && !is_lost(error)
        {
            tracing::warn!(%error, kind, job = %job, tenant = %claimed.tenant.id, "an attempt of a job failed");
        }
        let end = match outcome {
            Ok(Attempt::Ended(state)) => {
                counter!("crm_jobs_total", "kind" => kind, "outcome" => state.as_str()).increment(1);
                return;
            }
            Ok(Attempt::Ends(end)) => Ok(end),
            Err(error) if is_lost(&error) => return,
            Err(error) => Err(error),
        };
        let (executor, of_thread) = (Arc::clone(executor), Arc::clone(claimed));
        let finished = blocking(move || {
            let lease = of_thread.lease;
            let work = move |unit: &mut dyn crm_domain::tenant::UnitOfWork| jobs::finish(unit, &*executor, &lease, end);
            of_thread.store.writing(server_origin(), work)
        });
        match finished.await {
            Ok(job) => counter!("crm_jobs_total", "kind" => kind, "outcome" => job.state.as_str()).increment(1),
            Err(error) if is_lost(&error) => {}
            Err(error) => {
                tracing::error!(%error, kind, job = %job, "a job's end cannot be written; it is begun again when its lease ends");
            }
        }
    }
}

/// Waits for an attempt and extends its lease meanwhile.
async fn extended(claimed: &Arc<Claimed>, mut attempt: JoinHandle<Result<Attempt>>, lasts: Duration) -> Result<Attempt> {
    let mut ticks = interval(lasts / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once.
    ticks.tick().await;
    loop {
        tokio::select! {
            ended = &mut attempt => {
                return ended.unwrap_or_else(|error| Err(Error::Internal(format!("a job panicked: {error}"))));
            }
            _ = ticks.tick() => {
                let of_thread = Arc::clone(claimed);
                let extended = blocking(move || {
                    let lease = of_thread.lease;
                    of_thread.store.writing(server_origin(), move |unit| unit.jobs().extend(&lease, lasts))
                });
                if let Err(error) = extended.await
                    && !is_lost(&error)
                {
                    tracing::warn!(%error, job = %claimed.job.id, "a job's lease cannot be extended; it is tried again");
                }
            }
        }
    }
}
