//! What is known of a company fills what new contacts do not say of it (contract X-127, D-221).

use std::collections::HashMap;

use crate::{
    error::Result,
    field::Patch,
    tenant::{
        TenantReader, UnitOfWork,
        account::Account,
        contact::{Contact, ContactDraft, derived::company_key, template::CompanyTemplate},
    },
};

/// Fills in drafts of new contacts what they do not say of the companies they name.
///
/// # Errors
/// Those of the ports.
pub fn complete(unit: &mut dyn UnitOfWork, drafts: &mut [&mut ContactDraft]) -> Result<()> {
    let mut names: Vec<String> = drafts.iter().filter_map(|draft| company_of(draft)).map(company_key).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let accounts = unit.accounts().lookup_named(&names)?;
    let missing = missing(&names, &accounts);
    let contacts = unit.contacts().lookup_companies(&missing)?;
    let templates = templates(&accounts, &contacts);
    for draft in drafts {
        let known = company_of(draft).and_then(|name| templates.get(&company_key(name)));
        if let Some(template) = known {
            template.complete(draft);
        }
    }
    Ok(())
}

/// What is known of a company by its name, whatever its case.
///
/// # Errors
/// Those of the ports.
pub fn of(reader: &mut dyn TenantReader, name: &str) -> Result<Option<CompanyTemplate>> {
    let names = [company_key(name)];
    let accounts = reader.accounts().lookup_named(&names)?;
    let contacts = reader.contacts().lookup_companies(&missing(&names, &accounts))?;
    Ok(templates(&accounts, &contacts).into_values().next())
}

fn company_of(draft: &ContactDraft) -> Option<&str> {
    match &draft.company {
        Patch::Set(name) if !name.trim().is_empty() => Some(name),
        Patch::Set(_) | Patch::Clear | Patch::Keep => None,
    }
}

/// The names that no account has.
fn missing(names: &[String], accounts: &[Account]) -> Vec<String> {
    let has = |name: &String| accounts.iter().any(|account| company_key(&account.fields.name) == *name);
    names.iter().filter(|name| !has(name)).cloned().collect()
}

/// By key: what the account of that name says, the oldest of several, else what the contact does.
fn templates(accounts: &[Account], contacts: &[Contact]) -> HashMap<String, CompanyTemplate> {
    let mut templates = HashMap::new();
    for account in accounts {
        let key = company_key(&account.fields.name);
        templates.entry(key).or_insert_with(|| CompanyTemplate::of_account(&account.fields));
    }
    for contact in contacts {
        if let Some(key) = contact.fields.company_key() {
            templates.entry(key).or_insert_with(|| CompanyTemplate::of_contact(&contact.fields));
        }
    }
    templates
}
