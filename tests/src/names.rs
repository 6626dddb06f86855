//! The names that a test's servers can resolve.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use crm_outbound::resolver::Lookup;

/// A name server of the test's own: nobody else's is ever asked. It knows `localhost` and what the test tells it.
#[derive(Clone, Default)]
pub struct Names(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>);

impl Names {
    /// From now on `name` leads to these addresses.
    ///
    /// # Panics
    /// When one is no address.
    pub fn lead(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), addresses);
    }

    /// The way to ask.
    pub fn lookup(&self) -> Lookup {
        let names = self.clone();
        Arc::new(move |name| {
            let found = names.find(&name).ok_or_else(|| io::ErrorKind::NotFound.into());
            Box::pin(async move { found })
        })
    }

    fn find(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = match known.get(name) {
            Some(addresses) => addresses.clone(),
            None if name == "localhost" => vec![IpAddr::from([127, 0, 0, 1])],
            None => return None,
        };
        Some(addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
    }
}
