//! The company that a contact works for: an account, or a name alone.
//!
//! With an account, the contact's `company` is that account's name, always. Without one it is what was given. So whoever changes one of
//! them changes both: a company's name finds the account of that name, an account brings its name along, and taking one away takes the
//! other. Where both change and differ, the account counts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Contact, ContactFields, derived::company_key, revise};
use crate::{
    error::Result,
    field::Text,
    id::{AccountId, ContactId, RecordId},
    tenant::{
        UnitOfWork,
        account::Account,
        job::{JobKind, JobShape, NewJob},
        link,
    },
};

/// What is to be looked up of one contact.
#[derive(Debug, PartialEq)]
enum Wanted {
    NameOf(AccountId),
    AccountNamed(String),
}

/// Gives contacts about to be written both halves of their company, of which somebody changed one; `None` stands for a new contact. At most
/// two lookups, however many contacts; none where no company changes.
pub(crate) fn settle(unit: &mut dyn UnitOfWork, contacts: &mut [(Option<&ContactFields>, &mut ContactFields)]) -> Result<()> {
    let wanted: Vec<Option<Wanted>> = contacts.iter_mut().map(|(before, after)| wanted(*before, after)).collect();
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for wanted in wanted.iter().flatten() {
        match wanted {
            Wanted::NameOf(id) => ids.push(*id),
            Wanted::AccountNamed(key) => names.push(key.clone()),
        }
    }
    let (by_id, by_name) = (named(unit, ids)?, of_names(unit, names)?);
    for ((_, after), wanted) in contacts.iter_mut().zip(wanted) {
        match wanted {
            Some(Wanted::NameOf(id)) => {
                if let Some(name) = by_id.get(&id) {
                    after.company = Some(name.clone());
                }
            }
            Some(Wanted::AccountNamed(key)) => match by_name.get(&key) {
                Some((id, name)) => (after.account_id, after.company) = (Some(*id), Some(name.clone())),
                None => after.account_id = None,
            },
            None => {}
        }
    }
    Ok(())
}

/// Does what can be done without a lookup; what cannot is told.
fn wanted(before: Option<&ContactFields>, after: &mut ContactFields) -> Option<Wanted> {
    let (account, company) = before.map_or((None, None), |before| (before.account_id, before.company.as_ref()));
    let is_same_company = company == after.company.as_ref();
    match after.account_id {
        Some(id) if account != Some(id) => return Some(Wanted::NameOf(id)),
        None if account.is_some() && is_same_company => after.company = None,
        None if account.is_some() => {}
        Some(_) | None if is_same_company => {}
        Some(_) | None => match after.company_key() {
            // Only spelt differently.
            Some(key) if account.is_some() && company.map(|name| company_key(name)) == Some(key.clone()) => {
                after.company = company.cloned();
            }
            Some(key) => return Some(Wanted::AccountNamed(key)),
            None => after.account_id = None,
        },
    }
    None
}

fn named(unit: &mut dyn UnitOfWork, mut ids: Vec<AccountId>) -> Result<HashMap<AccountId, Text<255>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    ids.sort_unstable();
    ids.dedup();
    let accounts = unit.accounts().lookup_many(&ids)?;
    Ok(accounts.into_iter().map(|account| (account.id, account.fields.name)).collect())
}

/// By key: the account of that name, the oldest of several.
fn of_names(unit: &mut dyn UnitOfWork, mut names: Vec<String>) -> Result<HashMap<String, (AccountId, Text<255>)>> {
    let mut found = HashMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    names.sort_unstable();
    names.dedup();
    for account in unit.accounts().lookup_named(&names)? {
        let key = company_key(&account.fields.name);
        found.entry(key).or_insert((account.id, account.fields.name));
    }
    Ok(found)
}

/// So many contacts of an account follow its name in the unit that changes it; more are left to a job, which lets others write in between.
const AT_ONCE: u32 = 500;

/// The job that gives the contacts of an account its name.
pub(crate) struct CompanyNames;

impl JobShape for CompanyNames {
    const KIND: JobKind = JobKind::CompanyNames;
    type Payload = CompanyNamesPayload;
    type Progress = CompanyNamesProgress;
}

/// Whose contacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompanyNamesPayload {
    /// The account.
    pub(crate) account_id: i64,
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CompanyNamesProgress {
    /// The last contact that was looked at; they are gone through by id.
    pub(crate) after: i64,
    /// Contacts that were given the name.
    pub(crate) renamed: u64,
}

