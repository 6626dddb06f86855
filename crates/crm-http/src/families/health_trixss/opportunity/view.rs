//! The Opportunity object (contract A-75 … A-81).

use crm_domain::{
    id::{AccountId, RecordId},
    tenant::{account::Account, opportunity::Opportunity},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    families::health_trixss::{
        account::{AccountView, Unassigned, account_number},
        page::Expand,
        related::OfAccount,
    },
    shared::wire::{Day, Millis, Numbered, PaddedId},
};

/// How opportunity ids are written.
pub(in crate::families::health_trixss) const OPPORTUNITY_ID: PaddedId<5> = PaddedId { prefix: "OPP-" };

/// An opportunity. `account` is there only when asked for by `expand`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Opportunity)]
pub(in crate::families::health_trixss) struct OpportunityView<'a> {
    /// `OPP-` and at least five digits.
    #[schema(value_type = String, example = "OPP-00001")]
    id: Numbered<5>,
    #[schema(example = "Enterprise Software License")]
    name: &'a str,
    /// The account; `ACT-00000`, which can be fetched too, when nobody knows for whom it is.
    #[schema(value_type = String, example = "ACT-00001")]
    account_id: Numbered<5>,
    /// The stage's name; the closing ones are `Closed Won` and `Closed Lost`.
    #[schema(example = "Proposal Sent")]
    stage: &'a str,
    /// In cents; 0 while nobody knows.
    #[schema(example = 150_000)]
    amount: i64,
    /// Per cent, 0 to 100.
    #[schema(example = 75)]
    probability: i64,
    /// The day it is expected to close; where nobody entered one, the day it was closed, else the day the talks began, else the day it was created.
    #[schema(value_type = String, format = Date, example = "2025-03-15")]
    expected_close_date: Day,
    #[schema(required)]
    description: Option<&'a str>,
    #[schema(required, example = "Referral")]
    lead_source: Option<&'a str>,
    #[schema(required)]
    next_step: Option<&'a str>,
    /// Whether forecasts count it.
    include_in_forecast: bool,
    /// The user responsible.
    #[schema(example = 1)]
    owner_id: i64,
    #[schema(value_type = String, format = DateTime, example = "2025-01-10T09:00:00.000Z")]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime, example = "2025-02-05T11:20:00.000Z")]
    updated_at: Millis,
    /// The account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion, nullable = false)]
    account: Option<Box<AccountView<'a>>>,
}

impl<'a> From<&'a Opportunity> for OpportunityView<'a> {
    fn from(opportunity: &'a Opportunity) -> Self {
        let fields = &opportunity.fields;
        let known_day = fields.expected_close_date.or(fields.closed_on).or(fields.engaged_on);
        Self {
            id: OPPORTUNITY_ID.number(opportunity.id.get()),
            name: &fields.name,
            account_id: account_number(fields.account_id),
            stage: &opportunity.stage.fields.name,
            amount: fields.amount.map_or(0, |amount| amount.minor),
            probability: fields.probability,
            expected_close_date: Day(known_day.unwrap_or_else(|| opportunity.created_at.date())),
            description: fields.description.as_deref(),
            lead_source: fields.lead_source.as_deref(),
            next_step: fields.next_step.as_deref(),
            include_in_forecast: fields.include_in_forecast,
            owner_id: fields.owner_id.get(),
            created_at: Millis(opportunity.created_at),
            updated_at: Millis(opportunity.updated_at),
            account: None,
        }
    }
}

impl<'a> OpportunityView<'a> {
    /// The opportunity with its account among `accounts`, which are sorted by id.
    pub fn with_account(self, opportunity: &Opportunity, unassigned: Unassigned, accounts: &'a [Account]) -> Self {
        let account = match opportunity.fields.account_id {
            None => Some(unassigned.show(Expand::default(), None)),
            Some(id) => find(accounts, id).map(AccountView::from),
        };
        Self {
            account: account.map(Box::new),
            ..self
        }
    }
}

fn find(accounts: &[Account], id: AccountId) -> Option<&Account> {
    accounts
        .binary_search_by_key(&id, |account| account.id)
        .ok()
        .and_then(|index| accounts.get(index))
}

impl OfAccount for Opportunity {
    fn account(&self) -> Option<AccountId> {
        self.fields.account_id
    }
}
