//! Opportunities in SQL. A row is always read with its stage.

mod sum;

use crm_domain::{
    error::Result,
    field::{Text, format_date},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    page::{Page, Sort, Window},
    query::{Comparison, Condition, Field, Test, Value},
    stamp::Stamp,
    tenant::{
        opportunity::{
            Group, Month, Opportunity, OpportunityField, OpportunityFields, OpportunityFilter, OpportunityReads, OpportunityRepository,
        },
        pipeline::Stage,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{date, money, uuid},
    counter::next,
    found,
    list::{self, ColumnsOf, Listed, Table},
    pipeline::StageRow,
    schema::{opportunity, stage},
};
use crate::{error::map, insert_rows};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = opportunity, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(crate) struct OpportunityRow {
    id: i64,
    uuid: String,
    external_id: Option<String>,
    name: String,
    name_key: String,
    account_id: Option<i64>,
    contact_id: Option<i64>,
    stage_id: i64,
    amount: Option<i64>,
    currency: Option<String>,
    probability: i64,
    expected_close_date: Option<String>,
    closed_on: Option<String>,
    engaged_on: Option<String>,
    description: Option<String>,
    lead_source: Option<String>,
    next_step: Option<String>,
    include_in_forecast: bool,
    owner_id: i64,
    search_text: String,
    created_at: i64,
    created_by: Option<i64>,
    updated_at: i64,
    deleted_at: Option<i64>,
    lost_reason: Option<String>,
    competitors: Option<String>,
}

impl From<&Opportunity> for OpportunityRow {
    fn from(opportunity: &Opportunity) -> Self {
        let fields = opportunity.fields.clone();
        Self {
            id: opportunity.id.get(),
            uuid: opportunity.uuid.to_string(),
            external_id: fields.external_id.map(Text::into_inner),
            name_key: fields.name.to_lowercase(),
            search_text: opportunity.fields.search_text(),
            name: fields.name.into_inner(),
            account_id: fields.account_id.map(RecordId::get),
            contact_id: fields.contact_id.map(RecordId::get),
            stage_id: fields.stage_id.get(),
            amount: fields.amount.map(|money| money.minor),
            currency: fields.amount.map(|money| money.currency.as_str().to_owned()),
            probability: fields.probability,
            expected_close_date: fields.expected_close_date.map(format_date),
            closed_on: fields.closed_on.map(format_date),
            engaged_on: fields.engaged_on.map(format_date),
            description: fields.description.map(Text::into_inner),
            lead_source: fields.lead_source.map(Text::into_inner),
            next_step: fields.next_step.map(Text::into_inner),
            include_in_forecast: fields.include_in_forecast,
            owner_id: fields.owner_id.get(),
            created_at: opportunity.created_at.micros(),
            created_by: opportunity.created_by.map(RecordId::get),
            updated_at: opportunity.updated_at.micros(),
            deleted_at: None,
            lost_reason: fields.lost_reason.map(Text::into_inner),
            competitors: fields.competitors.map(Text::into_inner),
        }
    }
}

pub(super) fn entity((row, stage): (OpportunityRow, StageRow)) -> Result<Opportunity> {
    let fields = OpportunityFields {
        external_id: row.external_id.map(Text::from_store),
        name: Text::from_store(row.name),
        account_id: row.account_id.map(AccountId::from_i64),
        contact_id: row.contact_id.map(ContactId::from_i64),
        stage_id: StageId::from_i64(row.stage_id),
        amount: money(row.amount, row.currency.as_deref())?,
        probability: row.probability,
        expected_close_date: date(row.expected_close_date.as_deref())?,
        closed_on: date(row.closed_on.as_deref())?,
        engaged_on: date(row.engaged_on.as_deref())?,
        description: row.description.map(Text::from_store),
        lead_source: row.lead_source.map(Text::from_store),
        next_step: row.next_step.map(Text::from_store),
        lost_reason: row.lost_reason.map(Text::from_store),
        competitors: row.competitors.map(Text::from_store),
        include_in_forecast: row.include_in_forecast,
        owner_id: UserId::from_i64(row.owner_id),
    };
    Ok(Opportunity {
        id: OpportunityId::from_i64(row.id),
        uuid: uuid(&row.uuid)?,
        fields,
        stage: Stage::try_from(stage)?,
        created_at: Stamp::from_micros(row.created_at),
        created_by: row.created_by.map(UserId::from_i64),
        updated_at: Stamp::from_micros(row.updated_at),
    })
}

impl Listed for OpportunityField {
    type Columns = (ColumnsOf<opportunity::table>, ColumnsOf<stage::table>);
    type Row = (OpportunityRow, StageRow);
    const TABLE: Table = Table {
        from: "opportunity INNER JOIN stage ON stage.id = opportunity.stage_id",
        ..Table::of_records("opportunity")
    };
    const TOTAL: &'static str = "opportunity_forecast + opportunity_other";

    fn column(self) -> &'static str {
        match self {
            Self::Name => "name_key",
            other => other.spec().name,
        }
    }

    /// Each side of the forecast has a total of its own (contract A-51).
    fn maintained_total(conditions: &[Condition<Self>]) -> Option<&'static str> {
        let [only] = conditions else {
            return conditions.is_empty().then_some(Self::TOTAL);
        };
        match (only.field(), only.test()) {
            (Self::IncludeInForecast, Test::Compare(Comparison::Equal, Value::Bool(true))) => Some("opportunity_forecast"),
            (Self::IncludeInForecast, Test::Compare(Comparison::Equal, Value::Bool(false))) => Some("opportunity_other"),
            _ => None,
        }
    }

    fn columns() -> Self::Columns {
        (opportunity::all_columns, stage::all_columns)
    }

    fn record(row: Self::Row) -> Result<Opportunity> {
        entity(row)
    }
}

