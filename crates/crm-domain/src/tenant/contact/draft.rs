//! What callers say of a contact, and how it becomes valid fields.

use super::{
    ContactFields, Technologies,
    derived::{self, Name, NameDraft},
};
use crate::{
    error::{Problem, Result},
    field::{Check, Email, Patch, Text, WebAddress, join_search, parse_integer},
    id::{AccountId, UserId},
};

/// What a caller says of a contact, unparsed; numbers as their decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ContactFields")]
pub struct ContactDraft {
    pub external_id: Patch<String>,
    /// Where first and last name are not given, they are taken from it.
    pub full_name: Patch<String>,
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub other_phone: Patch<String>,
    pub home_phone: Patch<String>,
    pub corporate_phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub employees: Patch<String>,
    pub employee_size_bracket: Patch<String>,
    pub industry: Patch<String>,
    pub website: Patch<String>,
    pub company_linkedin: Patch<String>,
    pub person_linkedin: Patch<String>,
    pub technologies: Patch<Vec<String>>,
    pub annual_revenue: Patch<String>,
    pub city: Patch<String>,
    pub state: Patch<String>,
    pub country: Patch<String>,
    pub company_address: Patch<String>,
    pub company_city: Patch<String>,
    pub company_state: Patch<String>,
    pub company_country: Patch<String>,
    pub description: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
    /// Whether it must have a first or a last name, unless it had none before; else an email is enough.
    pub needs_name: bool,
}

impl ContactFields {
    /// Parses a new contact, owned by `owner` unless the draft names another.
    pub fn parse(draft: ContactDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: ContactDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: ContactDraft, owner: UserId, mut check: Check) -> Result<Self> {
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
        let needs_name = draft.needs_name && current.is_none_or(|current| current.first_name.is_some() || current.last_name.is_some());
        let given = NameDraft {
            full: draft.full_name,
            first: draft.first_name,
            last: draft.last_name,
        };
        let Name { full, first, last } = given.resolve(current.map(Name::of), &mut check);
        let employees = optional!(employees, |text| parse_integer(text, 0, i64::from(i32::MAX)));
        let bracket = optional!(employee_size_bracket, derived::parse_bracket);
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            full_name: full,
            first_name: first,
            last_name: last,
            email: optional!(email, Email::parse),
            phone: optional!(phone, Text::parse),
            other_phone: optional!(other_phone, Text::parse),
            home_phone: optional!(home_phone, Text::parse),
            corporate_phone: optional!(corporate_phone, Text::parse),
            title: optional!(title, Text::parse),
            company: optional!(company, Text::parse),
            employees,
            employee_size_bracket: derived::bracket(current, employees, bracket),
            industry: optional!(industry, Text::parse),
            website: optional!(website, WebAddress::parse),
            company_linkedin: optional!(company_linkedin, linkedin),
            person_linkedin: optional!(person_linkedin, linkedin),
            technologies: Technologies::patched(draft.technologies, current.and_then(|c| c.technologies.clone()), &mut check),
            annual_revenue: optional!(annual_revenue, Text::parse),
            city: optional!(city, Text::parse),
            state: optional!(state, Text::parse),
            country: optional!(country, Text::parse),
            company_address: optional!(company_address, Text::parse),
            company_city: optional!(company_city, Text::parse),
            company_state: optional!(company_state, Text::parse),
            company_country: optional!(company_country, Text::parse),
            description: optional!(description, Text::parse),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        };
        let is_nameless = fields.first_name.is_none() && fields.last_name.is_none();
        if is_nameless && needs_name {
            check.fail("last_name", Problem::Required);
        } else if is_nameless && fields.full_name.is_none() && fields.email.is_none() {
            let is_told = ["full_name", "first_name", "last_name", "email"]
                .iter()
                .any(|field| check.has(field));
            if !is_told {
                check.fail("full_name", Problem::Required);
            }
        }
        check.finish()?;
        Ok(fields)
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        let parts = [
            self.full_name.as_deref(),
            self.email.as_ref().map(Email::as_str),
            self.phone.as_deref(),
            self.company.as_deref(),
            self.title.as_deref(),
            self.city.as_deref(),
            self.country.as_deref(),
        ];
        join_search(&parts)
    }
}

/// An address short enough for an index to hold its key.
fn linkedin(text: &str) -> Result<WebAddress, Problem> {
    Text::<500>::parse(text)?;
    WebAddress::parse(text)
}
