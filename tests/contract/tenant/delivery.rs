//! Deliveries to webhooks, and the order in which they are due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crm_domain::{
    field::Patch,
    id::{DeliveryId, RecordId, WebhookId},
    stamp::Stamp,
    tenant::{
        TenantStore,
        change::EntityKind,
        delivery::{
            Attempt, AttemptResult, Claim, Delivery, DeliveryFilter, DeliveryState, Hour, NewDelivery, Outcome, Requeue, TestDelivery,
            Verdict,
        },
        webhook::{DisabledReason, Webhook, WebhookDraft, WebhookFamily},
    },
    usecase::deliver::{self, Turn, Turned},
};
use crm_tests::{database::Database, each_backend_shared};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use uuid::Uuid;

use super::{assert_not_found, assert_refused, open, set, webhook, write};

each_backend_shared!(
    what_is_added_reads_back,
    lists_are_filtered_and_cut,
    a_records_deliveries_are_due_one_after_another,
    whoever_claims_holds_until_the_lease_ends,
    what_became_of_a_delivery_is_kept,
    random_histories_keep_each_records_order,
    deliveries_are_sent_again_in_order,
    old_ones_are_forgotten_with_their_logs,
    tests_stand_in_the_list,
    a_receiver_that_is_gone_gets_no_more,
    five_failing_days_end_a_webhook,
    family_e_gets_a_thousand_an_hour,
    inactive_webhooks_get_nothing,
);

const LEASE: Duration = Duration::from_secs(60);

fn hook(store: &Arc<dyn TenantStore>, family: WebhookFamily, url: &str) -> Webhook {
    let fields = webhook::parse(
        WebhookDraft {
            url: set(url),
            ..WebhookDraft::default()
        },
        family,
    );
    write(store, move |unit| crm_domain::tenant::webhook::create(unit, fields)).unwrap()
}

fn saas(store: &Arc<dyn TenantStore>) -> WebhookId {
    hook(store, WebhookFamily::Saas, "https://example.com/hook").id
}

fn about(webhook_id: WebhookId, lead: i64) -> NewDelivery {
    NewDelivery {
        webhook_id,
        event: "lead.updated",
        seq: 7,
        record: (EntityKind::Lead, lead),
        happened_at: Stamp::from_micros(1),
        body: format!("{{\"lead\":{lead},\"text\":\"Zoë 🚀 \\\\N\"}}"),
    }
}

/// Adds deliveries about these leads.
fn add(store: &Arc<dyn TenantStore>, webhook: WebhookId, leads: &[i64]) {
    let new: Vec<NewDelivery> = leads.iter().map(|lead| about(webhook, *lead)).collect();
    write(store, move |unit| unit.deliveries().add(&new)).unwrap();
}

fn claim(store: &Arc<dyn TenantStore>, webhook: WebhookId, owner: u128, limit: u32) -> Vec<Claim> {
    write(store, move |unit| {
        let until = unit.stamp().plus(LEASE);
        unit.deliveries().claim(webhook, Uuid::from_u128(owner), until, limit)
    })
    .unwrap()
}

fn ids(claims: &[Claim]) -> Vec<i64> {
    claims.iter().map(|claim| claim.id.get()).collect()
}

fn outcome(webhook_id: WebhookId, id: i64, status: u16, verdict: Verdict) -> Outcome {
    Outcome {
        id: DeliveryId::from_i64(id),
        webhook_id,
        at: Stamp::from_micros(1_000_000),
        took: Duration::from_micros(1_234),
        result: AttemptResult::answered(status, "what it said"),
        verdict,
    }
}

fn settle(store: &Arc<dyn TenantStore>, owner: u128, outcomes: Vec<Outcome>) -> Vec<i64> {
    let settled = write(store, move |unit| unit.deliveries().settle(Uuid::from_u128(owner), &outcomes)).unwrap();
    settled.into_iter().map(RecordId::get).collect()
}

