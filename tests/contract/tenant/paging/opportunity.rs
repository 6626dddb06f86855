//! Opportunities, also those of one side of the forecast.

use std::sync::Arc;

use crm_domain::{
    error::Result,
    field::{Check, Patch},
    id::RecordId,
    query::Field,
    tenant::{
        TenantStore,
        opportunity::{self as opportunities, Opportunity, OpportunityDraft, OpportunityField, OpportunityFields},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    super::{add_account, changed_after, of_forecast, open, set, user, write},
    List, ROWS, name, owner, value,
};

each_backend_shared!(
    opportunities_walk_in_every_order,
    changed_opportunities_of_the_forecast_walk_in_every_order,
);

fn fill_opportunities(store: &Arc<dyn TenantStore>, rows: usize) -> Vec<Opportunity> {
    let accounts = [add_account(store, "One").id, add_account(store, "Two").id];
    write(store, move |unit| {
        let context = opportunities::context(unit, user())?;
        let stages = ["Prospecting", "Negotiation", "Closed Won", "Closed Lost", "Qualification"];
        let mut parse = |number: usize| {
            let draft = OpportunityDraft {
                name: name(number),
                account_id: accounts.get(number % 3).copied().into(),
                stage: set(stages[number % stages.len()]),
                amount: (!number.is_multiple_of(4)).then(|| format!("-{}.25", number % 7)).into(),
                expected_close_date: (!number.is_multiple_of(5))
                    .then(|| format!("2024-0{}-1{}", 1 + number % 3, number % 4))
                    .into(),
                // Only what is in a closing stage was closed on a day.
                closed_on: (number.is_multiple_of(7) && stages[number % stages.len()].starts_with("Closed"))
                    .then(|| format!("19{}-01-01", 90 - number % 9))
                    .into(),
                lead_source: value(number),
                include_in_forecast: Patch::Set(!number.is_multiple_of(3)),
                owner_id: owner(number),
                ..OpportunityDraft::default()
            };
            OpportunityFields::parse(draft, &context, Check::new())
        };
        let new = (0..rows).map(&mut parse).collect::<Result<Vec<_>>>()?;
        opportunities::create_many(unit, new)
    })
    .unwrap()
}

fn opportunities_walk_in_every_order(database: &Database) {
    let store = open(database);
    let mut all = fill_opportunities(&store, ROWS);
    let gone = all.remove(5).id;
    write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, gone)).unwrap();
    for include_in_forecast in [None, Some(true), Some(false)] {
        let filter = of_forecast(include_in_forecast);
        let matches = |opportunity: &&Opportunity| include_in_forecast.is_none_or(|flag| flag == opportunity.fields.include_in_forecast);
        let list = List {
            all: all.iter().filter(matches).cloned().collect(),
            keys: OpportunityField::ALL,
            value: &|key, opportunity| key.place(opportunity),
            id: &|opportunity: &Opportunity| opportunity.id.get(),
            list: &|sort, window| store.reading(|reader| reader.opportunities().list(&filter, sort, window)).unwrap(),
        };
        list.assert_walks();
    }
}

fn changed_opportunities_of_the_forecast_walk_in_every_order(database: &Database) {
    let store = open(database);
    let mut all = fill_opportunities(&store, 400);
    for index in [390, 7, 200, 8, 311, 12, 77, 150, 151, 3] {
        let (id, draft) = (
            all[index].id,
            OpportunityDraft {
                next_step: set("call"),
                ..OpportunityDraft::default()
            },
        );
        all[index] = write(&store, move |unit| {
            single::update::<opportunities::Opportunity>(unit, id, draft, user(), Check::new())
        })
        .unwrap();
    }
    let after = all[0].updated_at;
    for include_in_forecast in [None, Some(true), Some(false)] {
        let mut filter = of_forecast(include_in_forecast);
        filter.conditions.push(changed_after(OpportunityField::UpdatedAt, after));
        let matches = |opportunity: &&Opportunity| {
            opportunity.updated_at > after && include_in_forecast.is_none_or(|flag| flag == opportunity.fields.include_in_forecast)
        };
        let list = List {
            all: all.iter().filter(matches).cloned().collect(),
            keys: OpportunityField::ALL,
            value: &|key, opportunity| key.place(opportunity),
            id: &|opportunity: &Opportunity| opportunity.id.get(),
            list: &|sort, window| store.reading(|reader| reader.opportunities().list(&filter, sort, window)).unwrap(),
        };
        list.assert_walks();
    }
}
