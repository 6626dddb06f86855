//! What deleted records refer to: they come back to what they would refer to if they had been there all the time.

use crm_domain::{
    field::Patch,
    id::{AccountId, ContactId, OpportunityId, RecordId, TaskId},
    page::{Sort, Window},
    query::Condition,
    tenant::{
        account::Account,
        change::{Change, ChangeKind, Entity, EntityKind},
        contact::{Contact, ContactDraft},
        opportunity::{Opportunity, OpportunityDraft, OpportunityField, OpportunityFilter},
        record::{Record, id_of},
        task::{Task, TaskDraft},
    },
    usecase::restore::restore,
};
use crm_tests::{database::Database, each_backend_shared};

use super::super::{add_account, assert_feed_in_order, feed, open, set, write};
use super::{Store, change, make, merged, now, person, remove, undone};

each_backend_shared!(
    a_deleted_record_follows_a_merge_and_its_undoing,
    what_was_deleted_after_a_merge_is_parted_too,
    a_deleted_record_is_released_and_put_back,
    what_was_deleted_while_its_account_was_gone_is_put_back,
    the_feed_tells_what_a_deleted_record_refers_to,
);

fn deal(store: &Store, account: AccountId) -> OpportunityId {
    let draft = OpportunityDraft {
        name: set("Deal"),
        account_id: Patch::Set(account),
        ..OpportunityDraft::default()
    };
    id_of(&make::<Opportunity>(store, draft))
}

fn contact(store: &Store, account: AccountId) -> ContactId {
    let draft = ContactDraft {
        account_id: Patch::Set(account),
        ..person("Lovelace")
    };
    id_of(&make::<Contact>(store, draft))
}

fn task(store: &Store, contact: ContactId) -> TaskId {
    let draft = TaskDraft {
        title: set("Task"),
        contact_id: Patch::Set(contact),
        ..TaskDraft::default()
    };
    id_of(&make::<Task>(store, draft))
}

#[track_caller]
fn restored<R: Record>(store: &Store, id: R::Id) -> R {
    write(store, move |unit| restore::<R>(unit, id)).unwrap()
}

fn account_of(store: &Store, id: ContactId) -> Option<AccountId> {
    now::<Contact>(store, id).fields.account_id
}

fn contact_of(store: &Store, id: TaskId) -> Option<ContactId> {
    now::<Task>(store, id).fields.contact_id
}

fn a_deleted_record_follows_a_merge_and_its_undoing(database: &Database) {
    let store = open(database);
    let [to, from] = ["Acme", "ACME Inc"].map(|name| add_account(&store, name).id);
    let [back, gone] = [(); 2].map(|()| deal(&store, from));
    remove::<Opportunity>(&store, back);
    remove::<Opportunity>(&store, gone);
    let merge = merged::<Account>(&store, to, &[from]).unwrap().merge;
    assert_eq!(merge.done.moved, [], "nothing that is there was moved");
    assert_eq!(restored::<Opportunity>(&store, back).fields.account_id, Some(to));
    undone(&store, merge.id).unwrap();
    assert_eq!(now::<Opportunity>(&store, back).fields.account_id, Some(from));
    assert_eq!(restored::<Opportunity>(&store, gone).fields.account_id, Some(from));
    // What was set since stays.
    let person = contact(&store, from);
    remove::<Contact>(&store, person);
    let merge = merged::<Account>(&store, to, &[from]).unwrap().merge;
    restored::<Contact>(&store, person);
    let third = add_account(&store, "Third").id;
    let moved = ContactDraft {
        account_id: Patch::Set(third),
        ..ContactDraft::default()
    };
    change::<Contact>(&store, person, moved);
    undone(&store, merge.id).unwrap();
    assert_eq!(account_of(&store, person), Some(third));
    assert_feed_in_order(&feed(&store));
}

fn what_was_deleted_after_a_merge_is_parted_too(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let [to, from] = [(); 2].map(|()| contact(&store, account));
    let todo = task(&store, from);
    let merge = merged::<Contact>(&store, to, &[from]).unwrap().merge;
    remove::<Task>(&store, todo);
    undone(&store, merge.id).unwrap();
    assert_eq!(restored::<Task>(&store, todo).fields.contact_id, Some(from));
}

fn a_deleted_record_is_released_and_put_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let person = contact(&store, account);
    let todo = task(&store, person);
    remove::<Task>(&store, todo);
    remove::<Contact>(&store, person);
    remove::<Account>(&store, account);
    assert_eq!(restored::<Contact>(&store, person).fields.account_id, None);
    assert_eq!(restored::<Task>(&store, todo).fields.contact_id, Some(person));
    restored::<Account>(&store, account);
    assert_eq!(
        (account_of(&store, person), contact_of(&store, todo)),
        (Some(account), Some(person))
    );
    // The other way round.
    remove::<Contact>(&store, person);
    remove::<Account>(&store, account);
    restored::<Account>(&store, account);
    assert_eq!(restored::<Contact>(&store, person).fields.account_id, Some(account));
}

fn what_was_deleted_while_its_account_was_gone_is_put_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let person = contact(&store, account);
    remove::<Account>(&store, account);
    remove::<Contact>(&store, person);
    restored::<Account>(&store, account);
    assert_eq!(restored::<Contact>(&store, person).fields.account_id, Some(account));
}

/// Lists of deleted records and whoever follows the feed see the same; a deal deleted along with its account goes its own way.
fn the_feed_tells_what_a_deleted_record_refers_to(database: &Database) {
    let store = open(database);
    let [account, other] = ["Acme", "Bolt"].map(|name| add_account(&store, name).id);
    let gone = deal(&store, account);
    remove::<Opportunity>(&store, gone);
    let along = deal(&store, account);
    let told = |seq: usize, kind: EntityKind| -> Vec<(i64, ChangeKind)> {
        let changes: Vec<Change> = feed(&store).split_off(seq);
        let of_kind = changes.into_iter().filter(|change| change.entity == kind);
        of_kind.map(|change| (change.entity_id, change.kind)).collect()
    };
    let before = feed(&store).len();
    remove::<Account>(&store, account);
    assert_eq!(
        told(before, Opportunity::KIND),
        [(along.get(), ChangeKind::Deleted), (gone.get(), ChangeKind::Updated)]
    );
    let deleted = |of: AccountId| {
        let filter = OpportunityFilter {
            deleted: true,
            conditions: vec![Condition::equal(OpportunityField::AccountId, of)],
            ..OpportunityFilter::default()
        };
        let list = store.reading(|reader| reader.opportunities().list(&filter, Sort::default(), &Window::first(10)));
        let page = list.unwrap();
        (page.items.iter().map(|deal| deal.id).collect::<Vec<_>>(), page.total)
    };
    assert_eq!(deleted(account), (vec![along], 1));
    restored::<Account>(&store, account);
    assert_eq!(deleted(account), (vec![gone], 1));
    merged::<Account>(&store, other, &[account]).unwrap();
    assert_eq!((deleted(account), deleted(other)), ((vec![], 0), (vec![gone], 1)));
}
