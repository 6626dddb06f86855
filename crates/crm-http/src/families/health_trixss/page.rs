//! Query parameters and paging (contract A-24 … … ).
//!
//! Limits and offsets are forgiving: out of range they are clamped, not numeric they are the default. A timestamp or cursor that cannot be
//! read is refused, since ignoring it would answer another question. Of a parameter sent several times the last counts; `expand` adds up.

use crm_domain::{
    page::{Cursor, Page, SortValue, Start, Window},
    stamp::Stamp,
};
use serde::Serialize;
use url::form_urlencoded;
use utoipa::ToSchema;

use crate::shared::wire::Micros;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 100;
/// The largest integer that every JSON reader keeps exactly.
const MAX_OFFSET: u64 = (1 << 53) - 1;

/// A parameter that cannot be read and must not be ignored.
#[derive(Debug, thiserror::Error)]
#[error("{name} {problem}")]
pub(super) struct BadParameter {
    name: &'static str,
    problem: String,
}

/// The parameters of both lists, as far as they were sent.
#[derive(Debug, Default)]
pub(super) struct ListQuery {
    limit: u32,
    offset: u64,
    pub updated_since: Option<Stamp>,
    pub include_in_forecast: Option<bool>,
    pub expand: Expand,
    cursor: Option<String>,
}

/// What is shown along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Expand {
    pub opportunities: bool,
    pub contacts: bool,
    pub leads: bool,
    pub activities: bool,
    pub account: bool,
}

impl Expand {
    /// Of a detail's query.
    pub fn parse(query: &str) -> Self {
        let mut expand = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name == "expand" {
                expand.add(&value);
            }
        }
        expand
    }

    /// Unknown words are ignored (contract X-32).
    fn add(&mut self, words: &str) {
        for word in words.split(',') {
            match word.trim() {
                "opportunities" => self.opportunities = true,
                "contacts" => self.contacts = true,
                "leads" => self.leads = true,
                "activities" => self.activities = true,
                "account" => self.account = true,
                _ => {}
            }
        }
    }

    /// Whether an account is shown with anything along.
    pub fn of_accounts(self) -> bool {
        self.opportunities || self.contacts || self.leads || self.activities
    }
}

impl ListQuery {
    /// Reads a list's query.
    pub fn parse(query: &str) -> Result<Self, BadParameter> {
        let mut parsed = Self {
            limit: DEFAULT_LIMIT,
            include_in_forecast: Some(true),
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => parsed.limit = lenient(&value, 1, u64::from(MAX_LIMIT)).map_or(DEFAULT_LIMIT, |limit| limit as u32),
                "offset" => parsed.offset = lenient(&value, 0, MAX_OFFSET).unwrap_or(0),
                "updatedSince" => parsed.updated_since = Some(timestamp("updatedSince", &value)?),
                "includeInForecast" => parsed.include_in_forecast = forecast(&value),
                "expand" => parsed.expand.add(&value),
                "cursor" => parsed.cursor = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(parsed)
    }

    /// The window on the list that `order_and_filter` describes: a cursor of another list is refused.
    pub fn window(&self, order_and_filter: &str) -> Result<ListWindow, BadParameter> {
        let list = Cursor::list_digest(order_and_filter);
        let decode = |text: &String| {
            let cursor = Cursor::decode(text, list).ok();
            // Every list of the family is in the order of creation, which is that of the ids.
            let own = cursor.filter(|cursor| cursor.value == SortValue::Id);
            own.ok_or_else(|| BadParameter {
                name: "cursor",
                problem: "must be a cursor returned by this list with the same filters".to_owned(),
            })
        };
        let cursor = self.cursor.as_ref().map(decode).transpose()?;
        Ok(ListWindow {
            limit: self.limit,
            offset: if cursor.is_some() { 0 } else { self.offset },
            cursor,
            list,
            updated_since: self.updated_since,
        })
    }
}

/// A number between `min` and `max`, clamped; `None` when it is none.
fn lenient(text: &str, min: u64, max: u64) -> Option<u64> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for any type fails to parse now.
        return Some(digits.parse().unwrap_or(u64::MAX).clamp(min, max));
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast clamps, as is wanted")]
    Some((number as u64).clamp(min, max))
}

