//! Conditions in SQL.

use crm_domain::query::{Comparison, Condition, Filter, Kind, Spec, Test, Value};

use super::{
    Listed, custom,
    text::{end_of_prefix, holds, holds_somewhere, search, storable},
};
use crate::{
    connection::Connection,
    tenant::fragment::{Bind, Sql},
};

impl From<Value> for Bind {
    fn from(value: Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Bool(flag),
            Value::Integer(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text),
        }
    }
}

/// How a condition's column is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// So that its index may serve the condition.
    Indexed,
    /// So that it cannot: the rows are visited in another order, and each is asked.
    Asked,
    /// It is the custom field whose values the rows are visited in the order of.
    Sorted,
}

/// The rows that a filter may show: the live ones, or the deleted ones. Asked for, no index of live rows is gone through.
pub(super) fn visible<F: Listed>(filter: &Filter<F>, access: Access) -> Sql {
    let asked = if access == Access::Asked { Sql::new("+") } else { Sql::default() };
    match (F::TABLE.keeps_deleted, filter.deleted) {
        (true, false) => asked.sql(F::TABLE.name).sql(".deleted_at IS NULL"),
        (true, true) => asked.sql(F::TABLE.name).sql(".deleted_at IS NOT NULL"),
        (false, false) => Sql::new("TRUE"),
        (false, true) => Sql::new("FALSE"),
    }
}

/// Everything that a filter asks, joined to [`visible`].
pub(super) fn filter<F: Listed>(
    visible: Sql,
    filter: &Filter<F>,
    access: impl Fn(&Condition<F>) -> Access,
    connection: &Connection,
) -> Sql {
    let test = |condition: &Condition<F>| match (condition.test(), access(condition), condition.field().custom()) {
        (test, Access::Indexed, Some(field)) => custom::indexed::<F>(field, test),
        (Test::Differs(value), Access::Indexed, None) => in_ranges_beside(*condition.field(), value, filter),
        (_, access, _) => self::condition(condition, access, connection),
    };
    let conditions = filter.conditions.iter().map(test);
    let term = filter.search.as_deref();
    let sought = term.map(|term| match F::TABLE.is_searchable {
        true => search(F::TABLE.name, term, connection),
        false => Sql::new("FALSE"),
    });
    let tagged = filter.tags.iter().map(|tags| carries_one_of::<F>(tags));
    let all = conditions.chain(sought).chain(tagged);
    all.fold(visible, |sql, condition| sql.sql(" AND ").then(condition))
}

/// Which records carry a tag, the tag's index says.
fn carries_one_of<F: Listed>(tags: &[String]) -> Sql {
    let storable = storable(tags);
    if storable.is_empty() {
        return Sql::new("FALSE");
    }
    let sql = Sql::new(F::TABLE.name).sql(".id IN (SELECT record_tag.record_id FROM tag JOIN record_tag ON record_tag.tag_id = tag.id");
    let sql = sql
        .sql(" WHERE record_tag.entity = '")
        .sql(F::TABLE.name)
        .sql("' AND tag.deleted_at IS NULL AND tag.name_key IN (");
    let list = |sql: Sql, (index, name): (usize, &str)| sql.sql(if index == 0 { "" } else { ", " }).bind(Bind::Text(name.to_owned()));
    storable.into_iter().enumerate().fold(sql, list).sql("))")
}

/// Everything that a filter asks, of rows that are visited one by one.
pub(super) fn asked<F: Listed>(filter: &Filter<F>, connection: &Connection) -> Sql {
    let conditions = filter.conditions.iter().map(|one| condition(one, Access::Asked, connection));
    let sought = filter.search.as_deref().map(|term| match F::TABLE.is_searchable {
        true => holds_somewhere(F::TABLE.name, term),
        false => Sql::new("FALSE"),
    });
    let tagged = filter.tags.iter().map(|tags| carries_one_of::<F>(tags));
    let all = conditions.chain(sought).chain(tagged);
    all.fold(visible(filter, Access::Asked), |sql, condition| sql.sql(" AND ").then(condition))
}

fn condition<F: Listed>(condition: &Condition<F>, access: Access, connection: &Connection) -> Sql {
    let field = *condition.field();
    match condition.test() {
        Test::Contains(text) => contains(field, text, access, connection),
        test => tested(column(field, access), test, field.spec()),
    }
}

