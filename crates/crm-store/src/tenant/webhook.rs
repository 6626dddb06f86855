//! Webhooks in SQL.

use crm_domain::{
    error::{Error, Result},
    field::Text,
    id::{RecordId, UserId, WebhookId},
    page::{Page, Sort, Window},
    sealing::Sealed,
    stamp::Stamp,
    tenant::webhook::{
        DisabledReason, Events, TargetUrl, Webhook, WebhookFamily, WebhookField, WebhookFields, WebhookFilter, WebhookReads,
        WebhookRepository,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{unreadable, uuid},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::{counter, webhook},
};
use crate::error::map;

/// Most ids of one statement: databases bound how many values a statement binds.
const IDS_MAX: usize = 1_000;

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = webhook, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct WebhookRow {
    id: i64,
    uuid: String,
    family: String,
    url: String,
    url_key: String,
    events: String,
    description: Option<String>,
    is_active: bool,
    secret: Option<String>,
    headers: Option<String>,
    confidential_version: i64,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    disabled_reason: Option<String>,
    previous_secret: Option<String>,
    previous_secret_until: Option<i64>,
    listens_since: i64,
    failing_since: Option<i64>,
}

impl From<&Webhook> for WebhookRow {
    fn from(webhook: &Webhook) -> Self {
        let fields = webhook.fields.clone();
        Self {
            id: webhook.id.get(),
            uuid: webhook.uuid.to_string(),
            family: fields.family.as_str().to_owned(),
            url_key: fields.url.key(),
            url: fields.url.into_inner(),
            events: fields.events.stored(),
            description: fields.description.map(Text::into_inner),
            is_active: fields.is_active,
            secret: fields.secret.map(Sealed::into_inner),
            headers: fields.headers.map(Sealed::into_inner),
            confidential_version: fields.confidential_version,
            created_at: webhook.created_at.micros(),
            created_by: webhook.created_by.map(RecordId::get),
            updated_at: webhook.updated_at.micros(),
            deleted_at: None,
            disabled_reason: fields.disabled_reason.map(|reason| reason.as_str().to_owned()),
            previous_secret: fields.previous_secret.map(Sealed::into_inner),
            previous_secret_until: fields.previous_secret_until.map(Stamp::micros),
            listens_since: webhook.listens_since.micros(),
            failing_since: webhook.failing_since.map(Stamp::micros),
        }
    }
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = Error;

    fn try_from(row: WebhookRow) -> Result<Self> {
        let family = WebhookFamily::parse(&row.family).ok_or_else(|| unreadable("family of webhooks", &row.family))?;
        let fields = WebhookFields {
            family,
            url: TargetUrl::from_store(row.url),
            events: Events::from_store(&row.events, family).ok_or_else(|| unreadable("list of events", &row.events))?,
            description: row.description.map(Text::from_store),
            is_active: row.is_active,
            disabled_reason: row.disabled_reason.as_deref().map(disabled_reason).transpose()?,
            previous_secret: row.previous_secret.map(Sealed::from_store),
            previous_secret_until: row.previous_secret_until.map(Stamp::from_micros),
            secret: row.secret.map(Sealed::from_store),
            headers: row.headers.map(Sealed::from_store),
            confidential_version: row.confidential_version,
        };
        Ok(Self {
            id: WebhookId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
            listens_since: Stamp::from_micros(row.listens_since),
            failing_since: row.failing_since.map(Stamp::from_micros),
        })
    }
}

fn disabled_reason(stored: &str) -> Result<DisabledReason> {
    DisabledReason::parse(stored).ok_or_else(|| unreadable("reason of webhooks", stored))
}

impl Listed for WebhookField {
    type Columns = ColumnsOf<webhook::table>;
    type Row = WebhookRow;
    const TABLE: Table = Table {
        is_searchable: false,
        ..Table::of_records("webhook")
    };
    const TOTAL: &'static str = "webhook_live";

    fn columns() -> Self::Columns {
        webhook::all_columns
    }

    fn record(row: WebhookRow) -> Result<Webhook> {
        row.try_into()
    }
}

impl<State> WebhookReads for Session<'_, State> {
    fn lookup(&mut self, id: WebhookId) -> Result<Option<Webhook>> {
        let row = webhook::table.find(id.get()).filter(webhook::deleted_at.is_null());
        let row: Option<WebhookRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Webhook::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[WebhookId]) -> Result<Vec<Webhook>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_MAX) {
            let rows = webhook::table.filter(webhook::id.eq_any(ids)).filter(webhook::deleted_at.is_null());
            let rows: Vec<WebhookRow> = rows.load(self.connection).map_err(map)?;
            found.extend(rows.into_iter().map(Webhook::try_from).collect::<Result<Vec<_>>>()?);
        }
        Ok(found)
    }

    fn count(&mut self) -> Result<u64> {
        let live: i64 = counter::table
            .find(1)
            .select(counter::webhook_live)
            .first(self.connection)
            .map_err(map)?;
        Ok(u64::try_from(live).unwrap_or(0))
    }

    fn list_active(&mut self) -> Result<Vec<Webhook>> {
        let rows = webhook::table
            .filter(webhook::is_active.eq(true))
            .filter(webhook::deleted_at.is_null())
            .order(webhook::id.asc());
        rows.load::<WebhookRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Webhook::try_from)
            .collect()
    }

    fn list(&mut self, filter: &WebhookFilter, sort: Sort<WebhookField>, window: &Window) -> Result<Page<Webhook>> {
        list::page(self, filter, sort, window)
    }
}

impl WebhookRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: WebhookFields) -> Result<Webhook> {
        let stamp = self.state.stamp;
        let added = Webhook {
            id: WebhookId::from_i64(next(&mut self.state.counters.webhook_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by: self.state.created_by().map(UserId::from_i64),
            updated_at: stamp,
            listens_since: stamp,
            failing_since: None,
        };
        self.state.counters.webhook_live += 1;
        diesel::insert_into(webhook::table)
            .values(WebhookRow::from(&added))
            .execute(self.connection)
            .map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, webhook: &Webhook) -> Result<()> {
        let row = WebhookRow::from(webhook);
        let live = webhook::table.find(row.id).filter(webhook::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, webhook.id)
    }

    fn set_failing(&mut self, id: WebhookId, since: Option<Stamp>) -> Result<()> {
        let live = webhook::table.find(id.get()).filter(webhook::deleted_at.is_null());
        let noted = diesel::update(live)
            .set(webhook::failing_since.eq(since.map(Stamp::micros)))
            .execute(self.connection)
            .map_err(map)?;
        found(noted, id)
    }

    fn remove(&mut self, id: WebhookId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(webhook::table.find(id.get()).filter(webhook::deleted_at.is_null()))
            .set((
                webhook::deleted_at.eq(stamp),
                webhook::updated_at.eq(stamp),
                webhook::secret.eq(None::<String>),
                webhook::previous_secret.eq(None::<String>),
                webhook::headers.eq(None::<String>),
            ))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.webhook_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }
}
