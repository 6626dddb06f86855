//! Who has which value of the custom fields whose values are unique.

use std::collections::{BTreeMap, HashMap};

use super::{CustomFieldReads, CustomValues, Definitions, FieldValue};
use crate::{
    error::{Problem, Result},
    field::Check,
    id::CustomFieldId,
    tenant::{TenantReader, UnitOfWork, change::EntityKind, label::LabelReads},
};

/// Where values are looked up: in a unit of work, or outside of any.
pub trait ValueSource {
    /// Custom fields.
    fn custom_fields(&mut self) -> &mut dyn CustomFieldReads;
    /// The records' labels.
    fn labels(&mut self) -> &mut dyn LabelReads;
}

impl ValueSource for dyn UnitOfWork + '_ {
    fn custom_fields(&mut self) -> &mut dyn CustomFieldReads {
        UnitOfWork::custom_fields(self)
    }

    fn labels(&mut self) -> &mut dyn LabelReads {
        UnitOfWork::labels(self)
    }
}

impl ValueSource for dyn TenantReader + '_ {
    fn custom_fields(&mut self) -> &mut dyn CustomFieldReads {
        TenantReader::custom_fields(self)
    }

    fn labels(&mut self) -> &mut dyn LabelReads {
        TenantReader::labels(self)
    }
}

/// Who has the unique values that are wanted, while records are written.
#[derive(Debug, Default)]
pub struct Holders {
    /// By field and sort key. New records, which have no id yet, are `None`; none is the same as another.
    by_value: HashMap<(CustomFieldId, String), Vec<Option<i64>>>,
}

impl Holders {
    /// Looks up who has the values that these records are to get: one statement for each unique field.
    pub fn read<'a>(
        source: &mut (impl ValueSource + ?Sized),
        definitions: &Definitions,
        wanted: impl IntoIterator<Item = &'a CustomValues>,
    ) -> Result<Self> {
        let mut keys: BTreeMap<CustomFieldId, Vec<String>> = BTreeMap::new();
        for values in wanted {
            for (id, value) in unique(definitions, values) {
                keys.entry(id).or_default().push(value.sort_key());
            }
        }
        let mut by_value: HashMap<_, Vec<Option<i64>>> = HashMap::new();
        for (id, keys) in keys {
            for (record, key) in live_holders(source, definitions.kind(), id, &keys)? {
                by_value.entry((id, key)).or_default().push(Some(record));
            }
        }
        Ok(Self { by_value })
    }

    /// Notes the unique values that a record is to get and another has; `own` is the record's id when it has one.
    pub fn check(&self, own: Option<i64>, definitions: &Definitions, values: &CustomValues, check: &mut Check) {
        let is_others = |holder: &Option<i64>| holder.is_none() || *holder != own;
        for (id, value) in unique(definitions, values) {
            let holders = self.by_value.get(&(id, value.sort_key()));
            if holders.is_some_and(|holders| holders.iter().any(is_others))
                && let Some(field) = definitions.get(id)
            {
                check.fail(&field.name(), Problem::Taken);
            }
        }
    }

    /// Gives a record its unique values, which were checked; those that it has no more are free again.
    pub fn take(&mut self, own: Option<i64>, definitions: &Definitions, values: &CustomValues) {
        if own.is_some() {
            for ((id, _), holders) in &mut self.by_value {
                if values.0.contains_key(id) {
                    holders.retain(|holder| *holder != own);
                }
            }
        }
        for (id, value) in unique(definitions, values) {
            self.by_value.entry((id, value.sort_key())).or_default().push(own);
        }
    }
}

/// The values among these of fields that are unique.
fn unique<'a>(definitions: &'a Definitions, values: &'a CustomValues) -> impl Iterator<Item = (CustomFieldId, &'a FieldValue)> {
    let is_unique = |id| definitions.get(id).is_some_and(|field| field.fields.unique);
    let given = values.0.iter().filter_map(|(id, value)| value.as_ref().map(|value| (*id, value)));
    given.filter(move |(id, _)| is_unique(*id))
}

/// The live records that have one of these values in a field, with its sort key.
pub(super) fn live_holders(
    source: &mut (impl ValueSource + ?Sized),
    kind: EntityKind,
    id: CustomFieldId,
    keys: &[String],
) -> Result<Vec<(i64, String)>> {
    let holders = source.custom_fields().holders(id, keys)?;
    if holders.is_empty() {
        return Ok(holders);
    }
    let ids: Vec<i64> = holders.iter().map(|(record, _)| *record).collect();
    let live = source.labels().live(kind, &ids)?;
    Ok(holders
        .into_iter()
        .filter(|(record, _)| live.binary_search(record).is_ok())
        .collect())
}
