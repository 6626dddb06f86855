//! Merging records, and undoing it.

mod deleted;
mod identity;

use std::sync::Arc;

use crm_domain::{
    error::{Error, FieldError, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, LeadId, MergeId, RecordId, TagId},
    page::{Direction, Page, Sort, Start, Window},
    tenant::{
        TenantStore,
        account::{Account, AccountDraft, AccountFilter},
        activity::{Activity, ActivityDraft},
        change::{Change, ChangeFilter, ChangeKind, Entity, EntityKind, Stretch},
        contact::{Contact, ContactDraft},
        custom_field::{self as custom_fields, CustomDraft, CustomFieldDraft},
        label::{self, Labels},
        lead::{self as leads, Lead, LeadDraft, LeadFields, LeadStatus},
        merge::{Merge, MergeField, MergeFilter, Mergeable},
        opportunity::{Opportunity, OpportunityDraft},
        record::{Record, id_of},
        task::{Task, TaskDraft},
        ticket::{Ticket, TicketDraft},
    },
    usecase::{
        bulk::{self, Drafted},
        convert_lead::{self, Conversion},
        merge::{MERGE_MAX, Merged, merge, undo},
        restore::restore,
    },
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::{Value, json};

use super::{add_account, assert_duplicate, assert_feed_in_order, assert_not_found, assert_refused, feed, open, set, text, user, write};

each_backend_shared!(
    whatever_referred_to_them_refers_to_the_one_that_remains,
    what_it_lacks_is_filled_in_the_order_given,
    a_name_or_an_address_is_one_records,
    a_value_is_taken_over_only_when_it_is_free,
    everything_wrong_is_told_at_once,
    an_account_does_not_swallow_what_it_is_below,
    no_merge_makes_a_circle,
    converted_leads_are_not_merged,
    what_a_lead_became_follows,
    what_a_lead_became_is_named_while_it_is_there,
    the_feed_tells_merges_as_such,
    tags_are_joined_and_parted,
    custom_fields_are_filled_and_emptied,
    what_was_changed_since_stays,
    a_name_is_never_emptied,
    a_merge_is_undone_once,
    without_the_record_that_remained_nothing_is_undone,
    what_was_restored_by_itself_is_no_longer_merged,
    a_value_taken_meanwhile_is_a_duplicate,
    what_leads_shared_they_share_again,
    merges_are_undone_one_after_another,
    a_hierarchy_that_changed_since_gets_no_circle,
    merges_are_listed,
);

pub(super) type Store = Arc<dyn TenantStore>;

/// A new record.
#[track_caller]
pub(super) fn make<R: Record>(store: &Store, draft: R::Draft) -> R {
    make_with(store, draft, json!({}))
}

/// A new record with custom fields.
#[track_caller]
pub(super) fn make_with<R: Record>(store: &Store, draft: R::Draft, custom: Value) -> R {
    let drafted = Drafted {
        custom: values(custom),
        ..Drafted::new(draft, Check::new())
    };
    let made = write(store, move |unit| bulk::create::<R>(unit, vec![drafted], user()));
    made.unwrap().pop().unwrap().unwrap()
}

#[track_caller]
fn change<R: Record>(store: &Store, id: R::Id, draft: R::Draft) -> R {
    change_with(store, id, draft, json!({}))
}

#[track_caller]
fn change_with<R: Record>(store: &Store, id: R::Id, draft: R::Draft, custom: Value) -> R {
    let drafted = Drafted {
        custom: values(custom),
        ..Drafted::new(draft, Check::new())
    };
    let changed = write(store, move |unit| bulk::update::<R>(unit, vec![Ok((id, drafted))], user()));
    changed.unwrap().pop().unwrap().unwrap()
}

fn values(object: Value) -> CustomDraft {
    match object {
        Value::Object(members) => CustomDraft(members.into_iter().collect()),
        other => panic!("{other} is no object"),
    }
}

pub(super) fn define(store: &Store, kind: EntityKind, key: &str, is_unique: bool) {
    let draft = CustomFieldDraft {
        entity: Patch::Set(kind),
        key: set(key),
        field_type: set("text"),
        unique: Patch::Set(is_unique),
        ..CustomFieldDraft::default()
    };
    write(store, move |unit| custom_fields::create(unit, draft, Check::new())).unwrap();
}

/// What a record carries beyond its own fields.
pub(super) fn labels(store: &Store, kind: EntityKind, id: i64) -> Labels {
    let mut labels = store.reading(|reader| label::of(reader.labels(), kind, &[id])).unwrap();
    labels.remove(&id).unwrap_or_default()
}

fn tags(store: &Store, kind: EntityKind, id: i64) -> Vec<String> {
    labels(store, kind, id).tags
}

fn custom(store: &Store, kind: EntityKind, id: i64) -> Value {
    let fields = labels(store, kind, id).custom_fields;
    Value::Object(fields.into_iter().map(|(key, value)| (key, Value::from(&value))).collect())
}

#[track_caller]
fn remove<R: Record>(store: &Store, id: R::Id) {
    let removed = write(store, move |unit| bulk::remove::<R>(unit, vec![Ok(id)]));
    removed.unwrap().pop().unwrap().unwrap();
}

fn live<R: Record>(store: &Store, id: R::Id) -> Option<R> {
    write(store, move |unit| R::lookup_many(unit, &[id])).unwrap().pop()
}

#[track_caller]
fn now<R: Record>(store: &Store, id: R::Id) -> R {
    live(store, id).expect("a live record")
}

pub(super) fn merged<R: Mergeable>(store: &Store, into: R::Id, ids: &[R::Id]) -> Result<Merged<R>> {
    let ids = ids.iter().copied().map(Some).collect();
    write(store, move |unit| merge::<R>(unit, into, ids, Check::new()))
}

pub(super) fn undone(store: &Store, id: MergeId) -> Result<Merge> {
    write(store, move |unit| undo(unit, id))
}

pub(super) fn tag(store: &Store, kind: EntityKind, id: i64, name: &'static str) {
    write(store, move |unit| label::assign(unit, kind, &[id], vec![text(name)])).unwrap();
}

fn company(name: &str) -> AccountDraft {
    AccountDraft {
        name: set(name),
        ..AccountDraft::default()
    }
}

fn below(parent: AccountId) -> AccountDraft {
    AccountDraft {
        parent_id: Patch::Set(parent),
        ..company("Subsidiary")
    }
}

fn person(last_name: &str) -> ContactDraft {
    ContactDraft {
        last_name: set(last_name),
        ..ContactDraft::default()
    }
}

fn lead(last_name: &str) -> LeadDraft {
    LeadDraft {
        last_name: set(last_name),
        ..LeadDraft::default()
    }
}

/// As imports bring leads: they may share emails.
fn imported(store: &Store, email: &str) -> Lead {
    let draft = LeadDraft {
        email: set(email),
        ..lead("Imported")
    };
    let fields = LeadFields::parse(draft, user(), Check::new()).unwrap();
    write(store, move |unit| leads::create_many(unit, vec![fields])).unwrap().remove(0)
}

fn parent(store: &Store, id: AccountId) -> Option<AccountId> {
    now::<Account>(store, id).fields.parent_id
}

fn whatever_referred_to_them_refers_to_the_one_that_remains(database: &Database) {
    let store = open(database);
    let [to, first, second] = ["Acme", "ACME Inc", "Acme Corp"].map(|name| add_account(&store, name).id);
    let elsewhere = add_account(&store, "Bolt").id;
    let subsidiary: Account = make(&store, below(first));
    let at = |account| ContactDraft {
        account_id: Patch::Set(account),
        ..person("Lovelace")
    };
    let contacts = [first, second, elsewhere].map(|account| make::<Contact>(&store, at(account)).id);
    let lead: Lead = make(
        &store,
        LeadDraft {
            account_id: Patch::Set(second),
            ..lead("Lovelace")
        },
    );
    let deal: Opportunity = make(
        &store,
        OpportunityDraft {
            name: set("Deal"),
            account_id: Patch::Set(first),
            contact_id: Patch::Set(contacts[0]),
            ..OpportunityDraft::default()
        },
    );
    let note: Activity = make(
        &store,
        ActivityDraft {
            activity_type: set("note"),
            subject: set("Note"),
            account_id: Patch::Set(first),
            ..ActivityDraft::default()
        },
    );
    let task: Task = make(
        &store,
        TaskDraft {
            title: set("Task"),
            account_id: Patch::Set(second),
            ..TaskDraft::default()
        },
    );
    let ticket: Ticket = make(
        &store,
        TicketDraft {
            subject: set("Ticket"),
            account_id: Patch::Set(second),
            ..TicketDraft::default()
        },
    );
    let before = feed(&store).len();
    let Merged { record, merge } = merged::<Account>(&store, to, &[second, first]).unwrap();
    assert_eq!((record.id, merge.done.merged_ids.clone()), (to, vec![second.get(), first.get()]));
    assert_eq!(
        merge.done.moved,
        [
            (EntityKind::Account, 1),
            (EntityKind::Activity, 1),
            (EntityKind::Contact, 2),
            (EntityKind::Lead, 1),
            (EntityKind::Opportunity, 1),
            (EntityKind::Task, 1),
            (EntityKind::Ticket, 1),
        ]
    );
    let changes = feed(&store);
    assert_feed_in_order(&changes);
    let mut told: Vec<(&str, i64, &str)> = changes[before..]
        .iter()
        .map(|change| (change.entity.as_str(), change.entity_id, change.kind.as_str()))
        .collect();
    told.sort_unstable();
    let mut expected = [
        ("account", to.get(), "merged"),
        ("account", first.get(), "deleted"),
        ("account", second.get(), "deleted"),
        ("account", subsidiary.id.get(), "updated"),
        ("activity", note.id.get(), "updated"),
        // Of each the account, and then its name.
        ("contact", contacts[0].get(), "updated"),
        ("contact", contacts[0].get(), "updated"),
        ("contact", contacts[1].get(), "updated"),
        ("contact", contacts[1].get(), "updated"),
        ("lead", lead.id.get(), "updated"),
        ("opportunity", deal.id.get(), "updated"),
        ("task", task.id.get(), "updated"),
        ("ticket", ticket.id.get(), "updated"),
    ];
    expected.sort_unstable();
    assert_eq!(told, expected);
    store
        .reading(|reader| {
            assert_eq!(reader.accounts().lookup(subsidiary.id)?.unwrap().fields.parent_id, Some(to));
            let at = contacts.map(|id| reader.contacts().lookup(id).unwrap().unwrap().fields.account_id);
            assert_eq!(at, [Some(to), Some(to), Some(elsewhere)]);
            assert_eq!(reader.leads().lookup(lead.id)?.unwrap().fields.account_id, Some(to));
            let deal = reader.opportunities().lookup(deal.id)?.unwrap().fields;
            assert_eq!((deal.account_id, deal.contact_id), (Some(to), Some(contacts[0])));
            assert_eq!(reader.activities().lookup(note.id)?.unwrap().fields.account_id, Some(to));
            assert_eq!(reader.tasks().lookup(task.id)?.unwrap().fields.account_id, Some(to));
            assert_eq!(reader.tickets().lookup(ticket.id)?.unwrap().fields.account_id, Some(to));
            let filter = AccountFilter {
                deleted: true,
                ..AccountFilter::default()
            };
            let deleted = reader.accounts().list(&filter, Sort::default(), &Window::first(10))?;
            assert_eq!(deleted.items.iter().map(|account| account.id).collect::<Vec<_>>(), [first, second]);
            let live = reader
                .accounts()
                .list(&AccountFilter::default(), Sort::default(), &Window::first(10))?;
            assert_eq!((live.items.len(), live.total), (3, 3));
            assert_eq!(reader.merges().lookup(merge.id)?, Some(merge));
            Ok(())
        })
        .unwrap();
}

fn what_it_lacks_is_filled_in_the_order_given(database: &Database) {
    let store = open(database);
    let to: Account = make(
        &store,
        AccountDraft {
            industry: set("Steel"),
            ..company("Acme")
        },
    );
    let first: Account = make(
        &store,
        AccountDraft {
            industry: set("Iron"),
            phone: set("1"),
            annual_revenue: set("1250.50"),
            currency: set("EUR"),
            ..company("First")
        },
    );
    let second: Account = make(
        &store,
        AccountDraft {
            phone: set("2"),
            email: set("a@example.com"),
            external_id: set("E-2"),
            ..company("Second")
        },
    );
    let Merged { record, merge } = merged::<Account>(&store, to.id, &[first.id, second.id]).unwrap();
    let mut expected = to.fields.clone();
    expected.phone.clone_from(&first.fields.phone);
    expected.annual_revenue = first.fields.annual_revenue;
    expected.email.clone_from(&second.fields.email);
    expected.external_id.clone_from(&second.fields.external_id);
    assert_eq!(record.fields, expected);
    assert_eq!(
        Value::Object(merge.done.filled.clone()),
        json!({
            "annual_revenue": { "minor": 125_050, "currency": "EUR" },
            "email": "a@example.com",
            "external_id": "E-2",
            "phone": "1",
        })
    );
    assert_eq!(now::<Account>(&store, to.id), record);
    assert_eq!((record.updated_at, record.created_at), (merge.created_at, to.created_at));
    let changes = feed(&store);
    let filled = &changes[changes.len() - 2];
    assert_eq!(
        (filled.entity_id, filled.pair("phone").unwrap()),
        (to.id.get(), Some((Value::Null, "1".into())))
    );
    undone(&store, merge.id).unwrap();
    assert_eq!(now::<Account>(&store, to.id).fields, to.fields);
    assert_eq!(now::<Account>(&store, second.id).fields, second.fields);
}

fn a_name_or_an_address_is_one_records(database: &Database) {
    let store = open(database);
    let contact = |first: &str, last: &str, city: &str, country: &str| {
        let draft = ContactDraft {
            first_name: set(first),
            last_name: set(last),
            city: set(city),
            country: set(country),
            ..ContactDraft::default()
        };
        make::<Contact>(&store, draft).id
    };
    let to = contact("", "Byron", "London", "");
    let others = [
        contact("Charles", "Babbage", "Paris", "France"),
        contact("Ada", "BYRON", "", "England"),
    ];
    let fields = merged::<Contact>(&store, to, &others).unwrap().record.fields;
    assert_eq!(fields.full_name.as_deref(), Some("Ada Byron"));
    assert_eq!(
        (fields.city.as_deref(), fields.country.as_deref()),
        (Some("London"), Some("England"))
    );
}

fn a_value_is_taken_over_only_when_it_is_free(database: &Database) {
    let store = open(database);
    let mail = |address: &str| ContactDraft {
        email: set(address),
        ..person("Lovelace")
    };
    let to: Contact = make(&store, person("Lovelace"));
    let from: Contact = make(&store, mail("Ada@example.com"));
    let fields = merged::<Contact>(&store, to.id, &[from.id]).unwrap().record.fields;
    assert_eq!(fields.email, from.fields.email, "it is free once the other is gone");
    // Leads that were imported may share one: it stays the third one's.
    let to: Lead = make(&store, lead("Lovelace"));
    let [shared, other] = [0, 1].map(|_| imported(&store, "ada@example.com"));
    let unshared = imported(&store, "grace@example.com");
    let Merged { record, .. } = merged::<Lead>(&store, to.id, &[shared.id, unshared.id]).unwrap();
    assert_eq!(record.fields.email, unshared.fields.email);
    assert!(live::<Lead>(&store, other.id).is_some());
    // What a reference names must be there.
    let account = add_account(&store, "Acme").id;
    let top = add_account(&store, "Top").id;
    let low: Account = make(&store, below(account));
    let lower: Account = make(&store, below(low.id));
    let Merged { record, .. } = merged::<Account>(&store, top, &[lower.id, low.id]).unwrap();
    assert_eq!(
        record.fields.parent_id,
        Some(account),
        "the first one's parent is gone with the second"
    );
}

//
fn everything_wrong_is_told_at_once(database: &Database) {
    let store = open(database);
    let [to, from] = ["Acme", "ACME"].map(|name| add_account(&store, name).id);
    let before = feed(&store).len();
    let ask = |ids: Vec<Option<AccountId>>, into: AccountId| write(&store, move |unit| merge::<Account>(unit, into, ids, Check::new()));
    let unknown = AccountId::from_i64(99);
    let Err(Error::Invalid(errors)) = ask(vec![Some(from), Some(to), None, Some(unknown), Some(from), Some(unknown)], to) else {
        panic!("five of them are wrong")
    };
    let rule = |text: &str| Problem::Rule(text.to_owned());
    let reference = || Problem::Reference { noun: "account" };
    let error = |index: usize, problem| FieldError {
        field: format!("ids[{index}]"),
        problem,
    };
    assert_eq!(
        errors,
        [
            error(1, rule("must name another record than the one that remains")),
            error(2, reference()),
            error(3, reference()),
            error(4, rule("must stand here once only")),
            error(5, rule("must stand here once only")),
        ]
    );
    for ids in [vec![], vec![Some(from); MERGE_MAX + 1]] {
        let (field, problem) = super::only_problem(ask(ids, to));
        assert_eq!((field.as_str(), problem), ("ids", rule("must hold 1 to 50 ids")));
    }
    assert_not_found(ask(vec![Some(from)], unknown), "account");
    assert_not_found(ask(vec![], unknown), "account");
    remove::<Account>(&store, from);
    let (field, _) = super::only_problem(ask(vec![Some(from)], to));
    assert_eq!(field, "ids[0]", "what is deleted is not there");
    assert_eq!(feed(&store).len(), before + 1, "nothing was written but the deletion");
    assert_not_found(undone(&store, MergeId::from_i64(1)), "merge");
}

fn an_account_does_not_swallow_what_it_is_below(database: &Database) {
    let store = open(database);
    let top = add_account(&store, "Top").id;
    let middle = make::<Account>(&store, below(top)).id;
    let low = make::<Account>(&store, below(middle)).id;
    let before = feed(&store).len();
    for above in [top, middle] {
        let refused = merged::<Account>(&store, low, &[above]);
        assert_refused(refused, "above the other in its hierarchy", "merged into it");
    }
    assert_eq!(feed(&store).len(), before);
    // The other way round it can be said.
    let Merged { record, merge } = merged::<Account>(&store, top, &[middle]).unwrap();
    assert_eq!((record.fields.parent_id, parent(&store, low)), (None, Some(top)));
    undone(&store, merge.id).unwrap();
    assert_eq!((parent(&store, middle), parent(&store, low)), (Some(top), Some(middle)));
}

fn no_merge_makes_a_circle(database: &Database) {
    let store = open(database);
    // A parent below the record that remains is not its parent.
    let to = add_account(&store, "Top").id;
    let middle = make::<Account>(&store, below(to)).id;
    let low = make::<Account>(&store, below(middle)).id;
    let Merged { record, .. } = merged::<Account>(&store, to, &[low]).unwrap();
    assert_eq!((record.fields.parent_id, parent(&store, middle)), (None, Some(to)));
    // A whole line at once, and the one below it.
    let line: Vec<AccountId> = (0..4).fold(Vec::new(), |mut line, number| {
        let draft = line.last().map_or_else(|| company("Line"), |last| below(*last));
        line.push(
            make::<Account>(
                &store,
                AccountDraft {
                    name: set(number),
                    ..draft
                },
            )
            .id,
        );
        line
    });
    let Merged { merge, .. } = merged::<Account>(&store, line[0], &[line[2], line[1]]).unwrap();
    assert_eq!((parent(&store, line[0]), parent(&store, line[3])), (None, Some(line[0])));
    assert_eq!(merge.done.moved, [(EntityKind::Account, 1)], "those that are gone are not counted");
    undone(&store, merge.id).unwrap();
    let parents: Vec<_> = line.iter().map(|id| parent(&store, *id)).collect();
    assert_eq!(parents, [None, Some(line[0]), Some(line[1]), Some(line[2])]);
}

fn converted_leads_are_not_merged(database: &Database) {
    let store = open(database);
    let [open_lead, converted] = ["Open", "Converted"].map(|name| make::<Lead>(&store, lead(name)).id);
    write(&store, move |unit| {
        convert_lead::convert(unit, converted, Conversion::default(), Check::new())
    })
    .unwrap();
    for (into, from) in [(open_lead, converted), (converted, open_lead)] {
        assert_refused(merged::<Lead>(&store, into, &[from]), "converted", "merged");
    }
}

fn what_a_lead_became_follows(database: &Database) {
    let store = open(database);
    let draft = LeadDraft {
        company: set("Acme"),
        ..lead("Lovelace")
    };
    let id = make::<Lead>(&store, draft).id;
    let became = write(&store, move |unit| {
        convert_lead::convert(unit, id, Conversion::default(), Check::new())
    })
    .unwrap();
    let (account, contact) = (became.account.unwrap().id, became.contact.id);
    let kept = (add_account(&store, "ACME").id, make::<Contact>(&store, person("Lovelace")).id);
    let of_account = merged::<Account>(&store, kept.0, &[account]).unwrap().merge;
    let of_contact = merged::<Contact>(&store, kept.1, &[contact]).unwrap().merge;
    let outcome = || now::<Lead>(&store, id).fields.outcome;
    let named = || (outcome().converted_account_id, outcome().converted_contact_id);
    assert_eq!(named(), (Some(kept.0), Some(kept.1)));
    assert_eq!(now::<Lead>(&store, id).fields.account_id, Some(kept.0));
    let leads = of_account.done.moved.iter().find(|(kind, _)| *kind == EntityKind::Lead);
    assert_eq!(leads, Some(&(EntityKind::Lead, 1)), "one lead, though by two fields");
    undone(&store, of_contact.id).unwrap();
    undone(&store, of_account.id).unwrap();
    assert_eq!(outcome(), became.lead.fields.outcome);
    // What is deleted is named no more, until it is restored.
    let deal = became.opportunity.map(|deal| deal.id);
    assert_eq!((outcome().converted_opportunity_id, deal), (None, None));
    remove::<Contact>(&store, contact);
    assert_eq!(named(), (Some(account), None));
    remove::<Account>(&store, account);
    assert_eq!(named(), (None, None));
    assert_eq!(now::<Lead>(&store, id).fields.status, LeadStatus::Converted);
    write(&store, move |unit| restore::<Account>(unit, account)).unwrap();
    write(&store, move |unit| restore::<Contact>(unit, contact)).unwrap();
    assert_eq!(outcome(), became.lead.fields.outcome);
}

fn what_a_lead_became_is_named_while_it_is_there(database: &Database) {
    let store = open(database);
    let id = make::<Lead>(&store, lead("Lovelace")).id;
    let wanted = Conversion {
        opportunity: Some(OpportunityDraft::default()),
        ..Conversion::default()
    };
    let became = write(&store, move |unit| convert_lead::convert(unit, id, wanted, Check::new())).unwrap();
    let (deal, contact) = (became.opportunity.unwrap().id, became.contact.id);
    let named = || now::<Lead>(&store, id).fields.outcome.converted_opportunity_id;
    let before = now::<Lead>(&store, id);
    remove::<Opportunity>(&store, deal);
    assert_eq!(named(), None);
    let last = feed(&store)
        .into_iter()
        .rev()
        .find(|change| change.entity == EntityKind::Lead)
        .unwrap();
    let gone = (Value::from(deal.get()), Value::Null);
    assert_eq!(
        (last.entity_id, last.pair("converted_opportunity_id").unwrap()),
        (id.get(), Some(gone))
    );
    assert!(now::<Lead>(&store, id).updated_at > before.updated_at);
    write(&store, move |unit| restore::<Opportunity>(unit, deal)).unwrap();
    assert_eq!(now::<Lead>(&store, id).fields, before.fields);
    // A lead that comes back names what is there by then.
    remove::<Lead>(&store, id);
    remove::<Opportunity>(&store, deal);
    let back = write(&store, move |unit| restore::<Lead>(unit, id)).unwrap();
    let outcome = &back.fields.outcome;
    assert_eq!(
        (outcome.converted_contact_id, outcome.converted_opportunity_id),
        (Some(contact), None)
    );
}

// What follows the feed sees that it was a merge, and which records became one.
fn the_feed_tells_merges_as_such(database: &Database) {
    let store = open(database);
    let [to, first, second] = ["Acme", "ACME", "Acme Inc"].map(|name| add_account(&store, name).id);
    let merge = merged::<Account>(&store, to, &[second, first]).unwrap().merge;
    undone(&store, merge.id).unwrap();
    let changes = feed(&store);
    let told: Vec<&Change> = changes.iter().filter(|change| change.entity_id == to.get()).collect();
    let kinds: Vec<ChangeKind> = told.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Created, ChangeKind::Merged, ChangeKind::Unmerged]);
    let fields = |change: &Change| serde_json::from_str::<Value>(&change.fields).unwrap();
    let (id, ids) = (merge.id.get(), [second.get(), first.get()]);
    assert_eq!(fields(told[1]), json!({ "merge_id": [null, id], "merged_ids": [null, ids] }));
    assert_eq!(fields(told[2]), json!({ "merge_id": [id, null], "merged_ids": [ids, null] }));
    // They are of the units that did it.
    assert_eq!(told[1].stamp, merge.created_at);
    let of_merge = store.reading(|reader| reader.changes().list_of_unit(told[1].seq)).unwrap();
    assert_eq!(of_merge.iter().filter(|change| change.kind == ChangeKind::Deleted).count(), 2);
    let wanted = ChangeFilter {
        kinds: Some(vec![ChangeKind::Merged, ChangeKind::Unmerged]),
        ..ChangeFilter::default()
    };
    let stretch = Stretch {
        after: 0,
        before: i64::MAX,
        direction: Direction::Ascending,
        limit: 10,
    };
    let merges = store.reading(|reader| reader.changes().list(&wanted, &stretch)).unwrap();
    assert_eq!(
        merges.iter().map(|change| change.seq).collect::<Vec<_>>(),
        [told[1].seq, told[2].seq]
    );
}

