//! The tenant plane: one database per tenant.

pub(crate) mod account;
pub(crate) mod activity;
mod carried;
pub(crate) mod change;
mod column;
pub(crate) mod contact;
pub(crate) mod counter;
pub(crate) mod custom_field;
mod delivery;
mod fragment;
pub(crate) mod handoff;
pub(crate) mod idempotency;
mod identity;
mod import;
pub(crate) mod job;
pub(crate) mod kpi;
pub(crate) mod label;
pub(crate) mod lead;
mod link;
mod list;
pub(crate) mod merge;
pub(crate) mod opportunity;
pub(crate) mod partner;
pub(crate) mod pipeline;
pub(crate) mod registry;
pub(crate) mod request;
pub mod schema;
mod search;
mod setting;
pub(crate) mod sla_policy;
pub(crate) mod sync_log;
pub(crate) mod tag;
pub(crate) mod task;
pub(crate) mod ticket;
pub(crate) mod ticket_comment;
mod timer;
mod turnstile;
pub(crate) mod webhook;
pub(crate) mod writer;

use std::sync::Arc;

use crm_domain::tenant::{label as labels, tag as tags};
use crm_domain::{
    clock::{Entropy, uuid_from},
    control::change::ControlChange,
    error::{Error, Result},
    id::RecordId,
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore, Unit, UnitOfWork, account as accounts, activity as activities, carried as carrying, change as changes,
        change::{NewChange, Origin},
        contact as contacts, custom_field as custom_fields, delivery as sendings, handoff as handoffs, idempotency as idempotencies,
        identity as uuids, import as imports, job as jobs, kpi as figures, lead as leads, link as references, merge as merges,
        opportunity as opportunities, partner as partners, pipeline as pipelines, request as requests, search as searches,
        setting as preferences, sla_policy as sla_policies, sync_log as sync_logs, task as tasks, ticket as tickets,
        ticket_comment as ticket_comments, timer as timers, webhook as webhooks,
    },
};
use uuid::Uuid;

use crate::{connection::Connection, dialect::Purpose, location::Location, pool::Pool};
use contact::stats::Deltas;
use counter::Counters;
use kpi::KpiDeltas;
use list::DatabaseTallies;
use writer::TenantWriter;

/// One tenant's open database.
pub(crate) struct TenantDatabase {
    readers: Pool,
    writer: Arc<TenantWriter>,
    tallies: DatabaseTallies,
}

impl TenantDatabase {
    pub(crate) fn new(location: Location, readers: u32, writer: Arc<TenantWriter>, tallies: DatabaseTallies) -> Self {
        Self {
            readers: Pool::new(location, Purpose::Read, readers),
            writer,
            tallies,
        }
    }

    pub(crate) fn writer(&self) -> &Arc<TenantWriter> {
        &self.writer
    }
}

impl TenantStore for TenantDatabase {
    fn read(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        self.readers.run(|connection| work(&mut Session::reading(connection)))
    }

    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()> {
        self.readers.run_snapshot(|connection| {
            let tallies = Some(&self.tallies);
            work(&mut Session {
                tallies,
                ..Session::reading(connection)
            })
        })
    }

    fn submit(&self, unit: Unit) {
        self.writer.submit(unit);
    }
}

/// A connection at work: `Session<Reading>` has the ports' reading side, `Session<Writing>` all of them.
pub(crate) struct Session<'a, State> {
    pub(crate) connection: &'a mut Connection,
    pub(crate) state: State,
    /// The counts of filters, where every statement sees one state.
    tallies: Option<&'a DatabaseTallies>,
}

/// What a writer keeps of what it read, with the counter that told it of the last change then.
#[derive(Default)]
pub(crate) struct Known {
    /// Settings, and [`Counters::setting_at`].
    pub(crate) settings: Option<(i64, preferences::Kept)>,
    /// SLA policies, and [`Counters::sla_policy_at`].
    pub(crate) sla_policies: Option<(i64, Arc<[sla_policies::SlaPolicy]>)>,
}

/// Nothing can be written.
pub(crate) struct Reading;

