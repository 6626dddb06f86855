//! What callers say of a ticket, and how it becomes valid fields.

use super::{Ticket, TicketFields, TicketProgress, TicketStatus, Watch};
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text, join_search},
    id::{AccountId, ContactId, RecordId, SlaPolicyId, TicketId, UserId},
    stamp::Stamp,
    tenant::{
        priority::{DEFAULT_PRIORITY, Priority},
        sla_policy::{SlaPolicy, SlaSubject, choose},
    },
};

/// What a caller says of a ticket, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of TicketFields")]
pub struct TicketDraft {
    pub subject: Patch<String>,
    pub description: Patch<String>,
    pub status: Patch<String>,
    /// Cleared, it is the usual one again.
    pub priority: Patch<String>,
    pub category: Patch<String>,
    pub source: Patch<String>,
    pub resolution: Patch<String>,
    pub account_id: Patch<AccountId>,
    pub contact_id: Patch<ContactId>,
    /// Left out, a new ticket is its creator's; cleared, it is nobody's.
    pub owner_id: Patch<UserId>,
    /// Left out, the policy follows from the priority, unless somebody chose another one before; cleared, a ticket has none any more.
    pub sla_policy_id: Patch<SlaPolicyId>,
}

/// What parsing a ticket needs to know of its tenant.
#[derive(Debug, Clone)]
pub struct TicketContext {
    /// The owner of a new ticket, unless the draft names another.
    pub owner: Option<UserId>,
    /// Now: when a new ticket is created, and when an old one changes.
    pub now: Stamp,
    /// Every policy for tickets.
    pub policies: Vec<SlaPolicy>,
}

impl TicketContext {
    pub(super) fn policy(&self, id: SlaPolicyId) -> Option<&SlaPolicy> {
        self.policies.iter().find(|policy| policy.id == id)
    }

    fn usual_policy(&self, priority: Priority) -> Option<SlaPolicyId> {
        choose(&self.policies, SlaSubject::Ticket, priority).map(|policy| policy.id)
    }

    fn choose_policy(
        &self,
        given: Patch<SlaPolicyId>,
        priority: Priority,
        current: Option<&TicketFields>,
        check: &mut Check,
    ) -> Option<SlaPolicyId> {
        match (given, current) {
            (Patch::Set(id), _) => {
                let stays = current.is_some_and(|current| current.sla_policy_id == Some(id));
                let is_given = self.policy(id).is_some_and(|policy| policy.fields.is_active);
                if !stays && !is_given {
                    check.fail("sla_policy_id", Problem::Reference { noun: SlaPolicyId::NOUN });
                }
                Some(id)
            }
            (Patch::Clear, Some(_)) => None,
            // Some clients send every field that they do not set as null.
            (Patch::Keep | Patch::Clear, None) => self.usual_policy(priority),
            (Patch::Keep, Some(current)) => {
                let follows = current.sla_policy_id == self.usual_policy(current.priority);
                if follows && current.priority != priority {
                    self.usual_policy(priority)
                } else {
                    current.sla_policy_id
                }
            }
        }
    }

    /// By what the time of a ticket created then is measured.
    pub(super) fn watch(&self, created_at: Stamp, policy: Option<SlaPolicyId>) -> Watch<'_> {
        Watch {
            created_at,
            now: self.now,
            policy: policy.and_then(|id| self.policy(id)).map(|policy| &policy.fields),
        }
    }
}

impl TicketFields {
    /// Parses a new ticket.
    pub fn parse(draft: TicketDraft, context: &TicketContext, check: Check) -> Result<Self> {
        merge(None, draft, context, check)
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[Some(&*self.subject), self.category.as_deref(), self.source.as_deref()])
    }
}

impl Ticket {
    /// Parses an update: fields the draft does not mention stay.
    ///
    /// # Errors
    /// [`Error::Invalid`], and [`Error::State`] for a status that the present one may not become.
    pub fn updated(&self, draft: TicketDraft, context: &TicketContext, check: Check) -> Result<TicketFields> {
        merge(Some(self), draft, context, check)
    }
}

fn merge(ticket: Option<&Ticket>, draft: TicketDraft, context: &TicketContext, mut check: Check) -> Result<TicketFields> {
    let current = ticket.map(|ticket| &ticket.fields);
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
    let subject = check.required("subject", draft.subject, current.map(|c| c.subject.clone()), Text::parse);
    let priority = check.optional("priority", draft.priority, current.map(|c| c.priority), Priority::parse);
    let priority = priority.unwrap_or(DEFAULT_PRIORITY);
    let status = match (draft.status, current) {
        (Patch::Clear, None) => Some(TicketStatus::New),
        (given, _) => check.required(
            "status",
            given,
            Some(current.map_or(TicketStatus::New, |c| c.status)),
            TicketStatus::parse,
        ),
    };
    let sla_policy_id = context.choose_policy(draft.sla_policy_id, priority, current, &mut check);
    let owner = current.map_or(context.owner, |c| c.owner_id);
    // An owner who stays may have left since: that must not keep people from editing the rest.
    if let (Some(_), Some(owner)) = (current, owner)
        && draft.owner_id == Patch::Set(owner)
    {
        check.forgive("owner_id");
    }
    let mut fields = TicketFields {
        // Every field is judged, also beside a required one that was noted as wrong and fails the whole.
        subject: subject.unwrap_or_else(|| Text::from_store(String::new())),
        description: optional!(description, Text::parse),
        status: status.unwrap_or(TicketStatus::New),
        priority,
        category: optional!(category, Text::parse),
        source: optional!(source, Text::parse),
        resolution: optional!(resolution, Text::parse),
        account_id: draft.account_id.or_current(current.and_then(|c| c.account_id)),
        contact_id: draft.contact_id.or_current(current.and_then(|c| c.contact_id)),
        owner_id: draft.owner_id.or_current(owner),
        sla_policy_id,
        progress: TicketProgress::default(),
    };
    check.finish()?;
    fields.progress = progress(ticket, &fields, context)?;
    Ok(fields)
}

/// How far the ticket has come with these fields. A new one goes from new to the state that it is created in.
fn progress(ticket: Option<&Ticket>, fields: &TicketFields, context: &TicketContext) -> Result<TicketProgress> {
    let watch = context.watch(ticket.map_or(context.now, |ticket| ticket.created_at), fields.sla_policy_id);
    let (mut progress, before) = match ticket {
        Some(ticket) => {
            let mut progress = ticket.fields.progress.clone();
            if ticket.fields.sla_policy_id != fields.sla_policy_id {
                progress.retarget(watch);
            }
            (progress, ticket.fields.status)
        }
        None => (TicketProgress::start(watch), TicketStatus::New),
    };
    if !before.may_become(fields.status) {
        let id = ticket.map_or(0, |ticket| ticket.id.get());
        let action = match fields.status {
            TicketStatus::New => "made new",
            TicketStatus::Open => "reopened",
            TicketStatus::Pending => "made pending",
            TicketStatus::Resolved => "resolved",
            TicketStatus::Closed => "closed",
        };
        return Err(Error::state(TicketId::NOUN, id, before.adjective(), action));
    }
    progress.enter(before, fields.status, watch);
    Ok(progress)
}

#[cfg(test)]
mod tests;
