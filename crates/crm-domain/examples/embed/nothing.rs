//! The nouns that this host does not keep: reading finds none, writing says so.

use crm_domain::{
    Error, Result,
    id::{AccountId, ActivityId, ContactId, LeadId, OpportunityId, StageId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::{
        activity::{Activity, ActivityFields, ActivityReads, ActivityRepository},
        contact::{Contact, ContactFields, ContactFilter, ContactReads, ContactRepository, ContactSort},
        idempotency::{IdempotencyRepository, IdempotencyScope, KeptAnswer},
        lead::{Lead, LeadFields, LeadFilter, LeadReads, LeadRepository, LeadSort},
        opportunity::{Opportunity, OpportunityFields, OpportunityFilter, OpportunityReads, OpportunityRepository, OpportunitySort},
        pipeline::{Pipeline, PipelineReads, PipelineRepository, Stage, StageFields},
        request::{LoggedRequest, RequestFilter, RequestReads, RequestRecord, RequestRepository},
    },
};

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

/// Writing is refused alike for every noun.
macro_rules! keeps_no {
    ($repository:ident, $entity:ident, $new:ty, $id:ident) => {
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
        }
    };
}

keeps_no!(ContactRepository, Contact, ContactFields, ContactId);
keeps_no!(LeadRepository, Lead, LeadFields, LeadId);
keeps_no!(OpportunityRepository, Opportunity, (OpportunityFields, Stage), OpportunityId);
keeps_no!(ActivityRepository, Activity, ActivityFields, ActivityId);

impl ContactReads for Nothing {
    fn lookup(&mut self, _id: ContactId) -> Result<Option<Contact>> {
        Ok(None)
    }
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn lookup_emails(&mut self, _emails: &[String]) -> Result<Vec<Contact>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &ContactFilter, _sort: Sort<ContactSort>, _window: &Window) -> Result<Page<Contact>> {
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
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn lookup_emails(&mut self, _emails: &[String]) -> Result<Vec<Lead>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &LeadFilter, _sort: Sort<LeadSort>, _window: &Window) -> Result<Page<Lead>> {
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
    fn lookup_external(&mut self, _external_ids: &[String]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn list(&mut self, _filter: &OpportunityFilter, _sort: Sort<OpportunitySort>, _window: &Window) -> Result<Page<Opportunity>> {
        Ok(empty())
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
    fn list_without_account(&mut self) -> Result<Vec<Opportunity>> {
        Ok(Vec::new())
    }
}

impl ActivityReads for Nothing {
    fn lookup(&mut self, _id: ActivityId) -> Result<Option<Activity>> {
        Ok(None)
    }
    fn list_of_accounts(&mut self, _accounts: &[AccountId]) -> Result<Vec<Activity>> {
        Ok(Vec::new())
    }
}

impl PipelineReads for Nothing {
    fn list(&mut self) -> Result<Vec<Pipeline>> {
        Ok(Vec::new())
    }
    fn lookup_stage(&mut self, _id: StageId) -> Result<Option<Stage>> {
        Ok(None)
    }
}

impl PipelineRepository for Nothing {
    fn add_stage(&mut self, _fields: StageFields) -> Result<Stage> {
        refuse()
    }
    fn update_stage(&mut self, _stage: &Stage) -> Result<()> {
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
    fn list(&mut self, _filter: &RequestFilter, _window: &Window) -> Result<Page<LoggedRequest>> {
        Ok(empty())
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
