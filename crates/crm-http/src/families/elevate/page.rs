//! Query parameters and pages (contract E-21 … E-25, E-29, E-34, E-47, X-18, X-31, X-163, X-165).

use std::ops::{Deref, DerefMut};

use crm_domain::{
    error::Problem,
    page::{Cursor, Page, SortValue, Start, Window},
    query::{Comparison, Condition, Field},
    stamp::Stamp,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;
use crate::shared::query::{PAGE_MAX, Parameters, choice};

const PAGE_SIZE: u32 = 50;
const PAGE_SIZE_MAX: u32 = 500;

/// The parameters of every list; for the documentation, read by [`Query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(super) struct PageParams {
    /// Which page; below 1 counts as 1.
    #[param(rename = "page", required = false, default = 1, minimum = 1)]
    page: u32,
    /// Items per page; clamped to 1 … 500.
    #[param(rename = "page_size", required = false, default = 50, minimum = 1, maximum = 500)]
    page_size: u32,
}

/// The parameters of lists that are polled, and that have cursors.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(super) struct PollParams {
    /// Only what was changed at this ISO 8601 timestamp or later.
    #[param(rename = "since", required = false, example = "2026-01-10T00:00:00Z")]
    since: String,
    /// `next_cursor` of the page before; then `page` does not count.
    #[param(rename = "cursor", required = false)]
    cursor: String,
}

/// A query string, read parameter by parameter; whatever is wrong is told at once by [`Query::finish`].
pub(super) struct Query(Parameters);

impl Query {
    /// Reads a query string.
    pub fn parse(query: &str) -> Self {
        Self(Parameters::parse(query))
    }

    /// A word of a closed list, whatever its case.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(name, |text| {
            let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
            found
                .map(|(_, value)| *value)
                .ok_or_else(|| choice(words.iter().map(|(word, _)| *word)))
        })
    }

    /// The time that `since` names. A blank one is refused like any other that cannot be read: it must not show everything.
    pub fn since(&mut self) -> Option<Stamp> {
        let parsed = Stamp::parse(self.raw("since")?);
        parsed.map_err(|problem| self.fail("since", problem)).ok()
    }

    /// The page asked for, of a list without cursors.
    pub fn numbered(&mut self) -> Paging {
        Paging {
            page: self.parsed("page", |text| whole(text, 1, PAGE_MAX)).unwrap_or(1),
            size: self.parsed("page_size", |text| whole(text, 1, PAGE_SIZE_MAX)).unwrap_or(PAGE_SIZE),
            list: 0,
            cursor: None,
        }
    }

    /// The page asked for; `order_and_filter` binds cursors to the list.
    pub fn paging(&mut self, order_and_filter: &str) -> Paging {
        let list = Cursor::list_digest(order_and_filter);
        // Every list of the family is in the order of creation, which is that of the ids.
        let cursor = self.cursor(list, |cursor| cursor.value == SortValue::Id);
        Paging {
            list,
            cursor,
            ..self.numbered()
        }
    }

    /// # Errors
    /// [`ApiError::Invalid`] with every problem noted.
    pub fn finish(self) -> Result<(), ApiError> {
        self.0.finish().map_err(ApiError::Invalid)
    }
}

impl Deref for Query {
    type Target = Parameters;
    fn deref(&self) -> &Parameters {
        &self.0
    }
}

impl DerefMut for Query {
    fn deref_mut(&mut self) -> &mut Parameters {
        &mut self.0
    }
}

/// A whole number, clamped; whatever is no whole number is refused (contract X-163).
fn whole(text: &str, min: u32, max: u32) -> Result<u32, Problem> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::WholeNumber);
    }
    if text.starts_with('-') {
        return Ok(min);
    }
    // Only a number too large for the type fails to parse now.
    Ok(digits.parse().unwrap_or(max).clamp(min, max))
}

/// Records that were changed at this time or later (contract X-31).
pub(super) fn changed_since<F: Field>(field: F, since: Option<Stamp>) -> Option<Condition<F>> {
    since.map(|since| Condition::compare(field, Comparison::GreaterOrEqual, since))
}

/// The page that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paging {
    page: u32,
    size: u32,
    list: u32,
    cursor: Option<Cursor>,
}

