//! Accounts.

use crm_domain::{
    error::Problem,
    field::{Check, Patch},
    id::{AccountId, RecordId, UserId},
    page::{Sort, Window},
    tenant::{
        account::{self as accounts, Account, AccountDraft, AccountFilter},
        activity::{self as activities, ActivityDraft, ActivityFields},
        change::ChangeKind,
        contact::{self as contacts, ContactDraft, ContactFields},
        lead::{self as leads, LeadDraft, LeadFields},
        opportunity::{self as opportunities, OpportunityDraft, OpportunityFilter},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    TEXTS, account_of, add_account, assert_duplicate, assert_feed_in_order, assert_not_found, assert_uuid, feed, named, only_problem, open,
    set, user, write,
};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    null_clears_a_field,
    an_update_that_changes_nothing_leaves_no_trace,
    lookups_find_what_is_live,
    external_ids_are_unique_among_live_accounts,
    a_refused_batch_leaves_nothing,
    removed_accounts_are_gone,
    removal_takes_the_opportunities_along,
    removal_leaves_no_reference_to_the_account,
    parents_must_exist_and_make_no_circle,
    a_parent_that_is_gone_blocks_no_other_edit,
    batches_of_every_size_keep_their_order,
);

fn full_draft(name: &str) -> AccountDraft {
    AccountDraft {
        external_id: set(format!("ext {name}")),
        name: set(name),
        category: set("Hospital"),
        website: set("https://example.com/ünï?q=1"),
        phone: set("+49 (30) 1234-567"),
        email: set("Info@Example.com"),
        address: set("1 Main St\nFloor 2"),
        city: set("Zürich"),
        state: set("ZH"),
        zip_code: set("08001"),
        country: set("Schweiz"),
        industry: set("Health"),
        employees: set(i32::MAX),
        annual_revenue: set("9999999999999.99"),
        currency: set("eur"),
        default_currency: crm_domain::money::Currency::USD,
        revenue_scale: 1,
        founded_year: set(1850),
        description: set("Über uns: 🚑"),
        parent_id: Patch::Keep,
        owner_id: Patch::Set(UserId::from_i64(42)),
    }
}

