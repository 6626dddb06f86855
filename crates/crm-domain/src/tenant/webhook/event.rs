//! The events that webhooks can ask for, and what each family calls them.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::WebhookFamily;
use crate::error::Problem;

/// Something that webhooks are told of. They come from the change feed and from timers, never from a route: a lead made through any family is
/// `lead.created` to every subscriber (contract X-16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it; contract E-62 … E-77, B-62, X-63")]
pub enum Event {
    DealCreated,
    DealUpdated,
    DealStageChanged,
    DealWon,
    DealLost,
    LeadCreated,
    LeadUpdated,
    LeadQualified,
    LeadDisqualified,
    ProspectCreated,
    ProspectQualified,
    TaskCreated,
    TaskCompleted,
    TaskOverdue,
    SlaBreach,
    SlaWarning,
    HandoffInitiated,
    HandoffCompleted,
}

/// What family E's document names (contract E-62 … E-77); family C's document names none and takes the same (contract X-110).
const DEALS: [(&str, Event); 16] = [
    ("deal.created", Event::DealCreated),
    ("deal.updated", Event::DealUpdated),
    ("deal.stage_changed", Event::DealStageChanged),
    ("deal.won", Event::DealWon),
    ("deal.lost", Event::DealLost),
    ("lead.created", Event::LeadCreated),
    ("lead.updated", Event::LeadUpdated),
    ("lead.qualified", Event::LeadQualified),
    ("lead.disqualified", Event::LeadDisqualified),
    ("task.created", Event::TaskCreated),
    ("task.completed", Event::TaskCompleted),
    ("task.overdue", Event::TaskOverdue),
    ("sla.breach", Event::SlaBreach),
    ("sla.warning", Event::SlaWarning),
    ("handoff.initiated", Event::HandoffInitiated),
    ("handoff.completed", Event::HandoffCompleted),
];

/// Family B's words for the same events (contract B-62, X-63).
const OPPORTUNITIES: [(&str, Event); 7] = [
    ("lead.created", Event::LeadCreated),
    ("lead.updated", Event::LeadUpdated),
    ("prospect.created", Event::ProspectCreated),
    ("prospect.qualified", Event::ProspectQualified),
    ("opportunity.created", Event::DealCreated),
    ("opportunity.won", Event::DealWon),
    ("opportunity.lost", Event::DealLost),
];

/// Asks for every event (contract E-78).
const EVERY: &str = "*";

impl WebhookFamily {
    /// The family's words for the events that its webhooks can ask for.
    pub fn vocabulary(self) -> &'static [(&'static str, Event)] {
        match self {
            Self::Saas | Self::Elevate => &DEALS,
            Self::Halopsa => &OPPORTUNITIES,
        }
    }

    /// Whether its webhooks can ask for every event at once.
    fn has_wildcard(self) -> bool {
        match self {
            Self::Saas | Self::Elevate => true,
            Self::Halopsa => false,
        }
    }

    /// The family's word for an event; `None` for one that its webhooks never hear of.
    pub fn word(self, event: Event) -> Option<&'static str> {
        self.vocabulary().iter().find(|(_, known)| *known == event).map(|(word, _)| *word)
    }

    fn event(self, word: &str) -> Option<Event> {
        self.vocabulary().iter().find(|(known, _)| *known == word).map(|(_, event)| *event)
    }
}

/// What a webhook asks for, in its family's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    family: WebhookFamily,
    asked: Asked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Every,
    /// Never empty.
    Some(BTreeSet<Event>),
}

impl Events {
    /// Reads a list of the family's words; a word given twice counts once, and `*` holds all others (contract E-78, X-63, X-175).
    pub fn parse(words: &[String], family: WebhookFamily) -> Result<Self, Problem> {
        if words.is_empty() {
            return Err(Problem::Required);
        }
        let mut every = false;
        let mut some = BTreeSet::new();
        for word in words.iter().map(|word| word.trim()) {
            match family.event(word) {
                Some(event) => {
                    some.insert(event);
                }
                None if word == EVERY && family.has_wildcard() => every = true,
                None => return Err(unknown(family)),
            }
        }
        let asked = if every { Asked::Every } else { Asked::Some(some) };
        Ok(Self { family, asked })
    }

