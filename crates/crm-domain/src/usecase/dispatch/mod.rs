//! Making deliveries of changes.
//!
//! A batch is prepared of one state that is read, off the tenant's writer: writing what many webhooks are told takes time. The unit that
//! commits it looks whether it still fits: nobody else made these deliveries meanwhile, and each webhook still wants to be told. So each
//! change makes each webhook's deliveries once, by whichever process.
//!
//! What a delivery says of its record is what the change left, however much was changed until the delivery is made: the later changes are
//! undone ([`rewind`](crate::tenant::rewind)).

mod rewinding;

use std::collections::{BTreeSet, HashMap};

use crate::{
    control::tenant::Tenant,
    error::{Error, Result},
    id::WebhookId,
    page::Direction,
    tenant::{
        TenantReader, UnitOfWork,
        change::{Change, ChangeFilter, EntityKind, Stretch},
        delivery::{NewDelivery, Payloads, Told},
        rewind::{Moment, Rewinding},
        webhook::{Occurrence, Webhook, WebhookFamily, occurrences},
    },
};

/// The kinds of record that events are about.
const KINDS: [EntityKind; 5] = [
    EntityKind::Handoff,
    EntityKind::Lead,
    EntityKind::Opportunity,
    EntityKind::Task,
    EntityKind::Ticket,
];
/// Most changes of a batch.
const PAGE: u32 = 200;
/// With so many deliveries a batch is closed: the writer's turn stays short.
const MOST: usize = 500;
/// That there was nothing to tell is noted after so many changes only: it saves a commit for each change that interests nobody.
const UNNOTED: i64 = 1_000;

/// What a look at the feed came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Nobody is to be told anything.
    Deaf,
    /// Nothing happened since.
    Idle,
    /// Something to commit.
    Batch(Batch),
}

/// Deliveries to be made of a stretch of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// How far deliveries were made before.
    from: i64,
    /// How far they are made with this batch.
    to: i64,
    deliveries: Vec<NewDelivery>,
    is_last: bool,
}

impl Batch {
    /// Up to which change it tells.
    pub fn to(&self) -> i64 {
        self.to
    }

    /// Whether it reaches the end of the feed as it was read.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether it must be committed: else it is enough to go on from [`Batch::to`].
    pub fn is_worth_a_unit(&self) -> bool {
        !self.deliveries.is_empty() || self.to - self.from >= UNNOTED
    }
}

/// Looks what happened behind the last change whose deliveries were made, or behind `looked_at`, up to which this process found nothing to
/// tell. The reader should see one state throughout.
///
/// # Errors
/// Those of reading.
pub fn prepare(reader: &mut dyn TenantReader, tenant: &Tenant, payloads: &dyn Payloads, looked_at: i64) -> Result<Look> {
    let from = reader.deliveries().dispatched()?;
    let last = reader.changes().last_seq()?;
    let mut after = from.max(looked_at);
    if after >= last {
        return Ok(Look::Idle);
    }
    let mut webhooks = reader.webhooks().list_active()?;
    webhooks.retain(|webhook| payloads.speaks(webhook.fields.family));
    let Some(since) = webhooks.iter().map(|webhook| webhook.listens_since).min() else {
        return Ok(Look::Deaf);
    };
    let mut changes = page(reader, after, last)?;
    if changes.first().is_some_and(|change| change.stamp <= since) {
        // Nobody listened then: what may be a long stretch is passed over.
        after = reader.changes().first_since(since)? - 1;
        changes = page(reader, after, last)?;
    }
    let is_whole = changes.len() < PAGE as usize;
    let (happened, taken) = happenings(&changes, &webhooks);
    let is_last = is_whole && taken == changes.len();
    let to = match is_last {
        true => last,
        false => taken.checked_sub(1).map_or(after, |index| changes[index].seq),
    };
    let places = happened.iter().map(|happening| happening.change).collect();
    let rewindings = rewinding::rewindings(reader, &changes, &places, is_whole)?;
    let told = told(&happened, &changes, &rewindings)?;
    let bodies = bodies(reader, tenant, payloads, &happened, &told)?;
    let deliveries = deliveries(&happened, &told, &bodies);
    Ok(Look::Batch(Batch {
        from,
        to,
        deliveries,
        is_last,
    }))
}

fn page(reader: &mut dyn TenantReader, after: i64, last: i64) -> Result<Vec<Change>> {
    let stretch = Stretch {
        after,
        before: last.saturating_add(1),
        direction: Direction::Ascending,
        limit: PAGE,
    };
    reader.changes().list(&ChangeFilter::of_entities(KINDS.into()), &stretch)
}

