//! What `expand` shows along with accounts: one query per kind for a whole page, never one per account.

use crm_domain::{
    Result,
    id::AccountId,
    tenant::{TenantReader, account::Account, activity::Activity, contact::Contact, lead::Lead, opportunity::Opportunity},
};

use super::AccountView;
use crate::families::health_trixss::{page::Expand, related::views_of};

/// The records that belong to a page of accounts; `None` what was not asked for.
#[derive(Default)]
pub(super) struct Expansion {
    opportunities: Option<Vec<Opportunity>>,
    contacts: Option<Vec<Contact>>,
    leads: Option<Vec<Lead>>,
    activities: Option<Vec<Activity>>,
}

impl Expansion {
    pub(super) fn read(tenant: &mut dyn TenantReader, accounts: &[AccountId], expand: Expand) -> Result<Self> {
        Ok(Self {
            opportunities: expand
                .opportunities
                .then(|| tenant.opportunities().list_of_accounts(accounts))
                .transpose()?,
            contacts: expand.contacts.then(|| tenant.contacts().list_of_accounts(accounts)).transpose()?,
            leads: expand.leads.then(|| tenant.leads().list_of_accounts(accounts)).transpose()?,
            activities: expand
                .activities
                .then(|| tenant.activities().list_of_accounts(accounts))
                .transpose()?,
        })
    }

    /// The account with what was asked for; an array is there even when it is empty (contract A-43).
    pub(super) fn show<'a>(&'a self, account: &'a Account) -> AccountView<'a> {
        AccountView {
            opportunities: views_of(self.opportunities.as_ref(), account.id),
            contacts: views_of(self.contacts.as_ref(), account.id),
            leads: views_of(self.leads.as_ref(), account.id),
            activities: views_of(self.activities.as_ref(), account.id),
            ..AccountView::from(account)
        }
    }
}
