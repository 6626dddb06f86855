//! Restoring deleted records (contract X-129).

use std::sync::Arc;

use crm_domain::{
    error::{Error, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, OpportunityId, RecordId},
    tenant::{
        TenantStore, account as accounts,
        account::{Account, AccountDraft, AccountFilter},
        activity::{self as activities, Activity, ActivityDraft, ActivityFields},
        change::ChangeKind,
        contact::{self as contacts, Contact, ContactDraft, ContactFields},
        lead::{self as leads, Lead, LeadDraft, LeadFields},
        opportunity::{self as opportunities, Opportunity, OpportunityDraft},
        record::Record,
    },
    usecase::{restore::restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{account_of, add_account, assert_duplicate, assert_not_found, feed, named, open, set, user, write};
use crm_domain::page::{Sort, Window};

each_backend_shared!(
    a_restored_record_is_what_it_was,
    what_is_live_or_never_was_is_not_restored,
    a_value_taken_meanwhile_is_a_duplicate,
    an_account_comes_back_with_what_its_deletion_took_apart,
    what_was_set_since_stays,
    a_reference_to_what_is_deleted_is_dropped,
    a_hierarchy_gets_no_circle,
);

fn restored<R: Record>(store: &Arc<dyn TenantStore>, id: R::Id) -> Result<R> {
    write(store, move |unit| restore::<R>(unit, id))
}

fn contact(store: &Arc<dyn TenantStore>, draft: ContactDraft) -> Contact {
    let fields = ContactFields::parse(draft, user(), Check::new()).unwrap();
    write(store, move |unit| single::create_parsed::<contacts::Contact>(unit, fields)).unwrap()
}

fn at(account: AccountId, name: &str) -> ContactDraft {
    ContactDraft {
        last_name: set(name),
        account_id: Patch::Set(account),
        ..ContactDraft::default()
    }
}

fn lead(store: &Arc<dyn TenantStore>, account: AccountId) -> Lead {
    let draft = LeadDraft {
        last_name: set("Lead"),
        account_id: Patch::Set(account),
        ..LeadDraft::default()
    };
    let fields = LeadFields::parse(draft, user(), Check::new()).unwrap();
    write(store, move |unit| single::create_parsed::<leads::Lead>(unit, fields)).unwrap()
}

fn deal(store: &Arc<dyn TenantStore>, account: AccountId, external_id: &str) -> Opportunity {
    let draft = OpportunityDraft {
        name: set("Deal"),
        external_id: set(external_id),
        account_id: Patch::Set(account),
        ..OpportunityDraft::default()
    };
    write(store, move |unit| {
        single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())
    })
    .unwrap()
}

fn note(store: &Arc<dyn TenantStore>, draft: ActivityDraft) -> Activity {
    let draft = ActivityDraft {
        activity_type: set("note"),
        subject: set("Note"),
        ..draft
    };
    let fields = ActivityFields::parse(draft, user(), Check::new()).unwrap();
    write(store, move |unit| single::create_parsed::<activities::Activity>(unit, fields)).unwrap()
}

fn delete(store: &Arc<dyn TenantStore>, id: AccountId) {
    write(store, move |unit| single::remove::<accounts::Account>(unit, id)).unwrap();
}

fn a_restored_record_is_what_it_was(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let listed = |deleted| {
        let filter = AccountFilter {
            deleted,
            ..AccountFilter::default()
        };
        let page = store
            .reading(|reader| reader.accounts().list(&filter, Sort::default(), &Window::first(10)))
            .unwrap();
        (page.items.len(), page.total)
    };
    delete(&store, account.id);
    assert_eq!((listed(false), listed(true)), ((0, 0), (1, 1)));
    let back = restored::<Account>(&store, account.id).unwrap();
    assert_eq!((listed(false), listed(true)), ((1, 1), (0, 0)));
    assert!(back.updated_at > account.updated_at);
    assert_eq!(
        Account {
            updated_at: account.updated_at,
            ..back.clone()
        },
        account
    );
    assert_eq!(store.reading(|reader| reader.accounts().lookup(account.id)).unwrap(), Some(back));
    let last = feed(&store).pop().unwrap();
    assert_eq!((last.kind, last.entity_id), (ChangeKind::Restored, account.id.get()));
    assert_eq!(last.pair("name").unwrap(), Some((serde_json::Value::Null, "Acme".into())));
}

fn what_is_live_or_never_was_is_not_restored(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let refused = restored::<Account>(&store, account.id);
    assert!(
        matches!(&refused, Err(Error::State { noun: "account", state, action: "restored", .. }) if state == "not deleted"),
        "{refused:?}"
    );
    assert_not_found(restored::<Account>(&store, AccountId::from_i64(99)), "account");
    assert_not_found(restored::<Contact>(&store, ContactId::from_i64(99)), "contact");
    assert_not_found(restored::<Opportunity>(&store, OpportunityId::from_i64(99)), "opportunity");
    assert_eq!(feed(&store).len(), 1);
}

//
fn a_value_taken_meanwhile_is_a_duplicate(database: &Database) {
    let store = open(database);
    let draft = || ContactDraft {
        email: set("Ada@example.com"),
        ..at(add_account(&store, "Acme").id, "Lovelace")
    };
    let first = contact(&store, draft());
    let id = first.id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, id)).unwrap();
    let second = contact(
        &store,
        ContactDraft {
            email: set("ADA@example.com"),
            ..draft()
        },
    );
    assert_duplicate(restored::<Contact>(&store, id), "contact", "email");
    let taken = second.id;
    write(&store, move |unit| single::remove::<contacts::Contact>(unit, taken)).unwrap();
    assert_eq!(restored::<Contact>(&store, id).unwrap().fields, first.fields);
}