fn turn(store: &Arc<dyn TenantStore>, turn: Turn) -> Turned {
    write(store, move |unit| deliver::turn(unit, Uuid::from_u128(1), LEASE, turn)).unwrap()
}

fn found(store: &Arc<dyn TenantStore>, webhook: WebhookId, id: i64) -> Option<Delivery> {
    store
        .reading(|reader| reader.deliveries().lookup(webhook, DeliveryId::from_i64(id)))
        .unwrap()
}

fn list(store: &Arc<dyn TenantStore>, filter: &DeliveryFilter, before: i64, limit: u32) -> Vec<i64> {
    let listed = store.reading(|reader| reader.deliveries().list(filter, before, limit)).unwrap();
    listed.into_iter().map(|delivery| delivery.id.get()).collect()
}

fn of(webhook_id: WebhookId) -> DeliveryFilter {
    DeliveryFilter {
        webhook_id,
        state: None,
        event: None,
    }
}

fn what_is_added_reads_back(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[3]);
    let delivery = found(&store, webhook, 1).unwrap();
    assert_eq!(delivery.uuid.get_version_num(), 7);
    assert_eq!(
        (
            delivery.event.as_str(),
            delivery.seq,
            delivery.record,
            delivery.state,
            delivery.attempts
        ),
        ("lead.updated", Some(7), Some((EntityKind::Lead, 3)), DeliveryState::Pending, 0)
    );
    assert_eq!((delivery.due_at, delivery.ended_at), (Some(delivery.created_at), None));
    assert_eq!(found(&store, WebhookId::from_i64(99), 1), None, "it is another webhook's");
    let claimed = claim(&store, webhook, 1, 9);
    assert_eq!((claimed[0].uuid, &claimed[0].body), (delivery.uuid, &about(webhook, 3).body));
    // How far the feed was looked at.
    assert_eq!(store.reading(|reader| reader.deliveries().dispatched()).unwrap(), 0);
    write(&store, |unit| unit.deliveries().advance(12)).unwrap();
    assert_eq!(store.reading(|reader| reader.deliveries().dispatched()).unwrap(), 12);
}

fn lists_are_filtered_and_cut(database: &Database) {
    let store = open(database);
    let (one, other) = (saas(&store), hook(&store, WebhookFamily::Saas, "https://example.com/other").id);
    add(&store, one, &[1, 2, 3]);
    add(&store, other, &[1]);
    claim(&store, one, 1, 1);
    settle(&store, 1, vec![outcome(one, 1, 200, Verdict::Delivered)]);
    assert_eq!(list(&store, &of(one), i64::MAX, 9), [3, 2, 1]);
    assert_eq!(list(&store, &of(one), 3, 1), [2]);
    assert_eq!(list(&store, &of(other), i64::MAX, 9), [4]);
    let state = |state| DeliveryFilter {
        state: Some(state),
        ..of(one)
    };
    assert_eq!(list(&store, &state(DeliveryState::Pending), i64::MAX, 9), [3, 2]);
    assert_eq!(list(&store, &state(DeliveryState::Delivered), i64::MAX, 9), [1]);
    assert_eq!(list(&store, &state(DeliveryState::Failed), i64::MAX, 9), Vec::<i64>::new());
    let event = |word: &str| DeliveryFilter {
        event: Some(word.to_owned()),
        ..of(one)
    };
    assert_eq!(list(&store, &event("lead.updated"), i64::MAX, 9), [3, 2, 1]);
    assert_eq!(list(&store, &event("deal.won"), i64::MAX, 9), Vec::<i64>::new());
}

