//! What this family's webhooks are told (contract E-62 … E-80).

use crm_domain::{
    Result,
    control::tenant::Tenant,
    id::RecordId,
    stamp::Stamp,
    tenant::{
        change::EntityKind, handoff::Handoff, lead::Lead as LeadEntity, opportunity::Opportunity, rewind::Moment, task::Task as TaskEntity,
        webhook::WebhookFamily,
    },
};
use serde_json::{Value, json};

use super::{
    deal::Deal,
    lead::Lead,
    related::{Related, user},
    task::Task,
    ticket::Ticket,
};
use crate::families::payload::{Message, Shown, Sources, Speaker, values};

/// The family as its deliveries speak.
pub(crate) struct WebhookSpeaker;

impl Speaker for WebhookSpeaker {
    fn family(&self) -> WebhookFamily {
        WebhookFamily::Elevate
    }

    fn data(&self, sources: &mut Sources<'_>, kind: EntityKind, moments: &[Moment<'_>]) -> Result<Vec<Option<Value>>> {
        match kind {
            EntityKind::Handoff => sources.shown(moments, handoffs),
            EntityKind::Lead => sources.shown(moments, |Sources { reader, tenant }, leads| {
                Ok(values(&Lead::show(*reader, tenant, &records::<LeadEntity>(leads))?))
            }),
            EntityKind::Opportunity => sources.shown(moments, |Sources { reader, tenant }, deals| {
                Ok(values(&Deal::show(*reader, tenant, &records::<Opportunity>(deals))?))
            }),
            EntityKind::Task => sources.shown(moments, |Sources { reader, tenant }, tasks: Vec<Shown<'_, TaskEntity>>| {
                let tasks: Vec<_> = tasks.into_iter().map(|shown| (shown.record, shown.moment.change.stamp)).collect();
                Ok(values(&Task::show(*reader, tenant, &tasks)?))
            }),
            EntityKind::Ticket => sources.shown(moments, |Sources { reader, tenant }, tickets| {
                Ok(values(&Ticket::show(*reader, tenant, &records(tickets))?))
            }),
            // No event is about them.
            EntityKind::Account
            | EntityKind::Activity
            | EntityKind::ApiKey
            | EntityKind::Contact
            | EntityKind::CustomField
            | EntityKind::Invitation
            | EntityKind::Partner
            | EntityKind::Pipeline
            | EntityKind::Setting
            | EntityKind::SlaPolicy
            | EntityKind::Stage
            | EntityKind::Tag
            | EntityKind::TicketComment
            | EntityKind::User
            | EntityKind::Webhook => Ok(vec![None; moments.len()]),
        }
    }

    fn envelope(&self, tenant: &Tenant, message: Message<'_>) -> Value {
        // This family shows no policies; the name is told.
        let mut metadata = message.metadata;
        metadata.remove("sla_policy_id");
        json!({
            "event_type": message.event,
            "timestamp": message.at.to_second_precision(),
            "tenant_id": tenant.uuid,
            "data": message.data,
            "metadata": metadata,
        })
    }
}

fn records<R>(shown: Vec<Shown<'_, R>>) -> Vec<R> {
    shown.into_iter().map(|shown| shown.record).collect()
}

/// Handoffs with receiver and checklist (contract E-76, E-77, X-174).
fn handoffs(Sources { reader, tenant }: &mut Sources<'_>, handoffs: Vec<Shown<'_, Handoff>>) -> Result<Vec<Value>> {
    let handoffs = records(handoffs);
    let deals = handoffs
        .iter()
        .map(|handoff| (EntityKind::Opportunity, Some(handoff.fields.opportunity_id.get())));
    let related = Related::read(*reader, deals)?;
    Ok(handoffs.iter().map(|handoff| handoff_of(handoff, tenant, &related)).collect())
}

fn handoff_of(handoff: &Handoff, tenant: &Tenant, related: &Related) -> Value {
    let fields = &handoff.fields;
    let items: Vec<Value> = fields
        .checklist
        .iter()
        .map(|item| json!({ "title": &*item.title, "done": item.done }))
        .collect();
    json!({
        "tenant_id": tenant.uuid,
        "deal_id": related.get(EntityKind::Opportunity, fields.opportunity_id.get()),
        "receiver_id": user(fields.receiver_id),
        "initiator_id": user(fields.initiator_id),
        "notes": fields.notes.as_deref(),
        "checklist": items,
        "status": fields.status.as_str(),
        "initiated_at": handoff.created_at.to_second_precision(),
        "completed_at": fields.completed_at.map(Stamp::to_second_precision),
        "created_at": handoff.created_at.to_second_precision(),
        "updated_at": handoff.updated_at.to_second_precision(),
    })
}
