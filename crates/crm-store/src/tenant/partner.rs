//! Partners in SQL.

use crm_domain::{
    error::{Error, Result},
    field::{Email, Text, WebAddress},
    id::{PartnerId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::partner::{Partner, PartnerField, PartnerFields, PartnerFilter, PartnerReads, PartnerRepository, Percent},
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::uuid,
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::partner,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = partner, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct PartnerRow {
    id: i64,
    uuid: String,
    name: String,
    name_key: String,
    partner_type: Option<String>,
    status: String,
    email: Option<String>,
    phone: Option<String>,
    website: Option<String>,
    contact_name: Option<String>,
    commission_percent: Option<i64>,
    notes: Option<String>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl From<&Partner> for PartnerRow {
    fn from(partner: &Partner) -> Self {
        let fields = partner.fields.clone();
        Self {
            id: partner.id.get(),
            uuid: partner.uuid.to_string(),
            name_key: fields.name.to_lowercase(),
            search_text: partner.fields.search_text(),
            name: fields.name.into_inner(),
            partner_type: fields.partner_type.map(Text::into_inner),
            status: fields.status.into_inner(),
            email: fields.email.map(Email::into_inner),
            phone: fields.phone.map(Text::into_inner),
            website: fields.website.map(WebAddress::into_inner),
            contact_name: fields.contact_name.map(Text::into_inner),
            commission_percent: fields.commission_percent.map(Percent::hundredths),
            notes: fields.notes.map(Text::into_inner),
            owner_id: fields.owner_id.get(),
            created_at: partner.created_at.micros(),
            created_by: partner.created_by.map(RecordId::get),
            updated_at: partner.updated_at.micros(),
            deleted_at: None,
        }
    }
}

impl TryFrom<PartnerRow> for Partner {
    type Error = Error;

    fn try_from(row: PartnerRow) -> Result<Self> {
        let fields = PartnerFields {
            name: Text::from_store(row.name),
            partner_type: row.partner_type.map(Text::from_store),
            status: Text::from_store(row.status),
            email: row.email.map(Email::from_store),
            phone: row.phone.map(Text::from_store),
            website: row.website.map(WebAddress::from_store),
            contact_name: row.contact_name.map(Text::from_store),
            commission_percent: row.commission_percent.map(Percent::from_hundredths),
            notes: row.notes.map(Text::from_store),
            owner_id: UserId::from_i64(row.owner_id),
        };
        Ok(Self {
            id: PartnerId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for PartnerField {
    type Columns = ColumnsOf<partner::table>;
    type Row = PartnerRow;
    const TABLE: Table = Table::of_records("partner");
    const TOTAL: &'static str = "partner_live";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        partner::all_columns
    }

    fn record(row: PartnerRow) -> Result<Partner> {
        row.try_into()
    }
}

impl<State> PartnerReads for Session<'_, State> {
    fn lookup(&mut self, id: PartnerId) -> Result<Option<Partner>> {
        let row = partner::table.find(id.get()).filter(partner::deleted_at.is_null());
        let row: Option<PartnerRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Partner::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[PartnerId]) -> Result<Vec<Partner>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = partner::table.filter(partner::id.eq_any(ids)).filter(partner::deleted_at.is_null());
        let rows: Vec<PartnerRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Partner::try_from).collect()
    }

    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Partner>> {
        let rows = partner::table
            .filter(partner::name_key.eq_any(list::storable(names)))
            .filter(partner::deleted_at.is_null());
        let rows: Vec<PartnerRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Partner::try_from).collect()
    }

    fn list(&mut self, filter: &PartnerFilter, sort: Sort<PartnerField>, window: &Window) -> Result<Page<Partner>> {
        list::page(self, filter, sort, window)
    }
}

impl PartnerRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<PartnerFields>) -> Result<Vec<Partner>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Partner {
            id: PartnerId::from_i64(next(&mut self.state.counters.partner_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Partner> = fields.into_iter().map(&mut make).collect();
        self.state.counters.partner_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        let rows: Vec<PartnerRow> = added.iter().map(PartnerRow::from).collect();
        insert_rows!(self.connection, partner::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, partner: &Partner) -> Result<()> {
        let row = PartnerRow::from(partner);
        let live = partner::table.find(row.id).filter(partner::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        found(updated, partner.id)
    }

    fn remove(&mut self, id: PartnerId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let removed = diesel::update(partner::table.find(id.get()).filter(partner::deleted_at.is_null()))
            .set((partner::deleted_at.eq(stamp), partner::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        self.state.counters.partner_live -= i64::try_from(removed).unwrap_or(0);
        Ok(())
    }

    fn lookup_deleted(&mut self, id: PartnerId) -> Result<Option<Partner>> {
        let row = partner::table.find(id.get()).filter(partner::deleted_at.is_not_null());
        let row: Option<PartnerRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Partner::try_from).transpose()
    }

    fn restore(&mut self, partner: &Partner) -> Result<()> {
        let deleted = partner::table.find(partner.id.get()).filter(partner::deleted_at.is_not_null());
        let set = (
            partner::deleted_at.eq(None::<i64>),
            partner::updated_at.eq(self.state.stamp.micros()),
        );
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        self.state.counters.partner_live += i64::try_from(restored).unwrap_or(0);
        found(restored, partner.id)
    }
}
