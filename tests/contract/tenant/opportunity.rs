//! Opportunities.

use std::sync::Arc;

use crm_domain::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, OpportunityId, RecordId, StageId, UserId},
    money::Currency,
    page::{Page, Sort, Window},
    tenant::{
        TenantStore, account as accounts,
        contact::{self as contacts, ContactDraft, ContactFields},
        opportunity::{self as opportunities, Opportunity, OpportunityContext, OpportunityDraft, OpportunityFields, OpportunityFilter},
        pipeline::StageKind,
    },
    usecase::single,
};
use crm_tests::{
    database::{Database, START},
    each_backend_shared,
};

use super::{TEXTS, add_account, assert_duplicate, assert_not_found, assert_uuid, feed, of_forecast, only_problem, open, set, user, write};

each_backend_shared!(
    every_field_reads_back,
    any_text_reads_back,
    null_clears_a_field,
    a_stage_brings_its_probability_and_day,
    external_ids_are_unique_among_live_opportunities,
    a_refused_batch_leaves_nothing,
    removed_opportunities_are_gone,
    lists_of_accounts_are_in_order,
    forecast_totals_follow_the_flag,
    references_must_exist_when_they_are_named,
);

pub(super) fn deal(name: &str) -> OpportunityDraft {
    OpportunityDraft {
        name: set(name),
        ..OpportunityDraft::default()
    }
}

fn full_draft(name: &str) -> OpportunityDraft {
    OpportunityDraft {
        external_id: set(format!("ext {name}")),
        name: set(name),
        stage: set("negotiation"),
        amount: set("-1234567890.123"),
        currency: set("kwd"),
        probability: set(33),
        expected_close_date: set("2024-02-29"),
        engaged_on: set("1999-12-31"),
        description: set("Über alles 🚀"),
        lead_source: set("Référence"),
        next_step: set("call\nagain"),
        competitors: set("Größer & Co, Competitor B"),
        include_in_forecast: Patch::Set(false),
        owner_id: Patch::Set(UserId::from_i64(42)),
        ..OpportunityDraft::default()
    }
}

pub(super) fn create(store: &Arc<dyn TenantStore>, draft: OpportunityDraft) -> Result<Opportunity> {
    write(store, move |unit| {
        single::create::<opportunities::Opportunity>(unit, draft, user(), Check::new())
    })
}

fn update(store: &Arc<dyn TenantStore>, id: OpportunityId, draft: OpportunityDraft) -> Result<Opportunity> {
    write(store, move |unit| {
        single::update::<opportunities::Opportunity>(unit, id, draft, user(), Check::new())
    })
}

fn found(store: &Arc<dyn TenantStore>, id: OpportunityId) -> Option<Opportunity> {
    store.reading(|reader| reader.opportunities().lookup(id)).unwrap()
}

fn list(store: &Arc<dyn TenantStore>, include_in_forecast: Option<bool>) -> Page<Opportunity> {
    let filter = of_forecast(include_in_forecast);
    store
        .reading(|reader| reader.opportunities().list(&filter, Sort::default(), &Window::first(1000)))
        .unwrap()
}

fn every_field_reads_back(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let contact = ContactFields::parse(
        ContactDraft {
            last_name: set("Miller"),
            ..ContactDraft::default()
        },
        user(),
        Check::new(),
    )
    .unwrap();
    let contact = write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, contact))
        .unwrap()
        .id;
    let draft = OpportunityDraft {
        account_id: Patch::Set(account),
        contact_id: Patch::Set(contact),
        ..full_draft("Deal")
    };
    let opportunity = create(&store, draft).unwrap();
    let fields = &opportunity.fields;
    assert_eq!((fields.account_id, fields.contact_id), (Some(account), Some(contact)));
    let amount = fields.amount.unwrap();
    assert_eq!(
        (amount.minor, amount.currency),
        (-1_234_567_890_123, Currency::parse("KWD").unwrap())
    );
    assert_eq!((fields.probability, fields.include_in_forecast), (33, false));
    assert_eq!(fields.expected_close_date.unwrap().to_string(), "2024-02-29");
    assert_eq!(fields.engaged_on.unwrap().to_string(), "1999-12-31");
    assert_eq!(fields.next_step.as_deref(), Some("call\nagain"));
    assert_eq!(&*opportunity.stage.fields.name, "Negotiation");
    assert_eq!(opportunity.stage.id, fields.stage_id);
    assert_eq!(opportunity.created_by, Some(user()));
    assert_uuid(opportunity.uuid, opportunity.created_at);
    assert_eq!(found(&store, opportunity.id), Some(opportunity));
}

