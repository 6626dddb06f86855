//! Which addresses lie in the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether deliveries may go to an address: one that the public internet routes. Registration judges literal addresses by it; whoever connects
/// judges each address that a name resolves to, just before connecting (contract X-23).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The IANA registry of special-purpose IPv4 addresses, multicast, the former class E, and the one address outside of them at which a cloud (Azure)
/// answers its own machines alone: network and prefix length.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([168, 63, 129, 16], 32),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// What of `2000::/3`, the only range that is routed, is special: network and prefix length.
const SPECIAL_V6: [([u16; 2], u32); 4] = [
    // Teredo, benchmarking, ORCHID and other protocol assignments.
    ([0x2001, 0x0000], 23),
    // Documentation.
    ([0x2001, 0x0db8], 32),
    ([0x3fff, 0x0000], 20),
    // 6to4, which wraps an IPv4 address.
    ([0x2002, 0x0000], 16),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): &([u8; 4], u32)| (address.to_bits() ^ u32::from_be_bytes(*network)) >> (32 - length) == 0;
    !SPECIAL_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(wrapped) = wrapped_v4(address) {
        return is_public_v4(wrapped);
    }
    let [first, second, ..] = address.segments();
    let head = u32::from(first) << 16 | u32::from(second);
    let within =
        |([first, second], length): &([u16; 2], u32)| (head ^ (u32::from(*first) << 16 | u32::from(*second))) >> (32 - length) == 0;
    first >> 13 == 1 && !SPECIAL_V6.iter().any(within)
}

/// The IPv4 address that an IPv4-mapped or a NAT64 address (RFC 6052) stands for: networks without IPv4 reach the public one through it.
fn wrapped_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [head @ .., high, low] = address.segments();
    let wraps = matches!(head, [0, 0, 0, 0, 0, 0xffff] | [0x0064, 0xff9b, 0, 0, 0, 0]);
    wraps.then(|| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn both_ends_of_each_special_range_and_their_neighbours() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "255.255.255.255"),
        ] {
            assert!(!public(first) && !public(last), "{first} … {last}");
            let bits = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_bits();
            let neighbours = [bits(first).checked_sub(1), bits(last).checked_add(1)];
            for neighbour in neighbours.into_iter().flatten().map(Ipv4Addr::from_bits) {
                assert!(is_public(neighbour.into()), "{neighbour}");
            }
        }
    }

    #[test]
    fn of_ipv6_only_what_is_routed_is_public() {
        for address in [
            "2606:4700::1111",
            "2a00:1450:4001::200e",
            "2001:4860:4860::8888",
            "2001:200::",
            "3ffe::1",
            "2003::1",
        ] {
            assert!(public(address), "{address}");
        }
        for address in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fdff::1",
            "ff02::1",
            "100::1",
            "2001::1",
            "2001:1ff::",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "64:ff9b:1::8.8.8.8",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn a_wrapped_address_is_judged_by_what_it_wraps() {
        for wrap in ["::ffff:", "64:ff9b::"] {
            assert!(public(&format!("{wrap}8.8.8.8")), "{wrap}");
            for private in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0"] {
                assert!(!public(&format!("{wrap}{private}")), "{wrap}{private}");
            }
        }
    }
}
