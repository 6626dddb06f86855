//! Words that are written almost right.
//!
//! A word with one edit (a letter wrong, missing, too many, or two changed over) keeps what stands left and right of the edit. Where a
//! kept piece is long enough for the trigram index, the index is asked for the pieces; where both are too short, for the word with each
//! letter in the gap. So nothing that is one edit away escapes, and the longer the word, the fewer records are met by chance.

use super::{TRIGRAM, length};

/// Longer words are looked for by their beginning.
const LONGEST: usize = 24;
/// What may stand in a gap between two short pieces.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

/// Which pieces a text holds that has a word one edit away from `word`: all parts of at least one of these.
pub(super) fn alternatives(word: &str) -> Vec<Vec<String>> {
    let whole: Vec<char> = word.chars().collect();
    let letters = &whole[..whole.len().min(LONGEST)];
    let mut all = Vec::new();
    if letters.len() < whole.len() {
        all.push(vec![letters.iter().collect()]);
    }
    for at in 0..letters.len() {
        let (left, right) = (&letters[..at], &letters[at + 1..]);
        all.push(vec![joined(&[left, right])]);
        around_a_gap(left, right, &mut all);
        around_a_gap(left, &letters[at..], &mut all);
        if let Some((next, rest)) = right.split_first() {
            all.push(vec![joined(&[left, &[*next, letters[at]], rest])]);
        }
    }
    all.retain(|parts| parts.iter().all(|part| length(part) >= TRIGRAM));
    weakest(all)
}

/// The pieces beside one unknown letter.
fn around_a_gap(left: &[char], right: &[char], all: &mut Vec<Vec<String>>) {
    let known: Vec<String> = [left, right]
        .iter()
        .filter(|piece| piece.len() >= TRIGRAM)
        .map(|piece| piece.iter().collect())
        .collect();
    if known.is_empty() {
        all.extend(LETTERS.chars().map(|letter| vec![joined(&[left, &[letter], right])]));
    } else {
        all.push(known);
    }
}

fn joined(pieces: &[&[char]]) -> String {
    pieces.iter().flat_map(|piece| piece.iter()).collect()
}

/// Leaves out what meets nothing that a weaker alternative does not meet as well.
fn weakest(mut all: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let implies = |strong: &[String], weak: &[String]| weak.iter().all(|part| strong.iter().any(|whole| whole.contains(part.as_str())));
    all.sort_by_key(|parts| parts.iter().map(|part| length(part)).sum::<usize>());
    let mut kept: Vec<Vec<String>> = Vec::new();
    for parts in all {
        if !kept.iter().any(|weak| implies(&parts, weak)) {
            kept.push(parts);
        }
    }
    kept
}

/// How many edits a word of this length may be away.
fn allowance(length: usize) -> usize {
    match length {
        0..3 => 0,
        3..6 => 1,
        _ => 2,
    }
}

/// The share of the words' letters that are right in a text that has something like each of them; `None` when it has not.
pub(super) fn likeness(words: &[String], text: &str) -> Option<f64> {
    let known: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let (mut edits, mut letters) = (0, 0);
    for word in words {
        let most = allowance(length(word));
        edits += known.iter().filter_map(|known| distance(word, known, most)).min()?;
        letters += length(word);
    }
    (letters > 0).then(|| 1.0 - edits as f64 / letters as f64)
}

/// The edits between a word and a known one, or its beginning; `None` when they are too many.
fn distance(word: &str, known: &str, most: usize) -> Option<usize> {
    let (asked, there) = (length(word), length(known));
    if there + most < asked {
        return None;
    }
    let ends = known.char_indices().map(|(at, _)| at).skip(1).chain([known.len()]);
    let beginnings = ends.enumerate().map(|(index, end)| (index + 1, &known[..end]));
    let near = beginnings.filter(|(length, _)| length.abs_diff(asked) <= most);
    near.map(|(_, beginning)| strsim::osa_distance(word, beginning))
        .filter(|edits| *edits <= most)
        .min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_met(text: &str, alternatives: &[Vec<String>]) -> bool {
        alternatives
            .iter()
            .any(|parts| parts.iter().all(|part| text.contains(part.as_str())))
    }

    /// What one edit makes of a word.
    fn edited(word: &str, kind: usize, at: usize, letter: char) -> String {
        let mut letters: Vec<char> = word.chars().collect();
        let at = at % letters.len();
        match kind {
            0 => letters[at] = letter,
            1 => letters.insert(at, letter),
            2 => drop(letters.remove(at)),
            _ => {
                let next = (at + 1) % letters.len();
                if next > at {
                    letters.swap(at, next);
                }
            }
        }
        letters.into_iter().collect()
    }

    #[test]
    fn every_slip_of_a_short_name_is_met() {
        for slip in [
            "acne", "akme", "bcme", "acmee", "acem", "came", "ace", "cme", "acm", "axcme", "accme", "amce",
        ] {
            let met = is_met("acme", &alternatives(slip)) || "acme".contains(slip);
            assert!(met, "{slip}: {:?}", alternatives(slip));
            assert!(likeness(&[slip.to_owned()], "acme").is_some(), "{slip}");
        }
        assert_eq!(likeness(&["globex".to_owned()], "acme\nberlin"), None);
    }

    #[test]
    fn only_the_weakest_alternatives_are_asked_for() {
        assert!(alternatives("globalization").len() <= 26, "{:?}", alternatives("globalization"));
        assert!(alternatives("acme").len() < 130);
    }

    proptest! {
        #[test]
        fn nothing_one_edit_away_escapes(
            word in "[a-z0-9]{3,30}", kind in 0..4_usize, at in 0..30_usize, letter in prop::char::range('a', 'z'),
            before in "[a-z ]{0,5}", after in "[a-z ]{0,5}",
        ) {
            let slip = edited(&word, kind, at, letter);
            prop_assume!(length(&slip) >= TRIGRAM);
            let text = format!("{before}{word}{after}");
            prop_assert!(text.contains(&slip) || is_met(&text, &alternatives(&slip)), "{slip} for {word}");
        }

        #[test]
        fn any_text_can_be_asked_for(word in "\\PC{0,40}", text in "\\PC{0,60}") {
            for parts in alternatives(&word) {
                prop_assert!(!parts.is_empty() && parts.iter().all(|part| length(part) >= TRIGRAM));
            }
            if let Some(right) = likeness(&[word], &text) {
                prop_assert!((0.0..=1.0).contains(&right));
            }
        }
    }
}
