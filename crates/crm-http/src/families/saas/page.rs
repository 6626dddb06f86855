//! Family C's paging: `page`, `pageSize`, `sortBy`, `sortOrder`, `search`, and an opaque `cursor` beside the document's pages
//! (contract C-131 … C-137, X-105 … X-107).

use std::ops::{Deref, DerefMut};

use crm_domain::{
    error::Problem,
    page::{Cursor, Direction, Page, Sort, SortValue, Start, Window},
    stamp::Stamp,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::error::SaasError;
use crate::shared::query::{PAGE_MAX, Parameters, choice};

const PAGE_SIZE: u32 = 20;
const PAGE_SIZE_MAX: u32 = 100;
/// Most characters of a search.
const SEARCH_MAX: usize = 255;

/// The query parameters of every list; for the documentation, read by [`Query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(crate) struct PageParams {
    /// Which page; below 1 counts as 1.
    #[param(rename = "page", required = false, default = 1, minimum = 1)]
    page: u32,
    /// Records per page; clamped to 1 … 100.
    #[param(rename = "pageSize", required = false, default = 20, minimum = 1, maximum = 100)]
    page_size: u32,
    /// `nextCursor` of the page before: a deep page costs what the first costs. Wins over `page`.
    cursor: Option<String>,
}

/// A query string, read parameter by parameter; whatever is wrong is told at once by [`Query::finish`].
pub(crate) struct Query(Parameters);

impl Query {
    /// Reads a query string.
    pub fn parse(query: &str) -> Self {
        Self(Parameters::parse(query))
    }

    /// The page asked for; `order_and_filter` binds cursors to the list.
    pub fn paging(&mut self, order_and_filter: &str) -> Paging {
        let page = self.parsed("page", parse_clamped).unwrap_or(1);
        let size = self.parsed("pageSize", parse_clamped).unwrap_or(PAGE_SIZE.into());
        let list = Cursor::list_digest(order_and_filter);
        let cursor = self.cursor(list, |_| true);
        Paging {
            page: page.min(PAGE_MAX.into()),
            size: u32::try_from(size).unwrap_or(PAGE_SIZE_MAX).clamp(1, PAGE_SIZE_MAX),
            list,
            cursor,
        }
    }

    /// A parameter that is `true` or `false`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, |word| match word.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(choice(["true", "false"])),
        })
    }

    /// The order asked for, one of these keys.
    pub fn sort_among<K: Copy + Default>(&mut self, keys: &[(String, K)]) -> Sort<K> {
        let key = self.parsed("sortBy", |name| {
            let found = keys.iter().find(|(known, _)| known == name);
            found
                .map(|(_, key)| *key)
                .ok_or_else(|| choice(keys.iter().map(|(name, _)| name.as_str())))
        });
        let direction = self.parsed("sortOrder", |word| match word.to_ascii_lowercase().as_str() {
            "asc" => Ok(Direction::Ascending),
            "desc" => Ok(Direction::Descending),
            _ => Err(choice(["asc", "desc"])),
        });
        Sort {
            key: key.unwrap_or_default(),
            direction: direction.unwrap_or_default(),
        }
    }

    /// The text searched for.
    pub fn search(&mut self) -> Option<String> {
        self.parsed("search", |text| match text.chars().count() {
            n if n > SEARCH_MAX => Err(Problem::TooLong { max: SEARCH_MAX }),
            _ if text.contains('\0') => Err(Problem::ControlCharacter),
            _ => Ok(text.to_owned()),
        })
    }

    /// What binds a cursor to a list: its name and the parameters that shape it.
    pub fn order_and_filter(&self, list: &str, parameters: &[&str]) -> String {
        parameters.iter().fold(list.to_owned(), |text, name| {
            let value = self.text(name).unwrap_or_default();
            format!("{text}\u{0}{name}={value}")
        })
    }

    /// # Errors
    /// [`SaasError::BadParameters`] with every problem noted.
    pub fn finish(self) -> Result<(), SaasError> {
        self.0.finish().map_err(|mut errors| {
            errors.sort_by(|a, b| a.field.cmp(&b.field));
            SaasError::BadParameters(errors)
        })
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

/// A whole number; below 1 counts as 1, too large as the largest.
fn parse_clamped(text: &str) -> Result<u64, Problem> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Rule("must be a whole number".to_owned()));
    }
    Ok(if negative { 1 } else { digits.parse().unwrap_or(u64::MAX).max(1) })
}