fn tags_are_joined_and_parted(database: &Database) {
    let store = open(database);
    const KIND: EntityKind = EntityKind::Contact;
    let [to, from] = ["Lovelace", "Byron"].map(|name| make::<Contact>(&store, person(name)).id);
    for (id, name) in [(to, "own"), (to, "both"), (from, "both"), (from, "brought"), (from, "dropped")] {
        tag(&store, KIND, id.get(), name);
    }
    let Merged { record, merge } = merged::<Contact>(&store, to, &[from]).unwrap();
    assert_eq!(tags(&store, KIND, to.get()), ["both", "brought", "dropped", "own"]);
    assert_eq!(merge.done.labels.tags.len(), 2);
    assert_eq!(record.updated_at, merge.created_at);
    let dropped: TagId = store.reading(|reader| reader.tags().lookup_named(&["dropped".to_owned()])).unwrap()[0].id;
    write(&store, move |unit| {
        label::unassign(unit, KIND, &[to.get()], label::names_tag("", Some(dropped)))
    })
    .unwrap();
    tag(&store, KIND, to.get(), "later");
    undone(&store, merge.id).unwrap();
    assert_eq!(tags(&store, KIND, to.get()), ["both", "later", "own"]);
    assert_eq!(tags(&store, KIND, from.get()), ["both", "brought", "dropped"]);
    // More than one may carry is no merge.
    for number in 0..label::TAGS_MAX - 3 {
        let name = text(&format!("tag {number}"));
        write(&store, move |unit| label::assign(unit, KIND, &[to.get()], vec![name])).unwrap();
    }
    let before = feed(&store).len();
    let (field, _) = super::only_problem(merged::<Contact>(&store, to, &[from]));
    assert_eq!((field.as_str(), feed(&store).len()), ("tags", before));
}

