//! The search over everything: names, beginnings, words, typing errors, rare and common.

use std::time::Duration;

use anyhow::Result;

use super::{
    Options,
    site::Site,
    turns::{millis, time},
};
use crate::{
    dataset::{self, Dice},
    output::note,
    sample::{Sample, percentile},
    table::{Goal, Line, Table, Unit},
};

/// What half of the searches may take, in milliseconds.
const MOST: f64 = 50.0;
/// Searches of each kind in one turn.
const SEARCHES: u64 = 6;

/// Makes a text of a record's number, and of how many there are.
type Text = fn(u64, u64) -> String;

/// The kinds of search.
const KINDS: [(&str, Text); 10] = [
    ("a whole name", |number, _| dataset::account_name(number)),
    ("a beginning", |number, _| dataset::account_name(number).chars().take(8).collect()),
    ("two letters", |number, _| dataset::account_name(number).chars().take(2).collect()),
    ("a common word", |number, _| word(&dataset::account_name(number), 1)),
    ("two common words", |number, _| {
        let name = dataset::account_name(number);
        format!("{} {}", word(&name, 2), word(&name, 0))
    }),
    ("a typing error", |number, _| swapped(&word(&dataset::account_name(number), 0))),
    ("a person", |number, _| dataset::person_name(number)),
    ("an email", |number, _| dataset::lead_email(number)),
    ("a number in a name", |number, _| number.to_string()),
    ("nothing there", |number, rows| format!("qqx{}zz", number + rows)),
];

fn word(name: &str, at: usize) -> String {
    name.split(' ').nth(at).unwrap_or(name).to_owned()
}

/// Two letters in the wrong order.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 3 {
        letters.swap(2, 3);
    }
    letters.into_iter().collect()
}

/// Measures all kinds together, and tells the slowest.
pub fn measure(options: &Options, site: &Site) -> Result<Table> {
    note(&format!("{}: searching", site.backend()));
    let rows = options.rows();
    let mut client = site.client();
    let mut dice = Dice::new(7);
    let mut all = Sample::default();
    let mut by_kind: Vec<Vec<Duration>> = vec![Vec::new(); KINDS.len()];
    for _ in 0..options.rounds() {
        let mut times = Vec::new();
        for (kind, (_, text)) in KINDS.iter().enumerate() {
            for _ in 0..SEARCHES {
                let text = text(1 + dice.below(rows), rows);
                let took = time(&mut client, &site.get(format!("/api/search?q={}", text.replace(' ', "%20"))))?;
                times.push(took);
                by_kind[kind].push(took);
            }
        }
        all.push(millis(percentile(&mut times, 0.5)));
    }
    let mut table = Table::default();
    let mut push = |work: String, ours: Sample, goal| {
        table.push(Line {
            backend: site.backend(),
            work,
            unit: Unit::Millis,
            limit: None,
            ours,
            goal,
        });
    };
    let work = format!(
        "C: /api/search among {} companies and leads, {} kinds of text, p50",
        2 * rows,
        KINDS.len()
    );
    push(work, all, Goal::AtMost(MOST));
    let medians = by_kind.iter_mut().map(|times| millis(percentile(times, 0.5)));
    let mut slowest: Vec<(f64, &str)> = medians.zip(KINDS).map(|(median, (kind, _))| (median, kind)).collect();
    slowest.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (median, kind) in &slowest {
        note(&format!("  {median:8.2} ms  {kind}"));
    }
    if let Some((median, kind)) = slowest.first() {
        push(format!("the slowest kind of them, p50: {kind}"), (*median).into(), Goal::None);
    }
    Ok(table)
}
