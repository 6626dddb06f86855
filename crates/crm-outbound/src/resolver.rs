//! Where calls may go, judged as late as possible: what a name resolves to just before connecting (contract X-23).
//!
//! A name that was public when it was judged may lead to this machine now. So the addresses that are connected to are the very ones that
//! were judged. Literal addresses are not resolved, so they are judged by [`check_literal`] before each call.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use crm_domain::tenant::webhook::{Targets, is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address leads to where this deployment does not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it leads to a private or special address")]
pub struct NotPublic;

/// The name leads to no address; with the resolver's cause.
#[derive(Debug, thiserror::Error)]
#[error("it leads to no address")]
pub struct Unresolved(#[from] io::Error);

/// What a name resolves to, some time later.
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Resolves names.
pub type Lookup = Arc<dyn Fn(String) -> Looking + Send + Sync>;

/// The machine's resolver.
pub fn system() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.collect())
        })
    })
}

/// A resolver that knows no addresses but those that may be reached.
pub struct Resolver {
    lookup: Lookup,
    targets: Targets,
}

impl Resolver {
    /// A resolver of what these targets allow.
    pub fn new(lookup: Lookup, targets: Targets) -> Self {
        Self { lookup, targets }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (looking, targets) = ((self.lookup)(name.as_str().to_owned()), self.targets);
        Box::pin(async move {
            let found = looking.await.map_err(Unresolved)?;
            let is_known = !found.is_empty();
            let reachable: Vec<SocketAddr> = found.into_iter().filter(|address| may_reach(address.ip(), targets)).collect();
            match reachable.is_empty() {
                true if is_known => Err(NotPublic.into()),
                true => Err(Unresolved(io::ErrorKind::NotFound.into()).into()),
                false => Ok(Box::new(reachable.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address may be connected to.
pub(crate) fn may_reach(address: IpAddr, targets: Targets) -> bool {
    match targets {
        Targets::Any => true,
        Targets::Public => is_public(address),
    }
}

/// Judges a URL whose host is an address, which no resolver is asked about.
///
/// # Errors
/// [`NotPublic`].
pub fn check_literal(url: &Url, targets: Targets) -> Result<(), NotPublic> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address),
        Some(Host::Ipv6(address)) => IpAddr::from(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(NotPublic),
    };
    if may_reach(address, targets) { Ok(()) } else { Err(NotPublic) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A resolver for which every name is these addresses.
    fn knowing(addresses: &'static [&'static str]) -> Lookup {
        Arc::new(move |_| {
            let found = addresses.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            Box::pin(async move { Ok(found) })
        })
    }

    fn resolved(addresses: &'static [&'static str], targets: Targets) -> Result<Vec<String>, bool> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let resolver = Resolver::new(knowing(addresses), targets);
        let found = runtime.block_on(resolver.resolve("provider.example".parse().unwrap()));
        found
            .map(|found| found.map(|address| address.ip().to_string()).collect())
            .map_err(|error| error.is::<NotPublic>())
    }

    #[test]
    fn only_public_addresses_are_known() {
        let public = |found: &[&str]| Ok(found.iter().map(|&text| text.to_owned()).collect());
        assert_eq!(
            resolved(&["8.8.8.8", "2606:4700::1111"], Targets::Public),
            public(&["8.8.8.8", "2606:4700::1111"])
        );
        // One of several that is not public is not used.
        assert_eq!(
            resolved(&["127.0.0.1", "8.8.8.8", "10.0.0.1"], Targets::Public),
            public(&["8.8.8.8"])
        );
        for private in [
            &["127.0.0.1"][..],
            &["::1"],
            &["10.0.0.1", "192.168.0.1"],
            &["169.254.169.254"],
            &["::ffff:127.0.0.1"],
            &["fd00::1"],
            &["0.0.0.0"],
        ] {
            assert_eq!(resolved(private, Targets::Public), Err(true), "{private:?}");
            assert!(resolved(private, Targets::Any).is_ok(), "{private:?}");
        }
        assert_eq!(resolved(&[], Targets::Any), Err(false));
    }

    #[test]
    fn literal_addresses_are_judged_without_a_resolver() {
        let check = |url: &str, targets| check_literal(&Url::parse(url).unwrap(), targets);
        for url in [
            "http://127.0.0.1:8080/",
            "https://[::1]/",
            "https://2130706433/",
            "https://169.254.169.254/",
            "https://0x7f.1/",
        ] {
            assert_eq!(check(url, Targets::Public), Err(NotPublic), "{url}");
            assert_eq!(check(url, Targets::Any), Ok(()), "{url}");
        }
        assert_eq!(check("https://8.8.8.8/", Targets::Public), Ok(()));
        assert_eq!(check("https://provider.example/", Targets::Public), Ok(()));
    }

    #[test]
    fn the_machines_resolver_knows_the_machine() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(system()("localhost".to_owned())).unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
    }
}