fn custom_fields_are_filled_and_emptied(database: &Database) {
    let store = open(database);
    const KIND: EntityKind = EntityKind::Account;
    for (key, is_unique) in [("code", true), ("tier", false), ("region", false)] {
        define(&store, KIND, key, is_unique);
    }
    let own = json!({ "tier": "Gold" });
    let (first, second) = (
        json!({ "tier": "Silver", "code": "A-1" }),
        json!({ "region": "North", "code": "A-2" }),
    );
    let make = |custom: &Value| make_with::<Account>(&store, company("Acme"), custom.clone()).id;
    let [to, one, two] = [&own, &first, &second].map(make);
    let all = |of: AccountId| custom(&store, KIND, of.get());
    let merge = merged::<Account>(&store, to, &[one, two]).unwrap().merge;
    assert_eq!(all(to), json!({ "tier": "Gold", "code": "A-1", "region": "North" }));
    assert_eq!(merge.done.labels.custom_fields.len(), 2);
    undone(&store, merge.id).unwrap();
    assert_eq!([to, one, two].map(all), [own, first, second]);
    // What was changed since stays, and what must be unique and was taken keeps the others where they are.
    let merge = merged::<Account>(&store, to, &[one, two]).unwrap().merge;
    change_with::<Account>(&store, to, company("Acme"), json!({ "region": "South", "code": "A-2" }));
    let refused = undone(&store, merge.id);
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    change_with::<Account>(&store, to, company("Acme"), json!({ "code": null }));
    undone(&store, merge.id).unwrap();
    assert_eq!(all(to), json!({ "tier": "Gold", "region": "South" }));
}

