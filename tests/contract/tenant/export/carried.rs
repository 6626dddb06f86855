//! Tags, custom fields, an opportunity's contact and its pipeline come back from an exported table, whatever they hold.

use crm_domain::{
    field::{Check, Patch},
    tenant::{
        account::{Account, AccountDraft},
        change::EntityKind,
        contact::{Contact, ContactDraft},
        custom_field::{self, CustomDraft, CustomFieldDraft},
        label,
        opportunity::{Opportunity, OpportunityDraft},
        pipeline::{self, PipelineDraft},
        record::Record,
    },
    usecase::{bulk::Drafted, export::ExportKind, single},
};
use crm_tests::{database::Database, each_backend};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{KINDS, Place};
use crate::tenant::{set, write};

each_backend!(
    what_records_carry_comes_back,
    a_row_that_names_what_is_not_there_fails,
    tags_are_added_to_those_that_are_there,
);

/// The custom fields of each kind: some are called much like fields of its own.
const FIELDS: [(&str, &str); 5] = [
    ("the_city", "text"),
    ("stage_name", "text"),
    ("score", "number"),
    ("since", "date"),
    ("active", "bool"),
];

/// What one record carries; numbers choose among what there is.
#[derive(Debug, Clone)]
struct Carried {
    tags: Vec<String>,
    text: String,
    number: i32,
    flag: Option<bool>,
    contact: u8,
    pipeline: u8,
}

fn carried() -> impl Strategy<Value = Carried> {
    let tag = "[a-dA-D;'=🚀][a-d;' ]{0,3}[a-d]";
    let text = "[=+@'a-z🚀][a-z \",;\n]{0,6}[a-z]";
    (
        prop::collection::vec(tag, 0..4),
        text,
        any::<i32>(),
        any::<Option<bool>>(),
        any::<u8>(),
        any::<u8>(),
    )
        .prop_map(|(tags, text, number, flag, contact, pipeline)| Carried {
            tags,
            text,
            number,
            flag,
            contact,
            pipeline,
        })
}

impl Carried {
    fn custom(&self) -> CustomDraft {
        let mut values =
            json!({ "the_city": self.text, "score": f64::from(self.number) / 8.0, "since": "2024-02-29", "stage_name": self.text });
        match self.flag {
            Some(flag) => values["active"] = json!(flag),
            None => values["since"] = Value::Null,
        }
        let Value::Object(values) = values else { unreachable!("an object") };
        CustomDraft(values.into_iter().collect())
    }
}

/// A tenant with the custom fields and a second pipeline.
fn place(database: &Database) -> Place {
    let place = Place::new(database);
    write(&place.source.store, |unit| {
        for kind in [EntityKind::Account, EntityKind::Contact, EntityKind::Opportunity] {
            for (key, field_type) in FIELDS {
                let draft = CustomFieldDraft {
                    entity: Patch::Set(kind),
                    key: set(key),
                    field_type: set(field_type),
                    ..CustomFieldDraft::default()
                };
                custom_field::create(unit, draft, Check::new())?;
            }
        }
        let draft = PipelineDraft {
            name: set("Partners"),
            ..PipelineDraft::default()
        };
        pipeline::create(unit, draft, Check::new())
    })
    .unwrap();
    place
}

fn make<R: Record>(place: &Place, draft: R::Draft, of: &Carried) -> R {
    let (admin, custom, tags) = (place.admin, of.custom(), of.tags.clone());
    let made = write(&place.source.store, move |unit| {
        let drafted = Drafted {
            custom,
            ..Drafted::new(draft, Check::new())
        };
        let made: R = single::create_drafted(unit, drafted, admin)?;
        if !tags.is_empty() {
            label::assign(unit, R::KIND, &[made.id()], label::parse_tags(&tags)?)?;
        }
        Ok(made)
    });
    made.unwrap()
}

