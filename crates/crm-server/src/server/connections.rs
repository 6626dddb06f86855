//! How many connections one address may have open: so many that it cannot take every place that there is.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The open connections of all workers, by address.
pub(super) struct Connections {
    /// Per address; 0 is as many as there are places.
    most: usize,
    /// Proxies, which bring many clients.
    exempt: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
    refusing: Arc<Semaphore>,
}

/// Connections that are told at once that there is no place for them; further ones are closed without a word: a flood costs nothing.
const REFUSALS: usize = 64;

/// An admitted connection's place, free again when this is dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    /// `None` where nothing is counted.
    address: Option<IpAddr>,
}

impl Connections {
    pub(super) fn new(most: usize, exempt: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            most,
            exempt,
            open: Mutex::default(),
            refusing: Arc::new(Semaphore::new(REFUSALS)),
        })
    }

    /// A place for one more connection of this peer, unless it has too many.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = peer.to_canonical();
        let counted = self.most > 0 && !self.exempt.iter().any(|network| network.contains(&peer));
        let address = counted.then(|| site(peer));
        if let Some(address) = address {
            let mut open = self.open();
            let count = open.entry(address).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Place {
            connections: Arc::clone(self),
            address,
        })
    }

    /// Leave to tell a connection that it is refused, while that is held.
    pub(super) fn turn_to_refuse(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.refusing).try_acquire_owned().ok()
    }

    /// Nothing that holds the lock can panic between two writes.
    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut count) = self.connections.open().entry(address) {
            if *count.get() > 1 {
                *count.get_mut() -= 1;
            } else {
                count.remove();
            }
        }
    }
}

/// Whoever has one address of IPv6 has the 2^64 of its network.
fn site(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_places_and_gets_them_back() {
        let connections = Connections::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let first = connections.admit(at("192.0.2.1")).unwrap();
        let second = connections.admit(at("::ffff:192.0.2.1")).unwrap();
        assert!(connections.admit(at("192.0.2.1")).is_none());
        assert!(connections.admit(at("192.0.2.2")).is_some());
        drop(first);
        let third = connections.admit(at("192.0.2.1")).unwrap();
        assert!(connections.admit(at("192.0.2.1")).is_none());
        drop((second, third));
        assert!(connections.open().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let connections = Connections::new(1, Vec::new());
        let _place = connections.admit(at("2001:db8::1")).unwrap();
        assert!(connections.admit(at("2001:db8::ffff:1")).is_none());
        assert!(connections.admit(at("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn a_flood_is_not_told() {
        let connections = Connections::new(1, Vec::new());
        let turns: Vec<_> = (0..REFUSALS).map(|_| connections.turn_to_refuse()).collect();
        assert!(turns.iter().all(Option::is_some));
        assert!(connections.turn_to_refuse().is_none());
        drop(turns);
        assert!(connections.turn_to_refuse().is_some());
    }

    #[test]
    fn proxies_and_a_server_without_the_setting_are_not_counted() {
        let connections = Connections::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        let places: Vec<_> = (0..9).map(|_| connections.admit(at("10.1.2.3"))).collect();
        assert!(places.iter().all(Option::is_some));
        let connections = Connections::new(0, Vec::new());
        let places: Vec<_> = (0..9).map(|_| connections.admit(at("192.0.2.1"))).collect();
        assert!(places.iter().all(Option::is_some));
    }
}
