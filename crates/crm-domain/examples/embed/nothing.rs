//! The nouns that this host does not keep: reading finds none, writing says so.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crm_domain::{
    Error, Result,
    control::change::ControlChange,
    id::{
        AccountId, ActivityId, ContactId, CustomFieldId, DeliveryId, HandoffId, JobId, LeadId, MergeId, OpportunityId, PartnerId,
        PipelineId, RecordId, SlaPolicyId, StageId, TagId, TaskId, TicketCommentId, TicketId, TimerId, WebhookId,
    },
    money::Currency,
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::{
        activity::{Activity, ActivityField, ActivityFields, ActivityFilter, ActivityReads, ActivityRepository},
        carried::CarriedRepository,
        change::EntityKind,
        contact::{
            Contact, ContactField, ContactFields, ContactFilter, ContactReads, ContactRepository, ContactStats, ContactTotals, StatKind,
            Tally,
        },
        custom_field::{
            CustomField, CustomFieldField, CustomFieldFields, CustomFieldFilter, CustomFieldReads, CustomFieldRepository, NewValue, ValueOf,
        },
        delivery::{Claim, Delivery, DeliveryFilter, DeliveryReads, DeliveryRepository, Hour, NewDelivery, Outcome, Requeue, TestDelivery},
        handoff::{Handoff, HandoffFields, HandoffReads, HandoffRepository, HandoffStatus},
        idempotency::{IdempotencyRepository, IdempotencyScope, KeptAnswer},
        identity::IdentityReads,
        import::{ImportReads, ImportRepository, RowFailure},
        job::{End, Job, JobField, JobFilter, JobKind, JobReads, JobRepository, Lease, NewJob},
        kpi::{self, KpiReads, Measure, Step},
        label::{LabelReads, LabelRepository, Present, TagOf},
        lead::{Lead, LeadField, LeadFields, LeadFilter, LeadReads, LeadRepository},
        merge::{Merge, MergeField, MergeFilter, MergeReads, MergeRepository, NewMerge},
        opportunity::{
            Group, Month, Opportunity, OpportunityField, OpportunityFields, OpportunityFilter, OpportunityReads, OpportunityRepository,
        },
        partner::{Partner, PartnerField, PartnerFields, PartnerFilter, PartnerReads, PartnerRepository},
        pipeline::{
            Pipeline, PipelineField, PipelineFields, PipelineFilter, PipelineReads, PipelineRepository, Stage, StageField, StageFields,
            StageFilter,
        },
        request::{LoggedRequest, RequestField, RequestFilter, RequestReads, RequestRecord, RequestRepository},
        search::{Candidate, Probe, SearchReads},
        setting::{Kept, Preferences, SettingReads, SettingRepository},
        sla_policy::{SlaPolicy, SlaPolicyField, SlaPolicyFields, SlaPolicyFilter, SlaPolicyReads, SlaPolicyRepository, SlaSubject},
        sync_log::{SyncEntry, SyncLogField, SyncLogFilter, SyncLogReads, SyncLogRepository, SyncNote},
        tag::{Tag, TagField, TagFields, TagFilter, TagReads, TagRepository},
        task::{Task, TaskField, TaskFields, TaskFilter, TaskReads, TaskRepository},
        ticket::{Ticket, TicketField, TicketFields, TicketFilter, TicketReads, TicketRepository},
        ticket_comment::{
            TicketComment, TicketCommentField, TicketCommentFields, TicketCommentFilter, TicketCommentReads, TicketCommentRepository,
        },
        timer::{Moment, Review, Timer, TimerReads, TimerRepository},
        webhook::{Webhook, WebhookField, WebhookFields, WebhookFilter, WebhookReads, WebhookRepository},
    },
    time_zone::TimeZone,
};
use time::Date;
use uuid::Uuid;

#[derive(Default, Clone)]
pub struct Nothing;

