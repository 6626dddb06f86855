//! Room for deliveries under way: whoever has many receivers that do not answer leaves enough for everybody else.
//!
//! Half of the places is anybody's, first come, first served. The other half is kept for shares: each tenant has a few of its own, and waits for
//! them behind its own deliveries only. So one tenant alone uses most of the room, and one that fills all that it may have takes nothing
//! from the shares of others.

use std::sync::Arc;

use tokio::{
    select,
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// A tenant's share is this part of all places.
const PART: usize = 8;

/// Places for deliveries under way.
pub(super) struct Room {
    common: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
    share: usize,
}

/// A tenant's own places.
#[derive(Clone)]
pub(super) struct Share(Arc<Semaphore>);

/// A place, for as long as it is held.
pub(super) struct Place {
    _places: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
}

impl Room {
    /// Room for so many deliveries at once; a share is an eighth, and enough for one receiver.
    pub(super) fn new(places: usize, per_endpoint: usize) -> Self {
        let common = places / 2;
        Self {
            common: Arc::new(Semaphore::new(common)),
            reserved: Arc::new(Semaphore::new(places - common)),
            share: (places / PART).max(per_endpoint).max(1),
        }
    }

    /// A tenant's share.
    pub(super) fn share(&self) -> Share {
        Share(Arc::new(Semaphore::new(self.share)))
    }

    /// Waits for a place: one of the share, or one of anybody's. `None` when there is none any more, since the server stops.
    pub(super) async fn enter(&self, share: &Share) -> Option<Place> {
        let own = async {
            let own = Arc::clone(&share.0).acquire_owned().await.ok()?;
            Some((Arc::clone(&self.reserved).acquire_owned().await.ok()?, Some(own)))
        };
        let any = async { Some((Arc::clone(&self.common).acquire_owned().await.ok()?, None)) };
        let places = select! {
            biased;
            places = own => places,
            places = any => places,
        };
        places.map(|places| Place { _places: places })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn fill(room: &Room, share: &Share) -> Vec<Place> {
        std::iter::from_fn(|| room.enter(share).now_or_never().flatten()).collect()
    }

    #[test]
    fn a_tenant_that_fills_what_it_may_have_leaves_the_others_their_shares() {
        let room = Room::new(64, 4);
        let (greedy, other, third) = (room.share(), room.share(), room.share());
        let held = fill(&room, &greedy);
        assert_eq!(held.len(), 32 + 8, "anybody's half, and its share");
        let others = fill(&room, &other);
        assert_eq!(others.len(), 8);
        drop(others);
        assert_eq!(fill(&room, &third).len(), 8, "a place that was left is free again");
        drop(held);
        assert_eq!(fill(&room, &greedy).len(), 40);
    }

    #[test]
    fn who_waits_gets_the_first_place_that_it_may_have() {
        let room = Room::new(2, 1);
        let (one, other) = (room.share(), room.share());
        let (own, any) = (room.enter(&one).now_or_never().flatten(), room.enter(&one).now_or_never().flatten());
        assert!(own.is_some() && any.is_some());
        let mut waiting = Box::pin(room.enter(&other));
        assert!(waiting.as_mut().now_or_never().is_none(), "the only share is taken");
        drop(any);
        assert!(waiting.now_or_never().flatten().is_some());
    }

    #[test]
    fn a_small_room_has_a_place_for_everybody() {
        for places in 1..20 {
            let room = Room::new(places, 4);
            assert!(!fill(&room, &room.share()).is_empty(), "{places}");
        }
    }
}
