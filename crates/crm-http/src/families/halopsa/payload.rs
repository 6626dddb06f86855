//! What this family's webhooks are told (contract B-21, B-48, B-59, B-64, X-64): the shape of family E's deliveries with this family's records.

use crm_domain::{
    Result,
    control::tenant::Tenant,
    field::format_date,
    id::RecordId,
    tenant::{change::EntityKind, lead::Lead, opportunity::Opportunity as OpportunityEntity, rewind::Moment, webhook::WebhookFamily},
};
use serde::Serialize;
use serde_json::{Number, Value, json};

use super::opportunity::Opportunity;
use crate::families::payload::{Message, Shown, Sources, Speaker, values};

/// The family as its deliveries speak.
pub(crate) struct WebhookSpeaker;

impl Speaker for WebhookSpeaker {
    fn family(&self) -> WebhookFamily {
        WebhookFamily::Halopsa
    }

    fn data(&self, sources: &mut Sources<'_>, kind: EntityKind, moments: &[Moment<'_>]) -> Result<Vec<Option<Value>>> {
        match kind {
            EntityKind::Lead => sources.shown(moments, |_, leads: Vec<Shown<'_, Lead>>| {
                Ok(values(&leads.iter().map(|shown| LeadInfo::of(&shown.record)).collect::<Vec<_>>()))
            }),
            EntityKind::Opportunity => sources.shown(moments, |_, opportunities: Vec<Shown<'_, OpportunityEntity>>| {
                Ok(values(
                    &opportunities.iter().map(|shown| Opportunity::of(&shown.record)).collect::<Vec<_>>(),
                ))
            }),
            // No event of this family is about them.
            EntityKind::Account
            | EntityKind::Activity
            | EntityKind::ApiKey
            | EntityKind::Contact
            | EntityKind::CustomField
            | EntityKind::Handoff
            | EntityKind::Invitation
            | EntityKind::Partner
            | EntityKind::Pipeline
            | EntityKind::Setting
            | EntityKind::SlaPolicy
            | EntityKind::Stage
            | EntityKind::Tag
            | EntityKind::Task
            | EntityKind::Ticket
            | EntityKind::TicketComment
            | EntityKind::User
            | EntityKind::Webhook => Ok(vec![None; moments.len()]),
        }
    }

    fn envelope(&self, tenant: &Tenant, message: Message<'_>) -> Value {
        json!({
            "event_type": message.event,
            "timestamp": message.at.to_second_precision(),
            "tenant_id": tenant.uuid,
            "data": message.data,
            "metadata": message.metadata,
        })
    }
}

/// A lead, and the prospect that it is.
#[derive(Serialize)]
struct LeadInfo {
    lead_id: i64,
    /// The same; null for a lead that is no prospect.
    prospect_id: Option<i64>,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    company: Option<String>,
    title: Option<String>,
    phone: Option<String>,
    source: Option<String>,
    status: String,
    prospect_status: Option<&'static str>,
    reason: Option<String>,
    next_action: Option<String>,
    next_action_date: Option<String>,
    pain_points: Option<String>,
    budget_range: Option<String>,
    decision_maker: Option<bool>,
    fit_score: Option<Number>,
    halopsa_ticket_id: Option<i64>,
    created_at: String,
    updated_at: String,
}

impl LeadInfo {
    fn of(lead: &Lead) -> Self {
        let (fields, prospect) = (&lead.fields, &lead.fields.prospect);
        let text = |text: Option<&str>| text.map(str::to_owned);
        let status = fields.prospect_status();
        Self {
            lead_id: lead.id.get(),
            prospect_id: status.map(|_| lead.id.get()),
            first_name: text(fields.first_name.as_deref()),
            last_name: text(fields.last_name.as_deref()),
            email: fields.email.as_ref().map(|email| email.as_str().to_owned()),
            company: text(fields.company.as_deref()),
            title: text(fields.title.as_deref()),
            phone: text(fields.phone.as_deref()),
            source: text(fields.source.as_deref()),
            status: fields.status.as_str().to_lowercase(),
            prospect_status: status.map(|status| status.as_str()),
            reason: text(prospect.prospect_reason.as_deref()),
            next_action: text(prospect.next_action.as_deref()),
            next_action_date: prospect.next_action_date.map(format_date),
            pain_points: text(prospect.qualification.pain_points.as_deref()),
            budget_range: text(prospect.qualification.budget_range.as_deref()),
            decision_maker: prospect.qualification.decision_maker,
            fit_score: prospect.qualification.fit_score.map(|score| score.to_json()),
            // No lead has a ticket as long as there is no service desk.
            halopsa_ticket_id: None,
            created_at: lead.created_at.to_second_precision(),
            updated_at: lead.updated_at.to_second_precision(),
        }
    }
}