fn what_was_changed_since_stays(database: &Database) {
    let store = open(database);
    let [to, from, other] = ["Acme", "ACME", "Other"].map(|name| add_account(&store, name).id);
    let draft = AccountDraft {
        phone: set("1"),
        email: set("a@example.com"),
        ..company("ACME")
    };
    change::<Account>(&store, from, draft);
    let at = |account| ContactDraft {
        account_id: Patch::Set(account),
        ..person("Lovelace")
    };
    let [stays, goes, gone] = [0, 1, 2].map(|_| make::<Contact>(&store, at(from)).id);
    let merge = merged::<Account>(&store, to, &[from]).unwrap().merge;
    let since = AccountDraft {
        phone: set("2"),
        ..company("Renamed")
    };
    change::<Account>(&store, to, since);
    change::<Contact>(&store, goes, at(other));
    remove::<Contact>(&store, gone);
    let new = make::<Contact>(&store, at(to)).id;
    let undone = undone(&store, merge.id).unwrap();
    assert_eq!((undone.undone_at.is_some(), undone.undone_by), (true, Some(user())));
    assert_eq!(
        Merge {
            undone_at: None,
            undone_by: None,
            ..undone
        },
        merge
    );
    let fields = now::<Account>(&store, to).fields;
    assert_eq!((&*fields.name, fields.phone.as_deref(), fields.email), ("Renamed", Some("2"), None));
    let account_of = |id| now::<Contact>(&store, id).fields.account_id;
    assert_eq!([stays, goes, new].map(account_of), [Some(from), Some(other), Some(to)]);
    assert!(live::<Contact>(&store, gone).is_none());
}

