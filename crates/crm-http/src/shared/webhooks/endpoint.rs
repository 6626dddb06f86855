//! One webhook's receiver, as a courier knows it.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crm_domain::{
    stamp::Stamp,
    tenant::{delivery::Claim, webhook::Webhook},
};

/// How long a claim lasts.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// What must be left of a claim when it is sent: longer than a delivery takes.
pub(super) const MARGIN: Duration = Duration::from_secs(20);
/// Most claims that wait for one receiver.
const WINDOW: u32 = 128;
/// As many at first.
const FIRST_WINDOW: u32 = 8;

/// After so many attempts in a row without an answer a receiver is taken for silent.
const SILENT: u32 = 8;
/// One that has taken nothing for so long is so from the start.
const LONG: Duration = Duration::from_secs(300);

/// Closed once a receiver answered that it wants no more.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(super) fn close(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A receiver.
pub(super) struct Endpoint {
    /// The webhook as it was when deliveries of it were last claimed.
    webhook: Arc<Webhook>,
    queue: VecDeque<Claim>,
    under_way: usize,
    /// How many claims may wait: it doubles while the receiver takes what it is sent, and falls back when it does not answer, so that little is
    /// held of what cannot be sent soon.
    window: u32,
    /// How many attempts in a row got no answer.
    silent: u32,
    /// Whether it answered since the courier knows it.
    was_heard: bool,
    gate: Gate,
}

impl Endpoint {
    /// A receiver that has not been sent anything yet at `now`.
    pub(super) fn new(webhook: Webhook, now: Stamp) -> Self {
        let is_known_to_fail = webhook.failing_since.is_some_and(|since| now.since(since) >= LONG);
        Self {
            silent: if is_known_to_fail { SILENT } else { 0 },
            webhook: Arc::new(webhook),
            queue: VecDeque::new(),
            under_way: 0,
            window: FIRST_WINDOW,
            was_heard: false,
            gate: Gate::default(),
        }
    }

    pub(super) fn webhook(&self) -> &Arc<Webhook> {
        &self.webhook
    }

    /// The webhook as it is now.
    pub(super) fn renew(&mut self, webhook: Webhook) {
        self.webhook = Arc::new(webhook);
    }

    /// Takes a claim to be sent; gives it back when the receiver wants no more.
    pub(super) fn push(&mut self, claim: Claim) -> Option<Claim> {
        if self.gate.is_closed() {
            return Some(claim);
        }
        self.queue.push_back(claim);
        None
    }

    /// What is closed when the receiver wants no more.
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Takes claims again, after it was kept that the receiver wanted no more. Those that waited then are not sent.
    pub(super) fn reopen(&mut self) {
        self.gate = Gate::default();
    }

    /// Takes everything that waits.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Claim> {
        self.queue.drain(..)
    }

    /// How many more to claim; none while half of what may wait does.
    pub(super) fn room(&self) -> u32 {
        let waiting = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        let room = self.window.saturating_sub(waiting);
        if room * 2 >= self.window { room } else { 0 }
    }

    /// The same for a receiver that nothing is known of yet.
    pub(super) const fn first_room() -> u32 {
        FIRST_WINDOW
    }

    /// The next claim to be sent, where one may be; a receiver that did not answer is sent one at a time.
    pub(super) fn next(&mut self, parallel: usize) -> Option<Claim> {
        let most = if self.is_troubled() { 1 } else { parallel };
        if self.under_way >= most {
            return None;
        }
        let claim = self.queue.pop_front()?;
        self.under_way += 1;
        Some(claim)
    }

    /// A claim that was to be sent is no longer under way.
    pub(super) fn landed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Whether the receiver answered, and well.
    pub(super) fn heard(&mut self, answered: bool, took_it: bool) {
        self.silent = if answered { 0 } else { self.silent.saturating_add(1) };
        self.was_heard |= answered;
        if self.is_troubled() {
            self.window = FIRST_WINDOW;
        } else if took_it {
            self.window = (self.window + 1).min(WINDOW);
        }
    }

    /// Whether it does not answer any more: then it is sent one at a time.
    pub(super) fn is_troubled(&self) -> bool {
        self.silent >= SILENT
    }

    /// Whether nothing was heard of it last, so that its deliveries wait among their like: it did not answer, or has taken nothing lately and
    /// not answered since.
    pub(super) fn is_silent(&self) -> bool {
        self.silent > 0 || !self.was_heard && self.webhook.failing_since.is_some()
    }

    /// Whether it can be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.under_way == 0
    }
}

/// Whether a claim lasts long enough to be sent now.
pub(super) fn lasts(claim: &Claim, now: Stamp) -> bool {
    claim.until.since(now) >= MARGIN
}

#[cfg(test)]
mod tests {
    use crm_domain::{
        clock::SystemEntropy,
        field::{Check, Patch},
        id::{DeliveryId, RecordId, TenantId, WebhookId},
        sealing::{Sealer, Vault},
        tenant::webhook::{Targets, WebhookDraft, WebhookFamily, WebhookFields, WebhookRules},
    };
    use uuid::Uuid;

