//! Tags.

use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::TagId,
    page::{Sort, Window},
    query::{Condition, Filter, Operator, Spec},
    tenant::{
        TenantStore, account as accounts,
        change::{ChangeKind, EntityKind},
        label,
        tag::{Tag, TagDraft, TagField, TagFields, TagFilter},
    },
    usecase::{restore::restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{add_account, assert_duplicate, assert_not_found, assert_uuid, feed, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    null_clears_a_field,
    a_name_is_unique_whatever_its_case,
    a_deleted_tag_comes_back_with_its_records,
    a_name_taken_meanwhile_keeps_a_tag_deleted,
    lists_filter_sort_search_and_tell_totals,
    usage_counts_live_records_of_every_kind,
    uuids_lead_to_ids_whether_live_or_deleted,
);

fn parse(draft: TagDraft) -> TagFields {
    TagFields::parse(draft, Check::new()).unwrap()
}

fn named(name: &str) -> TagDraft {
    TagDraft {
        name: set(name),
        ..TagDraft::default()
    }
}

fn uuids_lead_to_ids_whether_live_or_deleted(database: &Database) {
    let store = open(database);
    let [live, gone] = ["live", "gone"].map(|name| create(&store, named(name)).unwrap());
    let id = gone.id;
    write(&store, move |unit| single::remove::<Tag>(unit, id)).unwrap();
    let mut ids = store
        .reading(|reader| reader.tags().ids_of(&[gone.uuid, uuid::Uuid::from_u128(7), live.uuid]))
        .unwrap();
    ids.sort_by_key(|(_, id)| *id);
    assert_eq!(ids, [(live.uuid, live.id), (gone.uuid, gone.id)]);
}

fn create(store: &Arc<dyn TenantStore>, draft: TagDraft) -> Result<Tag> {
    let fields = parse(draft);
    write(store, move |unit| single::create_parsed::<Tag>(unit, fields))
}

fn found(store: &Arc<dyn TenantStore>, id: TagId) -> Option<Tag> {
    store.reading(|reader| reader.tags().lookup(id)).unwrap()
}

fn names(store: &Arc<dyn TenantStore>, filter: &TagFilter) -> Vec<String> {
    let by_name = Sort {
        key: TagField::Name,
        direction: Default::default(),
    };
    let page = store
        .reading(|reader| reader.tags().list(filter, by_name, &Window::first(100)))
        .unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.iter().map(|tag| tag.fields.name.to_string()).collect()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let draft = TagDraft {
        name: set(" Ærø 🪑 % _ \\ ' "),
        color: set("#AABB0c"),
        description: set("two\nlines"),
    };
    let expected = parse(draft.clone());
    let tag = create(&store, draft).unwrap();
    assert_eq!(tag.fields, expected);
    assert_eq!(tag.created_by, Some(user()));
    assert_eq!(tag.created_at, tag.updated_at);
    assert_uuid(tag.uuid, tag.created_at);
    assert_eq!(found(&store, tag.id), Some(tag.clone()));
    let changes = feed(&store);
    assert_eq!(
        (changes[0].entity, changes[0].entity_id, changes[0].kind),
        (EntityKind::Tag, 1, ChangeKind::Created)
    );
    let bad = TagDraft {
        name: set("a,b"),
        color: set("red"),
        description: set("x".repeat(501)),
    };
    let Err(Error::Invalid(errors)) = TagFields::parse(bad, Check::new()) else {
        panic!("three fields are wrong")
    };
    let wrong: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(wrong, ["color", "description", "name"]);
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let draft = TagDraft {
        color: set("#000000"),
        description: set("x"),
        ..named("VIP")
    };
    let id = create(&store, draft).unwrap().id;
    let draft = TagDraft {
        color: Patch::Clear,
        description: Patch::Clear,
        ..TagDraft::default()
    };
    let again = draft.clone();
    let cleared = write(&store, move |unit| single::update::<Tag>(unit, id, draft, user(), Check::new())).unwrap();
    assert_eq!(cleared.fields, parse(named("VIP")));
    assert_eq!(found(&store, id), Some(cleared.clone()));
    // What changes nothing leaves no change and no new stamp.
    let same = write(&store, move |unit| single::update::<Tag>(unit, id, again, user(), Check::new())).unwrap();
    assert_eq!((same, feed(&store).len()), (cleared, 2));
    let nameless = TagDraft {
        name: Patch::Clear,
        ..TagDraft::default()
    };
    let problem = only_problem(write(&store, move |unit| {
        single::update::<Tag>(unit, id, nameless, user(), Check::new())
    }));
    assert_eq!(problem, ("name".to_owned(), Problem::Required));
}

fn a_name_is_unique_whatever_its_case(database: &Database) {
    let store = open(database);
    let vip = create(&store, named("VIP")).unwrap().id;
    assert_duplicate(create(&store, named(" vip ")), "tag", "name");
    let other = create(&store, named("Hot")).unwrap().id;
    assert_duplicate(
        write(&store, move |unit| {
            single::update::<Tag>(unit, other, named("Vip"), user(), Check::new())
        }),
        "tag",
        "name",
    );
    let spelled = write(&store, move |unit| {
        single::update::<Tag>(unit, vip, named("vip"), user(), Check::new())
    })
    .unwrap();
    assert_eq!(&*spelled.fields.name, "vip");
    write(&store, move |unit| single::remove::<Tag>(unit, vip)).unwrap();
    create(&store, named("VIP")).unwrap();
}

fn a_deleted_tag_comes_back_with_its_records(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id.into();
    let put = write(&store, move |unit| {
        label::assign(unit, EntityKind::Account, &[account], vec![super::text("VIP"), super::text("Hot")])
    });
    assert_eq!(put.unwrap(), [account]);
    let carried = || {
        let labels = store
            .reading(|reader| label::of(reader.labels(), EntityKind::Account, &[account]))
            .unwrap();
        labels.get(&account).cloned().unwrap_or_default().tags
    };
    assert_eq!(carried(), ["Hot", "VIP"]);
    let vip = store.reading(|reader| reader.tags().lookup_named(&["vip".to_owned()])).unwrap()[0].id;
    let state = write(&store, move |unit| restore::<Tag>(unit, vip));
    assert!(matches!(state, Err(Error::State { .. })), "{state:?}");
    write(&store, move |unit| single::remove::<Tag>(unit, vip)).unwrap();
    assert_eq!((carried(), found(&store, vip)), (vec!["Hot".to_owned()], None));
    assert_not_found(write(&store, move |unit| single::remove::<Tag>(unit, vip)), "tag");
    let restored = write(&store, move |unit| restore::<Tag>(unit, vip)).unwrap();
    assert_eq!(found(&store, vip), Some(restored));
    assert_eq!(carried(), ["Hot", "VIP"]);
    assert_eq!(feed(&store).last().unwrap().kind, ChangeKind::Restored);
    assert_not_found(
        write(&store, |unit| restore::<Tag>(unit, crm_domain::id::RecordId::from_i64(99))),
        "tag",
    );
}

fn a_name_taken_meanwhile_keeps_a_tag_deleted(database: &Database) {
    let store = open(database);
    let old = create(&store, named("VIP")).unwrap().id;
    write(&store, move |unit| single::remove::<Tag>(unit, old)).unwrap();
    create(&store, named("vip")).unwrap();
    assert_duplicate(write(&store, move |unit| restore::<Tag>(unit, old)), "tag", "name");
    assert_eq!(names(&store, &TagFilter::default()), ["vip"]);
}

fn lists_filter_sort_search_and_tell_totals(database: &Database) {
    let store = open(database);
    for name in ["VIP", "Ärger", "hot", "Hot lead"] {
        create(&store, named(name)).unwrap();
    }
    let gone = create(&store, named("gone")).unwrap().id;
    write(&store, move |unit| single::remove::<Tag>(unit, gone)).unwrap();
    assert_eq!(names(&store, &TagFilter::default()), ["hot", "Hot lead", "VIP", "Ärger"]);
    assert_eq!(names(&store, &Filter::search("HOT")), ["hot", "Hot lead"]);
    assert_eq!(names(&store, &Filter::search("ä")), ["Ärger"]);
    let named_so = Condition::parse(TagField::Name, Operator::In, "vip,HOT", Spec::read).unwrap();
    assert_eq!(names(&store, &Filter::of([named_so])), ["hot", "VIP"]);
    let deleted = TagFilter {
        deleted: true,
        ..TagFilter::default()
    };
    assert_eq!(names(&store, &deleted), ["gone"]);
}

fn usage_counts_live_records_of_every_kind(database: &Database) {
    let store = open(database);
    let (acme, bolt) = (add_account(&store, "Acme").id, add_account(&store, "Bolt").id);
    let vip = create(&store, named("VIP")).unwrap().id;
    let unused = create(&store, named("unused")).unwrap().id;
    let lead = super::lead::create(&store, super::lead::full_draft("miller")).id;
    write(&store, move |unit| {
        label::assign(unit, EntityKind::Account, &[acme.into(), bolt.into()], vec![super::text("VIP")])?;
        label::assign(unit, EntityKind::Lead, &[lead.into()], vec![super::text("vip")])
    })
    .unwrap();
    let usage = || store.reading(|reader| reader.tags().usage(&[vip, unused])).unwrap();
    assert_eq!(usage(), [(vip, 3)]);
    write(&store, move |unit| single::remove::<accounts::Account>(unit, bolt)).unwrap();
    assert_eq!(usage(), [(vip, 2)]);
}