impl<State> OpportunityReads for Session<'_, State> {
    fn lookup(&mut self, id: OpportunityId) -> Result<Option<Opportunity>> {
        let row = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::id.eq(id.get()))
            .filter(opportunity::deleted_at.is_null());
        let row: Option<(OpportunityRow, StageRow)> = row.first(self.connection).optional().map_err(map)?;
        row.map(entity).transpose()
    }

    fn lookup_many(&mut self, ids: &[OpportunityId]) -> Result<Vec<Opportunity>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = opportunity::table.inner_join(stage::table).filter(opportunity::id.eq_any(ids));
        let rows: Vec<(OpportunityRow, StageRow)> = rows.filter(opportunity::deleted_at.is_null()).load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn lookup_deleted_many(&mut self, ids: &[OpportunityId]) -> Result<Vec<Opportunity>> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = opportunity::table.inner_join(stage::table).filter(opportunity::id.eq_any(ids));
        let deleted = rows.filter(opportunity::deleted_at.is_not_null());
        let rows: Vec<(OpportunityRow, StageRow)> = deleted.load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Opportunity>> {
        let rows = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::external_id.eq_any(list::storable(external_ids)));
        let rows: Vec<(OpportunityRow, StageRow)> = rows.filter(opportunity::deleted_at.is_null()).load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn list(&mut self, filter: &OpportunityFilter, sort: Sort<OpportunityField>, window: &Window) -> Result<Page<Opportunity>> {
        list::page(self, filter, sort, window)
    }

    fn list_of_accounts(&mut self, accounts: &[AccountId]) -> Result<Vec<Opportunity>> {
        let ids: Vec<i64> = accounts.iter().map(|id| id.get()).collect();
        let rows = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::account_id.eq_any(ids))
            .filter(opportunity::deleted_at.is_null())
            .order((opportunity::account_id.asc(), opportunity::id.asc()));
        let rows: Vec<(OpportunityRow, StageRow)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn list_without_account(&mut self) -> Result<Vec<Opportunity>> {
        let rows = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::account_id.is_null())
            .filter(opportunity::deleted_at.is_null())
            .order(opportunity::id.asc());
        let rows: Vec<(OpportunityRow, StageRow)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn count_in(&mut self, stages: &[StageId]) -> Result<i64> {
        let stages: Vec<i64> = stages.iter().map(|id| id.get()).collect();
        let in_stages = opportunity::table.filter(opportunity::stage_id.eq_any(stages));
        in_stages
            .filter(opportunity::deleted_at.is_null())
            .count()
            .get_result(self.connection)
            .map_err(map)
    }

    fn list_in(&mut self, stage: StageId, after: i64, limit: u32) -> Result<Vec<Opportunity>> {
        let rows = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::stage_id.eq(stage.get()))
            .filter(opportunity::deleted_at.is_null())
            .filter(opportunity::id.gt(after))
            .order(opportunity::id.asc())
            .limit(limit.into());
        let rows: Vec<(OpportunityRow, StageRow)> = rows.load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn sum_by_stage(&mut self, stages: &[StageId]) -> Result<Vec<Group<StageId>>> {
        sum::by_stage(self.connection, stages)
    }

    fn sum_by_month(&mut self, stages: &[StageId]) -> Result<Vec<Group<Option<Month>>>> {
        sum::by_month(self.connection, stages)
    }
}

