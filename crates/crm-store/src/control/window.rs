//! Windows on lists of the control plane that show the newest first.

use crm_domain::{
    error::{Error, Result},
    page::{Cursor, Page, SortValue, Start, Window},
    stamp::Stamp,
};

/// Where a page begins: rows to skip, and the id that its rows are below.
pub(super) fn start(window: &Window) -> Result<(i64, i64)> {
    match &window.start {
        Start::Offset(offset) => Ok((i64::try_from(*offset).unwrap_or(i64::MAX), i64::MAX)),
        Start::After(cursor) if cursor.value == SortValue::Id => Ok((0, cursor.id)),
        Start::After(_) => Err(Cursor::refusal()),
    }
}

/// One row more than the page holds tells whether another page follows.
pub(super) fn fetch(window: &Window) -> i64 {
    i64::from(window.limit) + 1
}

/// Makes the page of the rows fetched.
pub(super) fn page<Row, T: TryFrom<Row, Error = Error>>(mut rows: Vec<Row>, total: i64, seen: Stamp, window: &Window) -> Result<Page<T>> {
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Page {
        items: rows.into_iter().map(T::try_from).collect::<Result<_>>()?,
        total: total.unsigned_abs(),
        has_more,
        seen,
    })
}