fn a_name_is_never_emptied(database: &Database) {
    let store = open(database);
    let to = make::<Contact>(&store, person("Byron")).id;
    let named = ContactDraft {
        first_name: set("Ada"),
        ..person("Byron")
    };
    let from = make::<Contact>(&store, named).id;
    let merge = merged::<Contact>(&store, to, &[from]).unwrap().merge;
    let draft = ContactDraft {
        last_name: Patch::Clear,
        ..ContactDraft::default()
    };
    change::<Contact>(&store, to, draft);
    undone(&store, merge.id).unwrap();
    assert_eq!(now::<Contact>(&store, to).fields.full_name.as_deref(), Some("Ada"));
}

fn a_merge_is_undone_once(database: &Database) {
    let store = open(database);
    let [to, from] = ["Acme", "ACME"].map(|name| add_account(&store, name).id);
    let merge = merged::<Account>(&store, to, &[from]).unwrap().merge;
    undone(&store, merge.id).unwrap();
    let before = feed(&store).len();
    assert_refused(undone(&store, merge.id), "undone", "undone");
    assert_eq!(feed(&store).len(), before);
    // Merged again it is another merge.
    let again = merged::<Account>(&store, to, &[from]).unwrap().merge;
    assert_ne!(again.id, merge.id);
    assert_refused(undone(&store, merge.id), "undone", "undone");
    undone(&store, again.id).unwrap();
}

