//! Accounts: the companies a team sells to. Family A's Account, family C's Company.

mod draft;
mod port;

pub use draft::AccountDraft;
pub use port::{AccountFilter, AccountReads, AccountRepository, AccountSort};

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Text, WebAddress},
    id::{AccountId, RecordId, UserId},
    money::Money,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
};

/// What people enter about an account. A value of this type is valid by construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; units and formats are the types'")]
pub struct AccountFields {
    /// The id in the system that the account came from; unique among live accounts.
    pub external_id: Option<Text<255>>,
    pub name: Text<255>,
    /// What kind of customer it is, e.g. `Hospital` (contract A-69).
    pub category: Option<Text<100>>,
    pub website: Option<WebAddress>,
    pub phone: Option<Text<50>>,
    pub email: Option<Email>,
    pub address: Option<Text<500>>,
    pub city: Option<Text<100>>,
    pub state: Option<Text<100>>,
    pub zip_code: Option<Text<20>>,
    pub country: Option<Text<100>>,
    pub industry: Option<Text<100>>,
    /// Number of people employed, 0 to 2^31 − 1.
    pub employees: Option<i64>,
    pub annual_revenue: Option<Money>,
    /// Calendar year, 1000 to 9999.
    pub founded_year: Option<i64>,
    pub description: Option<Text<10_000>>,
    /// The account it is a subsidiary of.
    pub parent_id: Option<AccountId>,
    /// The user responsible.
    pub owner_id: UserId,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Per-tenant id; ascending in the order of creation.
    pub id: AccountId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: AccountFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Account {
    const KIND: EntityKind = EntityKind::Account;
    type Fields = AccountFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &AccountFields {
        &self.fields
    }
}

/// Creates an account.
///
/// # Errors
/// [`Error::Invalid`] when the parent does not exist, [`Error::Duplicate`] when the external id is taken.
pub fn create(unit: &mut dyn UnitOfWork, fields: AccountFields) -> Result<Account> {
    check_references(unit, None, &fields)?;
    let mut added = create_many(unit, vec![fields])?;
    added.pop().ok_or_else(|| Error::Internal("an added account is missing".to_owned()))
}

/// Creates accounts whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<AccountFields>) -> Result<Vec<Account>> {
    let added = unit.accounts().add(fields)?;
    for account in &added {
        unit.record(NewChange::created(account)?);
    }
    Ok(added)
}

/// Updates an account: fields the draft does not mention stay. An update that changes nothing leaves no change and no new stamp.
///
/// # Errors
/// [`Error::NotFound`], and those of [`AccountFields::updated`] and [`create`].
pub fn update(unit: &mut dyn UnitOfWork, id: AccountId, draft: AccountDraft, check: Check) -> Result<Account> {
    let before = unit.accounts().lookup(id)?.ok_or_else(|| Error::not_found(AccountId::NOUN, id))?;
    let fields = before.fields.updated(draft, check)?;
    // A parent that stays may have been deleted since: that must not keep people from editing the rest.
    if fields.parent_id != before.fields.parent_id {
        check_references(unit, Some(id), &fields)?;
    }
    Ok(revise(unit, &before, fields)?.unwrap_or(before))
}

/// Gives an account, just read in this unit, fields whose references were checked before; `None` when nothing differs.
pub(crate) fn revise(unit: &mut dyn UnitOfWork, before: &Account, fields: AccountFields) -> Result<Option<Account>> {
    let after = Account {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(before, &after)? else {
        return Ok(None);
    };
    unit.accounts().update(&after)?;
    unit.record(change);
    Ok(Some(after))
}

/// Deletes an account and, with it, its opportunities (contract X-40).
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(unit: &mut dyn UnitOfWork, id: AccountId) -> Result<()> {
    let account = unit.accounts().lookup(id)?.ok_or_else(|| Error::not_found(AccountId::NOUN, id))?;
    for opportunity in unit.opportunities().list_of_accounts(&[id])? {
        unit.opportunities().remove(opportunity.id)?;
        unit.record(NewChange::deleted(&opportunity)?);
    }
    unit.accounts().remove(id)?;
    unit.record(NewChange::deleted(&account)?);
    Ok(())
}

/// How many ancestors a parent may have: far beyond real holdings, and a bound on the walk.
const MAX_DEPTH: usize = 50;

fn check_references(unit: &mut dyn UnitOfWork, own: Option<AccountId>, fields: &AccountFields) -> Result<()> {
    let mut ancestor = fields.parent_id;
    for _ in 0..MAX_DEPTH {
        let Some(id) = ancestor else { return Ok(()) };
        if Some(id) == own {
            break;
        }
        match unit.accounts().lookup(id)? {
            Some(account) => ancestor = account.fields.parent_id,
            None if Some(id) == fields.parent_id => {
                return Err(Error::invalid("parent_id", Problem::Reference { noun: AccountId::NOUN }));
            }
            None => return Ok(()),
        }
    }
    Err(Error::invalid(
        "parent_id",
        Problem::Rule("must not make it its own ancestor".to_owned()),
    ))
}