fn a_records_deliveries_are_due_one_after_another(database: &Database) {
    let store = open(database);
    let (one, other) = (saas(&store), hook(&store, WebhookFamily::Saas, "https://example.com/other").id);
    add(&store, one, &[1, 1, 2]);
    add(&store, other, &[1]);
    add(&store, one, &[2, 1]);
    assert_eq!(ids(&claim(&store, one, 1, 9)), [1, 3], "the first of each lead");
    assert_eq!(ids(&claim(&store, other, 1, 9)), [4], "another webhook's wait for nothing");
    let later = Stamp::from_micros(i64::MAX / 2);
    settle(
        &store,
        1,
        vec![
            outcome(one, 1, 500, Verdict::Later(later)),
            outcome(one, 3, 200, Verdict::Delivered),
        ],
    );
    assert_eq!(ids(&claim(&store, one, 1, 9)), [5], "lead 1 waits for its next attempt");
    // Given up is over, too.
    let one_again = Requeue {
        webhook_id: one,
        after: DeliveryId::from_i64(0),
        until: DeliveryId::from_i64(1),
        failed_only: false,
    };
    write(&store, move |unit| unit.deliveries().requeue(&one_again, 1)).unwrap();
    assert_eq!(ids(&claim(&store, one, 1, 9)), [1]);
    settle(&store, 1, vec![outcome(one, 1, 500, Verdict::GivenUp)]);
    assert_eq!(ids(&claim(&store, one, 1, 9)), [2]);
}

fn whoever_claims_holds_until_the_lease_ends(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1, 2]);
    let short = |owner: u128| {
        write(&store, move |unit| {
            let until = unit.stamp();
            unit.deliveries().claim(webhook, Uuid::from_u128(owner), until, 1)
        })
        .unwrap()
    };
    assert_eq!(ids(&short(1)), [1]);
    assert_eq!(ids(&short(2)), [2], "longest due first");
    // Both leases have ended: another takes them over, and then the first cannot settle any more.
    assert_eq!(ids(&claim(&store, webhook, 3, 9)), [1, 2]);
    assert_eq!(claim(&store, webhook, 4, 9), Vec::new());
    let delivered = |id| vec![outcome(webhook, id, 200, Verdict::Delivered)];
    assert_eq!(settle(&store, 1, delivered(1)), Vec::<i64>::new());
    assert_eq!(found(&store, webhook, 1).unwrap().attempts, 0);
    assert_eq!(settle(&store, 3, delivered(1)), [1]);
    assert_eq!(settle(&store, 3, delivered(1)), Vec::<i64>::new(), "it is over");
    // What is given back is due at once, and only by who holds it.
    let release = |owner: u128| {
        write(&store, move |unit| {
            unit.deliveries().release(Uuid::from_u128(owner), &[DeliveryId::from_i64(2)])
        })
        .unwrap();
    };
    release(1);
    assert_eq!(claim(&store, webhook, 4, 9), Vec::new());
    release(3);
    assert_eq!(ids(&claim(&store, webhook, 4, 9)), [2]);
}

fn what_became_of_a_delivery_is_kept(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1]);
    let now = Stamp::from_micros(1);
    claim(&store, webhook, 1, 1);
    let unanswered = Outcome {
        result: AttemptResult::unanswered("Nobody took the connection. \0 🚀"),
        ..outcome(webhook, 1, 0, Verdict::Later(now))
    };
    // A second outcome of the same delivery is none.
    settle(&store, 1, vec![unanswered.clone(), unanswered.clone()]);
    let pending = found(&store, webhook, 1).unwrap();
    assert_eq!(
        (pending.attempts, pending.state, pending.due_at),
        (1, DeliveryState::Pending, Some(now))
    );
    let again = claim(&store, webhook, 1, 1);
    assert_eq!((again[0].attempts, again[0].tries), (1, 1));
    settle(&store, 1, vec![outcome(webhook, 1, 204, Verdict::Delivered)]);
    let over = found(&store, webhook, 1).unwrap();
    assert_eq!((over.attempts, over.state, over.due_at), (2, DeliveryState::Delivered, None));
    assert!(over.ended_at.is_some());
    let attempt = |number, result| Attempt {
        number,
        at: Stamp::from_micros(1_000_000),
        took: Duration::from_micros(1_234),
        result,
    };
    assert_eq!(
        over.log,
        [
            attempt(1, AttemptResult::Unanswered("Nobody took the connection.  🚀".to_owned())),
            attempt(2, AttemptResult::answered(204, "what it said")),
        ]
    );
    let due = |webhooks: Vec<WebhookId>| store.reading(|reader| reader.deliveries().next_due(&webhooks)).unwrap();
    assert_eq!(due(vec![webhook, WebhookId::from_i64(99)]), []);
    add(&store, webhook, &[1]);
    assert_eq!(due(vec![webhook]), [(webhook, found(&store, webhook, 2).unwrap().due_at.unwrap())]);
}

