//! Order, keyset and totals of lists, the same for every noun.

use crm_domain::{
    error::{Error, Result},
    page::{Cursor, Direction, Page, SortValue, Start, Window},
    stamp::Stamp,
};

use super::fragment::{Bind, Condition, Order};

/// A list's order, spelled out once: the texts are constants, so that statements stay in the prepared cache.
///
/// `ascending` and `descending` sort by the key and then by id; nulls come first ascending and last descending, on both backends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortSql {
    pub(crate) ascending: &'static str,
    pub(crate) descending: &'static str,
    pub(crate) column: Option<&'static str>,
    pub(crate) id: &'static str,
}

/// The SQL of an order by `table.column`, then `table.id`.
#[macro_export]
#[doc(hidden)]
macro_rules! sort_sql {
    ($table:literal) => {
        $crate::tenant::window::SortSql {
            ascending: concat!($table, ".id ASC"),
            descending: concat!($table, ".id DESC"),
            column: None,
            id: concat!($table, ".id"),
        }
    };
    ($table:literal, $column:literal) => {
        $crate::tenant::window::SortSql {
            ascending: concat!($table, ".", $column, " ASC, ", $table, ".id ASC"),
            descending: concat!($table, ".", $column, " DESC, ", $table, ".id DESC"),
            column: Some(concat!($table, ".", $column)),
            id: concat!($table, ".id"),
        }
    };
    ($table:literal, nullable $column:literal) => {
        $crate::tenant::window::SortSql {
            ascending: concat!($table, ".", $column, " ASC NULLS FIRST, ", $table, ".id ASC"),
            descending: concat!($table, ".", $column, " DESC NULLS LAST, ", $table, ".id DESC"),
            column: Some(concat!($table, ".", $column)),
            id: concat!($table, ".id"),
        }
    };
}

impl SortSql {
    pub(crate) fn order(self, direction: Direction) -> Order {
        Order(if direction == Direction::Ascending {
            self.ascending
        } else {
            self.descending
        })
    }

    /// The rows behind the cursor, in the form that both planners turn into an index range: `key >= x AND (key > x OR id > y)`.
    pub(crate) fn after(self, direction: Direction, cursor: &Cursor) -> Result<Condition> {
        let (reaches, passes) = if direction == Direction::Ascending {
            (" >= ", " > ")
        } else {
            (" <= ", " < ")
        };
        let id = Some(Bind::Integer(cursor.id));
        let value = match &cursor.value {
            SortValue::Id | SortValue::Integer(None) | SortValue::Text(None) => None,
            SortValue::Integer(Some(value)) => Some(Bind::Integer(*value)),
            SortValue::Text(Some(value)) => Some(Bind::Text(value.clone())),
        };
        let pieces = match (self.column, value, direction) {
            (None, None, _) => vec![(self.id, None), (passes, id)],
            (None, Some(_), _) => return Err(Error::Internal("a cursor by id carries a sort value".to_owned())),
            (Some(column), Some(value), Direction::Ascending) => vec![
                (column, None),
                (reaches, Some(value.clone())),
                (" AND (", None),
                (column, None),
                (passes, Some(value)),
                (" OR ", None),
                (self.id, None),
                (passes, id),
                (")", None),
            ],
            // Descending, nulls come last: they are still to come.
            (Some(column), Some(value), Direction::Descending) => vec![
                ("((", None),
                (column, None),
                (reaches, Some(value.clone())),
                (" AND (", None),
                (column, None),
                (passes, Some(value)),
                (" OR ", None),
                (self.id, None),
                (passes, id),
                (")) OR ", None),
                (column, None),
                (" IS NULL)", None),
            ],
            (Some(column), None, Direction::Ascending) => vec![
                ("(", None),
                (column, None),
                (" IS NOT NULL OR ", None),
                (self.id, None),
                (passes, id),
                (")", None),
            ],
            (Some(column), None, Direction::Descending) => {
                vec![(column, None), (" IS NULL AND ", None), (self.id, None), (passes, id)]
            }
        };
        Ok(Condition::new(pieces))
    }
}

/// The condition behind the window's cursor, if it has one.
pub(crate) fn after(window: &Window, sort: SortSql, direction: Direction) -> Result<Option<Condition>> {
    match &window.start {
        Start::Offset(_) => Ok(None),
        Start::After(cursor) => sort.after(direction, cursor).map(Some),
    }
}

/// How many rows to skip.
pub(crate) fn offset(window: &Window) -> i64 {
    match window.start {
        Start::Offset(offset) => i64::try_from(offset).unwrap_or(i64::MAX),
        Start::After(_) => 0,
    }
}

/// One row more than the page holds tells whether another page follows.
pub(crate) fn fetch(window: &Window) -> i64 {
    i64::from(window.limit) + 1
}

/// Makes the page of the rows fetched.
pub(crate) fn page<T>(mut items: Vec<T>, total: i64, seen: i64, window: &Window) -> Page<T> {
    let limit = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    Page {
        items,
        total: u64::try_from(total).unwrap_or(0),
        has_more,
        seen: Stamp::from_micros(seen),
    }
}

/// A search term as both backends look for it: lower case, and for `LIKE` its wildcards escaped.
pub(crate) fn search(term: &str, uses_search_table: bool, like: &'static str, matching: &'static str) -> Condition {
    let term = term.trim().to_lowercase();
    // The trigram index knows nothing shorter.
    if uses_search_table && term.chars().count() >= 3 {
        let phrase = format!("\"{}\"", term.replace('"', "\"\""));
        return Condition::new(vec![(matching, Some(Bind::Text(phrase))), (")", None)]);
    }
    let escaped = term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Condition::new(vec![(like, Some(Bind::Text(format!("%{escaped}%")))), (" ESCAPE '\\'", None)])
}

/// Below this share of the table a filter by stamp goes through the stamp's index and sorts; above it, walking in the list's own order
/// and skipping the few that do not match reads less.
pub(crate) fn is_selective(matches: i64, live: i64) -> bool {
    matches < live / 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_more_shows_that_another_page_follows() {
        let window = Window::first(2);
        assert_eq!(fetch(&window), 3);
        let page = page(vec![1, 2, 3], 9, 5, &window);
        assert_eq!((page.items, page.total, page.has_more), (vec![1, 2], 9, true));
    }
}
