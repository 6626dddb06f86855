//! What the failing receiver does, what it has seen, and what must be true of that.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::{Context, Result};

use super::receiver::{Conduct, Delivery};
use crate::{chaos::some, database::Database};

/// What happened to leads.
pub const EVENTS: &str = "SELECT count(*) AS value FROM change WHERE entity = 'lead'";
/// Events of which no delivery was made.
pub const UNDELIVERED: &str = "SELECT count(*) AS value FROM change c WHERE c.entity = 'lead' AND NOT EXISTS \
     (SELECT 1 FROM delivery d WHERE d.seq = c.seq)";
/// Deliveries that are not over.
pub const PENDING: &str = "SELECT count(*) AS value FROM delivery_queue";

/// Counts that must be zero: what they count, and how.
const NONE: [(&str, &str); 5] = [
    ("events without a delivery", UNDELIVERED),
    ("deliveries that are not over", PENDING),
    ("deliveries that were given up", "SELECT count(*) AS value FROM delivery_failure"),
    (
        "deliveries that are over and were never sent",
        "SELECT count(*) AS value FROM delivery d WHERE NOT EXISTS (SELECT 1 FROM delivery_attempt a WHERE a.delivery_id = d.id)",
    ),
    (
        "deliveries more than one of an event",
        "SELECT count(*) - count(DISTINCT seq) AS value FROM delivery",
    ),
];
/// Of a hundred first and second attempts so many fail. Third ones do not, so that nobody waits for the longer pauses of the schedule: three of ten
/// attempts fail all the same.
const FAILING: u64 = 33;
/// Attempts at one delivery that may fail.
const FAILURES: u32 = 2;

/// What a receiver saw.
#[derive(Debug, Default)]
pub struct Ledger {
    seen: HashMap<String, Seen>,
    /// The ids of what it took, each once, in order.
    taken: Vec<String>,
    attempts: u64,
    failed: u64,
    /// Ids that came with other bytes than before.
    torn: Vec<String>,
}

#[derive(Debug)]
struct Seen {
    bytes: u64,
    attempts: u32,
    failures: u32,
    is_taken: bool,
}

impl Ledger {
    /// Notes a delivery, and tells what to do with it: by chance, but by the same in each run.
    pub fn judge(&mut self, delivery: &Delivery) -> Conduct {
        let id = delivery.header("webhook-id").unwrap_or_default().to_owned();
        let bytes = hash(&delivery.body);
        let seen = self.seen.entry(id.clone()).or_insert(Seen {
            bytes,
            attempts: 0,
            failures: 0,
            is_taken: false,
        });
        if seen.bytes != bytes {
            self.torn.push(id.clone());
        }
        self.attempts += 1;
        seen.attempts += 1;
        let chance = hash(&(&id, seen.attempts));
        if seen.failures < FAILURES && chance % 100 < FAILING {
            seen.failures += 1;
            self.failed += 1;
            return match chance / 100 % 13 {
                0 => Conduct::Hang,
                1..=3 => Conduct::Fail,
                4..=6 => Conduct::Reset,
                7..=9 => Conduct::Redirect,
                _ => Conduct::Garble,
            };
        }
        if !std::mem::replace(&mut seen.is_taken, true) {
            self.taken.push(id);
        }
        Conduct::Take
    }

    /// What is wrong between what the server has and what was received; empty is good.
    pub fn problems(&self, database: &mut Database) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        for (what, sql) in NONE {
            let found = database.number(sql)?;
            if found != 0 {
                problems.push(format!("{found} {what}"));
            }
        }
        let deliveries = database.texts("SELECT uuid || ' ' || entity_id || ' ' || seq AS value FROM delivery ORDER BY seq")?;
        let deliveries = deliveries.iter().map(|row| parsed(row)).collect::<Result<HashMap<_, _>>>()?;
        let taken: HashSet<&str> = self.taken.iter().map(String::as_str).collect();
        let missing: Vec<&str> = deliveries.keys().copied().filter(|id| !taken.contains(id)).collect();
        let unknown: Vec<&String> = self.seen.keys().filter(|id| !deliveries.contains_key(id.as_str())).collect();
        let mut told = |what: &str, count: usize, examples: String| {
            if count > 0 {
                problems.push(format!("{count} {what}: {examples}"));
            }
        };
        told("deliveries never arrived", missing.len(), some(&missing));
        told("ids came that no delivery has", unknown.len(), some(&unknown));
        told("repeats had other bytes", self.torn.len(), some(&self.torn));
        let disordered = disordered(&self.taken, &deliveries);
        told(
            "events came before an earlier one of their record",
            disordered.len(),
            some(&disordered),
        );
        Ok(problems)
    }

    /// For people.
    pub fn describe(&self) -> String {
        let repeated = self.seen.values().filter(|seen| seen.attempts > seen.failures + 1).count();
        format!(
            "{} attempts received of which {} failed ({:.0} %), {repeated} deliveries taken twice",
            self.attempts,
            self.failed,
            100.0 * self.failed as f64 / self.attempts.max(1) as f64
        )
    }
}

/// A delivery's id, its record, and the number of its change.
fn parsed(row: &str) -> Result<(&str, (i64, i64))> {
    let mut parts = row.split(' ');
    let mut next = || parts.next().with_context(|| format!("no delivery: {row:?}"));
    Ok((next()?, (next()?.parse()?, next()?.parse()?)))
}

/// Those that were taken when a later event of their record had been.
fn disordered<'a>(taken: &'a [String], deliveries: &HashMap<&str, (i64, i64)>) -> Vec<&'a str> {
    let mut last: HashMap<i64, i64> = HashMap::new();
    let mut disordered = Vec::new();
    for id in taken {
        let Some((record, seq)) = deliveries.get(id.as_str()) else {
            continue;
        };
        if last.insert(*record, *seq).is_some_and(|before| before > *seq) {
            disordered.push(id.as_str());
        }
    }
    disordered
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(id: &str, body: &str) -> Delivery {
        Delivery {
            headers: vec![("webhook-id".to_owned(), id.to_owned())],
            body: body.into(),
            ..Delivery::default()
        }
    }

    #[test]
    fn three_of_ten_attempts_fail_and_none_for_the_third_time() {
        let mut ledger = Ledger::default();
        for number in 0..2_000 {
            let delivery = delivery(&number.to_string(), "{}");
            let attempts = (1..).find(|_| ledger.judge(&delivery) == Conduct::Take);
            assert!(attempts.is_some_and(|attempts| attempts <= 3));
        }
        let share = ledger.failed as f64 / ledger.attempts as f64;
        assert!((0.27..0.33).contains(&share), "{share}");
        assert_eq!(ledger.taken.len(), 2_000);
    }

    #[test]
    fn other_bytes_under_one_id_are_noticed() {
        let mut ledger = Ledger::default();
        ledger.judge(&delivery("1", "a"));
        ledger.judge(&delivery("1", "a"));
        assert!(ledger.torn.is_empty());
        ledger.judge(&delivery("1", "b"));
        assert_eq!(ledger.torn, ["1"]);
    }

    #[test]
    fn the_order_of_each_record_is_judged_by_itself() {
        let taken = ["a", "b", "c", "d"].map(str::to_owned);
        let of = |places: [(i64, i64); 4]| {
            let deliveries = ["a", "b", "c", "d"].into_iter().zip(places).collect();
            disordered(&taken, &deliveries).len()
        };
        assert_eq!(of([(1, 1), (2, 9), (1, 4), (2, 10)]), 0);
        assert_eq!(of([(1, 4), (2, 9), (1, 1), (2, 10)]), 1);
    }
}
