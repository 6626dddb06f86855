//! The change feed.

use crm_domain::{
    field::{Check, Patch},
    id::{ApiKeyId, RecordId},
    page::Direction,
    stamp::Stamp,
    tenant::{
        account::{self as accounts, AccountDraft},
        change::{Actor, Change, ChangeFilter, ChangeKind, EntityKind, Origin, Stretch},
        lead::{self as leads, LeadDraft, LeadFields},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::{Value, json};

use super::{account_of, add_account, assert_feed_in_order, feed, named, open, origin, set, user, write};

each_backend_shared!(
    a_change_says_what_happened,
    the_actor_and_the_family_are_kept,
    the_feed_reads_in_slices,
    a_record_has_its_history,
    changes_of_one_unit_share_its_stamp,
    every_filter_finds_what_it_says,
    a_time_is_found_in_the_feed,
);

fn fields(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn a_change_says_what_happened(database: &Database) {
    let store = open(database);
    let new = account_of(AccountDraft {
        name: set("Acme 🚀"),
        annual_revenue: set("12.50"),
        ..AccountDraft::default()
    });
    let account = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, new)).unwrap();
    let id = account.id;
    let draft = AccountDraft {
        city: set("Zürich"),
        annual_revenue: Patch::Clear,
        ..AccountDraft::default()
    };
    let updated = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    write(&store, move |unit| single::remove::<accounts::Account>(unit, id)).unwrap();

    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Updated, ChangeKind::Deleted]);
    assert!(
        changes
            .iter()
            .all(|change| (change.entity, change.entity_id) == (EntityKind::Account, id.get()))
    );
    let revenue = json!({"minor": 1250, "currency": "USD"});
    assert_eq!(
        fields(&changes[0].fields),
        json!({"name": [null, "Acme 🚀"], "annual_revenue": [null, revenue], "owner_id": [null, 7]})
    );
    assert_eq!(
        fields(&changes[1].fields),
        json!({"city": [null, "Zürich"], "annual_revenue": [revenue, null]})
    );
    assert_eq!(
        fields(&changes[2].fields),
        json!({"name": ["Acme 🚀", null], "city": ["Zürich", null], "owner_id": [7, null]})
    );
    assert_eq!((changes[0].stamp, changes[1].stamp), (account.created_at, updated.updated_at));
}

fn the_actor_and_the_family_are_kept(database: &Database) {
    let store = open(database);
    let actors = [
        (Actor::System, "server", "system"),
        (Actor::ApiKey(ApiKeyId::from_i64(3)), "health_trixss", "api_key:3"),
        (Actor::Job("import"), "cli", "job:import"),
        (origin().actor, "saas", "user:7"),
    ];
    for (actor, family, shown) in actors {
        let is_user = actor.user().is_some();
        let origin = Origin { actor, family };
        let account = store
            .writing(origin, move |unit| single::create_parsed::<accounts::Account>(unit, named(family)))
            .unwrap();
        let last = feed(&store).pop().unwrap();
        assert_eq!((&*last.actor, &*last.family), (shown, family));
        assert_eq!(account.created_by.is_some(), is_user);
    }
}

fn the_feed_reads_in_slices(database: &Database) {
    let store = open(database);
    assert_eq!(store.reading(|reader| reader.changes().last_seq()).unwrap(), 0);
    let batch: Vec<_> = (0..120).map(|n| named(&format!("Acme {n}"))).collect();
    write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
    add_account(&store, "Last");
    assert_eq!(store.reading(|reader| reader.changes().last_seq()).unwrap(), 121);
    let all = feed(&store);
    let (mut walked, mut after) = (Vec::new(), 0);
    loop {
        let slice = store.reading(|reader| reader.changes().list_after(after, 50)).unwrap();
        let Some(last) = slice.last() else { break };
        after = last.seq;
        walked.extend(slice);
    }
    assert_eq!(walked, all);
    assert_feed_in_order(&walked);
    assert_eq!(store.reading(|reader| reader.changes().list_after(121, 50)).unwrap(), []);
    assert_eq!(store.reading(|reader| reader.changes().list_after(-5, 1)).unwrap(), all[..1]);
}

fn a_record_has_its_history(database: &Database) {
    let store = open(database);
    let (account, other) = (add_account(&store, "Acme").id, add_account(&store, "Other").id);
    for city in ["Bern", "Basel", "Genf"] {
        for id in [account, other] {
            let draft = AccountDraft {
                city: set(city),
                ..AccountDraft::default()
            };
            write(&store, move |unit| {
                single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
            })
            .unwrap();
        }
    }
    let older = |entity, id, before, limit| store.reading(|reader| reader.changes().list_of(entity, id, before, limit)).unwrap();
    let history = |entity, id, limit| older(entity, id, i64::MAX, limit);
    let seqs: Vec<_> = history(EntityKind::Account, account.get(), 10)
        .iter()
        .map(|change| change.seq)
        .collect();
    assert_eq!(seqs, [7, 5, 3, 1]);
    assert_eq!(history(EntityKind::Account, other.get(), 2).len(), 2);
    assert_eq!(
        older(EntityKind::Account, account.get(), 5, 10).first().map(|change| change.seq),
        Some(3)
    );
    assert_eq!(older(EntityKind::Account, account.get(), 1, 10), []);
    assert_eq!(history(EntityKind::Contact, account.get(), 10), []);
    assert_eq!(history(EntityKind::Account, 99, 10), []);
}

