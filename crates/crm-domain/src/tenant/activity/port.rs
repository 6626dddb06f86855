//! Reading and keeping activities.

use super::{Activity, ActivityFields, ActivityType};
use crate::{
    error::Result,
    fields,
    id::{AccountId, ActivityId},
    page::{Page, Sort, Window},
    query::Filter,
};

fields! {
    /// The fields of activities that lists know; by creation unless asked otherwise (contract X-106).
    pub enum ActivityField of activity: Activity {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => activity.created_at;
        Id: Spec::id("id").filterable().in_id_order() => activity.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => activity.updated_at;
        ActivityType: Spec::choice("activity_type", &ActivityType::WORDS).filterable() => activity.fields.activity_type.as_str();
        OccurredAt: Spec::stamp("occurred_at").nullable().filterable() => activity.fields.occurred_at;
        Completed: Spec::boolean("completed").filterable() => activity.fields.completed;
        AccountId: Spec::id("account_id").sparse() => activity.fields.account_id;
        ContactId: Spec::id("contact_id").sparse() => activity.fields.contact_id;
        LeadId: Spec::id("lead_id").sparse() => activity.fields.lead_id;
        OpportunityId: Spec::id("opportunity_id").sparse() => activity.fields.opportunity_id;
        OwnerId: Spec::id("owner_id").filterable() => activity.fields.owner_id;
        CreatedBy: Spec::id("created_by").nullable() => activity.created_by;
    }
    and Custom
}

/// Which activities a list shows; the search over everything finds their texts, a list does not.
pub type ActivityFilter = Filter<ActivityField>;

/// Reads activities.
pub trait ActivityReads {
    /// The live activity with this id.
    fn lookup(&mut self, id: ActivityId) -> Result<Option<Activity>>;
    /// The live activities among these ids, in any order.
    fn lookup_many(&mut self, ids: &[ActivityId]) -> Result<Vec<Activity>>;
    /// A page of the activities that match.
    fn list(&mut self, filter: &ActivityFilter, sort: Sort<ActivityField>, window: &Window) -> Result<Page<Activity>>;
    /// All live activities of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Activity>>;
}

/// Writes activities. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait ActivityRepository: ActivityReads {
    /// Keeps new activities; ids ascend in the order given.
    fn add(&mut self, fields: Vec<ActivityFields>) -> Result<Vec<Activity>>;
    /// Keeps an activity's new fields and `updated_at`.
    fn update(&mut self, activity: &Activity) -> Result<()>;
    /// Marks an activity deleted at this unit's stamp.
    fn remove(&mut self, id: ActivityId) -> Result<()>;
    /// The deleted activity with this id.
    fn lookup_deleted(&mut self, id: ActivityId) -> Result<Option<Activity>>;
    /// Makes an activity, as [`lookup_deleted`](ActivityRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, activity: &Activity) -> Result<()>;
}
