//! Handoffs: one user hands an opportunity over to another, with what is to be done about it (contract X-174).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text},
    id::{HandoffId, OpportunityId, RecordId, UserId},
    stamp::Stamp,
    tenant::{
        TenantReader, UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        rewind::Rewind,
    },
};

/// Most items of a checklist.
pub const CHECKLIST_MAX: usize = 100;

/// How far a handoff is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum HandoffStatus {
    Pending,
    Completed,
}

impl HandoffStatus {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Completed].into_iter().find(|status| status.as_str() == word)
    }
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecklistItem {
    /// What.
    pub title: Text<255>,
    /// Whether it is done.
    pub done: bool,
}

/// What people enter about a handoff. A value of this type is valid by construction, but for its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoffFields {
    /// What is handed over.
    pub opportunity_id: OpportunityId,
    /// Who takes it.
    pub receiver_id: UserId,
    /// Who hands it over.
    pub initiator_id: UserId,
    /// What the receiver should know.
    pub notes: Option<Text<10_000>>,
    /// What is to be done, in order.
    pub checklist: Vec<ChecklistItem>,
    /// How far it is.
    pub status: HandoffStatus,
    /// When it was completed; only when it is.
    pub completed_at: Option<Stamp>,
}

/// A handoff; it was initiated when it was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    /// Per-tenant id.
    pub id: HandoffId,
    /// What people entered.
    pub fields: HandoffFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Handoff {
    const KIND: EntityKind = EntityKind::Handoff;
    type Fields = HandoffFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &HandoffFields {
        &self.fields
    }
}

impl Rewind for Handoff {
    type Id = HandoffId;
    fn read_live(reader: &mut dyn TenantReader, ids: &[HandoffId]) -> Result<Vec<Self>> {
        reader.handoffs().lookup_many(ids)
    }
    // Nobody deletes handoffs.
    fn read_deleted(_: &mut dyn TenantReader, _: &[HandoffId]) -> Result<Vec<Self>> {
        Ok(Vec::new())
    }
    fn put(&mut self, fields: HandoffFields) {
        self.fields = fields;
    }
    fn restamp(&mut self, updated_at: Stamp) {
        self.updated_at = updated_at;
    }
}

/// Reads handoffs.
pub trait HandoffReads {
    /// The handoff with this id.
    fn lookup(&mut self, id: HandoffId) -> Result<Option<Handoff>>;
    /// The handoffs among these ids, in any order.
    fn lookup_many(&mut self, ids: &[HandoffId]) -> Result<Vec<Handoff>>;
    /// The newest handoff of an opportunity.
    fn latest_of(&mut self, opportunity: OpportunityId) -> Result<Option<Handoff>>;
    /// How far the newest handoff of each of these opportunities is; those that were never handed over are missing.
    fn statuses_of(&mut self, opportunities: &[OpportunityId]) -> Result<HashMap<OpportunityId, HandoffStatus>>;
}

/// Writes handoffs. Callers outside this crate use the functions beside it, which also record the change.
pub trait HandoffRepository: HandoffReads {
    /// Keeps a new handoff.
    fn add(&mut self, fields: HandoffFields) -> Result<Handoff>;
    /// Keeps a handoff's new fields and `updated_at`.
    fn update(&mut self, handoff: &Handoff) -> Result<()>;
}

/// What a caller says of a handoff, unparsed. Serves creation and update alike.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "the fields of HandoffFields")]
pub struct HandoffDraft {
    pub receiver_id: Patch<UserId>,
    pub notes: Patch<String>,
    /// Each item with what was noted of it.
    pub checklist: Patch<Vec<(ItemDraft, Check)>>,
}

/// What a caller says of an item of a checklist.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of ChecklistItem")]
pub struct ItemDraft {
    pub title: Patch<String>,
    pub done: Patch<bool>,
}

impl HandoffDraft {
    /// Parses a handoff; fields the draft does not mention are those of `current`.
    fn merge(
        self,
        opportunity_id: OpportunityId,
        initiator_id: UserId,
        current: Option<&HandoffFields>,
        mut check: Check,
    ) -> Result<HandoffFields> {
        let receiver = self.receiver_id.or_current(current.map(|fields| fields.receiver_id));
        if receiver.is_none() {
            check.fail("receiver_id", Problem::Required);
        }
        let notes = check.optional("notes", self.notes, current.and_then(|fields| fields.notes.clone()), Text::parse);
        let checklist = match self.checklist {
            Patch::Keep => current.map(|fields| fields.checklist.clone()).unwrap_or_default(),
            Patch::Clear => Vec::new(),
            Patch::Set(items) => parse_checklist(items, &mut check)?,
        };
        check.finish_with(receiver.map(|receiver_id| HandoffFields {
            opportunity_id,
            receiver_id,
            initiator_id,
            notes,
            checklist,
            status: HandoffStatus::Pending,
            completed_at: None,
        }))
    }
}

