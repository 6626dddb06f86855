//! Webhooks.

use crm_domain::{
    field::Patch,
    id::RecordId,
    query::Field,
    tenant::webhook::{Webhook, WebhookDraft, WebhookField, WebhookFilter},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    super::{open, set, webhook::add},
    List, ROWS, value,
};

each_backend_shared!(webhooks_walk_in_every_order);

fn webhooks_walk_in_every_order(database: &Database) {
    let store = open(database);
    let all: Vec<Webhook> = (0..ROWS)
        .map(|number| {
            let draft = WebhookDraft {
                url: set(format!("https://example.com/{}", (number * 7) % ROWS)),
                description: value(number),
                is_active: Patch::Set(number % 3 != 0),
                ..WebhookDraft::default()
            };
            add(&store, draft)
        })
        .collect();
    let list = List {
        all,
        keys: WebhookField::ALL,
        value: &|key, webhook| key.place(webhook),
        id: &|webhook: &Webhook| webhook.id.get(),
        list: &|sort, window| {
            let page = store.reading(|reader| reader.webhooks().list(&WebhookFilter::default(), sort, window));
            page.unwrap()
        },
    };
    list.assert_walks();
}