fn without_the_record_that_remained_nothing_is_undone(database: &Database) {
    let store = open(database);
    let [to, from] = ["Acme", "ACME"].map(|name| add_account(&store, name).id);
    let merge = merged::<Account>(&store, to, &[from]).unwrap().merge;
    remove::<Account>(&store, to);
    assert_refused(undone(&store, merge.id), "into a record that is deleted", "undone");
    assert!(live::<Account>(&store, from).is_none());
    write(&store, move |unit| restore::<Account>(unit, to)).unwrap();
    undone(&store, merge.id).unwrap();
    assert!(live::<Account>(&store, from).is_some());
}

//
fn what_was_restored_by_itself_is_no_longer_merged(database: &Database) {
    let store = open(database);
    let [to, first, second] = ["Acme", "ACME", "Acme Inc"].map(|name| add_account(&store, name).id);
    let at = ContactDraft {
        account_id: Patch::Set(first),
        ..person("Lovelace")
    };
    let contact = make::<Contact>(&store, at).id;
    let merge = merged::<Account>(&store, to, &[first, second]).unwrap().merge;
    write(&store, move |unit| restore::<Account>(unit, first)).unwrap();
    assert_eq!(
        now::<Contact>(&store, contact).fields.account_id,
        Some(to),
        "it lives without what was moved"
    );
    let state = "no longer whole, since one of its records was restored,";
    assert_refused(undone(&store, merge.id), state, "undone");
    assert!(live::<Account>(&store, second).is_none());
    // Deleted by itself it is not the merge's any more either.
    remove::<Account>(&store, first);
    assert_refused(undone(&store, merge.id), state, "undone");
}

