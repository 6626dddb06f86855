//! API keys.

use crm_domain::{
    control::api_key::{ApiKey, ApiKeyFields, ApiKeyReads, ApiKeyRepository, KeyFamily, KeyHash, KeyUsage, NewApiKey},
    error::{Error, Result},
    field::Text,
    id::{ApiKeyId, RecordId, TenantId, UserId},
    page::{Page, Window},
    stamp::Stamp,
};
use diesel::{
    dsl::case_when,
    prelude::*,
    sql_types::{BigInt, Nullable},
};
use serde::Serialize;

use super::{
    ports::{Ports, can_be_stored, unreadable},
    schema::api_key,
    window,
};
use crate::{connection::Backend, error::map};

#[derive(Queryable)]
struct ApiKeyRow {
    id: i64,
    tenant_id: i64,
    family: String,
    public_id: String,
    hash: String,
    name: String,
    description: Option<String>,
    grants: String,
    rate_limit: Option<i64>,
    expires_at: Option<i64>,
    ip_allowlist: String,
    created_by: i64,
    created_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    request_count: i64,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Error;

    fn try_from(row: ApiKeyRow) -> Result<Self> {
        let rate_limit = row.rate_limit.map(|limit| {
            let known = u32::try_from(limit);
            known.map_err(|_| unreadable("api_key.rate_limit", &limit.to_string()))
        });
        let fields = ApiKeyFields {
            name: Text::from_store(row.name),
            description: row.description.map(Text::from_store),
            grants: serde_json::from_str(&row.grants).map_err(|_| unreadable("api_key.grants", &row.grants))?,
            rate_limit: rate_limit.transpose()?,
            expires_at: row.expires_at.map(Stamp::from_micros),
            ip_allowlist: serde_json::from_str(&row.ip_allowlist).map_err(|_| unreadable("api_key.ip_allowlist", &row.ip_allowlist))?,
        };
        Ok(Self {
            id: ApiKeyId::from_i64(row.id),
            tenant_id: TenantId::from_i64(row.tenant_id),
            family: KeyFamily::parse(&row.family).map_err(|_| unreadable("api_key.family", &row.family))?,
            public_id: row.public_id,
            hash: KeyHash::from_store(row.hash),
            fields,
            created_by: UserId::from_i64(row.created_by),
            created_at: Stamp::from_micros(row.created_at),
            revoked_at: row.revoked_at.map(Stamp::from_micros),
            last_used_at: row.last_used_at.map(Stamp::from_micros),
            request_count: row.request_count,
        })
    }
}

/// What people enter about a key; `None` clears.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = api_key, treat_none_as_null = true)]
struct FieldsRow<'a> {
    name: &'a str,
    description: Option<&'a str>,
    grants: String,
    rate_limit: Option<i64>,
    expires_at: Option<i64>,
    ip_allowlist: String,
}

impl<'a> TryFrom<&'a ApiKeyFields> for FieldsRow<'a> {
    type Error = Error;

    fn try_from(fields: &'a ApiKeyFields) -> Result<Self> {
        Ok(Self {
            name: &fields.name,
            description: fields.description.as_deref(),
            grants: to_json(&fields.grants)?,
            rate_limit: fields.rate_limit.map(i64::from),
            expires_at: fields.expires_at.map(Stamp::micros),
            ip_allowlist: to_json(&fields.ip_allowlist)?,
        })
    }
}

fn to_json(list: &impl Serialize) -> Result<String> {
    serde_json::to_string(list).map_err(|error| Error::Internal(error.to_string()))
}

#[derive(Insertable)]
#[diesel(table_name = api_key)]
struct NewApiKeyRow<'a> {
    tenant_id: i64,
    family: &'static str,
    public_id: &'a str,
    hash: &'a str,
    #[diesel(embed)]
    fields: FieldsRow<'a>,
    created_by: i64,
    created_at: i64,
}

impl<'a> NewApiKeyRow<'a> {
    fn new(new: &'a NewApiKey, at: Stamp) -> Result<Self> {
        Ok(Self {
            tenant_id: new.tenant_id.get(),
            family: new.family.as_str(),
            public_id: &new.public_id,
            hash: new.hash.as_str(),
            fields: FieldsRow::try_from(&new.fields)?,
            created_by: new.created_by.get(),
            created_at: at.micros(),
        })
    }
}

