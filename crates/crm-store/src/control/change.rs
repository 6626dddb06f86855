//! Changes that wait to be carried into their tenants' feeds.

use crm_domain::{
    control::change::{ControlChange, ControlChangeReads, ControlChangeRepository},
    error::{Error, Result},
    id::{RecordId, TenantId},
    tenant::change::{ChangeKind, EntityKind, NewChange, Origin},
};
use diesel::prelude::*;

use super::{
    ports::{Ports, unreadable},
    schema::{control_change, control_clock},
};
use crate::error::map;

#[derive(Queryable, Insertable)]
#[diesel(table_name = control_change)]
struct ControlChangeRow {
    id: i64,
    tenant_id: i64,
    actor: String,
    family: String,
    entity: String,
    entity_id: i64,
    kind: String,
    fields: String,
}

impl TryFrom<ControlChangeRow> for ControlChange {
    type Error = Error;

    fn try_from(row: ControlChangeRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            tenant_id: TenantId::from_i64(row.tenant_id),
            actor: row.actor,
            family: row.family,
            change: NewChange {
                entity: EntityKind::parse(&row.entity).ok_or_else(|| unreadable("control_change.entity", &row.entity))?,
                entity_id: row.entity_id,
                kind: ChangeKind::parse(&row.kind).ok_or_else(|| unreadable("control_change.kind", &row.kind))?,
                fields: row.fields,
            },
        })
    }
}

impl ControlChangeReads for Ports<'_> {
    fn list(&mut self, tenant: TenantId, limit: u32) -> Result<Vec<ControlChange>> {
        let of_tenant = control_change::table.filter(control_change::tenant_id.eq(tenant.get()));
        let oldest = of_tenant.order(control_change::id).limit(i64::from(limit));
        let rows = oldest.load::<ControlChangeRow>(self.connection).map_err(map)?;
        rows.into_iter().map(ControlChange::try_from).collect()
    }

    fn tenants(&mut self) -> Result<Vec<TenantId>> {
        let ids: Vec<i64> = control_change::table
            .select(control_change::tenant_id)
            .distinct()
            .load(self.connection)
            .map_err(map)?;
        Ok(ids.into_iter().map(TenantId::from_i64).collect())
    }
}

impl ControlChangeRepository for Ports<'_> {
    fn add(&mut self, tenant: TenantId, origin: &Origin, change: NewChange) -> Result<()> {
        let row = ControlChangeRow {
            id: next_id(self)?,
            tenant_id: tenant.get(),
            actor: origin.actor.to_string(),
            family: origin.family.to_owned(),
            entity: change.entity.as_str().to_owned(),
            entity_id: change.entity_id,
            kind: change.kind.as_str().to_owned(),
            fields: change.fields,
        };
        diesel::insert_into(control_change::table)
            .values(row)
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn remove_until(&mut self, tenant: TenantId, id: i64) -> Result<()> {
        let carried = control_change::table
            .filter(control_change::tenant_id.eq(tenant.get()))
            .filter(control_change::id.le(id));
        diesel::delete(carried).execute(self.connection).map_err(map)?;
        Ok(())
    }
}

/// Transactions run one after another: nobody else takes an id in between.
fn next_id(ports: &mut Ports<'_>) -> Result<i64> {
    let clock = control_clock::table.find(1);
    let last: i64 = clock.select(control_clock::change_id).first(ports.connection).map_err(map)?;
    let id = ports.stamp.micros().max(last + 1);
    diesel::update(clock)
        .set(control_clock::change_id.eq(id))
        .execute(ports.connection)
        .map_err(map)?;
    Ok(id)
}
