//! Where a lead stands, and what may become of it: a state machine without side effects.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Lead, LeadFields};
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch, Text},
    id::{AccountId, ContactId, LeadId, OpportunityId, RecordId},
    stamp::Stamp,
};

/// Where a lead stands. The words are compared whatever their case and shown as here (contract X-89).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the words say it")]
pub enum LeadStatus {
    /// What a lead is that nobody gave a status.
    #[default]
    New,
    Contacted,
    Qualified,
    Disqualified,
    /// It became a contact, and stays what it is.
    Converted,
    /// A word of the system that the lead was imported from.
    Other(Text<50>),
}

impl LeadStatus {
    /// Those that people set; the others are reached by converting and by importing.
    pub const SETTABLE: [Self; 4] = [Self::New, Self::Contacted, Self::Qualified, Self::Disqualified];

    /// The words of ours.
    pub const WORDS: [&str; 5] = ["New", "Contacted", "Qualified", "Disqualified", "Converted"];

    /// Reads a word; one that is not ours stays as it was written.
    ///
    /// # Errors
    /// Those of [`Text::parse`].
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let text = Text::parse(word)?;
        let known = [Self::New, Self::Contacted, Self::Qualified, Self::Disqualified, Self::Converted];
        let found = known
            .into_iter()
            .zip(Self::WORDS)
            .find(|(_, word)| word.eq_ignore_ascii_case(&text));
        Ok(found.map_or(Self::Other(text), |(status, _)| status))
    }

    /// Trusts a word that was parsed before it was stored.
    pub fn from_store(word: String) -> Self {
        Self::parse(&word).unwrap_or(Self::Other(Text::from_store(word)))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        let [new, contacted, qualified, disqualified, converted] = Self::WORDS;
        match self {
            Self::New => new,
            Self::Contacted => contacted,
            Self::Qualified => qualified,
            Self::Disqualified => disqualified,
            Self::Converted => converted,
            Self::Other(word) => word,
        }
    }

    /// The status after a step; `None` when this one does not allow it.
    pub fn after(&self, step: LeadStep) -> Option<Self> {
        match (self, step) {
            (Self::Converted, _)
            | (Self::Qualified, LeadStep::Qualify)
            | (Self::Disqualified, LeadStep::Disqualify | LeadStep::Convert) => None,
            (_, LeadStep::Qualify) => Some(Self::Qualified),
            (_, LeadStep::Disqualify) => Some(Self::Disqualified),
            (_, LeadStep::Convert) => Some(Self::Converted),
        }
    }
}

impl fmt::Display for LeadStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for LeadStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for LeadStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from_store)
    }
}

/// What moves a lead on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the words say it")]
pub enum LeadStep {
    Qualify,
    Disqualify,
    Convert,
}

impl LeadStep {
    /// What was to be done to the lead, as it follows `cannot be`.
    fn done(self) -> &'static str {
        match self {
            Self::Qualify => "qualified",
            Self::Disqualify => "disqualified",
            Self::Convert => "converted",
        }
    }
}

/// What became of a lead. It follows from the status: people do not enter it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeadOutcome {
    /// When this system saw it become qualified; kept when it is converted.
    pub qualified_at: Option<Stamp>,
    /// Why it was disqualified; only while it is.
    pub disqualified_reason: Option<Text<500>>,
    /// When it was converted here. A lead that was imported as converted has none of these.
    pub converted_at: Option<Stamp>,
    /// The account that it was converted into. It may have been deleted since, as may contact and opportunity.
    pub converted_account_id: Option<AccountId>,
    /// The contact that it was converted into.
    pub converted_contact_id: Option<ContactId>,
    /// The opportunity that came of it.
    pub converted_opportunity_id: Option<OpportunityId>,
}

