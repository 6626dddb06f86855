//! Making deliveries of changes: each change's once, whoever makes them and whenever they stop.

use std::sync::Arc;

use crm_domain::{
    control::tenant::Tenant,
    error::Result,
    field::{Check, Patch},
    id::{LeadId, WebhookId},
    stamp::Stamp,
    tenant::{
        TenantReader, TenantStore,
        change::EntityKind,
        delivery::{Delivery, DeliveryFilter, Payloads, Told},
        lead::{Lead, LeadDraft},
        webhook::{self as webhooks, Webhook, WebhookDraft, WebhookFamily},
    },
    usecase::{
        bulk::Drafted,
        dispatch::{self, Batch, Look},
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{new_tenant, set, user, webhook, write};

each_backend_shared!(
    a_change_makes_each_webhooks_deliveries_once,
    nobody_is_told_of_what_was_before,
    who_went_away_meanwhile_is_not_told,
    long_stretches_are_told_in_batches,
    what_interests_nobody_costs_no_unit,
);

/// Says which lead it is.
struct Words;

impl Payloads for Words {
    fn speaks(&self, family: WebhookFamily) -> bool {
        family != WebhookFamily::Halopsa
    }

    fn bodies(&self, _: &mut dyn TenantReader, tenant: &Tenant, family: WebhookFamily, told: &[Told<'_>]) -> Result<Vec<String>> {
        let body = |told: &Told<'_>| format!("{} of {} to {}", told.occurrence.record.1, tenant.id, family.as_str());
        Ok(told.iter().map(body).collect())
    }

    fn test_body(&self, _: &Tenant, _: WebhookFamily, _: Stamp) -> Result<String> {
        Ok(String::new())
    }
}

struct Place {
    tenant: Tenant,
    store: Arc<dyn TenantStore>,
}

impl Place {
    fn open(database: &Database) -> Self {
        let tenant = new_tenant(database);
        let store = database.tenants().open(&tenant).unwrap();
        Self { tenant, store }
    }

    fn hook(&self, family: WebhookFamily, event: &str) -> Webhook {
        let draft = WebhookDraft {
            url: set(format!("https://example.com/{event}/{}", family.as_str())),
            events: Patch::Set(vec![event.to_owned()]),
            ..WebhookDraft::default()
        };
        let fields = webhook::parse(draft, family);
        write(&self.store, move |unit| webhooks::create(unit, fields)).unwrap()
    }

    fn lead(&self, name: &str) -> LeadId {
        let draft = LeadDraft {
            last_name: set(name),
            company: set("Acme"),
            ..LeadDraft::default()
        };
        let made = write(&self.store, move |unit| {
            let drafted = Drafted::<Lead>::new(draft, Check::new());
            single::create_drafted(unit, drafted, user())
        });
        made.unwrap().id
    }

    fn look(&self, looked_at: i64) -> Look {
        let looked = self
            .store
            .reading_snapshot(|reader| dispatch::prepare(reader, &self.tenant, &Words, looked_at));
        looked.unwrap()
    }

    #[track_caller]
    fn batch(&self) -> Batch {
        match self.look(0) {
            Look::Batch(batch) => batch,
            other => panic!("{other:?}"),
        }
    }

    fn commit(&self, batch: &Batch) -> Option<Vec<WebhookId>> {
        let batch = batch.clone();
        let told = write(&self.store, move |unit| dispatch::commit(unit, batch)).unwrap();
        told.map(|told| told.into_iter().collect())
    }

    /// Oldest first.
    fn deliveries(&self, webhook: &Webhook) -> Vec<Delivery> {
        let filter = DeliveryFilter {
            webhook_id: webhook.id,
            state: None,
            event: None,
        };
        let mut listed = self
            .store
            .reading(|reader| reader.deliveries().list(&filter, i64::MAX, 10_000))
            .unwrap();
        listed.reverse();
        listed
    }
}

fn a_change_makes_each_webhooks_deliveries_once(database: &Database) {
    let place = Place::open(database);
    assert_eq!(place.look(0), Look::Idle);
    let (c, e) = (
        place.hook(WebhookFamily::Saas, "lead.created"),
        place.hook(WebhookFamily::Elevate, "lead.created"),
    );
    let (other, mute) = (
        place.hook(WebhookFamily::Saas, "deal.created"),
        place.hook(WebhookFamily::Halopsa, "lead.created"),
    );
    let leads = [place.lead("Ada"), place.lead("Charles")];
    let batch = place.batch();
    assert!(batch.is_last() && batch.is_worth_a_unit());
    assert_eq!(place.commit(&batch), Some(vec![c.id, e.id]));
    // Another process prepared the same.
    assert_eq!(place.commit(&batch), None);
    assert_eq!(place.look(0), Look::Idle);
    for (webhook, family) in [(&c, "saas"), (&e, "elevate")] {
        let made = place.deliveries(webhook);
        let told: Vec<_> = made.iter().map(|delivery| delivery.record).collect();
        assert_eq!(told, leads.map(|id| Some((EntityKind::Lead, i64::from(id)))));
        assert!(
            made.iter()
                .all(|delivery| delivery.event == "lead.created" && delivery.due_at.is_some())
        );
        let claimed = write(&place.store, {
            let id = webhook.id;
            move |unit| unit.deliveries().claim(id, uuid::Uuid::nil(), unit_end(), 9)
        })
        .unwrap();
        assert_eq!(claimed[0].body, format!("1 of {} to {family}", place.tenant.id));
    }
    assert_eq!((place.deliveries(&other), place.deliveries(&mute)), (vec![], vec![]));
    // What comes next is told next, and once.
    place.lead("Mary");
    assert!(place.commit(&place.batch()).is_some());
    assert_eq!(place.deliveries(&c).len(), 3);
}

fn unit_end() -> Stamp {
    Stamp::from_micros(i64::MAX)
}

fn nobody_is_told_of_what_was_before(database: &Database) {
    let place = Place::open(database);
    for number in 0..300 {
        place.lead(&format!("Lead {number}"));
    }
    assert_eq!(place.look(0), Look::Deaf, "there are no webhooks");
    let webhook = place.hook(WebhookFamily::Saas, "*");
    let batch = place.batch();
    assert!(batch.is_last(), "what was before is passed over at once");
    place.lead("Ada");
    place.commit(&place.batch());
    assert_eq!(place.deliveries(&webhook).len(), 1);
    // While it is not active, nothing is told; nor later what happened meanwhile.
    let switch = |on: bool| {
        let draft = WebhookDraft {
            is_active: Patch::Set(on),
            ..WebhookDraft::default()
        };
        webhook::update(&place.store, webhook.id, draft).unwrap()
    };
    switch(false);
    place.lead("Charles");
    assert_eq!(place.look(0), Look::Deaf);
    assert!(switch(true).listens_since > webhook.listens_since);
    place.lead("Mary");
    place.commit(&place.batch());
    assert_eq!(place.deliveries(&webhook).len(), 2);
}

fn who_went_away_meanwhile_is_not_told(database: &Database) {
    let place = Place::open(database);
    let (gone, stays) = (
        place.hook(WebhookFamily::Saas, "lead.created"),
        place.hook(WebhookFamily::Elevate, "lead.created"),
    );
    place.lead("Ada");
    let batch = place.batch();
    let id = gone.id;
    write(&place.store, move |unit| webhooks::remove(unit, id)).unwrap();
    assert_eq!(place.commit(&batch), Some(vec![stays.id]));
    assert_eq!(place.deliveries(&gone), []);
}

fn long_stretches_are_told_in_batches(database: &Database) {
    let place = Place::open(database);
    let webhooks = [
        place.hook(WebhookFamily::Saas, "lead.created"),
        place.hook(WebhookFamily::Saas, "*"),
        place.hook(WebhookFamily::Elevate, "*"),
    ];
    let leads: Vec<i64> = (0..450).map(|number| place.lead(&format!("Lead {number}")).into()).collect();
    let mut batches = 0;
    while let Look::Batch(batch) = place.look(0) {
        batches += 1;
        assert!(place.commit(&batch).is_some());
        assert!(batches < 20, "it comes to an end");
    }
    assert!(batches > 2, "one unit would be too long");
    for webhook in &webhooks {
        let told: Vec<i64> = place
            .deliveries(webhook)
            .iter()
            .filter_map(|delivery| delivery.record.map(|(_, id)| id))
            .collect();
        assert_eq!(told, leads);
    }
}

fn what_interests_nobody_costs_no_unit(database: &Database) {
    let place = Place::open(database);
    let webhook = place.hook(WebhookFamily::Saas, "deal.created");
    place.lead("Ada");
    let batch = place.batch();
    assert!(batch.is_last() && !batch.is_worth_a_unit());
    assert_eq!(place.look(batch.to()), Look::Idle, "this process need not look again");
    // Another one does, and finds the same.
    assert_eq!(place.batch(), batch);
    assert_eq!(place.deliveries(&webhook), []);
}
