//! The import of contacts, against the database's own loader, and what others wait meanwhile.

use anyhow::Result;

use super::site::Site;
use crate::{
    bench::import,
    loader::Filling,
    sample::Sample,
    table::{Goal, Line, Table, Unit},
};

/// What 99 of 100 requests beside an import may take, in milliseconds.
const MOST: f64 = 250.0;

/// Tells of the import that filled the site.
pub fn measure(site: &Site) -> Result<Table> {
    let contacts = Filling {
        table: "contact",
        unused_indexes: &[
            "contact_external_id_key",
            "contact_account_id_idx",
            "contact_account_id_deleted_idx",
        ],
    };
    let mut table = import::lines(&site.loaded, "contacts of 27 columns", &contacts)?;
    for (what, p99) in ["reading a page", "creating a company"].into_iter().zip(site.beside) {
        let mut ours = Sample::default();
        ours.push_time(p99);
        table.push(Line {
            backend: site.backend(),
            work: format!("meanwhile: {what}, p99"),
            unit: Unit::Millis,
            limit: None,
            ours,
            goal: Goal::AtMost(MOST),
        });
    }
    Ok(table)
}
