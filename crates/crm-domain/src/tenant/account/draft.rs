//! What callers say of an account, and how it becomes valid fields.

use super::AccountFields;
use crate::{
    error::Result,
    field::{Check, Email, Patch, Text, WebAddress, join_search, parse_integer},
    id::{AccountId, UserId},
    money::{Currency, Money},
};

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
    /// Of an amount that comes without a currency; the tenant's, where the command is parsed within a unit of work.
    pub default_currency: Currency,
    /// Major units per unit of `annual_revenue`: 1 but for imports of, say, millions. 0 counts as 1.
    pub revenue_scale: u64,
    pub founded_year: Patch<String>,
    pub description: Patch<String>,
    pub parent_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
}

impl AccountDraft {
    /// The same, with amounts that come without a currency in this one.
    pub(super) fn counting_in(self, default_currency: Currency) -> Self {
        Self { default_currency, ..self }
    }
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
        let annual_revenue = Money::merge(
            &mut check,
            "annual_revenue",
            draft.annual_revenue,
            draft.currency,
            draft.revenue_scale,
            current.and_then(|c| c.annual_revenue),
            draft.default_currency,
        );
        // An owner who stays may have left since: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
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
            annual_revenue,
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
