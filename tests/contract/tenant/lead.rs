//! Leads.

use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem},
    field::{Check, Patch},
    id::{AccountId, LeadId, RecordId, UserId},
    page::{Sort, Window},
    tenant::{
        TenantStore, account as accounts,
        lead::{self as leads, Lead, LeadDraft, LeadFields, LeadFilter, LeadOutcome, LeadStatus},
    },
    usecase::{bulk, single},
};
use crm_tests::{database::Database, each_backend_shared};

use super::{TEXTS, add_account, assert_duplicate, assert_not_found, assert_uuid, feed, only_problem, open, set, text, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    null_clears_a_field,
    external_ids_and_emails_are_unique,
    a_refused_batch_leaves_nothing,
    removed_leads_are_gone,
    lists_of_accounts_are_in_order,
    the_account_must_exist_only_when_it_is_named,
    a_bulk_leaves_alone_what_imports_brought_twice,
    an_outcome_reads_back,
    a_converted_lead_stays_what_it_is,
);

pub(super) fn full_draft(name: &str) -> LeadDraft {
    LeadDraft {
        external_id: set(format!("ext {name}")),
        first_name: set("Zoë"),
        last_name: set(name),
        email: set("Shared@Example.com"),
        phone: set("+1 555 0100"),
        title: set("CTO 👩‍💻"),
        company: set("Acme"),
        source: set("Website"),
        status: set("Qualified"),
        description: set("wants a demo"),
        account_id: Patch::Keep,
        owner_id: Patch::Set(UserId::from_i64(42)),
    }
}

fn parse(draft: LeadDraft) -> LeadFields {
    LeadFields::parse(draft, user(), Check::new()).unwrap()
}

pub(super) fn create(store: &Arc<dyn TenantStore>, draft: LeadDraft) -> Lead {
    let fields = parse(draft);
    write(store, move |unit| single::create_parsed::<leads::Lead>(unit, fields)).unwrap()
}