fn refuse<T>() -> Result<T> {
    Err(Error::Conflict("this program keeps accounts only".to_owned()))
}

fn empty<T>() -> Page<T> {
    Page {
        items: Vec::new(),
        total: 0,
        has_more: false,
        seen: Stamp::default(),
    }
}

macro_rules! restorable {
    ($entity:ident, $id:ident) => {
        fn lookup_deleted(&mut self, _id: $id) -> Result<Option<$entity>> {
            Ok(None)
        }
        fn restore(&mut self, _record: &$entity) -> Result<()> {
            refuse()
        }
    };
}

/// Writing is refused alike for every noun.
macro_rules! keeps_no {
    ($repository:ident, $entity:ident, $new:ty, $id:ident $(, $restorable:ident)?) => {
        impl $repository for Nothing {
            fn add(&mut self, _new: Vec<$new>) -> Result<Vec<$entity>> {
                refuse()
            }
            fn update(&mut self, _record: &$entity) -> Result<()> {
                refuse()
            }
            fn remove(&mut self, _id: $id) -> Result<()> {
                refuse()
            }
            $($restorable! { $entity, $id })?
        }
    };
}

keeps_no!(ActivityRepository, Activity, ActivityFields, ActivityId, restorable);
keeps_no!(TicketRepository, Ticket, TicketFields, TicketId, restorable);
keeps_no!(TicketCommentRepository, TicketComment, TicketCommentFields, TicketCommentId);
keeps_no!(SlaPolicyRepository, SlaPolicy, SlaPolicyFields, SlaPolicyId, restorable);
keeps_no!(PartnerRepository, Partner, PartnerFields, PartnerId, restorable);
keeps_no!(TagRepository, Tag, TagFields, TagId, restorable);

impl LeadRepository for Nothing {
    fn add(&mut self, _new: Vec<LeadFields>) -> Result<Vec<Lead>> {
        refuse()
    }
    fn update(&mut self, _before: &Lead, _after: &Lead) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _lead: &Lead) -> Result<()> {
        refuse()
    }
    restorable! { Lead, LeadId }
}

impl TaskRepository for Nothing {
    fn add(&mut self, _new: Vec<TaskFields>) -> Result<Vec<Task>> {
        refuse()
    }
    fn update(&mut self, _task: &Task) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _task: &Task) -> Result<()> {
        refuse()
    }
    restorable! { Task, TaskId }
}

impl OpportunityRepository for Nothing {
    fn add(&mut self, _new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>> {
        refuse()
    }
    fn update(&mut self, _before: &Opportunity, _after: &Opportunity) -> Result<()> {
        refuse()
    }
    fn touch_in(&mut self, _stage: StageId) -> Result<()> {
        refuse()
    }
    fn move_all(&mut self, _from: StageId, _to: &Stage) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _opportunity: &Opportunity) -> Result<()> {
        refuse()
    }
    restorable! { Opportunity, OpportunityId }
}

impl ContactRepository for Nothing {
    fn add(&mut self, _new: Vec<ContactFields>) -> Result<Vec<Contact>> {
        refuse()
    }
    fn update(&mut self, _before: &Contact, _after: &Contact) -> Result<()> {
        refuse()
    }
    fn vacate(&mut self, _ids: &[ContactId]) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _contact: &Contact) -> Result<()> {
        refuse()
    }
    fn lookup_deleted_uuid(&mut self, _uuid: Uuid) -> Result<Option<Contact>> {
        Ok(None)
    }
    restorable! { Contact, ContactId }
}

impl ContactStats for Nothing {
    fn totals(&mut self) -> Result<ContactTotals> {
        Ok(ContactTotals::default())
    }
    fn tallies(&mut self, _kind: StatKind, _limit: u32) -> Result<Vec<Tally>> {
        Ok(Vec::new())
    }
}

