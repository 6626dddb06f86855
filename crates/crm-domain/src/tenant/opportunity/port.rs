//! Reading and keeping opportunities.

use time::Date;

use super::{Opportunity, OpportunityFields};
use crate::{
    error::Result,
    field::format_date,
    id::{AccountId, OpportunityId, RecordId},
    page::{Page, Sort, SortValue, Window},
    stamp::Stamp,
    tenant::pipeline::Stage,
};

/// What opportunities can be sorted by; creation is the default (contract X-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Opportunity")]
pub enum OpportunitySort {
    #[default]
    CreatedAt,
    UpdatedAt,
    Name,
    AccountId,
    StageId,
    Amount,
    Probability,
    ExpectedCloseDate,
    ClosedOn,
    LeadSource,
    OwnerId,
    ExternalId,
    ContactId,
    Currency,
    EngagedOn,
    Description,
    NextStep,
    IncludeInForecast,
    CreatedBy,
}

impl OpportunitySort {
    /// What a cursor carries of an opportunity in a list sorted by this key. Names are compared in lower case; ids ascend with creation.
    pub fn value(self, opportunity: &Opportunity) -> SortValue {
        let fields = &opportunity.fields;
        let day = |date: Option<Date>| SortValue::Text(date.map(format_date));
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(opportunity.updated_at.micros())),
            Self::Name => SortValue::Text(Some(fields.name.to_lowercase())),
            Self::AccountId => SortValue::Integer(fields.account_id.map(RecordId::get)),
            Self::StageId => SortValue::Integer(Some(fields.stage_id.get())),
            Self::Amount => SortValue::Integer(fields.amount.map(|money| money.minor)),
            Self::Probability => SortValue::Integer(Some(fields.probability)),
            Self::ExpectedCloseDate => day(fields.expected_close_date),
            Self::ClosedOn => day(fields.closed_on),
            Self::LeadSource => text(fields.lead_source.as_deref()),
            Self::OwnerId => SortValue::Integer(Some(fields.owner_id.get())),
            Self::ExternalId => text(fields.external_id.as_deref()),
            Self::ContactId => SortValue::Integer(fields.contact_id.map(RecordId::get)),
            Self::Currency => text(fields.amount.as_ref().map(|money| money.currency.as_str())),
            Self::EngagedOn => day(fields.engaged_on),
            Self::Description => text(fields.description.as_deref()),
            Self::NextStep => text(fields.next_step.as_deref()),
            Self::IncludeInForecast => SortValue::Integer(Some(i64::from(fields.include_in_forecast))),
            Self::CreatedBy => SortValue::Integer(opportunity.created_by.map(RecordId::get)),
        }
    }
}

/// Which opportunities a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpportunityFilter {
    /// Only those that forecasts count, or only those that they do not (contract ).
    pub include_in_forecast: Option<bool>,
    /// Only those changed after this stamp (contract A-54).
    pub updated_after: Option<Stamp>,
    /// Only those whose name, lead source or next step holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads opportunities.
pub trait OpportunityReads {
    /// The live opportunity with this id.
    fn lookup(&mut self, id: OpportunityId) -> Result<Option<Opportunity>>;
    /// The live opportunities with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Opportunity>>;
    /// A page of the live opportunities that match.
    fn list(&mut self, filter: &OpportunityFilter, sort: Sort<OpportunitySort>, window: &Window) -> Result<Page<Opportunity>>;
    /// All live opportunities of these accounts, by account, then creation.
    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Opportunity>>;
    /// All live opportunities without an account, by creation.
    fn list_without_account(&mut self) -> Result<Vec<Opportunity>>;
}

/// Writes opportunities. Callers outside this crate use [`create`](super::create), [`update`](super::update) and [`remove`](super::remove), which also record the change.
pub trait OpportunityRepository: OpportunityReads {
    /// Keeps new opportunities, each with the stage it is in; ids ascend in the order given.
    fn add(&mut self, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>>;
    /// Keeps an opportunity's new fields and `updated_at`.
    fn update(&mut self, opportunity: &Opportunity) -> Result<()>;
    /// Marks an opportunity deleted at this unit's stamp.
    fn remove(&mut self, id: OpportunityId) -> Result<()>;
}