fn found(store: &Arc<dyn TenantStore>, id: LeadId) -> Option<Lead> {
    store.reading(|reader| reader.leads().lookup(id)).unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme");
    let draft = LeadDraft {
        account_id: Patch::Set(account.id),
        ..full_draft("miller")
    };
    let mut expected = parse(draft.clone());
    let lead = create(&store, draft);
    expected.outcome.qualified_at = Some(lead.created_at);
    assert_eq!(lead.fields, expected);
    assert_eq!(lead.created_by, Some(user()));
    assert_eq!(lead.created_at, lead.updated_at);
    assert_uuid(lead.uuid, lead.created_at);
    assert_eq!(found(&store, lead.id), Some(lead));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    let draft = |n: usize| LeadDraft {
        first_name: set(TEXTS[n % TEXTS.len()]),
        source: set(TEXTS[n % TEXTS.len()]),
        ..LeadDraft::default()
    };
    for size in [1, 60] {
        let batch: Vec<_> = (0..size).map(|n| parse(draft(n))).collect();
        let added = write(&store, move |unit| leads::create_many(unit, batch)).unwrap();
        for lead in added {
            assert_eq!(found(&store, lead.id), Some(lead));
        }
    }
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let lead = create(&store, full_draft("miller"));
    let id = lead.id;
    let draft = LeadDraft {
        external_id: Patch::Clear,
        last_name: Patch::Clear,
        email: Patch::Clear,
        phone: Patch::Clear,
        title: Patch::Clear,
        company: Patch::Clear,
        source: Patch::Clear,
        description: Patch::Clear,
        account_id: Patch::Clear,
        ..LeadDraft::default()
    };
    let cleared = write(&store, move |unit| {
        single::update::<leads::Lead>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    let mut expected = parse(LeadDraft {
        first_name: set("Zoë"),
        status: set("Qualified"),
        owner_id: Patch::Set(UserId::from_i64(42)),
        ..LeadDraft::default()
    });
    expected.outcome = lead.fields.outcome;
    assert_eq!(cleared.fields, expected);
    assert_eq!(found(&store, id), Some(cleared));
}

fn external_ids_and_emails_are_unique(database: &Database) {
    let store = open(database);
    let first = create(&store, full_draft("miller"));
    let same = parse(full_draft("miller"));
    let same_email = parse(LeadDraft {
        email: set("sHARED@Example.com"),
        ..full_draft("smith")
    });
    let again = vec![same.clone()];
    assert_duplicate(write(&store, move |unit| leads::create_many(unit, again)), "lead", "external_id");
    let again = same_email.clone();
    assert_duplicate(
        write(&store, move |unit| single::create_parsed::<leads::Lead>(unit, again)),
        "lead",
        "email",
    );

    // An import may bring an email twice; its leads can be edited, but none takes another's email.
    let brought = vec![same_email];
    let second = write(&store, move |unit| leads::create_many(unit, brought)).unwrap().remove(0);
    let emails = ["sHARED@example.com".to_owned(), "nul\0".to_owned()];
    let shared = store.reading(|reader| reader.leads().lookup_emails(&emails)).unwrap();
    assert_eq!(shared, [first.clone(), second.clone()]);
    let edit = |id, draft: LeadDraft| {
        write(&store, move |unit| {
            single::update::<leads::Lead>(unit, id, draft, user(), Check::new())
        })
    };
    let email = |email: &str| LeadDraft {
        email: set(email),
        phone: set("1"),
        ..LeadDraft::default()
    };
    assert_eq!(
        edit(second.id, email("sHARED@Example.com")).unwrap().fields.phone.as_deref(),
        Some("1")
    );
    edit(second.id, email("own@example.com")).unwrap();
    edit(second.id, email("OWN@example.com")).unwrap();
    assert_duplicate(edit(second.id, email("shared@example.com")), "lead", "email");

    let id = first.id;
    write(&store, move |unit| single::remove::<leads::Lead>(unit, id)).unwrap();
    let new = write(&store, move |unit| single::create_parsed::<leads::Lead>(unit, same)).unwrap();
    let external = ["ext miller".to_owned()];
    assert_eq!(store.reading(|reader| reader.leads().lookup_external(&external)).unwrap(), [new]);
}

fn a_refused_batch_leaves_nothing(database: &Database) {
    let store = open(database);
    for size in [10, 60] {
        let mut batch: Vec<_> = (1..size).map(|n| parse(full_draft(&format!("new {n}")))).collect();
        batch.push(batch[0].clone());
        assert_duplicate(write(&store, move |unit| leads::create_many(unit, batch)), "lead", "external_id");
    }
    let page = store
        .reading(|reader| reader.leads().list(&LeadFilter::default(), Sort::default(), &Window::first(10)))
        .unwrap();
    assert_eq!((page.items, page.total, page.has_more), (Vec::new(), 0, false));
    assert_eq!(feed(&store), []);
}

fn removed_leads_are_gone(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let lead = create(
        &store,
        LeadDraft {
            account_id: Patch::Set(account),
            ..full_draft("unfindable")
        },
    );
    let id = lead.id;
    write(&store, move |unit| single::remove::<leads::Lead>(unit, id)).unwrap();
    let filter = LeadFilter::search("unfindable");
    let left = store.reading(|reader| {
        let leads = reader.leads();
        Ok([
            leads.lookup(id)?.into_iter().collect(),
            leads.lookup_external(&["ext unfindable".to_owned()])?,
            leads.lookup_emails(&["shared@example.com".to_owned()])?,
            leads.list_of_accounts(&[account])?,
            leads.list(&LeadFilter::default(), Sort::default(), &Window::first(5))?.items,
            leads.list(&filter, Sort::default(), &Window::first(5))?.items,
        ]
        .concat())
    });
    assert_eq!(left.unwrap(), []);
    let draft = full_draft("back");
    assert_not_found(
        write(&store, move |unit| {
            single::update::<leads::Lead>(unit, id, draft, user(), Check::new())
        }),
        "lead",
    );
    assert_not_found(write(&store, move |unit| single::remove::<leads::Lead>(unit, id)), "lead");
    assert_not_found(write(&store, move |unit| unit.leads().update(&lead, &lead)), "lead");
}

fn lists_of_accounts_are_in_order(database: &Database) {
    let store = open(database);
    let accounts: Vec<_> = (0..3).map(|n| add_account(&store, &format!("Acme {n}")).id).collect();
    let mut made = Vec::new();
    for number in [2, 0, 2, 1, 0] {
        let draft = LeadDraft {
            last_name: set(format!("Of {number}")),
            account_id: Patch::Set(accounts[number]),
            ..LeadDraft::default()
        };
        made.push(create(&store, draft));
    }
    let of = [accounts[2], accounts[0], AccountId::from_i64(99)];
    let listed = store.reading(|reader| reader.leads().list_of_accounts(&of)).unwrap();
    assert_eq!(listed, [1, 4, 0, 2].map(|index: usize| made[index].clone()));
}

fn the_account_must_exist_only_when_it_is_named(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let with_account = |name| LeadDraft {
        account_id: Patch::Set(account),
        ..full_draft(name)
    };
    let id = create(&store, with_account("miller")).id;
    write(&store, move |unit| single::remove::<accounts::Account>(unit, account)).unwrap();
    let draft = LeadDraft {
        status: set("Lost"),
        ..LeadDraft::default()
    };
    let edited = write(&store, move |unit| {
        single::update::<leads::Lead>(unit, id, draft, user(), Check::new())
    })
    .unwrap();
    assert_eq!(edited.fields.status.as_str(), "Lost");
    let fields = parse(with_account("smith"));
    let refused = write(&store, move |unit| single::create_parsed::<leads::Lead>(unit, fields));
    assert_eq!(
        only_problem(refused),
        ("account_id".to_owned(), Problem::Reference { noun: "account" })
    );
}

// two leads share an email that neither of them takes, and that nobody else gets while one still has it.
fn a_bulk_leaves_alone_what_imports_brought_twice(database: &Database) {
    let store = open(database);
    let twins = ["one", "two"].map(|name| {
        parse(LeadDraft {
            external_id: set(name),
            ..full_draft(name)
        })
    });
    let made = write(&store, move |unit| leads::create_many(unit, twins.into())).unwrap();
    let (one, two) = (made[0].id, made[1].id);
    let third = create(
        &store,
        LeadDraft {
            external_id: Patch::Keep,
            email: set("third@example.com"),
            ..full_draft("three")
        },
    )
    .id;
    let draft = |email: Patch<String>| LeadDraft {
        email,
        phone: set("2"),
        ..LeadDraft::default()
    };
    let drafts = [
        (one, draft(Patch::Keep)),
        (two, draft(set("own@example.com"))),
        (third, draft(set("SHARED@example.com"))),
    ];
    let drafts = drafts.map(|(id, draft)| Ok((id, bulk::Drafted::new(draft, Check::new()))));
    let mut outcomes = write(&store, move |unit| bulk::update::<Lead>(unit, drafts.into(), user())).unwrap();
    assert_duplicate(outcomes.pop().unwrap(), "lead", "email");
    let kept: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().fields.phone).collect();
    assert_eq!(kept, [Some(text("2")), Some(text("2"))]);

    // Of two new ones with one email the second fails.
    let new = |email: &str| LeadDraft {
        last_name: set("Lead"),
        email: set(email),
        ..LeadDraft::default()
    };
    let drafts = [new("new@example.com"), new("NEW@example.com")].map(|draft| bulk::Drafted::new(draft, Check::new()));
    let mut outcomes = write(&store, move |unit| bulk::create::<Lead>(unit, drafts.into(), user())).unwrap();
    assert_duplicate(outcomes.pop().unwrap(), "lead", "email");
    assert!(outcomes.pop().unwrap().is_ok());
}

fn an_outcome_reads_back(database: &Database) {
    let store = open(database);
    let id = create(
        &store,
        LeadDraft {
            status: set("contacted"),
            ..full_draft("miller")
        },
    )
    .id;
    let qualified = write(&store, move |unit| leads::qualify(unit, id)).unwrap();
    let expected = LeadOutcome {
        qualified_at: Some(qualified.updated_at),
        ..LeadOutcome::default()
    };
    assert_eq!(
        (&qualified.fields.status, &qualified.fields.outcome),
        (&LeadStatus::Qualified, &expected)
    );
    assert_eq!(found(&store, id), Some(qualified));
    assert_state(write(&store, move |unit| leads::qualify(unit, id)), "qualified", "qualified");

    let reason = text("no budget");
    let disqualified = write(&store, move |unit| leads::disqualify(unit, id, reason)).unwrap();
    let expected = LeadOutcome {
        disqualified_reason: Some(text("no budget")),
        ..LeadOutcome::default()
    };
    assert_eq!(
        (&disqualified.fields.status, &disqualified.fields.outcome),
        (&LeadStatus::Disqualified, &expected)
    );
    assert_eq!(found(&store, id), Some(disqualified));
    let reason = text("still none");
    let again = write(&store, move |unit| leads::disqualify(unit, id, reason));
    assert_state(again, "disqualified", "disqualified");

    let change = feed(&store).pop().unwrap();
    let fields: serde_json::Value = serde_json::from_str(&change.fields).unwrap();
    assert_eq!(fields["status"], serde_json::json!(["Qualified", "Disqualified"]));
    assert_eq!(fields["disqualified_reason"], serde_json::json!([null, "no budget"]));
}

// What an import brings as converted is as final as what was converted here.
fn a_converted_lead_stays_what_it_is(database: &Database) {
    let store = open(database);
    let id = create(
        &store,
        LeadDraft {
            status: set("CONVERTED"),
            ..full_draft("miller")
        },
    )
    .id;
    assert_state(write(&store, move |unit| leads::qualify(unit, id)), "converted", "qualified");
    let reason = text("x");
    let disqualified = write(&store, move |unit| leads::disqualify(unit, id, reason));
    assert_state(disqualified, "converted", "disqualified");
    let edit = |status: &str| {
        let draft = LeadDraft {
            status: set(status),
            phone: set("1"),
            ..LeadDraft::default()
        };
        write(&store, move |unit| {
            single::update::<leads::Lead>(unit, id, draft, user(), Check::new())
        })
    };
    assert_state(edit("New"), "converted", "given another status");
    assert_eq!(edit("Converted").unwrap().fields.phone.as_deref(), Some("1"));
}

fn assert_state<T: std::fmt::Debug>(result: crm_domain::Result<T>, present: &str, asked: &str) {
    match result {
        Err(Error::State { state, action, .. }) => assert_eq!((state.as_str(), action), (present, asked)),
        other => panic!("expected a lead that is {present}, got {other:?}"),
    }
}
