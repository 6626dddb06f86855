//! A server on loopback, and every way to lead a delivery to it: it is never touched (contract X-23).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use crm_domain::tenant::webhook::{TargetUrl, Targets, is_public, not_public, sender::FailureKind};
use crm_outbound::{
    resolver::{Lookup, Resolver},
    webhook::{SenderSettings, judge},
};
use crm_tests::receiver::Receiver;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::dns::Resolve;

use super::{Desk, PATIENCE, outgoing};

/// Hosts that are this machine, or that a careless parser takes for it.
const SPELLINGS: [&str; 83] = [
    // names
    "localhost",
    "LocalHost",
    "localhost.",
    "localhost.localdomain",
    "a.localhost",
    "a.b.localhost.",
    "ip6-localhost",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "local\u{ad}host",
    "local%68ost",
    "l%6fcalhost%2e",
    "localhost。",
    "𝓵𝓸𝓬𝓪𝓵𝓱𝓸𝓼𝓽",
    // IPv4 in four parts
    "127.0.0.1",
    "127.0.0.1.",
    "127.0.0.2",
    "127.1.2.3",
    "127.255.255.254",
    "0.0.0.0",
    // IPv4 in fewer parts
    "127.1",
    "127.0.1",
    "127.1.",
    "127.65535",
    "0",
    "0.0",
    "0.",
    // IPv4 as one number
    "2130706433",
    "2130706434",
    "2147483646",
    "0x7f000001",
    "0X7F000001",
    "0x07f000001",
    "017700000001",
    "0000017700000001",
    "0x0",
    "00",
    // IPv4 in octal and hex
    "0177.0.0.1",
    "0177.0.0.01",
    "0177.0.1",
    "0177.1",
    "00177.0.0.1",
    "0000000177.0000.0000.0001",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0x1",
    "0x7f.1",
    "0x7F.0x00.0x0001",
    "127.0x0.0.01",
    "0x7f.0.0.",
    "127.0.0x1",
    // IPv4 in other digits and dots
    "１２７.０.０.１",
    "１２７．０．０．１",
    "127。0。0。1",
    "127｡0｡0｡1",
    "①②⑦.⓪.⓪.①",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "²¹³⁰⁷⁰⁶⁴³³",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "0ｘ7f.1",
    // IPv6
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0.0.0.1]",
    "[0::1]",
    "[::]",
    "[::0]",
    // IPv6 that wraps IPv4: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0.0.0.0]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::7f00:1]",
    "[2001:0:7f00:1::80ff:fffe]",
    "[fe80::5efe:7f00:1]",
    // with a zone
    "[fe80::1%25lo]",
];

/// URLs with these hosts, on the canary's port.
fn urls(canary: &Receiver) -> impl Iterator<Item = String> {
    let port = canary.port();
    SPELLINGS
        .iter()
        .flat_map(move |host| ["https", "http"].map(|scheme| format!("{scheme}://{host}:{port}/hook")))
}

fn guarded(lookup: Lookup) -> Desk {
    Desk::with(SenderSettings::new(Targets::Public), lookup)
}

/// A resolver for which every name is what `answer` tells, and the number of questions.
fn answering(answer: impl Fn(usize) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> (Lookup, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let found = answer(counting.fetch_add(1, Ordering::SeqCst));
        let found = found.map(|found| found.into_iter().map(|address| SocketAddr::new(address, 0)).collect());
        Box::pin(async move { found })
    });
    (lookup, asked)
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn the_canary_can_be_reached_where_that_is_allowed() {
    let canary = Receiver::start();
    for host in ["127.0.0.1", "0x7f.1", "2130706433", "localhost", "0"] {
        let url = format!("http://{host}:{}/hook", canary.port());
        assert_eq!(Desk::new().send(outgoing(&url)).unwrap().status, 200, "{url}");
    }
}

#[test]
fn no_spelling_of_this_machine_is_registered() {
    let canary = Receiver::start();
    for url in urls(&canary) {
        assert!(TargetUrl::parse(&url, Targets::Public).is_err(), "{url}");
    }
}

/// As if it had been registered when the deployment allowed more: each is refused before a name is looked up.
#[test]
fn no_spelling_of_this_machine_is_connected_to() {
    let canary = Receiver::start();
    let (lookup, asked) = answering(|_| Ok(addresses(&["127.0.0.1", "::1"])));
    let desk = guarded(lookup);
    for url in urls(&canary) {
        let (kind, reason) = desk.failure(outgoing(&url));
        assert!(matches!(kind, FailureKind::NotAllowed | FailureKind::Invalid), "{url}: {reason}");
    }
    assert_eq!((canary.connections(), asked.load(Ordering::SeqCst)), (0, 0));
}

