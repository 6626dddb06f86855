//! One tenant's store, in memory.

use std::sync::{Mutex, PoisonError};

use crm_domain::{
    Result,
    clock::{Clock, SystemClock},
    page::Direction,
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore, Unit, UnitOfWork,
        account::{AccountReads, AccountRepository},
        activity::{ActivityReads, ActivityRepository},
        carried::CarriedRepository,
        change::{Change, ChangeFilter, ChangeReads, EntityKind, NewChange, Origin, Stretch},
        contact::{ContactReads, ContactRepository, ContactStats},
        custom_field::{CustomFieldReads, CustomFieldRepository},
        delivery::{DeliveryReads, DeliveryRepository},
        handoff::{HandoffReads, HandoffRepository},
        idempotency::IdempotencyRepository,
        identity::IdentityReads,
        import::{ImportReads, ImportRepository},
        job::{JobReads, JobRepository},
        kpi::KpiReads,
        label::{LabelReads, LabelRepository},
        lead::{LeadReads, LeadRepository},
        link::LinkRepository,
        merge::{MergeReads, MergeRepository},
        opportunity::{OpportunityReads, OpportunityRepository},
        partner::{PartnerReads, PartnerRepository},
        pipeline::{PipelineReads, PipelineRepository},
        request::{RequestReads, RequestRepository},
        search::SearchReads,
        setting::{SettingReads, SettingRepository},
        sla_policy::{SlaPolicyReads, SlaPolicyRepository},
        sync_log::{SyncLogReads, SyncLogRepository},
        tag::{TagReads, TagRepository},
        task::{TaskReads, TaskRepository},
        ticket::{TicketReads, TicketRepository},
        ticket_comment::{TicketCommentReads, TicketCommentRepository},
        timer::{TimerReads, TimerRepository},
        webhook::{WebhookReads, WebhookRepository},
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
    fn tags(&mut self) -> &mut dyn TagReads {
        &mut self.nothing
    }
    fn labels(&mut self) -> &mut dyn LabelReads {
        &mut self.nothing
    }
    fn contacts(&mut self) -> &mut dyn ContactReads {
        &mut self.nothing
    }
    fn contact_stats(&mut self) -> &mut dyn ContactStats {
        &mut self.nothing
    }
    fn custom_fields(&mut self) -> &mut dyn CustomFieldReads {
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
    fn handoffs(&mut self) -> &mut dyn HandoffReads {
        &mut self.nothing
    }
    fn activities(&mut self) -> &mut dyn ActivityReads {
        &mut self.nothing
    }
    fn tickets(&mut self) -> &mut dyn TicketReads {
        &mut self.nothing
    }
    fn ticket_comments(&mut self) -> &mut dyn TicketCommentReads {
        &mut self.nothing
    }
    fn timers(&mut self) -> &mut dyn TimerReads {
        &mut self.nothing
    }
    fn sla_policies(&mut self) -> &mut dyn SlaPolicyReads {
        &mut self.nothing
    }
    fn partners(&mut self) -> &mut dyn PartnerReads {
        &mut self.nothing
    }
    fn tasks(&mut self) -> &mut dyn TaskReads {
        &mut self.nothing
    }
    fn webhooks(&mut self) -> &mut dyn WebhookReads {
        &mut self.nothing
    }
    fn deliveries(&mut self) -> &mut dyn DeliveryReads {
        &mut self.nothing
    }
    fn merges(&mut self) -> &mut dyn MergeReads {
        &mut self.nothing
    }
    fn imports(&mut self) -> &mut dyn ImportReads {
        &mut self.nothing
    }
    fn jobs(&mut self) -> &mut dyn JobReads {
        &mut self.nothing
    }
    fn requests(&mut self) -> &mut dyn RequestReads {
        &mut self.nothing
    }
    fn sync_log(&mut self) -> &mut dyn SyncLogReads {
        &mut self.nothing
    }
    fn settings(&mut self) -> &mut dyn SettingReads {
        &mut self.nothing
    }
    fn kpis(&mut self) -> &mut dyn KpiReads {
        &mut self.nothing
    }
    fn identities(&mut self) -> &mut dyn IdentityReads {
        &mut self.nothing
    }
    fn search(&mut self) -> &mut dyn SearchReads {
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
    fn amend(&mut self, change: NewChange) {
        self.record(change);
    }
    fn accounts(&mut self) -> &mut dyn AccountRepository {
        &mut self.records.accounts
    }
    fn tags(&mut self) -> &mut dyn TagRepository {
        &mut self.records.nothing
    }
    fn labels(&mut self) -> &mut dyn LabelRepository {
        &mut self.records.nothing
    }
    fn contacts(&mut self) -> &mut dyn ContactRepository {
        &mut self.records.nothing
    }
    fn custom_fields(&mut self) -> &mut dyn CustomFieldRepository {
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
    fn handoffs(&mut self) -> &mut dyn HandoffRepository {
        &mut self.records.nothing
    }
    fn activities(&mut self) -> &mut dyn ActivityRepository {
        &mut self.records.nothing
    }
    fn tickets(&mut self) -> &mut dyn TicketRepository {
        &mut self.records.nothing
    }
    fn ticket_comments(&mut self) -> &mut dyn TicketCommentRepository {
        &mut self.records.nothing
    }
    fn timers(&mut self) -> &mut dyn TimerRepository {
        &mut self.records.nothing
    }
    fn sla_policies(&mut self) -> &mut dyn SlaPolicyRepository {
        &mut self.records.nothing
    }
    fn partners(&mut self) -> &mut dyn PartnerRepository {
        &mut self.records.nothing
    }
    fn tasks(&mut self) -> &mut dyn TaskRepository {
        &mut self.records.nothing
    }
    fn webhooks(&mut self) -> &mut dyn WebhookRepository {
        &mut self.records.nothing
    }
    fn deliveries(&mut self) -> &mut dyn DeliveryRepository {
        &mut self.records.nothing
    }
    fn settings(&mut self) -> &mut dyn SettingRepository {
        &mut self.records.nothing
    }
    fn links(&mut self) -> &mut dyn LinkRepository {
        &mut self.records.accounts
    }
    fn changes(&mut self) -> &mut dyn ChangeReads {
        &mut self.records.changes
    }
    fn carried(&mut self) -> &mut dyn CarriedRepository {
        &mut self.records.nothing
    }
    fn merges(&mut self) -> &mut dyn MergeRepository {
        &mut self.records.nothing
    }
    fn imports(&mut self) -> &mut dyn ImportRepository {
        &mut self.records.nothing
    }
    fn jobs(&mut self) -> &mut dyn JobRepository {
        &mut self.records.nothing
    }
    fn requests(&mut self) -> &mut dyn RequestRepository {
        &mut self.records.nothing
    }
    fn sync_log(&mut self) -> &mut dyn SyncLogRepository {
        &mut self.records.nothing
    }
    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        &mut self.records.nothing
    }
}

#[derive(Default, Clone)]
struct Changes(Vec<Change>);

impl ChangeReads for Changes {
    fn list(&mut self, filter: &ChangeFilter, stretch: &Stretch) -> Result<Vec<Change>> {
        let within = |change: &&Change| change.seq > stretch.after && change.seq < stretch.before && filter.meets(change);
        let mut wanted: Vec<Change> = self.0.iter().filter(within).cloned().collect();
        if stretch.direction == Direction::Descending {
            wanted.reverse();
        }
        wanted.truncate(stretch.limit as usize);
        Ok(wanted)
    }
    fn count(&mut self, filter: &ChangeFilter) -> Result<u64> {
        Ok(self.0.iter().filter(|change| filter.meets(change)).count() as u64)
    }
    fn last_but(&mut self, filter: &ChangeFilter, skipped: u64) -> Result<Option<i64>> {
        let mut wanted = self.0.iter().rev().filter(|change| filter.meets(change));
        Ok(wanted.nth(skipped as usize).map(|change| change.seq))
    }
    fn first_since(&mut self, stamp: Stamp) -> Result<i64> {
        Ok(self.0.iter().take_while(|change| change.stamp < stamp).count() as i64 + 1)
    }
    fn list_after(&mut self, seq: i64, limit: u32) -> Result<Vec<Change>> {
        Ok(self
            .0
            .iter()
            .filter(|change| change.seq > seq)
            .take(limit as usize)
            .cloned()
            .collect())
    }
    fn list_of(&mut self, entity: EntityKind, entity_id: i64, before: i64, limit: u32) -> Result<Vec<Change>> {
        let of = |change: &&Change| (change.entity, change.entity_id) == (entity, entity_id) && change.seq < before;
        Ok(self.0.iter().rev().filter(of).take(limit as usize).cloned().collect())
    }
    fn list_of_unit(&mut self, seq: i64) -> Result<Vec<Change>> {
        let stamp = self.0.iter().find(|change| change.seq == seq).map(|change| change.stamp);
        let of = |change: &&Change| Some(change.stamp) == stamp;
        Ok(self.0.iter().filter(of).cloned().collect())
    }
    fn list_of_field(&mut self, entity: EntityKind, entity_id: i64, field: &str) -> Result<Vec<Change>> {
        let name = format!("\"{field}\":");
        let of = |change: &&Change| (change.entity, change.entity_id) == (entity, entity_id) && change.fields.contains(&name);
        Ok(self.0.iter().filter(of).cloned().collect())
    }
    fn list_later(&mut self, kind: EntityKind, ids: &[i64], after: i64, place: Option<(i64, i64)>, limit: u32) -> Result<Vec<Change>> {
        let of = |change: &&Change| change.entity == kind && ids.contains(&change.entity_id) && change.seq > after;
        let mut later: Vec<Change> = self.0.iter().filter(of).cloned().collect();
        later.retain(|change| place.is_none_or(|place| (change.entity_id, change.seq) < place));
        later.sort_by_key(|change| std::cmp::Reverse((change.entity_id, change.seq)));
        later.truncate(limit as usize);
        Ok(later)
    }
    fn stamps_before(&mut self, kind: EntityKind, ids: &[i64], before: i64) -> Result<Vec<(i64, Stamp)>> {
        let last = |id: &i64| {
            let of = |change: &&Change| (change.entity, change.entity_id) == (kind, *id) && change.seq < before;
            let last = self.0.iter().rev().filter(of).find(|change| change.kind.gives_stamp());
            last.map(|change| (*id, change.stamp))
        };
        Ok(ids.iter().filter_map(last).collect())
    }
    fn last_seq(&mut self) -> Result<i64> {
        Ok(self.0.len() as i64)
    }
}
