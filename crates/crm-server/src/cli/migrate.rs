//! `migrate`: bring every database to this version's schema.

use std::process::ExitCode;

use anyhow::Result;
use crm_domain::id::RecordId;
use serde_json::json;

use super::context::Context;

/// Migrates the control plane, which opening the store does, then every tenant.
pub fn run(context: &Context) -> Result<ExitCode> {
    let migrated = context.with_store(|store, _| Ok(store.migrate_tenants()?))?;
    let shown: Vec<_> = migrated
        .iter()
        .map(|(tenant, migrations)| json!({ "tenantId": tenant.id.get(), "tenant": &*tenant.name, "migrations": migrations }))
        .collect();
    context.output.result(&json!({ "tenants": shown }), || {
        let mut lines = vec!["The control plane's database is up to date.".to_owned()];
        lines.extend(migrated.iter().map(|(tenant, migrations)| {
            let done = if migrations.is_empty() {
                "was up to date".to_owned()
            } else {
                format!("ran {}", migrations.join(", "))
            };
            format!("Tenant {} ({}) {done}.", tenant.id, &*tenant.name)
        }));
        lines.join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}
