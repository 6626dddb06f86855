//! What is known of a company fills what new contacts do not say of it (contract X-127, D-221).

use std::collections::HashMap;

use crate::{
    error::Result,
    field::{Email, Patch, WebAddress},
    tenant::{
        TenantReader, UnitOfWork,
        account::Account,
        contact::{
            Contact, ContactDraft,
            derived::{company_domains, company_key},
            template::CompanyTemplate,
        },
    },
};

/// Fills in drafts of new contacts what they do not say of the companies they name; who names none belongs to the account of the domain of
/// the mail address, or of the website.
///
/// # Errors
/// Those of the ports.
pub fn complete(unit: &mut dyn UnitOfWork, drafts: &mut [&mut ContactDraft]) -> Result<()> {
    find_by_domain(unit, drafts)?;
    fill(unit, drafts).map(drop)
}

/// [`complete`], of drafts that update contacts: a company named is a link to the account of that name as well.
///
/// # Errors
/// Those of the ports.
pub fn complete_known(unit: &mut dyn UnitOfWork, drafts: &mut [&mut ContactDraft]) -> Result<()> {
    let accounts = fill(unit, drafts)?;
    let mut by_name = HashMap::new();
    for account in &accounts {
        by_name.entry(company_key(&account.fields.name)).or_insert(account.id);
    }
    for draft in drafts.iter_mut().filter(|draft| draft.account_id == Patch::Keep) {
        let id = company_of(draft).and_then(|name| by_name.get(&company_key(name)));
        draft.account_id = id.copied().into();
    }
    Ok(())
}

/// The accounts of the companies that drafts name, from which, and from whose contacts, they were filled.
fn fill(unit: &mut dyn UnitOfWork, drafts: &mut [&mut ContactDraft]) -> Result<Vec<Account>> {
    let mut names: Vec<String> = drafts.iter().filter_map(|draft| company_of(draft)).map(company_key).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(Vec::new());
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
    Ok(accounts)
}

/// Gives drafts that name no company the oldest account of their domain.
fn find_by_domain(unit: &mut dyn UnitOfWork, drafts: &mut [&mut ContactDraft]) -> Result<()> {
    let domains: Vec<Vec<String>> = drafts.iter().map(|draft| domains_of(draft)).collect();
    let mut wanted: Vec<String> = domains.iter().flatten().cloned().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    wanted.sort_unstable();
    wanted.dedup();
    let mut accounts = HashMap::new();
    for account in unit.accounts().lookup_domains(&wanted)? {
        if let Some(domain) = account.fields.domain() {
            accounts.entry(domain).or_insert(account);
        }
    }
    for (draft, domains) in drafts.iter_mut().zip(domains) {
        if let Some(account) = domains.iter().find_map(|domain| accounts.get(domain)) {
            draft.company = Patch::Set(account.fields.name.to_string());
            draft.account_id = Patch::Set(account.id);
        }
    }
    Ok(())
}

/// The domains that tell where a contact works who names neither company nor account.
fn domains_of(draft: &ContactDraft) -> Vec<String> {
    if company_of(draft).is_some() || draft.account_id != Patch::Keep {
        return Vec::new();
    }
    let text = |given: &Patch<String>| match given {
        Patch::Set(text) => Some(text.clone()),
        Patch::Keep | Patch::Clear => None,
    };
    // What is no address is told when the draft is parsed.
    let email = text(&draft.email).and_then(|text| Email::parse(&text).ok());
    let website = text(&draft.website).and_then(|text| WebAddress::parse(&text).ok());
    company_domains(email.as_ref(), website.as_ref())
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
