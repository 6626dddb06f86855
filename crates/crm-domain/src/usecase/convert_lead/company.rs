//! The account that a lead belongs to.

use super::free_mail::is_free_mail;
use crate::{
    error::Result,
    field::{Check, Email, Patch, WebAddress},
    page::{Cursor, Sort, Start, Window},
    query::Field,
    tenant::{
        UnitOfWork,
        account::{Account, AccountDraft, AccountField, AccountFields, AccountFilter},
        contact::Contact,
        lead::LeadFields,
    },
    usecase::single,
};

/// The account that lead and contact tell of, when it is there.
pub(super) fn find(unit: &mut dyn UnitOfWork, lead: &LeadFields, contact: Option<&Contact>) -> Result<Option<Account>> {
    if let Some(own) = lead.account_id
        && let Some(account) = unit.accounts().lookup(own)?
    {
        return Ok(Some(account));
    }
    if let Some(account) = named(unit, lead)? {
        return Ok(Some(account));
    }
    if let Some(of_contact) = contact.and_then(|contact| contact.fields.account_id)
        && let Some(account) = unit.accounts().lookup(of_contact)?
    {
        return Ok(Some(account));
    }
    with_domain(unit, lead)
}

/// The account with the lead's company name. Of several the one with the email's domain, else the oldest: yet another one of that name
/// would help nobody.
fn named(unit: &mut dyn UnitOfWork, lead: &LeadFields) -> Result<Option<Account>> {
    let Some(company) = &lead.company else { return Ok(None) };
    let namesakes = unit.accounts().lookup_named(&[company.to_string()])?;
    let domain = company_domain(lead);
    let same_domain = namesakes
        .iter()
        .find(|account| domain.as_deref().is_some_and(|domain| has_domain(account, domain)));
    Ok(same_domain.or(namesakes.first()).cloned())
}

/// The only account with the domain of the lead's email: one that several share tells nothing.
fn with_domain(unit: &mut dyn UnitOfWork, lead: &LeadFields) -> Result<Option<Account>> {
    /// Accounts that mention the domain, read at once.
    const PAGE: u32 = 100;
    let (Some(domain), Some(email)) = (company_domain(lead), &lead.email) else {
        return Ok(None);
    };
    // The search text holds website and email as they were written, so that its index finds what can match.
    let written = email.as_str().rsplit('@').next().unwrap_or_default();
    let filter = AccountFilter::search(written);
    let mut window = Window::first(PAGE);
    let mut found: Option<Account> = None;
    loop {
        let page = unit.accounts().list(&filter, Sort::default(), &window)?;
        let last = page.items.last().map(|account| Cursor {
            value: AccountField::default().place(account),
            id: AccountField::id(account),
            seen: page.seen,
            list: 0,
        });
        for account in page.items.into_iter().filter(|account| has_domain(account, &domain)) {
            if found.replace(account).is_some() {
                return Ok(None);
            }
        }
        match last.filter(|_| page.has_more) {
            Some(cursor) => window.start = Start::After(cursor),
            None => return Ok(found),
        }
    }
}

/// The domain of the lead's email, unless anybody can have an address there.
fn company_domain(lead: &LeadFields) -> Option<String> {
    let domain = lead.email.as_ref().map(Email::domain)?;
    (!is_free_mail(&domain)).then_some(domain)
}

fn has_domain(account: &Account, domain: &str) -> bool {
    let website = account.fields.website.as_ref().and_then(WebAddress::host);
    let email = account.fields.email.as_ref().map(Email::domain);
    website.as_deref() == Some(domain) || email.as_deref() == Some(domain)
}

/// A new account, when the lead names a company.
pub(super) fn create(unit: &mut dyn UnitOfWork, lead: &LeadFields) -> Result<Option<Account>> {
    let Some(company) = &lead.company else { return Ok(None) };
    let draft = AccountDraft {
        name: Patch::Set(company.to_string()),
        ..AccountDraft::default()
    };
    let fields = AccountFields::parse(draft, lead.owner_id, Check::new())?;
    single::create_parsed(unit, fields).map(Some)
}
