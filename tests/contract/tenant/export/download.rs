//! Contacts as people download them (contract D-175 … D-179, X-148).

use std::{collections::BTreeMap, io};

use crm_domain::{
    field::{Check, Patch},
    id::RecordId,
    page::{Direction, Sort},
    query::{Comparison, Condition},
    table::{TableOptions, TableReader},
    tenant::{
        change::EntityKind,
        contact::{self, Contact, ContactDraft, ContactField, ContactFields, ContactFilter, derived::show_score},
        custom_field::{self, CustomDraft, CustomFieldDraft, Prepared},
        label,
    },
    usecase::{
        export::{ContactColumns, ContactTable},
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};
use serde_json::json;

use super::{
    super::{set, text, write},
    Place,
};

each_backend_shared!(
    the_documents_columns_hold_what_is_known_of_a_contact,
    behind_them_stands_whatever_else_is_kept,
    what_a_spreadsheet_would_run_is_text,
    filters_and_orders_are_those_of_the_list,
    an_empty_table_has_headers,
    a_long_table_is_drawn_in_pages_while_others_write,
);

const DOCUMENTED: &str = "Full Name,First Name,Last Name,Title,Company,Email,Mobile Phone,Other Phone,Home Phone,Corporate Phone,Employees,\
    Employee Size Bracket,Industry,Person LinkedIn,Website,Company LinkedIn,City,State,Country,Company Address,Company City,Company State,\
    Company Country,Technologies,Annual Revenue,Lead Score,Created At";

/// A table and how many pages it came in.
fn drawn(mut table: ContactTable) -> (String, usize) {
    let (mut lines, mut pages) = (Vec::new(), 0);
    while let Some(page) = table.draw().unwrap() {
        lines.extend(page);
        pages += 1;
    }
    (String::from_utf8(lines).unwrap(), pages)
}

fn table(place: &Place, columns: ContactColumns, filter: ContactFilter, sort: Sort<ContactField>) -> ContactTable {
    ContactTable::new(place.source.clone(), columns, filter, sort)
}

fn whole(place: &Place, columns: ContactColumns) -> String {
    drawn(table(place, columns, ContactFilter::default(), Sort::default())).0
}

/// The rows behind the headers.
fn rows(file: &str) -> Vec<Vec<String>> {
    let mut reader = TableReader::open(io::Cursor::new(file.as_bytes().to_vec()), TableOptions::default()).unwrap();
    std::iter::from_fn(|| reader.next_row()).map(|row| row.unwrap().cells).collect()
}

fn add(place: &Place, draft: ContactDraft) -> Contact {
    let owner = place.admin;
    write(&place.source.store, move |unit| {
        single::create::<Contact>(unit, draft, owner, Check::new())
    })
    .unwrap()
}

fn called(name: &str) -> ContactDraft {
    ContactDraft {
        full_name: set(name),
        ..ContactDraft::default()
    }
}

/// A contact in which every field that the document names holds another text.
fn full() -> ContactDraft {
    ContactDraft {
        full_name: set("Dr. Zoë 🚀 Müller"),
        first_name: set("Zoë 🚀"),
        last_name: set("Müller"),
        email: set("zoe@techcorp.example"),
        phone: set("0170"),
        other_phone: set("0171"),
        home_phone: set("0172"),
        corporate_phone: set("0173"),
        title: set("VP, \"Engineering\""),
        company: set("Tech\nCorp"),
        employees: set("350"),
        industry: set("Technology"),
        website: set("https://techcorp.example/"),
        company_linkedin: set("https://linkedin.com/company/techcorp"),
        person_linkedin: set("https://linkedin.com/in/zoe"),
        technologies: Patch::Set(vec!["Rust".to_owned(), "PostgreSQL".to_owned()]),
        annual_revenue: set("$10M - $50M"),
        city: set("Köln"),
        state: set("NRW"),
        country: set("Germany"),
        company_address: set("1 Main Street"),
        company_city: set("Berlin"),
        company_state: set("BE"),
        company_country: set("Deutschland"),
        description: set("met in Köln"),
        external_id: set("X-1"),
        ..ContactDraft::default()
    }
}

fn the_documents_columns_hold_what_is_known_of_a_contact(database: &Database) {
    let place = Place::new(database);
    let contact = add(&place, full());
    let score = show_score(contact.fields.lead_score());
    let made = contact.created_at.to_second_precision();
    let expected = format!(
        "{DOCUMENTED}\r\nDr. Zoë 🚀 Müller,Zoë 🚀,Müller,\"VP, \"\"Engineering\"\"\",\"Tech\nCorp\",zoe@techcorp.example,0170,0171,0172,0173,350,\
         201-500,Technology,https://linkedin.com/in/zoe,https://techcorp.example/,https://linkedin.com/company/techcorp,Köln,NRW,Germany,\
         1 Main Street,Berlin,BE,Deutschland,Rust; PostgreSQL,$10M - $50M,{score},{made}\r\n"
    );
    assert_eq!(whole(&place, ContactColumns::Documented), expected);
    assert_eq!(score.split_once('.').unwrap().1.len(), 1);
}

fn behind_them_stands_whatever_else_is_kept(database: &Database) {
    let place = Place::new(database);
    for key in ["tier", "score"] {
        let draft = CustomFieldDraft {
            entity: Patch::Set(EntityKind::Contact),
            key: set(key),
            field_type: set(if key == "tier" { "text" } else { "number" }),
            ..CustomFieldDraft::default()
        };
        write(&place.source.store, move |unit| custom_field::create(unit, draft, Check::new())).unwrap();
    }
    let account = super::super::add_account(&place.source.store, "Acme");
    let contact = add(
        &place,
        ContactDraft {
            account_id: Patch::Set(account.id),
            ..full()
        },
    );
    let id = contact.id.get();
    write(&place.source.store, move |unit| {
        label::assign(unit, EntityKind::Contact, &[id], vec![text("VIP"), text("=hot")])?;
        let values = CustomDraft(BTreeMap::from([
            ("tier".to_owned(), json!("gold 🥇")),
            ("score".to_owned(), json!(1.5)),
        ]));
        let mut check = Check::new();
        let prepared = Prepared::change(unit, EntityKind::Contact, id, values, &mut check)?;
        prepared.write(unit, id)
    })
    .unwrap();
    let bare = add(&place, called("Nobody"));
    let file = whole(&place, ContactColumns::All);
    let header = file.split("\r\n").next().unwrap();
    assert_eq!(
        header,
        format!("{DOCUMENTED},Id,Email Domain,Updated At,Tags,Description,External Id,Account,Owner,tier,score")
    );
    let rows = rows(&file);
    let touched = place
        .source
        .store
        .reading(|reader| reader.contacts().lookup(contact.id))
        .unwrap()
        .unwrap();
    let owner = format!("admin{}@acme.test", place.source.tenant);
    let [uuid, changed] = [contact.uuid.to_string(), touched.updated_at.to_second_precision()];
    assert_eq!(
        rows[0][27..],
        [
            &uuid,
            "techcorp.example",
            &changed,
            "'=hot, VIP",
            "met in Köln",
            "X-1",
            "Acme",
            &owner,
            "gold 🥇",
            "1.5"
        ]
    );
    let [uuid, changed] = [bare.uuid.to_string(), bare.updated_at.to_second_precision()];
    assert_eq!(rows[1][27..], [&uuid, "", &changed, "", "", "", "", &owner, "", ""]);
    assert_eq!(rows.len(), 2);
}

fn what_a_spreadsheet_would_run_is_text(database: &Database) {
    let place = Place::new(database);
    let dangerous = [
        "=1+1",
        "+49 30 1",
        "-5",
        "@SUM(A1)",
        "=HYPERLINK(\"http://x.example\",\"x\")",
        "'=1",
    ];
    for (index, given) in dangerous.iter().enumerate() {
        let technologies = Patch::Set(vec![given.to_string()]);
        add(
            &place,
            ContactDraft {
                email: set(format!("p{index}@x.test")),
                title: set(given),
                phone: set(given),
                technologies,
                ..called(given)
            },
        );
    }
    let file = whole(&place, ContactColumns::All);
    let rows = rows(&file);
    for (row, given) in rows.iter().zip(dangerous) {
        let shown = format!("'{given}");
        // A list of one that has a comma ends in a semicolon: so it is read back as one.
        let technologies = row[23].strip_suffix(';').unwrap_or(&row[23]);
        assert_eq!([&*row[0], &*row[3], &*row[6], technologies], [&*shown; 4]);
        assert!(
            row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])),
            "{row:?}"
        );
    }
    assert_eq!(rows.len(), dangerous.len());
    assert!(!file.contains("guard"), "no column that the document does not name");
}