impl OpportunityRepository for Session<'_, Writing<'_>> {
    fn add(&mut self, new: Vec<(OpportunityFields, Stage)>) -> Result<Vec<Opportunity>> {
        let (stamp, created_by) = (self.state.stamp, self.state.created_by().map(UserId::from_i64));
        let mut make = |(fields, stage)| Opportunity {
            id: OpportunityId::from_i64(next(&mut self.state.counters.opportunity_id)),
            uuid: self.state.uuid(),
            fields,
            stage,
            created_at: stamp,
            created_by,
            updated_at: stamp,
        };
        let added: Vec<Opportunity> = new.into_iter().map(&mut make).collect();
        for opportunity in &added {
            *self.state.total(opportunity.fields.include_in_forecast) += 1;
            self.state.kpis.count_deal(opportunity, 1);
        }
        let rows: Vec<OpportunityRow> = added.iter().map(OpportunityRow::from).collect();
        insert_rows!(self.connection, opportunity::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, before: &Opportunity, after: &Opportunity) -> Result<()> {
        let row = OpportunityRow::from(after);
        let live = opportunity::table.find(row.id).filter(opportunity::deleted_at.is_null());
        let updated = diesel::update(live).set(&row).execute(self.connection).map_err(map)?;
        for (opportunity, by) in [(before, -1), (after, 1)] {
            *self.state.total(opportunity.fields.include_in_forecast) += by;
            self.state.kpis.count_deal(opportunity, by);
        }
        found(updated, after.id)
    }

    fn touch_in(&mut self, stage: StageId) -> Result<()> {
        let live = opportunity::table.filter(opportunity::stage_id.eq(stage.get()));
        diesel::update(live.filter(opportunity::deleted_at.is_null()))
            .set(opportunity::updated_at.eq(self.state.stamp.micros()))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn move_all(&mut self, from: StageId, to: &Stage) -> Result<()> {
        let set = (
            opportunity::stage_id.eq(to.id.get()),
            opportunity::probability.eq(to.fields.probability),
            opportunity::updated_at.eq(self.state.stamp.micros()),
        );
        let groups = sum::by_stage(self.connection, &[from])?;
        self.state.kpis.move_deals(&groups, to.id)?;
        let live = opportunity::table.filter(opportunity::stage_id.eq(from.get()));
        let live = live.filter(opportunity::deleted_at.is_null());
        diesel::update(live).set(set).execute(self.connection).map_err(map)?;
        Ok(())
    }

    fn remove(&mut self, opportunity: &Opportunity) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = opportunity::table
            .find(opportunity.id.get())
            .filter(opportunity::deleted_at.is_null());
        let removed = diesel::update(live)
            .set((opportunity::deleted_at.eq(stamp), opportunity::updated_at.eq(stamp)))
            .execute(self.connection)
            .map_err(map)?;
        if removed > 0 {
            *self.state.total(opportunity.fields.include_in_forecast) -= 1;
            self.state.kpis.count_deal(opportunity, -1);
        }
        Ok(())
    }

    fn lookup_deleted(&mut self, id: OpportunityId) -> Result<Option<Opportunity>> {
        let row = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::id.eq(id.get()))
            .filter(opportunity::deleted_at.is_not_null());
        let row: Option<(OpportunityRow, StageRow)> = row.first(self.connection).optional().map_err(map)?;
        row.map(entity).transpose()
    }

    fn restore(&mut self, opportunity: &Opportunity) -> Result<()> {
        let deleted = opportunity::table
            .find(opportunity.id.get())
            .filter(opportunity::deleted_at.is_not_null());
        let set = (
            opportunity::deleted_at.eq(None::<i64>),
            opportunity::updated_at.eq(self.state.stamp.micros()),
        );
        let restored = diesel::update(deleted).set(set).execute(self.connection).map_err(map)?;
        found(restored, opportunity.id)?;
        *self.state.total(opportunity.fields.include_in_forecast) += 1;
        self.state.kpis.count_deal(opportunity, 1);
        Ok(())
    }
}

impl Writing<'_> {
    /// The maintained total that counts an opportunity with this forecast flag.
    fn total(&mut self, include_in_forecast: bool) -> &mut i64 {
        if include_in_forecast {
            &mut self.counters.opportunity_forecast
        } else {
            &mut self.counters.opportunity_other
        }
    }
}