fn timestamp(name: &'static str, text: &str) -> Result<Stamp, BadParameter> {
    Stamp::parse(text).map_err(|problem| BadParameter {
        name,
        problem: problem.to_string(),
    })
}

/// Every other word counts as `true` (contract X-37).
fn forecast(word: &str) -> Option<bool> {
    match word.trim() {
        "all" => None,
        "false" => Some(false),
        _ => Some(true),
    }
}

/// Which page of a list is wanted.
#[derive(Debug)]
pub(super) struct ListWindow {
    limit: u32,
    offset: u64,
    cursor: Option<Cursor>,
    list: u32,
    updated_since: Option<Stamp>,
}

impl ListWindow {
    /// The domain's window.
    pub fn window(&self) -> Window {
        Window {
            limit: self.limit,
            start: match &self.cursor {
                Some(cursor) => Start::After(cursor.clone()),
                None => Start::Offset(self.offset),
            },
        }
    }

    /// The `pagination` object of a page that ends with the record `last`.
    pub fn pagination<T>(&self, page: &Page<T>, last: Option<i64>) -> Pagination {
        let next = |id| Cursor::following(self.cursor.as_ref(), self.list, (SortValue::Id, id), page.seen);
        let next = last.filter(|_| page.has_more).map(next);
        let seen = self.cursor.as_ref().map_or(page.seen, |cursor| cursor.seen);
        Pagination {
            total: page.total,
            limit: self.limit,
            offset: self.offset,
            has_more: page.has_more,
            next_cursor: next.map(|cursor| cursor.encode()),
            next_updated_since: self.next_updated_since(seen).map(Micros),
        }
    }

    /// A later page by offset cannot know what the first one saw: the caller goes on from where it began, and loses nothing.
    fn next_updated_since(&self, seen: Stamp) -> Option<Stamp> {
        if self.offset > 0 { self.updated_since } else { Some(seen) }
    }
}

/// Where a page stands in its list (contract A-31).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Pagination)]
pub(super) struct Pagination {
    /// All matching records, not only this page's.
    #[schema(example = 150)]
    total: u64,
    /// Most records of a page, as it took effect.
    #[schema(example = 50)]
    limit: u32,
    /// Records before this page, as it took effect; 0 on pages reached by cursor.
    #[schema(example = 0)]
    offset: u64,
    /// Whether further records follow.
    has_more: bool,
    /// Send it as `cursor` for the next page, with the same filters: a deep page costs what the first costs. Null on the last page.
    #[schema(required)]
    next_cursor: Option<String>,
    /// Send it as `updatedSince` in the next round of a poller: no change is lost. It belongs to the whole walk, whose pages reached by
    /// cursor all carry it; pages by `offset` beyond the first repeat the request's own.
    #[schema(required, value_type = Option<String>, format = DateTime, example = "2025-02-01T14:30:00.123456Z")]
    next_updated_since: Option<Micros>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(has_more: bool, seen: i64) -> Page<()> {
        Page {
            items: Vec::new(),
            total: 7,
            has_more,
            seen: Stamp::from_micros(seen),
        }
    }

    fn parse(query: &str) -> ListQuery {
        ListQuery::parse(query).unwrap()
    }

    #[test]
    fn limits_and_offsets_are_forgiving() {
        for (query, limit, offset) in [
            ("", 50, 0),
            ("limit=25&offset=50", 25, 50),
            ("limit=500&offset=-1", 100, 0),
            ("limit=0", 1, 0),
            ("limit=-1&offset=abc", 1, 0),
            ("limit=abc&offset=", 50, 0),
            ("limit=10^9", 50, 0),
            ("limit=1000000000&offset=99999999999999999999999999", 100, MAX_OFFSET),
            ("limit=1e9&offset=1e30", 100, MAX_OFFSET),
            ("limit=25.9", 25, 0),
            ("limit=NaN&offset=inf", 50, 0),
            ("limit=%2B7", 7, 0),
            ("limit=1&limit=2", 2, 0),
        ] {
            let parsed = parse(query);
            assert_eq!((parsed.limit, parsed.offset), (limit, offset), "{query}");
        }
    }

