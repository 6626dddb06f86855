//! Pieces of SQL that diesel's language lacks. Unlike `diesel::dsl::sql` they keep statements in the prepared cache, and values are always
//! bound.

use std::marker::PhantomData;

use diesel::{
    QueryResult, RunQueryDsl,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Text},
};

use crate::{
    connection::{Backend, Connection},
    dialect,
};

/// A value bound into a piece of SQL.
#[derive(Debug, Clone)]
pub(crate) enum Bind {
    Bool(bool),
    Integer(i64),
    Text(String),
}

#[derive(Debug, Clone)]
enum Piece {
    Sql(&'static str),
    Bind(Bind),
}

/// SQL with bound values: a chain of pieces whose texts are constants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql(Vec<Piece>);

impl Sql {
    /// Begins with this text.
    pub(crate) fn new(sql: &'static str) -> Self {
        Self::default().sql(sql)
    }

    /// Goes on with a text.
    pub(crate) fn sql(mut self, sql: &'static str) -> Self {
        self.0.push(Piece::Sql(sql));
        self
    }

    /// Goes on with a value.
    pub(crate) fn bind(mut self, value: Bind) -> Self {
        self.0.push(Piece::Bind(value));
        self
    }

    /// Goes on with an integer.
    pub(crate) fn integer(self, value: i64) -> Self {
        self.bind(Bind::Integer(value))
    }

    /// Goes on with the condition that the column just named is one of these ids.
    pub(crate) fn one_of(self, connection: &Connection, ids: &[i64]) -> Self {
        let ([before, after], list) = dialect::one_of(connection, ids);
        self.sql(before).bind(Bind::Text(list)).sql(after)
    }

    /// Goes on with more of the kind.
    pub(crate) fn then(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }
}

impl QueryFragment<Backend> for Sql {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        for piece in &self.0 {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bind(Bind::Bool(value)) => out.push_bind_param::<Bool, bool>(value)?,
                Piece::Bind(Bind::Integer(value)) => out.push_bind_param::<BigInt, i64>(value)?,
                Piece::Bind(Bind::Text(value)) => out.push_bind_param::<Text, String>(value)?,
            }
        }
        Ok(())
    }
}

/// A statement of SQL alone, with columns of these types. One that is not common, as with a list of any length, is not kept prepared.
pub(crate) struct Statement<Columns> {
    sql: Sql,
    is_common: bool,
    columns: PhantomData<Columns>,
}

impl<Columns> Statement<Columns> {
    pub(crate) fn new(sql: Sql, is_common: bool) -> Self {
        Self {
            sql,
            is_common,
            columns: PhantomData,
        }
    }
}

impl<Columns> QueryFragment<Backend> for Statement<Columns> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if !self.is_common {
            out.unsafe_to_cache_prepared();
        }
        self.sql.walk_ast(out)
    }
}

impl<Columns> Query for Statement<Columns> {
    type SqlType = Columns;
}

impl<Columns> QueryId for Statement<Columns> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Columns> RunQueryDsl<Connection> for Statement<Columns> {}

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

impl Expression for Locked {
    type SqlType = Bool;
}
impl<Table> AppearsOnTable<Table> for Locked {}
impl<Table> SelectableExpression<Table> for Locked {}
impl<Group> ValidGrouping<Group> for Locked {
    type IsAggregate = is_aggregate::No;
}
impl QueryId for Locked {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// `(?, ?, …)`.
pub(crate) fn list(ids: &[i64]) -> Sql {
    let mut sql = Sql::new("(");
    for (index, id) in ids.iter().enumerate() {
        sql = sql.sql(if index == 0 { "" } else { ", " }).integer(*id);
    }
    sql.sql(")")
}
