//! URLs in every spelling.

use super::*;

const PRIVATE: &str = "must not lead to a loopback, private or special address";

#[test]
fn public_targets_are_kept_as_written() {
    for url in [
        "https://example.com",
        "https://example.com/webhooks/crm?tenant=1&x=%2F",
        "https://Example.COM:8443/a/../b",
        "HTTPS://example.com/",
        "https://your-app.com/webhooks/halopsa",
        "https://example.com./hook",
        "https://bücher.example/übung",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/",
        "https://134744072/",
        "https://[2606:4700::1111]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::8.8.8.8]/",
        "https://localhost.example.com/",
        "https://127.0.0.1.example.com/",
        "https://mylocal.com/",
        "https://a.notinternal/",
        "https://example.com/@user",
        "https://example.com/?to=http://127.0.0.1/",
    ] {
        assert_eq!(
            TargetUrl::parse(url, Targets::Public).map(TargetUrl::into_inner),
            Ok(url.to_owned())
        );
    }
}

/// Each is a way to write a host that is not public.
const PRIVATE_HOSTS: [&str; 77] = [
    // names
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "a.localhost.",
    "ⓛocalhost",
    "ｌｏｃａｌｈｏｓｔ",
    "local%68ost",
    "localhost.localdomain",
    "printer.local",
    "metadata.google.internal",
    "router.home.arpa",
    "nas.lan",
    "intranet",
    "db.corp",
    "wiki.intranet",
    "x.private",
    "metadata",
    "a..example.com",
    ".example.com",
    "example.com..",
    // IPv4
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F000001",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f.0.0.1",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "127.0.0.0x1",
    "00000177.0.0.1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "0x0",
    "10.0.0.1",
    "167772161",
    "0xa.1",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.257",
    "0300.0250.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "255.255.255.255",
    // IPv6
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
];

#[test]
fn hosts_that_are_not_public_are_refused_in_every_spelling() {
    for host in PRIVATE_HOSTS {
        for url in [format!("https://{host}/hook"), format!("https://{host}:8443")] {
            assert_eq!(TargetUrl::parse(&url, Targets::Public), Err(rule(PRIVATE)), "{url}");
        }
    }
}

#[test]
fn a_deployment_may_allow_them() {
    for host in PRIVATE_HOSTS {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/hook");
            assert!(TargetUrl::parse(&url, Targets::Any).is_ok(), "{url}");
        }
    }
}

#[test]
fn without_tls_only_where_private_targets_are_allowed() {
    let url = "http://example.com/hook";
    assert_eq!(TargetUrl::parse(url, Targets::Public), Err(rule("must be an https URL")));
    assert!(TargetUrl::parse(url, Targets::Any).is_ok());
}

#[test]
fn what_parsers_understand_differently_is_no_url() {
    for targets in [Targets::Public, Targets::Any] {
        for url in [
            "example.com/hook",
            "//example.com/hook",
            "https:example.com",
            "https:/example.com",
            "https:///example.com",
            "https://",
            "https://?x",
            "https:\\\\example.com",
            "https://example.com\\@127.0.0.1/",
            "https://exa\tmple.com",
            "https://exa\nmple.com",
            "https://exam ple.com/",
            "https://example.com/a b",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://example.com:port/",
            "https://1.2.3.4.5/",
            "https://256.0.0.1/",
            "https://0x100000000/",
            "https://[::1",
            "https://[fe80::1%25eth0]/",
            "https://exa<mple.com/",
            "https://%00/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "javascript://example.com/%0aalert(1)",
            "data:text/plain,x",
            "unix:///run/x.sock",
        ] {
            assert_eq!(TargetUrl::parse(url, targets), Err(Problem::Url), "{url}");
        }
        assert_eq!(TargetUrl::parse("  ", targets), Err(Problem::Required));
    }
}

#[test]
fn credentials_and_fragments_are_refused() {
    for url in [
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://:@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1@example.com/",
    ] {
        let refused = TargetUrl::parse(url, Targets::Any);
        assert_eq!(refused, Err(rule("must not hold a user name or a password")), "{url}");
    }
    for url in [
        "https://example.com/#top",
        "https://example.com#",
        "https://example.com/?a#@127.0.0.1/",
    ] {
        assert_eq!(TargetUrl::parse(url, Targets::Any), Err(rule("must not hold a fragment")), "{url}");
    }
}

#[test]
fn a_url_has_at_most_2048_characters() {
    let url = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    assert!(TargetUrl::parse(&url(2_048), Targets::Public).is_ok());
    assert_eq!(TargetUrl::parse(&url(2_049), Targets::Public), Err(Problem::TooLong { max: 2_048 }));
}

#[test]
fn spellings_of_one_target_have_one_key() {
    let key = |url: &str| TargetUrl::parse(url, Targets::Any).unwrap().key();
    for (one, other) in [
        ("https://example.com", "HTTPS://EXAMPLE.com:443/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/a/../b", "https://example.com/b"),
        ("http://127.1/", "http://2130706433"),
    ] {
        assert_eq!(key(one), key(other), "{one} {other}");
    }
    for (one, other) in [
        ("https://example.com/a", "https://example.com/A"),
        ("https://example.com/", "http://example.com/"),
        ("https://example.com/", "https://example.com:8443/"),
        ("https://example.com/a", "https://example.com/a/"),
    ] {
        assert_ne!(key(one), key(other), "{one} {other}");
    }
}
