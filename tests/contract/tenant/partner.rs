//! Partners (contract E-48, X-15).

use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{PartnerId, RecordId, UserId},
    page::{Sort, Window},
    query::Filter,
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        partner::{Partner, PartnerDraft, PartnerField, PartnerFields, PartnerFilter},
    },
    usecase::{restore::restore, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, assert_duplicate, assert_lists, assert_not_found, assert_uuid, feed, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    null_clears_a_field,
    a_name_is_unique_whatever_its_case,
    a_deleted_partner_comes_back_unless_its_name_is_taken,
    lists_are_sorted_filtered_and_counted,
);

fn named(name: &str) -> PartnerDraft {
    PartnerDraft {
        name: set(name),
        ..PartnerDraft::default()
    }
}

fn parse(draft: PartnerDraft) -> PartnerFields {
    PartnerFields::parse(draft, user(), Check::new()).unwrap()
}

fn full() -> PartnerDraft {
    PartnerDraft {
        partner_type: set("Reseller"),
        status: set("Paused"),
        email: set("Sales@Acme.example"),
        phone: set("+49 30 1"),
        website: set("https://acme.example"),
        contact_name: set("Zoë"),
        commission_percent: set("12.5"),
        notes: set("Line 1\nLine 2"),
        owner_id: Patch::Set(UserId::from_i64(9)),
        ..named("Acme")
    }
}

fn create(store: &Arc<dyn TenantStore>, draft: PartnerDraft) -> Result<Partner> {
    let fields = parse(draft);
    write(store, move |unit| single::create_parsed::<Partner>(unit, fields))
}

fn update(store: &Arc<dyn TenantStore>, id: PartnerId, draft: PartnerDraft) -> Result<Partner> {
    write(store, move |unit| single::update::<Partner>(unit, id, draft, user(), Check::new()))
}

fn found(store: &Arc<dyn TenantStore>, id: PartnerId) -> Option<Partner> {
    store.reading(|reader| reader.partners().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let acme = create(&store, full()).unwrap();
    assert_eq!(acme.fields, parse(full()));
    assert_eq!((acme.created_by, acme.created_at), (Some(user()), acme.updated_at));
    assert_uuid(acme.uuid, acme.created_at);
    assert_eq!(found(&store, acme.id), Some(acme.clone()));
    let changes = feed(&store);
    assert_eq!(
        (changes[0].entity, changes[0].entity_id, changes[0].kind),
        (EntityKind::Partner, 1, ChangeKind::Created)
    );
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    for text in TEXTS {
        let draft = PartnerDraft {
            partner_type: set(text),
            notes: set(text),
            ..named(text)
        };
        let partner = create(&store, draft).unwrap();
        assert_eq!(found(&store, partner.id), Some(partner), "{text:?}");
    }
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let id = create(&store, full()).unwrap().id;
    let clear = PartnerDraft {
        partner_type: Patch::Clear,
        status: Patch::Clear,
        email: Patch::Clear,
        phone: Patch::Clear,
        website: Patch::Clear,
        contact_name: Patch::Clear,
        commission_percent: Patch::Clear,
        notes: Patch::Clear,
        ..PartnerDraft::default()
    };
    let cleared = update(&store, id, clear.clone()).unwrap();
    let nothing_but_owner = PartnerFields {
        owner_id: UserId::from_i64(9),
        ..parse(named("Acme"))
    };
    assert_eq!(cleared.fields, nothing_but_owner);
    assert_eq!(found(&store, id), Some(cleared.clone()));
    // What changes nothing leaves no change and no new stamp.
    assert_eq!((update(&store, id, clear).unwrap(), feed(&store).len()), (cleared, 2));
    let nameless = PartnerDraft {
        name: Patch::Clear,
        ..PartnerDraft::default()
    };
    assert_eq!(only_problem(update(&store, id, nameless)), ("name".to_owned(), Problem::Required));
}

fn a_name_is_unique_whatever_its_case(database: &Database) {
    let store = open(database);
    let acme = create(&store, named("Acme")).unwrap().id;
    assert_duplicate(create(&store, named(" ACME ")), "partner", "name");
    let other = create(&store, named("Other")).unwrap().id;
    assert_duplicate(update(&store, other, named("acme")), "partner", "name");
    assert_eq!(&*update(&store, acme, named("acme")).unwrap().fields.name, "acme");
    write(&store, move |unit| single::remove::<Partner>(unit, acme)).unwrap();
    create(&store, named("Acme")).unwrap();
}

fn a_deleted_partner_comes_back_unless_its_name_is_taken(database: &Database) {
    let store = open(database);
    let id = create(&store, named("Acme")).unwrap().id;
    let state = write(&store, move |unit| restore::<Partner>(unit, id));
    assert!(matches!(state, Err(Error::State { .. })), "{state:?}");
    write(&store, move |unit| single::remove::<Partner>(unit, id)).unwrap();
    assert_eq!(found(&store, id), None);
    assert_not_found(write(&store, move |unit| single::remove::<Partner>(unit, id)), "partner");
    let taken = create(&store, named("acme")).unwrap().id;
    assert_duplicate(write(&store, move |unit| restore::<Partner>(unit, id)), "partner", "name");
    write(&store, move |unit| single::remove::<Partner>(unit, taken)).unwrap();
    let restored = write(&store, move |unit| restore::<Partner>(unit, id)).unwrap();
    assert_eq!(found(&store, id), Some(restored));
    assert_eq!(feed(&store).last().unwrap().kind, ChangeKind::Restored);
}

fn lists_are_sorted_filtered_and_counted(database: &Database) {
    let store = open(database);
    for number in 0..20_usize {
        let some = |text: &str| Patch::from((number % 3 > 0).then(|| format!("{text} {}", number % 4)));
        let draft = PartnerDraft {
            partner_type: some("Type"),
            commission_percent: Patch::from((number % 2 == 0).then(|| number.to_string())),
            ..named(&format!("Partner {}", (number * 7) % 20))
        };
        create(&store, draft).unwrap();
    }
    let gone = create(&store, named("Gone")).unwrap().id;
    write(&store, move |unit| single::remove::<Partner>(unit, gone)).unwrap();
    let all = Window::first(1_000);
    let list =
        |filter: &PartnerFilter, sort: Sort<PartnerField>| store.reading(|reader| reader.partners().list(filter, sort, &all)).unwrap();
    let everything = list(&Filter::default(), Sort::default()).items;
    assert_eq!(everything.len(), 20);
    assert_lists(&everything, &list);
    let deleted = PartnerFilter {
        deleted: true,
        ..PartnerFilter::default()
    };
    assert_eq!(list(&deleted, Sort::default()).items[0].id, gone);
    assert_eq!(list(&Filter::search("TYPE 2"), Sort::default()).total, 3);
}