    #[test]
    fn timestamps_are_read_or_refused() {
        let expected = Stamp::parse("2025-02-01T00:00:00Z").ok();
        for good in [
            "2025-02-01T00:00:00.000Z",
            "2025-02-01T02:00:00+02:00",
            "2025-02-01T02:00:00%2B02:00",
            "2025-02-01t00%3A00%3A00z",
        ] {
            assert_eq!(parse(&format!("updatedSince={good}")).updated_since, expected, "{good}");
        }
        for bad in ["yesterday", "", "null", "2025-02-30"] {
            let error = ListQuery::parse(&format!("updatedSince={bad}")).unwrap_err();
            assert!(error.to_string().starts_with("updatedSince must be"), "{error}");
        }
    }

    #[test]
    fn the_forecast_filter_has_three_words() {
        let of = |query: &str| parse(query).include_in_forecast;
        assert_eq!(of(""), Some(true));
        assert_eq!(of("includeInForecast=true"), Some(true));
        assert_eq!(of("includeInForecast=maybe"), Some(true));
        assert_eq!(of("includeInForecast=false"), Some(false));
        assert_eq!(of("includeInForecast=all"), None);
    }

    #[test]
    fn expand_adds_up_and_ignores_unknown_words() {
        let expand = Expand::parse("expand=opportunities,+contacts,nothing&expand=leads");
        assert!(expand.opportunities && expand.contacts && expand.leads && !expand.activities && !expand.account);
        assert_eq!(parse("expand=account").expand, Expand::parse("expand=account"));
    }

    #[test]
    fn a_walk_by_cursor_keeps_what_its_first_page_saw() {
        let first = parse("limit=2").window("accounts").unwrap();
        let pagination = first.pagination(&page(true, 5_000_000), Some(4));
        assert_eq!(pagination.next_updated_since, Some(Micros(Stamp::from_micros(5_000_000))));
        let cursor = pagination.next_cursor.unwrap();
        let second = parse(&format!("limit=2&offset=9&cursor={cursor}"));
        let window = second.window("accounts").unwrap();
        let Start::After(decoded) = window.window().start else {
            panic!("not a cursor")
        };
        assert_eq!((decoded.value.clone(), decoded.id), (SortValue::Id, 4));
        let last = window.pagination(&page(false, 9_000_000), Some(8));
        assert_eq!(last.next_updated_since, Some(Micros(Stamp::from_micros(5_000_000))));
        assert_eq!((last.next_cursor, last.offset), (None, 0));
        assert!(second.window("accounts of another filter").is_err());
        assert!(parse("cursor=nonsense").window("accounts").is_err());
        let forged = Cursor {
            value: SortValue::Integer(Some(1)),
            ..decoded
        };
        assert!(parse(&format!("cursor={}", forged.encode())).window("accounts").is_err());
    }

    #[test]
    fn a_page_by_offset_repeats_the_requests_own_stamp() {
        let later = |query: &str| parse(query).window("").unwrap().pagination(&page(true, 5), None).next_updated_since;
        assert_eq!(later("offset=50"), None);
        assert_eq!(
            later("offset=50&updatedSince=1970-01-01T00:00:01Z"),
            Some(Micros(Stamp::from_micros(1_000_000)))
        );
    }

    proptest! {
        #[test]
        fn no_query_panics(query in ".*") {
            if let Ok(parsed) = ListQuery::parse(&query) {
                prop_assert!((1..=MAX_LIMIT).contains(&parsed.limit) && parsed.offset <= MAX_OFFSET);
            }
        }
    }
}
