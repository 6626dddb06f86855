//! Custom fields as lists know them.

use super::Spec;
use crate::{id::CustomFieldId, tenant::custom_field::FieldType};

/// A custom field as lists know it: a field of its noun like those of every tenant, but that its values stand beside the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CustomColumn {
    /// Which one.
    pub id: CustomFieldId,
    /// What it holds.
    pub holds: FieldType,
}

impl CustomColumn {
    /// What lists know of it. Its values are the sort keys of [`FieldValue`](crate::tenant::custom_field::FieldValue), all of them texts; the
    /// words of a choice are the definition's.
    pub fn spec(self) -> &'static Spec {
        match self.holds {
            FieldType::Text => const { &Spec::key("custom_fields").nullable().filterable() },
            FieldType::Number => const { &Spec::decimal("custom_fields").nullable().filterable() },
            FieldType::Date => const { &Spec::date("custom_fields").nullable().filterable() },
            FieldType::Bool => const { &Spec::choice("custom_fields", &["false", "true"]).nullable().filterable() },
            FieldType::Choice => const { &Spec::choice("custom_fields", &[]).nullable().filterable() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordId;

    #[test]
    fn the_operators_are_those_of_the_type() {
        for (holds, operators) in [
            (FieldType::Text, &["eq", "ne", "in", "startsWith", "isNull"][..]),
            (FieldType::Number, &["eq", "ne", "lt", "lte", "gt", "gte", "in", "isNull"]),
            (FieldType::Date, &["eq", "ne", "lt", "lte", "gt", "gte", "in", "isNull"]),
            (FieldType::Bool, &["eq", "ne", "in", "isNull"]),
            (FieldType::Choice, &["eq", "ne", "in", "isNull"]),
        ] {
            let id = CustomFieldId::from_i64(1);
            let words: Vec<&str> = CustomColumn { id, holds }
                .spec()
                .operators()
                .map(crate::query::Operator::word)
                .collect();
            assert_eq!(words, operators, "{holds:?}");
        }
    }
}
