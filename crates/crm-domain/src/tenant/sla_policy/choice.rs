//! Which policy a record follows when nobody names one.

use super::{SlaPolicy, SlaSubject};
use crate::tenant::priority::Priority;

/// The active policy that is for this priority, else the active default, else none. Of several the default wins, then the oldest.
pub fn choose(policies: &[SlaPolicy], subject: SlaSubject, priority: Priority) -> Option<&SlaPolicy> {
    let active = policies
        .iter()
        .filter(|policy| policy.fields.is_active && policy.fields.applies_to == subject);
    let meant = active.filter(|policy| policy.fields.priority == Some(priority) || policy.fields.is_default);
    meant.min_by_key(|policy| {
        let is_other = policy.fields.priority != Some(priority);
        (is_other, !policy.fields.is_default, policy.id)
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        field::{Check, Patch},
        id::{RecordId, SlaPolicyId},
        stamp::Stamp,
        tenant::sla_policy::{SlaPolicyDraft, SlaPolicyFields},
    };

    fn policy(id: i64, priority: Option<&str>, is_default: bool, is_active: bool) -> SlaPolicy {
        let draft = SlaPolicyDraft {
            name: Patch::Set(format!("Policy {id}")),
            applies_to: Patch::Set("Ticket".to_owned()),
            priority: priority.map(str::to_owned).into(),
            first_response_minutes: Patch::Set("60".to_owned()),
            resolution_minutes: Patch::Set("480".to_owned()),
            is_default: Patch::Set(is_default),
            is_active: Patch::Set(is_active),
            ..SlaPolicyDraft::default()
        };
        SlaPolicy {
            id: SlaPolicyId::from_i64(id),
            uuid: Uuid::nil(),
            fields: SlaPolicyFields::parse(draft, Check::new()).unwrap(),
            created_at: Stamp::default(),
            created_by: None,
            updated_at: Stamp::default(),
        }
    }

    fn chosen(policies: &[SlaPolicy], priority: Priority) -> Option<i64> {
        choose(policies, SlaSubject::Ticket, priority).map(|policy| policy.id.get())
    }

    #[test]
    fn the_priority_counts_before_the_default_and_inactive_ones_not_at_all() {
        let policies = [
            policy(1, None, true, true),
            policy(2, Some("high"), false, true),
            policy(3, Some("High"), false, true),
            policy(4, Some("Urgent"), false, false),
            policy(5, None, false, true),
        ];
        assert_eq!(chosen(&policies, Priority::High), Some(2));
        assert_eq!(chosen(&policies, Priority::Urgent), Some(1));
        assert_eq!(chosen(&policies, Priority::Low), Some(1));
        assert_eq!(chosen(&policies[1..], Priority::Low), None);
        assert_eq!(choose(&policies, SlaSubject::Lead, Priority::High), None);
    }

    #[test]
    fn of_two_for_one_priority_the_default_wins() {
        let policies = [policy(1, Some("High"), false, true), policy(2, Some("High"), true, true)];
        assert_eq!(chosen(&policies, Priority::High), Some(2));
        assert_eq!(chosen(&policies, Priority::Low), Some(2));
    }
}
