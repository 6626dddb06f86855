//! Opportunities as rows.

use super::{
    noun::{Needed, Noun, cell},
    reference::References,
};
use crate::{
    error::Result,
    field::format_date,
    id::{ContactId, RecordId, UserId},
    page::{Page, Sort, Window},
    tenant::{
        TenantReader,
        change::EntityKind,
        opportunity::{Opportunity, OpportunityField, OpportunityFilter},
    },
};

/// Opportunities.
pub(super) struct Opportunities;

impl Noun for Opportunities {
    type Record = Opportunity;
    type Key = OpportunityField;
    const KIND: EntityKind = EntityKind::Opportunity;
    const COLUMNS: &'static [&'static str] = &[
        "external_id",
        "name",
        "account",
        "account_external_id",
        "contact_email",
        "contact_external_id",
        "pipeline",
        "stage",
        "amount",
        "currency",
        "probability",
        "expected_close_date",
        "closed_on",
        "engaged_on",
        "description",
        "lead_source",
        "next_step",
        "lost_reason",
        "competitors",
        "include_in_forecast",
        "owner",
    ];

    fn page(reader: &mut dyn TenantReader, sort: Sort<OpportunityField>, window: &Window) -> Result<Page<Opportunity>> {
        reader.opportunities().list(&OpportunityFilter::default(), sort, window)
    }

    fn id(opportunity: &Opportunity) -> i64 {
        opportunity.id.get()
    }

    fn owner(opportunity: &Opportunity) -> UserId {
        opportunity.fields.owner_id
    }

    fn accounts(opportunities: &[Opportunity]) -> Needed<'_> {
        Needed::ids(opportunities.iter().filter_map(|opportunity| opportunity.fields.account_id))
    }

    fn contacts(opportunities: &[Opportunity]) -> Vec<ContactId> {
        opportunities
            .iter()
            .filter_map(|opportunity| opportunity.fields.contact_id)
            .collect()
    }

    fn cells(opportunity: &Opportunity, references: &References) -> Vec<String> {
        let fields = &opportunity.fields;
        let (contact_email, contact_external_id) = references.contact(fields.contact_id);
        vec![
            cell(fields.external_id.as_ref()),
            fields.name.to_string(),
            references.account(fields.account_id),
            references.external_id(fields.account_id),
            contact_email,
            contact_external_id,
            references.other_pipeline(opportunity.stage.fields.pipeline_id),
            opportunity.stage.fields.name.to_string(),
            cell(fields.amount.map(|money| money.major()).as_ref()),
            cell(fields.amount.as_ref().map(|money| money.currency.as_str())),
            fields.probability.to_string(),
            cell(fields.expected_close_date.map(format_date).as_ref()),
            cell(fields.closed_on.map(format_date).as_ref()),
            cell(fields.engaged_on.map(format_date).as_ref()),
            cell(fields.description.as_ref()),
            cell(fields.lead_source.as_ref()),
            cell(fields.next_step.as_ref()),
            cell(fields.lost_reason.as_ref()),
            cell(fields.competitors.as_ref()),
            if fields.include_in_forecast { "yes" } else { "no" }.to_owned(),
            references.owner(fields.owner_id),
        ]
    }

    fn is_importable_in_place(opportunity: &Opportunity, references: &References) -> bool {
        references.is_default(opportunity.stage.fields.pipeline_id)
    }
}
