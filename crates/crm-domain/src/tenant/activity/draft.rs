//! What callers say of an activity, and how it becomes valid fields.

use super::{ActivityFields, ActivityType};
use crate::{
    error::Result,
    field::{Check, Patch, Text, join_search},
    id::{AccountId, ContactId, LeadId, OpportunityId, UserId},
    stamp::Stamp,
};

/// What a caller says of an activity, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ActivityFields")]
pub struct ActivityDraft {
    pub activity_type: Patch<String>,
    pub subject: Patch<String>,
    pub body: Patch<String>,
    pub occurred_at: Patch<String>,
    pub completed: Patch<bool>,
    pub account_id: Patch<AccountId>,
    pub contact_id: Patch<ContactId>,
    pub lead_id: Patch<LeadId>,
    pub opportunity_id: Patch<OpportunityId>,
    pub owner_id: Patch<UserId>,
}

impl ActivityFields {
    /// Parses a new activity, owned by `owner` unless the draft names another.
    pub fn parse(draft: ActivityDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: ActivityDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: ActivityDraft, owner: UserId, mut check: Check) -> Result<Self> {
        let activity_type = check.required(
            "activity_type",
            draft.activity_type,
            current.map(|c| c.activity_type),
            ActivityType::parse,
        );
        let subject = check.required("subject", draft.subject, current.map(|c| c.subject.clone()), Text::parse);
        // An owner who stays may have left since: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
        // Every field is judged, also beside a required one that is wrong.
        let body = check.optional("body", draft.body, current.and_then(|c| c.body.clone()), Text::parse);
        let occurred_at = check.optional(
            "occurred_at",
            draft.occurred_at,
            current.and_then(|c| c.occurred_at),
            Stamp::parse_entered,
        );
        let fields = activity_type.zip(subject).map(|(activity_type, subject)| Self {
            activity_type,
            subject,
            body,
            occurred_at,
            completed: draft.completed.or_current(current.map(|c| c.completed)).unwrap_or(false),
            account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
            contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
            lead_id: draft.lead_id.or_current(current.and_then(|c| c.lead_id)),
            opportunity_id: draft.opportunity_id.or_current(current.and_then(|c| c.opportunity_id)),
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        });
        check.finish_with(fields)
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[Some(&*self.subject), self.body.as_deref()])
    }
}