impl ContactReads for Nothing {
    fn lookup_uuids(&mut self, _uuids: &[Uuid]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_linkedin(&mut self, _keys: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_identities(&mut self, _keys: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_names(&mut self, _names: &[String], _most: usize) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_companies(&mut self, _companies: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup(&mut self, _id: ContactId) -> Result<Option<Contact>> {
        Ok(None)
    }
    fn ids_of(&mut self, _uuids: &[Uuid]) -> Result<Vec<(Uuid, ContactId)>> {
        Ok(Vec::new())
    }
    fn uuids_of(&mut self, _ids: &[ContactId]) -> Result<Vec<(ContactId, Uuid)>> {
        Ok(Vec::new())
    }
    fn lookup_many(&mut self, _ids: &[ContactId]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_emails(&mut self, _emails: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &ContactFilter, _sort: Sort<ContactField>, _window: &Window) -> Result<Page<Contact>> {
        Ok(empty())
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
}

impl LeadReads for Nothing {
    fn lookup(&mut self, _id: LeadId) -> Result<Option<Lead>> {
        Ok(None)
    }
    fn lookup_many(&mut self, _ids: &[LeadId]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn lookup_deleted_many(&mut self, _ids: &[LeadId]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn lookup_emails(&mut self, _emails: &[String]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &LeadFilter, _sort: Sort<LeadField>, _window: &Window) -> Result<Page<Lead>> {
        Ok(empty())
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
}

impl OpportunityReads for Nothing {
    fn lookup(&mut self, _id: OpportunityId) -> Result<Option<Opportunity>> {
        Ok(None)
    }
    fn lookup_many(&mut self, _ids: &[OpportunityId]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn lookup_deleted_many(&mut self, _ids: &[OpportunityId]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &OpportunityFilter, _sort: Sort<OpportunityField>, _window: &Window) -> Result<Page<Opportunity>> {
        Ok(empty())
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn list_without_account(&mut self) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn count_in(&mut self, _stages: &[StageId]) -> Result<i64> {
        Ok(0)
    }
    fn list_in(&mut self, _stage: StageId, _after: i64, _limit: u32) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn sum_by_stage(&mut self, _stages: &[StageId]) -> Result<Vec<Group<StageId>>> {
        Ok(Vec::new())
    }
    fn sum_by_month(&mut self, _stages: &[StageId]) -> Result<Vec<Group<Option<Month>>>> {
        Ok(Vec::new())
    }
}

impl ActivityReads for Nothing {
    fn lookup(&mut self, _id: ActivityId) -> Result<Option<Activity>> {
        Ok(None)
    }
    fn lookup_many(&mut self, _ids: &[ActivityId]) -> Result<Vec<Activity>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &ActivityFilter, _sort: Sort<ActivityField>, _window: &Window) -> Result<Page<Activity>> {
        Ok(empty())
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Activity>> {
        Ok(Vec::new())
    }
}

impl TaskReads for Nothing {
    fn lookup(&mut self, _id: TaskId) -> Result<Option<Task>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &TaskFilter, _sort: Sort<TaskField>, _window: &Window) -> Result<Page<Task>> {
        Ok(empty())
    }
    fn lookup_many(&mut self, _ids: &[TaskId]) -> Result<Vec<Task>> {
        Ok(Vec::new())
    }
    fn lookup_deleted_many(&mut self, _ids: &[TaskId]) -> Result<Vec<Task>> {
        Ok(Vec::new())
    }
}

impl MergeReads for Nothing {
    fn lookup(&mut self, _id: MergeId) -> Result<Option<Merge>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &MergeFilter, _sort: Sort<MergeField>, _window: &Window) -> Result<Page<Merge>> {
        Ok(empty())
    }
}

impl MergeRepository for Nothing {
    fn add(&mut self, _done: NewMerge) -> Result<Merge> {
        refuse()
    }
    fn settle(&mut self, _id: MergeId) -> Result<Merge> {
        refuse()
    }
}

impl ImportReads for Nothing {
    fn chunk(&mut self, _job: JobId, _number: u32) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn failures(&mut self, _job: JobId, _after: u64, _limit: u32) -> Result<Vec<RowFailure>> {
        Ok(Vec::new())
    }
    fn last_part(&mut self, _job: JobId, _before: Stamp) -> Result<Option<Stamp>> {
        Ok(None)
    }
    fn parts_among(&mut self, _jobs: &[JobId], _stamps: &[Stamp]) -> Result<Vec<Stamp>> {
        Ok(Vec::new())
    }
}

impl ImportRepository for Nothing {
    fn add_chunk(&mut self, _job: JobId, _number: u32, _body: &[u8]) -> Result<()> {
        refuse()
    }
    fn remove_file(&mut self, _job: JobId) -> Result<()> {
        Ok(())
    }
    fn add_failures(&mut self, _job: JobId, _failures: &[RowFailure]) -> Result<()> {
        refuse()
    }
    fn remove_failures(&mut self, _job: JobId) -> Result<()> {
        Ok(())
    }
    fn add_part(&mut self, _job: JobId) -> Result<()> {
        refuse()
    }
}

impl JobReads for Nothing {
    fn lookup(&mut self, _id: JobId) -> Result<Option<Job>> {
        Ok(None)
    }
    fn lookup_uuid(&mut self, _uuid: Uuid) -> Result<Option<Job>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &JobFilter, _sort: Sort<JobField>, _window: &Window) -> Result<Page<Job>> {
        Ok(empty())
    }
    fn next_due(&mut self, _kinds: Option<&[JobKind]>) -> Result<Option<Stamp>> {
        Ok(None)
    }
}

impl JobRepository for Nothing {
    fn add(&mut self, _new: NewJob) -> Result<Job> {
        refuse()
    }
    fn add_following(&mut self, _new: NewJob) -> Result<Job> {
        refuse()
    }
    fn add_over(&mut self, _new: NewJob, _end: End) -> Result<Job> {
        refuse()
    }
    fn concern(&mut self, _lease: &Lease, _contact: ContactId) -> Result<()> {
        refuse()
    }
    fn claim(&mut self, _kinds: &[JobKind], _lease: Duration, _limit: u32) -> Result<Vec<Job>> {
        Ok(Vec::new())
    }
    fn release_all(&mut self) -> Result<usize> {
        Ok(0)
    }
    fn held(&mut self, _lease: &Lease) -> Result<Job> {
        refuse()
    }
    fn extend(&mut self, _lease: &Lease, _by: Duration) -> Result<()> {
        refuse()
    }
    fn advance(&mut self, _lease: &Lease, _progress: String) -> Result<()> {
        refuse()
    }
    fn end(&mut self, _lease: &Lease, _end: End) -> Result<Job> {
        refuse()
    }
    fn cancel(&mut self, _id: JobId) -> Result<Job> {
        refuse()
    }
    fn postpone(&mut self, _id: JobId, _due_at: Stamp) -> Result<()> {
        refuse()
    }
    fn note(&mut self, _id: JobId, _progress: String) -> Result<()> {
        refuse()
    }
    fn purge(&mut self, _before: Stamp, _limit: u32) -> Result<Vec<JobId>> {
        Ok(Vec::new())
    }
}

impl HandoffReads for Nothing {
    fn lookup(&mut self, _id: HandoffId) -> Result<Option<Handoff>> {
        Ok(None)
    }
    fn lookup_many(&mut self, _ids: &[HandoffId]) -> Result<Vec<Handoff>> {
        Ok(Vec::new())
    }
    fn latest_of(&mut self, _opportunity: OpportunityId) -> Result<Option<Handoff>> {
        Ok(None)
    }
    fn statuses_of(&mut self, _opportunities: &[OpportunityId]) -> Result<HashMap<OpportunityId, HandoffStatus>> {
        Ok(HashMap::new())
    }
}

impl HandoffRepository for Nothing {
    fn add(&mut self, _fields: HandoffFields) -> Result<Handoff> {
        refuse()
    }
    fn update(&mut self, _handoff: &Handoff) -> Result<()> {
        refuse()
    }
}

impl PipelineReads for Nothing {
    fn all(&mut self) -> Result<Vec<Pipeline>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &PipelineFilter, _sort: Sort<PipelineField>, _window: &Window) -> Result<Page<Pipeline>> {
        Ok(empty())
    }
    fn list_stages(&mut self, _filter: &StageFilter, _sort: Sort<StageField>, _window: &Window) -> Result<Page<Stage>> {
        Ok(empty())
    }
    fn lookup_stages(&mut self, _ids: &[StageId]) -> Result<Vec<Stage>> {
        Ok(Vec::new())
    }
}

impl PipelineRepository for Nothing {
    fn add(&mut self, _fields: PipelineFields) -> Result<Pipeline> {
        refuse()
    }
    fn update(&mut self, _pipeline: &Pipeline) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _id: PipelineId) -> Result<()> {
        refuse()
    }
    fn remove_stage(&mut self, _id: StageId) -> Result<()> {
        refuse()
    }
    fn add_stage(&mut self, _fields: StageFields) -> Result<Stage> {
        refuse()
    }
    fn update_stage(&mut self, _stage: &Stage) -> Result<()> {
        refuse()
    }
}

impl CarriedRepository for Nothing {
    fn last(&mut self) -> Result<i64> {
        Ok(0)
    }
    fn append(&mut self, _changes: Vec<ControlChange>) -> Result<()> {
        refuse()
    }
}

impl IdempotencyRepository for Nothing {
    fn lookup(&mut self, _scope: &IdempotencyScope, _since: Stamp) -> Result<Option<KeptAnswer>> {
        Ok(None)
    }
    fn keep(&mut self, _scope: &IdempotencyScope, _answer: &KeptAnswer) -> Result<()> {
        refuse()
    }
    fn purge(&mut self, _before: Stamp) -> Result<u64> {
        Ok(0)
    }
}

impl RequestReads for Nothing {
    fn list(&mut self, _filter: &RequestFilter, _sort: Sort<RequestField>, _window: &Window) -> Result<Page<LoggedRequest>> {
        Ok(empty())
    }
}

impl SyncLogReads for Nothing {
    fn list(&mut self, _filter: &SyncLogFilter, _sort: Sort<SyncLogField>, _window: &Window) -> Result<Page<SyncEntry>> {
        Ok(empty())
    }
}

impl TagReads for Nothing {
    fn ids_of(&mut self, _uuids: &[Uuid]) -> Result<Vec<(Uuid, TagId)>> {
        Ok(Vec::new())
    }
    fn lookup_many(&mut self, _ids: &[TagId]) -> Result<Vec<Tag>> {
        Ok(Vec::new())
    }
    fn lookup(&mut self, _id: TagId) -> Result<Option<Tag>> {
        Ok(None)
    }
    fn lookup_named(&mut self, _names: &[String]) -> Result<Vec<Tag>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &TagFilter, _sort: Sort<TagField>, _window: &Window) -> Result<Page<Tag>> {
        Ok(empty())
    }
    fn usage(&mut self, _ids: &[TagId]) -> Result<Vec<(TagId, u64)>> {
        Ok(Vec::new())
    }
}

impl LabelReads for Nothing {
    fn present(&mut self) -> Result<Present> {
        Ok(Present::default())
    }
    fn values_of(&mut self, _kind: EntityKind, _ids: &[i64]) -> Result<Vec<ValueOf>> {
        Ok(Vec::new())
    }
    fn tags_of(&mut self, _kind: EntityKind, _ids: &[i64]) -> Result<Vec<TagOf>> {
        Ok(Vec::new())
    }
    fn live(&mut self, _kind: EntityKind, _ids: &[i64]) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }
}

impl LabelRepository for Nothing {
    fn assign(&mut self, _kind: EntityKind, _assignments: &[(i64, TagId)]) -> Result<()> {
        refuse()
    }
    fn unassign(&mut self, _kind: EntityKind, _assignments: &[(i64, TagId)]) -> Result<()> {
        refuse()
    }
    fn clear_values(&mut self, _kind: EntityKind, _of: &[(i64, CustomFieldId)]) -> Result<()> {
        refuse()
    }
    fn add_values(&mut self, _kind: EntityKind, _values: Vec<NewValue>) -> Result<()> {
        refuse()
    }
    fn touch(&mut self, _kind: EntityKind, _ids: &[i64]) -> Result<()> {
        refuse()
    }
}

impl CustomFieldReads for Nothing {
    fn lookup(&mut self, _id: CustomFieldId) -> Result<Option<CustomField>> {
        Ok(None)
    }
    fn of_kind(&mut self, _kind: EntityKind) -> Result<Vec<CustomField>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &CustomFieldFilter, _sort: Sort<CustomFieldField>, _window: &Window) -> Result<Page<CustomField>> {
        Ok(empty())
    }
    fn holders(&mut self, _id: CustomFieldId, _sort_keys: &[String]) -> Result<Vec<(i64, String)>> {
        Ok(Vec::new())
    }
    fn has_values(&mut self, _id: CustomFieldId) -> Result<bool> {
        Ok(false)
    }
    fn used_choice(&mut self, _id: CustomFieldId, _choices: &[String]) -> Result<Option<String>> {
        Ok(None)
    }
    fn has_duplicates(&mut self, _field: &CustomField) -> Result<bool> {
        Ok(false)
    }
}

impl CustomFieldRepository for Nothing {
    fn add(&mut self, _new: Vec<CustomFieldFields>) -> Result<Vec<CustomField>> {
        refuse()
    }
    fn update(&mut self, _field: &CustomField) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _id: CustomFieldId) -> Result<()> {
        refuse()
    }
    fn restore(&mut self, _id: CustomFieldId) -> Result<Option<CustomField>> {
        Ok(None)
    }
}

impl SearchReads for Nothing {
    fn candidates(&mut self, _kind: EntityKind, _probe: &Probe, _limit: u32) -> Result<Vec<Candidate>> {
        Ok(Vec::new())
    }
}

impl RequestRepository for Nothing {
    fn add(&mut self, _records: &[RequestRecord]) -> Result<()> {
        refuse()
    }
    fn purge(&mut self, _before: Stamp, _limit: u32) -> Result<u64> {
        Ok(0)
    }
}

impl SyncLogRepository for Nothing {
    fn add(&mut self, _notes: &[SyncNote]) -> Result<()> {
        refuse()
    }
    fn purge(&mut self, _before: Stamp, _limit: u32) -> Result<u64> {
        Ok(0)
    }
}

impl TicketReads for Nothing {
    fn lookup_many(&mut self, _ids: &[TicketId]) -> Result<Vec<Ticket>> {
        Ok(Vec::new())
    }
    fn lookup_deleted_many(&mut self, _ids: &[TicketId]) -> Result<Vec<Ticket>> {
        Ok(Vec::new())
    }
    fn lookup(&mut self, _id: TicketId) -> Result<Option<Ticket>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &TicketFilter, _sort: Sort<TicketField>, _window: &Window) -> Result<Page<Ticket>> {
        Ok(empty())
    }
    fn is_policy_used(&mut self, _policy: SlaPolicyId) -> Result<bool> {
        Ok(false)
    }
}

impl TicketCommentReads for Nothing {
    fn lookup(&mut self, _id: TicketCommentId) -> Result<Option<TicketComment>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &TicketCommentFilter, _sort: Sort<TicketCommentField>, _window: &Window) -> Result<Page<TicketComment>> {
        Ok(empty())
    }
}

