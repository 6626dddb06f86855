//! The statement that reads the wanted changes of the feed.
//!
//! A filter is cut into branches that each give every column of an index but the number, so that a branch reads as many entries as it
//! shows; the branches are merged by number. What a filter does not say (one of four kinds, say) is a branch for each of its values: so two
//! indexes serve every combination.

use crm_domain::{
    page::Direction,
    tenant::change::{ChangeFilter, ChangeKind, EntityKind, Stretch},
};
use diesel::{
    Expression, QueryResult, RunQueryDsl, Table,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

use crate::{
    connection::{Backend, Connection},
    tenant::{
        fragment::{Bind, Sql},
        schema::change,
    },
};

/// Reads changes.
pub(super) struct Statement(Sql);

/// What a branch asks for.
enum Branch<'a> {
    /// Every change: the numbers' own index.
    Every,
    /// Of one record, of which everything else is asked row by row: `change_entity_idx`.
    Of(EntityKind, i64),
    /// `change_entity_kind_idx`, or `change_actor_idx` where an actor is named.
    By(Option<&'a str>, EntityKind, ChangeKind),
}

/// Writes the statement; `None` when nothing can be wanted.
pub(super) fn statement(filter: &ChangeFilter, stretch: &Stretch) -> Option<Statement> {
    let branches = branches(filter);
    let direction = match stretch.direction {
        Direction::Ascending => " ORDER BY seq ASC",
        Direction::Descending => " ORDER BY seq DESC",
    };
    let window = || Sql::new(direction).sql(" LIMIT ").integer(stretch.limit.into());
    let part = |branch: &Branch<'_>| condition(branch, filter).then(within(stretch)).then(window());
    let columns = "SELECT seq, stamp, entity, entity_id, kind, actor, family, fields FROM change WHERE ";
    let sql = match branches.as_slice() {
        [] => return None,
        [only] => Sql::new(columns).then(part(only)),
        many => {
            let mut sql = Sql::new(columns).sql("seq IN (SELECT seq FROM (");
            for (index, branch) in many.iter().enumerate() {
                let glue = if index == 0 { "" } else { " UNION ALL " };
                let head = sql.sql(glue).sql("SELECT seq FROM (SELECT seq FROM change WHERE ");
                sql = head.then(part(branch)).sql(") AS part");
            }
            sql.sql(") AS wanted").then(window()).sql(")").sql(direction)
        }
    };
    Some(Statement(sql))
}

/// Counts the wanted changes: one number for each branch.
pub(super) fn counts(filter: &ChangeFilter) -> Vec<Number> {
    let count = |branch| Number(Sql::new("SELECT COUNT(*) FROM change WHERE ").then(condition(&branch, filter)));
    branches(filter).into_iter().map(count).collect()
}

/// Finds the last wanted change but so many; `None` when nothing can be wanted.
pub(super) fn last_but(filter: &ChangeFilter, skipped: u64) -> Option<Number> {
    let mut sql = Sql::new("SELECT seq FROM (");
    for (index, branch) in branches(filter).iter().enumerate() {
        let glue = if index == 0 { "" } else { " UNION ALL " };
        sql = sql.sql(glue).sql("SELECT seq FROM change WHERE ").then(condition(branch, filter));
    }
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let sql = sql.sql(") AS wanted ORDER BY seq DESC LIMIT 1 OFFSET ").integer(skipped);
    (!branches(filter).is_empty()).then_some(Number(sql))
}

/// A statement that reads a number.
pub(super) struct Number(Sql);

impl QueryFragment<Backend> for Number {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        self.0.walk_ast(out)
    }
}

impl Query for Number {
    type SqlType = diesel::sql_types::BigInt;
}

impl QueryId for Number {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Connection> for Number {}

fn branches(filter: &ChangeFilter) -> Vec<Branch<'_>> {
    let wants = |kind| filter.entities.as_ref().is_none_or(|wanted| wanted.contains(&kind));
    if let Some((entity, id)) = filter.record {
        return if wants(entity) { vec![Branch::Of(entity, id)] } else { Vec::new() };
    }
    let actor = filter.actor.as_deref();
    if actor.is_none() && filter.entities.is_none() && filter.kinds.is_none() {
        return vec![Branch::Every];
    }
    let entities = EntityKind::ALL.into_iter().filter(|entity| wants(*entity));
    let kinds = || ChangeKind::ALL.into_iter().filter(move |kind| is_wanted(filter, *kind));
    entities
        .flat_map(|entity| kinds().map(move |kind| Branch::By(actor, entity, kind)))
        .collect()
}

fn is_wanted(filter: &ChangeFilter, kind: ChangeKind) -> bool {
    filter.kinds.as_ref().is_none_or(|wanted| wanted.contains(&kind))
}

fn condition(branch: &Branch<'_>, filter: &ChangeFilter) -> Sql {
    let mut sql = within_index(branch, filter);
    if filter.behind > 0 {
        sql = sql.sql(" AND seq > ").integer(filter.behind);
    }
    match &filter.but_by {
        Some(unwanted) => sql.sql(" AND actor <> ").bind(Bind::Text(unwanted.clone())),
        None => sql,
    }
}

fn within_index(branch: &Branch<'_>, filter: &ChangeFilter) -> Sql {
    let word = |sql: Sql, word: &str| sql.bind(Bind::Text(word.to_owned()));
    match branch {
        Branch::Every => Sql::new("1 = 1"),
        Branch::Of(entity, id) => {
            let mut sql = word(Sql::new("entity = "), entity.as_str()).sql(" AND entity_id = ").integer(*id);
            if let Some(actor) = &filter.actor {
                sql = word(sql.sql(" AND actor = "), actor);
            }
            if filter.kinds.is_some() {
                sql = sql.sql(" AND kind IN (''");
                for kind in ChangeKind::ALL.into_iter().filter(|kind| is_wanted(filter, *kind)) {
                    sql = word(sql.sql(", "), kind.as_str());
                }
                sql = sql.sql(")");
            }
            sql
        }
        Branch::By(actor, entity, kind) => {
            let sql = match actor {
                Some(actor) => word(Sql::new("actor = "), actor).sql(" AND entity = "),
                None => Sql::new("entity = "),
            };
            word(word(sql, entity.as_str()).sql(" AND kind = "), kind.as_str())
        }
    }
}

fn within(stretch: &Stretch) -> Sql {
    let behind = Sql::new(" AND seq > ").integer(stretch.after);
    behind.sql(" AND seq < ").integer(stretch.before)
}

impl QueryFragment<Backend> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        // There are too many combinations to keep them all prepared.
        out.unsafe_to_cache_prepared();
        self.0.walk_ast(out)
    }
}

impl Query for Statement {
    type SqlType = <<change::table as Table>::AllColumns as Expression>::SqlType;
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Connection> for Statement {}