/// One thing that happens to deliveries.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<i64>),
    Claim(u32),
    /// Settles what was claimed first: delivered, to be tried again at once, or given up.
    Settle(u8),
    Release,
    Requeue(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(1_i64..4, 1..6).prop_map(Step::Add),
        3 => (1_u32..5).prop_map(Step::Claim),
        5 => (0_u8..3).prop_map(Step::Settle),
        1 => Just(Step::Release),
        1 => (1_i64..20).prop_map(Step::Requeue),
    ]
}

/// Whatever happens: what is claimed is the first pending one of its record, unless what comes before it was made pending again since; nothing is claimed twice;
/// and in the end everything is over.
fn random_histories_keep_each_records_order(database: &Database) {
    let mut runner = TestRunner::new(Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    });
    let run = runner.run(&prop::collection::vec(step(), 1..40), |steps| {
        let store = open(database);
        let webhook = saas(&store);
        let mut model = Model::default();
        for step in steps {
            model.take(&store, webhook, step)?;
        }
        model.finish(&store, webhook)
    });
    run.unwrap();
}

#[derive(Default)]
struct Model {
    /// Each delivery's lead, by id.
    leads: BTreeMap<i64, i64>,
    pending: BTreeSet<i64>,
    /// In the order of claiming.
    held: Vec<i64>,
}

impl Model {
    /// What may be claimed now.
    fn due(&self) -> Vec<i64> {
        let is_first = |id: &&i64| {
            let lead = self.leads[id];
            let earlier = self.pending.iter().take_while(|other| other < id);
            let waits = earlier.into_iter().any(|other| self.leads[other] == lead);
            !waits && !self.held.contains(id)
        };
        self.pending.iter().filter(is_first).copied().collect()
    }

    fn take(&mut self, store: &Arc<dyn TenantStore>, webhook: WebhookId, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Add(leads) => {
                add(store, webhook, &leads);
                for lead in leads {
                    let id = i64::try_from(self.leads.len()).unwrap() + 1;
                    self.leads.insert(id, lead);
                    self.pending.insert(id);
                }
            }
            Step::Claim(limit) => {
                let due = self.due();
                let claimed = ids(&claim(store, webhook, 1, limit));
                prop_assert_eq!(claimed.len(), due.len().min(limit as usize));
                prop_assert!(claimed.iter().all(|id| due.contains(id)), "{:?} of {:?}", claimed, due);
                self.held.extend(claimed);
            }
            Step::Settle(how) => {
                if self.held.is_empty() {
                    return Ok(());
                }
                let id = self.held.remove(0);
                let verdict = match how {
                    0 => Verdict::Delivered,
                    1 => Verdict::Later(Stamp::from_micros(0)),
                    _ => Verdict::GivenUp,
                };
                prop_assert_eq!(settle(store, 1, vec![outcome(webhook, id, 200, verdict)]), [id]);
                if how != 1 {
                    self.pending.remove(&id);
                }
            }
            Step::Release => {
                let held: Vec<DeliveryId> = self.held.drain(..).map(DeliveryId::from_i64).collect();
                write(store, move |unit| unit.deliveries().release(Uuid::from_u128(1), &held)).unwrap();
            }
            Step::Requeue(id) => {
                let which = Requeue {
                    webhook_id: webhook,
                    after: DeliveryId::from_i64(id - 1),
                    until: DeliveryId::from_i64(id),
                    failed_only: false,
                };
                let again = write(store, move |unit| unit.deliveries().requeue(&which, 9)).unwrap();
                let expected = self.leads.contains_key(&id) && !self.held.contains(&id);
                prop_assert_eq!(again.len(), usize::from(expected));
                if expected {
                    self.pending.insert(id);
                }
            }
        }
        Ok(())
    }

    /// Delivers everything: nothing is stuck.
    fn finish(mut self, store: &Arc<dyn TenantStore>, webhook: WebhookId) -> Result<(), TestCaseError> {
        while !self.pending.is_empty() {
            let outcomes: Vec<Outcome> = self
                .held
                .drain(..)
                .map(|id| outcome(webhook, id, 200, Verdict::Delivered))
                .collect();
            for id in settle(store, 1, outcomes) {
                self.pending.remove(&id);
            }
            self.held = ids(&claim(store, webhook, 1, 100));
            prop_assert!(self.pending.is_empty() || !self.held.is_empty(), "{:?} are stuck", self.pending);
        }
        Ok(())
    }
}

