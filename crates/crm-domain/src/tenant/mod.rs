//! The tenant plane: every CRM record, its changes and the request log; one database per tenant.
//!
//! A port is a plain synchronous trait: `lookup`, `list`, `count` read, `add`, `update`, `remove` write, absence is `Ok(None)`.
//! ARCHITECTURE.md lists the places that a new noun needs.

pub mod about;
pub mod account;
pub mod activity;
pub mod carried;
pub mod change;
pub mod contact;
pub mod custom_field;
pub mod delivery;
pub mod handoff;
pub mod idempotency;
pub mod identity;
pub mod import;
pub mod job;
pub mod kpi;
pub mod label;
pub mod lead;
pub mod link;
pub mod merge;
pub mod opportunity;
pub mod partner;
pub mod pipeline;
pub mod priority;
pub mod record;
pub mod request;
pub mod rewind;
pub mod search;
pub mod setting;
pub mod sla_policy;
pub mod sync_log;
pub mod tag;
pub mod task;
pub mod ticket;
pub mod ticket_comment;
pub mod timer;
pub mod webhook;

use std::sync::{Arc, mpsc};

use crate::{
    error::{Error, Result},
    id::TenantId,
    stamp::Stamp,
};
use change::{NewChange, Origin};

/// The reading side of every port of one tenant.
pub trait TenantReader {
    /// Accounts.
    fn accounts(&mut self) -> &mut dyn account::AccountReads;
    /// Tags.
    fn tags(&mut self) -> &mut dyn tag::TagReads;
    /// What records carry beyond their own fields.
    fn labels(&mut self) -> &mut dyn label::LabelReads;
    /// Contacts.
    fn contacts(&mut self) -> &mut dyn contact::ContactReads;
    /// Totals of contacts.
    fn contact_stats(&mut self) -> &mut dyn contact::ContactStats;
    /// Custom fields.
    fn custom_fields(&mut self) -> &mut dyn custom_field::CustomFieldReads;
    /// Leads.
    fn leads(&mut self) -> &mut dyn lead::LeadReads;
    /// Opportunities.
    fn opportunities(&mut self) -> &mut dyn opportunity::OpportunityReads;
    /// Pipelines with their stages.
    fn pipelines(&mut self) -> &mut dyn pipeline::PipelineReads;
    /// Handoffs of opportunities.
    fn handoffs(&mut self) -> &mut dyn handoff::HandoffReads;
    /// Activities.
    fn activities(&mut self) -> &mut dyn activity::ActivityReads;
    /// Tickets.
    fn tickets(&mut self) -> &mut dyn ticket::TicketReads;
    /// Comments of tickets.
    fn ticket_comments(&mut self) -> &mut dyn ticket_comment::TicketCommentReads;
    /// SLA policies.
    fn sla_policies(&mut self) -> &mut dyn sla_policy::SlaPolicyReads;
    /// Partners.
    fn partners(&mut self) -> &mut dyn partner::PartnerReads;
    /// Tasks.
    fn tasks(&mut self) -> &mut dyn task::TaskReads;
    /// The change feed.
    fn changes(&mut self) -> &mut dyn change::ChangeReads;
    /// Webhooks.
    fn webhooks(&mut self) -> &mut dyn webhook::WebhookReads;
    /// Deliveries to webhooks.
    fn deliveries(&mut self) -> &mut dyn delivery::DeliveryReads;
    /// Merges of records.
    fn merges(&mut self) -> &mut dyn merge::MergeReads;
    /// Jobs.
    fn jobs(&mut self) -> &mut dyn job::JobReads;
    /// What imports keep beside their jobs.
    fn imports(&mut self) -> &mut dyn import::ImportReads;
    /// The request log.
    fn requests(&mut self) -> &mut dyn request::RequestReads;
    /// What became of leads that were handed over.
    fn sync_log(&mut self) -> &mut dyn sync_log::SyncLogReads;
    /// The tenant's settings.
    fn settings(&mut self) -> &mut dyn setting::SettingReads;
    /// Key figures.
    fn kpis(&mut self) -> &mut dyn kpi::KpiReads;
    /// What becomes of records by the clock.
    fn timers(&mut self) -> &mut dyn timer::TimerReads;
    /// The uuids of records.
    fn identities(&mut self) -> &mut dyn identity::IdentityReads;
    /// The search over every noun.
    fn search(&mut self) -> &mut dyn search::SearchReads;
}

