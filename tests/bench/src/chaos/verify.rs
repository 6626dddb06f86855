//! What must hold in a tenant's database whatever happened to the server.

use std::collections::HashSet;

use anyhow::Result;
use crm_store::Location;

use crate::{chaos::some, database::Database};

/// Counts that must be zero: what they count, and how. Made for histories in which each account is created once and none is deleted. What is
/// asked of a record's changes beside the record hides its columns from the planner, which else looks through all changes of that sort.
const NONE: [(&str, &str); 6] = [
    (
        "accounts without their `created` change",
        "SELECT count(*) AS value FROM account a WHERE NOT EXISTS \
         (SELECT 1 FROM change c WHERE c.entity = 'account' AND c.entity_id = a.id AND c.kind || '' = 'created' AND c.stamp + 0 = a.created_at)",
    ),
    (
        "changes without their account",
        "SELECT count(*) AS value FROM change c WHERE c.entity = 'account' AND NOT EXISTS (SELECT 1 FROM account a WHERE a.id = c.entity_id)",
    ),
    (
        "accounts whose `updated_at` is not the stamp of their last change",
        "SELECT count(*) AS value FROM account a WHERE a.updated_at <> \
         (SELECT max(c.stamp + 0) FROM change c WHERE c.entity = 'account' AND c.entity_id = a.id)",
    ),
    (
        "accounts created more than once in the feed",
        "SELECT count(*) AS value FROM \
         (SELECT entity_id FROM change WHERE entity = 'account' AND kind = 'created' GROUP BY entity_id HAVING count(*) > 1) twice",
    ),
    (
        "gaps in the change feed",
        "SELECT coalesce(max(seq), 0) - count(*) + (CASE WHEN coalesce(min(seq), 1) = 1 THEN 0 ELSE 1 END) AS value FROM change",
    ),
    (
        "stamps that go back along the feed",
        "SELECT count(*) AS value FROM (SELECT stamp, lag(stamp) OVER (ORDER BY seq) AS before FROM change) feed WHERE stamp < before",
    ),
];

/// Numbers that the counters keep, and how they are counted.
const COUNTERS: [(&str, &str); 5] = [
    ("account_live", "SELECT count(*) AS value FROM account WHERE deleted_at IS NULL"),
    ("account_id", "SELECT coalesce(max(id), 0) AS value FROM account"),
    ("change_seq", "SELECT count(*) AS value FROM change"),
    ("request_total", "SELECT count(*) AS value FROM request"),
    ("request_id", "SELECT coalesce(max(id), 0) AS value FROM request"),
];

/// Looks at everything; what is wrong. Behind change `alone_after`, each unit of work made one change.
pub fn problems(location: &Location, alone_after: i64) -> Result<Vec<String>> {
    let mut database = Database::open(location)?;
    let mut problems = Vec::new();
    let integrity = database.integrity()?;
    if integrity != "ok" {
        problems.push(format!("integrity check: {integrity}"));
    }
    for (what, sql) in NONE {
        let found = database.number(sql)?;
        if found != 0 {
            problems.push(format!("{found} {what}"));
        }
    }
    let shared = database.number(&format!(
        "SELECT count(*) AS value FROM (SELECT seq, stamp, lag(stamp) OVER (ORDER BY seq) AS before FROM change) feed \
         WHERE stamp = before AND seq > {}",
        alone_after + 1
    ))?;
    if shared != 0 {
        problems.push(format!("{shared} units share a stamp with the unit before"));
    }
    for (counter, sql) in COUNTERS {
        let (kept, counted) = (
            database.number(&format!("SELECT {counter} AS value FROM counter"))?,
            database.number(sql)?,
        );
        if kept != counted {
            problems.push(format!("counter {counter} is {kept}, but there are {counted}"));
        }
    }
    let behind = database.number("SELECT coalesce(max(stamp), 0) - (SELECT stamp FROM counter) AS value FROM change")?;
    if behind > 0 {
        problems.push(format!("the last stamp lies {behind} µs behind the feed's"));
    }
    Ok(problems)
}

/// The names of all accounts.
pub fn stored_names(location: &Location) -> Result<HashSet<String>> {
    Ok(Database::open(location)?
        .texts("SELECT name AS value FROM account")?
        .into_iter()
        .collect())
}

/// Acknowledged names that are not stored.
pub fn missing(acknowledged: &[String], stored: &HashSet<String>) -> Option<String> {
    let missing: Vec<&String> = acknowledged.iter().filter(|name| !stored.contains(*name)).collect();
    (!missing.is_empty()).then(|| format!("{} acknowledged companies are missing: {}", missing.len(), some(&missing)))
}
