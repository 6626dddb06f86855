//! Fills what follows from contacts that were kept before there were columns for it.

use crm_domain::{
    error::Result,
    field::Text,
    tenant::contact::{Contact, derived::joined},
};
use diesel::AsChangeset;

use super::{ContactRow, contact, stats::Deltas};

/// The version of the migration that makes the columns.
pub(crate) const VERSION: &str = "20261122000120";

/// The derived columns of a contact that has nothing but what there was before.
#[derive(AsChangeset)]
#[diesel(table_name = contact)]
pub(crate) struct Profile {
    full_name: Option<String>,
    full_name_key: Option<String>,
    identity_key: Option<String>,
    email_domain: Option<String>,
    has_phone: bool,
    lead_score: i64,
}

/// The id of a row and what follows from it; a live one is counted.
pub(crate) fn of(mut row: ContactRow, totals: &mut Deltas) -> Result<(i64, Profile)> {
    row.full_name = joined(row.first_name.as_deref(), row.last_name.as_deref()).map(Text::into_inner);
    let (id, is_live) = (row.id, row.deleted_at.is_none());
    let contact: Contact = row.try_into()?;
    if is_live {
        totals.count(&contact, 1);
    }
    let row = ContactRow::from(&contact);
    let profile = Profile {
        full_name: row.full_name,
        full_name_key: row.full_name_key,
        identity_key: row.identity_key,
        email_domain: row.email_domain,
        has_phone: row.has_phone,
        lead_score: row.lead_score,
    };
    Ok((id, profile))
}
