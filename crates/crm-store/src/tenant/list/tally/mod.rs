//! Exact counts of filters, kept and brought up to date.
//!
//! To count what half a million rows meet takes tens of milliseconds, a page of them less than one. So a count is kept with the number of
//! the last change that it knows of. When it is asked for again, and the tenant's feed has gone on, only the records that were changed
//! meanwhile are looked at: of the others it is known whether they matched. Whatever that does not answer is counted again.
//!
//! The number is read in the snapshot that the page is read in, and every process that writes raises it: so a count is right whoever
//! wrote last. Units of work count by themselves, because nobody else knows what they have written.

mod ids;
mod order;

use std::{
    collections::{BTreeSet, HashSet},
    mem::size_of,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crm_domain::{error::Result, query::Filter, tenant::change::EntityKind};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use lru::LruCache;

use super::{
    Listed,
    plan::Shape,
    statement::{self, Counts},
};
use crate::{connection::Connection, error::map, tenant::schema::change};
use ids::IdSet;
use order::Order;

pub(super) use order::{note_time, page};

/// Most bytes that all counts together hold.
const BYTES_MAX: usize = 32 << 20;
/// Most characters of a filter whose count is kept.
const FILTER_MAX: usize = 2_000;
/// After more changes than these a filter is counted again.
const CHANGES_MAX: i64 = 500;
/// So few matches are counted again as quickly as they are brought up to date.
const FEW: i64 = 50;

/// The counts of all tenants that a process has open, the most recently used.
pub(crate) struct Tallies {
    kept: Mutex<Kept>,
    /// What is being put in order: nobody else does the same meanwhile.
    ordering: Mutex<HashSet<(Key, order::Name)>>,
    opened: AtomicU64,
    /// A page that takes longer is slow.
    slow: Duration,
}

/// A database, and a noun with a filter.
type Key = (u64, String);

struct Kept {
    recent: LruCache<Key, Arc<Tally>>,
    bytes: usize,
}

/// The counts of one open database. They end with it: one that is opened again may be another by then, put back from a backup.
pub(crate) struct DatabaseTallies {
    all: Arc<Tallies>,
    database: u64,
}

/// A filter's count as of a change.
#[derive(Debug, Clone)]
struct Tally {
    /// The last change that it knows of.
    seq: i64,
    matches: i64,
    /// Which records match; found out when the first of them was changed, or an order was slow.
    ids: Option<Arc<IdSet>>,
    /// The orders that pages of it were slow in.
    orders: Vec<Order>,
}

impl Tallies {
    pub(crate) fn new(slow: Duration) -> Arc<Self> {
        let kept = Kept {
            recent: LruCache::unbounded(),
            bytes: 0,
        };
        Arc::new(Self {
            kept: Mutex::new(kept),
            ordering: Mutex::default(),
            opened: AtomicU64::new(0),
            slow,
        })
    }

    /// The counts of a database that is being opened.
    pub(crate) fn of_database(self: &Arc<Self>) -> DatabaseTallies {
        DatabaseTallies {
            all: Arc::clone(self),
            database: self.opened.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: Key, tally: Tally) {
        // Another reader may have come from a later snapshot.
        if self.recent.peek(&key).is_some_and(|known| known.seq > tally.seq) {
            return;
        }
        self.bytes += size(&key, &tally);
        if let Some((key, tally)) = self.recent.push(key, Arc::new(tally)) {
            self.bytes -= size(&key, &tally);
        }
        while self.bytes > BYTES_MAX {
            let Some((key, tally)) = self.recent.pop_lru() else { break };
            self.bytes -= size(&key, &tally);
        }
    }
}

fn size((_, filter): &Key, tally: &Tally) -> usize {
    let ids = tally.ids.as_ref().map_or(0, |ids| ids.bytes());
    let orders: usize = tally.orders.iter().map(Order::bytes).sum();
    // With what the cache needs for an entry.
    filter.len() + ids + orders + 4 * size_of::<Tally>()
}

impl DatabaseTallies {
    fn key<F: Listed>(&self, filter: &Filter<F>) -> Option<Key> {
        let filter = format!("{} {filter:?}", F::TABLE.name);
        (filter.len() <= FILTER_MAX).then_some((self.database, filter))
    }

    fn find(&self, key: &Key) -> Option<Arc<Tally>> {
        self.all.lock().recent.get(key).map(Arc::clone)
    }

    fn keep(&self, key: Key, tally: Tally) {
        self.all.lock().keep(key, tally);
    }
}

/// Counts a list; `tallies` where all is read from one snapshot.
pub(super) fn count<F: Listed>(connection: &mut Connection, tallies: Option<&DatabaseTallies>, shape: &Shape<'_, F>) -> Result<Counts> {
    // What is not in the feed, as the request log, changes unseen.
    let kind = EntityKind::parse(F::TABLE.name);
    let kept = tallies.and_then(|tallies| Some((tallies, tallies.key(shape.filter)?)));
    let (Some(kind), Some((tallies, key))) = (kind, kept) else {
        return super::count(connection, shape);
    };
    if let Some(known) = tallies.find(&key) {
        let now: Counts = statement::state(shape).get_result(connection).map_err(map)?;
        if known.seq == now.seq {
            return Ok(Counts {
                matches: known.matches,
                ..now
            });
        }
        if let Some(tally) = brought_up(connection, shape, kind, &known, now.seq)? {
            let matches = tally.matches;
            tallies.keep(key, tally);
            return Ok(Counts { matches, ..now });
        }
    }
    let counts = super::count(connection, shape)?;
    let tally = Tally {
        seq: counts.seq,
        matches: counts.matches,
        ids: None,
        orders: Vec::new(),
    };
    tallies.keep(key, tally);
    Ok(counts)
}

/// The count as of change `seq`; `None` where counting again is the way.
fn brought_up<F: Listed>(
    connection: &mut Connection,
    shape: &Shape<'_, F>,
    kind: EntityKind,
    known: &Tally,
    seq: i64,
) -> Result<Option<Tally>> {
    // A snapshot may also be older than what is known.
    if seq < known.seq || seq - known.seq > CHANGES_MAX {
        return Ok(None);
    }
    let Some(changed) = changed(connection, kind, known.seq, seq)? else {
        return Ok(None);
    };
    if changed.is_empty() {
        return Ok(Some(Tally { seq, ..known.clone() }));
    }
    let (ids, orders) = match &known.ids {
        Some(known_ids) => {
            let matching: Vec<i64> = statement::matching(shape, &changed, connection).load(connection).map_err(map)?;
            let mut ids = IdSet::clone(known_ids);
            changed.iter().for_each(|id| ids.remove(*id));
            if !ids.extend(matching) {
                return Ok(None);
            }
            let touched: Vec<i64> = changed
                .into_iter()
                .filter(|id| known_ids.contains(*id) || ids.contains(*id))
                .collect();
            let orders = order::brought_up::<F>(connection, &known.orders, &touched, &ids)?;
            (ids, orders)
        }
        // What is counted as all but the others takes as long as those are many, however few match.
        None if known.matches <= FEW && !statement::is_counted_by_others(shape.filter) => return Ok(None),
        None => match all_matching(connection, shape)? {
            Some(ids) => (ids, Vec::new()),
            None => return Ok(None),
        },
    };
    Ok(Some(Tally {
        seq,
        matches: ids.len,
        ids: Some(Arc::new(ids)),
        orders,
    }))
}

/// Which records match; `None` where their ids are too large to be held.
fn all_matching<F: Listed>(connection: &mut Connection, shape: &Shape<'_, F>) -> Result<Option<IdSet>> {
    let matching: Vec<i64> = statement::all_matching(shape, connection).load(connection).map_err(map)?;
    let mut ids = IdSet::default();
    Ok(ids.extend(matching).then_some(ids))
}

/// The records of a kind that the changes from `after` up to `until` are about; `None` when others may have been changed along.
fn changed(connection: &mut Connection, kind: EntityKind, after: i64, until: i64) -> Result<Option<BTreeSet<i64>>> {
    let changes = change::table
        .filter(change::seq.gt(after))
        .filter(change::seq.le(until))
        .select((change::entity, change::entity_id));
    let changes: Vec<(String, i64)> = changes.load(connection).map_err(map)?;
    let mut ids = BTreeSet::new();
    for (entity, id) in changes {
        match EntityKind::parse(&entity) {
            Some(changed) if is_about_itself(changed) => {
                if changed == kind {
                    ids.insert(id);
                }
            }
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(ids))
}

/// Whether a change of this kind says of one record that it was changed, and of no other: a stage that is renamed gives all its
/// opportunities a new stamp.
fn is_about_itself(kind: EntityKind) -> bool {
    // Of a kind that is not named here nothing is taken for granted.
    matches!(
        kind,
        EntityKind::Account
            | EntityKind::Activity
            | EntityKind::ApiKey
            | EntityKind::Contact
            | EntityKind::Handoff
            | EntityKind::Invitation
            | EntityKind::Lead
            | EntityKind::Opportunity
            | EntityKind::Partner
            | EntityKind::Ticket
            | EntityKind::TicketComment
            | EntityKind::Task
            | EntityKind::User
            | EntityKind::Webhook
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(seq: i64, ids: Option<IdSet>) -> Tally {
        Tally {
            seq,
            matches: seq,
            ids: ids.map(Arc::new),
            orders: Vec::new(),
        }
    }

    fn of(number: u64) -> (u64, String) {
        (number, "filter".to_owned())
    }

    #[test]
    fn an_older_snapshot_does_not_replace_a_newer_count() {
        let tallies = Tallies::new(Duration::MAX);
        for seq in [5, 7, 6] {
            tallies.lock().keep(of(0), tally(seq, None));
        }
        assert_eq!(tallies.lock().recent.get(&of(0)).unwrap().seq, 7);
        assert_eq!(tallies.lock().bytes, size(&of(0), &tally(7, None)));
    }

    #[test]
    fn the_least_recently_used_go_when_there_is_no_more_room() {
        let tallies = Tallies::new(Duration::MAX);
        let mut large = IdSet::default();
        assert!(large.insert(ids::ID_MAX - 1));
        let fit = u64::try_from(BYTES_MAX / size(&of(0), &tally(1, Some(large.clone())))).unwrap();
        for number in 0..fit {
            tallies.lock().keep(of(number), tally(1, Some(large.clone())));
        }
        assert!(tallies.lock().recent.get(&of(0)).is_some());
        tallies.lock().keep(of(fit), tally(1, Some(large)));
        let mut kept = tallies.lock();
        assert!(kept.recent.get(&of(1)).is_none(), "the others were used later");
        assert!(kept.recent.get(&of(0)).is_some() && kept.recent.get(&of(fit)).is_some());
        assert!(kept.bytes <= BYTES_MAX);
    }

    #[test]
    fn databases_do_not_share_counts() {
        let tallies = Tallies::new(Duration::MAX);
        let (one, two) = (tallies.of_database(), tallies.of_database());
        assert_ne!(one.database, two.database);
    }
}
