//! One tenant's courier.
//!
//! Three things go on at once: deliveries are made of what happened, outcomes are kept and more is claimed, and what is claimed is sent. While a unit is
//! being committed outcomes come together; the next unit keeps them all. So the number of commits follows from how long one takes, not from
//! how many deliveries there are.

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use crm_domain::{
    Result,
    id::{DeliveryId, TenantId, WebhookId},
    stamp::Stamp,
    tenant::{
        delivery::{Outcome, Verdict},
        webhook::Webhook,
    },
    usecase::deliver::{Turn, Turned},
};
use metrics::counter;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Sleep, sleep},
};

use super::{
    AHEAD, Webhooks,
    bell::Bell,
    endpoint::{Endpoint, lasts},
    load::{Dispatched, Round},
    outgoing::{Leave, Sent},
    room::Share,
};

/// Most receivers of which one unit claims.
const RECEIVERS: usize = 64;
/// How long a courier that is to stop waits for deliveries under way before it gives them back: they are sent again then.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a courier waits after a database did not answer.
const REST: Duration = Duration::from_secs(1);

type Task<T> = Option<Pin<Box<dyn Future<Output = Result<T>> + Send>>>;

/// Looks after a tenant until there is nothing to do.
pub(super) async fn attend(own: Arc<Webhooks>, id: TenantId, bell: Arc<Bell>) {
    loop {
        bell.take_rung();
        if let Err(error) = visit(&own, id, &bell).await {
            tracing::warn!(%error, tenant = %id, "a tenant's deliveries cannot be looked at; it is tried again");
        }
        if own.dismiss(id, &bell) {
            bell.dismiss();
            return;
        }
    }
}

async fn visit(own: &Arc<Webhooks>, id: TenantId, bell: &Arc<Bell>) -> Result<()> {
    if own.is_stopping() {
        return Ok(());
    }
    let Some(round) = own.visit(id).await? else { return Ok(()) };
    if !round.has_webhooks {
        own.lock().deaf.insert(id, Instant::now());
        return own.leave(&round, None).await;
    }
    own.lock().deaf.remove(&id);
    let next_due = Courier::new(own, &round, bell).run().await;
    own.leave(&round, next_due).await
}