fn filters_and_orders_are_those_of_the_list(database: &Database) {
    let place = Place::new(database);
    for (name, country, employees) in [
        ("Ada", "Germany", 5),
        ("Ben", "France", 700),
        ("Cleo", "Germany", 40),
        ("Dan", "", 9),
    ] {
        add(
            &place,
            ContactDraft {
                country: set(country),
                employees: set(employees),
                ..called(name)
            },
        );
    }
    let gone = add(&place, called("Eve"));
    write(&place.source.store, move |unit| single::remove::<Contact>(unit, gone.id)).unwrap();
    let names = |filter, key, direction| -> Vec<String> {
        let table = table(&place, ContactColumns::Documented, filter, Sort { key, direction });
        rows(&drawn(table).0).into_iter().map(|row| row[0].clone()).collect()
    };
    let all = ContactFilter::default;
    let (up, down) = (Direction::Ascending, Direction::Descending);
    assert_eq!(names(all(), ContactField::CreatedAt, down), ["Dan", "Cleo", "Ben", "Ada"]);
    assert_eq!(names(all(), ContactField::Employees, up), ["Ada", "Dan", "Cleo", "Ben"]);
    let german = || ContactFilter::of([Condition::equal(ContactField::Country, "Germany")]);
    assert_eq!(names(german(), ContactField::CreatedAt, up), ["Ada", "Cleo"]);
    assert_eq!(names(german(), ContactField::FullName, down), ["Cleo", "Ada"]);
    let large = ContactFilter::of([Condition::compare(ContactField::Employees, Comparison::Greater, 9_i64)]);
    assert_eq!(names(large, ContactField::Employees, down), ["Ben", "Cleo"]);
    let deleted = ContactFilter { deleted: true, ..all() };
    assert_eq!(names(deleted, ContactField::CreatedAt, down), ["Eve"]);
    let searched = ContactFilter {
        search: Some("cle".to_owned()),
        ..all()
    };
    assert_eq!(names(searched, ContactField::CreatedAt, down), ["Cleo"]);
}

