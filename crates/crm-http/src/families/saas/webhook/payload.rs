//! What this family's webhooks are told (contract C-149, X-110).

use crm_domain::{
    Result,
    control::tenant::Tenant,
    tenant::{
        change::EntityKind,
        handoff::Handoff as HandoffEntity,
        label,
        lead::Lead,
        opportunity::Opportunity,
        rewind::{Moment, Rewind},
        task::Task,
        ticket::Ticket,
        webhook::WebhookFamily,
    },
};
use serde_json::{Map, Value, json};

use crate::families::{
    payload::{Message, Shown, Sources, Speaker},
    saas::{
        change::show_value,
        deal::handoff::Handoff,
        id::{TENANT, show},
        include::object_of,
        noun::{Noun, View},
        word::{field_of, prefix_in},
    },
};

/// The family as its deliveries speak.
pub(crate) struct WebhookSpeaker;

impl Speaker for WebhookSpeaker {
    fn family(&self) -> WebhookFamily {
        WebhookFamily::Saas
    }

    fn data(&self, sources: &mut Sources<'_>, kind: EntityKind, moments: &[Moment<'_>]) -> Result<Vec<Option<Value>>> {
        match kind {
            EntityKind::Handoff => sources.shown(moments, handoffs),
            EntityKind::Lead => sources.shown(moments, resources::<Lead>),
            EntityKind::Opportunity => sources.shown(moments, resources::<Opportunity>),
            EntityKind::Task => sources.shown(moments, resources::<Task>),
            EntityKind::Ticket => sources.shown(moments, resources::<Ticket>),
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
        let told = |(name, value): (String, Value)| (field_of(&name), show_value(value, prefix_in(&name)));
        let metadata: Map<String, Value> = message.metadata.into_iter().map(told).collect();
        json!({
            "event": message.event,
            "timestamp": message.at.to_second_precision(),
            "tenantId": show(TENANT, tenant.id),
            "data": message.data,
            "metadata": metadata,
        })
    }
}

/// Records with their labels, each at its own time, which tells what is overdue.
fn resources<N: Noun + Rewind>(Sources { reader, tenant }: &mut Sources<'_>, records: Vec<Shown<'_, N>>) -> Result<Vec<Value>> {
    let mut ids: Vec<i64> = records.iter().map(|shown| shown.record.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    let carried = label::of(reader.labels(), N::KIND, &ids)?;
    let show = |Shown { record, moment }: Shown<'_, N>| {
        let labels = carried.get(&record.id()).cloned().unwrap_or_default();
        let view = View {
            tenant: tenant.id,
            now: moment.change.stamp,
        };
        Value::Object(object_of(&record.show(labels.rewound(moment.rewinding), view)))
    };
    Ok(records.into_iter().map(show).collect())
}

fn handoffs(Sources { tenant, .. }: &mut Sources<'_>, handoffs: Vec<Shown<'_, HandoffEntity>>) -> Result<Vec<Value>> {
    let show = |shown: Shown<'_, HandoffEntity>| Value::Object(object_of(&Handoff::of(shown.record, tenant.id)));
    Ok(handoffs.into_iter().map(show).collect())
}
