//! The accounts that rows of other nouns name: found by external id or by name, for some nouns made.

use std::collections::{HashMap, HashSet};

use crate::{
    error::{Error, Problem, Result},
    field::{Email, Text},
    id::{AccountId, ContactId, RecordId, UserId},
    tenant::{
        UnitOfWork,
        account::{Account, create_many},
        change::EntityKind,
    },
};

use super::{
    account::named,
    contact::Contacts,
    noun::{Noun, Records, Row},
    slice::distinct,
};

/// The fields whose cells name a contact.
const CONTACT_EXTERNAL_ID: &str = "contact_external_id";
const CONTACT_EMAIL: &str = "contact_email";

/// The field whose cell holds an account's external id.
pub(super) const ACCOUNT_EXTERNAL_ID: &str = "account_external_id";

/// An account that a row names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NamedAccount {
    /// Its id.
    pub(super) id: AccountId,
    /// Its name, as it has it.
    pub(super) name: Text<255>,
}

impl From<&Account> for NamedAccount {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            name: account.fields.name.clone(),
        }
    }
}

/// The accounts that rows name.
#[derive(Default)]
pub(super) struct NamedAccounts {
    /// By lower-case name; of several accounts the oldest.
    by_name: HashMap<String, NamedAccount>,
    by_external_id: HashMap<String, NamedAccount>,
    /// By the domain that is theirs; of several accounts the oldest.
    by_domain: HashMap<String, NamedAccount>,
    /// By the key of the email.
    contacts_by_email: HashMap<String, ContactId>,
    contacts_by_external_id: HashMap<String, ContactId>,
}

/// What a row refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links<'a> {
    /// The account that it names, or that its domain tells.
    pub(super) account: Option<&'a NamedAccount>,
    /// The contact.
    pub(super) contact: Option<ContactId>,
}

impl Links<'_> {
    pub(super) fn account_id(&self) -> Option<AccountId> {
        self.account.map(|account| account.id)
    }
}

impl NamedAccounts {
    fn of<N: Noun>(&self, noun: &N, row: &Row) -> Option<&NamedAccount> {
        let by_external_id = account_external_id(noun, row).and_then(|id| self.by_external_id.get(id));
        let by_name = || account_name(noun, row).and_then(|name| self.by_name.get(&name.to_lowercase()));
        by_external_id.or_else(by_name)
    }

    /// The account of the first of these domains that is an account's.
    pub(super) fn of_domains(&self, domains: &[String]) -> Option<&NamedAccount> {
        domains.iter().find_map(|domain| self.by_domain.get(domain))
    }
}

impl NamedAccounts {
    /// Reads the contacts that the rows name.
    fn read_contacts<N: Noun>(&mut self, records: &mut Records<'_>, noun: &N, rows: &[Row]) -> Result<()> {
        let texts = |field| {
            distinct(
                rows.iter()
                    .filter_map(|row| noun.columns().text(&row.cells, field))
                    .map(str::to_owned),
            )
        };
        let (ids, emails) = (texts(CONTACT_EXTERNAL_ID), texts(CONTACT_EMAIL));
        if !ids.is_empty() {
            for contact in Contacts::lookup_external(records, &ids)? {
                let id = contact
                    .fields
                    .external_id
                    .as_deref()
                    .map_or_else(|| contact.uuid.to_string(), str::to_owned);
                self.contacts_by_external_id.insert(id, contact.id);
            }
        }
        if !emails.is_empty() {
            for contact in records.contacts().lookup_emails(&emails)? {
                if let Some(email) = &contact.fields.email {
                    self.contacts_by_email.insert(email.key(), contact.id);
                }
            }
        }
        Ok(())
    }
}

/// The contact that a row names: by external id, else by email.
///
/// # Errors
/// [`Error::Invalid`] when it is not there.
pub(super) fn contact_of<N: Noun>(noun: &N, row: &Row, known: &NamedAccounts) -> Result<Option<ContactId>> {
    if !N::HAS_CONTACT {
        return Ok(None);
    }
    let text = |field| noun.columns().text(&row.cells, field);
    let (id, email) = (text(CONTACT_EXTERNAL_ID), text(CONTACT_EMAIL));
    let by_id = id.and_then(|id| known.contacts_by_external_id.get(id));
    let by_email = || known.contacts_by_email.get(&Email::from_store(email?.to_owned()).key());
    let found = by_id.or_else(by_email).copied();
    match (found, id.map(|id| ("external id", id)).or(email.map(|email| ("email", email)))) {
        (None, Some((known_by, text))) => Err(Error::invalid(
            "contact_id",
            Problem::Rule(format!("no contact has the {known_by} {text:?}")),
        )),
        (found, _) => Ok(found),
    }
}