impl SlaPolicyReads for Nothing {
    fn lookup_many(&mut self, _ids: &[SlaPolicyId]) -> Result<Vec<SlaPolicy>> {
        Ok(Vec::new())
    }
    fn lookup_named(&mut self, _names: &[String]) -> Result<Vec<SlaPolicy>> {
        Ok(Vec::new())
    }
    fn lookup(&mut self, _id: SlaPolicyId) -> Result<Option<SlaPolicy>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &SlaPolicyFilter, _sort: Sort<SlaPolicyField>, _window: &Window) -> Result<Page<SlaPolicy>> {
        Ok(empty())
    }
    fn list_of(&mut self, _subject: SlaSubject) -> Result<Vec<SlaPolicy>> {
        Ok(Vec::new())
    }
}

impl PartnerReads for Nothing {
    fn lookup_many(&mut self, _ids: &[PartnerId]) -> Result<Vec<Partner>> {
        Ok(Vec::new())
    }
    fn lookup_named(&mut self, _names: &[String]) -> Result<Vec<Partner>> {
        Ok(Vec::new())
    }
    fn lookup(&mut self, _id: PartnerId) -> Result<Option<Partner>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &PartnerFilter, _sort: Sort<PartnerField>, _window: &Window) -> Result<Page<Partner>> {
        Ok(empty())
    }
}

