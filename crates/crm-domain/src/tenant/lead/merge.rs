//! Merging leads.

use super::{Lead, LeadFields, LeadStatus};
use crate::{
    error::{Error, Result},
    id::{LeadId, RecordId},
    tenant::{
        UnitOfWork,
        merge::{Mergeable, fillable},
    },
};

fillable! {
    LeadFields {
        alone: external_id, email, phone, title, company, source, description, account_id;
        together: first_name, last_name;
        one_of: first_name, last_name;
    }
}

impl Mergeable for Lead {
    /// A converted lead is history: it stays what it is, and what is still to be pursued is not lost in it.
    fn check_merge(&self, _: &mut dyn UnitOfWork, merged: &[Self]) -> Result<()> {
        let mut leads = merged.iter().chain([self]);
        match leads.find(|lead| lead.fields.status == LeadStatus::Converted) {
            Some(converted) => Err(Error::state(LeadId::NOUN, converted.id, "converted", "merged")),
            None => Ok(()),
        }
    }
}
