//! What deliveries to webhooks say: each family's own document shapes the deliveries of the webhooks that were registered through it. A family
//! whose webhooks are told of events implements [`Speaker`] and adds its line to [`SPEAKERS`].

use std::collections::{BTreeMap, HashMap};

use crm_domain::{
    Error, Result,
    control::tenant::Tenant,
    stamp::Stamp,
    tenant::{
        TenantReader,
        change::EntityKind,
        delivery::{Payloads, TEST, Told},
        rewind::{self, Moment, Rewind},
        webhook::WebhookFamily,
    },
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{elevate, halopsa, saas};

/// Every family whose webhooks are told of events, one line each.
static SPEAKERS: &[&dyn Speaker] = &[&saas::WebhookSpeaker, &elevate::WebhookSpeaker, &halopsa::WebhookSpeaker];

/// A family as deliveries speak.
pub(crate) trait Speaker: Sync {
    /// Whose webhooks these are.
    fn family(&self) -> WebhookFamily;

    /// Records of a kind as they were at these moments, as the family shows them: one for each, in order; `None` for what is not kept any
    /// more, and of kinds that no event is about.
    ///
    /// # Errors
    /// Those of reading.
    fn data(&self, sources: &mut Sources<'_>, kind: EntityKind, moments: &[Moment<'_>]) -> Result<Vec<Option<Value>>>;

    /// The whole body.
    fn envelope(&self, tenant: &Tenant, message: Message<'_>) -> Value;
}

/// Where what is told of is read.
pub(crate) struct Sources<'a> {
    /// The tenant's records.
    pub reader: &'a mut dyn TenantReader,
    /// The tenant.
    pub tenant: &'a Tenant,
}

impl Sources<'_> {
    /// Records as they were at these moments, each shown at its moment's time by `show`, which is given all that are kept, in order.
    ///
    /// # Errors
    /// Those of reading.
    pub fn shown<R: Rewind>(
        &mut self,
        moments: &[Moment<'_>],
        show: impl FnOnce(&mut Self, Vec<Shown<'_, R>>) -> Result<Vec<Value>>,
    ) -> Result<Vec<Option<Value>>> {
        let states = rewind::states::<R>(self.reader, moments)?;
        let are_kept: Vec<bool> = states.iter().map(Option::is_some).collect();
        let kept = states.into_iter().zip(moments);
        let kept = kept.filter_map(|(record, moment)| {
            Some(Shown {
                record: record?,
                moment: *moment,
            })
        });
        let mut shown = show(self, kept.collect())?.into_iter();
        Ok(are_kept
            .into_iter()
            .map(|is_kept| is_kept.then(|| shown.next()).flatten())
            .collect())
    }
}

/// Resources as JSON.
pub(crate) fn values<T: Serialize>(resources: &[T]) -> Vec<Value> {
    // They are structs with named fields, which cannot fail to be objects.
    resources
        .iter()
        .map(|resource| serde_json::to_value(resource).unwrap_or_default())
        .collect()
}

/// A record on its way into a body.
pub(crate) struct Shown<'a, R> {
    /// The record as it was.
    pub record: R,
    /// When.
    pub moment: Moment<'a>,
}

/// What a body says.
pub(crate) struct Message<'a> {
    /// The event, in the family's word.
    pub event: &'a str,
    /// When it happened.
    pub at: Stamp,
    /// The record.
    pub data: Value,
    /// What else is told of the event, in the domain's words.
    pub metadata: Map<String, Value>,
}

/// The families' way of speaking.
pub(crate) struct FamilyPayloads;

impl FamilyPayloads {
    fn speaker(family: WebhookFamily) -> Result<&'static dyn Speaker> {
        let found = SPEAKERS.iter().find(|speaker| speaker.family() == family);
        found
            .copied()
            .ok_or_else(|| Error::Internal(format!("webhooks of family {} are told nothing", family.as_str())))
    }
}

impl Payloads for FamilyPayloads {
    fn speaks(&self, family: WebhookFamily) -> bool {
        SPEAKERS.iter().any(|speaker| speaker.family() == family)
    }

    fn bodies(&self, reader: &mut dyn TenantReader, tenant: &Tenant, family: WebhookFamily, told: &[Told<'_>]) -> Result<Vec<String>> {
        let speaker = Self::speaker(family)?;
        let data = data(speaker, &mut Sources { reader, tenant }, told)?;
        let body = |told: &Told<'_>| {
            let message = Message {
                event: family.word(told.occurrence.event).unwrap_or_default(),
                at: told.moment.change.stamp,
                // Nothing is known of a record that is not kept any more: so it is told.
                data: data.get(&told.moment.change.seq).cloned().unwrap_or_default(),
                metadata: told.occurrence.metadata.clone(),
            };
            written(&speaker.envelope(tenant, message))
        };
        told.iter().map(body).collect()
    }

    fn test_body(&self, tenant: &Tenant, family: WebhookFamily, now: Stamp) -> Result<String> {
        let message = Message {
            event: TEST,
            at: now,
            data: json!({ "message": "This is a test delivery." }),
            metadata: Map::new(),
        };
        written(&Self::speaker(family)?.envelope(tenant, message))
    }
}

/// The records that are told of, by the number of the change that left them so: each is shown once, however many events the change makes.
fn data(speaker: &dyn Speaker, sources: &mut Sources<'_>, told: &[Told<'_>]) -> Result<HashMap<i64, Value>> {
    let mut of_kind: BTreeMap<EntityKind, BTreeMap<i64, Moment<'_>>> = BTreeMap::new();
    for told in told {
        let change = told.moment.change;
        of_kind.entry(change.entity).or_default().insert(change.seq, told.moment);
    }
    let mut data = HashMap::new();
    for (kind, moments) in of_kind {
        let (numbers, moments): (Vec<i64>, Vec<Moment<'_>>) = moments.into_iter().unzip();
        let shown = speaker.data(sources, kind, &moments)?;
        if shown.len() != numbers.len() {
            let cause = format!("{} records were shown instead of {}", shown.len(), numbers.len());
            return Err(Error::Internal(cause));
        }
        data.extend(numbers.into_iter().zip(shown).filter_map(|(seq, value)| Some((seq, value?))));
    }
    Ok(data)
}

fn written(body: &Value) -> Result<String> {
    serde_json::to_string(body).map_err(|error| Error::Internal(error.to_string()))
}
