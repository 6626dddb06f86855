//! Webhooks.

use std::{collections::BTreeMap, sync::Arc};

use crm_domain::{
    clock::SystemEntropy,
    error::Result,
    field::{Check, Patch},
    id::{RecordId, TenantId, WebhookId},
    page::{Sort, Window},
    query::Condition,
    sealing::{Sealer, Vault},
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        webhook::{
            self as webhooks, Targets, Webhook, WebhookDraft, WebhookFamily, WebhookField, WebhookFields, WebhookFilter, WebhookRules,
        },
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{assert_duplicate, assert_not_found, assert_uuid, feed, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    updates_and_removals_are_kept,
    an_update_that_changes_nothing_is_none,
    secrets_and_headers_are_in_no_change,
    a_url_is_unique_in_its_family_while_its_webhook_lives,
    active_ones_get_deliveries,
    conditions_are_met,
);

fn rules() -> WebhookRules {
    let sealer = Sealer::new([7; 32], &[], Arc::new(SystemEntropy));
    WebhookRules {
        targets: Targets::Public,
        vault: Vault::new(Arc::new(sealer), TenantId::from_i64(1)),
    }
}

/// A valid webhook, told of new leads unless the draft says otherwise.
pub(crate) fn parse(draft: WebhookDraft, family: WebhookFamily) -> WebhookFields {
    let draft = WebhookDraft {
        events: match draft.events {
            Patch::Keep => Patch::Set(vec!["lead.created".to_owned()]),
            given => given,
        },
        ..draft
    };
    let (fields, _) = WebhookFields::parse(draft, family, &rules(), &SystemEntropy, Check::new()).unwrap();
    fields
}

/// Creates a webhook of family C.
pub(crate) fn add(store: &Arc<dyn TenantStore>, draft: WebhookDraft) -> Webhook {
    try_add(store, draft, WebhookFamily::Saas).unwrap()
}

fn try_add(store: &Arc<dyn TenantStore>, draft: WebhookDraft, family: WebhookFamily) -> Result<Webhook> {
    let fields = parse(draft, family);
    write(store, move |unit| webhooks::create(unit, fields))
}

fn at(url: &str) -> WebhookDraft {
    WebhookDraft {
        url: set(url),
        ..WebhookDraft::default()
    }
}

fn full() -> WebhookDraft {
    WebhookDraft {
        url: set("https://Example.com/hook?ü=1"),
        events: Patch::Set(vec!["deal.won".to_owned(), "lead.created".to_owned()]),
        description: set("Zoë's 🚀\n'quoted' \\N"),
        is_active: Patch::Set(false),
        headers: Patch::Set(headers(&[("Authorization", "Bearer token-of-theirs"), ("X-Empty", "")])),
        secret: set("a secret of theirs"),
    }
}

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(crate) fn update(store: &Arc<dyn TenantStore>, id: WebhookId, draft: WebhookDraft) -> Result<Webhook> {
    write(store, move |unit| webhooks::update(unit, id, draft, &rules(), Check::new()))
}

fn found(store: &Arc<dyn TenantStore>, id: WebhookId) -> Option<Webhook> {
    store.reading(|reader| reader.webhooks().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let made = add(&store, full());
    assert_uuid(made.uuid, made.created_at);
    assert_eq!(
        (made.id.get(), made.created_by, made.updated_at),
        (1, Some(user()), made.created_at)
    );
    let read = found(&store, made.id).unwrap();
    assert_eq!(read, made);
    let vault = rules().vault;
    assert_eq!(read.fields.secret(&vault).unwrap().unwrap().as_str(), "a secret of theirs");
    let shown: Vec<_> = read
        .fields
        .headers(&vault)
        .unwrap()
        .iter()
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    assert_eq!(shown, ["Authorization=Bearer token-of-theirs", "X-Empty="]);
    let least = add(&store, at("https://example.com/other"));
    assert_eq!(found(&store, least.id), Some(least));
    // What is written is sealed.
    assert!(!format!("{read:?}").contains("of theirs") && !format!("{read:?}").contains("token"));
}

fn updates_and_removals_are_kept(database: &Database) {
    let store = open(database);
    let made = add(&store, full());
    let draft = WebhookDraft {
        events: Patch::Set(vec!["*".to_owned()]),
        description: Patch::Clear,
        is_active: Patch::Set(true),
        secret: set("another secret of theirs"),
        headers: Patch::Clear,
        ..WebhookDraft::default()
    };
    let changed = update(&store, made.id, draft).unwrap();
    assert_eq!(found(&store, made.id), Some(changed.clone()));
    assert!(changed.updated_at > made.updated_at && changed.created_at == made.created_at);
    assert_eq!(
        (&changed.fields.url, changed.fields.events.words(), &changed.fields.description),
        (&made.fields.url, vec!["*"], &None)
    );
    let vault = rules().vault;
    assert_eq!(changed.fields.secret(&vault).unwrap().unwrap().as_str(), "another secret of theirs");
    assert!(changed.fields.headers(&vault).unwrap().is_empty());
    write(&store, move |unit| webhooks::remove(unit, made.id)).unwrap();
    assert_eq!(found(&store, made.id), None);
    assert_not_found(write(&store, move |unit| webhooks::remove(unit, made.id)), "webhook");
    assert_not_found(update(&store, made.id, WebhookDraft::default()), "webhook");
    // Its secrets went with it, also where deleted webhooks are listed.
    let deleted = WebhookFilter {
        deleted: true,
        ..WebhookFilter::default()
    };
    let page = store
        .reading_snapshot(|reader| reader.webhooks().list(&deleted, Sort::default(), &Window::first(9)))
        .unwrap();
    assert_eq!((page.items.len(), page.total), (1, 1));
    assert_eq!((&page.items[0].fields.secret, &page.items[0].fields.headers), (&None, &None));
    let live = store.reading(|reader| {
        reader
            .webhooks()
            .list(&WebhookFilter::default(), Sort::default(), &Window::first(9))
    });
    assert_eq!(live.unwrap().total, 0);
}

fn an_update_that_changes_nothing_is_none(database: &Database) {
    let store = open(database);
    let made = add(&store, full());
    // Everything is sent again: what is sealed anew differs, what is meant does not.
    assert_eq!(update(&store, made.id, full()).unwrap(), made);
    assert_eq!(update(&store, made.id, WebhookDraft::default()).unwrap(), made);
    assert_eq!(feed(&store).len(), 1);
    let other = WebhookDraft {
        headers: Patch::Set(headers(&[("Authorization", "Bearer another")])),
        ..WebhookDraft::default()
    };
    let changed = update(&store, made.id, other).unwrap();
    assert_eq!(changed.fields.confidential_version, 2);
    assert_eq!(feed(&store).len(), 2);
}

fn secrets_and_headers_are_in_no_change(database: &Database) {
    let store = open(database);
    let made = add(&store, full());
    let draft = WebhookDraft {
        secret: set("another secret of theirs"),
        ..WebhookDraft::default()
    };
    update(&store, made.id, draft).unwrap();
    write(&store, move |unit| webhooks::remove(unit, made.id)).unwrap();
    let changes = feed(&store);
    let kinds: Vec<_> = changes.iter().map(|change| (change.entity, change.kind)).collect();
    let webhook = |kind| (EntityKind::Webhook, kind);
    assert_eq!(
        kinds,
        [
            webhook(ChangeKind::Created),
            webhook(ChangeKind::Updated),
            webhook(ChangeKind::Deleted)
        ]
    );
    assert_eq!(changes[1].fields, r#"{"confidential_version":[1,2]}"#);
    for change in &changes {
        for word in ["of theirs", "token", "Authorization", "secret", "headers"] {
            assert!(!change.fields.contains(word), "{word} in {}", change.fields);
        }
    }
}

// X-100
fn a_url_is_unique_in_its_family_while_its_webhook_lives(database: &Database) {
    let store = open(database);
    let url = format!("https://example.com/{}", "ü".repeat(2_000));
    let made = add(&store, at(&url));
    for spelling in [url.clone(), url.replace("https://example.com/", "HTTPS://EXAMPLE.com:443/")] {
        assert_duplicate(try_add(&store, at(&spelling), WebhookFamily::Saas), "webhook", "url");
    }
    for family in [WebhookFamily::Halopsa, WebhookFamily::Elevate] {
        try_add(&store, at(&url), family).unwrap();
    }
    let other = add(&store, at("https://example.com/other"));
    assert_duplicate(update(&store, other.id, at(&url)), "webhook", "url");
    write(&store, move |unit| webhooks::remove(unit, made.id)).unwrap();
    update(&store, other.id, at(&url)).unwrap();
}

// B-65, E-79
fn active_ones_get_deliveries(database: &Database) {
    let store = open(database);
    let inactive = WebhookDraft {
        is_active: Patch::Set(false),
        ..at("https://example.com/2")
    };
    let first = add(&store, at("https://example.com/1"));
    let second = add(&store, inactive);
    let third = try_add(&store, at("https://example.com/3"), WebhookFamily::Halopsa).unwrap();
    let gone = add(&store, at("https://example.com/4"));
    write(&store, move |unit| webhooks::remove(unit, gone.id)).unwrap();
    let active = || store.reading(|reader| reader.webhooks().list_active()).unwrap();
    assert_eq!(active(), [first, third]);
    let activated = WebhookDraft {
        is_active: Patch::Set(true),
        ..WebhookDraft::default()
    };
    update(&store, second.id, activated).unwrap();
    assert_eq!(active().len(), 3);
}

fn conditions_are_met(database: &Database) {
    let store = open(database);
    let first = add(&store, at("https://example.com/1"));
    let second = try_add(&store, at("https://example.com/2"), WebhookFamily::Elevate).unwrap();
    for (condition, expected) in [
        (Condition::equal(WebhookField::Family, "elevate"), second.id),
        (Condition::equal(WebhookField::Id, first.id), first.id),
    ] {
        let filter = WebhookFilter::of([condition]);
        let page = store
            .reading_snapshot(|reader| reader.webhooks().list(&filter, Sort::default(), &Window::first(9)))
            .unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(page.items[0].id, expected);
    }
}
