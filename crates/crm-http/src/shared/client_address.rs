//! The client's address: the peer's, or what trusted proxies say (contract A-21, X-28).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::settings::ForwardedHeader;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of whoever sent a request. Forwarding headers count only from a trusted peer; in them the right-most address that is no
/// trusted proxy is the client, since everything left of it can be invented by the client.
pub fn client_address(peer: Option<SocketAddr>, headers: &HeaderMap, trusted: &[IpNet], header: ForwardedHeader) -> IpAddr {
    // Without a peer address the request came from within the process.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip().to_canonical());
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let x_forwarded_for = || chain(headers, &X_FORWARDED_FOR, parse_x_forwarded_for);
    let forwarded = || chain(headers, &FORWARDED, parse_forwarded);
    let hops = match header {
        ForwardedHeader::XForwardedFor => x_forwarded_for(),
        ForwardedHeader::Forwarded => forwarded(),
        ForwardedHeader::Auto if headers.contains_key(&X_FORWARDED_FOR) => x_forwarded_for(),
        ForwardedHeader::Auto => forwarded(),
    };
    right_most_untrusted(peer, &hops, trusted)
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// A hop that is no address ends the walk: whoever wrote it, nothing left of it can be believed.
fn right_most_untrusted(peer: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Some(address) = hop else { break };
        client = *address;
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

fn chain(headers: &HeaderMap, name: &HeaderName, parse: fn(&str) -> Option<IpAddr>) -> Vec<Option<IpAddr>> {
    let values = headers.get_all(name).map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',')).map(|hop| parse(hop.trim())).collect()
}

fn parse_x_forwarded_for(hop: &str) -> Option<IpAddr> {
    parse_node(hop)
}

/// `for="[2001:db8::1]:4711";proto=https` (RFC 7239).
fn parse_forwarded(hop: &str) -> Option<IpAddr> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"').to_owned())
    };
    parse_node(&hop.split(';').find_map(pair)?)
}

/// An address, bracketed or not, with or without a port.
fn parse_node(node: &str) -> Option<IpAddr> {
    let address = node.parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || node.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn resolve(peer: &str, headers: &[(&HeaderName, &str)], header: ForwardedHeader) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append((*name).clone(), HeaderValue::from_str(value).unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        client_address(Some(peer), &map, &trusted, header).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        assert_eq!(
            resolve("203.0.113.9", &[(&X_FORWARDED_FOR, "10.0.0.1")], ForwardedHeader::Auto),
            "203.0.113.9"
        );
        assert_eq!(resolve("::ffff:203.0.113.9", &[], ForwardedHeader::Auto), "203.0.113.9");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let auto = ForwardedHeader::Auto;
        assert_eq!(
            resolve("10.0.0.1", &[(&X_FORWARDED_FOR, "1.1.1.1, 198.51.100.7, 10.0.0.2")], auto),
            "198.51.100.7"
        );
        let two = [(&X_FORWARDED_FOR, "1.1.1.1"), (&X_FORWARDED_FOR, "2.2.2.2:8080")];
        assert_eq!(resolve("10.0.0.1", &two, auto), "2.2.2.2");
        assert_eq!(resolve("10.0.0.1", &[(&X_FORWARDED_FOR, "10.0.0.3, 10.0.0.2")], auto), "10.0.0.3");
        assert_eq!(
            resolve("10.0.0.1", &[(&X_FORWARDED_FOR, "1.1.1.1, unknown, 10.0.0.2")], auto),
            "10.0.0.2"
        );
        assert_eq!(resolve("::1", &[(&X_FORWARDED_FOR, "[2001:db8::1]:443")], auto), "2001:db8::1");
        assert_eq!(resolve("10.0.0.1", &[], auto), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_where_the_setting_allows() {
        let header = [(&FORWARDED, r#"for=1.1.1.1, For="[2001:db8::2]:4711";proto=https"#)];
        assert_eq!(resolve("10.0.0.1", &header, ForwardedHeader::Auto), "2001:db8::2");
        assert_eq!(resolve("10.0.0.1", &header, ForwardedHeader::XForwardedFor), "10.0.0.1");
        let both = [(&FORWARDED, "for=9.9.9.9"), (&X_FORWARDED_FOR, "8.8.8.8")];
        assert_eq!(resolve("10.0.0.1", &both, ForwardedHeader::Auto), "8.8.8.8");
        assert_eq!(resolve("10.0.0.1", &both, ForwardedHeader::Forwarded), "9.9.9.9");
    }
}