/// The page that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    page: u64,
    size: u32,
    list: u32,
    cursor: Option<Cursor>,
}

impl Paging {
    /// The same for a port.
    pub fn window(&self) -> Window {
        let start = match &self.cursor {
            Some(cursor) => Start::After(cursor.clone()),
            None => Start::Offset((self.page - 1).saturating_mul(self.size.into())),
        };
        Window { limit: self.size, start }
    }

    /// The place after which the page begins, where a cursor says it.
    pub fn after(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    fn next_cursor(&self, place: (SortValue, i64), seen: Stamp) -> String {
        Cursor::following(self.cursor.as_ref(), self.list, place, seen).encode()
    }
}

/// A list's body (contract C-34, C-135, C-136).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Page)]
pub(crate) struct PageBody<T> {
    items: Vec<T>,
    /// All records that match; exact.
    total_count: u64,
    page: u64,
    page_size: u32,
    total_pages: u64,
    has_next_page: bool,
    has_previous_page: bool,
    /// Continues after this page; null on the last one.
    next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// Renders a page; `place` gives the sort value and id of a record, as cursors carry them.
    pub fn new<R>(paging: &Paging, page: Page<R>, place: impl Fn(&R) -> (SortValue, i64), render: impl FnMut(R) -> T) -> Self {
        let last = page.items.last().filter(|_| page.has_more).map(&place);
        Self {
            total_count: page.total,
            page: paging.page,
            page_size: paging.size,
            total_pages: page.total.div_ceil(paging.size.into()),
            has_next_page: page.has_more,
            has_previous_page: paging.page > 1 || paging.cursor.is_some(),
            next_cursor: last.map(|place| paging.next_cursor(place, page.seen)),
            items: page.items.into_iter().map(render).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Result<Paging, SaasError> {
        let mut query = Query::parse(query);
        let paging = query.paging("list");
        query.finish().map(|()| paging)
    }

    #[test]
    fn pages_are_clamped() {
        for (query, page, size) in [
            ("", 1, 20),
            ("page=2&pageSize=50", 2, 50),
            ("page=0&pageSize=0", 1, 1),
            ("page=-3&pageSize=-1", 1, 1),
            ("pageSize=101", 1, 100),
            ("page=&pageSize=", 1, 20),
            ("page=2147483647&pageSize=100", 2_147_483_647, 100),
            ("page=99999999999999999999999&pageSize=99999999999", 2_147_483_647, 100),
        ] {
            let paging = paging(query).unwrap();
            assert_eq!((paging.page, paging.size), (page, size), "{query}");
            let _ = paging.window();
        }
        assert_eq!(paging("page=3&pageSize=50").unwrap().window().start, Start::Offset(100));
    }

    #[test]
    fn what_is_no_number_is_refused_by_name() {
        let Err(SaasError::BadParameters(errors)) = paging("page=abc&pageSize=1.5&cursor=x") else {
            panic!("three parameters are wrong");
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["cursor", "page", "pageSize"]);
    }

    #[test]
    fn an_order_is_one_of_the_known_ones() {
        let mut query = Query::parse("sortBy=name&sortOrder=DESC");
        let keys = ["createdAt", "name"].map(str::to_owned).into_iter().zip([0, 1]).collect::<Vec<_>>();
        let sort = query.sort_among(&keys);
        assert_eq!((sort.key, sort.direction), (1, Direction::Descending));
        let mut bad = Query::parse("sortBy=password&sortOrder=up");
        bad.sort_among(&keys);
        let Err(SaasError::BadParameters(errors)) = bad.finish() else {
            panic!("both are wrong");
        };
        assert_eq!(errors[0].problem.to_string(), "must be one of: createdAt, name");
    }

    #[test]
    fn the_documents_example_page() {
        let asked = paging("page=2&pageSize=50").unwrap();
        let page = Page {
            items: (51..=100).collect::<Vec<i64>>(),
            total: 245,
            has_more: true,
            seen: Stamp::default(),
        };
        let body = PageBody::new(&asked, page, |id| (SortValue::Id, *id), |id| id);
        assert_eq!((body.total_count, body.total_pages), (245, 5));
        assert!(body.has_next_page && body.has_previous_page);
        let cursor = body.next_cursor.unwrap();
        let next = paging(&format!("cursor={cursor}")).unwrap();
        assert!(matches!(next.window().start, Start::After(cursor) if cursor.id == 100));
    }
}