fn found(store: &std::sync::Arc<dyn crm_domain::tenant::TenantStore>, id: AccountId) -> Option<Account> {
    store.reading(|reader| reader.accounts().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let parent = add_account(&store, "Holding");
    let mut draft = full_draft("Acme");
    draft.parent_id = Patch::Set(parent.id);
    let fields = account_of(draft);
    let expected = fields.clone();
    let (account, stamp) = write(&store, move |unit| {
        Ok((single::create_parsed::<accounts::Account>(unit, fields)?, unit.stamp()))
    })
    .unwrap();
    assert_eq!(account.fields, expected);
    assert_eq!((account.created_at, account.updated_at), (stamp, stamp));
    assert_eq!(account.created_by, Some(user()));
    assert_uuid(account.uuid, stamp);
    assert_eq!(account.fields.annual_revenue.unwrap().minor, 999_999_999_999_999);
    assert_eq!(found(&store, account.id), Some(account));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    for value in TEXTS {
        let draft = AccountDraft {
            external_id: set(value),
            name: set(value),
            description: set(value),
            city: set(value),
            ..AccountDraft::default()
        };
        let fields = account_of(draft);
        let account = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap();
        assert_eq!(&*account.fields.name, value);
        let external = [value.to_owned()];
        let by_external = store.reading(|reader| reader.accounts().lookup_external(&external)).unwrap();
        assert_eq!(by_external, [account]);
    }
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let fields = account_of(full_draft("Acme"));
    let account = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap();
    let draft = AccountDraft {
        external_id: Patch::Clear,
        category: Patch::Clear,
        website: Patch::Clear,
        phone: Patch::Clear,
        email: Patch::Clear,
        address: Patch::Clear,
        city: Patch::Clear,
        state: Patch::Clear,
        zip_code: Patch::Clear,
        country: Patch::Clear,
        industry: Patch::Clear,
        employees: Patch::Clear,
        annual_revenue: Patch::Clear,
        founded_year: Patch::Clear,
        description: Patch::Clear,
        parent_id: Patch::Clear,
        ..AccountDraft::default()
    };
    let id = account.id;
    let cleared = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    let mut expected = named("Acme");
    expected.owner_id = UserId::from_i64(42);
    assert_eq!(cleared.fields, expected);
    assert!(cleared.updated_at > account.updated_at);
    assert_eq!((cleared.created_at, cleared.uuid), (account.created_at, account.uuid));
    assert_eq!(found(&store, id), Some(cleared));
}

fn an_update_that_changes_nothing_leaves_no_trace(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let id = account.id;
    let draft = AccountDraft {
        name: set(" Acme "),
        city: Patch::Clear,
        ..AccountDraft::default()
    };
    let same = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(same, account);
    assert_eq!(feed(&store).len(), 1);
}

fn lookups_find_what_is_live(database: &Database) {
    let store = open(database);
    let first = add_account(&store, "Ärzte GmbH");
    let second = add_account(&store, "ÄRZTE gmbh");
    let other = add_account(&store, "Other");
    let names = ["  ärzte GMBH ".to_owned(), "unknown".to_owned(), "nul\0".to_owned()];
    let named = store.reading(|reader| reader.accounts().lookup_named(&names)).unwrap();
    assert_eq!(named, [first.clone(), second]);
    let ids = [other.id, first.id, first.id, AccountId::from_i64(999), AccountId::from_i64(-1)];
    let mut many = store.reading(|reader| reader.accounts().lookup_many(&ids)).unwrap();
    many.sort_by_key(|account| account.id);
    assert_eq!(many, [first, other]);
    let nothing = store.reading(|reader| {
        let accounts = reader.accounts();
        Ok([
            accounts.lookup_many(&[])?,
            accounts.lookup_external(&[])?,
            accounts.lookup_named(&[])?,
            accounts.lookup_external(&["nul\0".to_owned(), "unknown".to_owned()])?,
        ]
        .concat())
    });
    assert_eq!(nothing.unwrap(), []);
    assert_eq!(found(&store, AccountId::from_i64(i64::MAX)), None);
}

fn external_ids_are_unique_among_live_accounts(database: &Database) {
    let store = open(database);
    let fields = account_of(full_draft("Acme"));
    let (again, id) = (fields.clone(), fields.external_id.clone());
    let account = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap();
    let copy = again.clone();
    assert_duplicate(
        write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, copy)),
        "account",
        "external_id",
    );

    let other = add_account(&store, "Other");
    let draft = AccountDraft {
        external_id: set(&*id.unwrap()),
        ..AccountDraft::default()
    };
    let (other_id, taken) = (other.id, draft.clone());
    let refused = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, other_id, taken, user(), Check::new())
    });
    assert_duplicate(refused, "account", "external_id");
    assert_eq!(found(&store, other.id), Some(other));

    let gone = account.id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, gone)).unwrap();
    let freed = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, other_id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(freed.fields.external_id, again.external_id);
}

fn a_refused_batch_leaves_nothing(database: &Database) {
    let store = open(database);
    let taken = account_of(full_draft("Acme"));
    let existing = taken.clone();
    let first = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, existing)).unwrap();
    for size in [2, 49, 50, 120] {
        for duplicate_of_existing in [true, false] {
            let mut batch: Vec<_> = (1..size).map(|n| account_of(full_draft(&format!("New {n}")))).collect();
            batch.push(if duplicate_of_existing { taken.clone() } else { batch[0].clone() });
            let refused = write(&store, move |unit| accounts::create_many(unit, batch));
            assert_duplicate(refused, "account", "external_id");
        }
    }
    let page = store
        .reading(|reader| {
            reader
                .accounts()
                .list(&AccountFilter::default(), Sort::default(), &Window::first(10))
        })
        .unwrap();
    assert_eq!((page.items, page.total), (vec![first.clone()], 1));
    assert_eq!(feed(&store).len(), 1);
    assert_eq!(
        add_account(&store, "Next").id.get(),
        first.id.get() + 1,
        "a refused unit takes no ids"
    );
}