fn an_empty_table_has_headers(database: &Database) {
    let place = Place::new(database);
    assert_eq!(whole(&place, ContactColumns::Documented), format!("{DOCUMENTED}\r\n"));
    let mut table = table(&place, ContactColumns::All, ContactFilter::default(), Sort::default());
    assert!(table.draw().unwrap().is_some());
    for _ in 0..2 {
        assert!(table.draw().unwrap().is_none());
    }
}

/// What a page may hold, whatever the length of the table: 500 rows of these contacts.
const PAGE_BYTES: usize = 100_000;

fn a_long_table_is_drawn_in_pages_while_others_write(database: &Database) {
    let place = Place::new(database);
    let owner = place.admin;
    let count = 10_000;
    let fields = (0..count)
        .map(|number| {
            let draft = ContactDraft {
                email: set(format!("p{number}@x.test")),
                country: set(if number % 2 == 0 { "Germany" } else { "France" }),
                ..called(&format!("Person {number:05}"))
            };
            ContactFields::parse(draft, owner, Check::new()).unwrap()
        })
        .collect();
    let made = write(&place.source.store, move |unit| contact::create_many(unit, fields)).unwrap();
    let german = ContactFilter::of([Condition::equal(ContactField::Country, "Germany")]);
    for (filter, direction, step) in [
        (ContactFilter::default(), Direction::Descending, 1),
        (ContactFilter::default(), Direction::Ascending, 1),
        (german, Direction::Descending, 2),
    ] {
        let sort = Sort {
            direction,
            ..Sort::default()
        };
        let mut table = table(&place, ContactColumns::Documented, filter, sort);
        let (mut emails, mut pages) = (Vec::new(), 0);
        while let Some(page) = table.draw().unwrap() {
            assert!(page.len() < PAGE_BYTES, "{}", page.len());
            let page = String::from_utf8(page).unwrap();
            let lines = page.lines().filter(|line| !line.starts_with("Full Name"));
            emails.extend(lines.map(|line| line.split(',').nth(5).unwrap().to_owned()));
            // Between two pages others change what was shown and what is still to be shown.
            let touched = made[pages * 97 % made.len()].id;
            let draft = ContactDraft {
                title: set(format!("changed {pages}")),
                ..ContactDraft::default()
            };
            write(&place.source.store, move |unit| {
                single::update::<Contact>(unit, touched, draft, owner, Check::new())
            })
            .unwrap();
            pages += 1;
        }
        let mut expected: Vec<String> = (0..count).step_by(step).map(|number| format!("p{number}@x.test")).collect();
        if direction == Direction::Descending {
            expected.reverse();
        }
        assert_eq!(emails, expected);
        assert_eq!(pages, count / step / 500);
    }
}
