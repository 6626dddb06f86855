//! The matches of a filter in the order of a list, kept where a page of them was slow.
//!
//! No plan is good for every filter in every order: the matches may all stand at the order's far end, or be so many that sorting them takes long.
//! Which it is nobody knows before. So a page that took long makes the next one put all matches in order once, and from then on
//! pages of that list are taken from there. In the order of ids the set of the matches is enough. A changed record is put in its new place;
//! after more changes than a few the order is made again.

use std::{
    mem::size_of,
    sync::{Arc, PoisonError},
    time::Duration,
};

use crm_domain::{
    error::Result,
    page::{Direction, Sort, Start},
};
use diesel::RunQueryDsl;

use super::{DatabaseTallies, IdSet, Key, Tally, all_matching};
use crate::{
    connection::Connection,
    error::map,
    tenant::list::{
        Listed,
        plan::Shape,
        statement::{self, Counts},
    },
};

/// So many slow pages make an order worth keeping: one may have waited for the processor.
const OFTEN: u8 = 2;
/// The most orders of a filter that are kept.
const ORDERS_MAX: usize = 8;
/// After more changes of matches than these an order is made again.
const MOVES_MAX: usize = 8;
/// Among how many records at once a place is looked for.
const PROBES: usize = 63;

/// An order in which pages of a filter were slow.
#[derive(Debug, Clone)]
pub(super) struct Order {
    name: Name,
    slow: u8,
    /// All that match; `None` until it is worth it, and where the set of the ids is enough.
    ids: Option<Arc<Vec<u32>>>,
}

/// An order by its field's place among the noun's, and the direction. By custom fields no order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name(usize, Direction);

impl Name {
    fn of<F: Listed>(sort: Sort<F>) -> Option<Self> {
        let place = F::ALL.iter().position(|field| *field == sort.key)?;
        Some(Self(place, sort.direction))
    }

    fn sort<F: Listed>(self) -> Option<Sort<F>> {
        let key = *F::ALL.get(self.0)?;
        Some(Sort { key, direction: self.1 })
    }
}

impl Order {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.ids.as_ref().map_or(0, |ids| ids.capacity() * size_of::<u32>())
    }
}

/// Notes how long a page took that was not taken from here.
pub(in crate::tenant::list) fn note_time<F: Listed>(tallies: &DatabaseTallies, shape: &Shape<'_, F>, took: Duration) {
    if took < tallies.all.slow {
        return;
    }
    let Some(name) = Name::of(shape.sort) else { return };
    let Some(key) = tallies.key(shape.filter) else { return };
    let Some(known) = tallies.find(&key) else { return };
    let mut tally = Tally::clone(&known);
    match tally.orders.iter().position(|order| order.name == name) {
        Some(known) => tally.orders[known].slow = tally.orders[known].slow.saturating_add(1),
        None if tally.orders.len() < ORDERS_MAX => tally.orders.push(Order { name, slow: 1, ids: None }),
        None => return,
    }
    tallies.keep(key, tally);
}

/// The ids of a page of a list that was slow, in the list's order; `None` where it is not taken from here. `counts` are those of this snapshot.
pub(in crate::tenant::list) fn page<F: Listed>(
    connection: &mut Connection,
    tallies: &DatabaseTallies,
    shape: &Shape<'_, F>,
    counts: Counts,
) -> Result<Option<Vec<i64>>> {
    let (Some(name), Some(key)) = (Name::of(shape.sort), tallies.key(shape.filter)) else {
        return Ok(None);
    };
    let Some(known) = tallies.find(&key).filter(|known| known.seq == counts.seq) else {
        return Ok(None);
    };
    let Some(order) = known.orders.iter().find(|order| order.name == name && order.slow >= OFTEN) else {
        return Ok(None);
    };
    let is_in_id_order = shape.sort.key.spec().is_in_id_order;
    match (&known.ids, &order.ids) {
        (Some(ids), _) if is_in_id_order => return Ok(Some(of_set(ids, shape))),
        (_, Some(ids)) => return Ok(of_order(ids, shape)),
        // From a place that no offset tells, pages of other orders are read without it.
        _ if !is_in_id_order && matches!(shape.window.start, Start::After(_)) => return Ok(None),
        _ => {}
    }
    let Some(_turn) = Turn::take(tallies, (key.clone(), name)) else {
        return Ok(None);
    };
    let Some((set, list)) = put_in_order(connection, shape)? else {
        return Ok(None);
    };
    let page = if is_in_id_order {
        Some(of_set(&set, shape))
    } else {
        of_order(&list, shape)
    };
    let mut tally = Tally::clone(&known);
    tally.ids = Some(Arc::new(set));
    if let Some(order) = tally.orders.iter_mut().find(|order| order.name == name && !is_in_id_order) {
        order.ids = Some(Arc::new(list));
    }
    tallies.keep(key, tally);
    Ok(page)
}