/// One unit of work: everything it writes is committed together, under one stamp, or not at all.
pub trait UnitOfWork {
    /// This unit's stamp: strictly greater than every stamp committed before in this tenant.
    fn stamp(&self) -> Stamp;
    /// Who writes, and through which family.
    fn origin(&self) -> &Origin;
    /// Appends a change to the feed; it gets its sequence number when the unit commits.
    fn record(&mut self, change: NewChange);
    /// Adds an update of a record to the change that this unit made of it already, as [`NewChange::join`] does; appends it where there is
    /// none.
    fn amend(&mut self, change: NewChange);

    /// Accounts.
    fn accounts(&mut self) -> &mut dyn account::AccountRepository;
    /// Tags.
    fn tags(&mut self) -> &mut dyn tag::TagRepository;
    /// What records carry beyond their own fields.
    fn labels(&mut self) -> &mut dyn label::LabelRepository;
    /// Contacts.
    fn contacts(&mut self) -> &mut dyn contact::ContactRepository;
    /// Custom fields.
    fn custom_fields(&mut self) -> &mut dyn custom_field::CustomFieldRepository;
    /// Leads.
    fn leads(&mut self) -> &mut dyn lead::LeadRepository;
    /// Opportunities.
    fn opportunities(&mut self) -> &mut dyn opportunity::OpportunityRepository;
    /// Pipelines with their stages.
    fn pipelines(&mut self) -> &mut dyn pipeline::PipelineRepository;
    /// Handoffs of opportunities.
    fn handoffs(&mut self) -> &mut dyn handoff::HandoffRepository;
    /// Activities.
    fn activities(&mut self) -> &mut dyn activity::ActivityRepository;
    /// Tickets.
    fn tickets(&mut self) -> &mut dyn ticket::TicketRepository;
    /// Comments of tickets.
    fn ticket_comments(&mut self) -> &mut dyn ticket_comment::TicketCommentRepository;
    /// SLA policies.
    fn sla_policies(&mut self) -> &mut dyn sla_policy::SlaPolicyRepository;
    /// Partners.
    fn partners(&mut self) -> &mut dyn partner::PartnerRepository;
    /// Tasks.
    fn tasks(&mut self) -> &mut dyn task::TaskRepository;
    /// Webhooks.
    fn webhooks(&mut self) -> &mut dyn webhook::WebhookRepository;
    /// Deliveries to webhooks.
    fn deliveries(&mut self) -> &mut dyn delivery::DeliveryRepository;
    /// The tenant's settings.
    fn settings(&mut self) -> &mut dyn setting::SettingRepository;
    /// References between records.
    fn links(&mut self) -> &mut dyn link::LinkRepository;
    /// Merges of records.
    fn merges(&mut self) -> &mut dyn merge::MergeRepository;
    /// Jobs.
    fn jobs(&mut self) -> &mut dyn job::JobRepository;
    /// What imports keep beside their jobs.
    fn imports(&mut self) -> &mut dyn import::ImportRepository;
    /// What becomes of records by the clock.
    fn timers(&mut self) -> &mut dyn timer::TimerRepository;
    /// The change feed as it was before this unit.
    fn changes(&mut self) -> &mut dyn change::ChangeReads;
    /// Changes of the control plane that are carried into the feed.
    fn carried(&mut self) -> &mut dyn carried::CarriedRepository;
    /// Answers kept for repeated requests.
    fn idempotency(&mut self) -> &mut dyn idempotency::IdempotencyRepository;
    /// The request log.
    fn requests(&mut self) -> &mut dyn request::RequestRepository;
    /// What became of leads that were handed over.
    fn sync_log(&mut self) -> &mut dyn sync_log::SyncLogRepository;
}

/// What a unit does. It may be dropped unrun when the store stops.
pub type UnitWork = Box<dyn FnOnce(&mut dyn UnitOfWork) -> Result<()> + Send>;
/// Called once: with `Ok` only after the unit is durably committed.
pub type UnitDone = Box<dyn FnOnce(Result<()>) + Send>;