fn account_name<'a, N: Noun>(noun: &'a N, row: &'a Row) -> Option<&'a str> {
    let columns = noun.columns();
    let field = N::ACCOUNT.iter().find(|field| columns.has(field))?;
    columns.text(&row.cells, field)
}

fn account_external_id<'a, N: Noun>(noun: &'a N, row: &'a Row) -> Option<&'a str> {
    noun.columns().text(&row.cells, ACCOUNT_EXTERNAL_ID)
}

/// The account that a row names, if it names one that is there.
///
/// # Errors
/// [`Error::Invalid`] when it is not there and the noun needs it.
pub(super) fn account_of<'a, N: Noun>(noun: &N, row: &Row, accounts: &'a NamedAccounts) -> Result<Option<&'a NamedAccount>> {
    let found = accounts.of(noun, row);
    if found.is_none() && N::NEEDS_ACCOUNT {
        match (account_name(noun, row), account_external_id(noun, row)) {
            (Some(name), _) => return Err(unknown_account(&format!("is named {name:?}"))),
            (None, Some(id)) => return Err(unknown_account(&format!("has the external id {id:?}"))),
            (None, None) => {}
        }
    }
    Ok(found)
}

/// The accounts that the rows name, or whose domains tell of them.
pub(super) fn accounts_named<N: Noun>(records: &mut Records<'_>, noun: &N, rows: &[Row], parsed: &[N::Parsed]) -> Result<NamedAccounts> {
    let mut accounts = NamedAccounts::default();
    let ids = distinct(rows.iter().filter_map(|row| account_external_id(noun, row)).map(str::to_owned));
    if !ids.is_empty() {
        let with_id = records.accounts().lookup_external(&ids)?.into_iter();
        accounts.by_external_id = with_id
            .filter_map(|account| Some((account.fields.external_id.as_deref()?.to_owned(), NamedAccount::from(&account))))
            .collect();
    }
    let names = distinct(rows.iter().filter_map(|row| account_name(noun, row)).map(str::to_lowercase));
    if !names.is_empty() {
        for account in records.accounts().lookup_named(&names)? {
            let named = || NamedAccount::from(&account);
            accounts.by_name.entry(account.fields.name.to_lowercase()).or_insert_with(named);
        }
    }
    if N::HAS_CONTACT {
        accounts.read_contacts(records, noun, rows)?;
    }
    let domains = distinct(parsed.iter().flat_map(|parsed| noun.domains(parsed)));
    if !domains.is_empty() {
        for account in records.accounts().lookup_domains(&domains)? {
            if let Some(domain) = account.fields.domain() {
                let named = || NamedAccount::from(&account);
                accounts.by_domain.entry(domain).or_insert_with(named);
            }
        }
    }
    Ok(accounts)
}

/// The accounts that rows name and that do not exist: name and owner, in the order of the rows.
pub(super) fn missing_accounts<'a, N: Noun>(noun: &'a N, rows: &'a [Row], known: &NamedAccounts) -> Vec<(&'a str, Option<UserId>)> {
    let mut seen = HashSet::new();
    let missing = rows.iter().filter(|row| known.of(noun, row).is_none());
    let named = missing.filter_map(|row| account_name(noun, row).map(|name| (name, row.owner)));
    named.filter(|(name, _)| seen.insert(name.to_lowercase())).collect()
}

/// Whether accounts can be made of which only the name is known: not where a custom field of theirs is required.
pub(super) fn names_suffice(records: &mut Records<'_>) -> Result<bool> {
    Ok(!records.definitions(EntityKind::Account)?.ask_for_values())
}

/// Makes the accounts; a name that cannot be one is left out, so that its rows fail. Returns how many were made.
pub(super) fn create_accounts(
    unit: &mut dyn UnitOfWork,
    missing: &[(&str, Option<UserId>)],
    owner: UserId,
    known: &mut NamedAccounts,
) -> Result<u64> {
    let new: Vec<_> = missing
        .iter()
        .filter_map(|(name, own)| named(name, own.unwrap_or(owner)).ok())
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    let made = create_many(unit, new)?;
    let by_name = made.iter().map(|account| (account.fields.name.to_lowercase(), account.into()));
    known.by_name.extend(by_name);
    Ok(made.len() as u64)
}

/// Stands for an account that a dry run does not make.
pub(super) fn imagine_accounts(missing: &[(&str, Option<UserId>)], known: &mut NamedAccounts) {
    for (name, _) in missing {
        // A name that cannot be one makes its rows fail when they are written.
        if let Ok(parsed) = Text::parse(name) {
            let imagined = NamedAccount {
                id: AccountId::from_i64(0),
                name: parsed,
            };
            known.by_name.insert(name.to_lowercase(), imagined);
        }
    }
}

/// The problem of a row whose account does not exist.
fn unknown_account(known_by: &str) -> Error {
    Error::invalid("account_id", Problem::Rule(format!("no account {known_by}")))
}
