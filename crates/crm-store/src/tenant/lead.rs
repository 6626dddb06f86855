//! Leads in SQL.

use crm_domain::{
    decimal::Decimal,
    error::{Error, Result},
    field::{Email, Text, format_date},
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Field,
    stamp::Stamp,
    tenant::lead::{
        Lead, LeadField, LeadFields, LeadFilter, LeadOutcome, LeadReads, LeadRepository, LeadStatus, Prospect, ProspectStatus,
        Qualification,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{date, uuid, word},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    schema::lead,
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = lead, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct LeadRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    email_key: Option<String>,
    phone: Option<String>,
    title: Option<String>,
    company: Option<String>,
    source: Option<String>,
    status: String,
    description: Option<String>,
    account_id: Option<i64>,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    qualified_at: Option<i64>,
    disqualified_reason: Option<String>,
    converted_at: Option<i64>,
    converted_account_id: Option<i64>,
    converted_contact_id: Option<i64>,
    converted_opportunity_id: Option<i64>,
    tier: String,
    prospect_status: Option<String>,
    prospect_reason: Option<String>,
    next_action: Option<String>,
    next_action_date: Option<String>,
    pain_points: Option<String>,
    budget_range: Option<String>,
    decision_maker: Option<bool>,
    fit_score: Option<String>,
}

impl LeadRow {
    pub(crate) fn is_live(&self) -> bool {
        self.deleted_at.is_none()
    }
}

impl From<&Lead> for LeadRow {
    fn from(lead: &Lead) -> Self {
        let fields = lead.fields.clone();
        Self {
            id: lead.id.get(),
            uuid: lead.uuid.to_string(),
            email_key: fields.email.as_ref().map(Email::key),
            search_text: lead.fields.search_text(),
            tier: lead.fields.tier().as_str().to_owned(),
            external_id: fields.external_id.map(Text::into_inner),
            first_name: fields.first_name.map(Text::into_inner),
            last_name: fields.last_name.map(Text::into_inner),
            email: fields.email.map(Email::into_inner),
            phone: fields.phone.map(Text::into_inner),
            title: fields.title.map(Text::into_inner),
            company: fields.company.map(Text::into_inner),
            source: fields.source.map(Text::into_inner),
            status: fields.status.to_string(),
            description: fields.description.map(Text::into_inner),
            account_id: fields.account_id.map(RecordId::get),
            owner_id: fields.owner_id.get(),
            created_at: lead.created_at.micros(),
            created_by: lead.created_by.map(RecordId::get),
            updated_at: lead.updated_at.micros(),
            deleted_at: None,
            qualified_at: fields.outcome.qualified_at.map(Stamp::micros),
            disqualified_reason: fields.outcome.disqualified_reason.map(Text::into_inner),
            converted_at: fields.outcome.converted_at.map(Stamp::micros),
            converted_account_id: fields.outcome.converted_account_id.map(RecordId::get),
            converted_contact_id: fields.outcome.converted_contact_id.map(RecordId::get),
            converted_opportunity_id: fields.outcome.converted_opportunity_id.map(RecordId::get),
            prospect_status: fields.prospect.prospect_status.map(|status| status.as_str().to_owned()),
            prospect_reason: fields.prospect.prospect_reason.map(Text::into_inner),
            next_action: fields.prospect.next_action.map(Text::into_inner),
            next_action_date: fields.prospect.next_action_date.map(format_date),
            pain_points: fields.prospect.qualification.pain_points.map(Text::into_inner),
            budget_range: fields.prospect.qualification.budget_range.map(Text::into_inner),
            decision_maker: fields.prospect.qualification.decision_maker,
            fit_score: fields.prospect.qualification.fit_score.map(|score| score.to_string()),
        }
    }
}

impl TryFrom<LeadRow> for Lead {
    type Error = Error;

    fn try_from(row: LeadRow) -> Result<Self> {
        let fields = LeadFields {
            external_id: row.external_id.map(Text::from_store),
            first_name: row.first_name.map(Text::from_store),
            last_name: row.last_name.map(Text::from_store),
            email: row.email.map(Email::from_store),
            phone: row.phone.map(Text::from_store),
            title: row.title.map(Text::from_store),
            company: row.company.map(Text::from_store),
            source: row.source.map(Text::from_store),
            status: LeadStatus::from_store(row.status),
            description: row.description.map(Text::from_store),
            account_id: row.account_id.map(AccountId::from_i64),
            owner_id: UserId::from_i64(row.owner_id),
            outcome: LeadOutcome {
                qualified_at: row.qualified_at.map(Stamp::from_micros),
                disqualified_reason: row.disqualified_reason.map(Text::from_store),
                converted_at: row.converted_at.map(Stamp::from_micros),
                converted_account_id: row.converted_account_id.map(AccountId::from_i64),
                converted_contact_id: row.converted_contact_id.map(ContactId::from_i64),
                converted_opportunity_id: row.converted_opportunity_id.map(OpportunityId::from_i64),
            },
            prospect: Prospect {
                prospect_status: row.prospect_status.map(|stored| word(&stored, ProspectStatus::parse)).transpose()?,
                prospect_reason: row.prospect_reason.map(Text::from_store),
                next_action: row.next_action.map(Text::from_store),
                next_action_date: date(row.next_action_date.as_deref())?,
                qualification: Qualification {
                    pain_points: row.pain_points.map(Text::from_store),
                    budget_range: row.budget_range.map(Text::from_store),
                    decision_maker: row.decision_maker,
                    fit_score: row.fit_score.map(|stored| word(&stored, Decimal::parse)).transpose()?,
                },
            },
        };
        Ok(Self {
            id: LeadId::from_i64(row.id),
            uuid: uuid(&row.uuid)?,
            fields,
            created_at: Stamp::from_micros(row.created_at),
            created_by: row.created_by.map(UserId::from_i64),
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

impl Listed for LeadField {
    type Columns = ColumnsOf<lead::table>;
    type Row = LeadRow;
    const TABLE: Table = Table::of_records("lead");
    const TOTAL: &'static str = "lead_live";

    fn column(self) -> &'static str {
        match self {
            Self::Email => "email_key",
            // Tenants may have a custom field of this name.
            Self::Tier => "tier",
            other => other.spec().name,
        }
    }

    fn columns() -> Self::Columns {
        lead::all_columns
    }

    fn record(row: LeadRow) -> Result<Lead> {
        row.try_into()
    }
}

impl<State> LeadReads for Session<'_, State> {
    fn lookup(&mut self, id: LeadId) -> Result<Option<Lead>> {
        let row = lead::table.find(id.get()).filter(lead::deleted_at.is_null());
        let row: Option<LeadRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Lead::try_from).transpose()
    }

    fn lookup_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = lead::table.filter(lead::id.eq_any(ids)).filter(lead::deleted_at.is_null());
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }

    fn lookup_deleted_many(&mut self, ids: &[LeadId]) -> Result<Vec<Lead>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = lead::table.filter(lead::id.eq_any(ids)).filter(lead::deleted_at.is_not_null());
        let rows: Vec<LeadRow> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(Lead::try_from).collect()
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Lead>> {
        let rows = lead::table
            .filter(lead::external_id.eq_any(list::storable(external_ids)))
            .filter(lead::deleted_at.is_null());
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }

    fn lookup_emails(&mut self, emails: &[String]) -> Result<Vec<Lead>> {
        let keys: Vec<String> = list::storable(emails).iter().map(|email| Email::key_of(email)).collect();
        let rows = lead::table
            .filter(lead::email_key.eq_any(keys))
            .filter(lead::deleted_at.is_null())
            .order(lead::id.asc());
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }

    fn list(&mut self, filter: &LeadFilter, sort: Sort<LeadField>, window: &Window) -> Result<Page<Lead>> {
        list::page(self, filter, sort, window)
    }

    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Lead>> {
        let ids: Vec<i64> = accounts.iter().map(|id| id.get()).collect();
        let rows = lead::table.filter(lead::account_id.eq_any(ids)).filter(lead::deleted_at.is_null());
        let rows = rows.order((lead::account_id.asc(), lead::id.asc()));
        rows.load::<LeadRow>(self.connection)
            .map_err(map)?
            .into_iter()
            .map(Lead::try_from)
            .collect()
    }
}

impl LeadRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, fields: Vec<LeadFields>) -> Result<Vec<Lead>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |fields| Lead {
            id: LeadId::from_i64(next(&mut self.state.counters.lead_id)),
            uuid: self.state.uuid(),
            fields,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Lead> = fields.into_iter().map(&mut make).collect();
        self.state.counters.lead_live += i64::try_from(added.len()).unwrap_or(i64::MAX);
        added.iter().for_each(|lead| self.state.kpis.count_lead(lead, 1));
        let rows: Vec<LeadRow> = added.iter().map(LeadRow::from).collect();
        insert_rows!(self.connection, lead::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, before: &Lead, after: &Lead) -> Result<()> {
        let row = LeadRow::from(after);
        let live = lead::table.find(row.id).filter(lead::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        self.state.kpis.count_lead(before, -1);
        self.state.kpis.count_lead(after, 1);
        found(updated, after.id)
    }

    fn remove(&mut self, lead: &Lead) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = lead::table.find(lead.id.get()).filter(lead::deleted_at.is_null());
        let removed = diesel::update(live)
            .set((lead::deleted_at.eq(stamp), lead::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        if removed > 0 {
            self.state.counters.lead_live -= 1;
            self.state.kpis.count_lead(lead, -1);
        }
        Ok(())
    }

    fn lookup_deleted(&mut self, id: LeadId) -> Result<Option<Lead>> {
        let row = lead::table.find(id.get()).filter(lead::deleted_at.is_not_null());
        let row: Option<LeadRow> = row.first(self.connection).optional().map_err(map)?;
        row.map(Lead::try_from).transpose()
    }

    fn restore(&mut self, lead: &Lead) -> Result<()> {
        let deleted = lead::table.find(lead.id.get()).filter(lead::deleted_at.is_not_null());
        let restored = diesel::update(deleted)
            .set((lead::deleted_at.eq(None::<i64>), lead::updated_at.eq(self.state.stamp.micros())))
            .execute(self.connection)
            .map_err(map)?;
        if restored > 0 {
            self.state.counters.lead_live += 1;
            self.state.kpis.count_lead(lead, 1);
        }
        found(restored, lead.id)
    }
}