fn changes_of_one_unit_share_its_stamp(database: &Database) {
    let store = open(database);
    let stamp = write(&store, |unit| {
        single::create_parsed::<accounts::Account>(unit, named("First"))?;
        single::create_parsed::<accounts::Account>(unit, named("Second"))?;
        Ok(unit.stamp())
    })
    .unwrap();
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    assert!(changes.len() == 2 && changes.iter().all(|change| change.stamp == stamp));
    add_account(&store, "Third");
    let of_unit = |seq| store.reading(|reader| reader.changes().list_of_unit(seq)).unwrap();
    assert_eq!((of_unit(1), of_unit(2)), (changes.clone(), changes));
    assert_eq!((of_unit(3).len(), of_unit(4).len()), (1, 0));
}

fn every_filter_finds_what_it_says(database: &Database) {
    let store = open(database);
    let by = |actor| Origin { actor, family: "saas" };
    let (key, import) = (Actor::ApiKey(ApiKeyId::from_i64(3)), Actor::Job("import"));
    for actor in [origin().actor, key.clone(), import.clone()] {
        let made = store.writing(by(actor.clone()), |unit| {
            let lead = LeadDraft {
                last_name: set("Lovelace"),
                ..LeadDraft::default()
            };
            let lead = single::create_parsed::<leads::Lead>(unit, LeadFields::parse(lead, super::user(), Check::new())?)?;
            Ok((single::create_parsed::<accounts::Account>(unit, named("Acme"))?.id, lead.id))
        });
        let (account, lead) = made.unwrap();
        for city in ["Bern", "Basel"] {
            let draft = AccountDraft {
                city: set(city),
                ..AccountDraft::default()
            };
            let change = move |unit: &mut dyn crm_domain::tenant::UnitOfWork| {
                single::update::<accounts::Account>(unit, account, draft, user(), Check::new())
            };
            store.writing(by(actor.clone()), change).unwrap();
        }
        store
            .writing(by(actor), move |unit| single::remove::<leads::Lead>(unit, lead))
            .unwrap();
    }
    let all = feed(&store);
    let actors = [
        None,
        Some(origin().actor.to_string()),
        Some(key.to_string()),
        Some(import.to_string()),
        Some("system".to_owned()),
    ];
    let entities = [
        None,
        Some(vec![]),
        Some(vec![EntityKind::Account]),
        Some(vec![EntityKind::Lead, EntityKind::Account, EntityKind::Task]),
        Some(vec![EntityKind::Webhook]),
    ];
    let records = [
        None,
        Some((EntityKind::Account, 2)),
        Some((EntityKind::Lead, 1)),
        Some((EntityKind::Lead, 99)),
    ];
    let kinds = [
        None,
        Some(vec![]),
        Some(vec![ChangeKind::Updated]),
        Some(vec![ChangeKind::Deleted, ChangeKind::Created]),
        Some(ChangeKind::ALL.to_vec()),
    ];
    let mut filters = Vec::new();
    for actor in &actors {
        for entities in &entities {
            for record in records {
                for (but_by, behind) in [(None, 0), (Some(import.to_string()), 0), (None, 5)] {
                    filters.extend(kinds.iter().map(|kinds| ChangeFilter {
                        entities: entities.clone(),
                        record,
                        kinds: kinds.clone(),
                        actor: actor.clone(),
                        but_by: but_by.clone(),
                        behind,
                    }));
                }
            }
        }
    }
    assert_eq!(filters.len(), 1_500);
    for filter in filters {
        let meeting: Vec<i64> = all.iter().filter(|change| filter.meets(change)).map(|change| change.seq).collect();
        let count = store.reading(|reader| reader.changes().count(&filter)).unwrap();
        assert_eq!(count, meeting.len() as u64, "{filter:?}");
        for skipped in [0, 1, 3, 100] {
            let last = store.reading(|reader| reader.changes().last_but(&filter, skipped)).unwrap();
            assert_eq!(last, meeting.iter().rev().nth(skipped as usize).copied(), "{filter:?} {skipped}");
        }
        for (after, before, limit) in [(0, i64::MAX, 100), (2, 13, 3), (14, 5, 10)] {
            let expected = |newest_first: bool| {
                let mut found: Vec<Change> = all.iter().filter(|change| filter.meets(change)).cloned().collect();
                found.retain(|change| change.seq > after && change.seq < before);
                if newest_first {
                    found.reverse();
                }
                found.truncate(limit as usize);
                found
            };
            for direction in [Direction::Ascending, Direction::Descending] {
                let stretch = Stretch {
                    after,
                    before,
                    direction,
                    limit,
                };
                let found = store.reading(|reader| reader.changes().list(&filter, &stretch)).unwrap();
                assert_eq!(found, expected(direction == Direction::Descending), "{filter:?} {stretch:?}");
            }
        }
    }
}

fn a_time_is_found_in_the_feed(database: &Database) {
    let store = open(database);
    let first_since = |stamp: Stamp| store.reading(|reader| reader.changes().first_since(stamp)).unwrap();
    assert_eq!(first_since(Stamp::from_micros(0)), 1);
    for number in 0..9 {
        write(&store, move |unit| {
            single::create_parsed::<accounts::Account>(unit, named(&format!("First {number}")))?;
            single::create_parsed::<accounts::Account>(unit, named(&format!("Second {number}")))
        })
        .unwrap();
    }
    let all = feed(&store);
    let just = |stamp: Stamp, by: i64| Stamp::from_micros(stamp.micros() + by);
    for change in &all {
        let of_unit = all.iter().find(|other| other.stamp == change.stamp).unwrap();
        assert_eq!(first_since(change.stamp), of_unit.seq);
        assert_eq!(first_since(just(change.stamp, 1)), of_unit.seq + 2);
    }
    assert_eq!(first_since(Stamp::from_micros(i64::MIN)), 1);
    assert_eq!(first_since(Stamp::from_micros(i64::MAX)), 19);
}