    /// Reads what [`Events::stored`] wrote; `None` for what it cannot have written.
    pub fn from_store(stored: &str, family: WebhookFamily) -> Option<Self> {
        let words: Vec<String> = stored.split(',').map(str::to_owned).collect();
        Self::parse(&words, family).ok()
    }

    /// The words, separated by commas.
    pub fn stored(&self) -> String {
        self.words().join(",")
    }

    /// The words that ask for the same, in the vocabulary's order.
    pub fn words(&self) -> Vec<&'static str> {
        match &self.asked {
            Asked::Every => vec![EVERY],
            Asked::Some(events) => {
                let asked = self.family.vocabulary().iter().filter(|(_, event)| events.contains(event));
                asked.map(|(word, _)| *word).collect()
            }
        }
    }

    /// Whether an event is among them (contract E-79). A family's `*` is every event that its document names.
    pub fn has(&self, event: Event) -> bool {
        match &self.asked {
            Asked::Every => self.family.word(event).is_some(),
            Asked::Some(events) => events.contains(&event),
        }
    }
}

fn unknown(family: WebhookFamily) -> Problem {
    let words = family.vocabulary().iter().map(|(word, _)| *word);
    let every = family.has_wildcard().then_some(EVERY);
    Problem::Choice {
        allowed: words.chain(every).map(str::to_owned).collect(),
    }
}

impl Serialize for Events {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use WebhookFamily::{Elevate, Halopsa, Saas};

    fn parse(words: &[&str], family: WebhookFamily) -> Result<Events, Problem> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Events::parse(&words, family)
    }

    #[test]
    fn each_family_has_its_documents_words() {
        let documented = [
            "deal.created",
            "deal.updated",
            "deal.stage_changed",
            "deal.won",
            "deal.lost",
            "lead.created",
            "lead.updated",
            "lead.qualified",
            "lead.disqualified",
            "task.created",
            "task.completed",
            "task.overdue",
            "sla.breach",
            "sla.warning",
            "handoff.initiated",
            "handoff.completed",
        ];
        for family in [Saas, Elevate] {
            assert_eq!(parse(&documented, family).unwrap().words(), documented);
            assert_eq!(parse(&["*"], family).unwrap().words(), ["*"]);
            assert_eq!(parse(&["deal.won", "*"], family).unwrap().words(), ["*"]);
        }
        let documented = ["lead.created", "prospect.qualified", "opportunity.won"];
        assert_eq!(parse(&documented, Halopsa).unwrap().words(), documented);
    }

    #[test]
    fn words_of_other_families_and_none_are_refused() {
        for (words, family) in [
            (&["opportunity.won"][..], Saas),
            (&["deal.won"], Halopsa),
            (&["*"], Halopsa),
            (&["deal.won", "deal.eaten"], Elevate),
            (&["Deal.Won"], Elevate),
            (&[""], Saas),
        ] {
            assert!(matches!(parse(words, family), Err(Problem::Choice { .. })), "{words:?} {family:?}");
        }
        assert_eq!(parse(&[], Saas), Err(Problem::Required));
    }

    #[test]
    fn families_hear_of_one_event_by_their_own_words() {
        assert_eq!(
            [Saas, Elevate, Halopsa].map(|family| family.word(Event::DealWon)),
            [Some("deal.won"), Some("deal.won"), Some("opportunity.won")]
        );
        let of_halopsa = parse(&["prospect.qualified"], Halopsa).unwrap();
        assert!(of_halopsa.has(Event::ProspectQualified) && !of_halopsa.has(Event::LeadQualified));
        let every = parse(&["*"], Saas).unwrap();
        assert!(every.has(Event::SlaBreach) && !every.has(Event::ProspectCreated));
    }

    #[test]
    fn what_is_stored_reads_back() {
        for (words, family) in [
            (&["*"][..], Elevate),
            (&["deal.won", "deal.won", "lead.created"], Saas),
            (&["opportunity.lost"], Halopsa),
        ] {
            let events = parse(words, family).unwrap();
            assert_eq!(Events::from_store(&events.stored(), family), Some(events));
        }
        assert_eq!(Events::from_store("", Saas), None);
    }
}