impl WebhookReads for Nothing {
    fn lookup(&mut self, _id: WebhookId) -> Result<Option<Webhook>> {
        Ok(None)
    }
    fn lookup_many(&mut self, _ids: &[WebhookId]) -> Result<Vec<Webhook>> {
        Ok(Vec::new())
    }
    fn count(&mut self) -> Result<u64> {
        Ok(0)
    }
    fn list_active(&mut self) -> Result<Vec<Webhook>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &WebhookFilter, _sort: Sort<WebhookField>, _window: &Window) -> Result<Page<Webhook>> {
        Ok(empty())
    }
}

impl WebhookRepository for Nothing {
    fn add(&mut self, _fields: WebhookFields) -> Result<Webhook> {
        refuse()
    }
    fn update(&mut self, _webhook: &Webhook) -> Result<()> {
        refuse()
    }
    fn set_failing(&mut self, _id: WebhookId, _since: Option<Stamp>) -> Result<()> {
        refuse()
    }
    fn remove(&mut self, _id: WebhookId) -> Result<()> {
        refuse()
    }
}

impl DeliveryReads for Nothing {
    fn lookup(&mut self, _webhook: WebhookId, _id: DeliveryId) -> Result<Option<Delivery>> {
        Ok(None)
    }
    fn list(&mut self, _filter: &DeliveryFilter, _before: i64, _limit: u32) -> Result<Vec<Delivery>> {
        Ok(Vec::new())
    }
    fn span_since(&mut self, _since: Stamp) -> Result<(DeliveryId, DeliveryId)> {
        Ok((DeliveryId::from_i64(0), DeliveryId::from_i64(0)))
    }
    fn dispatched(&mut self) -> Result<i64> {
        Ok(0)
    }
    fn next_due(&mut self, _webhooks: &[WebhookId]) -> Result<Vec<(WebhookId, Stamp)>> {
        Ok(Vec::new())
    }
}

