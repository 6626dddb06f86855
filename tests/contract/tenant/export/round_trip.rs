//! Whatever contacts hold, a table of them makes the same contacts elsewhere (contract X-148).

use crm_domain::{
    field::{Check, Patch},
    id::{RecordId, UserId},
    page::{Sort, Window},
    tenant::contact::{ContactDraft, ContactFields, ContactFilter, Technologies, create_many},
    usecase::{
        export::{ContactColumns, ContactTable, ExportKind},
        import::ImportKind,
    },
};
use crm_tests::{database::Database, each_backend_shared};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{super::write, Place};

each_backend_shared!(a_table_of_any_contacts_makes_the_same_contacts);

/// What tables, spreadsheets and phones get wrong.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        3 => "['=+@,;:\"|a-c0-9é🚀 -]{1,12}",
        1 => "'{0,3}[=+@0-9-][0-9 ]{0,6}",
        1 => "[ab]\\r?\\n[ab'=]|a ::: b|sep=;|1,200|51-200|Byron, Ada|a  b",
    ]
}

fn said(text: &str) -> Patch<String> {
    if text.trim().is_empty() {
        Patch::Keep
    } else {
        Patch::Set(text.to_owned())
    }
}

fn any_draft() -> impl Strategy<Value = ContactDraft> {
    let texts = proptest::collection::vec(any_text(), 17);
    let addresses = ["", "https://www.linkedin.com/in/ada", "linkedin.com/company/acme", "a.example"];
    let address = || proptest::sample::select(addresses.to_vec());
    (
        texts,
        proptest::option::of(0_u32..20_000),
        any::<bool>(),
        address(),
        address(),
        any_text(),
    )
        .prop_map(|(texts, employees, has_email, website, linkedin, technology)| {
            let text = |index: usize| said(&texts[index]);
            ContactDraft {
                full_name: said(&format!("N{}", texts[0])),
                first_name: text(1),
                last_name: text(2),
                email: if has_email { Patch::Set("later".to_owned()) } else { Patch::Keep },
                phone: text(3),
                other_phone: text(4),
                home_phone: text(5),
                corporate_phone: text(6),
                title: text(7),
                company: text(8),
                employees: employees.map(|number| number.to_string()).into(),
                employee_size_bracket: text(9),
                industry: text(10),
                website: said(website),
                person_linkedin: said(linkedin),
                technologies: Patch::Set(Technologies::split(&technology)),
                annual_revenue: text(11),
                city: text(12),
                state: text(13),
                country: text(14),
                company_address: text(15),
                description: text(16),
                ..ContactDraft::default()
            }
        })
}

/// The contacts' fields, but for those that are their tenant's.
fn fields(place: &Place) -> Vec<ContactFields> {
    let window = Window::first(1_000);
    let all = ContactFilter::default();
    let page = place
        .source
        .store
        .reading(|reader| reader.contacts().list(&all, Sort::default(), &window));
    let own = |contact: crm_domain::tenant::contact::Contact| ContactFields {
        external_id: None,
        owner_id: UserId::from_i64(1),
        ..contact.fields
    };
    page.unwrap().items.into_iter().map(own).collect()
}

fn downloaded(place: &Place) -> String {
    let columns = ContactColumns::All;
    let mut table = ContactTable::new(place.source.clone(), columns, ContactFilter::default(), Sort::default());
    let pages = std::iter::from_fn(|| table.draw().unwrap()).flatten().collect();
    String::from_utf8(pages).unwrap()
}

fn a_table_of_any_contacts_makes_the_same_contacts(database: &Database) {
    let mut runner = TestRunner::new(Config {
        cases: 6,
        failure_persistence: None,
        ..Config::default()
    });
    let drafts = proptest::collection::vec(any_draft(), 40);
    let checked = runner.run(&drafts, |drafts| {
        let place = Place::new(database);
        let owner = place.admin;
        let parsed = drafts.into_iter().enumerate().filter_map(|(number, mut draft)| {
            // Nobody is taken for another by name, profile or email.
            if let Patch::Set(name) = &mut draft.full_name {
                *name = format!("P{number} {name}");
            }
            draft.person_linkedin = match draft.person_linkedin {
                Patch::Set(address) => Patch::Set(format!("{address}{number}")),
                other => other,
            };
            if draft.email != Patch::Keep {
                draft.email = Patch::Set(format!("p{number}@x.example"));
            }
            ContactFields::parse(draft, owner, Check::new()).ok()
        });
        let parsed: Vec<ContactFields> = parsed.collect();
        prop_assert!(parsed.len() > 5, "most are contacts");
        write(&place.source.store, move |unit| create_many(unit, parsed)).unwrap();
        let before = fields(&place);
        let tables = [
            ("the importer's", place.export(ExportKind::Contacts)),
            ("the guarded one", place.export_with(ExportKind::Contacts, true).0),
            ("the download", downloaded(&place)),
        ];
        for (name, table) in tables {
            let other = Place::new(database);
            let summary = other.import(ImportKind::Contacts, &table);
            prop_assert_eq!(summary.created as usize, before.len(), "{}: {}", name, &table);
            let after = fields(&other);
            for (before, after) in before.iter().zip(&after) {
                prop_assert_eq!(before, after, "{}", name);
            }
            prop_assert_eq!(before.len(), after.len());
        }
        Ok(())
    });
    checked.unwrap();
}