impl LeadOutcome {
    /// What remains of this outcome in a status entered from another at `at`.
    fn entering(self, status: &LeadStatus, at: Stamp) -> Self {
        match status {
            LeadStatus::Qualified => Self {
                qualified_at: Some(at),
                ..Self::default()
            },
            LeadStatus::Disqualified => Self {
                disqualified_reason: self.disqualified_reason,
                ..Self::default()
            },
            LeadStatus::Converted => Self {
                disqualified_reason: None,
                ..self
            },
            LeadStatus::New | LeadStatus::Contacted | LeadStatus::Other(_) => Self::default(),
        }
    }
}

impl LeadFields {
    /// These fields with the outcome that their status has when it is entered from `before` at `at`.
    pub(super) fn settled(mut self, before: Option<&LeadStatus>, at: Stamp) -> Self {
        if before != Some(&self.status) {
            self.outcome = self.outcome.entering(&self.status, at);
        }
        self
    }
}

/// The status of a lead after a step.
///
/// # Errors
/// [`Error::State`] when its present status does not allow the step.
pub fn step(lead: &Lead, step: LeadStep) -> Result<LeadStatus> {
    let status = &lead.fields.status;
    status.after(step).ok_or_else(|| refused(lead, step.done()))
}

/// A converted lead stays what it is.
///
/// # Errors
/// [`Error::State`] when an edit gives a converted lead another status.
pub(super) fn check_edit(before: &Lead, fields: &LeadFields) -> Result<()> {
    if before.fields.status == LeadStatus::Converted && fields.status != LeadStatus::Converted {
        return Err(refused(before, "given another status"));
    }
    Ok(())
}

fn refused(lead: &Lead, action: &'static str) -> Error {
    Error::state(LeadId::NOUN, lead.id, lead.fields.status.as_str().to_lowercase(), action)
}

