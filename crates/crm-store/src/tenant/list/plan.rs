//! Which index a list goes through.
//!
//! * Everything, or what a maintained total answers: the order's index, from its start or from the cursor, until the page is full.
//! * In the order of ids: of many matches the page is likely to be among the first rows, which are looked at for it. Where it is not, and
//!   for few matches, the condition's index gives the matching ids alone, and the page's rows are fetched behind that.
//! * In another order: few matches are fetched and sorted; of many, the order's index meets enough before it has come far.
//! * A custom field's order is that of its values, which stand in a table of their own: few matches are joined to theirs, else the values are
//!   walked, each with its record.

use crm_domain::{
    error::Result,
    page::{Sort, Start, Window},
    query::{Comparison, Condition, Filter, Kind, Test},
};

use super::{
    Listed,
    condition::Access,
    keyset::{self, Part},
    statement::Counts,
};

/// The most rows that are looked at for a page that may not be among them.
const GLANCE_MAX: i128 = 10_000;

/// What is asked for.
pub(super) struct Shape<'a, F> {
    pub(super) filter: &'a Filter<F>,
    pub(super) sort: Sort<F>,
    pub(super) window: &'a Window,
}

impl<'a, F: Listed> Shape<'a, F> {
    pub(super) fn new(filter: &'a Filter<F>, sort: Sort<F>, window: &'a Window) -> Self {
        Self { filter, sort, window }
    }

    /// The parts of the order that are read one after the other until the page is full.
    pub(super) fn parts(&self, plan: &Plan) -> Result<Vec<Part>> {
        keyset::parts(self.filter, self.sort, &self.window.start, plan.goes_along_values(self))
    }

    /// One row more than the page holds tells whether another page follows.
    pub(super) fn fetch(&self) -> i64 {
        i64::from(self.window.limit) + 1
    }

    /// How many rows to skip.
    pub(super) fn offset(&self) -> i64 {
        match self.window.start {
            Start::Offset(offset) => i64::try_from(offset).unwrap_or(i64::MAX),
            Start::After(_) => 0,
        }
    }

    pub(super) fn maintained_total(&self) -> Option<&'static str> {
        let is_counted = self.filter.search.is_some() || self.filter.deleted || !self.filter.tags.is_empty();
        if is_counted {
            None
        } else {
            F::maintained_total(&self.filter.conditions)
        }
    }

    /// Whether an index holds what matches in the order of ids, so that it needs no sorting.
    pub(super) fn is_point(&self) -> bool {
        let is_point = |condition: &Condition<F>| matches!(condition.test(), Test::Compare(Comparison::Equal, _) | Test::IsNull(true));
        let mut own = self
            .filter
            .conditions
            .iter()
            .filter(|condition| condition.field().custom().is_none());
        own.any(is_point)
    }

    /// Whether all that is asked is that fields differ from values.
    fn is_difference(&self) -> bool {
        let differs = |condition: &Condition<F>| matches!(condition.test(), Test::Differs(_));
        self.filter.conditions.iter().all(differs)
    }

    /// A field that a condition gives a range of, and whose order is that of the ids.
    pub(super) fn range_in_id_order(&self) -> Option<F> {
        let mut fields = self.filter.conditions.iter().map(|condition| *condition.field());
        fields.find(|field| field.spec().is_in_id_order && field.spec().kind == Kind::Stamp)
    }

    /// Whether some of it is looked for in texts.
    fn is_search(&self) -> bool {
        let contains = |condition: &Condition<F>| matches!(condition.test(), Test::Contains(_));
        self.filter.search.is_some() || self.filter.conditions.iter().any(contains)
    }
}

/// How it is read.
pub(super) struct Plan {
    total: Option<&'static str>,
    counts: Option<Counts>,
}

impl Plan {
    pub(super) fn without_counting(total: &'static str) -> Self {
        Self {
            total: Some(total),
            counts: None,
        }
    }

