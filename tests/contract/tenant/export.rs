//! What an export writes, an import makes again: on both backends, with texts that tables get wrong first.

mod carried;
mod download;
mod round_trip;

use std::{io, sync::Arc};

use crm_domain::{
    clock::{SystemEntropy, uuid_at},
    control::{
        tenant::NewTenant,
        user::{NewUser, Role},
    },
    field::{Check, Email, Patch, Text},
    id::UserId,
    page::{Sort, Window},
    table::{TableOptions, TableReader},
    tenant::{
        TenantReader,
        account::{Account, AccountDraft},
        change::{Actor, Origin},
        contact::ContactFilter,
    },
    usecase::{
        export::{ExportKind, ExportOptions, ExportSource, ExportSummary, GUARD_HEADER, export},
        import::{ImportKind, ImportOptions, ImportTarget, Observer, RowFailure, Summary, import},
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, write};

each_backend_shared!(
    what_was_exported_makes_the_same_records_elsewhere,
    a_long_table_comes_in_pages_each_record_once,
    accounts_of_one_name_stay_apart,
    importing_an_export_where_it_came_from_changes_nothing_but_what_names_could_not_tell,
);

/// A tenant with one Admin.
pub(super) struct Place {
    pub(super) source: ExportSource,
    pub(super) admin: UserId,
}

impl Place {
    pub(super) fn new(database: &Database) -> Self {
        let (control, tenants) = (database.control(), database.tenants());
        let new = NewTenant {
            uuid: uuid_at(database.now(), &SystemEntropy),
            name: Text::parse("Acme").unwrap(),
            company_name: Text::parse("Acme Inc").unwrap(),
            location: database.tenant_location(),
            tier: "free".to_owned(),
        };
        let tenant = control.writing(|unit| unit.tenants().add(new)).unwrap();
        let admin = NewUser {
            tenant_id: tenant.id,
            email: Some(Email::parse(&format!("admin{}@acme.test", tenant.id)).unwrap()),
            name: Some(Text::parse("Ada").unwrap()),
            role: Role::Admin,
            password: None,
            manager_id: None,
            office: None,
        };
        let admin = control.writing(|unit| unit.users().add(admin)).unwrap().id;
        let store = tenants.open(&tenant).unwrap();
        let source = ExportSource {
            control,
            store,
            tenant: tenant.id,
        };
        Self { source, admin }
    }

    pub(super) fn import(&self, kind: ImportKind, file: &str) -> Summary {
        let target = ImportTarget {
            control: Arc::clone(&self.source.control),
            store: Arc::clone(&self.source.store),
            tenant: self.source.tenant,
            origin: Origin {
                actor: Actor::User(self.admin),
                family: "cli",
            },
        };
        let input = io::Cursor::new(file.as_bytes().to_vec());
        let summary = import(&target, kind, input, &ImportOptions::default(), &mut NoFailure).unwrap();
        assert_eq!((summary.failed, summary.parents_failed), (0, 0));
        summary
    }

    /// Imports opportunities of which some may fail.
    fn try_import(&self, file: &str) -> (Summary, Vec<RowFailure>) {
        let target = ImportTarget {
            control: Arc::clone(&self.source.control),
            store: Arc::clone(&self.source.store),
            tenant: self.source.tenant,
            origin: Origin {
                actor: Actor::User(self.admin),
                family: "cli",
            },
        };
        let input = io::Cursor::new(file.as_bytes().to_vec());
        let mut failures = Failures::default();
        let summary = import(&target, ImportKind::Opportunities, input, &ImportOptions::default(), &mut failures);
        (summary.unwrap(), failures.0)
    }

    fn export_with(&self, kind: ExportKind, guard_formulas: bool) -> (String, ExportSummary) {
        let (mut file, mut told) = (Vec::new(), ExportSummary::default());
        let options = ExportOptions { guard_formulas };
        let summary = export(&self.source, kind, options, &mut file, &mut |so_far| {
            assert!(so_far.written >= told.written && so_far.written <= so_far.total);
            told = so_far.clone();
        });
        let summary = summary.unwrap();
        assert_eq!(summary, told);
        (String::from_utf8(file).unwrap(), summary)
    }

    fn export(&self, kind: ExportKind) -> String {
        self.export_with(kind, false).0
    }
}

struct NoFailure;

impl Observer for NoFailure {
    fn failed(&mut self, failure: &RowFailure) -> io::Result<()> {
        panic!("{failure:?}");
    }
}

#[derive(Default)]
struct Failures(Vec<RowFailure>);

impl Observer for Failures {
    fn failed(&mut self, failure: &RowFailure) -> io::Result<()> {
        self.0.push(failure.clone());
        Ok(())
    }
}

const KINDS: [(ExportKind, ImportKind); 3] = [
    (ExportKind::Accounts, ImportKind::Accounts),
    (ExportKind::Contacts, ImportKind::Contacts),
    (ExportKind::Opportunities, ImportKind::Opportunities),
];

/// Cells that spreadsheets run, that tables quote, and that storage gets wrong first.
fn texts() -> Vec<String> {
    let dangerous = [
        "=1+1",
        "+49 30 1",
        "-5",
        "@SUM(A1)",
        "'=1",
        "''+x",
        "'quoted'",
        "a,b;c|d",
        "\"",
        "\"\"x\"",
        "line\rbreak",
    ];
    TEXTS.iter().chain(&dangerous).map(ToString::to_string).collect()
}

fn csv(rows: &[Vec<String>]) -> String {
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n");
    lines.collect()
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(ToString::to_string).collect()
}

/// A tenant in which every field of every noun is used, and every text stands in some of them.
fn full(database: &Database) -> Place {
    let place = Place::new(database);
    let mut accounts = vec![row(&[
        "id",
        "name",
        "type",
        "website",
        "phone",
        "email",
        "address",
        "city",
        "state",
        "zip",
        "country",
        "industry",
        "employees",
        "revenue",
        "currency",
        "founded",
        "notes",
        "parent",
        "owner",
    ])];
    let mut contacts = vec![row(&[
        "id",
        "first name",
        "last name",
        "email",
        "phone",
        "phone 2",
        "title",
        "company",
        "account",
        "url",
        "city",
        "state",
        "country",
        "notes",
        "owner",
    ])];
    let mut opportunities = vec![row(&[
        "id",
        "name",
        "account",
        "stage",
        "amount",
        "currency",
        "probability",
        "expected close date",
        "closed on",
        "engaged on",
        "notes",
        "source",
        "next step",
        "lost reason",
        "in forecast",
        "owner",
    ])];
    for (index, text) in texts().iter().enumerate() {
        let number = index.to_string();
        let name = format!("{text} {number}");
        let (external_id, short) = (format!("{text}-{number}"), text.chars().take(20).collect::<String>());
        let (admin, email) = (format!("admin{}@acme.test", place.source.tenant), format!("p{number}@x.test"));
        accounts.push(row(&[
            &external_id,
            &name,
            text,
            "x.example",
            text,
            &email,
            text,
            text,
            text,
            &short,
            text,
            text,
            &number,
            "-1234.50",
            "KWD",
            "1999",
            text,
            "",
            &admin,
        ]));
        contacts.push(row(&[
            "",
            text,
            text,
            &email,
            text,
            text,
            text,
            text,
            &name,
            "https://x.example/?a=1",
            text,
            text,
            text,
            text,
            text,
        ]));
        let (stage, reason, forecast) = if index % 2 == 0 {
            ("Closed Lost", text.as_str(), "no")
        } else {
            ("Prospecting", "", "yes")
        };
        opportunities.push(row(&[
            &external_id,
            text,
            &name,
            stage,
            "1100.04",
            "EUR",
            &number,
            "2030-02-28",
            if index % 2 == 0 { "2030-03-01" } else { "" },
            "2024-02-29",
            text,
            text,
            text,
            reason,
            forecast,
            text,
        ]));
    }
    // Without anything that is optional; in a hierarchy; twins; without a currency of their own.
    accounts.push(row(&[
        "", "Mother", "", "", "", "", "", "", "", "", "", "", "", "7", "", "", "", "", "",
    ]));
    accounts.push(row(&[
        "", "Child", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "mother", "",
    ]));
    contacts.push(row(&["", "", "Nobody", "", "", "", "", "Mother", "", "", "", "", "", "", ""]));
    contacts.push(row(&["", "", "Nobody", "", "", "", "", "", "Mother", "", "", "", "", "", ""]));
    for _ in 0..2 {
        opportunities.push(row(&["", "Twin", "Child", "", "", "", "", "", "", "", "", "", "", "", "", ""]));
    }
    assert_eq!(place.import(ImportKind::Accounts, &csv(&accounts)).parents_set, 1);
    place.import(ImportKind::Contacts, &csv(&contacts));
    place.import(ImportKind::Opportunities, &csv(&opportunities));
    place
}

fn what_was_exported_makes_the_same_records_elsewhere(database: &Database) {
    let place = full(database);
    for is_guarded in [false, true] {
        let elsewhere = Place::new(database);
        for (kind, import_kind) in KINDS {
            let (file, summary) = place.export_with(kind, is_guarded);
            assert_eq!(file.contains(GUARD_HEADER), is_guarded);
            let made = elsewhere.import(import_kind, &file);
            assert_eq!((made.created, made.read), (summary.written, summary.written), "{kind:?}");
            assert!(summary.written > 20 && summary.written == summary.total);
            if is_guarded {
                assert_no_formula(&file);
            }
        }
        for (kind, _) in KINDS {
            // Owners named by their email alone come back as users of that name.
            assert_eq!(elsewhere.export(kind), place.export(kind), "{kind:?}");
        }
        let links = |place: &Place| {
            let all = ContactFilter::default();
            let list = |reader: &mut dyn TenantReader| reader.contacts().list(&all, Sort::default(), &Window::first(1000));
            let contacts = place.source.store.reading(list).unwrap().items;
            contacts
                .iter()
                .map(|contact| contact.fields.account_id.is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(links(&elsewhere), links(&place));
        assert_eq!(&links(&place)[texts().len()..], [false, true], "a company's name alone is no link");
    }
}

fn assert_no_formula(file: &str) {
    let mut reader = TableReader::open(io::Cursor::new(file.as_bytes().to_vec()), TableOptions::default()).unwrap();
    while let Some(row) = reader.next_row() {
        for cell in row.unwrap().cells {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
}

fn a_long_table_comes_in_pages_each_record_once(database: &Database) {
    let place = Place::new(database);
    let names: Vec<String> = (0..1_203).map(|number| format!("Account {number:05}")).collect();
    place.import(ImportKind::Accounts, &format!("name\n{}\n", names.join("\n")));
    let (file, summary) = place.export_with(ExportKind::Accounts, false);
    assert_eq!((summary.written, summary.total), (1_203, 1_203));
    let found: Vec<&str> = file.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(found, names);
}

fn accounts_of_one_name_stay_apart(database: &Database) {
    let place = Place::new(database);
    // The one with an external id comes first: without more, rows that name it would mean it alone.
    place.import(ImportKind::Accounts, "id,name,city\nA1,Acme,Bonn\nA2,acme,Kiel\n,Other,Ulm\n");
    place.import(ImportKind::Accounts, "id,name,parent id\n,Below,A2\n");
    place.import(
        ImportKind::Opportunities,
        "name,account,account id\nOne,Acme,A1\nTwo,Acme,A2\nThree,Other,\n",
    );
    write(&place.source.store, |unit| {
        let second = unit.accounts().lookup_external(&["A2".to_owned()])?.remove(0);
        let draft = AccountDraft {
            external_id: Patch::Clear,
            ..AccountDraft::default()
        };
        single::update::<Account>(unit, second.id, draft, second.fields.owner_id, Check::new())
    })
    .unwrap();
    let elsewhere = Place::new(database);
    for (kind, import_kind) in KINDS {
        elsewhere.import(import_kind, &place.export(kind));
    }
    for (kind, _) in KINDS {
        assert_eq!(elsewhere.export(kind), place.export(kind), "{kind:?}");
    }
    let opportunities = elsewhere.export(ExportKind::Opportunities);
    let named: Vec<Vec<&str>> = opportunities
        .lines()
        .skip(1)
        .map(|line| line.split(',').take(4).collect())
        .collect();
    assert_eq!(named[0][..], ["", "One", "Acme", "A1"]);
    assert!(named[1][3].len() == 36 && named[1][2] == "acme", "{named:?}");
    assert_eq!(named[2][..], ["", "Three", "Other", ""]);
}

fn importing_an_export_where_it_came_from_changes_nothing_but_what_names_could_not_tell(database: &Database) {
    let place = full(database);
    for (kind, import_kind) in KINDS {
        let before = place.export(kind);
        let summary = place.import(import_kind, &before);
        // Contacts without an email get the external ids that they have in the table.
        let told = if kind == ExportKind::Contacts { (0, 2) } else { (0, 0) };
        assert_eq!((summary.created, summary.updated), told, "{kind:?}");
        assert_eq!(place.import(import_kind, &before).created, 0, "{kind:?}");
    }
}