/// An item's problems are told as `checklist[0].title`.
fn parse_checklist(items: Vec<(ItemDraft, Check)>, check: &mut Check) -> Result<Vec<ChecklistItem>> {
    if items.len() > CHECKLIST_MAX {
        check.fail("checklist", Problem::Rule(format!("must be at most {CHECKLIST_MAX} items")));
        return Ok(Vec::new());
    }
    let parse = |(index, (draft, mut own)): (usize, (ItemDraft, Check))| {
        let title = own.required("title", draft.title, None, Text::parse);
        let done = draft.done == Patch::Set(true);
        let item = own.finish_with(title.map(|title| ChecklistItem { title, done }));
        check.within(&format!("checklist[{index}]"), item).transpose()
    };
    items.into_iter().enumerate().filter_map(parse).collect()
}

/// Starts to hand an opportunity over. Its owner stays who it is: who takes the opportunity on says so by an update.
///
/// # Errors
/// [`Error::NotFound`] for the opportunity, [`Error::State`] while another handoff of it is pending, [`Error::Invalid`].
pub fn initiate(
    unit: &mut dyn UnitOfWork,
    opportunity: OpportunityId,
    draft: HandoffDraft,
    initiator: UserId,
    check: Check,
) -> Result<Handoff> {
    check_opportunity(unit, opportunity)?;
    if let Some(pending) = latest(unit, opportunity)?.filter(|handoff| handoff.fields.status == HandoffStatus::Pending) {
        return Err(Error::state(HandoffId::NOUN, pending.id, "pending", "initiated"));
    }
    let fields = draft.merge(opportunity, initiator, None, check)?;
    let handoff = unit.handoffs().add(fields)?;
    unit.record(NewChange::created(&handoff)?);
    Ok(handoff)
}

/// Changes the pending handoff of an opportunity: fields the draft does not mention stay. An update that changes nothing leaves no change
/// and no new stamp.
///
/// # Errors
/// [`Error::NotFound`] for the opportunity and when it was never handed over, [`Error::State`] when that is completed, [`Error::Invalid`].
pub fn update(unit: &mut dyn UnitOfWork, opportunity: OpportunityId, draft: HandoffDraft, mut check: Check) -> Result<Handoff> {
    let before = pending(unit, opportunity, "changed")?;
    // A receiver who stays may have left since.
    if draft.receiver_id == Patch::Set(before.fields.receiver_id) {
        check.forgive("receiver_id");
    }
    let fields = draft.merge(opportunity, before.fields.initiator_id, Some(&before.fields), check)?;
    revise(unit, before, fields)
}

/// Completes the pending handoff of an opportunity.
///
/// # Errors
/// [`Error::NotFound`] for the opportunity and when it was never handed over, [`Error::State`] when that is completed.
pub fn complete(unit: &mut dyn UnitOfWork, opportunity: OpportunityId) -> Result<Handoff> {
    let before = pending(unit, opportunity, "completed")?;
    let fields = HandoffFields {
        status: HandoffStatus::Completed,
        completed_at: Some(unit.stamp()),
        ..before.fields.clone()
    };
    revise(unit, before, fields)
}

fn pending(unit: &mut dyn UnitOfWork, opportunity: OpportunityId, action: &'static str) -> Result<Handoff> {
    check_opportunity(unit, opportunity)?;
    let handoff = latest(unit, opportunity)?.ok_or_else(|| Error::not_found(HandoffId::NOUN, opportunity))?;
    match handoff.fields.status {
        HandoffStatus::Pending => Ok(handoff),
        HandoffStatus::Completed => Err(Error::state(HandoffId::NOUN, handoff.id, "completed", action)),
    }
}

fn latest(unit: &mut dyn UnitOfWork, opportunity: OpportunityId) -> Result<Option<Handoff>> {
    unit.handoffs().latest_of(opportunity)
}

fn check_opportunity(unit: &mut dyn UnitOfWork, id: OpportunityId) -> Result<()> {
    let found = unit.opportunities().lookup(id)?;
    found.map(drop).ok_or_else(|| Error::not_found(OpportunityId::NOUN, id))
}

fn revise(unit: &mut dyn UnitOfWork, before: Handoff, fields: HandoffFields) -> Result<Handoff> {
    let after = Handoff {
        fields,
        updated_at: unit.stamp(),
        ..before.clone()
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    unit.handoffs().update(&after)?;
    unit.record(change);
    Ok(after)
}
