//! Prospects: what leads are from their conversion on.

use std::sync::Arc;

use crm_domain::{
    error::{Problem, Result},
    field::{Check, Patch, parse_date},
    id::{LeadId, OpportunityId, RecordId},
    tenant::{
        TenantStore,
        change::{ChangeKind, EntityKind},
        contact::Contact,
        lead::{Lead, LeadStatus, ProspectDraft, ProspectStatus, QualificationDraft, prospect},
        opportunity::{Opportunity, OpportunityDraft, OpportunityStatus},
    },
    usecase::{
        convert_lead::Converted,
        prospect::{ProgressDraft, Promotion, open_opportunity, progress, promote},
        single,
    },
};
use crm_tests::{database::Database, each_backend_shared};

use super::{
    TEXTS, assert_not_found, assert_refused, feed,
    lead::{create, full_draft},
    only_problem, open, set, write,
};

each_backend_shared!(
    every_field_of_a_prospect_reads_back,
    what_is_said_of_a_prospect_is_one_change,
    a_note_tells_the_team,
    an_opportunity_belongs_to_what_is_still_there,
    an_opportunity_moves_through_its_own_pipeline,
);

fn promoted(store: &Arc<dyn TenantStore>, id: LeadId, promotion: Promotion) -> Result<Converted> {
    write(store, move |unit| promote(unit, id, promotion, Check::new()))
}

fn moved(store: &Arc<dyn TenantStore>, id: LeadId, draft: ProspectDraft) -> Result<Lead> {
    write(store, move |unit| prospect::update(unit, id, draft, Check::new()))
}

fn to(status: &str) -> ProspectDraft {
    ProspectDraft {
        status: set(status),
        ..ProspectDraft::default()
    }
}

fn found(store: &Arc<dyn TenantStore>, id: LeadId) -> Lead {
    store.reading(|reader| reader.leads().lookup(id)).unwrap().unwrap()
}

fn opened(store: &Arc<dyn TenantStore>, id: LeadId, draft: OpportunityDraft) -> Result<Opportunity> {
    write(store, move |unit| open_opportunity(unit, id, draft, Check::new()))
}

/// B-37, B-45
fn every_field_of_a_prospect_reads_back(database: &Database) {
    let store = open(database);
    for (index, any) in TEXTS.iter().enumerate() {
        let mut draft = full_draft(&format!("lead {index}"));
        (draft.external_id, draft.email) = (Patch::Keep, set(format!("lead{index}@example.com")));
        let id = create(&store, draft).id;
        let promotion = Promotion {
            qualification: QualificationDraft {
                pain_points: set(any),
                budget_range: set(any),
                decision_maker: Patch::Set(index % 2 == 0),
                fit_score: set("85.5"),
            },
            ..Promotion::default()
        };
        let converted = promoted(&store, id, promotion).unwrap().lead;
        assert_eq!(found(&store, id), converted);
        // It was qualified as a lead.
        assert_eq!(converted.fields.prospect_status(), Some(ProspectStatus::Qualified));
        let draft = ProspectDraft {
            reason: set(any),
            next_action: set(any),
            next_action_date: set("2024-02-29"),
            ..to("contacted")
        };
        let lead = moved(&store, id, draft).unwrap();
        assert_eq!(found(&store, id), lead);
        let known = &lead.fields.prospect;
        assert_eq!(
            (known.prospect_status, known.next_action_date),
            (Some(ProspectStatus::Contacted), parse_date("2024-02-29").ok())
        );
        assert_eq!(known.prospect_reason.as_deref(), Some(any.trim()));
        assert_eq!(
            known.qualification.fit_score.map(|score| score.to_string()),
            Some("85.5".to_owned())
        );
        assert_eq!(known.qualification, converted.fields.prospect.qualification);
    }
}

