//! One tenant's store, in memory.

use std::sync::{Mutex, PoisonError};

use crm_domain::{
    Result,
    clock::{Clock, SystemClock},
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore, Unit, UnitOfWork,
        account::{AccountReads, AccountRepository},
        activity::{ActivityReads, ActivityRepository},
        change::{Change, ChangeReads, EntityKind, NewChange, Origin},
        contact::{ContactReads, ContactRepository},
        idempotency::IdempotencyRepository,
        lead::{LeadReads, LeadRepository},
        opportunity::{OpportunityReads, OpportunityRepository},
        pipeline::{PipelineReads, PipelineRepository},
        request::{RequestReads, RequestRepository},
    },
};

use crate::{accounts::Accounts, nothing::Nothing};

/// One tenant's records. A unit works on a copy that replaces them when it succeeds: all of it or nothing.
#[derive(Default)]
pub struct InMemory(Mutex<Records>);

#[derive(Default, Clone)]
struct Records {
    accounts: Accounts,
    changes: Changes,
    nothing: Nothing,
}

impl TenantStore for InMemory {
    fn read(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        work(&mut records)
    }

    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        self.read(work)
    }

    fn submit(&self, unit: Unit) {
        let Unit { origin, work, done } = unit;
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut copy = MemoryUnit::begin(&records, origin);
        let outcome = work(&mut copy);
        if outcome.is_ok() {
            *records = copy.records;
        }
        drop(records);
        done(outcome);
    }
}

impl TenantReader for Records {
    fn accounts(&mut self) -> &mut dyn AccountReads {
        &mut self.accounts
    }
    fn changes(&mut self) -> &mut dyn ChangeReads {
        &mut self.changes
    }
    fn contacts(&mut self) -> &mut dyn ContactReads {
        &mut self.nothing
    }
    fn leads(&mut self) -> &mut dyn LeadReads {
        &mut self.nothing
    }
    fn opportunities(&mut self) -> &mut dyn OpportunityReads {
        &mut self.nothing
    }
    fn pipelines(&mut self) -> &mut dyn PipelineReads {
        &mut self.nothing
    }
    fn activities(&mut self) -> &mut dyn ActivityReads {
        &mut self.nothing
    }
    fn requests(&mut self) -> &mut dyn RequestReads {
        &mut self.nothing
    }
}

struct MemoryUnit {
    records: Records,
    origin: Origin,
}

impl MemoryUnit {
    /// Each unit's stamp is greater than every one before.
    fn begin(records: &Records, origin: Origin) -> Self {
        let mut records = records.clone();
        let last = records.accounts.stamp;
        records.accounts.stamp = SystemClock.now().max(Stamp::from_micros(last.micros() + 1));
        records.accounts.actor = origin.actor.user();
        Self { records, origin }
    }
}

impl UnitOfWork for MemoryUnit {
    fn stamp(&self) -> Stamp {
        self.records.accounts.stamp
    }
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn record(&mut self, change: NewChange) {
        let seq = self.records.changes.0.len() as i64 + 1;
        self.records.changes.0.push(Change {
            seq,
            stamp: self.stamp(),
            entity: change.entity,
            entity_id: change.entity_id,
            kind: change.kind,
            actor: self.origin.actor.to_string(),
            family: self.origin.family.to_owned(),
            fields: change.fields,
        });
    }
    fn accounts(&mut self) -> &mut dyn AccountRepository {
        &mut self.records.accounts
    }
    fn contacts(&mut self) -> &mut dyn ContactRepository {
        &mut self.records.nothing
    }
    fn leads(&mut self) -> &mut dyn LeadRepository {
        &mut self.records.nothing
    }
    fn opportunities(&mut self) -> &mut dyn OpportunityRepository {
        &mut self.records.nothing
    }
    fn pipelines(&mut self) -> &mut dyn PipelineRepository {
        &mut self.records.nothing
    }
    fn activities(&mut self) -> &mut dyn ActivityRepository {
        &mut self.records.nothing
    }
    fn requests(&mut self) -> &mut dyn RequestRepository {
        &mut self.records.nothing
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        &mut self.records.nothing
    }
}

#[derive(Default, Clone)]
struct Changes(Vec<Change>);

impl ChangeReads for Changes {
    fn list_after(&mut self, seq: i64, limit: u32) -> Result<Vec<Change>> {
        Ok(self
            .0
            .iter()
            .filter(|change| change.seq > seq)
            .take(limit as usize)
            .cloned()
            .collect())
    }
    fn list_of(&mut self, entity: EntityKind, entity_id: i64, limit: u32) -> Result<Vec<Change>> {
        let of = |change: &&Change| (change.entity, change.entity_id) == (entity, entity_id);
        Ok(self.0.iter().rev().filter(of).take(limit as usize).cloned().collect())
    }
    fn last_seq(&mut self) -> Result<i64> {
        Ok(self.0.len() as i64)
    }
}
