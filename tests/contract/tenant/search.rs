//! Search: each backend finds what a search in memory finds.

use std::sync::Arc;

use crm_domain::{
    field::{Check, Patch, search_key},
    id::RecordId,
    page::{Sort, Start, Window},
    tenant::{
        TenantStore,
        account::{self as accounts, AccountDraft, AccountField, AccountFilter},
        contact::{self as contacts, ContactDraft, ContactFields, ContactFilter},
        lead::{self as leads, LeadDraft, LeadFields, LeadFilter},
        opportunity::{self as opportunities, OpportunityDraft, OpportunityField, OpportunityFilter},
        task::{self as tasks, TaskDraft, TaskFilter},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{account_of, changed_after, named, of_forecast, open, set, user, write};

each_backend_shared!(
    accounts_are_found,
    contacts_are_found,
    leads_are_found,
    opportunities_are_found,
    tasks_are_found,
    a_changed_text_is_found_and_the_old_one_is_not,
    a_search_pages_and_joins_the_other_filters,
);

const NAMES: [&str; 22] = [
    "Acme Corporation",
    "ACME Zürich AG",
    "acme",
    "100% Juice",
    "1000 Juices",
    "snake_case Ltd",
    "snakeXcase Ltd",
    "back\\slash",
    "O'Brien & \"Sons\"",
    "Straße",
    "STRASSE",
    "ΟΔΟΣ Α.Ε.",
    "ΟΔΟΣΑ",
    "İstanbul",
    "🚀🚀🚀 Rockets",
    "👩‍👩‍👧 Family",
    "שלום עולם",
    "a\u{200b}b",
    "e\u{301}clair",
    "éclair",
    "NOT x OR y AND z NEAR(a b) col:abc abc* -abc ^abc (abc)",
    "µg ſtar ﬁ",
];

const TERMS: [&str; 57] = [
    "",
    " ",
    "a",
    "A",
    "ac",
    "AC",
    "acm",
    "ACME",
    "  acme  ",
    "acme corporation",
    "acme  corporation",
    "orpor",
    "zür",
    "ZÜRICH",
    "%",
    "0%",
    "100%",
    "_",
    "e_c",
    "snake_case",
    "\\",
    "\\s",
    "back\\slash",
    "'",
    "o'b",
    "O'BRIEN",
    "\"",
    "\"sons\"",
    "ss",
    "strasse",
    "straße",
    "ß",
    "οδοσ",
    "ΟΔΟΣ",
    "οδος",
    "σ",
    "ς",
    "i̇stan",
    "İSTANBUL",
    "istanbul",
    "🚀",
    "🚀🚀",
    "🚀🚀🚀",
    "👩‍👩‍👧",
    "שלום",
    "ש",
    "a\u{200b}b",
    "éclair",
    "e\u{301}c",
    "not x",
    "near(a b)",
    "col:abc",
    "abc*",
    "*",
    "(abc)",
    "µg",
    "star",
];

/// Terms that could hurt a query language rather than find something.
fn hostile() -> Vec<String> {
    vec![
        "zzzzz".to_owned(),
        "\0".to_owned(),
        "acme\0".to_owned(),
        "\"\"\"".to_owned(),
        "' OR 1=1 --".to_owned(),
        "a".repeat(10_000),
        "%".repeat(2_000),
        "\\".repeat(3),
        "acme\ncorporation".to_owned(),
    ]
}

/// Runs every term; `texts` are the records' search texts in the order of their ids, and `search` gives ids and total.
fn assert_finds(texts: &[String], search: &dyn Fn(&str) -> (Vec<i64>, u64)) {
    for term in TERMS.iter().map(|term| (*term).to_owned()).chain(hostile()) {
        let wanted = search_key(term.trim());
        let expected: Vec<i64> = (1..)
            .zip(texts)
            .filter(|(_, text)| text.contains(&wanted))
            .map(|(id, _)| id)
            .collect();
        let (found, total) = search(&term);
        let shown: String = term.chars().take(40).collect();
        assert_eq!(found, expected, "searching {shown:?}");
        assert_eq!(total, expected.len() as u64, "the total of {shown:?}");
    }
}

fn accounts_are_found(database: &Database) {
    let store = open(database);
    let mut batch: Vec<_> = NAMES.iter().map(|name| named(name)).collect();
    for (index, fields) in batch.iter_mut().enumerate() {
        let draft = AccountDraft {
            website: set(format!("https://www{index}.example.com")),
            email: set(format!("Info{index}@Example.com")),
            phone: set(format!("+1 555 {index}")),
            city: set("Köln"),
            country: set("Deutschland"),
            industry: set(NAMES[(index + 3) % NAMES.len()]),
            ..AccountDraft::default()
        };
        *fields = fields.updated(draft, Check::new()).unwrap();
    }
    let texts: Vec<_> = batch.iter().map(accounts::AccountFields::search_text).collect();
    write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
    assert_finds(&texts, &|term| {
        let filter = AccountFilter::search(term);
        let page = store
            .reading(|reader| reader.accounts().list(&filter, Sort::default(), &Window::first(100)))
            .unwrap();
        (page.items.iter().map(|item| item.id.get()).collect(), page.total)
    });
}

fn contacts_are_found(database: &Database) {
    let store = open(database);
    let parse = |(index, name): (usize, &&str)| {
        let draft = ContactDraft {
            first_name: set(name),
            last_name: set(NAMES[(index + 5) % NAMES.len()]),
            email: set(format!("Info{index}@Example.com")),
            ..ContactDraft::default()
        };
        ContactFields::parse(draft, user(), Check::new()).unwrap()
    };
    let batch: Vec<_> = NAMES.iter().enumerate().map(parse).collect();
    let texts: Vec<_> = batch.iter().map(ContactFields::search_text).collect();
    write(&store, move |unit| contacts::create_many(unit, batch)).unwrap();
    assert_finds(&texts, &|term| {
        let filter = ContactFilter::search(term);
        let page = store
            .reading(|reader| reader.contacts().list(&filter, Sort::default(), &Window::first(100)))
            .unwrap();
        (page.items.iter().map(|item| item.id.get()).collect(), page.total)
    });
}

fn leads_are_found(database: &Database) {
    let store = open(database);
    let parse = |name: &&str| {
        let draft = LeadDraft {
            last_name: set(name),
            source: set("Website"),
            ..LeadDraft::default()
        };
        LeadFields::parse(draft, user(), Check::new()).unwrap()
    };
    let batch: Vec<_> = NAMES.iter().map(parse).collect();
    let texts: Vec<_> = batch.iter().map(LeadFields::search_text).collect();
    write(&store, move |unit| leads::create_many(unit, batch)).unwrap();
    assert_finds(&texts, &|term| {
        let filter = LeadFilter::search(term);
        let page = store
            .reading(|reader| reader.leads().list(&filter, Sort::default(), &Window::first(100)))
            .unwrap();
        (page.items.iter().map(|item| item.id.get()).collect(), page.total)
    });
}

fn opportunities_are_found(database: &Database) {
    let store = open(database);
    let texts = write(&store, |unit| {
        NAMES
            .iter()
            .map(|name| {
                let draft = OpportunityDraft {
                    name: set(name),
                    next_step: set("Call back"),
                    ..OpportunityDraft::default()
                };
                let made = single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())?;
                Ok(made.fields.search_text())
            })
            .collect::<Result<Vec<_>, _>>()
    })
    .unwrap();
    assert_finds(&texts, &|term| {
        let filter = OpportunityFilter::search(term);
        let page = store
            .reading(|reader| reader.opportunities().list(&filter, Sort::default(), &Window::first(100)))
            .unwrap();
        (page.items.iter().map(|item| item.id.get()).collect(), page.total)
    });
}

fn tasks_are_found(database: &Database) {
    let store = open(database);
    let texts = write(&store, |unit| {
        NAMES
            .iter()
            .map(|name| {
                let draft = TaskDraft {
                    title: set(name),
                    description: set("Call back"),
                    ..TaskDraft::default()
                };
                Ok(single::create::<tasks::Task>(unit, draft, user(), Check::new())?
                    .fields
                    .search_text())
            })
            .collect::<Result<Vec<_>, _>>()
    })
    .unwrap();
    assert_finds(&texts, &|term| {
        let filter = TaskFilter::search(term);
        let page = store
            .reading(|reader| reader.tasks().list(&filter, Sort::default(), &Window::first(100)))
            .unwrap();
        (page.items.iter().map(|item| item.id.get()).collect(), page.total)
    });
}

fn found_ids(store: &Arc<dyn TenantStore>, term: &str) -> Vec<i64> {
    let filter = AccountFilter::search(term);
    let page = store
        .reading(|reader| reader.accounts().list(&filter, Sort::default(), &Window::first(100)))
        .unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.iter().map(|item| item.id.get()).collect()
}

fn a_changed_text_is_found_and_the_old_one_is_not(database: &Database) {
    let store = open(database);
    let ids = write(&store, |unit| {
        Ok([
            single::create_parsed::<accounts::Account>(unit, named("Before Ltd"))?.id,
            single::create_parsed::<accounts::Account>(unit, named("Before Inc"))?.id,
        ])
    })
    .unwrap();
    let draft = AccountDraft {
        name: set("After Ltd"),
        ..AccountDraft::default()
    };
    write(&store, move |unit| {
        single::update::<accounts::Account>(unit, ids[0], draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(found_ids(&store, "before"), [2]);
    assert_eq!(found_ids(&store, "after"), [1]);
    let refused: crm_domain::Result<()> = write(&store, move |unit| {
        let draft = AccountDraft {
            name: set("Never Ltd"),
            ..AccountDraft::default()
        };
        single::update::<accounts::Account>(unit, ids[0], draft, user(), Check::new())?;
        single::create_parsed::<accounts::Account>(unit, named("Never Inc"))?;
        Err(crm_domain::Error::Conflict("undone".to_owned()))
    });
    assert!(refused.is_err());
    assert_eq!((found_ids(&store, "never"), found_ids(&store, "after")), (vec![], vec![1]));
    write(&store, move |unit| single::remove::<accounts::Account>(unit, ids[0])).unwrap();
    assert_eq!((found_ids(&store, "after"), found_ids(&store, "ltd")), (vec![], vec![]));
}

fn a_search_pages_and_joins_the_other_filters(database: &Database) {
    let store = open(database);
    let batch: Vec<_> = (0..100)
        .map(|n| {
            account_of(AccountDraft {
                name: set(format!("{} {n}", if n % 2 == 0 { "Findable" } else { "Other" })),
                ..AccountDraft::default()
            })
        })
        .collect();
    let made = write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
    let after = made[0].updated_at;
    for index in [10, 11, 12, 14] {
        let id = made[index].id;
        let draft = AccountDraft {
            city: set("Bern"),
            ..AccountDraft::default()
        };
        write(&store, move |unit| {
            single::update::<accounts::Account>(unit, id, draft, user(), Check::new())
        })
        .unwrap();
    }
    let list = |filter: &AccountFilter, offset| {
        let window = Window {
            limit: 20,
            start: Start::Offset(offset),
        };
        store
            .reading(|reader| reader.accounts().list(filter, Sort::default(), &window))
            .unwrap()
    };
    let filter = AccountFilter::search("FINDABLE");
    let sizes: Vec<_> = [0, 20, 40, 60]
        .map(|offset| list(&filter, offset))
        .iter()
        .map(|page| (page.items.len(), page.total, page.has_more))
        .collect();
    assert_eq!(sizes, [(20, 50, true), (20, 50, true), (10, 50, false), (0, 50, false)]);
    let mut changed = filter;
    changed.conditions.push(changed_after(AccountField::UpdatedAt, after));
    let page = list(&changed, 0);
    let names: Vec<_> = page.items.iter().map(|item| &*item.fields.name).collect();
    assert_eq!((names, page.total), (vec!["Findable 10", "Findable 12", "Findable 14"], 3));

    write(&store, |unit| {
        for (name, flag) in [("Findable", true), ("Findable", false), ("Other", true)] {
            let draft = OpportunityDraft {
                name: set(name),
                include_in_forecast: Patch::Set(flag),
                ..OpportunityDraft::default()
            };
            single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())?;
        }
        Ok(())
    })
    .unwrap();
    for flag in [true, false] {
        let mut filter = of_forecast(Some(flag));
        filter.conditions.push(changed_after(OpportunityField::UpdatedAt, after));
        filter.search = Some("findable".to_owned());
        let page = store
            .reading(|reader| reader.opportunities().list(&filter, Sort::default(), &Window::first(5)))
            .unwrap();
        assert_eq!((page.total, page.items.len()), (1, 1));
        assert_eq!(page.items[0].fields.include_in_forecast, flag);
    }
}
