//! Order, and the place behind a cursor, in the form that both planners turn into an index range.

use crm_domain::{
    error::Result,
    page::{Cursor, Direction, Sort, SortValue, Start},
    query::{CustomColumn, Field, Filter, Kind, Test},
};

use super::{Listed, can_be_stored, custom};
use crate::tenant::fragment::{Bind, Sql};

/// Where the rows of a part of the order come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The records, whose own column is sorted by.
    Records,
    /// The records, each with its value of a custom field if it has one.
    RecordsWithValue(CustomColumn),
    /// The records that have no value of a custom field.
    RecordsWithoutValue(CustomColumn),
    /// The values of a custom field, in their order, each with its record.
    Values(CustomColumn),
}

/// A part of the order: the parts are read one after the other until the page is full.
pub(super) struct Part {
    pub(super) source: Source,
    /// The range of the order that it is; the whole of it where there is none.
    pub(super) range: Option<Sql>,
}

/// The parts of a list's order from here on. `by_value` says that the order of a custom field is walked along its values: the records
/// without one, which no index holds, are a part of their own.
pub(super) fn parts<F: Listed>(filter: &Filter<F>, sort: Sort<F>, start: &Start, by_value: bool) -> Result<Vec<Part>> {
    let cursor = match start {
        Start::Offset(_) => None,
        Start::After(cursor) => Some(cursor),
    };
    let source = match sort.key.custom() {
        Some(field) if by_value => {
            let mut parts = along_values(field, sort, cursor)?;
            parts.retain(|part| can_match(filter, sort, part));
            return Ok(parts);
        }
        Some(field) => Source::RecordsWithValue(field),
        None => Source::Records,
    };
    let ranges = match cursor {
        None => vec![None],
        Some(cursor) => after(sort, cursor, source)?.into_iter().map(Some).collect(),
    };
    Ok(ranges.into_iter().map(|range| Part { source, range }).collect())
}

/// Whether what is asked of the field that is sorted by can be met in this part.
fn can_match<F: Listed>(filter: &Filter<F>, sort: Sort<F>, part: &Part) -> bool {
    let mut asked = filter.conditions.iter().filter(|condition| *condition.field() == sort.key);
    asked.all(|condition| match condition.test() {
        Test::Differs(_) | Test::NotLess(_) => true,
        Test::IsNull(true) => matches!(part.source, Source::RecordsWithoutValue(_)),
        Test::Compare(..) | Test::In(_) | Test::Contains(_) | Test::StartsWith(_) | Test::IsNull(false) => {
            matches!(part.source, Source::Values(_))
        }
    })
}

/// First those without a value ascending, last descending.
fn along_values<F: Listed>(field: CustomColumn, sort: Sort<F>, cursor: Option<&Cursor>) -> Result<Vec<Part>> {
    let (records, values) = (Source::RecordsWithoutValue(field), Source::Values(field));
    let without = |range| Part { source: records, range };
    let with = |range| Part { source: values, range };
    let place = cursor.map(|cursor| Ok((cursor.id, bind(sort.key, &cursor.value)?))).transpose()?;
    Ok(match (sort.direction, place) {
        (Direction::Ascending, None) => vec![without(None), with(None)],
        (Direction::Descending, None) => vec![with(None), without(None)],
        (Direction::Ascending, Some((last, None))) => vec![without(Some(behind_id(sort, records, last))), with(None)],
        (Direction::Descending, Some((last, None))) => vec![without(Some(behind_id(sort, records, last)))],
        (direction, Some((last, Some(value)))) => {
            let behind = with(Some(behind_value(sort, values, value, last)));
            let nulls = (direction == Direction::Descending).then(|| without(None));
            std::iter::once(behind).chain(nulls).collect()
        }
    })
}

