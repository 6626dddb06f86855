//! Accounts: the companies a team sells to. Family A's Account, family C's Company.

mod draft;
mod merge;
mod port;

pub use draft::AccountDraft;
pub use port::{AccountField, AccountFilter, AccountReads, AccountRepository};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Text, WebAddress},
    id::{AccountId, OpportunityId, RecordId, UserId},
    money::{Currency, Money},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Change, ChangeKind, Entity, EntityKind, NewChange},
        contact::{derived::company_domains, employer},
        link::{self, Reference},
        opportunity::{self, Opportunity},
        record::{Key, Record},
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

impl AccountFields {
    /// The domain by which contacts are known to belong to it: its website's, else that of its mail address; `None` where anybody has an
    /// address there.
    pub fn domain(&self) -> Option<String> {
        let of_website = company_domains(None, self.website.as_ref());
        let of_email = || company_domains(self.email.as_ref(), None);
        of_website.into_iter().next().or_else(|| of_email().into_iter().next())
    }
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

/// What parsing an account needs to know of its tenant.
#[derive(Debug, Clone, Copy)]
pub struct AccountContext {
    /// The owner, unless the draft names another.
    pub owner: UserId,
    /// Of amounts that come without a currency.
    pub currency: Currency,
}

/// Creates accounts whose references were checked before.
pub fn create_many(unit: &mut dyn UnitOfWork, fields: Vec<AccountFields>) -> Result<Vec<Account>> {
    let added = unit.accounts().add(fields)?;
    for account in &added {
        unit.record(NewChange::created(account)?);
    }
    Ok(added)
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
    if after.fields.name != before.fields.name {
        employer::follow(unit, &after)?;
    }
    Ok(Some(after))
}

impl Record for Account {
    type Id = AccountId;
    type Draft = AccountDraft;
    type Parsed = AccountFields;
    type Context = AccountContext;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(unit: &mut dyn UnitOfWork, owner: UserId) -> Result<AccountContext> {
        let currency = unit.settings().lookup()?.preferences.default_currency;
        Ok(AccountContext { owner, currency })
    }

    fn parse(draft: AccountDraft, context: &AccountContext, check: Check) -> Result<AccountFields> {
        AccountFields::parse(draft.counting_in(context.currency), context.owner, check)
    }

    fn updated(&self, draft: AccountDraft, context: &AccountContext, check: Check) -> Result<AccountFields> {
        self.fields.updated(draft.counting_in(context.currency), check)
    }

    fn fields_of(parsed: &AccountFields) -> &AccountFields {
        parsed
    }

    fn named(draft: &AccountDraft) -> Vec<Reference> {
        Reference::named("parent_id", EntityKind::Account, &draft.parent_id)
            .into_iter()
            .collect()
    }

    fn references(fields: &AccountFields) -> Vec<Reference> {
        Reference::of("parent_id", EntityKind::Account, fields.parent_id)
            .into_iter()
            .collect()
    }

    fn keys(fields: &AccountFields) -> Vec<Key> {
        Key::of("external_id", fields.external_id.as_deref()).into_iter().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, _: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        unit.accounts().lookup_external(texts)
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[AccountId]) -> Result<Vec<Self>> {
        unit.accounts().lookup_many(ids)
    }

    /// An account is not its own ancestor.
    fn judge(&self, unit: &mut dyn UnitOfWork, fields: &AccountFields) -> Result<()> {
        if fields.parent_id == self.fields.parent_id {
            return Ok(());
        }
        judge_line(self.id, fields.parent_id, |id| parent_of(unit, id))?
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<AccountFields>) -> Result<Vec<Self>> {
        create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: AccountFields) -> Result<Option<Self>> {
        revise(unit, before, parsed)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, accounts: Vec<Self>) -> Result<()> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let opportunities = unit.opportunities().list_of_accounts(&ids)?;
        Opportunity::remove_many(unit, opportunities)?;
        let ids: Vec<i64> = ids.into_iter().map(RecordId::get).collect();
        link::move_all(unit, EntityKind::Account, &ids, None)?;
        for account in accounts {
            unit.accounts().remove(account.id)?;
            unit.record(NewChange::deleted(&account)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: AccountId) -> Result<Option<Self>> {
        unit.accounts().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.accounts().restore(self)
    }

    /// Its opportunities, but for those whose external id was taken meanwhile.
    fn restore_companions(&self, unit: &mut dyn UnitOfWork, changes: &[Change]) -> Result<()> {
        for change in changes.iter().filter(|change| change.kind == ChangeKind::Deleted) {
            let was_its = change.pair("account_id")? == Some((self.id.get().into(), Value::Null));
            if change.entity == EntityKind::Opportunity && was_its {
                opportunity::restore_with_account(unit, OpportunityId::from_i64(change.entity_id))?;
            }
        }
        Ok(())
    }

    fn referred(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        employer::follow(unit, self)
    }

    fn ancestors(&self, unit: &mut dyn UnitOfWork) -> Result<Vec<i64>> {
        Ok(line_of(unit, self.fields.parent_id)?.into_iter().map(RecordId::get).collect())
    }
}

/// How many ancestors an account may have: far beyond real holdings, and a bound on the walk.
const MAX_DEPTH: usize = 50;

/// Whether an account may have this parent, in a hierarchy that `parent_of` tells: it must not become its own ancestor.
pub(crate) fn judge_line(
    id: AccountId,
    parent: Option<AccountId>,
    parent_of: impl FnMut(AccountId) -> Result<Option<AccountId>>,
) -> Result<Result<()>> {
    let ancestors = line(parent, parent_of)?;
    if ancestors.contains(&id) || ancestors.len() >= MAX_DEPTH {
        let problem = Problem::Rule("must not make it its own ancestor".to_owned());
        return Ok(Err(Error::invalid("parent_id", problem)));
    }
    Ok(Ok(()))
}

/// An account and those above it, nearest first.
fn line_of(unit: &mut dyn UnitOfWork, first: Option<AccountId>) -> Result<Vec<AccountId>> {
    line(first, |id| parent_of(unit, id))
}

fn line(first: Option<AccountId>, mut parent_of: impl FnMut(AccountId) -> Result<Option<AccountId>>) -> Result<Vec<AccountId>> {
    let (mut line, mut next) = (Vec::new(), first);
    while let Some(id) = next.filter(|_| line.len() < MAX_DEPTH) {
        line.push(id);
        next = parent_of(id)?;
    }
    Ok(line)
}

fn parent_of(unit: &mut dyn UnitOfWork, id: AccountId) -> Result<Option<AccountId>> {
    Ok(unit.accounts().lookup(id)?.and_then(|account| account.fields.parent_id))
}
