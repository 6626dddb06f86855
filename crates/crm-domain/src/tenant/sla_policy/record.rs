//! SLA policies as the mechanisms common to all nouns see them.

use super::{SlaPolicy, SlaPolicyDraft, SlaPolicyFields, replace_default, revise};
use crate::{
    error::{Error, Result},
    field::Check,
    id::{RecordId, SlaPolicyId, UserId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::NewChange,
        link::Reference,
        record::{Key, Record},
    },
    time_zone::TimeZone,
};

impl Record for SlaPolicy {
    type Id = SlaPolicyId;
    type Draft = SlaPolicyDraft;
    type Parsed = SlaPolicyFields;
    /// The tenant's time zone.
    type Context = TimeZone;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(unit: &mut dyn UnitOfWork, _: UserId) -> Result<TimeZone> {
        Ok(unit.settings().lookup()?.preferences.time_zone)
    }

    fn parse(draft: SlaPolicyDraft, zone: &TimeZone, check: Check) -> Result<SlaPolicyFields> {
        SlaPolicyFields::parse(draft.in_zone(zone), check)
    }

    fn updated(&self, draft: SlaPolicyDraft, zone: &TimeZone, check: Check) -> Result<SlaPolicyFields> {
        self.fields.updated(draft.in_zone(zone), check)
    }

    fn fields_of(parsed: &SlaPolicyFields) -> &SlaPolicyFields {
        parsed
    }

    fn named(_: &SlaPolicyDraft) -> Vec<Reference> {
        Vec::new()
    }

    fn references(_: &SlaPolicyFields) -> Vec<Reference> {
        Vec::new()
    }

    fn keys(fields: &SlaPolicyFields) -> Vec<Key> {
        Key::of("name", Some(fields.name.to_lowercase())).into_iter().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, _: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        unit.sla_policies().lookup_named(texts)
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[SlaPolicyId]) -> Result<Vec<Self>> {
        unit.sla_policies().lookup_many(ids)
    }

    /// Tickets cannot follow what is promised of something else.
    fn judge(&self, unit: &mut dyn UnitOfWork, fields: &SlaPolicyFields) -> Result<()> {
        if fields.applies_to != self.fields.applies_to && unit.tickets().is_policy_used(self.id)? {
            return Err(Error::state(
                SlaPolicyId::NOUN,
                self.id,
                "in use by tickets",
                "applied to something else",
            ));
        }
        Ok(())
    }

    /// Tickets that follow it keep what it promises: deactivating it is what is left.
    fn judge_removal(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        if unit.tickets().is_policy_used(self.id)? {
            return Err(Error::state(SlaPolicyId::NOUN, self.id, "in use by tickets", "deleted"));
        }
        Ok(())
    }

    /// A new default takes the place of the one before.
    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<SlaPolicyFields>) -> Result<Vec<Self>> {
        let mut created = Vec::with_capacity(new.len());
        for fields in new {
            if fields.is_default {
                replace_default(unit, fields.applies_to, None)?;
            }
            for policy in unit.sla_policies().add(vec![fields])? {
                unit.record(NewChange::created(&policy)?);
                created.push(policy);
            }
        }
        Ok(created)
    }

    /// Due times that were computed stay; the policy counts as it is when one is computed again.
    fn revise(unit: &mut dyn UnitOfWork, before: &Self, fields: SlaPolicyFields) -> Result<Option<Self>> {
        if fields.is_default {
            replace_default(unit, fields.applies_to, Some(before.id))?;
        }
        revise(unit, before, fields)
    }

    fn remove_many(unit: &mut dyn UnitOfWork, policies: Vec<Self>) -> Result<()> {
        for policy in policies {
            unit.sla_policies().remove(policy.id)?;
            unit.record(NewChange::deleted(&policy)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: SlaPolicyId) -> Result<Option<Self>> {
        unit.sla_policies().lookup_deleted(id)
    }

    /// A default that comes back takes the place of the present one.
    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        if self.fields.is_default {
            replace_default(unit, self.fields.applies_to, Some(self.id))?;
        }
        unit.sla_policies().restore(self)
    }
}
