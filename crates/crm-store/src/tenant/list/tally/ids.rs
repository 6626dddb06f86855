//! A set of ids, as far as a record's ids go: from one on, without large gaps.

use std::mem::size_of;

/// The ids that a set can hold: a bit for each.
pub(super) const ID_MAX: i64 = 1 << 24;

/// A set of ids, a bit for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IdSet {
    words: Vec<u64>,
    /// How many ids it holds.
    pub(super) len: i64,
}

impl IdSet {
    /// Adds ids; `false` when one is too large to be held.
    pub(super) fn extend(&mut self, ids: Vec<i64>) -> bool {
        ids.into_iter().all(|id| self.insert(id))
    }

    pub(super) fn insert(&mut self, id: i64) -> bool {
        let Some((word, bit)) = place(id) else { return false };
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.len += 1;
        }
        true
    }

    pub(super) fn remove(&mut self, id: i64) {
        if let Some((word, bit)) = place(id)
            && let Some(word) = self.words.get_mut(word)
            && *word & bit != 0
        {
            *word &= !bit;
            self.len -= 1;
        }
    }

    pub(super) fn contains(&self, id: i64) -> bool {
        place(id).is_some_and(|(word, bit)| self.words.get(word).is_some_and(|word| word & bit != 0))
    }

    /// `take` ids in ascending order, after `skip` of those that are greater than `after`.
    pub(super) fn ascending(&self, after: Option<i64>, skip: usize, take: usize) -> Vec<i64> {
        let first = after.map_or(0, |id| id.saturating_add(1).max(0));
        let begin = usize::try_from(first / 64).unwrap_or(usize::MAX);
        let bits = |(index, word): (usize, &u64)| if index == begin { word & (u64::MAX << (first % 64)) } else { *word };
        let words = self.words.iter().enumerate().skip(begin).map(|word| (word.0, bits(word)));
        window(words, skip, take, u64::trailing_zeros)
    }

    /// `take` ids in descending order, after `skip` of those that are less than `before`.
    pub(super) fn descending(&self, before: Option<i64>, skip: usize, take: usize) -> Vec<i64> {
        let last = before.map_or(i64::MAX, |id| id.saturating_sub(1));
        if last < 0 {
            return Vec::new();
        }
        let end = usize::try_from(last / 64).unwrap_or(usize::MAX);
        let bits = |(index, word): (usize, &u64)| {
            if index == end {
                word & (u64::MAX >> (63 - last % 64))
            } else {
                *word
            }
        };
        let words = self.words.iter().enumerate().rev().filter(|(index, _)| *index <= end);
        window(words.map(|word| (word.0, bits(word))), skip, take, |word| 63 - word.leading_zeros())
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

/// `take` ids after `skip` in words that come in an order; `next` tells which bit of a word comes next.
fn window(words: impl Iterator<Item = (usize, u64)>, mut skip: usize, take: usize, next: impl Fn(u64) -> u32) -> Vec<i64> {
    let mut ids = Vec::with_capacity(take);
    for (index, mut word) in words {
        let count = word.count_ones() as usize;
        if skip >= count {
            skip -= count;
            continue;
        }
        while word != 0 {
            if ids.len() == take {
                return ids;
            }
            let bit = next(word);
            word &= !(1 << bit);
            match skip {
                0 => ids.push(index as i64 * 64 + i64::from(bit)),
                _ => skip -= 1,
            }
        }
    }
    ids
}

fn place(id: i64) -> Option<(usize, u64)> {
    if !(0..ID_MAX).contains(&id) {
        return None;
    }
    Some((usize::try_from(id / 64).ok()?, 1 << (id % 64)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_of_ids_is_a_set(steps in prop::collection::vec((any::<bool>(), -2_i64..300), 0..200)) {
            let (mut ids, mut model) = (IdSet::default(), BTreeSet::new());
            for (adds, id) in steps {
                if adds {
                    prop_assert_eq!(ids.insert(id), id >= 0);
                    if id >= 0 {
                        model.insert(id);
                    }
                } else {
                    ids.remove(id);
                    model.remove(&id);
                }
                prop_assert_eq!(ids.len, i64::try_from(model.len()).unwrap());
            }
        }

        #[test]
        fn a_window_is_that_of_the_sorted_ids(
            members in prop::collection::btree_set(0_i64..300, 0..120),
            place in prop::option::of(-70_i64..400),
            skip in 0_usize..130,
            take in 0_usize..60,
        ) {
            let mut ids = IdSet::default();
            prop_assert!(ids.extend(members.iter().copied().collect()));
            let after = members.iter().filter(|id| place.is_none_or(|place| **id > place));
            prop_assert_eq!(ids.ascending(place, skip, take), after.skip(skip).take(take).copied().collect::<Vec<_>>());
            let before = members.iter().rev().filter(|id| place.is_none_or(|place| **id < place));
            prop_assert_eq!(ids.descending(place, skip, take), before.skip(skip).take(take).copied().collect::<Vec<_>>());
            prop_assert!(members.iter().all(|id| ids.contains(*id)) && !ids.contains(301) && !ids.contains(-1));
        }
    }

    #[test]
    fn ids_beyond_the_set_are_refused() {
        let mut ids = IdSet::default();
        assert!(!ids.insert(ID_MAX) && !ids.insert(-1));
        assert_eq!(ids, IdSet::default());
    }
}