impl DeliveryRepository for Nothing {
    fn advance(&mut self, _seq: i64) -> Result<()> {
        refuse()
    }
    fn add(&mut self, _new: &[NewDelivery]) -> Result<()> {
        refuse()
    }
    fn add_test(&mut self, _test: TestDelivery) -> Result<Delivery> {
        refuse()
    }
    fn claim(&mut self, _webhook: WebhookId, _owner: Uuid, _until: Stamp, _limit: u32) -> Result<Vec<Claim>> {
        Ok(Vec::new())
    }
    fn settle(&mut self, _owner: Uuid, _outcomes: &[Outcome]) -> Result<Vec<DeliveryId>> {
        Ok(Vec::new())
    }
    fn release(&mut self, _owner: Uuid, _ids: &[DeliveryId]) -> Result<()> {
        refuse()
    }
    fn requeue(&mut self, _which: &Requeue, _limit: u32) -> Result<Vec<DeliveryId>> {
        Ok(Vec::new())
    }
    fn sent_in(&mut self, _hour: Hour) -> Result<u32> {
        Ok(0)
    }
    fn set_sent(&mut self, _hour: Hour, _sent: u32) -> Result<()> {
        refuse()
    }
    fn purge(&mut self, _before: Stamp, _limit: u32) -> Result<u64> {
        Ok(0)
    }
}