fn any_text_reads_back(database: &Database) {
    let store = open(database);
    let made = write(&store, |unit| {
        let context = opportunities::context(unit, user())?;
        let parse = |n: usize| {
            let draft = OpportunityDraft {
                lead_source: set(TEXTS[n % TEXTS.len()]),
                amount: set(n),
                ..deal(TEXTS[n % TEXTS.len()])
            };
            OpportunityFields::parse(draft, &context, Check::new())
        };
        let few = (0..3).map(parse).collect::<Result<_>>()?;
        let many = (0..60).map(parse).collect::<Result<_>>()?;
        Ok([opportunities::create_many(unit, few)?, opportunities::create_many(unit, many)?].concat())
    })
    .unwrap();
    assert_eq!(list(&store, None).items, made);
}

fn null_clears_a_field(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let opportunity = create(
        &store,
        OpportunityDraft {
            account_id: Patch::Set(account),
            ..full_draft("Deal")
        },
    )
    .unwrap();
    let draft = OpportunityDraft {
        external_id: Patch::Clear,
        account_id: Patch::Clear,
        contact_id: Patch::Clear,
        amount: Patch::Clear,
        expected_close_date: Patch::Clear,
        closed_on: Patch::Clear,
        engaged_on: Patch::Clear,
        description: Patch::Clear,
        lead_source: Patch::Clear,
        next_step: Patch::Clear,
        competitors: Patch::Clear,
        ..OpportunityDraft::default()
    };
    let cleared = update(&store, opportunity.id, draft).unwrap();
    let expected = OpportunityFields {
        external_id: None,
        account_id: None,
        contact_id: None,
        amount: None,
        expected_close_date: None,
        closed_on: None,
        engaged_on: None,
        description: None,
        lead_source: None,
        next_step: None,
        competitors: None,
        ..opportunity.fields.clone()
    };
    assert_eq!(cleared.fields, expected);
    assert_eq!(found(&store, opportunity.id), Some(cleared));
    for (field, draft) in [
        (
            "stage",
            OpportunityDraft {
                stage: Patch::Clear,
                ..OpportunityDraft::default()
            },
        ),
        (
            "name",
            OpportunityDraft {
                name: Patch::Clear,
                ..OpportunityDraft::default()
            },
        ),
    ] {
        assert_eq!(
            only_problem(update(&store, opportunity.id, draft)),
            (field.to_owned(), Problem::Required)
        );
    }
}

fn a_stage_brings_its_probability_and_day(database: &Database) {
    let store = open(database);
    let opportunity = create(&store, deal("Deal")).unwrap();
    assert_eq!(
        (&*opportunity.stage.fields.name, opportunity.fields.probability),
        ("Prospecting", 10)
    );
    let to = |stage: &str| OpportunityDraft {
        stage: set(stage),
        ..OpportunityDraft::default()
    };
    let won = update(&store, opportunity.id, to("CLOSED won")).unwrap();
    assert_eq!(won.stage.fields.kind, StageKind::Won);
    assert_eq!((won.fields.probability, won.fields.closed_on), (100, Some(START.date())));
    assert_eq!(found(&store, opportunity.id), Some(won));
    // A closed one is not moved by editing.
    match update(&store, opportunity.id, to("Qualification")) {
        Err(Error::State { state, action, .. }) => assert_eq!((&*state, action), ("won", "moved")),
        other => panic!("not refused: {other:?}"),
    }
    let other = create(&store, deal("Other")).unwrap();
    let moved = update(&store, other.id, to("Qualification")).unwrap();
    assert_eq!((moved.fields.probability, moved.fields.closed_on), (25, None));
    assert_eq!(found(&store, other.id), Some(moved));
}