/// Something that happened, and who wants to know.
struct Happening<'a> {
    /// The place of its change among those read.
    change: usize,
    occurrence: Occurrence,
    wanted_by: Vec<&'a Webhook>,
}

/// What happened with the changes that fit into one batch, and how many changes those are.
fn happenings<'a>(changes: &[Change], webhooks: &'a [Webhook]) -> (Vec<Happening<'a>>, usize) {
    let (mut happened, mut made) = (Vec::new(), 0);
    for (index, change) in changes.iter().enumerate() {
        if made >= MOST {
            return (happened, index);
        }
        for occurrence in occurrences(change) {
            let wanted_by: Vec<&Webhook> = webhooks
                .iter()
                .filter(|webhook| webhook.wants(occurrence.event, change.stamp))
                .collect();
            made += wanted_by.len();
            if !wanted_by.is_empty() {
                happened.push(Happening {
                    change: index,
                    occurrence,
                    wanted_by,
                });
            }
        }
    }
    (happened, changes.len())
}

/// What is told of each happening, in order.
fn told<'a>(happened: &'a [Happening<'_>], changes: &'a [Change], rewindings: &'a HashMap<usize, Rewinding>) -> Result<Vec<Told<'a>>> {
    let told = |happening: &'a Happening<'_>| {
        let rewinding = rewindings.get(&happening.change);
        let rewinding = rewinding.ok_or_else(|| Error::Internal("a change has no rewinding".to_owned()))?;
        Ok(Told {
            occurrence: &happening.occurrence,
            moment: Moment {
                change: &changes[happening.change],
                rewinding,
            },
        })
    };
    happened.iter().map(told).collect()
}

/// What the families say, by family and place: of each happening once, however many webhooks want it.
type Bodies = HashMap<(WebhookFamily, usize), String>;

fn bodies(
    reader: &mut dyn TenantReader,
    tenant: &Tenant,
    payloads: &dyn Payloads,
    happened: &[Happening<'_>],
    told: &[Told<'_>],
) -> Result<Bodies> {
    let mut bodies = HashMap::new();
    for family in [WebhookFamily::Saas, WebhookFamily::Elevate, WebhookFamily::Halopsa] {
        let is_wanted = |happening: &Happening<'_>| happening.wanted_by.iter().any(|webhook| webhook.fields.family == family);
        let places: Vec<usize> = (0..happened.len()).filter(|place| is_wanted(&happened[*place])).collect();
        if places.is_empty() {
            continue;
        }
        let wanted: Vec<Told<'_>> = places.iter().map(|place| told[*place]).collect();
        let said = payloads.bodies(reader, tenant, family, &wanted)?;
        bodies.extend(places.into_iter().map(|place| (family, place)).zip(said));
    }
    Ok(bodies)
}

fn deliveries(happened: &[Happening<'_>], told: &[Told<'_>], bodies: &Bodies) -> Vec<NewDelivery> {
    let mut deliveries = Vec::new();
    for (place, (happening, told)) in happened.iter().zip(told).enumerate() {
        let change = told.moment.change;
        for webhook in &happening.wanted_by {
            let family = webhook.fields.family;
            let (Some(event), Some(body)) = (family.word(happening.occurrence.event), bodies.get(&(family, place))) else {
                continue;
            };
            deliveries.push(NewDelivery {
                webhook_id: webhook.id,
                event,
                seq: change.seq,
                record: happening.occurrence.record,
                happened_at: change.stamp,
                body: body.clone(),
            });
        }
    }
    deliveries
}

/// Makes a batch's deliveries; the webhooks that have some. `None` when somebody else made deliveries meanwhile: then a further look tells
/// what is left.
///
/// # Errors
/// Those of the unit.
pub fn commit(unit: &mut dyn UnitOfWork, batch: Batch) -> Result<Option<BTreeSet<WebhookId>>> {
    if unit.deliveries().dispatched()? != batch.from {
        return Ok(None);
    }
    let Batch { to, mut deliveries, .. } = batch;
    if !deliveries.is_empty() {
        let active = unit.webhooks().list_active()?;
        let listening: HashMap<WebhookId, _> = active.iter().map(|webhook| (webhook.id, webhook.listens_since)).collect();
        deliveries.retain(|delivery| {
            listening
                .get(&delivery.webhook_id)
                .is_some_and(|since| delivery.happened_at > *since)
        });
        unit.deliveries().add(&deliveries)?;
    }
    unit.deliveries().advance(to)?;
    Ok(Some(deliveries.iter().map(|delivery| delivery.webhook_id).collect()))
}
