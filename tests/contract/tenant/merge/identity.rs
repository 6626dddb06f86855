//! Whatever is merged, undoing it in the opposite order leaves every record as it was.

use std::collections::BTreeMap;

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, MergeId, RecordId},
    page::{Sort, Window},
    tenant::{
        TenantReader,
        account::{Account, AccountDraft, AccountFilter},
        change::{Entity, EntityKind},
        contact::{Contact, ContactDraft, ContactFilter},
        label::Labels,
        lead::{self as leads, Lead, LeadDraft, LeadFields, LeadFilter},
        merge::Mergeable,
        opportunity::{Opportunity, OpportunityDraft, OpportunityFilter},
        record::id_of,
        task::{Task, TaskDraft, TaskFilter},
    },
};
use crm_tests::{
    database::{Backend, Database},
    each_backend_shared,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{
    super::{assert_feed_in_order, feed, open, set, user, write},
    Store, define, labels, make, make_with, merged, tag, undone,
};

each_backend_shared!(undoing_is_the_identity);

/// Records of each noun.
const EACH: usize = 5;
const NAMES: [&str; 4] = ["Ada", "ada", "Grace", ""];
const TAGS: [&str; 3] = ["cold", "hot", "VIP"];

/// A tenant's records; the numbers choose what each of them says and refers to.
fn fill(store: &Store, numbers: &[u8]) {
    let mut numbers = numbers.iter().copied().cycle();
    let mut next = move |below: u8| usize::from(numbers.next().unwrap_or(0) % below);
    let maybe = |number: usize, value: &str| if number == 0 { Patch::Keep } else { set(value) };
    define(store, EntityKind::Account, "tier", false);
    let (mut accounts, mut contacts): (Vec<AccountId>, Vec<ContactId>) = (Vec::new(), Vec::new());
    for number in 0..EACH {
        let draft = AccountDraft {
            name: set(format!("Account {number}")),
            external_id: maybe(next(2), &format!("A-{number}")),
            phone: maybe(next(2), &number.to_string()),
            city: maybe(next(2), NAMES[next(3)]),
            country: maybe(next(2), NAMES[next(3)]),
            annual_revenue: maybe(next(2), "12.50"),
            parent_id: accounts.get(next(6)).copied().into(),
            ..AccountDraft::default()
        };
        let custom = match next(3) {
            0 => json!({}),
            tier => json!({ "tier": NAMES[tier] }),
        };
        accounts.push(make_with::<Account>(store, draft, custom).id);
    }
    for number in 0..EACH {
        let draft = ContactDraft {
            first_name: set(NAMES[next(4)]),
            last_name: set(NAMES[next(3)]),
            email: maybe(next(2), &format!("c{number}@example.com")),
            title: maybe(next(2), "Engineer"),
            account_id: accounts.get(next(7)).copied().into(),
            ..ContactDraft::default()
        };
        contacts.push(make::<Contact>(store, draft).id);
    }
    for _ in 0..EACH {
        let draft = LeadDraft {
            first_name: set(NAMES[next(4)]),
            last_name: set(NAMES[next(3)]),
            // Imported leads may share it.
            email: maybe(next(2), ["a@example.com", "b@example.com"][next(2)]),
            source: maybe(next(2), "Fair"),
            account_id: accounts.get(next(7)).copied().into(),
            ..LeadDraft::default()
        };
        let fields = LeadFields::parse(draft, user(), Check::new()).unwrap();
        let lead = write(store, move |unit| leads::create_many(unit, vec![fields])).unwrap().remove(0);
        let deal = OpportunityDraft {
            name: set("Deal"),
            account_id: accounts.get(next(7)).copied().into(),
            contact_id: contacts.get(next(7)).copied().into(),
            ..OpportunityDraft::default()
        };
        make::<Opportunity>(store, deal);
        let task = TaskDraft {
            title: set("Task"),
            account_id: accounts.get(next(7)).copied().into(),
            contact_id: contacts.get(next(7)).copied().into(),
            lead_id: Patch::Set(lead.id),
            ..TaskDraft::default()
        };
        make::<Task>(store, task);
    }
    for kind in [EntityKind::Account, EntityKind::Contact, EntityKind::Lead] {
        for _ in 0..EACH {
            tag(store, kind, 1 + next(5) as i64, TAGS[next(3)]);
        }
    }
}

/// Fields and labels of every live record.
type State = BTreeMap<(&'static str, i64), (Value, Labels)>;

fn state(store: &Store) -> State {
    fn told<E: Entity>(records: &[E]) -> impl Iterator<Item = (EntityKind, i64, Value)> {
        records
            .iter()
            .map(|record| (E::KIND, record.id(), serde_json::to_value(record.fields()).unwrap()))
    }
    let all = Window::first(1_000);
    let read = |reader: &mut dyn TenantReader| {
        let accounts = reader.accounts().list(&AccountFilter::default(), Sort::default(), &all)?.items;
        let contacts = reader.contacts().list(&ContactFilter::default(), Sort::default(), &all)?.items;
        let leads = reader.leads().list(&LeadFilter::default(), Sort::default(), &all)?.items;
        let deals = reader
            .opportunities()
            .list(&OpportunityFilter::default(), Sort::default(), &all)?
            .items;
        let tasks = reader.tasks().list(&TaskFilter::default(), Sort::default(), &all)?.items;
        let people = told(&contacts).chain(told(&leads));
        let rest = told(&accounts).chain(people).chain(told(&deals)).chain(told(&tasks));
        Ok(rest.collect::<Vec<_>>())
    };
    let records = store.reading(read).unwrap();
    let entry = |(kind, id, fields): (EntityKind, i64, Value)| {
        let carried = labels(store, kind, id);
        ((kind.as_str(), id), (fields, carried))
    };
    records.into_iter().map(entry).collect()
}

/// What is merged: of which noun, into which record, and which others.
type Asked = (u8, u8, Vec<u8>);

/// The merge, unless it is refused.
fn ask(store: &Store, (noun, into, others): &Asked) -> Option<MergeId> {
    let outcome = match noun % 3 {
        0 => merge_of::<Account>(store, *into, others),
        1 => merge_of::<Contact>(store, *into, others),
        _ => merge_of::<Lead>(store, *into, others),
    };
    match outcome {
        Ok(id) => Some(id),
        Err(Error::Invalid(_) | Error::NotFound { .. } | Error::State { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

fn merge_of<R: Mergeable>(store: &Store, into: u8, others: &[u8]) -> Result<MergeId> {
    let id = |number: u8| R::Id::from_i64(1 + i64::from(number) % EACH as i64);
    let others: Vec<R::Id> = others.iter().copied().map(id).collect();
    let merged = merged::<R>(store, id(into), &others)?;
    assert_eq!(id_of(&merged.record), id(into));
    Ok(merged.merge.id)
}

fn no_circle(store: &Store) {
    let accounts = store.reading(|reader| {
        reader
            .accounts()
            .list(&AccountFilter::default(), Sort::default(), &Window::first(1_000))
    });
    let accounts = accounts.unwrap().items;
    let parents: BTreeMap<AccountId, Option<AccountId>> = accounts.iter().map(|account| (account.id, account.fields.parent_id)).collect();
    for id in parents.keys() {
        let (mut at, mut steps) = (*id, 0);
        while let Some(parent) = parents[&at] {
            (at, steps) = (parent, steps + 1);
            assert!(steps <= parents.len(), "{id} is its own ancestor: {parents:?}");
        }
    }
}

/// No live record refers to a deleted one.
fn no_loose_end(state: &State) {
    for ((kind, id), (fields, _)) in state {
        for (field, of) in [
            ("parent_id", "account"),
            ("account_id", "account"),
            ("contact_id", "contact"),
            ("lead_id", "lead"),
        ] {
            if let Some(named) = fields[field].as_i64() {
                assert!(state.contains_key(&(of, named)), "{field} of {kind} {id} names the deleted {named}");
            }
        }
    }
}

fn undoing_is_the_identity(database: &Database) {
    let config = Config {
        cases: if database.backend == Backend::Sqlite { 40 } else { 12 },
        failure_persistence: None,
        ..Config::default()
    };
    let others = prop::collection::vec(any::<u8>(), 1..3);
    let merges = prop::collection::vec((any::<u8>(), any::<u8>(), others), 1..6);
    TestRunner::new(config)
        .run(&(prop::collection::vec(any::<u8>(), 80..120), merges), |(numbers, merges)| {
            let store = open(database);
            fill(&store, &numbers);
            let mut before = vec![(state(&store), None)];
            for asked in &merges {
                let Some(id) = ask(&store, asked) else { continue };
                let after = state(&store);
                no_circle(&store);
                no_loose_end(&after);
                before.push((after, Some(id)));
            }
            while let Some((after, id)) = before.pop() {
                prop_assert_eq!(state(&store), after);
                if let Some(id) = id {
                    undone(&store, id).unwrap();
                }
            }
            assert_feed_in_order(&feed(&store));
            Ok(())
        })
        .unwrap();
}