struct Courier<'a> {
    own: &'a Arc<Webhooks>,
    round: &'a Round,
    bell: &'a Arc<Bell>,
    /// Which edition of the webhooks the queues are of.
    edition: u64,
    /// The tenant's places: for receivers that answer, and for those that did not.
    share: Share,
    silent_share: Share,
    endpoints: HashMap<WebhookId, Endpoint>,
    /// When the next delivery of each webhook is due, as far as is known.
    due: HashMap<WebhookId, Stamp>,
    /// Webhooks of which something became due since the turn under way began: what it tells of them may be older.
    noticed: HashSet<WebhookId>,
    /// The stamp of the last unit: the writers' time, which may be ahead of the clock.
    stamp: Stamp,
    /// Whether something happened that no deliveries were made of.
    is_behind: bool,
    under_way: HashMap<DeliveryId, WebhookId>,
    landings: (UnboundedSender<Sent>, UnboundedReceiver<Sent>),
    outcomes: Vec<Outcome>,
    unsent: Vec<(WebhookId, DeliveryId)>,
    dispatching: Task<Dispatched>,
    turning: Task<(Turned, Stamp)>,
    /// The turn under way: when it fails, what it was to keep is taken along by the next.
    taken: Turn,
    /// Reads what is due, after the webhooks or their deliveries were changed.
    rereading: Task<Vec<(WebhookId, Stamp)>>,
    is_outdated: bool,
    resting: Option<Pin<Box<Sleep>>>,
    /// Set when it is to stop.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<'a> Courier<'a> {
    fn new(own: &'a Arc<Webhooks>, round: &'a Round, bell: &'a Arc<Bell>) -> Self {
        Self {
            own,
            round,
            bell,
            edition: bell.edition(),
            share: own.room.share(),
            silent_share: own.silent_room.share(),
            endpoints: HashMap::new(),
            due: round.due.clone(),
            stamp: own.clock.now().plus(AHEAD),
            is_behind: true,
            under_way: HashMap::new(),
            landings: unbounded_channel(),
            outcomes: Vec::new(),
            unsent: Vec::new(),
            dispatching: None,
            turning: None,
            taken: Turn::default(),
            rereading: None,
            is_outdated: false,
            noticed: HashSet::new(),
            resting: None,
            patience: None,
        }
    }

    /// Works until there is nothing to do now; when there is next.
    async fn run(mut self) -> Option<Stamp> {
        loop {
            self.take_notice();
            self.begin();
            let is_writing = self.dispatching.is_some() || self.turning.is_some() || self.rereading.is_some();
            if !is_writing && self.under_way.is_empty() && (self.resting.is_none() || self.own.is_stopping()) {
                return self.due.values().min().copied();
            }
            self.wait().await;
        }
    }

    fn now(&self) -> Stamp {
        self.own.clock.now().max(self.stamp)
    }

    /// Sees whether it was called, and whether what it holds still holds.
    fn take_notice(&mut self) {
        self.is_behind |= self.bell.take_rung();
        let edition = self.bell.edition();
        let is_stopping = self.own.is_stopping();
        self.is_behind &= !is_stopping;
        let is_changed = std::mem::replace(&mut self.edition, edition) != edition;
        self.is_outdated |= is_changed && !is_stopping;
        if is_stopping && self.patience.is_none() {
            self.patience = Some(Box::pin(sleep(PATIENCE)));
        }
        if is_changed || is_stopping {
            for (id, endpoint) in &mut self.endpoints {
                self.unsent.extend(endpoint.take_all().map(|claim| (*id, claim.id)));
            }
        }
    }

    /// Something of a webhook is due, perhaps.
    fn notice(&mut self, webhook: WebhookId) {
        self.noticed.insert(webhook);
        // Sooner than whatever else it has: a turn tells.
        self.due.insert(webhook, Stamp::default());
    }

    /// Begins whatever can be begun.
    fn begin(&mut self) {
        self.send();
        if self.resting.is_some() {
            return;
        }
        if self.is_behind && self.dispatching.is_none() {
            self.is_behind = false;
            let (tenant, store) = (Arc::clone(&self.round.tenant), Arc::clone(&self.round.store));
            self.dispatching = Some(Box::pin(Arc::clone(self.own).dispatch(tenant, store)));
        }
        if self.is_outdated && self.rereading.is_none() {
            self.is_outdated = false;
            self.rereading = Some(Box::pin(Arc::clone(self.own).due(Arc::clone(&self.round.store))));
        }
        if self.turning.is_none()
            && let Some(turn) = self.next_turn()
        {
            self.taken = turn.clone();
            self.noticed.clear();
            self.turning = Some(Box::pin(Arc::clone(self.own).turn(Arc::clone(&self.round.store), turn)));
        }
    }

    /// Sends what waits, as far as each receiver may have more at once: to all the first, then to all the second, so that who answers does not
    /// wait for several places of who does not.
    fn send(&mut self) {
        let now = self.own.clock.now();
        for most in 1..=self.own.settings.per_endpoint.max(1) {
            for endpoint in self.endpoints.values_mut() {
                while let Some(claim) = endpoint.next(most) {
                    if !lasts(&claim, now) {
                        endpoint.landed();
                        self.unsent.push((claim.webhook_id, claim.id));
                        continue;
                    }
                    self.under_way.insert(claim.id, claim.webhook_id);
                    let is_silent = endpoint.is_silent();
                    let leave = Leave {
                        share: if is_silent { self.silent_share.clone() } else { self.share.clone() },
                        is_silent,
                        gate: endpoint.gate().clone(),
                        bell: Arc::clone(self.bell),
                        edition: self.edition,
                    };
                    let (tenant, webhook) = (Arc::clone(&self.round.tenant), Arc::clone(endpoint.webhook()));
                    let deliver = Arc::clone(self.own).deliver(tenant, webhook, claim, leave);
                    let landing = self.landings.0.clone();
                    tokio::spawn(async move {
                        // The courier waits for it.
                        let _ = landing.send(deliver.await);
                    });
                }
            }
        }
    }

    /// What the next unit is to do, if there is anything.
    fn next_turn(&mut self) -> Option<Turn> {
        let wanted = if self.own.is_stopping() { Vec::new() } else { self.wanted() };
        if self.outcomes.is_empty() && self.unsent.is_empty() && wanted.is_empty() {
            return None;
        }
        Some(Turn {
            outcomes: std::mem::take(&mut self.outcomes),
            unsent: std::mem::take(&mut self.unsent),
            wanted,
        })
    }

    /// How many more to claim of which webhooks: those whose deliveries have been due longest first.
    fn wanted(&self) -> Vec<(WebhookId, u32)> {
        let now = self.now();
        let mut due: Vec<(Stamp, WebhookId)> = self.due.iter().filter(|(_, at)| **at <= now).map(|(id, at)| (*at, *id)).collect();
        due.sort_unstable();
        let room = |id: &WebhookId| self.endpoints.get(id).map_or(Endpoint::first_room(), Endpoint::room);
        due.into_iter()
            .map(|(_, id)| (id, room(&id)))
            .filter(|(_, room)| *room > 0)
            .take(RECEIVERS)
            .collect()
    }

    async fn wait(&mut self) {
        tokio::select! {
            made = done(&mut self.dispatching) => self.dispatched(made),
            turned = done(&mut self.turning) => self.turned(turned),
            due = done(&mut self.rereading) => self.reread(due),
            Some(sent) = self.landings.1.recv() => {
                self.landed(sent);
                while let Ok(sent) = self.landings.1.try_recv() {
                    self.landed(sent);
                }
            }
            () = self.bell.called() => {}
            () = rested(&mut self.resting) => self.resting = None,
            () = rested(&mut self.patience) => {
                self.patience = Some(Box::pin(sleep(PATIENCE)));
                self.unsent.extend(self.under_way.drain().map(|(id, webhook)| (webhook, id)));
            }
        }
    }

    fn dispatched(&mut self, made: Result<Dispatched>) {
        match made {
            Ok(Dispatched { made, has_more }) => {
                self.is_behind |= has_more;
                if let Some((webhooks, stamp)) = made {
                    self.stamp = self.stamp.max(stamp);
                    webhooks.into_iter().for_each(|webhook| self.notice(webhook));
                }
            }
            Err(error) => {
                tracing::warn!(%error, tenant = %self.round.tenant.id, "deliveries cannot be made; it is tried again");
                self.is_behind = true;
                self.rest();
            }
        }
    }

    fn reread(&mut self, due: Result<Vec<(WebhookId, Stamp)>>) {
        match due {
            Ok(due) => due.into_iter().for_each(|(webhook, _)| self.notice(webhook)),
            Err(error) => {
                tracing::warn!(%error, tenant = %self.round.tenant.id, "it cannot be read which deliveries are due; it is tried again");
                self.is_outdated = true;
                self.rest();
            }
        }
    }

    fn turned(&mut self, turned: Result<(Turned, Stamp)>) {
        let taken = std::mem::take(&mut self.taken);
        let about = taken.about();
        let (turned, stamp) = match turned {
            Ok(turned) => turned,
            Err(error) => {
                tracing::warn!(%error, tenant = %self.round.tenant.id, "what became of deliveries cannot be kept; it is tried again");
                self.outcomes.extend(taken.outcomes);
                self.unsent.extend(taken.unsent);
                self.rest();
                return;
            }
        };
        self.stamp = stamp;
        for webhook in about.iter().filter(|webhook| !self.noticed.contains(webhook)) {
            match turned.due.get(webhook) {
                Some(at) => self.due.insert(*webhook, *at),
                None => self.due.remove(webhook),
            };
        }
        self.renew(&about, turned.webhooks);
        let gone = taken.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Gone);
        for webhook in gone.map(|outcome| outcome.webhook_id) {
            if let Some(endpoint) = self.endpoints.get_mut(&webhook) {
                endpoint.reopen();
            }
        }
        for claim in turned.claims {
            if let Some(endpoint) = self.endpoints.get_mut(&claim.webhook_id)
                && let Some(claim) = endpoint.push(claim)
            {
                self.unsent.push((claim.webhook_id, claim.id));
            }
        }
        self.endpoints
            .retain(|id, endpoint| !endpoint.is_idle() || self.due.contains_key(id));
    }

    /// Takes over the webhooks that a turn was about as they are now; those that are not among them get nothing more.
    fn renew(&mut self, about: &[WebhookId], webhooks: Vec<Webhook>) {
        let now = self.own.clock.now();
        let mut webhooks: HashMap<WebhookId, Webhook> = webhooks.into_iter().map(|webhook| (webhook.id, webhook)).collect();
        for id in about {
            match (self.endpoints.get_mut(id), webhooks.remove(id)) {
                (Some(endpoint), Some(webhook)) => endpoint.renew(webhook),
                (None, Some(webhook)) => {
                    self.endpoints.insert(*id, Endpoint::new(webhook, now));
                }
                (Some(endpoint), None) => self.unsent.extend(endpoint.take_all().map(|claim| (*id, claim.id))),
                (None, None) => {}
            }
        }
    }

    fn landed(&mut self, sent: Sent) {
        let (id, webhook) = match &sent {
            Sent::Unsent(claim) => (claim.id, claim.webhook_id),
            Sent::Landed(outcome) => (outcome.id, outcome.webhook_id),
        };
        if self.under_way.remove(&id).is_none() {
            // It was given back already.
            return;
        }
        let endpoint = self.endpoints.get_mut(&webhook);
        match sent {
            Sent::Unsent(claim) => {
                if let Some(endpoint) = endpoint {
                    endpoint.landed();
                }
                self.unsent.push((webhook, claim.id));
            }
            Sent::Landed(outcome) => {
                if let Some(endpoint) = endpoint {
                    endpoint.landed();
                    endpoint.heard(outcome.result.status().is_some(), outcome.result.is_success());
                    if outcome.verdict == Verdict::Gone {
                        endpoint.gate().close();
                        self.unsent.extend(endpoint.take_all().map(|claim| (webhook, claim.id)));
                    }
                }
                let word = match outcome.verdict {
                    Verdict::Delivered => "delivered",
                    Verdict::Later(_) => "retried",
                    Verdict::GivenUp => "failed",
                    Verdict::Gone => "gone",
                };
                counter!("crm_webhook_deliveries_total", "outcome" => word).increment(1);
                self.outcomes.push(outcome);
            }
        }
    }

    fn rest(&mut self) {
        self.resting = Some(Box::pin(sleep(REST)));
    }
}

/// What a task comes to; for ever pending while there is none.
async fn done<T>(task: &mut Task<T>) -> Result<T> {
    let Some(running) = task else { return std::future::pending().await };
    let outcome = running.await;
    *task = None;
    outcome
}

async fn rested(rest: &mut Option<Pin<Box<Sleep>>>) {
    match rest {
        Some(rest) => rest.await,
        None => std::future::pending().await,
    }
}