/// Gives the live contacts of an account its name, where they have another: at once or, where they are many, by a job that begins with this
/// unit's commit. Their changes are recorded.
pub(crate) fn follow(unit: &mut dyn UnitOfWork, account: &Account) -> Result<()> {
    let ids = unit.links().referring_after(link::EMPLOYER, account.id.get(), 0, AT_ONCE + 1)?;
    if ids.len() > AT_ONCE as usize {
        let payload = CompanyNamesPayload {
            account_id: account.id.get(),
        };
        let job = NewJob::of::<CompanyNames>(&payload, unit.stamp())?;
        return unit.jobs().add_following(job).map(drop);
    }
    rename(unit, account, &ids).map(drop)
}

/// Gives these contacts of an account its name, where they have another; how many had.
pub(crate) fn rename(unit: &mut dyn UnitOfWork, account: &Account, ids: &[i64]) -> Result<u64> {
    let ids: Vec<ContactId> = ids.iter().copied().map(ContactId::from_i64).collect();
    let mut renamed = 0;
    for contact in unit.contacts().lookup_many(&ids)? {
        if contact.fields.company.as_ref() != Some(&account.fields.name) {
            let fields = ContactFields {
                company: Some(account.fields.name.clone()),
                ..contact.fields.clone()
            };
            revise(unit, &contact, fields)?;
            renamed += 1;
        }
    }
    Ok(renamed)
}

/// Gives a contact that was just restored its account's name, which may have changed meanwhile. The restoration is the change.
pub(super) fn follow_one(unit: &mut dyn UnitOfWork, contact: &Contact) -> Result<()> {
    let Some(id) = contact.fields.account_id else { return Ok(()) };
    let account = unit.accounts().lookup(id)?;
    let name = account.map(|account| account.fields.name);
    if name.is_none() || name == contact.fields.company {
        return Ok(());
    }
    let after = Contact {
        fields: ContactFields {
            company: name,
            ..contact.fields.clone()
        },
        updated_at: unit.stamp(),
        ..contact.clone()
    };
    unit.contacts().update(contact, &after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::{Check, Patch},
        id::UserId,
        tenant::contact::ContactDraft,
    };

    fn fields(company: &str, account: Option<i64>) -> ContactFields {
        let draft = ContactDraft {
            email: Patch::Set("ada@acme.test".to_owned()),
            company: if company.is_empty() {
                Patch::Keep
            } else {
                Patch::Set(company.to_owned())
            },
            account_id: account.map(AccountId::from_i64).into(),
            ..ContactDraft::default()
        };
        ContactFields::parse(draft, UserId::from_i64(1), Check::new()).unwrap()
    }

    /// What is looked up, and what the contact is without that.
    fn settled(before: Option<(&str, Option<i64>)>, after: (&str, Option<i64>)) -> (Option<Wanted>, String, Option<i64>) {
        let before = before.map(|(company, account)| fields(company, account));
        let mut after = fields(after.0, after.1);
        let wanted = wanted(before.as_ref(), &mut after);
        let company = after.company.as_deref().unwrap_or_default().to_owned();
        (wanted, company, after.account_id.map(RecordId::get))
    }

    #[test]
    fn who_changes_one_half_changes_both() {
        let name_of = |id| Some(Wanted::NameOf(AccountId::from_i64(id)));
        let named = |name: &str| Some(Wanted::AccountNamed(name.to_owned()));
        let linked = Some(("Acme", Some(1)));
        for (before, after, looked_up) in [
            (None, ("Acme", None), named("acme")),
            (None, ("", Some(1)), name_of(1)),
            (None, ("Other", Some(1)), name_of(1)),
            (linked, ("Other", Some(1)), named("other")),
            (linked, ("Other", Some(2)), name_of(2)),
            (linked, ("Acme", Some(2)), name_of(2)),
            (Some(("Acme", None)), ("ACME", None), named("acme")),
            (Some(("Acme", None)), ("Acme", Some(2)), name_of(2)),
        ] {
            assert_eq!(settled(before, after).0, looked_up, "{before:?} → {after:?}");
        }
    }

    #[test]
    fn what_needs_no_lookup_costs_none() {
        let linked = Some(("Acme", Some(1)));
        for (before, after, company, account) in [
            (None, ("", None), "", None),
            (linked, ("Acme", Some(1)), "Acme", Some(1)),
            (linked, ("ACME", Some(1)), "Acme", Some(1)),
            (linked, ("", Some(1)), "", None),
            (linked, ("Acme", None), "", None),
            (linked, ("Other", None), "Other", None),
            (Some(("Acme", None)), ("Acme", None), "Acme", None),
            (Some(("Acme", None)), ("", None), "", None),
        ] {
            assert_eq!(
                settled(before, after),
                (None, company.to_owned(), account),
                "{before:?} → {after:?}"
            );
        }
    }
}
