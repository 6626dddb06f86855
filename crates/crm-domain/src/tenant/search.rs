//! Search over every noun at once: which records a text may mean, and in which order.
//!
//! The database proposes *candidates*, a bounded number per probe, from the likeliest probe to the least; [`Query::score`] alone decides
//! what they are worth, so that every backend orders alike. A later probe can only bring records of lower worth: once there are enough,
//! the others are not asked.

mod typo;

use std::collections::HashSet;

use super::change::EntityKind;
use crate::{Result, field::search_key};

/// The kinds of record that are searched, in the order in which equals are listed.
pub const KINDS: [EntityKind; 8] = [
    EntityKind::Account,
    EntityKind::Contact,
    EntityKind::Lead,
    EntityKind::Opportunity,
    EntityKind::Task,
    EntityKind::Ticket,
    EntityKind::Partner,
    EntityKind::Activity,
];

/// Fewest characters that the databases' trigram indexes can look for.
pub const TRIGRAM: usize = 3;

/// Most candidates of one kind that one probe brings.
const CANDIDATES: u32 = 200;

/// A text that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As [`search_key`] writes it, with single spaces.
    key: String,
    words: Vec<String>,
}

/// What the database is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Records whose name begins so, by name and then by id.
    Prefix(String),
    /// Records whose text holds every part of one of these alternatives. Each part has at least [`TRIGRAM`] characters.
    Parts(Vec<Vec<String>>),
}

/// A live record that a probe met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its kind.
    pub kind: EntityKind,
    /// Its id.
    pub id: i64,
    /// What searches look in, as its noun makes it: the name is the first line.
    pub text: String,
    /// What it is called.
    pub title: String,
    /// What tells it from others of the name.
    pub subtitle: Option<String>,
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The record.
    pub record: Candidate,
    /// How well it fits: 1 is the name itself, and more than 0.
    pub score: f64,
}

/// Proposes records.
pub trait SearchReads {
    /// Up to `limit` live records of a kind that a probe meets.
    fn candidates(&mut self, kind: EntityKind, probe: &Probe, limit: u32) -> Result<Vec<Candidate>>;
}

/// The records of these kinds that a text may mean, the likeliest first.
pub fn find(reads: &mut dyn SearchReads, query: &Query, kinds: &[EntityKind], limit: usize) -> Result<Vec<Hit>> {
    let (mut hits, mut seen) = (Vec::new(), HashSet::new());
    for probe in query.probes() {
        for kind in kinds {
            for record in reads.candidates(*kind, &probe, CANDIDATES)? {
                if !seen.insert((record.kind, record.id)) {
                    continue;
                }
                if let Some(score) = query.score(&record.text) {
                    hits.push(Hit { record, score });
                }
            }
        }
        if hits.len() >= limit {
            break;
        }
    }
    let place = |hit: &Hit| (kinds.iter().position(|kind| *kind == hit.record.kind), hit.record.id);
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b))));
    hits.truncate(limit);
    Ok(hits)
}

/// What a match of each sort is worth at least; within its sort a match gains up to [`GAIN`] the more of the text it covers.
mod worth {
    pub(super) const NAME_PREFIX: f64 = 0.9;
    pub(super) const NAME_WORD: f64 = 0.8;
    pub(super) const WORD: f64 = 0.7;
    pub(super) const IN_NAME: f64 = 0.6;
    pub(super) const IN_TEXT: f64 = 0.5;
    pub(super) const ALL_WORDS: f64 = 0.4;
    pub(super) const TYPO: f64 = 0.3;
}
const GAIN: f64 = 0.09;

impl Query {
    /// Reads a text; `None` when there is nothing in it to look for.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<String> = search_key(text).split_whitespace().map(str::to_owned).collect();
        let key = words.join(" ");
        (!key.is_empty()).then_some(Self { key, words })
    }

    /// Whether it is one mail address.
    fn is_address(&self) -> bool {
        self.words.len() == 1 && self.key.contains('@')
    }

    /// What to ask for, the likeliest first. An address is not guessed at: nobody has one that is like it, and no word of a text is.
    fn probes(&self) -> Vec<Probe> {
        let guesses = if self.is_address() { Vec::new() } else { self.guesses() };
        [self.literal_probes(), guesses].concat()
    }

    /// What holds the text as it is, or its words.
    fn literal_probes(&self) -> Vec<Probe> {
        let mut probes = vec![Probe::Prefix(self.key.clone())];
        if length(&self.key) < TRIGRAM {
            return probes;
        }
        let at_a_word = [" ", "\n"].map(|before| vec![format!("{before}{}", self.key)]);
        probes.push(Probe::Parts(at_a_word.into()));
        probes.push(Probe::Parts(vec![vec![self.key.clone()]]));
        let long = self.long_words();
        if self.words.len() > 1 && !long.is_empty() {
            probes.push(Probe::Parts(vec![long]));
        }
        probes
    }

    /// The words that the databases' indexes can look for.
    fn long_words(&self) -> Vec<String> {
        self.words.iter().filter(|word| length(word) >= TRIGRAM).cloned().collect()
    }

    /// What was probably meant.
    fn guesses(&self) -> Vec<Probe> {
        if length(&self.key) < TRIGRAM {
            return Vec::new();
        }
        let mut probes = Vec::new();
        // One word has to be right but for one edit; the score looks at the others.
        if let Some(longest) = self.long_words().iter().max_by_key(|word| length(word)) {
            let (telling, common): (Vec<_>, Vec<_>) = typo::alternatives(longest)
                .into_iter()
                .partition(|parts| parts.len() > 1 || parts.iter().any(|part| length(part) > TRIGRAM));
            probes.extend([telling, common].into_iter().filter(|parts| !parts.is_empty()).map(Probe::Parts));
        }
        probes
    }

    /// What a record is worth whose text this is: more than 0 and at most 1; `None` when the query does not mean it.
    pub fn score(&self, text: &str) -> Option<f64> {
        let name = text.split('\n').next().unwrap_or_default();
        if name == self.key {
            return Some(1.0);
        }
        let covered = |whole: &str| GAIN * length(&self.key) as f64 / length(whole).max(1) as f64;
        let holding = |fits: &dyn Fn(&str) -> bool| text.split('\n').find(|line| fits(line));
        if name.starts_with(&self.key) {
            return Some(worth::NAME_PREFIX + covered(name));
        }
        if begins_a_word(name, &self.key) {
            return Some(worth::NAME_WORD + covered(name));
        }
        if let Some(line) = holding(&|line| begins_a_word(line, &self.key)) {
            return Some(worth::WORD + covered(line));
        }
        if name.contains(&self.key) {
            return Some(worth::IN_NAME + covered(name));
        }
        if let Some(line) = holding(&|line| line.contains(&self.key)) {
            return Some(worth::IN_TEXT + covered(line));
        }
        if self.words.iter().all(|word| text.contains(word.as_str())) {
            return Some(worth::ALL_WORDS + covered(text).min(GAIN));
        }
        let right = typo::likeness(&self.words, text)?;
        Some(worth::TYPO * right + covered(name).min(GAIN))
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Whether the text has the key where one of its words begins.
fn begins_a_word(text: &str, key: &str) -> bool {
    text.match_indices(key)
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests;
