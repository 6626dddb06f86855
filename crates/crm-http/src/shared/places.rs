//! How many requests of each API key do something costly at once, in this process.

use std::sync::Arc;

use crm_domain::id::ApiKeyId;
use dashmap::{DashMap, Entry};

/// The places that are taken, by key.
#[derive(Debug, Default)]
pub(crate) struct Places(Arc<DashMap<ApiKeyId, usize>>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<DashMap<ApiKeyId, usize>>,
    key: ApiKeyId,
}

impl Places {
    /// A place of a key that has at most so many; `None` when all are taken.
    pub fn take(&self, key: ApiKeyId, most: usize) -> Option<Place> {
        let mut taken = self.0.entry(key).or_default();
        if *taken >= most {
            let is_unused = *taken == 0;
            drop(taken);
            if is_unused {
                self.0.remove_if(&key, |_, taken| *taken == 0);
            }
            return None;
        }
        *taken += 1;
        Some(Place {
            taken: Arc::clone(&self.0),
            key,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut taken) = self.taken.entry(self.key) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crm_domain::id::RecordId;

    use super::*;

    // B-25, B-107, X-74
    #[test]
    fn the_hundred_and_first_has_no_place_until_another_leaves() {
        let (places, key) = (Places::default(), ApiKeyId::from_i64(1));
        let mut held: Vec<Place> = (0..100).map(|_| places.take(key, 100).unwrap()).collect();
        assert!(places.take(key, 100).is_none());
        // Each key has its own.
        assert!(places.take(ApiKeyId::from_i64(2), 100).is_some());
        held.pop();
        let last = places.take(key, 100).unwrap();
        assert!(places.take(key, 100).is_none());
        drop((held, last));
        assert!(places.0.is_empty(), "who is gone is forgotten");
        assert!(places.take(key, 0).is_none() && places.0.is_empty());
    }
}