//
fn a_value_taken_meanwhile_is_a_duplicate(database: &Database) {
    let store = open(database);
    let mail = |address: &str| ContactDraft {
        email: set(address),
        ..person("Lovelace")
    };
    let to = make::<Contact>(&store, mail("to@example.com")).id;
    let from = make::<Contact>(&store, mail("from@example.com")).id;
    let merge = merged::<Contact>(&store, to, &[from]).unwrap().merge;
    let taker = make::<Contact>(&store, mail("FROM@example.com")).id;
    let before = feed(&store).len();
    assert_duplicate(undone(&store, merge.id), "contact", "email");
    assert_eq!(feed(&store).len(), before);
    remove::<Contact>(&store, taker);
    // The record that remained takes none of them with impunity.
    change::<Contact>(&store, to, mail("from@example.com"));
    assert_duplicate(undone(&store, merge.id), "contact", "email");
    change::<Contact>(&store, to, mail("to@example.com"));
    undone(&store, merge.id).unwrap();
    assert_eq!(now::<Contact>(&store, from).fields.email.unwrap().as_str(), "from@example.com");
}

fn what_leads_shared_they_share_again(database: &Database) {
    let store = open(database);
    let ids = [0, 1, 2].map(|_| imported(&store, "ada@example.com").id);
    let merge = merged::<Lead>(&store, ids[0], &ids[1..]).unwrap().merge;
    undone(&store, merge.id).unwrap();
    let emails = ids.map(|id| now::<Lead>(&store, id).fields.email.unwrap().into_inner());
    assert_eq!(emails, ["ada@example.com"; 3]);
    // So it is with one that is no part of the merge.
    let merge = merged::<Lead>(&store, ids[0], &ids[1..2]).unwrap().merge;
    undone(&store, merge.id).unwrap();
    // One that a lead got only since is a duplicate, though no index says so.
    let to = make::<Lead>(
        &store,
        LeadDraft {
            email: set("to@example.com"),
            ..lead("Lovelace")
        },
    )
    .id;
    let merge = merged::<Lead>(&store, to, &ids).unwrap().merge;
    let mail = |address: &str| LeadDraft {
        email: set(address),
        ..LeadDraft::default()
    };
    change::<Lead>(&store, to, mail("ADA@example.com"));
    assert_duplicate(undone(&store, merge.id), "lead", "email");
    change::<Lead>(&store, to, mail("to@example.com"));
    undone(&store, merge.id).unwrap();
    assert_eq!(now::<Lead>(&store, ids[2]).id, ids[2]);
}

