//! What callers say of a lead, and how it becomes valid fields.

use super::{LeadFields, LeadStatus};
use crate::{
    error::{Problem, Result},
    field::{Check, Email, Patch, Text, join_search},
    id::{AccountId, UserId},
    tenant::contact::derived::joined,
};

/// What a caller says of a lead, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of LeadFields")]
pub struct LeadDraft {
    pub external_id: Patch<String>,
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub source: Patch<String>,
    pub status: Patch<String>,
    pub description: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub owner_id: Patch<UserId>,
}

impl LeadFields {
    /// Parses a new lead, owned by `owner` unless the draft names another.
    pub fn parse(draft: LeadDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: LeadDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: LeadDraft, owner: UserId, mut check: Check) -> Result<Self> {
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
        let (status, owner) = (
            current.map(|c| c.status.clone()).unwrap_or_default(),
            current.map_or(owner, |c| c.owner_id),
        );
        // What stays may be what nobody can set any more: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
        if current.is_some() && matches!(&draft.status, Patch::Set(word) if LeadStatus::parse(word).as_ref() == Ok(&status)) {
            check.forgive("status");
        }
        let given = match draft.status {
            // A new lead has no status to clear: some clients send every field that they do not set as null.
            Patch::Clear if current.is_none() => Patch::Keep,
            Patch::Set(word) if current.is_none() && word.trim().is_empty() => Patch::Keep,
            given => given,
        };
        let fields = Self {
            external_id: optional!(external_id, Text::parse),
            first_name: optional!(first_name, Text::parse),
            last_name: optional!(last_name, Text::parse),
            email: optional!(email, Email::parse),
            phone: optional!(phone, Text::parse),
            title: optional!(title, Text::parse),
            company: optional!(company, Text::parse),
            source: optional!(source, Text::parse),
            status: check.required("status", given, Some(status), LeadStatus::parse).unwrap_or_default(),
            description: optional!(description, Text::parse),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
            outcome: current.map(|c| c.outcome.clone()).unwrap_or_default(),
            prospect: current.map(|c| c.prospect.clone()).unwrap_or_default(),
        };
        if fields.first_name.is_none() && fields.last_name.is_none() {
            check.fail("last_name", Problem::Required);
        }
        check.finish()?;
        Ok(fields)
    }

    /// First and last name, as far as known.
    pub fn full_name(&self) -> String {
        joined(self.first_name.as_deref(), self.last_name.as_deref()).map_or_else(String::new, Text::into_inner)
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        let name = self.full_name();
        let parts = [
            Some(name.as_str()),
            self.email.as_ref().map(Email::as_str),
            self.phone.as_deref(),
            self.company.as_deref(),
            self.title.as_deref(),
            self.source.as_deref(),
        ];
        join_search(&parts)
    }
}