fn deliveries_are_sent_again_in_order(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1, 1, 2]);
    let since = found(&store, webhook, 1).unwrap().created_at;
    for id in 1..=3 {
        while !ids(&claim(&store, webhook, 1, 9)).is_empty() {}
        settle(
            &store,
            1,
            vec![outcome(
                webhook,
                id,
                if id == 2 { 500 } else { 200 },
                [Verdict::Delivered, Verdict::GivenUp][usize::from(id == 2)],
            )],
        );
    }
    add(&store, webhook, &[1]);
    let span = |since| store.reading(|reader| reader.deliveries().span_since(since)).unwrap();
    let id = DeliveryId::from_i64;
    assert_eq!(span(since), (id(0), id(4)));
    assert_eq!(span(found(&store, webhook, 4).unwrap().created_at), (id(3), id(4)));
    assert_eq!(span(Stamp::from_micros(i64::MAX)), (id(4), id(4)));
    let again = |failed_only| {
        let which = Requeue {
            webhook_id: webhook,
            after: id(0),
            until: id(4),
            failed_only,
        };
        let again = write(&store, move |unit| deliver::redeliver_many(unit, &which, 9)).unwrap();
        (again.0.map(RecordId::get), again.1)
    };
    assert_eq!(again(true), (Some(2), 1));
    assert_eq!(found(&store, webhook, 2).unwrap().state, DeliveryState::Pending);
    assert_eq!(ids(&claim(&store, webhook, 1, 9)), [2], "the fourth waits for it");
    settle(&store, 1, vec![outcome(webhook, 2, 200, Verdict::Delivered)]);
    assert_eq!(again(false), (Some(4), 4));
    for expected in [vec![1, 3], vec![2], vec![4], vec![]] {
        let claimed = ids(&claim(&store, webhook, 1, 9));
        assert_eq!(claimed, expected);
        settle(
            &store,
            1,
            claimed.iter().map(|id| outcome(webhook, *id, 200, Verdict::Delivered)).collect(),
        );
    }
    let log: Vec<u32> = found(&store, webhook, 2)
        .unwrap()
        .log
        .iter()
        .map(|attempt| attempt.number)
        .collect();
    assert_eq!(log, [1, 2, 3], "attempts go on counting");
    let once = write(&store, move |unit| deliver::redeliver(unit, webhook, id(1))).unwrap();
    assert_eq!(once.state, DeliveryState::Pending);
    claim(&store, webhook, 1, 9);
    assert_refused(
        write(&store, move |unit| deliver::redeliver(unit, webhook, id(1))),
        "being sent",
        "delivered again",
    );
    assert_not_found(write(&store, move |unit| deliver::redeliver(unit, webhook, id(99))), "delivery");
}

