//! Pieces of SQL that diesel's language lacks. Unlike `diesel::dsl::sql` they keep statements in the prepared cache: each piece's text
//! depends on nothing but its parameters' presence, and values are always bound.

use diesel::{
    QueryResult,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Text},
};

use crate::{
    connection::{Backend, Connection},
    dialect,
};

/// A value bound into a piece of SQL.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Integer(i64),
    Text(String),
}

/// A condition: pieces of SQL with bound values between them.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pieces: Vec<(&'static str, Option<Bind>)>,
}

impl Condition {
    pub(crate) fn new(pieces: Vec<(&'static str, Option<Bind>)>) -> Self {
        Self { pieces }
    }
}

impl QueryFragment<Backend> for Condition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        for (sql, bind) in &self.pieces {
            out.push_sql(sql);
            match bind {
                Some(Bind::Integer(value)) => out.push_bind_param::<BigInt, i64>(value)?,
                Some(Bind::Text(value)) => out.push_bind_param::<Text, String>(value)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// `ORDER BY` terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order(pub(crate) &'static str);

impl QueryFragment<Backend> for Order {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

/// The counter row, locked on backends that lock rows.
pub(crate) struct Locked(&'static str);

impl Locked {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self(dialect::lock_clause(connection))
    }
}

impl QueryFragment<Backend> for Locked {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // `first` appends LIMIT behind it, which may follow FOR UPDATE.
        out.push_sql("id = 1");
        out.push_sql(self.0);
        Ok(())
    }
}

macro_rules! boolean_fragment {
    ($($name:ty),*) => {$(
        impl Expression for $name {
            type SqlType = Bool;
        }
        impl<Table> AppearsOnTable<Table> for $name {}
        impl<Table> SelectableExpression<Table> for $name {}
        impl<Group> ValidGrouping<Group> for $name {
            type IsAggregate = is_aggregate::No;
        }
        impl QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    )*};
}

boolean_fragment!(Condition, Order, Locked);