/// A unit of work in progress.
pub(crate) struct Writing<'a> {
    pub(crate) stamp: Stamp,
    pub(crate) origin: &'a Origin,
    pub(crate) counters: &'a mut Counters,
    pub(crate) changes: Vec<NewChange>,
    /// Changes of the control plane, which have actors and families of their own.
    pub(crate) carried: Vec<ControlChange>,
    /// By how much the totals of contacts change.
    pub(crate) stats: Deltas,
    /// By how much the totals of leads, opportunities and tasks change.
    pub(crate) kpis: KpiDeltas,
    /// What the writer keeps from turn to turn.
    pub(crate) known: &'a mut Known,
    /// The first time at which this unit set a timer.
    pub(crate) alarm_at: Option<i64>,
    /// When the first job is due that follows from this unit.
    pub(crate) work_at: Option<i64>,
    entropy: &'a dyn Entropy,
    random: Vec<u8>,
}

impl<'a> Session<'a, Reading> {
    pub(crate) fn reading(connection: &'a mut Connection) -> Self {
        Self {
            connection,
            state: Reading,
            tallies: None,
        }
    }
}

impl<'a> Session<'a, Writing<'a>> {
    pub(crate) fn writing(
        connection: &'a mut Connection,
        stamp: Stamp,
        origin: &'a Origin,
        counters: &'a mut Counters,
        known: &'a mut Known,
        entropy: &'a dyn Entropy,
    ) -> Self {
        let state = Writing {
            stamp,
            origin,
            counters,
            changes: Vec::new(),
            carried: Vec::new(),
            stats: Deltas::default(),
            kpis: KpiDeltas::default(),
            known,
            alarm_at: None,
            work_at: None,
            entropy,
            random: Vec::new(),
        };
        Self {
            connection,
            state,
            tallies: None,
        }
    }
}

/// Bytes drawn from the operating system at once: one call serves a hundred ids.
const RANDOM_BATCH: usize = 1000;

impl Writing<'_> {
    pub(crate) fn uuid(&mut self) -> Uuid {
        if self.random.len() < 10 {
            self.random.resize(RANDOM_BATCH, 0);
            self.entropy.fill(&mut self.random);
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&self.random.split_off(self.random.len() - 10));
        uuid_from(self.stamp, bytes)
    }

    /// Looks for the record's change from the end: of what one unit writes it is among the last.
    fn amend(&mut self, change: NewChange) {
        let is_same = |earlier: &&mut NewChange| (earlier.entity, earlier.entity_id) == (change.entity, change.entity_id);
        let earlier = self.changes.iter_mut().rev().find(is_same);
        if !earlier.is_some_and(|earlier| earlier.join(&change)) {
            self.changes.push(change);
        }
    }

    pub(crate) fn created_by(&self) -> Option<i64> {
        self.origin.actor.user().map(RecordId::get)
    }
}

/// An update that met no live row: the record is gone.
pub(crate) fn found<Id: RecordId + std::fmt::Display>(updated: usize, id: Id) -> Result<()> {
    if updated == 0 {
        Err(Error::not_found(Id::NOUN, id))
    } else {
        Ok(())
    }
}

impl TenantReader for Session<'_, Reading> {
    fn accounts(&mut self) -> &mut dyn accounts::AccountReads {
        self
    }
    fn tags(&mut self) -> &mut dyn tags::TagReads {
        self
    }
    fn labels(&mut self) -> &mut dyn labels::LabelReads {
        self
    }
    fn contacts(&mut self) -> &mut dyn contacts::ContactReads {
        self
    }
    fn contact_stats(&mut self) -> &mut dyn contacts::ContactStats {
        self
    }
    fn custom_fields(&mut self) -> &mut dyn custom_fields::CustomFieldReads {
        self
    }
    fn leads(&mut self) -> &mut dyn leads::LeadReads {
        self
    }
    fn opportunities(&mut self) -> &mut dyn opportunities::OpportunityReads {
        self
    }
    fn pipelines(&mut self) -> &mut dyn pipelines::PipelineReads {
        self
    }
    fn handoffs(&mut self) -> &mut dyn handoffs::HandoffReads {
        self
    }
    fn activities(&mut self) -> &mut dyn activities::ActivityReads {
        self
    }
    fn tickets(&mut self) -> &mut dyn tickets::TicketReads {
        self
    }
    fn ticket_comments(&mut self) -> &mut dyn ticket_comments::TicketCommentReads {
        self
    }
    fn sla_policies(&mut self) -> &mut dyn sla_policies::SlaPolicyReads {
        self
    }
    fn partners(&mut self) -> &mut dyn partners::PartnerReads {
        self
    }
    fn tasks(&mut self) -> &mut dyn tasks::TaskReads {
        self
    }
    fn changes(&mut self) -> &mut dyn changes::ChangeReads {
        self
    }
    fn webhooks(&mut self) -> &mut dyn webhooks::WebhookReads {
        self
    }
    fn deliveries(&mut self) -> &mut dyn sendings::DeliveryReads {
        self
    }
    fn merges(&mut self) -> &mut dyn merges::MergeReads {
        self
    }
    fn jobs(&mut self) -> &mut dyn jobs::JobReads {
        self
    }
    fn imports(&mut self) -> &mut dyn imports::ImportReads {
        self
    }
    fn requests(&mut self) -> &mut dyn requests::RequestReads {
        self
    }
    fn sync_log(&mut self) -> &mut dyn sync_logs::SyncLogReads {
        self
    }
    fn settings(&mut self) -> &mut dyn preferences::SettingReads {
        self
    }
    fn kpis(&mut self) -> &mut dyn figures::KpiReads {
        self
    }
    fn timers(&mut self) -> &mut dyn timers::TimerReads {
        self
    }
    fn identities(&mut self) -> &mut dyn uuids::IdentityReads {
        self
    }
    fn search(&mut self) -> &mut dyn searches::SearchReads {
        self
    }
}