fn old_ones_are_forgotten_with_their_logs(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1]);
    add(&store, webhook, &[1, 2]);
    claim(&store, webhook, 1, 9);
    settle(&store, 1, vec![outcome(webhook, 3, 200, Verdict::Delivered)]);
    let purge = |before, limit| write(&store, move |unit| unit.deliveries().purge(before, limit)).unwrap();
    let created = |id| found(&store, webhook, id).unwrap().created_at;
    assert_eq!(purge(created(1), 9), 0);
    assert_eq!(purge(created(2), 9), 1);
    assert_eq!(found(&store, webhook, 1), None);
    assert_eq!(ids(&claim(&store, webhook, 2, 9)), [2], "it waited for the first");
    let end = Stamp::from_micros(i64::MAX);
    assert_eq!((purge(end, 1), purge(end, 9), purge(end, 9)), (1, 1, 0));
    assert_eq!(list(&store, &of(webhook), i64::MAX, 9), Vec::<i64>::new());
}

/// A test delivery that was answered so.
fn tried(webhook_id: WebhookId, status: u16) -> TestDelivery {
    TestDelivery {
        uuid: Uuid::from_u128(5),
        webhook_id,
        body: "{}".to_owned(),
        attempt: Attempt {
            number: 1,
            at: Stamp::from_micros(5),
            took: Duration::from_millis(3),
            result: AttemptResult::answered(status, "hello"),
        },
    }
}

//
fn tests_stand_in_the_list(database: &Database) {
    let store = open(database);
    let webhook_id = saas(&store);
    let record = |test: TestDelivery| write(&store, move |unit| deliver::record_test(unit, test));
    let failed = record(tried(webhook_id, 500)).unwrap();
    assert_eq!(
        (failed.state, failed.record, failed.event.as_str()),
        (DeliveryState::Failed, None, "webhook.test")
    );
    let arrived = record(tried(webhook_id, 200)).unwrap();
    assert_eq!(found(&store, webhook_id, 2), Some(arrived.clone()));
    assert_eq!(arrived.state, DeliveryState::Delivered);
    assert_eq!(claim(&store, webhook_id, 1, 9), Vec::new(), "it is not sent again");
    assert_not_found(record(tried(WebhookId::from_i64(99), 200)), "webhook");
}

fn wants(webhook: WebhookId, limit: u32) -> Turn {
    Turn {
        wanted: vec![(webhook, limit)],
        ..Turn::default()
    }
}

fn a_receiver_that_is_gone_gets_no_more(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1, 2]);
    let turned = turn(&store, wants(webhook, 1));
    assert_eq!((ids(&turned.claims), turned.webhooks.len()), (vec![1], 1));
    assert_eq!(turned.due.get(&webhook), found(&store, webhook, 2).unwrap().due_at.as_ref());
    let gone = Turn {
        outcomes: vec![outcome(webhook, 1, 410, Verdict::Gone)],
        ..wants(webhook, 1)
    };
    let turned = turn(&store, gone);
    assert_eq!((turned.claims, turned.webhooks.len(), turned.due.len()), (Vec::new(), 0, 0));
    let after = store.reading(|reader| reader.webhooks().lookup(webhook)).unwrap().unwrap();
    assert_eq!(
        (after.fields.is_active, after.fields.disabled_reason),
        (false, Some(DisabledReason::Gone))
    );
    // What was not delivered waits, this one too.
    let refused = found(&store, webhook, 1).unwrap();
    assert_eq!((refused.state, refused.log.len()), (DeliveryState::Pending, 1));
    // The feed tells of it.
    let last = super::feed(&store).pop().unwrap();
    assert_eq!(
        (last.entity, last.entity_id, last.actor.as_str()),
        (EntityKind::Webhook, webhook.get(), "user:7"),
        "{last:?}"
    );
    assert!(last.fields.contains("\"disabled_reason\":[null,\"gone\"]"), "{}", last.fields);
    // Who activates it again begins anew, and what waited goes on.
    let active = WebhookDraft {
        is_active: Patch::Set(true),
        ..WebhookDraft::default()
    };
    let back = webhook::update(&store, webhook, active).unwrap();
    assert_eq!((back.fields.disabled_reason, back.listens_since), (None, back.updated_at));
    assert_eq!(ids(&turn(&store, wants(webhook, 9)).claims), [1, 2]);
}