fn merges_are_undone_one_after_another(database: &Database) {
    let store = open(database);
    let [first, second, third] = ["First", "Second", "Third"].map(|name| add_account(&store, name).id);
    let at = ContactDraft {
        account_id: Patch::Set(first),
        ..person("Lovelace")
    };
    let contact = make::<Contact>(&store, at).id;
    let one = merged::<Account>(&store, second, &[first]).unwrap().merge;
    let two = merged::<Account>(&store, third, &[second]).unwrap().merge;
    let account = || now::<Contact>(&store, contact).fields.account_id;
    assert_eq!(account(), Some(third));
    assert_refused(undone(&store, one.id), "into a record that is deleted", "undone");
    undone(&store, two.id).unwrap();
    assert_eq!(account(), Some(second));
    undone(&store, one.id).unwrap();
    assert_eq!(account(), Some(first));
}

fn a_hierarchy_that_changed_since_gets_no_circle(database: &Database) {
    let store = open(database);
    let above = add_account(&store, "Above").id;
    let from = make::<Account>(&store, below(above)).id;
    let child = make::<Account>(&store, below(from)).id;
    let to = add_account(&store, "To").id;
    let merge = merged::<Account>(&store, to, &[from]).unwrap();
    assert_eq!(merge.record.fields.parent_id, Some(above));
    // What was above the merged one goes below its child.
    let draft = AccountDraft {
        parent_id: Patch::Clear,
        ..AccountDraft::default()
    };
    change::<Account>(&store, to, draft);
    change::<Account>(&store, above, below(child));
    undone(&store, merge.merge.id).unwrap();
    assert_eq!(
        [above, from, child, to].map(|id| parent(&store, id)),
        [Some(child), Some(above), Some(to), None],
        "the child stays where it is: it stands above the one it was below"
    );
}

fn merges_are_listed(database: &Database) {
    let store = open(database);
    let list = |direction, window: &Window| -> Page<Merge> {
        let sort = Sort {
            key: MergeField::Id,
            direction,
        };
        store
            .reading(|reader| reader.merges().list(&MergeFilter::default(), sort, window))
            .unwrap()
    };
    let none = list(Direction::Ascending, &Window::first(5));
    assert_eq!((none.items.len(), none.total, none.has_more), (0, 0, false));
    let to: ContactId = make::<Contact>(&store, person("Lovelace")).id;
    let all: Vec<Merge> = (0..5)
        .map(|_| {
            let from = make::<Contact>(&store, person("Lovelace")).id;
            merged::<Contact>(&store, to, &[from]).unwrap().merge
        })
        .collect();
    let [lead, same]: [LeadId; 2] = [0, 1].map(|_| id_of(&make::<Lead>(&store, lead("Lovelace"))));
    let last = merged::<Lead>(&store, lead, &[same]).unwrap().merge;
    let last = undone(&store, last.id).unwrap();
    let page = list(Direction::Descending, &Window::first(4));
    assert_eq!((page.total, page.has_more), (6, true));
    assert_eq!(page.items[0], last);
    assert_eq!(page.items[1..], [all[4].clone(), all[3].clone(), all[2].clone()]);
    let window = Window {
        limit: 4,
        start: Start::Offset(4),
    };
    let rest = list(Direction::Descending, &window);
    assert_eq!(rest.items, [all[1].clone(), all[0].clone()]);
    let merge = &all[0];
    assert_eq!(
        (merge.done.kind, merge.done.survivor_id, merge.created_by),
        (Contact::KIND, to.get(), Some(user()))
    );
    assert_eq!(store.reading(|reader| reader.merges().lookup(MergeId::from_i64(99))).unwrap(), None);
}