/// A thousand answers of a name server, no two alike that follow each other: what is not public is not connected to, and the name is looked up once
/// for each connection, so that no later answer takes the place of the one that was judged.
#[test]
fn a_name_that_changes_its_address_never_leads_here() {
    let canary = Receiver::start();
    let (lookup, asked) = answering(|number| {
        Ok(addresses(match number % 10 {
            0 => &["127.0.0.1"],
            1 => &["::1"],
            2 => &["::ffff:127.0.0.1", "127.0.0.1"],
            3 => &["0.0.0.0"],
            4 => &["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1"],
            5 => &["169.254.169.254"],
            6 => &["64:ff9b::7f00:1", "127.8.8.8"],
            7 => &[],
            8 => &["::", "fe80::1", "fd00:ec2::254"],
            _ => return Err(io::ErrorKind::TimedOut.into()),
        }))
    });
    let desk = guarded(lookup);
    let url = format!("https://receiver.example:{}/hook", canary.port());
    for number in 0..1_000 {
        let expected = if matches!(number % 10, 7 | 9) {
            FailureKind::Dns
        } else {
            FailureKind::NotAllowed
        };
        let (kind, reason) = desk.failure(outgoing(&url));
        assert_eq!(kind, expected, "{number}: {reason}");
    }
    assert_eq!((canary.connections(), asked.load(Ordering::SeqCst)), (0, 1_000));
}

/// Of the addresses of any answer exactly the public ones are connected to.
#[test]
fn of_any_answer_only_what_is_public_is_left() {
    let address = prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<u128>().prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
        (0_u32..1 << 24).prop_map(|host| IpAddr::from((127 << 24 | host).to_be_bytes())),
        Just("::1".parse().unwrap()),
        Just("::ffff:127.0.0.1".parse().unwrap()),
        Just("8.8.8.8".parse().unwrap()),
        Just("2606:4700::1111".parse().unwrap()),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config::with_cases(1_000));
    let checked = runner.run(&prop::collection::vec(address, 0..6), |answer| {
        let expected: Vec<IpAddr> = answer.iter().copied().filter(|address| is_public(*address)).collect();
        let (lookup, _) = answering(move |_| Ok(answer.clone()));
        let resolver = Resolver::new(lookup, Targets::Public);
        let found = runtime.block_on(resolver.resolve("receiver.example".parse().unwrap()));
        let found: Vec<IpAddr> = found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default();
        prop_assert_eq!(found, expected);
        Ok(())
    });
    checked.unwrap();
}

/// Whoever registers a webhook hears at once of a name that leads to this machine.
#[test]
fn a_name_is_judged_by_where_it_leads_now() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let judged = |targets, url: &str, answer: &'static [&'static str]| {
        let (lookup, asked) = answering(move |_| match answer {
            ["no answer"] => Err(io::ErrorKind::TimedOut.into()),
            answer => Ok(addresses(answer)),
        });
        let url = TargetUrl::parse(url, targets).unwrap();
        let (done, outcome) = mpsc::channel();
        judge(targets, lookup, runtime.handle().clone()).judge(&url, Box::new(move |judged| done.send(judged).unwrap()));
        (outcome.recv_timeout(PATIENCE).unwrap(), asked.load(Ordering::SeqCst))
    };
    let url = "https://receiver.example/hook";
    for answer in [
        &["127.0.0.1"][..],
        &["::1", "10.0.0.1"],
        &["169.254.169.254"],
        &["::ffff:10.0.0.1"],
        &["64:ff9b::7f00:1"],
        // One address of several is enough.
        &["8.8.8.8", "127.0.0.1"],
        &["fd00::1", "2606:4700::1111"],
    ] {
        assert_eq!(judged(Targets::Public, url, answer), (Err(not_public()), 1), "{answer:?}");
        assert_eq!(judged(Targets::Any, url, answer), (Ok(()), 0), "{answer:?}");
    }
    for answer in [&["8.8.8.8"][..], &["8.8.8.8", "2606:4700::1111"], &[], &["no answer"]] {
        assert_eq!(judged(Targets::Public, url, answer), (Ok(()), 1), "{answer:?}");
    }
    assert_eq!(judged(Targets::Public, "https://8.8.8.8/", &[]), (Ok(()), 0));
}
