//! Sending deliveries: what is claimed, and what follows from what became of it.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use uuid::Uuid;

use crate::{
    error::{Error, Result},
    id::{DeliveryId, RecordId, WebhookId},
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        delivery::{Claim, Delivery, FAILING_DAYS, Hour, Outcome, Requeue, TestDelivery, Verdict, cap},
        webhook::{self, DisabledReason, Webhook},
    },
};

/// What whoever sends wants of a unit: to keep what became of deliveries, to give back what it did not send, and to have more.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    /// What became of deliveries.
    pub outcomes: Vec<Outcome>,
    /// Claimed and not sent.
    pub unsent: Vec<(WebhookId, DeliveryId)>,
    /// How many more to claim, of which webhooks.
    pub wanted: Vec<(WebhookId, u32)>,
}

impl Turn {
    /// The webhooks that it is about, by id.
    pub fn about(&self) -> Vec<WebhookId> {
        let outcomes = self.outcomes.iter().map(|outcome| outcome.webhook_id);
        let unsent = self.unsent.iter().map(|(webhook, _)| *webhook);
        let wanted = self.wanted.iter().map(|(webhook, _)| *webhook);
        let about: BTreeSet<WebhookId> = outcomes.chain(unsent).chain(wanted).collect();
        about.into_iter().collect()
    }
}

/// What a [`Turn`] came to.
#[derive(Debug, Clone, Default)]
pub struct Turned {
    /// What was claimed, in the order in which it is to be sent.
    pub claims: Vec<Claim>,
    /// The webhooks that the turn was about, as they are now; without those that are gone or not active.
    pub webhooks: Vec<Webhook>,
    /// When the next delivery of each of them is due, if there is one.
    pub due: HashMap<WebhookId, Stamp>,
}

/// Keeps what became of deliveries, and claims more for `owner`, for as long as `lease`.
///
/// # Errors
/// Those of the unit.
pub fn turn(unit: &mut dyn UnitOfWork, owner: Uuid, lease: Duration, turn: Turn) -> Result<Turned> {
    let about = turn.about();
    let Turn { outcomes, unsent, wanted } = turn;
    let known = unit.webhooks().lookup_many(&about)?;
    let mut known: HashMap<WebhookId, Webhook> = known.into_iter().map(|webhook| (webhook.id, webhook)).collect();
    settle(unit, owner, &outcomes, &mut known)?;
    release(unit, owner, &unsent, &known)?;
    known.retain(|_, webhook| webhook.fields.is_active);
    let claims = claim(unit, owner, lease, &wanted, &known)?;
    let due = due(unit, &known)?;
    let mut webhooks: Vec<Webhook> = known.into_values().collect();
    webhooks.sort_unstable_by_key(|webhook| webhook.id);
    Ok(Turned { claims, webhooks, due })
}

/// Keeps outcomes, and what they say of their webhooks.
fn settle(unit: &mut dyn UnitOfWork, owner: Uuid, outcomes: &[Outcome], known: &mut HashMap<WebhookId, Webhook>) -> Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    let held: BTreeSet<DeliveryId> = unit.deliveries().settle(owner, outcomes)?.into_iter().collect();
    let now = unit.stamp();
    let mut health: HashMap<WebhookId, Health> = HashMap::new();
    for outcome in outcomes.iter().filter(|outcome| held.contains(&outcome.id)) {
        let health = health.entry(outcome.webhook_id).or_default();
        health.arrived |= outcome.verdict == Verdict::Delivered;
        health.gone |= outcome.verdict == Verdict::Gone;
    }
    for (id, health) in health {
        if let Some(webhook) = known.get_mut(&id) {
            *webhook = judged(unit, webhook, health, now)?;
        }
    }
    Ok(())
}

/// What deliveries say of their receiver.
#[derive(Debug, Clone, Copy, Default)]
struct Health {
    arrived: bool,
    gone: bool,
}

/// The webhook after what was heard of its receiver (contract X-177 as decided): who is gone, or was not reached for five days, gets no more.
fn judged(unit: &mut dyn UnitOfWork, webhook: &Webhook, health: Health, now: Stamp) -> Result<Webhook> {
    if health.gone {
        return webhook::disable(unit, webhook.id, DisabledReason::Gone);
    }
    let since = match (health.arrived, webhook.failing_since) {
        (true, _) => None,
        (false, Some(since)) if now.since(since) >= FAILING_DAYS => {
            return webhook::disable(unit, webhook.id, DisabledReason::Failing);
        }
        (false, since) => since.or(Some(now)),
    };
    if since != webhook.failing_since {
        unit.webhooks().set_failing(webhook.id, since)?;
    }
    Ok(Webhook {
        failing_since: since,
        ..webhook.clone()
    })
}

