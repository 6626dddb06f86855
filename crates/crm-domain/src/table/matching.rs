//! How well names fit each other.

use std::{cmp::Ordering, collections::HashSet};

use super::mapping::FieldSpec;

/// Jaro-Winkler similarity from which a column counts as a misspelt name of a field.
const MIN_SIMILARITY: f64 = 0.92;

/// Bytes of a beginning that two names have in common from which it is a word, and what follows another.
const WORD: usize = 7;
/// So few letters apart, names differ by a misspelling.
const LETTERS_APART: usize = 3;
/// How similar what follows a common word must be.
const MIN_REST: f64 = 0.8;

/// Words that make a name another one: `Country Code` is no misspelt `country`, `Mailing Street` no `mailing state`, and an id is like nothing.
const TELLING_WORDS: [&str; 20] = [
    "code", "count", "date", "fax", "guid", "id", "ids", "label", "post", "postal", "postcode", "prefix", "status", "street", "suffix",
    "type", "uid", "url", "uuid", "zip",
];

/// Similarity below which a suggestion would only puzzle.
const MIN_SUGGESTION: f64 = 0.6;

/// Bytes from which a header is looked at as a whole only.
const LONGEST_NAME: usize = 200;

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
    let headers: Vec<Name> = headers.iter().map(|header| Name::of(header)).collect();
    let names_of = |spec: &FieldSpec| -> Vec<Name> {
        let names = std::iter::once(&spec.name).chain(spec.synonyms);
        names.map(|name| Name::of(name)).collect()
    };
    let fields: Vec<(&str, Vec<Name>)> = fields.iter().map(|spec| (spec.name, names_of(spec))).collect();
    let known: HashSet<&str> = fields
        .iter()
        .flat_map(|(_, names)| names)
        .map(|name| name.normal.as_str())
        .collect();
    let mut candidates = Vec::new();
    for (field, (own, names)) in fields.iter().enumerate() {
        for (column, header) in headers.iter().enumerate() {
            // What is some field's very name is no other field's misspelt one.
            let is_exact = exact.contains(own) || known.contains(header.normal.as_str());
            let most = if is_exact { Rank::Synonym } else { Rank::Similar };
            if let Some((rank, confidence)) = rate(header, names).filter(|(rank, _)| *rank <= most) {
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

/// A name of a field, or a header.
struct Name {
    normal: String,
    /// The name without its last word, without its last two, and so on; all normalised.
    beginnings: Vec<String>,
    /// Those of its words that are [`TELLING_WORDS`].
    telling: Vec<&'static str>,
}

impl Name {
    fn of(name: &str) -> Self {
        let ends = word_ends(name);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let words = starts.zip(ends.iter().copied().chain([name.len()]));
        let words: Vec<String> = words.map(|(start, end)| normalise(&name[start..end])).collect();
        // A number counts columns of one name.
        let is_word = |end: &&usize| !name[**end..].chars().all(|c| c.is_numeric() || !c.is_alphanumeric());
        let beginnings = ends.iter().filter(is_word).map(|end| normalise(&name[..*end]));
        Self {
            normal: normalise(name),
            beginnings: beginnings.filter(|beginning| !beginning.is_empty()).collect(),
            telling: TELLING_WORDS
                .into_iter()
                .filter(|telling| words.iter().any(|word| word == telling))
                .collect(),
        }
    }
}

/// Where the words of a name end, but for the last: before what is no letter or digit, and within camelCase. Of a name that is far too long
/// to be one, nowhere.
fn word_ends(name: &str) -> Vec<usize> {
    if name.len() > LONGEST_NAME {
        return Vec::new();
    }
    let pairs = name.char_indices().zip(name.chars().skip(1));
    let is_end =
        |before: char, after: char| before.is_alphanumeric() && !after.is_alphanumeric() || before.is_lowercase() && after.is_uppercase();
    pairs
        .filter(|((_, before), after)| is_end(*before, *after))
        .map(|((start, before), _)| start + before.len_utf8())
        .collect()
}

/// How well a header fits a field by its name and synonyms.
fn rate(header: &Name, names: &[Name]) -> Option<(Rank, f64)> {
    if header.normal.is_empty() {
        return None;
    }
    match names.iter().position(|name| name.normal == header.normal) {
        Some(0) => return Some((Rank::Name, 1.0)),
        Some(_) => return Some((Rank::Synonym, 1.0)),
        None => {}
    }
    let best = names.iter().map(|name| similarity(header, name)).max_by(f64::total_cmp)?;
    (best >= MIN_SIMILARITY).then_some((Rank::Similar, best))
}

/// Similarity of a header to a name, or 0.0 where it cannot reach the threshold or must not be trusted.
fn similarity(header: &Name, name: &Name) -> f64 {
    let (left, right) = (header.normal.as_str(), name.normal.as_str());
    // `Company` is no misspelt `company size`, and `Company Size` no `company`: they are other things.
    let begins = |name: &Name, with: &str| name.beginnings.iter().any(|beginning| beginning == with);
    if begins(name, left) || begins(header, right) || header.telling != name.telling {
        return 0.0;
    }
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