fn fill(place: &Place, records: &[Carried]) {
    let mut contacts = Vec::new();
    for (number, of) in records.iter().enumerate() {
        let account: Account = make(
            place,
            AccountDraft {
                name: set(format!("Account {number}")),
                ..AccountDraft::default()
            },
            of,
        );
        let contact = ContactDraft {
            last_name: set(format!("Person {number}")),
            email: if of.flag == Some(true) {
                set(format!("p{number}@x.test"))
            } else {
                Patch::Keep
            },
            account_id: Patch::Set(account.id),
            ..ContactDraft::default()
        };
        contacts.push(make::<Contact>(place, contact, of).id);
        let stages = place.source.store.reading(|reader| reader.pipelines().all()).unwrap();
        let stages: Vec<_> = stages.iter().flat_map(|pipeline| &pipeline.stages).map(|stage| stage.id).collect();
        let opportunity = OpportunityDraft {
            name: set(format!("Deal {number}")),
            account_id: Patch::Set(account.id),
            contact_id: contacts.get(usize::from(of.contact) % (contacts.len() + 1)).copied().into(),
            stage_id: Patch::Set(stages[usize::from(of.pipeline) % stages.len()]),
            ..OpportunityDraft::default()
        };
        make::<Opportunity>(place, opportunity, of);
    }
}

fn what_records_carry_comes_back(database: &Database) {
    let config = Config {
        cases: 8,
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&prop::collection::vec(carried(), 1..6), |records| {
        let (here, elsewhere) = (place(database), place(database));
        fill(&here, &records);
        for (kind, import_kind) in KINDS {
            let (file, _) = here.export_with(kind, records.len().is_multiple_of(2));
            elsewhere.import(import_kind, &file);
        }
        // Contacts without an email are called by their uuid, which is their external id elsewhere: from then on nothing changes.
        let third = place(database);
        for (kind, import_kind) in KINDS {
            third.import(import_kind, &elsewhere.export(kind));
        }
        for (kind, import_kind) in KINDS {
            prop_assert_eq!(elsewhere.export(kind), here.export(kind), "{:?}", kind);
            prop_assert_eq!(third.export(kind), elsewhere.export(kind), "{:?}", kind);
            let again = elsewhere.import(import_kind, &here.export(kind));
            prop_assert_eq!((again.created, again.updated), (0, 0), "{:?}", kind);
        }
        Ok(())
    });
    tried.unwrap();
}

/// Imports one opportunity; why it fails, if it does.
fn failure(place: &Place, headers: &str, cells: &str) -> Option<String> {
    let (summary, failures) = place.try_import(&format!("name,account,{headers}\nDeal,Acme,{cells}\n"));
    assert_eq!(summary.failed as usize, failures.len());
    failures
        .into_iter()
        .next()
        .map(|failure| format!("{}: {}", failure.column, failure.reason))
}

fn a_row_that_names_what_is_not_there_fails(database: &Database) {
    let place = place(database);
    place.import(crm_domain::usecase::import::ImportKind::Accounts, "name\nAcme\n");
    for (headers, cells, reason) in [
        (
            "pipeline,stage",
            "Nowhere,Prospecting",
            "pipeline: no pipeline is named \"Nowhere\"",
        ),
        (
            "contact email",
            "nobody@x.test",
            "contact email: no contact has the email \"nobody@x.test\"",
        ),
        (
            "contact_external_id",
            "C-1",
            "contact_external_id: no contact has the external id \"C-1\"",
        ),
    ] {
        assert_eq!(failure(&place, headers, cells).as_deref(), Some(reason));
    }
    let unknown_stage = failure(&place, "pipeline,stage", "partners,Nowhere").unwrap();
    assert!(
        unknown_stage.starts_with("stage: ") && unknown_stage.contains("Prospecting"),
        "{unknown_stage}"
    );
    assert_eq!(failure(&place, "pipeline,stage", "PARTNERS,prospecting"), None);
}

fn tags_are_added_to_those_that_are_there(database: &Database) {
    let place = place(database);
    let accounts = crm_domain::usecase::import::ImportKind::Accounts;
    place.import(accounts, "name,tags\nAcme,\"VIP, North\"\nBolt,\nAcme,\"vip, South\"\n");
    let tags = || {
        let table = place.export(ExportKind::Accounts);
        let mut lines = table.lines();
        let column = lines.next().unwrap().split(',').position(|header| header == "tags").unwrap();
        // Quoted, a list is one cell.
        let acme = lines.next().unwrap();
        (column, acme.split('"').nth(1).unwrap_or_default().to_owned())
    };
    assert_eq!(tags().1, "North, South, VIP");
    let again = place.import(accounts, "name,tags\nAcme,north\n");
    assert_eq!((again.updated, again.unchanged), (0, 1));
    let more = place.import(accounts, "name,tags\nAcme,West\n");
    assert_eq!((more.updated, tags().1.as_str()), (1, "North, South, VIP, West"));
}