/// B-46, X-59
fn what_is_said_of_a_prospect_is_one_change(database: &Database) {
    let store = open(database);
    let id = create(&store, full_draft("miller")).id;
    assert_not_found(moved(&store, id, to("qualified")), "prospect");
    promoted(&store, id, Promotion::default()).unwrap();
    assert_refused(promoted(&store, id, Promotion::default()), "converted", "converted");
    let before = feed(&store).len();
    let lead = moved(&store, id, to("disqualified")).unwrap();
    assert_eq!(lead.fields.status, LeadStatus::Converted);
    let same = moved(&store, id, to("disqualified")).unwrap();
    assert_eq!(same, lead);
    let changes = feed(&store).split_off(before);
    assert_eq!(changes.len(), 1);
    let told: serde_json::Value = serde_json::from_str(&changes[0].fields).unwrap();
    assert_eq!(told, serde_json::json!({ "prospect_status": [null, "disqualified"] }));
    assert!(matches!(only_problem(moved(&store, id, to("hot"))), (field, Problem::Choice { .. }) if field == "status"));
    write(&store, move |unit| single::remove::<Lead>(unit, id)).unwrap();
    assert_not_found(moved(&store, id, to("new")), "prospect");
}

/// B-40, X-60
fn a_note_tells_the_team(database: &Database) {
    let store = open(database);
    let id = create(&store, full_draft("miller")).id;
    let promotion = Promotion {
        notify_team: true,
        with_opportunity: true,
        ..Promotion::default()
    };
    let converted = promoted(&store, id, promotion).unwrap();
    let notes: Vec<_> = feed(&store)
        .into_iter()
        .filter(|change| change.entity == EntityKind::Activity)
        .collect();
    assert_eq!((notes.len(), notes[0].kind), (1, ChangeKind::Created));
    let told: serde_json::Value = serde_json::from_str(&notes[0].fields).unwrap();
    assert_eq!(told["lead_id"], serde_json::json!([null, id.get()]));
    assert_eq!(
        told["opportunity_id"],
        serde_json::json!([null, converted.opportunity.unwrap().id.get()])
    );
}

/// B-49, B-52, B-54, X-62
fn an_opportunity_belongs_to_what_is_still_there(database: &Database) {
    let store = open(database);
    let id = create(&store, full_draft("miller")).id;
    assert_not_found(opened(&store, id, OpportunityDraft::default()), "prospect");
    let converted = promoted(&store, id, Promotion::default()).unwrap();
    moved(&store, id, to("contacted")).unwrap();
    assert_refused(opened(&store, id, OpportunityDraft::default()), "contacted", "made an opportunity");
    moved(&store, id, to("qualified")).unwrap();
    let first = opened(&store, id, OpportunityDraft::default()).unwrap();
    assert_eq!(first.fields.contact_id, Some(converted.contact.id));
    assert_eq!(first.fields.account_id, converted.account.map(|account| account.id));
    assert_eq!(found(&store, id).fields.outcome.converted_opportunity_id, Some(first.id));
    let contact = converted.contact.id;
    write(&store, move |unit| single::remove::<Contact>(unit, contact)).unwrap();
    let second = opened(&store, id, OpportunityDraft::default()).unwrap();
    assert_eq!(second.fields.contact_id, None);
    assert_eq!(second.fields.account_id, first.fields.account_id);
    // The first is what it has come to.
    assert_eq!(found(&store, id).fields.outcome.converted_opportunity_id, Some(first.id));
}

/// B-56, B-59, X-61
fn an_opportunity_moves_through_its_own_pipeline(database: &Database) {
    let store = open(database);
    let id = super::opportunity::create(&store, super::opportunity::deal("Deal")).unwrap().id;
    let go = |status: &str| {
        let draft = ProgressDraft {
            status: set(status),
            ..ProgressDraft::default()
        };
        progressed(&store, id, draft)
    };
    for status in OpportunityStatus::ALL {
        let Ok(moved) = go(status.as_str()) else {
            assert_eq!(status, OpportunityStatus::Lost, "what is won is not lost");
            continue;
        };
        assert_eq!(moved.status(), status);
    }
    assert_refused(go("lost"), "won", "moved");
    let before = feed(&store).len();
    assert_eq!(go("won").unwrap().status(), OpportunityStatus::Won);
    assert_eq!(feed(&store).len(), before, "nothing changed");
    assert_eq!(go("negotiation").unwrap().fields.closed_on, None);
    assert_eq!(go("lost").unwrap().status(), OpportunityStatus::Lost);
    assert!(matches!(only_problem(go("closed")), (field, Problem::Choice { .. }) if field == "status"));
    assert_not_found(
        progressed(&store, OpportunityId::from_i64(999), ProgressDraft::default()),
        "opportunity",
    );
}

fn progressed(store: &Arc<dyn TenantStore>, id: OpportunityId, draft: ProgressDraft) -> Result<Opportunity> {
    write(store, move |unit| progress(unit, id, draft, Check::new()))
}
