//! Order, keyset and totals of lists, the same for every noun.

use crm_domain::{
    error::Result,
    field::search_key,
    page::{Cursor, Direction, Page, SortValue, Start, Window},
    stamp::Stamp,
};

use super::fragment::{Bind, Condition, Order};
use crate::connection::Connection;

/// A list's order, spelled out once: the texts are constants, so that statements stay in the prepared cache.
///
/// `ascending` and `descending` sort by the key and then by id; nulls come first ascending and last descending, on both backends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortSql {
    pub(crate) ascending: &'static str,
    pub(crate) descending: &'static str,
    pub(crate) column: Option<SortColumn>,
    pub(crate) id: &'static str,
}

/// The column that a list is sorted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortColumn {
    pub(crate) sql: &'static str,
    pub(crate) kind: ColumnKind,
    pub(crate) is_nullable: bool,
}

/// What a column holds; the names are those that [`sort_sql!`](crate::sort_sql) takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the macro's own words")]
pub(crate) enum ColumnKind {
    integer,
    text,
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
    ($table:literal, nullable $kind:ident $column:literal) => {
        $crate::tenant::window::SortSql {
            ascending: concat!($table, ".", $column, " ASC NULLS FIRST, ", $table, ".id ASC"),
            descending: concat!($table, ".", $column, " DESC NULLS LAST, ", $table, ".id DESC"),
            column: Some($crate::tenant::window::SortColumn {
                sql: concat!($table, ".", $column),
                kind: $crate::tenant::window::ColumnKind::$kind,
                is_nullable: true,
            }),
            id: concat!($table, ".id"),
        }
    };
    ($table:literal, $kind:ident $column:literal) => {
        $crate::tenant::window::SortSql {
            ascending: concat!($table, ".", $column, " ASC, ", $table, ".id ASC"),
            descending: concat!($table, ".", $column, " DESC, ", $table, ".id DESC"),
            column: Some($crate::tenant::window::SortColumn {
                sql: concat!($table, ".", $column),
                kind: $crate::tenant::window::ColumnKind::$kind,
                is_nullable: false,
            }),
            id: concat!($table, ".id"),
        }
    };
}

impl SortColumn {
    /// The cursor's value, `None` for null. Cursors are opaque but not secret: a forged one is refused here, not by the database.
    fn bind(self, value: &SortValue) -> Result<Option<Bind>> {
        let bind = match (self.kind, value) {
            (ColumnKind::integer, SortValue::Integer(value)) => value.map(Bind::Integer),
            (ColumnKind::text, SortValue::Text(value)) => value.clone().map(Bind::Text),
            _ => return Err(Cursor::refusal()),
        };
        let fits = match &bind {
            None => self.is_nullable,
            Some(Bind::Text(text)) => can_be_stored(text),
            Some(Bind::Integer(_)) => true,
        };
        if fits { Ok(bind) } else { Err(Cursor::refusal()) }
    }
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
        let Some(column) = self.column else {
            return match cursor.value {
                SortValue::Id => Ok(Condition::new(vec![(self.id, None), (passes, id)])),
                SortValue::Integer(_) | SortValue::Text(_) => Err(Cursor::refusal()),
            };
        };
        let pieces = match (column.bind(&cursor.value)?, direction) {
            (Some(value), _) => {
                // Descending, nulls come last: they are still to come.
                let nulls_follow = column.is_nullable && direction == Direction::Descending;
                let mut pieces = vec![
                    (if nulls_follow { "((" } else { "(" }, None),
                    (column.sql, None),
                    (reaches, Some(value.clone())),
                    (" AND (", None),
                    (column.sql, None),
                    (passes, Some(value)),
                    (" OR ", None),
                    (self.id, None),
                    (passes, id),
                    ("))", None),
                ];
                if nulls_follow {
                    pieces.extend([(" OR ", None), (column.sql, None), (" IS NULL)", None)]);
                }
                pieces
            }
            (None, Direction::Ascending) => vec![
                ("(", None),
                (column.sql, None),
                (" IS NOT NULL OR ", None),
                (self.id, None),
                (passes, id),
                (")", None),
            ],
            (None, Direction::Descending) => {
                vec![(column.sql, None), (" IS NULL AND ", None), (self.id, None), (passes, id)]
            }
        };
        Ok(Condition::new(pieces))
    }
}

/// Whether a text column can hold this text on both backends: PostgreSQL keeps no NUL. What cannot be stored matches nothing.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// The texts among these that a column can hold.
pub(crate) fn storable(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).filter(|text| can_be_stored(text)).collect()
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

/// Loads a page's rows with the counters as they were when the rows were read, or earlier: a stamp newer than the rows would make a
/// poller skip what was written in between.
///
/// Each row carries the counters. Where there is no row, they are those read `before` the rows.
pub(crate) fn load<Row, Counters>(
    connection: &mut Connection,
    before: Option<Counters>,
    rows: impl Fn(&mut Connection) -> Result<Vec<Row>>,
    counters_of: impl Fn(&Row) -> Option<Counters>,
    counters: impl Fn(&mut Connection) -> Result<Counters>,
) -> Result<(Vec<Row>, Counters)> {
    let loaded = rows(connection)?;
    if let Some(counters) = loaded.first().and_then(&counters_of).or(before) {
        return Ok((loaded, counters));
    }
    let before = counters(connection)?;
    let loaded = rows(connection)?;
    let counters = loaded.first().and_then(counters_of).unwrap_or(before);
    Ok((loaded, counters))
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
    let term = search_key(term.trim());
    if !can_be_stored(&term) {
        return Condition::new(vec![("FALSE", None)]);
    }
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
