//! What callers say of an SLA policy, and how it becomes valid fields.

use super::{DEFAULT_WARNING_PERCENT, MINUTES_MAX, SlaPolicyFields, SlaSubject};
use crate::{
    business_hours::{BusinessHours, BusinessHoursDraft},
    error::{Problem, Result},
    field::{Check, Patch, Text, parse_integer},
    tenant::priority::Priority,
    time_zone::TimeZone,
};

/// What a caller says of a policy, unparsed; numbers as their decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of SlaPolicyFields")]
pub struct SlaPolicyDraft {
    pub name: Patch<String>,
    pub applies_to: Patch<String>,
    pub priority: Patch<String>,
    pub first_response_minutes: Patch<String>,
    pub resolution_minutes: Patch<String>,
    pub stage_minutes: Patch<String>,
    /// Cleared, it is the usual one again.
    pub warning_percent: Patch<String>,
    /// Set as a whole: parts that are not given do not stay.
    pub business_hours: Patch<BusinessHoursDraft>,
    pub is_default: Patch<bool>,
    pub is_active: Patch<bool>,
}

impl SlaPolicyDraft {
    /// The same, with business hours that name no time zone in the tenant's.
    pub fn in_zone(mut self, zone: &TimeZone) -> Self {
        if let Patch::Set(hours) = &mut self.business_hours
            && hours.time_zone == Patch::Keep
        {
            hours.time_zone = Patch::Set(zone.name().to_owned());
        }
        self
    }
}

impl SlaPolicyFields {
    /// Parses a new policy.
    pub fn parse(draft: SlaPolicyDraft, check: Check) -> Result<Self> {
        Self::merge(None, draft, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: SlaPolicyDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, check)
    }

    fn merge(current: Option<&Self>, draft: SlaPolicyDraft, mut check: Check) -> Result<Self> {
        let minutes = |text: &str| parse_integer(text, 1, MINUTES_MAX);
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), Text::parse);
        let applies_to = check.required("applies_to", draft.applies_to, current.map(|c| c.applies_to), SlaSubject::parse);
        let priority = check.optional("priority", draft.priority, current.and_then(|c| c.priority), Priority::parse);
        let first_response_minutes = check.required(
            "first_response_minutes",
            draft.first_response_minutes,
            current.map(|c| c.first_response_minutes),
            minutes,
        );
        let resolution_minutes = check.required(
            "resolution_minutes",
            draft.resolution_minutes,
            current.map(|c| c.resolution_minutes),
            minutes,
        );
        let stage_minutes = check.optional("stage_minutes", draft.stage_minutes, current.and_then(|c| c.stage_minutes), minutes);
        let warning_percent = check.optional(
            "warning_percent",
            draft.warning_percent,
            current.map(|c| c.warning_percent),
            |text| parse_integer(text, 1, 100),
        );
        let business_hours = match draft.business_hours {
            Patch::Keep => current.and_then(|c| c.business_hours.clone()),
            Patch::Clear => None,
            Patch::Set(hours) => BusinessHours::parse(hours, "business_hours", &mut check),
        };
        if first_response_minutes
            .zip(resolution_minutes)
            .is_some_and(|(first, whole)| whole < first)
        {
            let problem = Problem::Rule("must not be less than the first response's".to_owned());
            check.fail("resolution_minutes", problem);
        }
        let flag = |given: Patch<bool>, current: Option<bool>, usual| given.or_current(current).unwrap_or(usual);
        let is_active = flag(draft.is_active, current.map(|c| c.is_active), true);
        if !is_active && draft.is_default == Patch::Set(true) {
            check.fail("is_default", Problem::Rule("only an active policy can be the default".to_owned()));
        }
        // One that is taken out of use leaves the place free.
        let is_default = is_active && flag(draft.is_default, current.map(|c| c.is_default), false);
        let targets = first_response_minutes.zip(resolution_minutes);
        let fields = name.zip(applies_to).zip(targets).map(|((name, applies_to), targets)| Self {
            name,
            applies_to,
            priority,
            first_response_minutes: targets.0,
            resolution_minutes: targets.1,
            stage_minutes,
            warning_percent: warning_percent.unwrap_or(DEFAULT_WARNING_PERCENT),
            business_hours,
            is_default,
            is_active,
        });
        check.finish_with(fields)
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        crate::field::join_search(&[Some(&*self.name)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.to_owned())
    }

    fn draft() -> SlaPolicyDraft {
        SlaPolicyDraft {
            name: set("Gold"),
            applies_to: set("ticket"),
            first_response_minutes: set("30"),
            resolution_minutes: set("240"),
            ..SlaPolicyDraft::default()
        }
    }

    fn wrong(result: Result<SlaPolicyFields>) -> Vec<String> {
        match result {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_left_out_is_as_usual() {
        let fields = SlaPolicyFields::parse(draft(), Check::new()).unwrap();
        assert_eq!((fields.warning_percent, fields.is_default, fields.is_active), (80, false, true));
        assert_eq!((fields.priority, fields.business_hours, fields.stage_minutes), (None, None, None));
    }

    #[test]
    fn every_wrong_field_is_told_at_once() {
        let nothing = SlaPolicyFields::parse(SlaPolicyDraft::default(), Check::new());
        assert_eq!(
            wrong(nothing),
            ["applies_to", "first_response_minutes", "name", "resolution_minutes"]
        );
        let bad = SlaPolicyDraft {
            applies_to: set("Invoice"),
            priority: set("Extreme"),
            first_response_minutes: set("0"),
            resolution_minutes: set("525601"),
            stage_minutes: set("1.5"),
            warning_percent: set("101"),
            business_hours: Patch::Set(BusinessHoursDraft::default()),
            ..draft()
        };
        let all = wrong(SlaPolicyFields::parse(bad, Check::new()));
        let hours = [
            "business_hours.days",
            "business_hours.from",
            "business_hours.time_zone",
            "business_hours.to",
        ];
        let others = [
            "first_response_minutes",
            "priority",
            "resolution_minutes",
            "stage_minutes",
            "warning_percent",
        ];
        let expected: Vec<_> = ["applies_to"].iter().chain(&hours).chain(&others).copied().collect();
        assert_eq!(all, expected);
    }

    #[test]
    fn an_update_keeps_what_it_does_not_mention() {
        let fields = SlaPolicyFields::parse(draft(), Check::new()).unwrap();
        let changed = SlaPolicyDraft {
            resolution_minutes: set("480"),
            ..SlaPolicyDraft::default()
        };
        let after = fields.updated(changed, Check::new()).unwrap();
        let expected = SlaPolicyFields {
            resolution_minutes: 480,
            ..fields
        };
        assert_eq!(after, expected);
    }
}