impl Paging {
    /// The domain's window.
    pub fn window(&self) -> Window {
        let start = match &self.cursor {
            Some(cursor) => Start::After(cursor.clone()),
            None => Start::Offset(self.skipped()),
        };
        Window { limit: self.size, start }
    }

    /// How many records lie before the page.
    pub fn skipped(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }

    /// Most records of the page.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Where a page of `shown` of `total` records stands, in a list without cursors.
    pub fn place(&self, shown: usize, total: u64) -> Place {
        let seen = self.skipped().saturating_add(u64::try_from(shown).unwrap_or(u64::MAX));
        Place {
            total,
            page: self.page,
            page_size: self.size,
            has_more: shown > 0 && seen < total,
            next_cursor: None,
        }
    }

    /// Where a page stands that ends with the record `last`.
    pub fn place_of<T>(&self, page: &Page<T>, last: Option<i64>) -> Place {
        let next = last.filter(|_| page.has_more);
        let next = next.map(|id| Cursor::following(self.cursor.as_ref(), self.list, (SortValue::Id, id), page.seen));
        Place {
            total: page.total,
            page: self.page,
            page_size: self.size,
            has_more: page.has_more,
            next_cursor: Some(next.map(|cursor| cursor.encode())),
        }
    }
}

/// Where a page stands in its list (contract E-24, E-25).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = elevate::Place)]
pub(super) struct Place {
    /// All matching records, not only this page's; exact.
    #[schema(example = 100)]
    total: u64,
    /// The page, as it took effect.
    #[schema(example = 1)]
    page: u32,
    /// Most records of a page, as it took effect.
    #[schema(example = 50)]
    page_size: u32,
    /// Whether further pages follow.
    has_more: bool,
    /// Where lists have cursors: send it as `cursor`, with the same filters, for the next page at the cost of the first; null on the last
    /// page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next_cursor: Option<Option<String>>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paging(query: &str) -> Result<Paging, ApiError> {
        let mut query = Query::parse(query);
        let paging = query.paging("deals");
        query.finish().map(|()| paging)
    }

    // E-22 E-23
    #[test]
    fn pages_are_clamped_and_what_is_no_number_is_refused() {
        for (query, page, size) in [
            ("", 1, 50),
            ("page=2&page_size=500", 2, 500),
            ("page=0&page_size=0", 1, 1),
            ("page=-7&page_size=-1", 1, 1),
            ("page=100000000000000000000&page_size=501", PAGE_MAX, 500),
            ("page=%2B3&page_size=99999999999999999999", 3, 500),
            ("page=&page_size=", 1, 50),
            ("page=1&page=4", 4, 50),
        ] {
            let paging = paging(query).unwrap();
            assert_eq!((paging.page, paging.size), (page, size), "{query}");
        }
        for query in [
            "page=abc",
            "page=1.5",
            "page=10^20",
            "page=1e3",
            "page_size=ten",
            "page=-",
            "page_size=%D9%A1",
            "cursor=x",
        ] {
            assert!(matches!(paging(query), Err(ApiError::Invalid(_))), "{query}");
        }
    }

    // E-21 X-18
    #[test]
    fn a_time_is_read_or_refused() {
        let since = |query: &str| {
            let mut query = Query::parse(query);
            let since = query.since();
            query.finish().map(|()| since)
        };
        assert_eq!(since("").unwrap(), None);
        assert_eq!(since("since=2026-01-10T00:00:00Z").unwrap(), Stamp::parse("2026-01-10").ok());
        assert_eq!(since("since=2026-01-10T02:00:00%2B02:00").unwrap(), Stamp::parse("2026-01-10").ok());
        for bad in ["since=yesterday", "since=", "since=1736467200", "since=2026-02-30"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    // E-25
    #[test]
    fn more_follows_exactly_while_it_does() {
        let place = |query: &str, shown, total| paging(query).unwrap().place(shown, total);
        assert!(place("page_size=10", 10, 11).has_more && !place("page_size=10", 10, 10).has_more);
        assert!(!place("page=2&page_size=10", 1, 11).has_more && !place("page=9&page_size=10", 0, 11).has_more);
    }

    proptest! {
        #[test]
        fn no_query_panics(query in ".*") {
            if let Ok(paging) = paging(&query) {
                prop_assert!((1..=PAGE_SIZE_MAX).contains(&paging.size) && paging.page >= 1);
            }
        }
    }
}