/// A unit of work on its way to a tenant's writer.
pub struct Unit {
    /// Who writes, and through which family.
    pub origin: Origin,
    /// What is to be written.
    pub work: UnitWork,
    /// Hears of the outcome, on the writer's thread: it must not block.
    pub done: UnitDone,
}

/// One tenant's database. No query can reach another tenant, because no connection can.
pub trait TenantStore: Send + Sync + 'static {
    /// Runs reads on one connection; each statement sees its own newest committed state.
    fn read(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()>;
    /// Runs reads that all see one and the same committed state.
    fn snapshot(&self, work: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>) -> Result<()>;
    /// Queues a unit for the tenant's writer and returns at once; while the queue is full it is refused as unavailable.
    fn submit(&self, unit: Unit);
}

impl dyn TenantStore {
    /// [`TenantStore::read`] with a result.
    pub fn reading<T>(&self, work: impl FnOnce(&mut dyn TenantReader) -> Result<T>) -> Result<T> {
        let read = |run: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>| self.read(run);
        with_result!(work, read)
    }

    /// [`TenantStore::snapshot`] with a result.
    pub fn reading_snapshot<T>(&self, work: impl FnOnce(&mut dyn TenantReader) -> Result<T>) -> Result<T> {
        let read = |run: &mut dyn FnMut(&mut dyn TenantReader) -> Result<()>| self.snapshot(run);
        with_result!(work, read)
    }

    /// Submits a unit and waits until it is committed. Not for async callers: they submit and await `done`.
    pub fn writing<T: Send + 'static>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.submit(Unit::with_result(origin, work, move |result| {
            // A caller that went away no longer wants the answer.
            let _ = sender.send(result);
        }));
        receiver.recv().map_err(|_| stopped())?
    }
}

impl Unit {
    /// A unit whose work has a result, handed to `done` after the commit.
    pub fn with_result<T: Send + 'static>(
        origin: Origin,
        work: impl FnOnce(&mut dyn UnitOfWork) -> Result<T> + Send + 'static,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Self {
        let (sender, receiver) = mpsc::sync_channel(1);
        Self {
            origin,
            work: Box::new(move |unit| {
                let value = work(unit)?;
                // The receiver lives in `done`, which outlives the work.
                let _ = sender.send(value);
                Ok(())
            }),
            done: Box::new(move |outcome| done(outcome.and_then(|()| receiver.try_recv().map_err(|_| stopped())))),
        }
    }
}

/// Opens, creates and drops tenant databases.
pub trait Tenants: Send + Sync + 'static {
    /// The tenant's store; opens the database when it is not open.
    fn open(&self, tenant: &crate::control::tenant::Tenant) -> Result<Arc<dyn TenantStore>>;
    /// Makes a new tenant database from the migrated template and returns its location.
    fn provision(&self) -> Result<String>;
    /// Removes a database that no tenant row names; for undoing [`Tenants::provision`].
    fn discard(&self, location: &str) -> Result<()>;
    /// Has `heard` told of every change that this process commits; what other processes write is seen by reading only. One listener
    /// serves the deployment: of several the first stays.
    fn on_commit(&self, heard: OnCommit);
    /// Commits what is queued everywhere and closes every database.
    fn close(&self);
}

/// Hears whose change feed grew and its last number, on the writer's thread: it must not block.
pub type OnCommit = Box<dyn Fn(TenantId, i64) + Send + Sync>;

fn stopped() -> Error {
    Error::Unavailable {
        what: "the database writer",
        cause: "it stopped".to_owned(),
        retry_after: std::time::Duration::from_secs(1),
    }
}

/// Carries a result out of a closure that a trait object can only take as `FnMut() -> Result<()>`. A macro, because the ports' own
/// lifetime is different in each call and a generic function cannot name it.
macro_rules! with_result {
    ($work:ident, $run:expr) => {{
        let mut work = Some($work);
        let mut result = None;
        $run(&mut |ports| {
            let work = work
                .take()
                .ok_or_else(|| $crate::Error::Internal("a closure ran twice".to_owned()))?;
            result = Some(work(ports)?);
            Ok(())
        })?;
        result.ok_or_else(|| $crate::Error::Internal("a closure did not run".to_owned()))
    }};
}
pub(crate) use with_result;