impl SettingReads for Nothing {
    fn lookup(&mut self) -> Result<Kept> {
        Ok(Kept {
            preferences: Preferences {
                default_currency: Currency::USD,
                time_zone: TimeZone::utc(),
                request_log_days: None,
            },
            updated_at: Stamp::default(),
        })
    }
}

impl SettingRepository for Nothing {
    fn update(&mut self, _preferences: &Preferences) -> Result<()> {
        refuse()
    }
}

impl KpiReads for Nothing {
    fn between(&mut self, _step: Step, _first: Date, _last: Date) -> Result<Vec<kpi::Tally<Measure>>> {
        Ok(Vec::new())
    }
    fn leads(&mut self) -> Result<i64> {
        Ok(0)
    }
    fn statuses(&mut self, _limit: u32) -> Result<Vec<(String, i64)>> {
        Ok(Vec::new())
    }
    fn stages(&mut self) -> Result<Vec<kpi::Tally<StageId>>> {
        Ok(Vec::new())
    }
    fn overdue_tasks(&mut self, _created: Stamp, _now: Stamp) -> Result<u64> {
        Ok(0)
    }
}

impl IdentityReads for Nothing {
    fn uuids_of(&mut self, _kind: EntityKind, _ids: &[i64]) -> Result<Vec<(i64, Uuid)>> {
        Ok(Vec::new())
    }
    fn id_of(&mut self, _kind: EntityKind, _uuid: Uuid) -> Result<Option<i64>> {
        Ok(None)
    }
}