fn release(unit: &mut dyn UnitOfWork, owner: Uuid, unsent: &[(WebhookId, DeliveryId)], known: &HashMap<WebhookId, Webhook>) -> Result<()> {
    if unsent.is_empty() {
        return Ok(());
    }
    let ids: Vec<DeliveryId> = unsent.iter().map(|(_, id)| *id).collect();
    unit.deliveries().release(owner, &ids)?;
    let is_capped = |id: &WebhookId| known.get(id).is_some_and(|webhook| cap(webhook.fields.family).is_some());
    let capped = unsent.iter().filter(|(webhook, _)| is_capped(webhook)).count();
    let hour = Hour::of(unit.stamp());
    let sent = unit.deliveries().sent_in(hour)?;
    unit.deliveries()
        .set_sent(hour, sent.saturating_sub(u32::try_from(capped).unwrap_or(u32::MAX)))
}

fn claim(
    unit: &mut dyn UnitOfWork,
    owner: Uuid,
    lease: Duration,
    wanted: &[(WebhookId, u32)],
    known: &HashMap<WebhookId, Webhook>,
) -> Result<Vec<Claim>> {
    let (hour, until) = (Hour::of(unit.stamp()), unit.stamp().plus(lease));
    let mut claims = Vec::new();
    for (id, limit) in wanted {
        let Some(webhook) = known.get(id) else { continue };
        let Some(most) = cap(webhook.fields.family) else {
            claims.extend(unit.deliveries().claim(*id, owner, until, *limit)?);
            continue;
        };
        // what is more waits until the hour turns.
        let sent = unit.deliveries().sent_in(hour)?;
        let room = most.saturating_sub(sent).min(*limit);
        if room > 0 {
            let claimed = unit.deliveries().claim(*id, owner, until, room)?;
            let now_sent = sent.saturating_add(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
            unit.deliveries().set_sent(hour, now_sent)?;
            claims.extend(claimed);
        }
    }
    Ok(claims)
}

/// When the next delivery of each webhook is due, and may be sent.
fn due(unit: &mut dyn UnitOfWork, known: &HashMap<WebhookId, Webhook>) -> Result<HashMap<WebhookId, Stamp>> {
    let hour = Hour::of(unit.stamp());
    let sent = unit.deliveries().sent_in(hour)?;
    let ids: Vec<WebhookId> = known.keys().copied().collect();
    let due = unit.deliveries().next_due(&ids)?;
    let allowed = |(id, due): (WebhookId, Stamp)| {
        let is_full = known
            .get(&id)
            .and_then(|webhook| cap(webhook.fields.family))
            .is_some_and(|most| sent >= most);
        (id, if is_full { due.max(hour.end()) } else { due })
    };
    Ok(due.into_iter().map(allowed).collect())
}

/// Sends a delivery again: one that is over, or one that waits for its next attempt, which comes at once.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] while it is being sent, and of a webhook that is not active.
pub fn redeliver(unit: &mut dyn UnitOfWork, webhook_id: WebhookId, id: DeliveryId) -> Result<Delivery> {
    active(unit, webhook_id)?;
    let missing = || Error::not_found(DeliveryId::NOUN, id);
    let found = unit.deliveries().lookup(webhook_id, id)?.ok_or_else(missing)?;
    let one = Requeue {
        webhook_id,
        after: DeliveryId::from_i64(found.id.get() - 1),
        until: found.id,
        failed_only: false,
    };
    if unit.deliveries().requeue(&one, 1)?.is_empty() {
        return Err(Error::state(DeliveryId::NOUN, id, "being sent", "delivered again"));
    }
    unit.deliveries().lookup(webhook_id, id)?.ok_or_else(missing)
}

/// Sends a part of a webhook's deliveries again, at most `limit`; the last of them, and how many.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] of a webhook that is not active.
pub fn redeliver_many(unit: &mut dyn UnitOfWork, which: &Requeue, limit: u32) -> Result<(Option<DeliveryId>, usize)> {
    active(unit, which.webhook_id)?;
    let again = unit.deliveries().requeue(which, limit)?;
    Ok((again.last().copied(), again.len()))
}

/// Keeps a test delivery that was sent. It counts among those of its hour; one beyond their cap is sent, too, since somebody waits for it.
///
/// # Errors
/// [`Error::NotFound`] when its webhook was deleted meanwhile.
pub fn record_test(unit: &mut dyn UnitOfWork, test: TestDelivery) -> Result<Delivery> {
    let found = unit.webhooks().lookup(test.webhook_id)?;
    let webhook = found.ok_or_else(|| Error::not_found(WebhookId::NOUN, test.webhook_id))?;
    if cap(webhook.fields.family).is_some() {
        let hour = Hour::of(unit.stamp());
        let sent = unit.deliveries().sent_in(hour)?;
        unit.deliveries().set_sent(hour, sent.saturating_add(1))?;
    }
    unit.deliveries().add_test(test)
}

fn active(unit: &mut dyn UnitOfWork, id: WebhookId) -> Result<Webhook> {
    let webhook = unit.webhooks().lookup(id)?.ok_or_else(|| Error::not_found(WebhookId::NOUN, id))?;
    match webhook.fields.is_active {
        true => Ok(webhook),
        false => Err(Error::state(WebhookId::NOUN, id, "not active", "delivered to")),
    }
}
