//! The search over every noun: both backends find the same, in the same order.

use crm_domain::{
    Result,
    field::Check,
    id::RecordId,
    tenant::{
        TenantStore,
        account::{self as accounts, AccountDraft},
        activity::{self as activities, ActivityDraft},
        change::EntityKind,
        contact::{self as contacts, ContactDraft, ContactFields},
        lead::{self as leads, LeadDraft, LeadFields},
        opportunity::{self as opportunities, OpportunityDraft},
        partner::{self as partners, PartnerDraft, PartnerFields},
        search::{self, Candidate, Hit, KINDS, Probe, Query, SearchReads},
        task::{self as tasks, TaskDraft},
        ticket::{self as tickets, TicketDraft},
    },
    usecase::single,
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, account_of, named, open, set, user, write};

each_backend_shared!(
    every_noun_is_found_and_shown,
    names_come_first_then_words_then_pieces_then_slips,
    a_database_proposes_what_a_probe_says,
    what_is_deleted_or_renamed_is_not_found,
    any_text_can_be_looked_for,
);

fn find(store: &dyn TenantStore, asked: &str) -> Vec<Hit> {
    let Some(query) = Query::parse(asked) else { return Vec::new() };
    store.reading(|reader| search::find(reader.search(), &query, &KINDS, 20)).unwrap()
}

fn titles(store: &dyn TenantStore, asked: &str) -> Vec<String> {
    find(store, asked).into_iter().map(|hit| hit.record.title).collect()
}

fn every_noun_is_found_and_shown(database: &Database) {
    let store = open(database);
    let account = account_of(AccountDraft {
        name: set("Lovelace Engines"),
        city: set("London"),
        ..AccountDraft::default()
    });
    let contact = ContactDraft {
        first_name: set("Ada"),
        last_name: set("Lovelace"),
        company: set("Engines"),
        ..ContactDraft::default()
    };
    let lead = LeadDraft {
        last_name: set("Lovelace"),
        email: set("lovelace@example.com"),
        ..LeadDraft::default()
    };
    write(&store, move |unit| {
        let account = single::create_parsed::<accounts::Account>(unit, account)?;
        single::create_parsed::<contacts::Contact>(unit, ContactFields::parse(contact, user(), Check::new())?)?;
        single::create_parsed::<leads::Lead>(unit, LeadFields::parse(lead, user(), Check::new())?)?;
        let deal = OpportunityDraft {
            name: set("Lovelace renewal"),
            account_id: crm_domain::field::Patch::Set(account.id),
            ..OpportunityDraft::default()
        };
        single::create::<opportunities::Opportunity>(unit, deal, user(), Check::new())?;
        let task = TaskDraft {
            title: set("Call Lovelace"),
            ..TaskDraft::default()
        };
        single::create::<tasks::Task>(unit, task, user(), Check::new())?;
        let ticket = TicketDraft {
            subject: set("Lovelace cannot sign in"),
            account_id: crm_domain::field::Patch::Set(account.id),
            ..TicketDraft::default()
        };
        single::create::<tickets::Ticket>(unit, ticket, user(), Check::new())?;
        let activity = ActivityDraft {
            activity_type: set("note"),
            subject: set("What Lovelace said"),
            body: set("She wants ENGINES."),
            account_id: crm_domain::field::Patch::Set(account.id),
            ..ActivityDraft::default()
        };
        single::create::<activities::Activity>(unit, activity, user(), Check::new())?;
        let partner = PartnerDraft {
            name: set("Byron & Lovelace"),
            contact_name: set("Annabella"),
            ..PartnerDraft::default()
        };
        single::create_parsed::<partners::Partner>(unit, PartnerFields::parse(partner, user(), Check::new())?)
    })
    .unwrap();
    let mut shown: Vec<_> = find(&*store, "lovelace")
        .into_iter()
        .map(|hit| (hit.record.kind, hit.record.title, hit.record.subtitle))
        .collect();
    shown.sort_by_key(|(kind, ..)| KINDS.iter().position(|known| known == kind));
    let of = |kind, title: &str, subtitle: Option<&str>| (kind, title.to_owned(), subtitle.map(str::to_owned));
    assert_eq!(
        shown,
        [
            of(EntityKind::Account, "Lovelace Engines", Some("London")),
            of(EntityKind::Contact, "Ada Lovelace", Some("Engines")),
            of(EntityKind::Lead, "Lovelace", Some("lovelace@example.com")),
            of(EntityKind::Opportunity, "Lovelace renewal", Some("Lovelace Engines")),
            of(EntityKind::Task, "Call Lovelace", None),
            of(EntityKind::Ticket, "Lovelace cannot sign in", Some("Lovelace Engines")),
            of(EntityKind::Partner, "Byron & Lovelace", Some("Annabella")),
            of(EntityKind::Activity, "What Lovelace said", Some("Lovelace Engines")),
        ]
    );
    // A slip is forgiven in every noun.
    assert_eq!(find(&*store, "lovelaec").len(), KINDS.len());
}

