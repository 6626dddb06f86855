//! Writing many records in one unit (contract C-50, C-51, X-94).

use std::sync::Arc;

use crm_domain::{
    error::{Error, FieldError, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, OpportunityId, RecordId},
    tenant::{
        TenantStore, account as accounts,
        account::{Account, AccountDraft},
        contact::{Contact, ContactDraft},
        opportunity::{Opportunity, OpportunityDraft},
        record::Record,
    },
    usecase::{
        bulk::{self, Drafted},
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{add_account, assert_feed_in_order, feed, open, set, user, write};

each_backend_shared!(
    what_is_wrong_with_one_record_fails_it_alone,
    a_bulk_is_one_unit,
    updates_follow_one_another,
    a_record_stands_in_a_bulk_once,
    deletions_take_along_what_belongs_to_them,
);

fn person(name: &str, email: &str) -> ContactDraft {
    ContactDraft {
        last_name: set(name),
        email: set(email),
        ..ContactDraft::default()
    }
}

fn create<R: Record>(store: &Arc<dyn TenantStore>, drafts: Vec<R::Draft>) -> Vec<Result<R>> {
    write(store, move |unit| {
        let drafts = drafts.into_iter().map(|draft| Drafted::new(draft, Check::new())).collect();
        bulk::create::<R>(unit, drafts, user())
    })
    .unwrap()
}

fn update<R: Record>(store: &Arc<dyn TenantStore>, drafts: Vec<(R::Id, R::Draft)>) -> Vec<Result<R>> {
    write(store, move |unit| {
        let drafts = drafts
            .into_iter()
            .map(|(id, draft)| Ok((id, Drafted::new(draft, Check::new()))))
            .collect();
        bulk::update::<R>(unit, drafts, user())
    })
    .unwrap()
}

fn remove<R: Record>(store: &Arc<dyn TenantStore>, ids: Vec<R::Id>) -> Vec<Result<()>> {
    write(store, move |unit| bulk::remove::<R>(unit, ids.into_iter().map(Ok).collect())).unwrap()
}

/// What became of each record, in short.
fn told<T>(outcomes: &[Result<T>]) -> Vec<String> {
    let text = |outcome: &Result<T>| match outcome {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    outcomes.iter().map(text).collect()
}

fn what_is_wrong_with_one_record_fails_it_alone(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    create::<Contact>(&store, vec![person("Before", "before@example.com")]);
    let mut check = Check::new();
    check.fail("owner_id", Problem::Required);
    let drafts = vec![
        (person("One", "one@example.com"), Check::new()),
        (ContactDraft::default(), Check::new()),
        (person("Two", "ONE@example.com"), Check::new()),
        (person("Three", "BEFORE@example.com"), Check::new()),
        (
            ContactDraft {
                account_id: Patch::Set(AccountId::from_i64(99)),
                ..person("Four", "four@example.com")
            },
            Check::new(),
        ),
        (person("Five", "five@example.com"), check),
        (
            ContactDraft {
                account_id: Patch::Set(account),
                ..person("Six", "four@example.com")
            },
            Check::new(),
        ),
    ];
    let drafts = drafts.into_iter().map(|(draft, check)| Drafted::new(draft, check)).collect();
    let outcomes = write(&store, move |unit| bulk::create::<Contact>(unit, drafts, user())).unwrap();
    assert_eq!(
        told(&outcomes),
        [
            "ok",
            "full_name: is required",
            "a contact with this email exists already",
            "a contact with this email exists already",
            "account_id: no such account exists",
            "owner_id: is required",
            "ok",
        ]
    );
    let ids: Vec<i64> = outcomes.iter().flatten().map(|contact| contact.id.get()).collect();
    assert_eq!(ids, [2, 3]);
}

fn a_bulk_is_one_unit(database: &Database) {
    let store = open(database);
    let drafts = (0..60).map(|n| OpportunityDraft {
        name: set(format!("Deal {n}")),
        include_in_forecast: Patch::Set(n % 3 == 0),
        ..OpportunityDraft::default()
    });
    let outcomes = create::<Opportunity>(&store, drafts.collect());
    let made: Vec<Opportunity> = outcomes.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|opportunity| opportunity.created_at == made[0].created_at));
    let names: Vec<&str> = made.iter().map(|opportunity| &*opportunity.fields.name).collect();
    assert_eq!((names[0], names[59]), ("Deal 0", "Deal 59"));
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    assert_eq!(
        changes.iter().map(|change| change.entity_id).collect::<Vec<_>>(),
        (1..=60).collect::<Vec<_>>()
    );
    let read = store
        .reading(|reader| reader.opportunities().lookup(OpportunityId::from_i64(60)))
        .unwrap();
    assert_eq!(read.as_ref(), made.last());
}

fn updates_follow_one_another(database: &Database) {
    let store = open(database);
    let made = create::<Contact>(
        &store,
        vec![
            person("A", "a@example.com"),
            person("B", "b@example.com"),
            person("C", "c@example.com"),
        ],
    );
    let id = |n: usize| made[n].as_ref().unwrap().id;
    let to = |email: &str| ContactDraft {
        email: set(email),
        ..ContactDraft::default()
    };
    // A gives up what B takes; C comes too late for what A has now, and may take its own again.
    let outcomes = update::<Contact>(
        &store,
        vec![
            (id(0), to("new@example.com")),
            (id(1), to("a@example.com")),
            (id(2), to("NEW@example.com")),
        ],
    );
    assert_eq!(told(&outcomes), ["ok", "ok", "a contact with this email exists already"]);
    let outcomes = update::<Contact>(
        &store,
        vec![(id(2), to("C@example.com")), (ContactId::from_i64(99), to("x@example.com"))],
    );
    assert_eq!(told(&outcomes), ["ok", "no contact found with id 99"]);
    // Each sees what the ones before it wrote: the second would close a circle.
    let (first, second) = (add_account(&store, "First").id, add_account(&store, "Second").id);
    let below = |parent| AccountDraft {
        parent_id: Patch::Set(parent),
        ..AccountDraft::default()
    };
    let outcomes = update::<Account>(&store, vec![(first, below(second)), (second, below(first))]);
    assert_eq!(told(&outcomes), ["ok", "parent_id: must not make it its own ancestor"]);
    // Nothing differs: no change and no new stamp.
    let before = feed(&store).len();
    let same = update::<Account>(&store, vec![(first, below(second))]);
    assert!(
        same[0].as_ref().unwrap().updated_at
            < store
                .reading(|reader| reader.accounts().lookup(second))
                .unwrap()
                .unwrap()
                .updated_at
                .plus(std::time::Duration::from_secs(1))
    );
    assert_eq!(feed(&store).len(), before);
}

fn a_record_stands_in_a_bulk_once(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let named = |name: &str| AccountDraft {
        name: set(name),
        ..AccountDraft::default()
    };
    let outcomes = update::<Account>(&store, vec![(account, named("First")), (account, named("Second"))]);
    let twice = |outcome: &Result<Account>| matches!(outcome, Err(Error::Invalid(errors)) if matches!(&errors[..], [FieldError { field, .. }] if field == "id"));
    assert!(outcomes[0].is_ok() && twice(&outcomes[1]), "{outcomes:?}");
    let outcomes = remove::<Account>(&store, vec![account, account, AccountId::from_i64(99)]);
    assert_eq!(
        told(&outcomes),
        ["ok", "id: must stand in a bulk once only", "no account found with id 99"]
    );
    assert_eq!(store.reading(|reader| reader.accounts().lookup(account)).unwrap(), None);
}

fn deletions_take_along_what_belongs_to_them(database: &Database) {
    let store = open(database);
    let ids: Vec<AccountId> = ["One", "Two", "Three"].map(|name| add_account(&store, name).id).to_vec();
    let drafts = ids.iter().map(|id| OpportunityDraft {
        name: set("Deal"),
        account_id: Patch::Set(*id),
        ..OpportunityDraft::default()
    });
    create::<Opportunity>(&store, drafts.collect());
    assert_eq!(told(&remove::<Account>(&store, ids[..2].to_vec())), ["ok", "ok"]);
    let left = store.reading(|reader| reader.opportunities().list_of_accounts(&ids)).unwrap();
    assert_eq!(
        left.iter().map(|opportunity| opportunity.fields.account_id).collect::<Vec<_>>(),
        [Some(ids[2])]
    );
    let third = ids[2];
    write(&store, move |unit| single::remove::<accounts::Account>(unit, third)).unwrap();
    assert_feed_in_order(&feed(&store));
}
