//! Contacts follow the name of their account: the job that an account with many of them leaves that to, when it is renamed or merged.

use crate::{
    error::Result,
    id::{AccountId, RecordId},
    tenant::{
        UnitOfWork,
        contact::employer::{self, CompanyNames, CompanyNamesPayload, CompanyNamesProgress},
        job::{End, JobKind, Lease, to_json},
        link,
    },
    usecase::jobs::{Attempt, Claimed, Executor},
};

/// Contacts of one unit: others' writes go between.
const SLICE: u32 = 200;

/// Gives contacts their accounts' names.
pub struct CompanyRenames {
    /// As which family it writes.
    family: &'static str,
}

impl CompanyRenames {
    /// One that writes as a family.
    pub fn new(family: &'static str) -> Self {
        Self { family }
    }
}

impl Executor for CompanyRenames {
    fn kind(&self) -> JobKind {
        JobKind::CompanyNames
    }

    fn run(&self, claimed: &Claimed) -> Result<Attempt> {
        let (origin, lease) = (claimed.origin(self.family), claimed.lease);
        loop {
            if claimed.must_stop() {
                return Ok(Attempt::Ends(End::Released));
            }
            if !claimed.store.writing(origin.clone(), move |unit| step(unit, &lease))? {
                return Ok(Attempt::Ends(End::Completed));
            }
        }
    }
}

/// Gives the next contacts the name that the account has now; whether there were some. Who renames it again meanwhile leaves a job of their own
/// for those that were done. Contacts come to an account with its name, so that none behind the last one is missed.
fn step(unit: &mut dyn UnitOfWork, lease: &Lease) -> Result<bool> {
    let job = unit.jobs().held(lease)?;
    let payload: CompanyNamesPayload = job.payload_of::<CompanyNames>()?;
    let mut progress: CompanyNamesProgress = job.progress_of::<CompanyNames>()?;
    let Some(account) = unit.accounts().lookup(AccountId::from_i64(payload.account_id))? else {
        return Ok(false);
    };
    let ids = unit
        .links()
        .referring_after(link::EMPLOYER, account.id.get(), progress.after, SLICE)?;
    let Some(last) = ids.last() else { return Ok(false) };
    progress.after = *last;
    progress.renamed += employer::rename(unit, &account, &ids)?;
    unit.jobs().advance(lease, to_json(&progress)?)?;
    Ok(true)
}
