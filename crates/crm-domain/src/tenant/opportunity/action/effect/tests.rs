//! Every action in every state.

use proptest::prelude::*;

use super::*;
use crate::{
    id::{PipelineId, StageId, UserId},
    stamp::Stamp,
    tenant::pipeline::StageFields,
};

const KINDS: [StageKind; 5] = [StageKind::Open, StageKind::Open, StageKind::Won, StageKind::Lost, StageKind::Open];

fn stage(index: usize) -> Stage {
    let id = i64::try_from(index).unwrap() + 1;
    Stage {
        id: StageId::from_i64(id),
        fields: StageFields {
            pipeline_id: PipelineId::from_i64(1),
            name: Text::from_store(format!("Stage {id}")),
            position: id,
            probability: id * 10,
            kind: KINDS[index],
        },
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}

fn opportunity() -> Opportunity {
    let stage = stage(0);
    Opportunity {
        id: OpportunityId::from_i64(1),
        uuid: uuid::Uuid::nil(),
        fields: OpportunityFields {
            external_id: None,
            name: Text::from_store("Deal".to_owned()),
            account_id: None,
            contact_id: None,
            stage_id: stage.id,
            amount: None,
            probability: stage.fields.probability,
            expected_close_date: None,
            closed_on: None,
            engaged_on: None,
            description: None,
            lead_source: None,
            next_step: None,
            lost_reason: None,
            competitors: None,
            include_in_forecast: true,
            owner_id: UserId::from_i64(1),
        },
        stage,
        created_at: Stamp::default(),
        created_by: None,
        updated_at: Stamp::default(),
    }
}

fn day(number: i32) -> Date {
    Date::from_julian_day(2_460_000 + number).unwrap()
}

/// Any action, on stages that its parsing lets through.
fn any_action() -> impl Strategy<Value = (Verb, Action)> {
    let moving = (0..KINDS.len(), prop::option::of(0..=100_i64), 0..100);
    let moving = moving.prop_map(|(index, probability, today)| {
        let (stage, today) = (stage(index), day(today));
        (Verb::Move, Action::Move { stage, probability, today })
    });
    let winning = (0..100, prop::option::of(1..1_000_i64)).prop_map(|(closed_on, minor)| {
        let currency = crate::money::Currency::USD;
        let (stage, closed_on, amount) = (stage(2), day(closed_on), minor.map(|minor| Money { minor, currency }));
        (Verb::Win, Action::Win { stage, closed_on, amount })
    });
    let losing = (0..100, "[a-z]{1,5}").prop_map(|(closed_on, reason)| {
        let (stage, closed_on, reason) = (stage(3), day(closed_on), Text::from_store(reason));
        (Verb::Lose, Action::Lose { stage, closed_on, reason })
    });
    let reopening = prop::sample::select(vec![0, 1, 4]).prop_map(|index| (Verb::Reopen, Action::Reopen { stage: stage(index) }));
    prop_oneof![moving, winning, losing, reopening]
}

proptest! {
    #[test]
    fn whatever_is_done_the_state_is_whole(actions in prop::collection::vec(any_action(), 1..40)) {
        let mut now = opportunity();
        for (verb, action) in actions {
            let was_open = now.stage.fields.kind == StageKind::Open;
            let allowed = now.allows(verb);
            prop_assert_eq!(allowed.is_ok(), was_open == (verb != Verb::Reopen));
            if let Err(error) = allowed {
                let state = now.stage.fields.kind.as_str();
                prop_assert!(error.to_string().contains(state), "{} names {}", error, state);
                continue;
            }
            let (fields, stage) = now.after(action.clone());
            prop_assert_eq!(fields.stage_id, stage.id);
            prop_assert_eq!(fields.closed_on.is_some(), stage.fields.kind != StageKind::Open, "closed has a day, open has none");
            prop_assert!(fields.lost_reason.is_none() || stage.fields.kind == StageKind::Lost, "only what is lost has a reason");
            match &action {
                Action::Move { probability: Some(given), .. } => prop_assert_eq!(fields.probability, *given),
                Action::Move { stage, .. } if stage.id == now.fields.stage_id => prop_assert_eq!(fields.probability, now.fields.probability),
                _ => prop_assert_eq!(fields.probability, stage.fields.probability),
            }
            // Nothing else changes but a won amount.
            let mut rest = OpportunityFields {
                stage_id: now.fields.stage_id,
                probability: now.fields.probability,
                closed_on: now.fields.closed_on,
                lost_reason: now.fields.lost_reason.clone(),
                ..fields.clone()
            };
            if verb == Verb::Win {
                rest.amount = now.fields.amount;
            }
            prop_assert_eq!(&rest, &now.fields);
            now = Opportunity { fields, stage, ..now };
        }
    }
}