fn removed_accounts_are_gone(database: &Database) {
    let store = open(database);
    let fields = account_of(full_draft("Unfindable"));
    let account = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, fields)).unwrap();
    let id = account.id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, id)).unwrap();
    let external = [account.fields.external_id.unwrap().to_string()];
    let left = store.reading(|reader| {
        let accounts = reader.accounts();
        let filter = AccountFilter::search("unfindable");
        Ok([
            accounts.lookup(id)?.into_iter().collect(),
            accounts.lookup_many(&[id])?,
            accounts.lookup_external(&external)?,
            accounts.lookup_named(&["unfindable".to_owned()])?,
            accounts.list(&AccountFilter::default(), Sort::default(), &Window::first(5))?.items,
            accounts.list(&filter, Sort::default(), &Window::first(5))?.items,
        ]
        .concat())
    });
    assert_eq!(left.unwrap(), []);
    let draft = AccountDraft {
        name: set("Back"),
        ..AccountDraft::default()
    };
    assert_not_found(
        write(&store, move |unit| {
            single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
        }),
        "account",
    );
    assert_not_found(write(&store, move |unit| single::remove::<accounts::Account>(unit, id)), "account");
    let gone = Account {
        fields: named("Back"),
        ..account_at(id, &store)
    };
    assert_not_found(write(&store, move |unit| unit.accounts().update(&gone)), "account");
    assert_eq!(found(&store, id), None);
}

/// Some account with this id, as a caller that missed the removal would hold it.
fn account_at(id: AccountId, store: &std::sync::Arc<dyn crm_domain::tenant::TenantStore>) -> Account {
    Account {
        id,
        ..add_account(store, "Template")
    }
}

fn removal_takes_the_opportunities_along(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let other = add_account(&store, "Other");
    let ids = [account.id, account.id, other.id];
    let made = write(&store, move |unit| {
        ids.into_iter()
            .enumerate()
            .map(|(number, id)| {
                let draft = OpportunityDraft {
                    name: set(format!("Deal {number}")),
                    account_id: Patch::Set(id),
                    include_in_forecast: Patch::Set(number != 1),
                    ..OpportunityDraft::default()
                };
                single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())
            })
            .collect::<Result<Vec<_>, _>>()
    })
    .unwrap();
    let id = account.id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, id)).unwrap();

    let page = store
        .reading(|reader| {
            reader
                .opportunities()
                .list(&OpportunityFilter::default(), Sort::default(), &Window::first(10))
        })
        .unwrap();
    assert_eq!((page.items, page.total), (vec![made[2].clone()], 1));
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let deleted: Vec<_> = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Deleted)
        .map(|change| (change.entity.as_str(), change.entity_id))
        .collect();
    let expected = [
        ("opportunity", made[0].id.get()),
        ("opportunity", made[1].id.get()),
        ("account", account.id.get()),
    ];
    assert_eq!(deleted, expected);
}

fn removal_leaves_no_reference_to_the_account(database: &Database) {
    let store = open(database);
    let (gone, other) = (add_account(&store, "Gone").id, add_account(&store, "Other").id);
    let made = write(&store, move |unit| {
        let mut made = Vec::new();
        for account in [gone, gone, other] {
            let subsidiary = AccountDraft {
                name: set("Subsidiary"),
                parent_id: Patch::Set(account),
                ..AccountDraft::default()
            };
            let contact = ContactDraft {
                last_name: set("Contact"),
                account_id: Patch::Set(account),
                ..ContactDraft::default()
            };
            let lead = LeadDraft {
                last_name: set("Lead"),
                account_id: Patch::Set(account),
                ..LeadDraft::default()
            };
            let activity = ActivityDraft {
                activity_type: set("call"),
                subject: set("Activity"),
                account_id: Patch::Set(account),
                ..ActivityDraft::default()
            };
            made.push((
                single::create_parsed::<accounts::Account>(unit, account_of(subsidiary))?,
                single::create_parsed::<contacts::Contact>(unit, ContactFields::parse(contact, user(), Check::new())?)?,
                single::create_parsed::<leads::Lead>(unit, LeadFields::parse(lead, user(), Check::new())?)?,
                single::create_parsed::<activities::Activity>(unit, ActivityFields::parse(activity, user(), Check::new())?)?,
            ));
        }
        Ok(made)
    })
    .unwrap();
    let before = feed(&store).len();
    let stamp = write(&store, move |unit| {
        single::remove::<accounts::Account>(unit, gone)?;
        Ok(unit.stamp())
    })
    .unwrap();

    let now = store
        .reading(|reader| {
            let mut now = Vec::new();
            for (subsidiary, contact, lead, activity) in &made {
                now.push((
                    reader.accounts().lookup(subsidiary.id)?.unwrap(),
                    reader.contacts().lookup(contact.id)?.unwrap(),
                    reader.leads().lookup(lead.id)?.unwrap(),
                    reader.activities().lookup(activity.id)?.unwrap(),
                ));
            }
            Ok(now)
        })
        .unwrap();
    assert_eq!(now[2], made[2], "another account's records are left alone");
    for (subsidiary, contact, lead, activity) in &now[..2] {
        assert_eq!((subsidiary.fields.parent_id, subsidiary.updated_at), (None, stamp));
        assert_eq!((contact.fields.account_id, contact.updated_at), (None, stamp));
        assert_eq!((lead.fields.account_id, lead.updated_at), (None, stamp));
        assert_eq!((activity.fields.account_id, activity.updated_at), (None, stamp));
    }
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let told: Vec<_> = changes[before..]
        .iter()
        .map(|change| (change.entity.as_str(), change.entity_id, change.kind))
        .collect();
    let updated = |entity, id| (entity, id, ChangeKind::Updated);
    let expected = [
        updated("account", made[0].0.id.get()),
        updated("account", made[1].0.id.get()),
        updated("contact", made[0].1.id.get()),
        updated("contact", made[1].1.id.get()),
        updated("lead", made[0].2.id.get()),
        updated("lead", made[1].2.id.get()),
        updated("activity", made[0].3.id.get()),
        updated("activity", made[1].3.id.get()),
        ("account", gone.get(), ChangeKind::Deleted),
    ];
    assert_eq!(told, expected);
}

