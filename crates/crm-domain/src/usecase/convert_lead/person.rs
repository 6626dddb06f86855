//! The contact that a lead becomes.

use std::fmt::Display;

use crate::{
    error::Result,
    field::{Check, Email, Patch},
    id::AccountId,
    tenant::{
        UnitOfWork,
        contact::{Contact, ContactDraft, ContactFields},
        lead::LeadFields,
    },
    usecase::single,
};

/// The contact with the lead's email, if any: at most one has it.
pub(super) fn find(unit: &mut dyn UnitOfWork, lead: &LeadFields) -> Result<Option<Contact>> {
    let Some(email) = &lead.email else { return Ok(None) };
    Ok(unit.contacts().lookup_emails(&[email.key()])?.pop())
}

/// A new contact of what the lead says.
pub(super) fn create(unit: &mut dyn UnitOfWork, lead: &LeadFields, account: Option<AccountId>) -> Result<Contact> {
    let draft = ContactDraft {
        first_name: said(lead.first_name.as_ref()),
        last_name: said(lead.last_name.as_ref()),
        email: said(lead.email.as_ref().map(Email::as_str)),
        phone: said(lead.phone.as_ref()),
        title: said(lead.title.as_ref()),
        company: said(lead.company.as_ref()),
        account_id: account.into(),
        ..ContactDraft::default()
    };
    let fields = ContactFields::parse(draft, lead.owner_id, Check::new())?;
    single::create_parsed(unit, fields)
}

/// Gives a contact what the lead says and it lacks; what it has stays.
pub(super) fn complete(unit: &mut dyn UnitOfWork, contact: &Contact, lead: &LeadFields, account: Option<AccountId>) -> Result<Contact> {
    let has = &contact.fields;
    let draft = ContactDraft {
        first_name: lacking(has.first_name.is_none(), lead.first_name.as_ref()),
        last_name: lacking(has.last_name.is_none(), lead.last_name.as_ref()),
        phone: lacking(has.phone.is_none(), lead.phone.as_ref()),
        title: lacking(has.title.is_none(), lead.title.as_ref()),
        company: lacking(has.company.is_none(), lead.company.as_ref()),
        account_id: if has.account_id.is_none() { account.into() } else { Patch::Keep },
        ..ContactDraft::default()
    };
    single::update(unit, contact.id, draft, has.owner_id, Check::new())
}

fn lacking(lacks: bool, text: Option<impl Display>) -> Patch<String> {
    if lacks { said(text) } else { Patch::Keep }
}

fn said(text: Option<impl Display>) -> Patch<String> {
    text.map(|text| text.to_string()).into()
}