/// What is asked of a column, but for what is looked for in the search text.
pub(super) fn tested(column: Sql, test: &Test, spec: &Spec) -> Sql {
    match test {
        Test::Compare(comparison, value) => column.sql(operator(*comparison)).bind(value.clone().into()),
        Test::Differs(value) => differs(spec, column, value),
        Test::NotLess(value) => not_less(spec, column, value),
        Test::In(values) => one_of(column, values),
        Test::StartsWith(prefix) => begins(column, prefix),
        Test::Contains(text) => column.then(holds(text)),
        Test::IsNull(true) => column.sql(" IS NULL"),
        Test::IsNull(false) => column.sql(" >= ").bind(least(spec.kind)),
    }
}

/// The least value that a column can hold: what reaches it is not null. Unlike `IS NOT NULL` it is a range to every planner.
fn least(kind: Kind) -> Bind {
    match kind {
        Kind::Decimal | Kind::Text | Kind::Key | Kind::Choice(_) | Kind::Date => Bind::Text(String::new()),
        Kind::Id | Kind::Integer | Kind::Ranked(_) | Kind::Stamp | Kind::Money => Bind::Integer(i64::MIN),
        Kind::Bool => Bind::Bool(false),
    }
}

fn column<F: Listed>(field: F, access: Access) -> Sql {
    let name = || Sql::new(F::TABLE.name).sql(".").sql(field.column());
    match (access, field.custom()) {
        (Access::Sorted, _) => Sql::new(custom::SORTED).sql(".sort_key"),
        (Access::Asked | Access::Indexed, Some(field)) => custom::value::<F>(field),
        (Access::Indexed, None) => name(),
        // No planner looks for an index behind it, and it takes every type.
        (Access::Asked, None) => Sql::new("COALESCE(").then(name()).sql(", ").then(name()).sql(")"),
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}

fn differs(spec: &Spec, column: Sql, value: &Value) -> Sql {
    let differs = Sql::new("(").then(column.clone()).sql(" <> ").bind(value.clone().into());
    match spec.is_nullable {
        true => differs.sql(" OR ").then(column).sql(" IS NULL)"),
        false => differs.sql(")"),
    }
}

fn not_less(spec: &Spec, column: Sql, value: &Value) -> Sql {
    let not_less = Sql::new("(").then(column.clone()).sql(" >= ").bind(value.clone().into());
    match spec.is_nullable {
        true => not_less.sql(" OR ").then(column).sql(" IS NULL)"),
        false => not_less.sql(")"),
    }
}

/// The ids in the ranges on both sides of a value, and of the nulls: an index serves each, but no inequality.
fn in_ranges_beside<F: Listed>(field: F, value: &Value, filter: &Filter<F>) -> Sql {
    let range = |begin: &'static str| {
        let rows = Sql::new(begin)
            .sql(F::TABLE.name)
            .sql(".id FROM ")
            .sql(F::TABLE.name)
            .sql(" WHERE ");
        rows.then(visible(filter, Access::Indexed))
            .sql(" AND ")
            .then(column(field, Access::Indexed))
    };
    let ids = Sql::new(F::TABLE.name)
        .sql(".id IN (")
        .then(range("SELECT "))
        .sql(" < ")
        .bind(value.clone().into());
    let ids = ids.then(range(" UNION ALL SELECT ")).sql(" > ").bind(value.clone().into());
    match field.spec().is_nullable {
        true => ids.then(range(" UNION ALL SELECT ")).sql(" IS NULL)"),
        false => ids.sql(")"),
    }
}

fn one_of(column: Sql, values: &[Value]) -> Sql {
    // Nothing is one of none, for which SQL has no list.
    if values.is_empty() {
        return Sql::new("FALSE");
    }
    let separators = std::iter::once("").chain(std::iter::repeat(", "));
    let list = values.iter().zip(separators);
    let list = list.fold(column.sql(" IN ("), |sql, (value, separator)| {
        sql.sql(separator).bind(value.clone().into())
    });
    list.sql(")")
}

/// A range instead of `LIKE`: indexes serve it on both backends, and no character is special.
fn begins(column: Sql, prefix: &str) -> Sql {
    let from = column.clone().sql(" >= ").bind(Bind::Text(prefix.to_owned()));
    match end_of_prefix(prefix) {
        Some(end) => from.sql(" AND ").then(column).sql(" < ").bind(Bind::Text(end)),
        None => from,
    }
}

/// The search finds the candidates, since the field is part of its text, unless the rows are asked one by one.
fn contains<F: Listed>(field: F, text: &str, access: Access, connection: &Connection) -> Sql {
    // The form of `search_key`, of which the column has all but the sigma.
    let own = Sql::new("REPLACE(")
        .sql(F::TABLE.name)
        .sql(".")
        .sql(field.column())
        .sql(", 'ς', 'σ')");
    let own = own.then(holds(text));
    match access {
        Access::Indexed => search(F::TABLE.name, text, connection).sql(" AND ").then(own),
        Access::Asked | Access::Sorted => own,
    }
}