/// By the field and then by id; nulls come first ascending and last descending, on both backends.
pub(super) fn order<F: Listed>(sort: Sort<F>, part: &Part) -> Sql {
    let spec = sort.key.spec();
    let is_ascending = sort.direction == Direction::Ascending;
    let id = id::<F>(part.source).sql(if is_ascending { " ASC" } else { " DESC" });
    if spec.is_in_id_order || matches!(part.source, Source::RecordsWithoutValue(_)) {
        return id;
    }
    let is_nullable = spec.is_nullable && !matches!(part.source, Source::Values(_));
    let direction = match (is_nullable, sort.direction) {
        (false, Direction::Ascending) => " ASC, ",
        (false, Direction::Descending) => " DESC, ",
        (true, Direction::Ascending) => " ASC NULLS FIRST, ",
        (true, Direction::Descending) => " DESC NULLS LAST, ",
    };
    column(sort.key, part.source).sql(direction).then(id)
}

/// The rows behind a cursor: one range of the order's index, or two that follow each other, where one of them holds the nulls.
fn after<F: Listed>(sort: Sort<F>, cursor: &Cursor, source: Source) -> Result<Vec<Sql>> {
    let spec = sort.key.spec();
    if spec.is_in_id_order {
        return match cursor.value {
            SortValue::Id => Ok(vec![behind_id(sort, source, cursor.id)]),
            SortValue::Integer(_) | SortValue::Text(_) => Err(Cursor::refusal()),
        };
    }
    let column = || column(sort.key, source);
    let behind_null = || column().sql(" IS NULL AND ").then(behind_id(sort, source, cursor.id));
    let parts = match (bind(sort.key, &cursor.value)?, sort.direction) {
        (Some(value), direction) => {
            let range = behind_value(sort, source, value, cursor.id);
            let nulls_follow = spec.is_nullable && direction == Direction::Descending;
            let nulls = nulls_follow.then(|| column().sql(" IS NULL"));
            std::iter::once(range).chain(nulls).collect()
        }
        (None, Direction::Ascending) => vec![behind_null(), column().sql(" IS NOT NULL")],
        (None, Direction::Descending) => vec![behind_null()],
    };
    Ok(parts)
}

fn passes(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => " > ",
        Direction::Descending => " < ",
    }
}

fn behind_id<F: Listed>(sort: Sort<F>, source: Source, last: i64) -> Sql {
    id::<F>(source).sql(passes(sort.direction)).integer(last)
}

fn behind_value<F: Listed>(sort: Sort<F>, source: Source, value: Bind, last: i64) -> Sql {
    let place = Sql::new("(")
        .then(column(sort.key, source))
        .sql(", ")
        .then(id::<F>(source))
        .sql(")");
    place
        .sql(passes(sort.direction))
        .sql("(")
        .bind(value)
        .sql(", ")
        .integer(last)
        .sql(")")
}

fn id<F: Listed>(source: Source) -> Sql {
    match source {
        Source::Records | Source::RecordsWithValue(_) | Source::RecordsWithoutValue(_) => Sql::new(F::TABLE.name).sql(".id"),
        // The same, in the index that has the order.
        Source::Values(_) => Sql::new(custom::SORTED).sql(".record_id"),
    }
}

fn column<F: Listed>(field: F, source: Source) -> Sql {
    match source {
        Source::Records => Sql::new(F::TABLE.name).sql(".").sql(field.column()),
        Source::RecordsWithValue(_) | Source::RecordsWithoutValue(_) | Source::Values(_) => Sql::new(custom::SORTED).sql(".sort_key"),
    }
}

/// The cursor's value, `None` for null. Cursors are opaque but not secret: a forged one is refused here, not by the database.
fn bind<F: Field>(field: F, value: &SortValue) -> Result<Option<Bind>> {
    let spec = field.spec();
    let bind = match (spec.kind, value) {
        (Kind::Bool, SortValue::Integer(flag)) => flag.map(|flag| Bind::Bool(flag != 0)),
        (Kind::Id | Kind::Integer | Kind::Ranked(_) | Kind::Stamp | Kind::Money, SortValue::Integer(number)) => number.map(Bind::Integer),
        (Kind::Decimal | Kind::Text | Kind::Key | Kind::Choice(_) | Kind::Date, SortValue::Text(text)) => text.clone().map(Bind::Text),
        _ => return Err(Cursor::refusal()),
    };
    let fits = match &bind {
        None => spec.is_nullable,
        Some(Bind::Text(text)) => can_be_stored(text),
        Some(Bind::Bool(_) | Bind::Integer(_)) => true,
    };
    if fits { Ok(bind) } else { Err(Cursor::refusal()) }
}