    pub(super) fn after_counting(counts: Counts) -> Self {
        Self {
            total: None,
            counts: Some(counts),
        }
    }

    /// The maintained total that each row carries; where the rows were counted it goes unused.
    pub(super) fn total<F: Listed>(&self) -> &'static str {
        self.total.unwrap_or(F::TOTAL)
    }

    pub(super) fn counts(&self) -> Option<Counts> {
        self.counts
    }

    /// Whether nothing matches.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_some_and(|counts| counts.matches == 0)
    }

    /// How a condition's column is written.
    pub(super) fn access<F: Listed>(&self, shape: &Shape<'_, F>, condition: &Condition<F>) -> Access {
        let is_of_order = condition.field() == &shape.sort.key;
        if is_of_order && self.goes_along_values(shape) {
            return Access::Sorted;
        }
        // A range of the order's own field is where the walk begins and ends.
        let bounds_order = is_of_order && !matches!(condition.test(), Test::Differs(_));
        match self.counts {
            Some(counts) if !bounds_order && self.walks(shape, counts) => Access::Asked,
            _ => Access::Indexed,
        }
    }

    /// Whether the order is walked: at `live / matches` rows for each that is shown, against all matches fetched and sorted. In the order
    /// of ids only what differs from a value is: of those that are many no index holds one range.
    fn walks<F: Listed>(&self, shape: &Shape<'_, F>, counts: Counts) -> bool {
        let (matches, live) = (i128::from(counts.matches), i128::from(counts.live));
        let wanted = i128::from(shape.offset()) + i128::from(shape.fetch());
        let is_worth_it = match shape.sort.key.spec() {
            spec if spec.is_in_id_order => shape.is_difference() && live < 50 * matches,
            spec => spec.is_sortable() && wanted * live < matches * matches,
        };
        is_worth_it && !shape.filter.deleted
    }

    /// Whether the values of the custom field that is sorted by are gone through in their order.
    pub(super) fn goes_along_values<F: Listed>(&self, shape: &Shape<'_, F>) -> bool {
        shape.sort.key.custom().is_some() && self.counts.is_none_or(|counts| self.walks(shape, counts))
    }

    /// How many rows in the order of ids to look at before an index is gone through: with matches everywhere, four times as many as it
    /// takes to meet the page's. `None` when that is not worth it, or when an index holds the matches in this order.
    pub(super) fn glance<F: Listed>(&self, shape: &Shape<'_, F>) -> Option<i64> {
        let counts = self.counts?;
        let (matches, live) = (i128::from(counts.matches), i128::from(counts.live));
        let wanted = i128::from(shape.offset()) + i128::from(shape.fetch());
        let is_needed = shape.sort.key.spec().is_in_id_order && !shape.filter.deleted && !self.walks(shape, counts);
        let is_ordered = !shape.is_search() && (shape.is_point() || shape.range_in_id_order().is_some());
        if !is_needed || is_ordered || wanted > matches {
            return None;
        }
        let expected = wanted * live / matches;
        let budget = 4 * expected + 100;
        // An index and a sort are worth it when there are few to sort.
        let is_worth_it = budget <= GLANCE_MAX && 8 * expected <= matches;
        i64::try_from(budget).ok().filter(|_| is_worth_it)
    }

    /// Whether the whole table is read, since no index has its order.
    pub(super) fn reads_table<F: Listed>(&self, shape: &Shape<'_, F>) -> bool {
        self.counts.is_none() && shape.filter.is_everything() && !shape.sort.key.spec().is_sortable()
    }

    /// Whether the matching ids are picked first.
    pub(super) fn picks_ids<F: Listed>(&self, shape: &Shape<'_, F>) -> bool {
        let is_counted = self.counts.is_some_and(|counts| !self.walks(shape, counts));
        let is_condition = !shape.filter.conditions.is_empty() && !shape.is_search();
        is_counted && is_condition && shape.sort.key.spec().is_in_id_order
    }
}