fn external_ids_are_unique_among_live_opportunities(database: &Database) {
    let store = open(database);
    let first = create(&store, full_draft("Deal")).unwrap();
    assert_duplicate(create(&store, full_draft("Deal")), "opportunity", "external_id");
    let other = create(&store, deal("Other")).unwrap();
    let taken = OpportunityDraft {
        external_id: set("ext Deal"),
        ..OpportunityDraft::default()
    };
    assert_duplicate(update(&store, other.id, taken), "opportunity", "external_id");
    let id = first.id;
    write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, id)).unwrap();
    let again = create(&store, full_draft("Deal")).unwrap();
    let external = ["ext Deal".to_owned(), "nul\0".to_owned()];
    let by_external = store.reading(|reader| reader.opportunities().lookup_external(&external)).unwrap();
    assert_eq!(by_external, [again]);
}

fn a_refused_batch_leaves_nothing(database: &Database) {
    let store = open(database);
    create(&store, full_draft("Deal")).unwrap();
    for size in [10, 60] {
        let refused = write(&store, move |unit| {
            let context: OpportunityContext = opportunities::context(unit, user())?;
            let drafts = (1..size).map(|n| full_draft(&format!("New {n}"))).chain([full_draft("Deal")]);
            let batch = drafts
                .map(|draft| OpportunityFields::parse(draft, &context, Check::new()))
                .collect::<Result<_>>()?;
            opportunities::create_many(unit, batch)
        });
        assert_duplicate(refused, "opportunity", "external_id");
    }
    assert_eq!([None, Some(true), Some(false)].map(|flag| list(&store, flag).total), [1, 0, 1]);
    assert_eq!(feed(&store).len(), 1);
}

fn removed_opportunities_are_gone(database: &Database) {
    let store = open(database);
    let account = add_account(&store, "Acme").id;
    let draft = OpportunityDraft {
        account_id: Patch::Set(account),
        ..full_draft("Unfindable")
    };
    let opportunity = create(&store, draft).unwrap();
    let alone = create(&store, deal("Alone")).unwrap().id;
    for id in [opportunity.id, alone] {
        write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, id)).unwrap();
    }
    let id = opportunity.id;
    let filter = OpportunityFilter::search("unfindable");
    let left = store.reading(|reader| {
        let opportunities = reader.opportunities();
        Ok([
            opportunities.lookup(id)?.into_iter().collect(),
            opportunities.lookup_external(&["ext Unfindable".to_owned()])?,
            opportunities.list_of_accounts(&[account])?,
            opportunities.list_without_account()?,
            opportunities
                .list(&OpportunityFilter::default(), Sort::default(), &Window::first(5))?
                .items,
            opportunities.list(&filter, Sort::default(), &Window::first(5))?.items,
        ]
        .concat())
    });
    assert_eq!(left.unwrap(), []);
    assert_not_found(update(&store, id, deal("Back")), "opportunity");
    assert_not_found(
        write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, id)),
        "opportunity",
    );
    assert_not_found(
        write(&store, move |unit| unit.opportunities().update(&opportunity, &opportunity)),
        "opportunity",
    );
    assert_eq!([None, Some(true), Some(false)].map(|flag| list(&store, flag).total), [0, 0, 0]);
}