//
fn five_failing_days_end_a_webhook(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    let look = || store.reading(|reader| reader.webhooks().lookup(webhook)).unwrap().unwrap();
    let mut next = 0;
    let mut attempt = |status| {
        next += 1;
        add(&store, webhook, &[next]);
        turn(&store, wants(webhook, 9));
        let verdict = if status == 200 { Verdict::Delivered } else { Verdict::GivenUp };
        turn(
            &store,
            Turn {
                outcomes: vec![outcome(webhook, next, status, verdict)],
                ..Turn::default()
            },
        );
    };
    attempt(500);
    let since = look().failing_since.unwrap();
    attempt(500);
    assert_eq!(look().failing_since, Some(since), "since the first");
    attempt(200);
    assert_eq!(look().failing_since, None);
    let changes = super::feed(&store).len();
    // Five days ago.
    attempt(500);
    let long_ago = look().failing_since.unwrap().minus(Duration::from_secs(5 * 24 * 3_600));
    write(&store, move |unit| unit.webhooks().set_failing(webhook, Some(long_ago))).unwrap();
    assert_eq!(super::feed(&store).len(), changes, "it is no change of the webhook");
    attempt(500);
    assert_eq!(
        (look().fields.is_active, look().fields.disabled_reason),
        (false, Some(DisabledReason::Failing))
    );
}

// E-86, X-176
fn family_e_gets_a_thousand_an_hour(database: &Database) {
    let store = open(database);
    let elevate = hook(&store, WebhookFamily::Elevate, "https://example.com/e").id;
    let other = saas(&store);
    let leads: Vec<i64> = (1..=1_010).collect();
    add(&store, elevate, &leads);
    add(&store, other, &[1]);
    let first = turn(&store, wants(elevate, 900));
    assert_eq!(first.claims.len(), 900);
    // What was not sent does not count.
    let unsent = Turn {
        unsent: first.claims[..100].iter().map(|claim| (elevate, claim.id)).collect(),
        ..wants(elevate, 5_000)
    };
    let second = turn(&store, unsent);
    assert_eq!(second.claims.len(), 200);
    let now = write(&store, |unit| Ok(unit.stamp())).unwrap();
    assert_eq!(second.due.get(&elevate), Some(&Hour::of(now).end()), "when the hour turns");
    let third = turn(
        &store,
        Turn {
            wanted: vec![(elevate, 9), (other, 9)],
            ..Turn::default()
        },
    );
    assert_eq!(third.claims.len(), 1, "other families are not bound");
    let sent = |hour: Hour| write(&store, move |unit| unit.deliveries().sent_in(hour)).unwrap();
    assert_eq!((sent(Hour::of(now)), sent(Hour::of(Hour::of(now).end()))), (1_000, 0));
    // Tests count, and are sent at once even so.
    for webhook in [elevate, other] {
        write(&store, move |unit| deliver::record_test(unit, tried(webhook, 200))).unwrap();
    }
    assert_eq!(sent(Hour::of(now)), 1_001);
}

// B-65, E-79
fn inactive_webhooks_get_nothing(database: &Database) {
    let store = open(database);
    let webhook = saas(&store);
    add(&store, webhook, &[1]);
    let inactive = WebhookDraft {
        is_active: Patch::Set(false),
        ..WebhookDraft::default()
    };
    webhook::update(&store, webhook, inactive).unwrap();
    let turned = turn(&store, wants(webhook, 9));
    assert_eq!((turned.claims.len(), turned.webhooks.len(), turned.due.len()), (0, 0, 0));
    let one = DeliveryId::from_i64(1);
    assert_refused(
        write(&store, move |unit| deliver::redeliver(unit, webhook, one)),
        "not active",
        "delivered to",
    );
}
