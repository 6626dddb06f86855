//! Query parameters and pages (contract D-04, D-49, X-122, X-124, X-134).

use std::ops::{Deref, DerefMut};

use crm_domain::{
    error::Problem,
    page::{Cursor, Page, SortValue, Start, Window},
};
use utoipa::IntoParams;

use super::{answer::PageMeta, error::ApiError};
use crate::shared::query::{PAGE_MAX, Parameters};

const PAGE_SIZE: u32 = 20;
const PAGE_SIZE_MAX: u32 = 100;

/// The parameters of every list; for the documentation, read by [`Query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(super) struct PageParams {
    /// Which page.
    #[param(rename = "page", required = false, default = 1, minimum = 1)]
    page: u32,
    /// Items per page; above 100 counts as 100.
    #[param(rename = "pageSize", required = false, default = 20, minimum = 1, maximum = 100)]
    page_size: u32,
}

/// A query string, read parameter by parameter; whatever is wrong is told at once by [`Query::finish`].
pub(super) struct Query(Parameters);

impl Query {
    /// Reads a query string.
    pub fn parse(query: &str) -> Self {
        Self(Parameters::parse(query))
    }

    /// The page asked for; `order_and_filter` binds cursors to the list.
    pub fn paging(&mut self, order_and_filter: &str) -> Paging {
        let page = self.parsed("page", positive).unwrap_or(1);
        let size = self.parsed("pageSize", positive).unwrap_or(PAGE_SIZE.into());
        let list = Cursor::list_digest(order_and_filter);
        let cursor = self.cursor(list, |_| true);
        Paging {
            page: page.min(PAGE_MAX.into()),
            size: u32::try_from(size).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX),
            list,
            cursor,
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

/// A whole number from 1; one that is too large counts as the largest.
pub(super) fn positive(text: &str) -> Result<u64, Problem> {
    let refusal = || Problem::Rule("must be a positive integer".to_owned());
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refusal());
    }
    match text.parse().unwrap_or(u64::MAX) {
        0 => Err(refusal()),
        number => Ok(number),
    }
}

/// The page that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paging {
    page: u64,
    size: u32,
    list: u32,
    cursor: Option<Cursor>,
}

impl Paging {
    /// How many items are before the page.
    pub fn skipped(&self) -> u64 {
        (self.page - 1).saturating_mul(self.size.into())
    }

    /// Most items of the page.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The same for a port.
    pub fn window(&self) -> Window {
        let start = match &self.cursor {
            Some(cursor) => Start::After(cursor.clone()),
            None => Start::Offset(self.skipped()),
        };
        Window { limit: self.size, start }
    }

    /// Where the page stands in a list of so many items.
    pub fn meta(&self, total: u64) -> PageMeta {
        PageMeta {
            page: self.page,
            page_size: self.size,
            total_items: total,
            total_pages: total.div_ceil(self.size.into()),
            next_cursor: None,
        }
    }

    /// The same of a list with cursors; `place` gives the sort value and id of a record.
    pub fn meta_of<R>(&self, page: &Page<R>, place: impl Fn(&R) -> (SortValue, i64)) -> PageMeta {
        let next = page
            .items
            .last()
            .filter(|_| page.has_more)
            .map(|last| Cursor::following(self.cursor.as_ref(), self.list, place(last), page.seen).encode());
        PageMeta {
            next_cursor: Some(next),
            ..self.meta(page.total)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Result<Paging, ApiError> {
        let mut query = Query::parse(query);
        let paging = query.paging("list");
        query.finish().map(|()| paging)
    }

    #[test]
    fn a_page_is_a_positive_number_and_its_size_is_clamped() {
        for (query, page, size) in [
            ("", 1, 20),
            ("page=2&pageSize=50", 2, 50),
            ("pageSize=101", 1, 100),
            ("page=&pageSize=", 1, 20),
            ("page=99999999999999999999999&pageSize=99999999999", PAGE_MAX.into(), 100),
        ] {
            let paging = paging(query).unwrap();
            assert_eq!((paging.page, paging.size), (page, size), "{query}");
            let _ = paging.window();
        }
        for wrong in [
            "page=0",
            "page=-1",
            "page=1.5",
            "page=x",
            "pageSize=0",
            "pageSize=-5",
            "pageSize=ten",
            "cursor=x",
        ] {
            assert!(
                matches!(paging(wrong), Err(ApiError::Invalid(errors)) if errors.len() == 1),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_documents_example_page() {
        let meta = paging("page=1&pageSize=50").unwrap().meta(150);
        assert_eq!((meta.page, meta.page_size, meta.total_items, meta.total_pages), (1, 50, 150, 3));
        assert_eq!(paging("").unwrap().meta(0).total_pages, 0);
    }
}
