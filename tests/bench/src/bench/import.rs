//! Importing accounts, changes included, against the database's own loader filling the same indexed table with the same rows.

use std::time::Duration;

use anyhow::Result;

use crate::{
    loaded::Loaded,
    loader::{self, Filling},
    output::note,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// The most memory that an import may hold, in MiB.
pub const MEMORY: f64 = 256.0;

/// Compares the import that filled the tenant with the database's own loader.
pub fn measure(loaded: &Loaded) -> Result<Table> {
    let accounts = Filling {
        table: "account",
        unused_indexes: &["account_parent_id_idx", "account_parent_id_deleted_idx"],
    };
    lines(loaded, "accounts", &accounts)
}

/// The rate and the memory of the import that filled a table of the tenant.
pub fn lines(loaded: &Loaded, what: &str, filling: &Filling) -> Result<Table> {
    let backend = loaded.deployment.backend.as_str();
    note(&format!("{backend}: loading the same rows with the database's own loader"));
    let (time, loader) = loader::load(loaded, filling)?;
    let per_second = |time: Duration| Sample::from(loaded.rows as f64 / time.as_secs_f64());
    let mut table = Table::default();
    table.push(Line {
        backend,
        work: format!("import of {} {what} with their changes; limit {loader}", loaded.rows),
        unit: Unit::PerSecond,
        limit: Some(per_second(time)),
        ours: per_second(loaded.time),
        goal: Goal::AtLeastShare(0.4),
    });
    table.push(Line {
        backend,
        work: format!("import of {} {what}, peak memory", loaded.rows),
        unit: Unit::Mebibytes,
        limit: None,
        ours: loaded.peak.into(),
        goal: Goal::AtMost(MEMORY),
    });
    Ok(table)
}
