//! What a list can be asked for: which fields a noun has, how each is compared, and which conditions a caller may set.
//!
//! A noun declares its fields once, by [`fields!`](crate::fields), beside its port. Orders, cursors, filters, their errors and their
//! documentation all follow from that table. A noun with custom fields ends its table with `and Custom`: each of a tenant's definitions is one
//! field more.

mod condition;
mod custom;
mod field;

pub use condition::{Comparison, Condition, Operator, Test};
pub use custom::CustomColumn;
pub(crate) use field::choice;
pub use field::{Field, IntoValue, Kind, Spec, Value};

/// Most conditions of one filter; each makes the statement longer.
pub const CONDITIONS_MAX: usize = 20;
/// Most values of one [`Operator::In`].
pub const VALUES_MAX: usize = 100;

/// Which records a list shows: those that meet every condition and hold the text searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter<F> {
    /// Each holds for every record shown.
    pub conditions: Vec<Condition<F>>,
    /// Only records whose search text holds this one, whatever its case.
    pub search: Option<String>,
    /// Of each list, records carry one tag at least; names in lower case.
    pub tags: Vec<Vec<String>>,
    /// Shows the deleted records instead of the live ones.
    pub deleted: bool,
}

impl<F> Default for Filter<F> {
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            search: None,
            tags: Vec::new(),
            deleted: false,
        }
    }
}

impl<F> Filter<F> {
    /// Every live record that meets these conditions.
    pub fn of(conditions: impl IntoIterator<Item = Condition<F>>) -> Self {
        Self {
            conditions: conditions.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Every live record that holds this text.
    pub fn search(text: impl Into<String>) -> Self {
        Self {
            search: Some(text.into()),
            ..Self::default()
        }
    }

    /// Whether every live record is shown: such a list needs no counting.
    pub fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.search.is_none() && self.tags.is_empty() && !self.deleted
    }
}