//
fn an_account_comes_back_with_what_its_deletion_took_apart(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let id = account.id;
    let subsidiary = account_of(AccountDraft {
        name: set("Subsidiary"),
        parent_id: Patch::Set(id),
        ..AccountDraft::default()
    });
    let subsidiary = write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, subsidiary)).unwrap();
    let (person, lead) = (contact(&store, at(id, "Person")), lead(&store, id));
    let (kept, taken) = (deal(&store, id, "D-1"), deal(&store, id, "D-2"));
    let about = |opportunity: &Opportunity| ActivityDraft {
        account_id: Patch::Set(id),
        opportunity_id: Patch::Set(opportunity.id),
        ..ActivityDraft::default()
    };
    let (note_kept, note_taken) = (note(&store, about(&kept)), note(&store, about(&taken)));
    // Deleted by itself before: not the account's deletion took it.
    let before = deal(&store, id, "D-0");
    let gone = before.id;
    write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, gone)).unwrap();
    delete(&store, id);
    let orphan = store.reading(|reader| reader.contacts().lookup(person.id)).unwrap().unwrap();
    assert_eq!(orphan.fields.account_id, None);
    let elsewhere = add_account(&store, "Elsewhere").id;
    deal(&store, elsewhere, "D-2");
    restored::<Account>(&store, id).unwrap();
    store
        .reading(|reader| {
            assert_eq!(reader.accounts().lookup(subsidiary.id)?.unwrap().fields, subsidiary.fields);
            assert_eq!(reader.contacts().lookup(person.id)?.unwrap().fields, person.fields);
            assert_eq!(reader.leads().lookup(lead.id)?.unwrap().fields, lead.fields);
            assert_eq!(reader.opportunities().lookup(kept.id)?.unwrap().fields, kept.fields);
            assert_eq!(reader.opportunities().lookup(taken.id)?, None, "its external id is another's");
            assert_eq!(reader.opportunities().lookup(before.id)?, None, "it was deleted before");
            assert_eq!(reader.activities().lookup(note_kept.id)?.unwrap().fields, note_kept.fields);
            let left = reader.activities().lookup(note_taken.id)?.unwrap().fields;
            assert_eq!((left.account_id, left.opportunity_id), (Some(id), None));
            Ok(())
        })
        .unwrap();
}

fn what_was_set_since_stays(database: &Database) {
    let store = open(database);
    let (account, other) = (add_account(&store, "Acme").id, add_account(&store, "Other").id);
    let person = contact(&store, at(account, "Person")).id;
    delete(&store, account);
    write(&store, move |unit| {
        single::update::<contacts::Contact>(unit, person, at(other, "Person"), user(), Check::new())
    })
    .unwrap();
    restored::<Account>(&store, account).unwrap();
    let now = store.reading(|reader| reader.contacts().lookup(person)).unwrap().unwrap();
    assert_eq!(now.fields.account_id, Some(other));
}

fn a_reference_to_what_is_deleted_is_dropped(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let opportunity = deal(&store, account, "D-1").id;
    delete(&store, account);
    let back = restored::<Opportunity>(&store, opportunity).unwrap();
    assert_eq!(back.fields.account_id, None);
    let last = feed(&store).pop().unwrap();
    assert_eq!((last.kind, last.pair("account_id").unwrap()), (ChangeKind::Restored, None));
    // It is its account's again as soon as there is one.
    restored::<Account>(&store, account).unwrap();
    let now = store.reading(|reader| reader.opportunities().lookup(opportunity)).unwrap().unwrap();
    assert_eq!(now.fields.account_id, Some(account));
}

fn a_hierarchy_gets_no_circle(database: &Database) {
    let store = open(database);
    let top = add_account(&store, "Top").id;
    let below = |parent: AccountId| AccountDraft {
        parent_id: Patch::Set(parent),
        ..AccountDraft::default()
    };
    let [middle, low] = ["Middle", "Low"].map(|name| {
        let fields = named(name);
        write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, fields))
            .unwrap()
            .id
    });
    let place = |id: AccountId, parent: AccountId| {
        let draft = below(parent);
        write(&store, move |unit| {
            single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
        })
        .unwrap()
    };
    place(middle, top);
    place(low, middle);
    delete(&store, middle);
    place(top, low);
    restored::<Account>(&store, middle).unwrap();
    let parent_of = |id| {
        store
            .reading(|reader| reader.accounts().lookup(id))
            .unwrap()
            .unwrap()
            .fields
            .parent_id
    };
    assert_eq!([parent_of(top), parent_of(middle), parent_of(low)], [Some(low), Some(top), None]);
}
