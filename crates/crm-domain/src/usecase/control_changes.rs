//! Carrying what happened to users, invitations and API keys into their tenants' change feeds (contract X-86): each change exactly once and
//! in order, whatever breaks off in between.
//!
//! The control plane's transaction keeps a change beside what it tells. Carrying it takes two further commits: the tenant's, which appends it to the
//! feed and notes its id, then the control plane's, which forgets it. Whoever comes between the two, or after a crash, finds its id noted and
//! appends nothing twice.

use crate::{
    control::{ControlStore, change::ControlChange},
    error::{Error, Result},
    id::TenantId,
    tenant::{
        TenantStore, Tenants,
        change::{Actor, Origin},
    },
};

/// Most changes of one unit of work: the writer's turn stays short.
const BATCH: u32 = 500;

/// Carries what waits of a tenant.
///
/// # Errors
/// When one of the databases fails: what was not carried waits on.
pub fn carry(control: &dyn ControlStore, store: &dyn TenantStore, tenant: TenantId) -> Result<()> {
    loop {
        let waiting = waiting(control, tenant)?;
        let Some(last) = waiting.last().map(|change| change.id) else {
            return Ok(());
        };
        append(store, waiting)?;
        forget(control, tenant, last)?;
    }
}

/// [`carry`] of a tenant whose database is opened where something waits.
///
/// # Errors
/// As [`carry`].
pub fn carry_of(control: &dyn ControlStore, tenants: &dyn Tenants, id: TenantId) -> Result<()> {
    let tenant = control.reading(|reader| reader.tenants().lookup(id))?;
    tenant.map_or(Ok(()), |tenant| carry(control, &*tenants.open(&tenant)?, id))
}

/// Carries what waits of every tenant; `failed` hears of those that cannot be carried now.
///
/// # Errors
/// When the control plane cannot be read.
pub fn carry_all(control: &dyn ControlStore, tenants: &dyn Tenants, mut failed: impl FnMut(TenantId, Error)) -> Result<()> {
    for tenant in control.reading(|reader| reader.changes().tenants())? {
        if let Err(error) = carry_of(control, tenants, tenant) {
            failed(tenant, error);
        }
    }
    Ok(())
}

/// The oldest changes of a tenant that wait. The first step of [`carry`].
///
/// # Errors
/// When the control plane cannot be read.
pub fn waiting(control: &dyn ControlStore, tenant: TenantId) -> Result<Vec<ControlChange>> {
    control.reading(|reader| reader.changes().list(tenant, BATCH))
}

/// Appends those of the changes to the feed that were not carried before. The second step of [`carry`].
///
/// # Errors
/// When the tenant's database fails.
pub fn append(store: &dyn TenantStore, waiting: Vec<ControlChange>) -> Result<()> {
    let carrier = Origin {
        actor: Actor::System,
        family: "server",
    };
    store.writing(carrier, move |unit| {
        let carried = unit.carried().last()?;
        let new: Vec<ControlChange> = waiting.into_iter().filter(|change| change.id > carried).collect();
        if new.is_empty() { Ok(()) } else { unit.carried().append(new) }
    })
}

/// Forgets the changes up to this one, which are in the feed. The last step of [`carry`].
///
/// # Errors
/// When the control plane cannot be written.
pub fn forget(control: &dyn ControlStore, tenant: TenantId, last: i64) -> Result<()> {
    control.writing(|unit| unit.changes().remove_until(tenant, last))
}