impl TimerReads for Nothing {
    fn list_of(&mut self, _entity: EntityKind, _ids: &[i64]) -> Result<Vec<Timer>> {
        Ok(Vec::new())
    }
    fn next(&mut self) -> Result<Option<Stamp>> {
        Ok(None)
    }
}

impl TimerRepository for Nothing {
    fn policies(&mut self) -> Result<Arc<[SlaPolicy]>> {
        Ok(Arc::new([]))
    }
    fn set(&mut self, _moments: &[((EntityKind, i64), Moment)]) -> Result<()> {
        refuse()
    }
    fn unset(&mut self, _ids: &[TimerId]) -> Result<()> {
        refuse()
    }
    fn forget_policy(&mut self, _policy: SlaPolicyId) -> Result<()> {
        refuse()
    }
    fn due(&mut self, _now: Stamp, _limit: u32) -> Result<Vec<Timer>> {
        Ok(Vec::new())
    }
    fn fired(&mut self, _ids: &[TimerId]) -> Result<()> {
        refuse()
    }
    fn review(&mut self) -> Result<Option<Review>> {
        Ok(None)
    }
    fn begin_review(&mut self, _entity: EntityKind) -> Result<()> {
        refuse()
    }
    fn advance_review(&mut self, _entity: EntityKind, _after: Option<i64>) -> Result<()> {
        refuse()
    }
    fn running(&mut self, _entity: EntityKind, _after: i64, _limit: u32) -> Result<Vec<i64>> {
        Ok(Vec::new())
    }
    fn agree(&mut self, _next: Option<Stamp>) -> Result<()> {
        refuse()
    }
}