/// The right to put a filter's matches in an order.
struct Turn<'a> {
    tallies: &'a DatabaseTallies,
    of: (Key, Name),
}

impl<'a> Turn<'a> {
    fn take(tallies: &'a DatabaseTallies, of: (Key, Name)) -> Option<Self> {
        let mut ordering = tallies.all.ordering.lock().unwrap_or_else(PoisonError::into_inner);
        ordering.insert(of.clone()).then_some(Self { tallies, of })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut ordering = self.tallies.all.ordering.lock().unwrap_or_else(PoisonError::into_inner);
        ordering.remove(&self.of);
    }
}

/// The matches as a set, and in the list's order unless that is the set's; `None` where their ids are too large to be held.
fn put_in_order<F: Listed>(connection: &mut Connection, shape: &Shape<'_, F>) -> Result<Option<(IdSet, Vec<u32>)>> {
    if shape.sort.key.spec().is_in_id_order {
        return Ok(all_matching(connection, shape)?.map(|set| (set, Vec::new())));
    }
    let ids: Vec<i64> = statement::all_in_order(shape, connection).load(connection).map_err(map)?;
    let Ok(list) = ids.iter().map(|id| u32::try_from(*id)).collect() else {
        return Ok(None);
    };
    let mut set = IdSet::default();
    Ok(set.extend(ids).then_some((set, list)))
}

fn of_set<F: Listed>(ids: &IdSet, shape: &Shape<'_, F>) -> Vec<i64> {
    let (skip, place) = match &shape.window.start {
        Start::Offset(offset) => (usize::try_from(*offset).unwrap_or(usize::MAX), None),
        Start::After(cursor) => (0, Some(cursor.id)),
    };
    match shape.sort.direction {
        Direction::Ascending => ids.ascending(place, skip, fetch(shape)),
        Direction::Descending => ids.descending(place, skip, fetch(shape)),
    }
}

fn of_order<F: Listed>(ids: &[u32], shape: &Shape<'_, F>) -> Option<Vec<i64>> {
    let Start::Offset(offset) = shape.window.start else { return None };
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    Some(ids.iter().skip(skip).take(fetch(shape)).map(|id| i64::from(*id)).collect())
}

fn fetch<F: Listed>(shape: &Shape<'_, F>) -> usize {
    usize::try_from(shape.fetch()).unwrap_or(usize::MAX)
}

/// The orders after records were changed that matched or match now; `ids` are those that match now.
pub(super) fn brought_up<F: Listed>(connection: &mut Connection, orders: &[Order], touched: &[i64], ids: &IdSet) -> Result<Vec<Order>> {
    let brought_up = |order: &Order| {
        let list = match (&order.ids, order.name.sort::<F>()) {
            (Some(list), _) if touched.is_empty() => Some(Arc::clone(list)),
            (Some(list), Some(sort)) if touched.len() <= MOVES_MAX => moved(connection, sort, list, touched, ids)?.map(Arc::new),
            _ => None,
        };
        Ok(Order {
            ids: list,
            ..order.clone()
        })
    };
    orders.iter().map(brought_up).collect()
}

/// The list without the touched records, but for those that match now, which are in their new places; `None` where an id is too large.
fn moved<F: Listed>(connection: &mut Connection, sort: Sort<F>, list: &[u32], touched: &[i64], ids: &IdSet) -> Result<Option<Vec<u32>>> {
    let mut moved: Vec<u32> = list.iter().copied().filter(|id| !touched.contains(&i64::from(*id))).collect();
    for id in touched.iter().copied().filter(|id| ids.contains(*id)) {
        let Ok(short) = u32::try_from(id) else { return Ok(None) };
        let place = place(connection, sort, &moved, id)?;
        moved.insert(place, short);
    }
    Ok(Some(moved))
}

/// How many records of the list come before this one, as the database orders them.
fn place<F: Listed>(connection: &mut Connection, sort: Sort<F>, list: &[u32], id: i64) -> Result<usize> {
    let (mut from, mut to) = (0, list.len());
    while from < to {
        let step = (to - from).div_ceil(PROBES);
        let probes: Vec<usize> = (from..to).step_by(step).collect();
        let among = probes.iter().map(|probe| i64::from(list[*probe])).chain([id]);
        let sorted: Vec<i64> = statement::sorted(sort, among).load(connection).map_err(map)?;
        let before = sorted.iter().take_while(|sorted| **sorted != id).count();
        to = probes.get(before).copied().unwrap_or(to);
        from = before.checked_sub(1).map_or(from, |last| probes[last] + 1);
    }
    Ok(from)
}