/// Judges the status that a person names: one of [`LeadStatus::SETTABLE`]. A problem is noted as `status`'s; the drafts forgive it where the
/// lead has that status already.
pub fn check_status(status: &Patch<String>, check: &mut Check) {
    let Patch::Set(word) = status else { return };
    match LeadStatus::parse(word) {
        Ok(LeadStatus::Converted) => check.fail("status", Problem::Rule("becomes Converted only by converting the lead".to_owned())),
        Ok(LeadStatus::Other(_)) => check.fail(
            "status",
            Problem::Choice {
                allowed: LeadStatus::SETTABLE.iter().map(ToString::to_string).collect(),
            },
        ),
        // What is no text at all, the draft itself complains about.
        Ok(_) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{id::UserId, tenant::lead::LeadDraft};

    const STEPS: [LeadStep; 3] = [LeadStep::Qualify, LeadStep::Disqualify, LeadStep::Convert];

    /// What can happen to a lead: a step, or an edit of its status.
    #[derive(Debug, Clone)]
    enum Event {
        Step(LeadStep),
        Edit(&'static str),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let step = proptest::sample::select(STEPS.to_vec()).prop_map(Event::Step);
        let words = vec!["new", "CONTACTED", "Qualified", "disqualified", "Lost", "Converted"];
        let edit = proptest::sample::select(words).prop_map(Event::Edit);
        proptest::collection::vec(prop_oneof![step, edit], 0..12)
    }

    fn lead(status: &str) -> Lead {
        let draft = LeadDraft {
            last_name: Patch::Set("Miller".to_owned()),
            status: Patch::Set(status.to_owned()),
            ..LeadDraft::default()
        };
        let fields = LeadFields::parse(draft, UserId::from_i64(1), Check::new()).unwrap();
        Lead {
            id: LeadId::from_i64(1),
            uuid: uuid::Uuid::nil(),
            fields: fields.settled(None, Stamp::from_micros(1)),
            created_at: Stamp::from_micros(1),
            created_by: None,
            updated_at: Stamp::from_micros(1),
        }
    }

    /// What the functions beside the entity do with an event; the fields that are kept.
    fn happen(lead: &Lead, event: &Event, at: Stamp) -> Result<LeadFields> {
        let before = &lead.fields.status;
        let mut fields = lead.fields.clone();
        match event {
            Event::Step(taken) => {
                fields.status = step(lead, *taken)?;
                match taken {
                    LeadStep::Qualify => {}
                    LeadStep::Disqualify => fields.outcome.disqualified_reason = Text::parse("no budget").ok(),
                    LeadStep::Convert => fields.outcome.converted_at = Some(at),
                }
            }
            Event::Edit(word) => {
                fields.status = LeadStatus::parse(word).unwrap();
                check_edit(lead, &fields)?;
            }
        }
        Ok(fields.settled(Some(before), at))
    }

    proptest! {
        #[test]
        fn an_outcome_always_belongs_to_the_status(start in "New|Qualified|Lost|converted", events in events()) {
            let mut lead = lead(&start);
            for (index, event) in events.iter().enumerate() {
                let at = Stamp::from_micros(2 + index as i64);
                let before = lead.fields.clone();
                match happen(&lead, event, at) {
                    Ok(fields) => lead.fields = fields,
                    Err(Error::State { state, .. }) => prop_assert_eq!(state, before.status.as_str().to_lowercase()),
                    Err(other) => prop_assert!(false, "{other}"),
                }
                let (status, outcome) = (&lead.fields.status, &lead.fields.outcome);
                let entered = *status != before.status;
                if before.status == LeadStatus::Converted {
                    prop_assert_eq!(&lead.fields, &before);
                }
                if outcome.qualified_at.is_some() {
                    prop_assert!(matches!(status, LeadStatus::Qualified | LeadStatus::Converted));
                }
                prop_assert_eq!(entered && *status == LeadStatus::Qualified, outcome.qualified_at == Some(at));
                prop_assert!(outcome.disqualified_reason.is_none() || *status == LeadStatus::Disqualified);
                prop_assert!(outcome.converted_at.is_none() || *status == LeadStatus::Converted);
            }
        }

        #[test]
        fn a_step_leads_where_it_says_or_nowhere(word in "\\PC{1,12}", taken in proptest::sample::select(STEPS.to_vec())) {
            let Ok(status) = LeadStatus::parse(&word) else { return Ok(()) };
            if let Some(after) = status.after(taken) {
                prop_assert_eq!(after.as_str().to_lowercase(), taken.done());
                prop_assert_ne!(after.clone(), status);
                // The same step again is refused.
                prop_assert_eq!(after.after(taken), None);
            }
        }

        #[test]
        fn a_word_reads_back(word in "\\PC{1,50}") {
            if let Ok(status) = LeadStatus::parse(&word) {
                prop_assert_eq!(LeadStatus::from_store(status.to_string()), status);
            }
        }
    }

    #[test]
    fn every_step_from_every_status() {
        let table = [
            // status, qualify, disqualify, convert
            (LeadStatus::New, [true, true, true]),
            (LeadStatus::Contacted, [true, true, true]),
            (LeadStatus::Qualified, [false, true, true]),
            (LeadStatus::Disqualified, [true, false, false]),
            (LeadStatus::Converted, [false, false, false]),
            (LeadStatus::parse("Lost").unwrap(), [true, true, true]),
        ];
        for (status, allowed) in table {
            assert_eq!(STEPS.map(|taken| status.after(taken).is_some()), allowed, "{status}");
        }
    }

    #[test]
    fn people_set_known_words_and_never_converted() {
        let problem = |word: &str| {
            let mut check = Check::new();
            check_status(&Patch::Set(word.to_owned()), &mut check);
            match check.finish() {
                Err(Error::Invalid(errors)) => Some(errors[0].problem.to_string()),
                _ => None,
            }
        };
        for word in ["new", " Contacted ", "QUALIFIED", "Disqualified"] {
            assert_eq!(problem(word), None, "{word}");
        }
        let words = "must be one of: New, Contacted, Qualified, Disqualified";
        assert_eq!(problem("Hot"), Some(words.to_owned()));
        assert_eq!(
            problem("converted"),
            Some("becomes Converted only by converting the lead".to_owned())
        );
    }
}
