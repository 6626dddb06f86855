//! What an opportunity without an external id is known by: its name, its account and a day.
//!
//! Several opportunities may share all three, so rows and records are paired in order: the nth such row of a file means the nth such record
//! that was there when the import began, oldest first, and rows beyond those are new. So importing a file again, or a file that stopped
//! half-way, doubles nothing, and rows of one file that look alike stay different records.

use std::collections::HashMap;

use time::Date;

use crate::{
    error::Result,
    id::{AccountId, OpportunityId, RecordId},
    page::{Cursor, Sort, SortValue, Start, Window},
    tenant::{
        TenantStore,
        opportunity::{OpportunityFields, OpportunityFilter},
    },
};

use super::super::{columns::Columns, slice::hash};

/// Records read at a time.
const PAGE: u32 = 1000;

/// Which day tells apart what has one name and account: the first of these that the file has a column for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// The talks began then: it does not move.
    Engaged,
    ExpectedClose,
    Closed,
    /// The file has no days: name and account must do.
    None,
}

impl Day {
    fn choose(columns: &Columns) -> Self {
        if columns.has("engaged_on") {
            Self::Engaged
        } else if columns.has("expected_close_date") || columns.has("close_date") {
            Self::ExpectedClose
        } else if columns.has("closed_on") {
            Self::Closed
        } else {
            Self::None
        }
    }

    pub(super) fn of(self, fields: &OpportunityFields) -> Option<Date> {
        match self {
            Self::Engaged => fields.engaged_on,
            Self::ExpectedClose => fields.expected_close_date,
            Self::Closed => fields.closed_on,
            Self::None => None,
        }
    }
}

/// What an opportunity without an external id is known by.
pub(super) type Identity = (String, Option<AccountId>, Option<Date>);

/// The identity of these fields, were the opportunity this account's.
pub(super) fn identity(fields: &OpportunityFields, account: Option<AccountId>, day: Day) -> Identity {
    (fields.name.to_lowercase(), account, day.of(fields))
}

/// The opportunities that were there when the import began, by a hash of their identity, oldest first.
pub(super) struct Known {
    pub(super) day: Day,
    by_identity: HashMap<u64, Vec<OpportunityId>>,
}

impl Known {
    /// Reads what rows may mean: where the file has a column of external ids, only records that have none.
    pub(super) fn read(store: &dyn TenantStore, columns: &Columns) -> Result<Self> {
        let mut known = Self {
            day: Day::choose(columns),
            by_identity: HashMap::new(),
        };
        let (all, sort) = (OpportunityFilter::default(), Sort::default());
        let mut window = Window::first(PAGE);
        loop {
            let page = store.reading(|reader| reader.opportunities().list(&all, sort, &window))?;
            for opportunity in &page.items {
                if !columns.has("external_id") || opportunity.fields.external_id.is_none() {
                    known.add(opportunity.id, &opportunity.fields);
                }
            }
            let Some(last) = page.items.last().filter(|_| page.has_more) else {
                return Ok(known);
            };
            window.start = Start::After(Cursor {
                // By creation, which is the order of ids.
                value: SortValue::Id,
                id: last.id.get(),
                seen: page.seen,
                list: 0,
            });
        }
    }

    fn add(&mut self, id: OpportunityId, fields: &OpportunityFields) {
        let key = hash(&identity(fields, fields.account_id, self.day));
        self.by_identity.entry(key).or_default().push(id);
    }

    /// The record that a row means which has `twin` such rows before it.
    pub(super) fn nth(&self, fields: &OpportunityFields, account: Option<AccountId>, twin: usize) -> Option<OpportunityId> {
        self.by_identity
            .get(&hash(&identity(fields, account, self.day)))?
            .get(twin)
            .copied()
    }
}
