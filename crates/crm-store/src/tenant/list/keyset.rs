//! Order, and the place behind a cursor, in the form that both planners turn into an index range.

use crm_domain::{
    error::Result,
    page::{Cursor, Direction, Sort, SortValue},
    query::{Field, Kind},
};

use super::{Listed, can_be_stored};
use crate::tenant::fragment::{Bind, Sql};

/// By the field and then by id; nulls come first ascending and last descending, on both backends.
pub(super) fn order<F: Listed>(sort: Sort<F>) -> Sql {
    let spec = sort.key.spec();
    let id = id::<F>().sql(if sort.direction == Direction::Ascending { " ASC" } else { " DESC" });
    if spec.is_in_id_order {
        return id;
    }
    let direction = match (spec.is_nullable, sort.direction) {
        (false, Direction::Ascending) => " ASC, ",
        (false, Direction::Descending) => " DESC, ",
        (true, Direction::Ascending) => " ASC NULLS FIRST, ",
        (true, Direction::Descending) => " DESC NULLS LAST, ",
    };
    column(sort.key).sql(direction).then(id)
}

/// The rows behind a cursor: one range of the order's index, or two that follow each other, where one of them holds the nulls.
pub(super) fn after<F: Listed>(sort: Sort<F>, cursor: &Cursor) -> Result<Vec<Sql>> {
    let passes = match sort.direction {
        Direction::Ascending => " > ",
        Direction::Descending => " < ",
    };
    let behind_id = || id::<F>().sql(passes).integer(cursor.id);
    let spec = sort.key.spec();
    if spec.is_in_id_order {
        return match cursor.value {
            SortValue::Id => Ok(vec![behind_id()]),
            SortValue::Integer(_) | SortValue::Text(_) => Err(Cursor::refusal()),
        };
    }
    let behind_null = || column(sort.key).sql(" IS NULL AND ").then(behind_id());
    let parts = match (bind(sort.key, &cursor.value)?, sort.direction) {
        (Some(value), direction) => {
            let place = Sql::new("(").then(column(sort.key)).sql(", ").then(id::<F>()).sql(")").sql(passes);
            let range = place.sql("(").bind(value).sql(", ").integer(cursor.id).sql(")");
            let nulls_follow = spec.is_nullable && direction == Direction::Descending;
            let nulls = nulls_follow.then(|| column(sort.key).sql(" IS NULL"));
            std::iter::once(range).chain(nulls).collect()
        }
        (None, Direction::Ascending) => vec![behind_null(), column(sort.key).sql(" IS NOT NULL")],
        (None, Direction::Descending) => vec![behind_null()],
    };
    Ok(parts)
}

fn id<F: Listed>() -> Sql {
    Sql::new(F::TABLE.name).sql(".id")
}

fn column<F: Listed>(field: F) -> Sql {
    Sql::new(F::TABLE.name).sql(".").sql(field.column())
}

/// The cursor's value, `None` for null. Cursors are opaque but not secret: a forged one is refused here, not by the database.
fn bind<F: Field>(field: F, value: &SortValue) -> Result<Option<Bind>> {
    let spec = field.spec();
    let bind = match (spec.kind, value) {
        (Kind::Bool, SortValue::Integer(flag)) => flag.map(|flag| Bind::Bool(flag != 0)),
        (Kind::Id | Kind::Integer | Kind::Ranked(_) | Kind::Stamp | Kind::Money, SortValue::Integer(number)) => number.map(Bind::Integer),
        (Kind::Text | Kind::Key | Kind::Choice(_) | Kind::Date, SortValue::Text(text)) => text.clone().map(Bind::Text),
        _ => return Err(Cursor::refusal()),
    };
    let fits = match &bind {
        None => spec.is_nullable,
        Some(Bind::Text(text)) => can_be_stored(text),
        Some(Bind::Bool(_) | Bind::Integer(_)) => true,
    };
    if fits { Ok(bind) } else { Err(Cursor::refusal()) }
}
