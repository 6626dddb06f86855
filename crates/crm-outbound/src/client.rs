//! The HTTP client of everything that calls out.

use std::{sync::Arc, time::Duration};

use crm_domain::tenant::webhook::Targets;
use reqwest::{Client, redirect::Policy, retry};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use crate::resolver::{Lookup, Resolver};

/// A client cannot be made; with the technical cause.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// How long a client keeps connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// Each request has one of its own: a kept one may be closed while it is used again, and then nobody knows whether the request had arrived.
    Fresh,
    /// They wait so long for a further request to the same scheme, name and port: for requests that may arrive twice. A kept connection leads to
    /// the address that was judged when it was made.
    KeptFor(Duration),
}

/// A client that reaches what `targets` allow, by way of `lookup`. It asks no proxy that the environment names, and follows no redirection, which
/// could lead elsewhere. Of what it sends nothing is sent again, but what was still unsent when a kept connection turned out to be closed.
///
/// # Errors
/// When TLS or the client cannot be set up.
pub fn client(lookup: Lookup, targets: Targets, connect_within: Duration, connections: Connections) -> Result<Client, ClientError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .dns_resolver(Arc::new(Resolver::new(lookup, targets)))
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(retry::never())
        .http1_only()
        .connect_timeout(connect_within)
        .user_agent(concat!("crm-server/", env!("CARGO_PKG_VERSION")));
    let builder = match connections {
        Connections::Fresh => builder.pool_max_idle_per_host(0),
        Connections::KeptFor(idle) => builder.pool_idle_timeout(idle),
    };
    Ok(builder.build()?)
}

/// Trusts the authorities that come with the program, so that a machine without certificates can call out, and those of the machine, so that
/// its operator can add one.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let native = rustls_native_certs::load_native_certs();
    for error in native.errors {
        tracing::debug!(%error, "a certificate of this machine cannot be read");
    }
    let (_, ignored) = roots.add_parsable_certificates(native.certs);
    if ignored > 0 {
        tracing::debug!(ignored, "certificates of this machine are not of a kind that is known");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
