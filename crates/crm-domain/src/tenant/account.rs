//! Accounts: the companies a team sells to. Family A's Account, family C's Company.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Email, Patch, Text, WebAddress, parse_integer, search_key},
    id::{AccountId, RecordId, UserId},
    money::{Currency, Money},
    page::{Page, Sort, SortValue, Window},
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

/// What a caller says of an account, unparsed; numbers as their decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of AccountFields")]
pub struct AccountDraft {
    pub external_id: Patch<String>,
    pub name: Patch<String>,
    pub category: Patch<String>,
    pub website: Patch<String>,
    pub phone: Patch<String>,
    pub email: Patch<String>,
    pub address: Patch<String>,
    pub city: Patch<String>,
    pub state: Patch<String>,
    pub zip_code: Patch<String>,
    pub country: Patch<String>,
    pub industry: Patch<String>,
    pub employees: Patch<String>,
    /// In major units of `currency`, times `revenue_scale`.
    pub annual_revenue: Patch<String>,
    pub currency: Patch<String>,
    /// Major units per unit of `annual_revenue`: 1 but for imports of, say, millions. 0 counts as 1.
    pub revenue_scale: u64,
    pub founded_year: Patch<String>,
    pub description: Patch<String>,
    pub parent_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
}

impl AccountFields {
    /// Parses a new account, owned by `owner` unless the draft names another.
    pub fn parse(draft: AccountDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay (contract X-93).
    pub fn updated(&self, draft: AccountDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: AccountDraft, owner: UserId, mut check: Check) -> Result<Self> {
        macro_rules! optional {
            ($field:ident, $parse:expr) => {
                check.optional(
                    stringify!($field),
                    draft.$field,
                    current.and_then(|c| c.$field.clone()),
                    $parse,
                )
            };
        }
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), Text::parse);
        let known_currency = current.and_then(|c| c.annual_revenue).map(|money| money.currency);
        let currency = check
            .optional("currency", draft.currency, known_currency, Currency::parse)
            .unwrap_or_default();
        let scale = draft.revenue_scale.max(1);
        let revenue = optional!(annual_revenue, |text| Money::parse_scaled(text, currency, scale));
        let complete = name.is_some();
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            // Every field is judged, also beside a name that was noted as wrong and fails the whole.
            name: name.unwrap_or_else(|| Text::from_store(String::new())),
            category: optional!(category, Text::parse),
            website: optional!(website, WebAddress::parse),
            phone: optional!(phone, Text::parse),
            email: optional!(email, Email::parse),
            address: optional!(address, Text::parse),
            city: optional!(city, Text::parse),
            state: optional!(state, Text::parse),
            zip_code: optional!(zip_code, Text::parse),
            country: optional!(country, Text::parse),
            industry: optional!(industry, Text::parse),
            employees: optional!(employees, |text| parse_integer(text, 0, i64::from(i32::MAX))),
            annual_revenue: check.keep("annual_revenue", revenue.map(|money| money.in_currency(currency)).transpose()),
            founded_year: optional!(founded_year, |text| parse_integer(text, 1000, 9999)),
            description: optional!(description, Text::parse),
            parent_id: draft.parent_id.or_current(current.and_then(|c| c.parent_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        };
        check.finish_with(complete.then_some(fields))
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        let parts = [
            Some(&*self.name),
            self.website.as_ref().map(WebAddress::as_str),
            self.email.as_ref().map(Email::as_str),
            self.phone.as_deref(),
            self.city.as_deref(),
            self.country.as_deref(),
            self.industry.as_deref(),
        ];
        join_search(&parts)
    }
}

/// Joins the texts that a search looks in, lower case.
pub(crate) fn join_search(parts: &[Option<&str>]) -> String {
    let mut text = String::new();
    for part in parts.iter().flatten() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(part);
    }
    search_key(&text)
}

/// What accounts can be sorted by; creation is the default (contract X-35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of Account")]
pub enum AccountSort {
    #[default]
    CreatedAt,
    UpdatedAt,
    Name,
    Category,
    Website,
    Phone,
    Email,
    City,
    State,
    ZipCode,
    Country,
    Industry,
    Employees,
    AnnualRevenue,
    FoundedYear,
    OwnerId,
    ExternalId,
    Address,
    Currency,
    Description,
    ParentId,
    CreatedBy,
}

impl AccountSort {
    /// What a cursor carries of an account in a list sorted by this key. Names are compared in lower case; ids ascend with creation.
    pub fn value(self, account: &Account) -> SortValue {
        let fields = &account.fields;
        let text = |value: Option<&str>| SortValue::Text(value.map(str::to_owned));
        match self {
            Self::CreatedAt => SortValue::Id,
            Self::UpdatedAt => SortValue::Integer(Some(account.updated_at.micros())),
            Self::Name => SortValue::Text(Some(fields.name.to_lowercase())),
            Self::Category => text(fields.category.as_deref()),
            Self::Website => text(fields.website.as_ref().map(WebAddress::as_str)),
            Self::Phone => text(fields.phone.as_deref()),
            Self::Email => text(fields.email.as_ref().map(Email::as_str)),
            Self::City => text(fields.city.as_deref()),
            Self::State => text(fields.state.as_deref()),
            Self::ZipCode => text(fields.zip_code.as_deref()),
            Self::Country => text(fields.country.as_deref()),
            Self::Industry => text(fields.industry.as_deref()),
            Self::Employees => SortValue::Integer(fields.employees),
            Self::AnnualRevenue => SortValue::Integer(fields.annual_revenue.map(|money| money.minor)),
            Self::FoundedYear => SortValue::Integer(fields.founded_year),
            Self::OwnerId => SortValue::Integer(Some(fields.owner_id.get())),
            Self::ExternalId => text(fields.external_id.as_deref()),
            Self::Address => text(fields.address.as_deref()),
            Self::Currency => text(fields.annual_revenue.as_ref().map(|money| money.currency.as_str())),
            Self::Description => text(fields.description.as_deref()),
            Self::ParentId => SortValue::Integer(fields.parent_id.map(RecordId::get)),
            Self::CreatedBy => SortValue::Integer(account.created_by.map(RecordId::get)),
        }
    }
}

/// Which accounts a list shows; deleted ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Only those changed after this stamp (contract A-27).
    pub updated_after: Option<Stamp>,
    /// Only those whose name, website, email, phone, city, country or industry holds this text, whatever its case.
    pub search: Option<String>,
}

/// Reads accounts.
pub trait AccountReads {
    /// The live account with this id.
    fn lookup(&mut self, id: AccountId) -> Result<Option<Account>>;
    /// The live accounts among these ids, in any order.
    fn lookup_many(&mut self, ids: &[AccountId]) -> Result<Vec<Account>>;
    /// The live accounts with one of these external ids; at most one each.
    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Account>>;
    /// The live accounts with one of these names, whatever their case, oldest first.
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Account>>;
    /// A page of the live accounts that match.
    fn list(&mut self, filter: &AccountFilter, sort: Sort<AccountSort>, window: &Window) -> Result<Page<Account>>;
}

/// Writes accounts. Callers outside this crate use [`create`], [`update`] and [`remove`], which also record the change.
pub trait AccountRepository: AccountReads {
    /// Keeps new accounts; ids ascend in the order given.
    fn add(&mut self, fields: Vec<AccountFields>) -> Result<Vec<Account>>;
    /// Keeps an account's new fields and `updated_at`.
    fn update(&mut self, account: &Account) -> Result<()>;
    /// Marks an account deleted at this unit's stamp.
    fn remove(&mut self, id: AccountId) -> Result<()>;
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