impl ApiKeyReads for Ports<'_> {
    fn lookup_public(&mut self, public_id: &str) -> Result<Option<ApiKey>> {
        if !can_be_stored(public_id) {
            return Ok(None);
        }
        let row = api_key::table
            .filter(api_key::public_id.eq(public_id))
            .first::<ApiKeyRow>(self.connection)
            .optional();
        row.map_err(map)?.map(ApiKey::try_from).transpose()
    }

    fn lookup(&mut self, tenant: TenantId, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let of_tenant = api_key::table.find(id.get()).filter(api_key::tenant_id.eq(tenant.get()));
        let row = of_tenant.first::<ApiKeyRow>(self.connection).optional();
        row.map_err(map)?.map(ApiKey::try_from).transpose()
    }

    fn lookup_many(&mut self, tenant: TenantId, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let of_tenant = api_key::table
            .filter(api_key::tenant_id.eq(tenant.get()))
            .filter(api_key::id.eq_any(ids));
        let rows = of_tenant.load::<ApiKeyRow>(self.connection).map_err(map)?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    fn list_of_user(&mut self, tenant: TenantId, user: UserId, family: KeyFamily) -> Result<Vec<ApiKey>> {
        let keys = keys_of(tenant, Some(family)).filter(api_key::created_by.eq(user.get()));
        let rows = keys.order(api_key::id.desc()).load::<ApiKeyRow>(self.connection).map_err(map)?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    fn list(&mut self, tenant: TenantId, family: Option<KeyFamily>, window: &Window) -> Result<Page<ApiKey>> {
        let total: i64 = keys_of(tenant, family).count().get_result(self.connection).map_err(map)?;
        let (skipped, below) = window::start(window)?;
        let newest_first = keys_of(tenant, family).filter(api_key::id.lt(below)).order(api_key::id.desc());
        let page = newest_first.offset(skipped).limit(window::fetch(window));
        let rows = page.load::<ApiKeyRow>(self.connection).map_err(map)?;
        window::page(rows, total, self.stamp, window)
    }
}

fn keys_of(tenant: TenantId, family: Option<KeyFamily>) -> api_key::BoxedQuery<'static, Backend> {
    let keys = api_key::table.filter(api_key::tenant_id.eq(tenant.get())).into_boxed();
    match family {
        Some(family) => keys.filter(api_key::family.eq(family.as_str())),
        None => keys,
    }
}

impl ApiKeyRepository for Ports<'_> {
    fn add(&mut self, new: NewApiKey) -> Result<ApiKey> {
        diesel::insert_into(api_key::table)
            .values(NewApiKeyRow::new(&new, self.stamp)?)
            .returning(api_key::all_columns)
            .get_result::<ApiKeyRow>(self.connection)
            .map_err(map)?
            .try_into()
    }

    fn update(&mut self, key: &ApiKey) -> Result<()> {
        let of_tenant = api_key::table.find(key.id.get()).filter(api_key::tenant_id.eq(key.tenant_id.get()));
        let revoked_at = api_key::revoked_at.eq(key.revoked_at.map(Stamp::micros));
        let rows = diesel::update(of_tenant)
            .set((FieldsRow::try_from(&key.fields)?, revoked_at))
            .execute(self.connection)
            .map_err(map)?;
        self.changed_one(rows, || Error::not_found(ApiKeyId::NOUN, key.id))
    }

    fn record_usage(&mut self, usage: &[KeyUsage]) -> Result<()> {
        usage.iter().try_for_each(|usage| record_usage(self, usage))
    }
}

/// Batches of several nodes arrive in any order: the latest use stays.
fn record_usage(ports: &mut Ports<'_>, usage: &KeyUsage) -> Result<()> {
    let latest = Some(usage.last_used_at.micros()).into_sql::<Nullable<BigInt>>();
    let kept = api_key::last_used_at.gt(usage.last_used_at.micros());
    diesel::update(api_key::table.find(usage.id.get()))
        .set((
            api_key::last_used_at.eq(case_when(kept, api_key::last_used_at).otherwise(latest)),
            api_key::request_count.eq(api_key::request_count + usage.requests),
        ))
        .execute(ports.connection)
        .map_err(map)?;
    Ok(())
}
