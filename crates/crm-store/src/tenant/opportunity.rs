//! Opportunities in SQL. A row is always read with its stage.

use crm_domain::{
    error::{Error, Result},
    field::{Text, format_date},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    page::{Page, Sort, Window},
    stamp::Stamp,
    tenant::{
        opportunity::{Opportunity, OpportunityFields, OpportunityFilter, OpportunityReads, OpportunityRepository, OpportunitySort},
        pipeline::Stage,
    },
};
use diesel::{AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};

use super::{
    Session, Writing,
    column::{date, money, uuid},
    counter::next,
    fragment::{Bind, Condition},
    pipeline::StageRow,
    schema::{counter, opportunity, stage},
    window::{self, ColumnKind, SortColumn, SortSql},
};
use crate::{connection::Connection, dialect, error::map, insert_rows, sort_sql};

#[derive(Debug, Clone, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = opportunity, treat_none_as_null = true, treat_none_as_default_value = false)]
struct OpportunityRow {
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
        }
    }
}

fn entity((row, stage): (OpportunityRow, StageRow)) -> Result<Opportunity> {
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

/// Those left out of forecasts first. As a number, since one backend has no other and cursors carry no booleans.
const FORECAST_ORDER: SortSql = SortSql {
    ascending: "CASE WHEN opportunity.include_in_forecast THEN 1 ELSE 0 END ASC, opportunity.id ASC",
    descending: "CASE WHEN opportunity.include_in_forecast THEN 1 ELSE 0 END DESC, opportunity.id DESC",
    column: Some(SortColumn {
        sql: "CASE WHEN opportunity.include_in_forecast THEN 1 ELSE 0 END",
        kind: ColumnKind::integer,
        is_nullable: false,
    }),
    id: "opportunity.id",
};

/// The SQL of each order.
fn sort_sql(key: OpportunitySort) -> SortSql {
    match key {
        OpportunitySort::CreatedAt => sort_sql!("opportunity"),
        OpportunitySort::UpdatedAt => sort_sql!("opportunity", integer "updated_at"),
        OpportunitySort::Name => sort_sql!("opportunity", text "name_key"),
        OpportunitySort::AccountId => sort_sql!("opportunity", nullable integer "account_id"),
        OpportunitySort::StageId => sort_sql!("opportunity", integer "stage_id"),
        OpportunitySort::Amount => sort_sql!("opportunity", nullable integer "amount"),
        OpportunitySort::Probability => sort_sql!("opportunity", integer "probability"),
        OpportunitySort::ExpectedCloseDate => sort_sql!("opportunity", nullable text "expected_close_date"),
        OpportunitySort::ClosedOn => sort_sql!("opportunity", nullable text "closed_on"),
        OpportunitySort::LeadSource => sort_sql!("opportunity", nullable text "lead_source"),
        OpportunitySort::OwnerId => sort_sql!("opportunity", integer "owner_id"),
        OpportunitySort::ExternalId => sort_sql!("opportunity", nullable text "external_id"),
        OpportunitySort::ContactId => sort_sql!("opportunity", nullable integer "contact_id"),
        OpportunitySort::Currency => sort_sql!("opportunity", nullable text "currency"),
        OpportunitySort::EngagedOn => sort_sql!("opportunity", nullable text "engaged_on"),
        OpportunitySort::Description => sort_sql!("opportunity", nullable text "description"),
        OpportunitySort::NextStep => sort_sql!("opportunity", nullable text "next_step"),
        OpportunitySort::IncludeInForecast => FORECAST_ORDER,
        OpportunitySort::CreatedBy => sort_sql!("opportunity", nullable integer "created_by"),
    }
}

/// The conditions of a filter; `spread` as in `account.rs`.
fn conditions(filter: &OpportunityFilter, connection: &Connection, spread: bool) -> Vec<Condition> {
    let mut conditions = Vec::new();
    match filter.include_in_forecast {
        Some(true) => conditions.push(Condition::new(vec![("opportunity.include_in_forecast = TRUE", None)])),
        Some(false) => conditions.push(Condition::new(vec![("opportunity.include_in_forecast = FALSE", None)])),
        None => {}
    }
    if let Some(stamp) = filter.updated_after {
        let sql = if spread {
            "+opportunity.updated_at > "
        } else {
            "opportunity.updated_at > "
        };
        conditions.push(Condition::new(vec![(sql, Some(Bind::Integer(stamp.micros())))]));
    }
    if let Some(term) = &filter.search {
        let matching = "opportunity.id IN (SELECT rowid FROM opportunity_search WHERE opportunity_search MATCH ";
        conditions.push(window::search(
            term,
            dialect::has_search_table(connection),
            "opportunity.search_text LIKE ",
            matching,
        ));
    }
    conditions
}

fn count(connection: &mut Connection, filter: &OpportunityFilter) -> Result<i64> {
    let mut query = opportunity::table.filter(opportunity::deleted_at.is_null()).count().into_boxed();
    for condition in conditions(filter, connection, false) {
        query = query.filter(condition);
    }
    query.get_result(connection).map_err(map)
}

/// Both forecast totals and the last stamp.
type Totals = (i64, i64, i64);

fn totals(connection: &mut Connection) -> Result<Totals> {
    let columns = (counter::opportunity_forecast, counter::opportunity_other, counter::stamp);
    counter::table.find(1).select(columns).first(connection).map_err(map)
}

/// A page's rows, each with the totals: one statement, so that they agree.
type ListedRow = ((OpportunityRow, StageRow), Option<i64>, Option<i64>, Option<i64>);

/// The maintained total that answers a filter without counting.
fn maintained_total(filter: &OpportunityFilter, (forecast, other, _): Totals) -> i64 {
    match filter.include_in_forecast {
        Some(true) => forecast,
        Some(false) => other,
        None => forecast + other,
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

    fn lookup_external(&mut self, external_ids: &[String]) -> Result<Vec<Opportunity>> {
        let rows = opportunity::table
            .inner_join(stage::table)
            .filter(opportunity::external_id.eq_any(window::storable(external_ids)));
        let rows: Vec<(OpportunityRow, StageRow)> = rows.filter(opportunity::deleted_at.is_null()).load(self.connection).map_err(map)?;
        rows.into_iter().map(entity).collect()
    }

    fn list(&mut self, filter: &OpportunityFilter, sort: Sort<OpportunitySort>, window: &Window) -> Result<Page<Opportunity>> {
        let counted = filter.updated_after.is_some() || filter.search.is_some();
        let before = if counted { Some(totals(self.connection)?) } else { None };
        let matches = if counted { Some(count(self.connection, filter)?) } else { None };
        let spread = matches
            .zip(before)
            .is_some_and(|(matches, totals)| !window::is_selective(matches, maintained_total(filter, totals)));
        let order = sort_sql(sort.key);
        let after = window::after(window, order, sort.direction)?;
        let rows = |connection: &mut Connection| {
            let mut query = opportunity::table
                .inner_join(stage::table)
                .filter(opportunity::deleted_at.is_null())
                .select((
                    (opportunity::all_columns, stage::all_columns),
                    counter::table.select(counter::opportunity_forecast).single_value(),
                    counter::table.select(counter::opportunity_other).single_value(),
                    counter::table.select(counter::stamp).single_value(),
                ))
                .order(order.order(sort.direction))
                .limit(window::fetch(window))
                .offset(window::offset(window))
                .into_boxed();
            for condition in conditions(filter, connection, spread).into_iter().chain(after.clone()) {
                query = query.filter(condition);
            }
            query.load::<ListedRow>(connection).map_err(map)
        };
        let totals_of = |(_, forecast, other, stamp): &ListedRow| Some(((*forecast)?, (*other)?, (*stamp)?));
        let (rows, seen) = window::load(self.connection, before, rows, totals_of, totals)?;
        let items = rows.into_iter().map(|(row, ..)| entity(row)).collect::<Result<Vec<_>>>()?;
        Ok(window::page(
            items,
            matches.unwrap_or_else(|| maintained_total(filter, seen)),
            seen.2,
            window,
        ))
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
        }
        let rows: Vec<OpportunityRow> = added.iter().map(OpportunityRow::from).collect();
        insert_rows!(self.connection, opportunity::table, &rows).map_err(map)?;
        Ok(added)
    }

    fn update(&mut self, opportunity: &Opportunity) -> Result<()> {
        let row = OpportunityRow::from(opportunity);
        let live = opportunity::table.find(row.id).filter(opportunity::deleted_at.is_null());
        let was: Option<bool> = live
            .select(opportunity::include_in_forecast)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        let was = was.ok_or_else(|| Error::not_found(OpportunityId::NOUN, opportunity.id))?;
        diesel::update(opportunity::table.find(row.id))
            .set(&row)
            .execute(self.connection)
            .map_err(map)?;
        *self.state.total(was) -= 1;
        *self.state.total(row.include_in_forecast) += 1;
        Ok(())
    }

    fn remove(&mut self, id: OpportunityId) -> Result<()> {
        let stamp = self.state.stamp.micros();
        let live = opportunity::table.find(id.get()).filter(opportunity::deleted_at.is_null());
        let was: Option<bool> = live
            .select(opportunity::include_in_forecast)
            .first(self.connection)
            .optional()
            .map_err(map)?;
        if let Some(was) = was {
            *self.state.total(was) -= 1;
            let set = (opportunity::deleted_at.eq(stamp), opportunity::updated_at.eq(stamp));
            diesel::update(opportunity::table.find(id.get()))
                .set(set)
                .execute(self.connection)
                .map_err(map)?;
        }
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