    use super::*;

    const NOW: Stamp = Stamp::from_micros(1_000_000_000_000);

    fn webhook(failing_since: Option<Stamp>) -> Webhook {
        let sealer = Sealer::new([7; 32], &[], Arc::new(SystemEntropy));
        let rules = WebhookRules {
            targets: Targets::Public,
            vault: Vault::new(Arc::new(sealer), TenantId::from_i64(1)),
        };
        let draft = WebhookDraft {
            url: Patch::Set("https://example.com".to_owned()),
            events: Patch::Set(vec!["*".to_owned()]),
            ..WebhookDraft::default()
        };
        let (fields, _) = WebhookFields::parse(draft, WebhookFamily::Saas, &rules, &SystemEntropy, Check::new()).unwrap();
        Webhook {
            id: WebhookId::from_i64(1),
            uuid: Uuid::nil(),
            fields,
            created_at: NOW,
            created_by: None,
            updated_at: NOW,
            listens_since: NOW,
            failing_since,
        }
    }

    fn claim(id: i64) -> Claim {
        Claim {
            id: DeliveryId::from_i64(id),
            uuid: Uuid::nil(),
            webhook_id: WebhookId::from_i64(1),
            event: "lead.created".to_owned(),
            body: "{}".to_owned(),
            attempts: 0,
            tries: 0,
            until: NOW.plus(LEASE),
        }
    }

    #[test]
    fn as_many_are_under_way_as_may_be() {
        let mut endpoint = Endpoint::new(webhook(None), NOW);
        (1..=6).for_each(|id| drop(endpoint.push(claim(id))));
        let sent: Vec<i64> = std::iter::from_fn(|| endpoint.next(4)).map(|claim| claim.id.get()).collect();
        assert_eq!(sent, [1, 2, 3, 4]);
        endpoint.landed();
        assert_eq!(endpoint.next(4).map(|claim| claim.id.get()), Some(5));
        assert!(endpoint.next(4).is_none() && !endpoint.is_idle());
    }

    #[test]
    fn who_does_not_answer_is_sent_one_at_a_time_until_it_does() {
        let mut endpoint = Endpoint::new(webhook(None), NOW);
        for _ in 0..SILENT {
            assert!(!endpoint.is_troubled());
            endpoint.heard(false, false);
        }
        assert!(endpoint.is_troubled());
        (1..=3).for_each(|id| drop(endpoint.push(claim(id))));
        assert!(endpoint.next(4).is_some() && endpoint.next(4).is_none());
        endpoint.heard(true, false);
        assert!(!endpoint.is_troubled() && endpoint.next(4).is_some(), "a refusal is an answer");
        let long = Endpoint::new(webhook(Some(NOW.minus(LONG))), NOW);
        assert!(long.is_troubled() && !Endpoint::new(webhook(Some(NOW)), NOW).is_troubled());
    }

    #[test]
    fn one_attempt_without_an_answer_puts_it_among_the_silent() {
        let mut endpoint = Endpoint::new(webhook(None), NOW);
        assert!(!endpoint.is_silent());
        endpoint.heard(false, false);
        assert!(endpoint.is_silent() && !endpoint.is_troubled());
        endpoint.heard(true, false);
        assert!(!endpoint.is_silent());
        let mut failing = Endpoint::new(webhook(Some(NOW)), NOW);
        assert!(failing.is_silent());
        failing.heard(true, false);
        assert!(!failing.is_silent(), "it answers");
    }

    #[test]
    fn who_wants_no_more_takes_no_claims_until_that_was_kept() {
        let mut endpoint = Endpoint::new(webhook(None), NOW);
        assert!(endpoint.push(claim(1)).is_none());
        let waiting = endpoint.gate().clone();
        endpoint.gate().close();
        assert_eq!(endpoint.push(claim(2)).map(|claim| claim.id.get()), Some(2));
        endpoint.reopen();
        assert!(endpoint.push(claim(3)).is_none());
        assert!(waiting.is_closed(), "what waited before is not sent");
    }

    #[test]
    fn more_is_held_of_who_takes_it() {
        let mut endpoint = Endpoint::new(webhook(None), NOW);
        assert_eq!(endpoint.room(), FIRST_WINDOW);
        (0..1_000).for_each(|_| endpoint.heard(true, true));
        assert_eq!(endpoint.room(), WINDOW);
        (0..100).for_each(|id| drop(endpoint.push(claim(id))));
        assert_eq!(endpoint.room(), 0, "while half of it waits");
        (0..SILENT).for_each(|_| endpoint.heard(false, false));
        assert_eq!(endpoint.take_all().count(), 100);
        assert_eq!(endpoint.room(), FIRST_WINDOW);
    }

    #[test]
    fn what_ends_before_it_can_be_sent_is_not_sent() {
        assert!(lasts(&claim(1), NOW));
        assert!(!lasts(&claim(1), NOW.plus(LEASE)));
        assert!(!lasts(&claim(1), NOW.plus(LEASE - MARGIN + Duration::from_secs(1))));
    }
}
