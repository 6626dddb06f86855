//! Reading and keeping opportunities.

use super::{Group, Month, Opportunity, OpportunityFields};
use crate::{
    error::Result,
    fields,
    id::{AccountId, OpportunityId, StageId},
    page::{Page, Sort, Window},
    query::Filter,
    tenant::pipeline::Stage,
};

fields! {
    /// The fields of opportunities that lists know; by creation unless asked otherwise (contract ).
    pub enum OpportunityField of opportunity: Opportunity {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => opportunity.created_at;
        Id: Spec::id("id").filterable().in_id_order() => opportunity.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => opportunity.updated_at;
        Name: Spec::key("name").filterable().searchable() => &opportunity.fields.name;
        AccountId: Spec::id("account_id").nullable().filterable() => opportunity.fields.account_id;
        ContactId: Spec::id("contact_id").sparse() => opportunity.fields.contact_id;
        StageId: Spec::id("stage_id").filterable() => opportunity.fields.stage_id;
        Amount: Spec::money("amount").nullable().filterable() => opportunity.fields.amount;
        ExpectedCloseDate: Spec::date("expected_close_date").nullable().filterable() => opportunity.fields.expected_close_date;
        ClosedOn: Spec::date("closed_on").nullable().filterable() => opportunity.fields.closed_on;
        LeadSource: Spec::text("lead_source").nullable().filterable() => opportunity.fields.lead_source.as_ref();
        IncludeInForecast: Spec::boolean("include_in_forecast").filterable() => opportunity.fields.include_in_forecast;
        OwnerId: Spec::id("owner_id").filterable() => opportunity.fields.owner_id;
        ExternalId: Spec::text("external_id").sparse() => opportunity.fields.external_id.as_ref();
        Probability: Spec::integer("probability").filterable() => opportunity.fields.probability;
        CreatedBy: Spec::id("created_by").nullable() => opportunity.created_by;
    }
    and Custom
}

/// Which opportunities a list shows; a search looks in name, lead source and next step.
pub type OpportunityFilter = Filter<OpportunityField>;

/// Reads opportunities.
pub trait OpportunityReads {
    /// The live opportunity with this id.
    fn lookup(&mut self, id: OpportunityId) -> Result<Option<Opportunity>>;
    /// The live opportunities among these ids, in any order.
    fn lookup_many(&mut self, ids: &[OpportunityId]) -> Result<Vec<Opportunity>>;
    /// The deleted opportunities among these ids, in any order.
    fn lookup_deleted_many(&mut self, ids: &[OpportunityId]) -> Result<Vec<Opportunity>>;
    /// The live opportunities with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Opportunity>>;
    /// A page of the opportunities that match.
    fn list(&mut self, filter: &OpportunityFilter, sort: Sort<OpportunityField>, window: &Window) -> Result<Page<Opportunity>>;
    /// All live opportunities of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Opportunity>>;
    /// All live opportunities without an account, by creation.
    fn list_without_account(&mut self) -> Result<Vec<Opportunity>>;
    /// How many live opportunities are in these stages.
    fn count_in(&mut self, stages: &[StageId]) -> Result<i64>;
    /// The first live opportunities in a stage whose ids are greater than `after`, by creation.
    fn list_in(&mut self, stage: StageId, after: i64, limit: u32) -> Result<Vec<Opportunity>>;
    /// The live opportunities in these stages, added up by stage, currency and probability.
    fn sum_by_stage(&mut self, stages: &[StageId]) -> Result<Vec<Group<StageId>>>;
    /// The live opportunities in these stages that forecasts count, added up by the month that they are expected in, currency and probability.
    fn sum_by_month(&mut self, stages: &[StageId]) -> Result<Vec<Group<Option<Month>>>>;
}

/// Writes opportunities. Callers outside this crate use [`single`](crate::usecase::single) and what is beside it, which also record the
/// change.
pub trait OpportunityRepository: OpportunityReads {
    /// Keeps new opportunities, each with the stage it is in; ids ascend in the order given.
    fn add(&mut self, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>>;
    /// Keeps an opportunity's new fields and `updated_at`; `before` is what it was.
    fn update(&mut self, before: &Opportunity, after: &Opportunity) -> Result<()>;
    /// Gives every live opportunity of a stage this unit's stamp: what it shows of the stage is new.
    fn touch_in(&mut self, stage: StageId) -> Result<()>;
    /// Puts every live opportunity of a stage into another one of its kind, with that one's probability, at this unit's stamp.
    fn move_all(&mut self, from: StageId, to: &Stage) -> Result<()>;
    /// Marks an opportunity, as it is now, deleted at this unit's stamp.
    fn remove(&mut self, opportunity: &Opportunity) -> Result<()>;
    /// The deleted opportunity with this id.
    fn lookup_deleted(&mut self, id: OpportunityId) -> Result<Option<Opportunity>>;
    /// Makes an opportunity, as [`lookup_deleted`](OpportunityRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, opportunity: &Opportunity) -> Result<()>;
}
