//! Activities as the mechanisms common to all nouns see them.

use super::{Activity, ActivityDraft, ActivityFields};
use crate::{
    error::Result,
    field::Check,
    id::{ActivityId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{EntityKind, NewChange},
        link::Reference,
        record::{Key, Record},
    },
};

impl Record for Activity {
    type Id = ActivityId;
    type Draft = ActivityDraft;
    type Parsed = ActivityFields;
    type Context = UserId;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(_: &mut dyn UnitOfWork, owner: UserId) -> Result<UserId> {
        Ok(owner)
    }

    fn parse(draft: ActivityDraft, owner: &UserId, check: Check) -> Result<ActivityFields> {
        ActivityFields::parse(draft, *owner, check)
    }

    fn updated(&self, draft: ActivityDraft, _: &UserId, check: Check) -> Result<ActivityFields> {
        self.fields.updated(draft, check)
    }

    fn fields_of(parsed: &ActivityFields) -> &ActivityFields {
        parsed
    }

    fn named(draft: &ActivityDraft) -> Vec<Reference> {
        [
            Reference::named("account_id", EntityKind::Account, &draft.account_id),
            Reference::named("contact_id", EntityKind::Contact, &draft.contact_id),
            Reference::named("lead_id", EntityKind::Lead, &draft.lead_id),
            Reference::named("opportunity_id", EntityKind::Opportunity, &draft.opportunity_id),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn references(fields: &ActivityFields) -> Vec<Reference> {
        fields.about().references()
    }

    fn keys(_: &ActivityFields) -> Vec<Key> {
        Vec::new()
    }

    fn holders(_: &mut dyn UnitOfWork, _: &'static str, _: &[String]) -> Result<Vec<Self>> {
        Ok(Vec::new())
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[ActivityId]) -> Result<Vec<Self>> {
        unit.activities().lookup_many(ids)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<ActivityFields>) -> Result<Vec<Self>> {
        super::create_many(unit, new)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, parsed: ActivityFields) -> Result<Option<Self>> {
        super::revise(unit, before, parsed)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, activities: Vec<Self>) -> Result<()> {
        for activity in activities {
            unit.activities().remove(activity.id)?;
            unit.record(NewChange::deleted(&activity)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: ActivityId) -> Result<Option<Self>> {
        unit.activities().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.activities().restore(self)
    }
}
