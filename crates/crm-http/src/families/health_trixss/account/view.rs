//! The Account object (contract A-69 … A-74).

use crm_domain::{
    field::{Email, WebAddress},
    id::{RecordId, UserId},
    stamp::Stamp,
    tenant::{account::Account, opportunity::Opportunity},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    families::health_trixss::{
        opportunity::OpportunityView,
        page::Expand,
        related::{ActivityView, ContactView, LeadView},
    },
    shared::wire::{Millis, Numbered, PaddedId},
};

/// How account ids are written.
pub(in crate::families::health_trixss) const ACCOUNT_ID: PaddedId<5> = PaddedId { prefix: "ACT-" };
/// The reserved account of opportunities that have none: `accountId` is never null (contract ).
pub(in crate::families::health_trixss) const UNASSIGNED_ID: i64 = 0;
/// What stands for a category that nobody entered: it is never null (contract A-69).
const NO_CATEGORY: &str = "Uncategorized";
const UNASSIGNED: &str = "Unassigned";

/// An account's id as it is shown.
pub(in crate::families::health_trixss) fn account_number(id: Option<impl RecordId>) -> Numbered<5> {
    ACCOUNT_ID.number(id.map_or(UNASSIGNED_ID, RecordId::get))
}

/// An account. The four arrays are there only when asked for by `expand`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Account)]
pub(in crate::families::health_trixss) struct AccountView<'a> {
    /// `ACT-` and at least five digits; `ACT-00000` stands for the account of opportunities without one.
    #[schema(value_type = String, example = "ACT-00001")]
    pub(super) id: Numbered<5>,
    #[schema(example = "Acme Healthcare")]
    pub(super) name: &'a str,
    /// `Uncategorized` when nobody entered one.
    #[schema(example = "Hospital")]
    pub(super) category: &'a str,
    #[schema(required, example = "https://acmehealthcare.com")]
    pub(super) website: Option<&'a str>,
    #[schema(required)]
    pub(super) phone: Option<&'a str>,
    #[schema(required)]
    pub(super) email: Option<&'a str>,
    #[schema(required)]
    pub(super) address: Option<&'a str>,
    #[schema(required)]
    pub(super) city: Option<&'a str>,
    #[schema(required)]
    pub(super) state: Option<&'a str>,
    #[schema(required)]
    pub(super) zip_code: Option<&'a str>,
    #[schema(required)]
    pub(super) country: Option<&'a str>,
    #[schema(required)]
    pub(super) industry: Option<&'a str>,
    #[schema(required)]
    pub(super) employees: Option<i64>,
    /// In cents.
    #[schema(required, example = 50_000_000)]
    pub(super) annual_revenue: Option<i64>,
    #[schema(required)]
    pub(super) description: Option<&'a str>,
    /// The user responsible.
    #[schema(example = 1)]
    pub(super) owner_id: i64,
    #[schema(value_type = String, format = DateTime, example = "2025-01-15T10:00:00.000Z")]
    pub(super) created_at: Millis,
    #[schema(value_type = String, format = DateTime, example = "2025-02-01T14:30:00.000Z")]
    pub(super) updated_at: Millis,
    /// All opportunities of the account, whatever their forecast flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion, nullable = false)]
    pub(super) opportunities: Option<Vec<OpportunityView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) contacts: Option<Vec<ContactView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) leads: Option<Vec<LeadView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) activities: Option<Vec<ActivityView<'a>>>,
}

impl<'a> From<&'a Account> for AccountView<'a> {
    fn from(account: &'a Account) -> Self {
        let fields = &account.fields;
        Self {
            id: account_number(Some(account.id)),
            name: &fields.name,
            category: fields.category.as_deref().unwrap_or(NO_CATEGORY),
            website: fields.website.as_ref().map(WebAddress::as_str),
            phone: fields.phone.as_deref(),
            email: fields.email.as_ref().map(Email::as_str),
            address: fields.address.as_deref(),
            city: fields.city.as_deref(),
            state: fields.state.as_deref(),
            zip_code: fields.zip_code.as_deref(),
            country: fields.country.as_deref(),
            industry: fields.industry.as_deref(),
            employees: fields.employees,
            annual_revenue: fields.annual_revenue.map(|revenue| revenue.minor),
            description: fields.description.as_deref(),
            owner_id: fields.owner_id.get(),
            created_at: Millis(account.created_at),
            updated_at: Millis(account.updated_at),
            opportunities: None,
            contacts: None,
            leads: None,
            activities: None,
        }
    }
}

/// What stands for the account of opportunities that have none.
#[derive(Debug, Clone, Copy)]
pub(in crate::families::health_trixss) struct Unassigned {
    /// The tenant's first user.
    pub owner: UserId,
    /// When the tenant was made.
    pub since: Stamp,
}

impl Unassigned {
    /// The reserved account; only opportunities can belong to it.
    pub fn show(self, expand: Expand, opportunities: Option<&[Opportunity]>) -> AccountView<'_> {
        AccountView {
            id: ACCOUNT_ID.number(UNASSIGNED_ID),
            name: UNASSIGNED,
            category: UNASSIGNED,
            website: None,
            phone: None,
            email: None,
            address: None,
            city: None,
            state: None,
            zip_code: None,
            country: None,
            industry: None,
            employees: None,
            annual_revenue: None,
            description: None,
            owner_id: self.owner.get(),
            created_at: Millis(self.since),
            updated_at: Millis(self.since),
            opportunities: opportunities.map(|all| all.iter().map(OpportunityView::from).collect()),
            contacts: expand.contacts.then(Vec::new),
            leads: expand.leads.then(Vec::new),
            activities: expand.activities.then(Vec::new),
        }
    }
}
