//! Tenants.

use crm_domain::{
    control::tenant::{NewTenant, Tenant, TenantReads, TenantRepository},
    error::{Error, Result},
    field::Text,
    id::{RecordId, TenantId},
    stamp::Stamp,
};
use diesel::prelude::*;

use super::{ports::Ports, ports::unreadable, schema::tenant};
use crate::error::map;

#[derive(Queryable)]
struct TenantRow {
    id: i64,
    uuid: String,
    name: String,
    company_name: String,
    location: String,
    tier: String,
    is_active: bool,
    created_at: i64,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = Error;

    fn try_from(row: TenantRow) -> Result<Self> {
        Ok(Self {
            id: TenantId::from_i64(row.id),
            uuid: row.uuid.parse().map_err(|_| unreadable("tenant.uuid", &row.uuid))?,
            name: Text::from_store(row.name),
            company_name: Text::from_store(row.company_name),
            location: row.location,
            tier: row.tier,
            is_active: row.is_active,
            created_at: Stamp::from_micros(row.created_at),
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = tenant)]
struct NewTenantRow {
    uuid: String,
    name: String,
    company_name: String,
    location: String,
    tier: String,
    is_active: bool,
    created_at: i64,
}

impl NewTenantRow {
    fn new(new: NewTenant, at: Stamp) -> Self {
        Self {
            uuid: new.uuid.to_string(),
            name: new.name.into_inner(),
            company_name: new.company_name.into_inner(),
            location: new.location,
            tier: new.tier,
            is_active: true,
            created_at: at.micros(),
        }
    }
}

/// What of a tenant can change.
#[derive(AsChangeset)]
#[diesel(table_name = tenant)]
struct TenantChange<'a> {
    name: &'a str,
    company_name: &'a str,
    location: &'a str,
    tier: &'a str,
    is_active: bool,
}

impl<'a> From<&'a Tenant> for TenantChange<'a> {
    fn from(tenant: &'a Tenant) -> Self {
        Self {
            name: &tenant.name,
            company_name: &tenant.company_name,
            location: &tenant.location,
            tier: &tenant.tier,
            is_active: tenant.is_active,
        }
    }
}

impl TenantReads for Ports<'_> {
    fn lookup(&mut self, id: TenantId) -> Result<Option<Tenant>> {
        let row = tenant::table.find(id.get()).first::<TenantRow>(self.connection).optional();
        row.map_err(map)?.map(Tenant::try_from).transpose()
    }

    fn list(&mut self) -> Result<Vec<Tenant>> {
        let rows = tenant::table.order(tenant::id).load::<TenantRow>(self.connection).map_err(map)?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    fn count(&mut self) -> Result<u64> {
        let count: i64 = tenant::table.count().get_result(self.connection).map_err(map)?;
        Ok(count.unsigned_abs())
    }
}

impl TenantRepository for Ports<'_> {
    fn add(&mut self, new: NewTenant) -> Result<Tenant> {
        diesel::insert_into(tenant::table)
            .values(NewTenantRow::new(new, self.stamp))
            .returning(tenant::all_columns)
            .get_result::<TenantRow>(self.connection)
            .map_err(map)?
            .try_into()
    }

    fn update(&mut self, tenant: &Tenant) -> Result<()> {
        let rows = diesel::update(tenant::table.find(tenant.id.get()))
            .set(TenantChange::from(tenant))
            .execute(self.connection)
            .map_err(map)?;
        self.changed_one(rows, || Error::not_found(TenantId::NOUN, tenant.id))
    }
}
