//! How well names fit each other.

use std::cmp::Ordering;

use super::mapping::FieldSpec;

/// Jaro-Winkler similarity from which a column counts as a misspelt name of a field.
const MIN_SIMILARITY: f64 = 0.92;

/// Bytes of a beginning that two names have in common from which it is a word, and what follows another.
const WORD: usize = 7;
/// So few letters apart, names differ by a misspelling.
const LETTERS_APART: usize = 3;
/// How similar what follows a common word must be.
const MIN_REST: f64 = 0.8;

/// Similarity below which a suggestion would only puzzle.
const MIN_SUGGESTION: f64 = 0.6;

/// Characters of a name that a suggestion looks at: the comparison takes the product of two lengths.
const SUGGESTION_CHARS: usize = 64;

/// A column that may feed a field.
pub(super) struct Candidate {
    rank: Rank,
    pub(super) confidence: f64,
    pub(super) field: usize,
    pub(super) column: usize,
}

/// Why it may; the best reason first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Name,
    Synonym,
    Similar,
}

impl Candidate {
    fn order(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then(other.confidence.total_cmp(&self.confidence))
            .then(self.field.cmp(&other.field))
            .then(self.column.cmp(&other.column))
    }
}

/// Every pair that may be mapped, the best first.
pub(super) fn candidates(headers: &[String], fields: &[FieldSpec], exact: &[&str]) -> Vec<Candidate> {
    let headers: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let mut candidates = Vec::new();
    for (field, spec) in fields.iter().enumerate() {
        let names: Vec<Name> = std::iter::once(&spec.name)
            .chain(spec.synonyms)
            .map(|name| Name::of(name))
            .collect();
        let most = if exact.contains(&spec.name) { Rank::Synonym } else { Rank::Similar };
        for (column, header) in headers.iter().enumerate() {
            if let Some((rank, confidence)) = rate(header, &names).filter(|(rank, _)| *rank <= most) {
                candidates.push(Candidate {
                    rank,
                    confidence,
                    field,
                    column,
                });
            }
        }
    }
    candidates.sort_by(Candidate::order);
    candidates
}

/// A name of a field.
struct Name {
    normal: String,
    /// The name without its last word, without its last two, and so on; all normalised.
    beginnings: Vec<String>,
}

impl Name {
    fn of(name: &str) -> Self {
        let ends = name.match_indices([' ', '_']).map(|(end, _)| end);
        Self {
            normal: normalise(name),
            beginnings: ends.map(|end| normalise(&name[..end])).collect(),
        }
    }
}

/// How well a normalised header fits a field by its name and synonyms.
fn rate(header: &str, names: &[Name]) -> Option<(Rank, f64)> {
    if header.is_empty() {
        return None;
    }
    match names.iter().position(|name| name.normal == header) {
        Some(0) => return Some((Rank::Name, 1.0)),
        Some(_) => return Some((Rank::Synonym, 1.0)),
        None => {}
    }
    let best = names.iter().map(|name| similarity(header, name)).max_by(f64::total_cmp)?;
    (best >= MIN_SIMILARITY).then_some((Rank::Similar, best))
}

/// Similarity of a normalised header to a name, or 0.0 where it cannot reach the threshold or must not be trusted.
fn similarity(left: &str, name: &Name) -> f64 {
    // `Company` is no misspelt `company size`: it is another thing.
    if name.beginnings.iter().any(|beginning| beginning == left) {
        return 0.0;
    }
    let right = name.normal.as_str();
    let lengths = [left.chars().count(), right.chars().count()];
    let (short, long) = (lengths[0].min(lengths[1]), lengths[0].max(lengths[1]));
    // At a ratio below 0.6 even a perfect match of the shorter name stays under 0.92. Besides, a header may be very long.
    if short * 5 < long * 3 || contradicting_numbers(left, right) || part_after_a_word(left, right) {
        return 0.0;
    }
    strsim::jaro_winkler(left, right)
}

/// `organizationdepartment` and `organizationstate` are very similar by their beginnings, and say different things.
fn part_after_a_word(left: &str, right: &str) -> bool {
    let common: usize = left
        .chars()
        .zip(right.chars())
        .take_while(|(left, right)| left == right)
        .map(|(common, _)| common.len_utf8())
        .sum();
    let (left, right) = (&left[common..], &right[common..]);
    let is_word = |rest: &str| rest.chars().count() > LETTERS_APART;
    common >= WORD && is_word(left) && is_word(right) && strsim::jaro_winkler(left, right) < MIN_REST
}

/// `address1` and `address2` are very similar, and never the same.
fn contradicting_numbers(left: &str, right: &str) -> bool {
    let digits = |name: &str| name.chars().filter(|character| character.is_numeric()).collect::<String>();
    let (left, right) = (digits(left), digits(right));
    !left.is_empty() && !right.is_empty() && left != right
}

/// Folds case, spaces, punctuation and camelCase: letters and digits in lower case are left.
fn normalise(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The index of the name that is meant: the same, else the first that is the same when normalised.
pub(super) fn find(names: &[impl AsRef<str>], wanted: &str) -> Option<usize> {
    let normal = normalise(wanted);
    names.iter().position(|name| name.as_ref() == wanted).or_else(|| {
        let same = |name: &str| !normal.is_empty() && normalise(name) == normal;
        names.iter().position(|name| same(name.as_ref()))
    })
}

/// The name most like the one that was not found.
pub(super) fn closest(names: &[impl AsRef<str>], wanted: &str) -> Option<String> {
    let shorten = |name: &str| normalise(name).chars().take(SUGGESTION_CHARS).collect::<String>();
    let wanted = shorten(wanted);
    let rated = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&shorten(name.as_ref()), &wanted), name.as_ref()));
    // The first of equals, so that the answer does not depend on the order of comparison.
    let best = rated.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    // Two names without letters are equal here, and tell nothing.
    (best.0 >= MIN_SUGGESTION && !wanted.is_empty()).then(|| best.1.to_owned())
}