fn names_come_first_then_words_then_pieces_then_slips(database: &Database) {
    let store = open(database);
    for name in [
        "Acne Studios",
        "Placmed",
        "The Acme Company",
        "Globex",
        "Acme Corporation",
        "Acme",
        "100% Acme_x",
    ] {
        super::add_account(&store, name);
    }
    let street = account_of(AccountDraft {
        name: set("Hotel Berlin"),
        city: set("Acme City"),
        ..AccountDraft::default()
    });
    write(&store, move |unit| single::create_parsed::<accounts::Account>(unit, street)).unwrap();
    assert_eq!(
        titles(&*store, "ACME"),
        [
            "Acme",
            "Acme Corporation",
            "100% Acme_x",
            "The Acme Company",
            "Hotel Berlin",
            "Placmed",
            "Acne Studios"
        ]
    );
    assert_eq!(titles(&*store, "corporation acme"), ["Acme Corporation"]);
    assert_eq!(titles(&*store, "glo"), ["Globex"]);
    assert_eq!(titles(&*store, "gl"), ["Globex"]);
    assert_eq!(titles(&*store, "100%"), ["100% Acme_x"]);
    for slip in ["globx", "glbex", "glovex", "golbex", "globexx", "lobex", "gglobex"] {
        assert_eq!(titles(&*store, slip), ["Globex"], "{slip}");
    }
    for slip in ["acne", "akme", "acmee", "acem", "acm", "cme", "ame"] {
        assert!(titles(&*store, slip).contains(&"Acme".to_owned()), "{slip}");
    }
    assert_eq!(titles(&*store, "zzzz"), Vec::<String>::new());
}

/// The same records, proposed as the port promises it.
struct Memory(Vec<String>);

impl SearchReads for Memory {
    fn candidates(&mut self, kind: EntityKind, probe: &Probe, limit: u32) -> Result<Vec<Candidate>> {
        let fits = |text: &String| match probe {
            Probe::Prefix(key) => text.starts_with(key.as_str()),
            Probe::Parts(any) => any.iter().any(|parts| parts.iter().all(|part| text.contains(part.as_str()))),
        };
        let texts = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, text)| kind == EntityKind::Account && fits(text));
        let candidate = |(index, text): (usize, &String)| Candidate {
            kind,
            id: index as i64 + 1,
            text: text.clone(),
            title: String::new(),
            subtitle: None,
        };
        Ok(texts.map(candidate).take(limit as usize).collect())
    }
}

fn a_database_proposes_what_a_probe_says(database: &Database) {
    let store = open(database);
    let names: Vec<String> = ["acme", "globex", "initech", "umbrella", "100%_x\\y"]
        .iter()
        .flat_map(|stem| ["", " gmbh", "-works", "x"].map(|end| format!("{stem}{end}")))
        .chain(TEXTS.iter().map(|text| text.trim().replace(['\r', '\n', '\t'], " ")))
        .collect();
    let batch = names.iter().map(|name| named(name)).collect();
    let made = write(&store, move |unit| accounts::create_many(unit, batch)).unwrap();
    let mut memory = Memory(made.iter().map(|account| account.fields.search_text()).collect());
    let terms = names.iter().map(String::as_str);
    for asked in terms.chain([
        "acme",
        "acne",
        "umbrela",
        "inietch",
        "gmbh",
        "works",
        "%",
        "100%_",
        "\\y",
        "שלום",
        "🚀",
        "👩‍👩‍👧",
        "zoe",
    ]) {
        let query = Query::parse(asked).unwrap();
        let expected = search::find(&mut memory, &query, &KINDS, 20).unwrap();
        let place = |hit: &Hit| (hit.record.id, hit.score.to_bits());
        let expected: Vec<_> = expected.iter().map(place).collect();
        assert_eq!(find(&*store, asked).iter().map(place).collect::<Vec<_>>(), expected, "{asked:?}");
    }
}

fn what_is_deleted_or_renamed_is_not_found(database: &Database) {
    let store = open(database);
    let [kept, gone] = ["Initech", "Initrode"].map(|name| super::add_account(&store, name).id);
    write(&store, move |unit| single::remove::<accounts::Account>(unit, gone)).unwrap();
    assert_eq!(titles(&*store, "init"), ["Initech"]);
    let draft = AccountDraft {
        name: set("Umbrella"),
        ..AccountDraft::default()
    };
    write(&store, move |unit| {
        single::update::<accounts::Account>(unit, kept, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(titles(&*store, "initech"), Vec::<String>::new());
    let hit = find(&*store, "umbrella").remove(0);
    assert_eq!((hit.record.id, hit.score), (kept.get(), 1.0));
}

fn any_text_can_be_looked_for(database: &Database) {
    let store = open(database);
    let long = "x".repeat(255);
    let rough = [
        "\0",
        "a\0bc",
        "\"",
        "\" OR \"",
        "' OR 1=1 --",
        "NEAR(a b)",
        "acme*",
        "^acme",
        "%%%",
        "\\",
        "\u{200b}\u{200b}\u{200b}",
        "\u{10ffff}\u{10ffff}\u{10ffff}",
        "e\u{301}\u{301}\u{301}",
        &long,
    ];
    for text in TEXTS.iter().chain(&rough) {
        assert_eq!(titles(&*store, text), Vec::<String>::new(), "{text:?}");
    }
}
