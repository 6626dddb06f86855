//! Merging accounts.

use super::{Account, AccountFields, MAX_DEPTH, line_of};
use crate::{
    error::{Error, Result},
    id::{AccountId, RecordId},
    tenant::{
        UnitOfWork,
        merge::{Mergeable, fillable},
    },
};

fillable! {
    AccountFields {
        alone: external_id, category, website, phone, email, industry, employees, annual_revenue, founded_year, description, parent_id;
        together: address, city, state, zip_code, country;
    }
}

impl Mergeable for Account {
    /// What is below an ancestor would be above it.
    fn check_merge(&self, unit: &mut dyn UnitOfWork, merged: &[Self]) -> Result<()> {
        let ancestors = line_of(unit, self.fields.parent_id)?;
        if let Some(above) = merged.iter().find(|account| ancestors.contains(&account.id)) {
            return Err(Error::state(
                AccountId::NOUN,
                above.id,
                "above the other in its hierarchy",
                "merged into it",
            ));
        }
        // Whether one of them is further up is not known.
        if ancestors.len() >= MAX_DEPTH {
            return Err(Error::state(
                AccountId::NOUN,
                self.id,
                "too deep in its hierarchy",
                "merged with others",
            ));
        }
        Ok(())
    }
}
