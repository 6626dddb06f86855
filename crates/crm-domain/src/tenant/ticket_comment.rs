//! Comments of tickets: answers that all may read, and notes within the team.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    control::user::{Permission, User},
    error::{Error, Result},
    field::{Check, Patch, Text},
    fields,
    id::{RecordId, TicketCommentId, TicketId, UserId},
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        ticket::{self, Ticket},
    },
    usecase::single,
};

/// What people enter about a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TicketCommentFields {
    pub ticket_id: TicketId,
    pub body: Text<10_000>,
    /// Whether only the team may read it.
    pub is_internal: bool,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketComment {
    /// Per-tenant id; ascending in the order of creation.
    pub id: TicketCommentId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: TicketCommentFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// Its author; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for TicketComment {
    const KIND: EntityKind = EntityKind::TicketComment;
    type Fields = TicketCommentFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &TicketCommentFields {
        &self.fields
    }
}

/// What a caller says of a comment, unparsed. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of TicketCommentFields")]
pub struct TicketCommentDraft {
    pub body: Patch<String>,
    pub is_internal: Patch<bool>,
}

impl TicketCommentFields {
    /// Parses a new comment of a ticket.
    pub fn parse(ticket_id: TicketId, draft: TicketCommentDraft, check: Check) -> Result<Self> {
        Self::merge(ticket_id, None, draft, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: TicketCommentDraft, check: Check) -> Result<Self> {
        Self::merge(self.ticket_id, Some(self), draft, check)
    }

    fn merge(ticket_id: TicketId, current: Option<&Self>, draft: TicketCommentDraft, mut check: Check) -> Result<Self> {
        let body = check.required("body", draft.body, current.map(|c| c.body.clone()), Text::parse);
        let is_internal = draft.is_internal.or_current(current.map(|c| c.is_internal)).unwrap_or(false);
        check.finish_with(body.map(|body| Self {
            ticket_id,
            body,
            is_internal,
        }))
    }
}

fields! {
    /// The fields of comments that lists know; by creation unless asked otherwise.
    pub enum TicketCommentField of comment: TicketComment {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => comment.created_at;
        Id: Spec::id("id").filterable().in_id_order() => comment.id;
        TicketId: Spec::id("ticket_id").filterable() => comment.fields.ticket_id;
        CreatedBy: Spec::id("created_by").nullable() => comment.created_by;
    }
}

/// Which comments a list shows.
pub type TicketCommentFilter = Filter<TicketCommentField>;

/// Reads comments.
pub trait TicketCommentReads {
    /// The live comment with this id, of whichever ticket.
    fn lookup(&mut self, id: TicketCommentId) -> Result<Option<TicketComment>>;
    /// A page of the comments that match.
    fn list(&mut self, filter: &TicketCommentFilter, sort: Sort<TicketCommentField>, window: &Window) -> Result<Page<TicketComment>>;
}

/// Writes comments. Callers outside this crate use [`create`], [`update`] and [`remove`], which also record the change.
pub trait TicketCommentRepository: TicketCommentReads {
    /// Keeps new comments; ids ascend in the order given.
    fn add(&mut self, fields: Vec<TicketCommentFields>) -> Result<Vec<TicketComment>>;
    /// Keeps a comment's new fields and `updated_at`.
    fn update(&mut self, comment: &TicketComment) -> Result<()>;
    /// Marks a comment deleted at this unit's stamp.
    fn remove(&mut self, id: TicketCommentId) -> Result<()>;
}

/// Comments on a ticket. A user's first comment that all may read is the ticket's first response.
///
/// # Errors
/// [`Error::NotFound`] for the ticket, [`Error::Invalid`].
pub fn create(unit: &mut dyn UnitOfWork, ticket: TicketId, draft: TicketCommentDraft, check: Check) -> Result<TicketComment> {
    let ticket: Ticket = single::known(unit, ticket)?;
    let fields = TicketCommentFields::parse(ticket.id, draft, check)?;
    let mut added = unit.ticket_comments().add(vec![fields])?;
    let comment = added
        .pop()
        .ok_or_else(|| Error::Internal("an added comment is missing".to_owned()))?;
    unit.record(NewChange::created(&comment)?);
    answer(unit, &ticket, &comment.fields)?;
    Ok(comment)
}

/// Who changes a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// Somebody who may change only what it wrote itself.
    Author(UserId),
    /// Somebody who may change what anybody wrote ([`Permission::Moderate`]).
    Moderator,
}

impl Editor {
    /// What a user is.
    pub fn of(user: &User) -> Self {
        if user.role.may(Permission::Moderate) {
            Self::Moderator
        } else {
            Self::Author(user.id)
        }
    }

    fn check(self, comment: &TicketComment) -> Result<()> {
        match self {
            Self::Author(user) if comment.created_by != Some(user) => Err(Error::Forbidden(
                "Only its author, a Manager or an Admin may change a comment".to_owned(),
            )),
            Self::Author(_) | Self::Moderator => Ok(()),
        }
    }
}

/// Updates a comment of a ticket: fields the draft does not mention stay. One that all may read from now on counts as if it were new.
///
/// # Errors
/// [`Error::NotFound`] for the ticket and for a comment that is not the ticket's, [`Error::Forbidden`] for one that the editor may not
/// change, [`Error::Invalid`].
pub fn update(
    unit: &mut dyn UnitOfWork,
    ticket: TicketId,
    id: TicketCommentId,
    draft: TicketCommentDraft,
    editor: Editor,
    check: Check,
) -> Result<TicketComment> {
    let ticket: Ticket = single::known(unit, ticket)?;
    let before = lookup(unit, &ticket, id)?;
    editor.check(&before)?;
    let after = TicketComment {
        fields: before.fields.updated(draft, check)?,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    unit.ticket_comments().update(&after)?;
    unit.record(change);
    if before.fields.is_internal {
        answer(unit, &ticket, &after.fields)?;
    }
    Ok(after)
}

/// Deletes a comment of a ticket. The ticket stays answered.
///
/// # Errors
/// [`Error::NotFound`] for the ticket and for a comment that is not the ticket's.
pub fn remove(unit: &mut dyn UnitOfWork, ticket: TicketId, id: TicketCommentId) -> Result<()> {
    let ticket: Ticket = single::known(unit, ticket)?;
    let comment = lookup(unit, &ticket, id)?;
    unit.ticket_comments().remove(id)?;
    unit.record(NewChange::deleted(&comment)?);
    Ok(())
}

fn lookup(unit: &mut dyn UnitOfWork, ticket: &Ticket, id: TicketCommentId) -> Result<TicketComment> {
    let found = unit.ticket_comments().lookup(id)?;
    let found = found.filter(|comment| comment.fields.ticket_id == ticket.id);
    found.ok_or_else(|| Error::not_found(TicketCommentId::NOUN, id))
}

/// What integrations and jobs say is no person's answer.
fn answer(unit: &mut dyn UnitOfWork, ticket: &Ticket, comment: &TicketCommentFields) -> Result<()> {
    if comment.is_internal || unit.origin().actor.user().is_none() {
        return Ok(());
    }
    ticket::answered(unit, ticket)
}