impl UnitOfWork for Session<'_, Writing<'_>> {
    fn stamp(&self) -> Stamp {
        self.state.stamp
    }
    fn origin(&self) -> &Origin {
        self.state.origin
    }
    fn record(&mut self, change: NewChange) {
        self.state.changes.push(change);
    }
    fn amend(&mut self, change: NewChange) {
        self.state.amend(change);
    }
    fn accounts(&mut self) -> &mut dyn accounts::AccountRepository {
        self
    }
    fn tags(&mut self) -> &mut dyn tags::TagRepository {
        self
    }
    fn labels(&mut self) -> &mut dyn labels::LabelRepository {
        self
    }
    fn contacts(&mut self) -> &mut dyn contacts::ContactRepository {
        self
    }
    fn custom_fields(&mut self) -> &mut dyn custom_fields::CustomFieldRepository {
        self
    }
    fn leads(&mut self) -> &mut dyn leads::LeadRepository {
        self
    }
    fn opportunities(&mut self) -> &mut dyn opportunities::OpportunityRepository {
        self
    }
    fn pipelines(&mut self) -> &mut dyn pipelines::PipelineRepository {
        self
    }
    fn handoffs(&mut self) -> &mut dyn handoffs::HandoffRepository {
        self
    }
    fn activities(&mut self) -> &mut dyn activities::ActivityRepository {
        self
    }
    fn tickets(&mut self) -> &mut dyn tickets::TicketRepository {
        self
    }
    fn ticket_comments(&mut self) -> &mut dyn ticket_comments::TicketCommentRepository {
        self
    }
    fn sla_policies(&mut self) -> &mut dyn sla_policies::SlaPolicyRepository {
        self
    }
    fn partners(&mut self) -> &mut dyn partners::PartnerRepository {
        self
    }
    fn tasks(&mut self) -> &mut dyn tasks::TaskRepository {
        self
    }
    fn settings(&mut self) -> &mut dyn preferences::SettingRepository {
        self
    }
    fn links(&mut self) -> &mut dyn references::LinkRepository {
        self
    }
    fn merges(&mut self) -> &mut dyn merges::MergeRepository {
        self
    }
    fn jobs(&mut self) -> &mut dyn jobs::JobRepository {
        self
    }
    fn imports(&mut self) -> &mut dyn imports::ImportRepository {
        self
    }
    fn timers(&mut self) -> &mut dyn timers::TimerRepository {
        self
    }
    fn changes(&mut self) -> &mut dyn changes::ChangeReads {
        self
    }
    fn carried(&mut self) -> &mut dyn carrying::CarriedRepository {
        self
    }
    fn idempotency(&mut self) -> &mut dyn idempotencies::IdempotencyRepository {
        self
    }
    fn webhooks(&mut self) -> &mut dyn webhooks::WebhookRepository {
        self
    }
    fn deliveries(&mut self) -> &mut dyn sendings::DeliveryRepository {
        self
    }
    fn requests(&mut self) -> &mut dyn requests::RequestRepository {
        self
    }
    fn sync_log(&mut self) -> &mut dyn sync_logs::SyncLogRepository {
        self
    }
}
