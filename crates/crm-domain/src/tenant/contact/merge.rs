//! Merging contacts.

use super::{Contact, ContactFields};
use crate::tenant::merge::{Mergeable, fillable};

fillable! {
    ContactFields {
        alone: external_id, email, phone, other_phone, title, company, website, description, account_id;
        together: first_name, last_name;
        together: city, state, country;
        one_of: first_name, last_name;
    }
}

impl Mergeable for Contact {}