fn parents_must_exist_and_make_no_circle(database: &Database) {
    let store = open(database);
    let missing = account_of(AccountDraft {
        name: set("Child"),
        parent_id: Patch::Set(AccountId::from_i64(99)),
        ..AccountDraft::default()
    });
    let refused = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, missing));
    assert_eq!(
        only_problem(refused),
        ("parent_id".to_owned(), Problem::Reference { noun: "account" })
    );

    let parent_is = |id| AccountDraft {
        parent_id: Patch::Set(id),
        ..AccountDraft::default()
    };
    let chain: Vec<_> = (0..3).map(|n| add_account(&store, &format!("Level {n}")).id).collect();
    for pair in [(1, 0), (2, 1)] {
        let (child, parent) = (chain[pair.0], chain[pair.1]);
        write(&store, move |unit| {
            single::update::<accounts::Account>(unit, child, parent_is(parent), user(), Check::new())
        })
        .unwrap();
    }
    for parent in [chain[0], chain[1], chain[2]] {
        let top = chain[0];
        let refused = write(&store, move |unit| {
            single::update::<accounts::Account>(unit, top, parent_is(parent), user(), Check::new())
        });
        assert_eq!(only_problem(refused).0, "parent_id");
    }
}

fn a_parent_that_is_gone_blocks_no_other_edit(database: &Database) {
    let store = open(database);
    let parent = add_account(&store, "Parent").id;
    let child = account_of(AccountDraft {
        name: set("Child"),
        parent_id: Patch::Set(parent),
        ..AccountDraft::default()
    });
    let child = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, child))
        .unwrap()
        .id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, parent)).unwrap();
    let draft = AccountDraft {
        city: set("Bern"),
        ..AccountDraft::default()
    };
    let edited = write(&store, move |unit| {
        single::update::<accounts::Account>(unit, child, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(edited.fields.city.as_deref(), Some("Bern"));
}

fn batches_of_every_size_keep_their_order(database: &Database) {
    let store = open(database);
    let mut expected = 1;
    for size in [0, 1, 49, 50, 51, 500] {
        let batch: Vec<_> = (0..size).map(|n| named(&format!("{} {n}", TEXTS[n % TEXTS.len()]))).collect();
        let names: Vec<_> = batch.iter().map(|fields| fields.name.to_string()).collect();
        let added = write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
        assert_eq!(added.len(), size);
        let ids: Vec<_> = added.iter().map(|account| account.id).collect();
        let mut kept = store.reading(|reader| reader.accounts().lookup_many(&ids)).unwrap();
        kept.sort_by_key(|account| account.id);
        assert_eq!(kept, added);
        for (account, name) in added.iter().zip(names) {
            assert_eq!((account.id.get(), &*account.fields.name), (expected, &*name));
            expected += 1;
        }
    }
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    assert_eq!(changes.len(), 651);
}