fn lists_of_accounts_are_in_order(database: &Database) {
    let store = open(database);
    let accounts: Vec<_> = (0..3).map(|n| add_account(&store, &format!("Acme {n}")).id).collect();
    let mut made = Vec::new();
    for account in [Some(2), Some(0), None, Some(2), Some(1), None, Some(0)] {
        let draft = OpportunityDraft {
            account_id: account.map(|number: usize| accounts[number]).into(),
            ..deal("Deal")
        };
        made.push(create(&store, draft).unwrap());
    }
    let of = [accounts[2], accounts[0], AccountId::from_i64(99)];
    let listed = store.reading(|reader| reader.opportunities().list_of_accounts(&of)).unwrap();
    assert_eq!(listed, [1, 6, 0, 3].map(|index: usize| made[index].clone()));
    let without = store.reading(|reader| reader.opportunities().list_without_account()).unwrap();
    assert_eq!(without, [2, 5].map(|index: usize| made[index].clone()));
}

fn forecast_totals_follow_the_flag(database: &Database) {
    let store = open(database);
    let flag = |value| OpportunityDraft {
        include_in_forecast: Patch::Set(value),
        ..OpportunityDraft::default()
    };
    let ids: Vec<_> = (0..3).map(|n| create(&store, deal(&format!("Deal {n}"))).unwrap().id).collect();
    let totals = || [None, Some(true), Some(false)].map(|flag| list(&store, flag).total);
    assert_eq!(totals(), [3, 3, 0]);
    update(&store, ids[0], flag(false)).unwrap();
    update(&store, ids[0], flag(false)).unwrap();
    update(&store, ids[1], flag(false)).unwrap();
    assert_eq!(totals(), [3, 1, 2]);
    update(&store, ids[1], flag(true)).unwrap();
    assert_eq!(totals(), [3, 2, 1]);
    let listed = |flag| list(&store, flag).items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(listed(Some(true)), ids[1..]);
    assert_eq!(listed(Some(false)), ids[..1]);
    for id in ids {
        write(&store, move |unit| single::remove::<opportunities::Opportunity>(unit, id)).unwrap();
    }
    assert_eq!(totals(), [0, 0, 0]);
}

fn references_must_exist_when_they_are_named(database: &Database) {
    let store = open(database);
    let refused = create(
        &store,
        OpportunityDraft {
            account_id: Patch::Set(AccountId::from_i64(99)),
            ..deal("Deal")
        },
    );
    assert_eq!(
        only_problem(refused),
        ("account_id".to_owned(), Problem::Reference { noun: "account" })
    );
    let refused = create(
        &store,
        OpportunityDraft {
            contact_id: Patch::Set(ContactId::from_i64(99)),
            ..deal("Deal")
        },
    );
    assert_eq!(
        only_problem(refused),
        ("contact_id".to_owned(), Problem::Reference { noun: "contact" })
    );
    let refused = create(
        &store,
        OpportunityDraft {
            stage_id: Patch::Set(StageId::from_i64(99)),
            ..deal("Deal")
        },
    );
    assert_eq!(only_problem(refused), ("stage_id".to_owned(), Problem::Reference { noun: "stage" }));
    let refused = create(
        &store,
        OpportunityDraft {
            stage: set("Nowhere"),
            ..deal("Deal")
        },
    );
    assert!(matches!(only_problem(refused).1, Problem::Choice { allowed } if allowed.len() == 6));

    let account = add_account(&store, "Acme").id;
    let contact = ContactFields::parse(
        ContactDraft {
            last_name: set("Miller"),
            ..ContactDraft::default()
        },
        user(),
        Check::new(),
    )
    .unwrap();
    let contact = write(&store, move |unit| single::create_parsed::<contacts::Contact>(unit, contact))
        .unwrap()
        .id;
    let with_contact = OpportunityDraft {
        contact_id: Patch::Set(contact),
        ..deal("Deal")
    };
    let id = create(&store, with_contact).unwrap().id;
    write(&store, move |unit| {
        single::remove::<contacts::Contact>(unit, contact)?;
        single::remove::<accounts::Account>(unit, account)
    })
    .unwrap();
    let edited = update(&store, id, deal("Renamed")).unwrap();
    assert_eq!(edited.fields.contact_id, None, "what is deleted is named no more");
    let moved = OpportunityDraft {
        account_id: Patch::Set(account),
        ..OpportunityDraft::default()
    };
    assert_eq!(only_problem(update(&store, id, moved)).0, "account_id");
}
