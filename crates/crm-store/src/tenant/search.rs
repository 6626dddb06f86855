//! The search over every noun in SQL: it proposes, the domain judges.

use crm_domain::{
    error::{Error, Result},
    tenant::{
        change::EntityKind,
        search::{Candidate, Probe, SearchReads},
    },
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Nullable, Text},
};

use super::Session;
use crate::{connection::Backend, connection::Connection, dialect, error::map};

/// A person's name; whoever has none is called by the email.
macro_rules! person {
    () => {
        "coalesce(t.first_name || ' ' || t.last_name, t.first_name, t.last_name, t.email, '')"
    };
}
/// What a search needs to know of a noun's table. The table has an `id`, a `search_text` whose first line is the name, `deleted_at`, an
/// index of the live rows' beginnings and a trigram index.
struct Noun {
    kind: EntityKind,
    table: &'static str,
    /// The columns shown: what the record is called, and what tells it from others of the name.
    shown: &'static str,
}

/// One line for each noun.
const NOUNS: [Noun; 8] = [
    noun(EntityKind::Account, "account", "t.name, coalesce(t.website, t.email, t.city)"),
    noun(
        EntityKind::Contact,
        "contact",
        concat!(person!(), ", coalesce(t.company, t.email, t.phone)"),
    ),
    noun(
        EntityKind::Lead,
        "lead",
        concat!(person!(), ", coalesce(t.company, t.email, t.phone)"),
    ),
    noun(
        EntityKind::Opportunity,
        "opportunity",
        "t.name, (SELECT a.name FROM account a WHERE a.id = t.account_id)",
    ),
    noun(
        EntityKind::Task,
        "task",
        "t.title, (SELECT a.name FROM account a WHERE a.id = t.account_id)",
    ),
    noun(
        EntityKind::Activity,
        "activity",
        "t.subject, (SELECT a.name FROM account a WHERE a.id = t.account_id)",
    ),
    noun(
        EntityKind::Ticket,
        "ticket",
        "t.subject, (SELECT a.name FROM account a WHERE a.id = t.account_id)",
    ),
    noun(
        EntityKind::Partner,
        "partner",
        "t.name, coalesce(t.contact_name, t.email, t.partner_type)",
    ),
];

const fn noun(kind: EntityKind, table: &'static str, shown: &'static str) -> Noun {
    Noun { kind, table, shown }
}

/// How many characters of a name the index of beginnings holds, as the migrations say.
const BEGINNING: usize = 40;
const BEGINNING_SQL: &str = "substr(t.search_text, 1, 40)";
/// Sorts behind every text that begins with what stands before it.
const LAST: char = char::MAX;

type Row = (i64, String, String, Option<String>);

impl<State> SearchReads for Session<'_, State> {
    fn candidates(&mut self, kind: EntityKind, probe: &Probe, limit: u32) -> Result<Vec<Candidate>> {
        let noun = NOUNS.iter().find(|noun| noun.kind == kind);
        let noun = noun.ok_or_else(|| Error::Internal(format!("{} cannot be searched", kind.as_str())))?;
        let Some(statement) = statement(self.connection, noun, probe, limit) else {
            return Ok(Vec::new());
        };
        let rows: Vec<Row> = statement.load(self.connection).map_err(map)?;
        let candidate = |(id, text, title, subtitle)| Candidate {
            kind,
            id,
            text,
            title,
            subtitle,
        };
        Ok(rows.into_iter().map(candidate).collect())
    }
}

/// The probe's statement; `None` when nothing stored can meet it.
fn statement(connection: &Connection, noun: &Noun, probe: &Probe, limit: u32) -> Option<Statement> {
    let select = format!("SELECT t.id, t.search_text, {} FROM {} t", noun.shown, noun.table);
    let mut statement = Statement::default();
    match probe {
        Probe::Prefix(key) => {
            let first: String = key.chars().take(BEGINNING).collect();
            let behind = format!("{first}{LAST}");
            statement.sql(format!("{select} WHERE t.deleted_at IS NULL AND {BEGINNING_SQL} >= "));
            statement.bind(first)?;
            statement.sql(format!(" AND {BEGINNING_SQL} < "));
            statement.bind(behind)?;
            statement.sql(format!(" ORDER BY {BEGINNING_SQL}, t.id"));
        }
        Probe::Parts(any) if dialect::has_search_table(connection) => {
            let table = noun.table;
            statement.sql(format!(
                "{select} JOIN {table}_search s ON s.rowid = t.id WHERE t.deleted_at IS NULL AND {table}_search MATCH "
            ));
            statement.bind(phrases(any))?;
        }
        Probe::Parts(any) => {
            statement.sql(format!("{select} WHERE t.deleted_at IS NULL AND ("));
            for (number, parts) in any.iter().enumerate() {
                for (index, part) in parts.iter().enumerate() {
                    let glue = match (number, index) {
                        (0, 0) => "",
                        (_, 0) => " OR ",
                        _ => " AND ",
                    };
                    statement.sql(format!("{glue}t.search_text LIKE "));
                    statement.bind(format!("%{}%", like(part)))?;
                }
            }
            statement.sql(")".to_owned());
        }
    }
    statement.sql(format!(" LIMIT {limit}"));
    Some(statement)
}

/// Alternatives as FTS5 reads them.
fn phrases(any: &[Vec<String>]) -> String {
    let phrase = |part: &String| format!("\"{}\"", part.replace('"', "\"\""));
    let all = |parts: &Vec<String>| parts.iter().map(phrase).collect::<Vec<_>>().join(" AND ");
    any.iter().map(|parts| format!("({})", all(parts))).collect::<Vec<_>>().join(" OR ")
}

fn like(part: &str) -> String {
    part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// SQL whose shape depends on what is looked for. It is planned for its very values each time: how many rows hold a text differs from
/// text to text by six orders of magnitude, and a plan for all of them suits none.
#[derive(Default)]
struct Statement {
    pieces: Vec<Piece>,
}

enum Piece {
    Sql(String),
    Bind(String),
}

impl Statement {
    fn sql(&mut self, sql: String) {
        self.pieces.push(Piece::Sql(sql));
    }

    /// `None` for a text that no column can hold.
    fn bind(&mut self, text: String) -> Option<()> {
        let fits = !text.contains('\0');
        fits.then(|| self.pieces.push(Piece::Bind(text)))
    }
}

impl QueryFragment<Backend> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bind(text) => out.push_bind_param::<Text, String>(text)?,
            }
        }
        Ok(())
    }
}

impl Query for Statement {
    type SqlType = (BigInt, Text, Text, Nullable<Text>);
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<Connection> for Statement {}
