//! The custom fields of what a lead becomes: of what the caller says, and where it is silent of the lead's own.

use std::{collections::BTreeMap, marker::PhantomData};

use crate::{
    error::{Problem, Result},
    field::Check,
    tenant::{
        UnitOfWork,
        account::Account,
        change::Entity,
        contact::Contact,
        custom_field::{CustomDraft, FieldValue, MEMBER, Prepared},
        label,
        lead::Lead,
        opportunity::Opportunity,
        record::{Record, id_of},
    },
    usecase::single,
};

/// What the records of a conversion are to have, found valid.
pub(super) struct Custom {
    pub(super) account: Said<Account>,
    pub(super) contact: Said<Contact>,
    pub(super) opportunity: Said<Opportunity>,
}

/// What becomes of a record in a conversion.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is there, with this id.
    Used(i64),
    /// It is made.
    Made,
    /// There is none.
    None,
}

/// What one record is to have.
pub(super) struct Said<R> {
    prepared: Option<Prepared>,
    record: PhantomData<R>,
}

/// The lead's values by the keys of their fields.
pub(super) fn of_lead(unit: &mut dyn UnitOfWork, lead: &Lead) -> Result<BTreeMap<String, FieldValue>> {
    let mut labels = label::of(unit.labels(), Lead::KIND, &[lead.id()])?;
    Ok(labels.remove(&lead.id()).unwrap_or_default().custom_fields)
}

impl<R: Record> Said<R> {
    /// Parses what is said, and notes everything that is wrong, each problem named `part.field`.
    pub(super) fn judge(
        unit: &mut dyn UnitOfWork,
        part: &str,
        fate: Fate,
        draft: CustomDraft,
        of_lead: &BTreeMap<String, FieldValue>,
        check: &mut Check,
    ) -> Result<Self> {
        let mut of_part = Check::new();
        let prepared = match fate {
            Fate::Used(id) => Some(Prepared::change(unit, R::KIND, id, draft, &mut of_part)?),
            Fate::Made => Some(Prepared::made_of(unit, R::KIND, draft, of_lead, &mut of_part)?),
            Fate::None => {
                if !draft.0.is_empty() {
                    of_part.fail(MEMBER, Problem::Rule("must not be given where there is no such record".to_owned()));
                }
                None
            }
        };
        check.within(part, of_part.finish())?;
        Ok(Self {
            prepared,
            record: PhantomData,
        })
    }

    /// Gives them to a record that was there.
    pub(super) fn write(self, unit: &mut dyn UnitOfWork, record: R) -> Result<R> {
        let Some(prepared) = self.prepared else { return Ok(record) };
        let is_touched = prepared.write(unit, record.id())?;
        if is_touched {
            single::known(unit, id_of(&record))
        } else {
            Ok(record)
        }
    }

    /// Gives them to a record that this unit made.
    pub(super) fn write_new(self, unit: &mut dyn UnitOfWork, record: R) -> Result<R> {
        if let Some(prepared) = self.prepared {
            prepared.write_new(unit, record.id())?;
        }
        Ok(record)
    }
}
