//! The port to a provider of profiles, as its adapter keeps it, against a real server that behaves in every way a server can.

use std::{
    io::Read,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use crm_domain::{
    clock::ManualClock,
    enrichment::{EnrichmentProvider, Found, LookupError, ProfileUrl},
};
use crm_outbound::{
    enrichment::{EnrichmentSettings, provider},
    resolver::{self, Lookup},
};
use crm_tests::{
    database::START,
    provider::{Deed, Provider, person},
};
use tokio::runtime::Runtime;

const KEY: &str = "the-providers-key";

/// An adapter and the provider that it asks.
struct Desk {
    provider: Provider,
    adapter: Arc<dyn EnrichmentProvider>,
    _runtime: Runtime,
}

fn settings(url: &str) -> EnrichmentSettings {
    EnrichmentSettings {
        provider_url: url.to_owned(),
        api_key: KEY.into(),
        credits_header: "x-proxycurl-credit-cost".to_owned(),
        connect_seconds: 5,
        total_seconds: 30,
        response_bytes: 1 << 20,
        parallel: 2,
        allow_private_targets: true,
    }
}

fn adapter(settings: &EnrichmentSettings, lookup: Lookup) -> (Arc<dyn EnrichmentProvider>, Runtime) {
    let runtime = Runtime::new().unwrap();
    let clock = Arc::new(ManualClock::at(START));
    let made = provider(settings, lookup, clock, runtime.handle().clone());
    (made.unwrap().expect("a provider is configured"), runtime)
}

impl Desk {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut EnrichmentSettings)) -> Self {
        let provider = Provider::start();
        let mut settings = settings(&provider.url());
        change(&mut settings);
        let (adapter, runtime) = adapter(&settings, resolver::system());
        Self {
            provider,
            adapter,
            _runtime: runtime,
        }
    }

    fn find(&self) -> Result<Found, LookupError> {
        self.adapter.find(&ada())
    }

    /// What comes of it when the provider does this.
    fn after(&self, deed: Deed) -> Result<Found, LookupError> {
        self.provider.next([deed]);
        self.find()
    }
}

fn ada() -> ProfileUrl {
    ProfileUrl::parse("http://de.linkedin.com/in/Ada/?trk=x").unwrap()
}

#[test]
fn a_person_is_found() {
    let desk = Desk::with(|settings| settings.provider_url.push_str("?personal_email=include"));
    let found = desk.after(Deed::found(&person("Ada", "Lovelace"), 3)).unwrap();
    assert_eq!(found.credits, Some(3));
    assert_eq!(found.profile.full_name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(
        (found.profile.title.as_deref(), found.profile.company.as_deref()),
        (Some("Analyst"), Some("Engines Ltd"))
    );
    let heads = desk.provider.heads();
    let head = heads[0].to_lowercase();
    let line = "get /api/v2/linkedin?personal_email=include&linkedin_profile_url=https%3a%2f%2fwww.linkedin.com%2fin%2fada http/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert!(head.contains(&format!("\r\nauthorization: bearer {KEY}\r\n")), "{head}");
    // What a lookup costs is told by the provider or not known.
    let unpriced = Deed::Answer(200, Vec::new(), person("Ada", "Lovelace").to_string().into_bytes());
    assert_eq!(desk.after(unpriced).unwrap().credits, None);
    assert_eq!((desk.adapter.name(), desk.adapter.parallel()), ("proxycurl", 2));
}

#[test]
fn every_refusal_is_told_from_the_others_and_asked_once() {
    let desk = Desk::new();
    let no_credits = Deed::Answer(
        403,
        Vec::new(),
        br#"{"code":403,"description":"You have run out of credits"}"#.to_vec(),
    );
    for (deed, expected) in [
        (Deed::status(404), LookupError::NoProfile { credits: None }),
        (
            Deed::status(404).with("x-proxycurl-credit-cost", 1),
            LookupError::NoProfile { credits: Some(1) },
        ),
        (Deed::status(410), LookupError::NoProfile { credits: None }),
        (Deed::status(401), LookupError::KeyRefused),
        (Deed::status(403), LookupError::KeyRefused),
        (no_credits, LookupError::CreditsUsedUp),
        (Deed::status(402), LookupError::CreditsUsedUp),
        (
            Deed::status(500),
            LookupError::Failed {
                status: 500,
                retry_after: None,
            },
        ),
        (
            Deed::status(503).with("retry-after", 9),
            LookupError::Failed {
                status: 503,
                retry_after: Some(Duration::from_secs(9)),
            },
        ),
    ] {
        let asked = desk.provider.asked();
        let refused = desk.after(deed).unwrap_err();
        assert_eq!(refused, expected);
        assert!(!refused.is_unasked());
        assert_eq!(desk.provider.asked(), asked + 1, "{refused}");
    }
}

#[test]
fn what_is_no_profile_is_not_understood() {
    let desk = Desk::new();
    for body in [
        &b""[..],
        b"<html>sorry</html>",
        b"{\"full_name\":",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"{\"full_name\":null}",
    ] {
        let deed = Deed::Answer(200, vec![("x-proxycurl-credit-cost", "1".to_owned())], body.to_vec());
        let refused = desk.after(deed).unwrap_err();
        assert!(matches!(&refused, LookupError::Unreadable { .. }), "{refused:?}");
        // It cost something, and would cost it again.
        assert_eq!((refused.credits(), refused.retry_after()), (Some(1), None));
    }
    for status in [204, 206, 400, 418] {
        let refused = desk.after(Deed::status(status)).unwrap_err();
        assert!(matches!(&refused, LookupError::Unreadable { .. }), "{status}: {refused:?}");
    }
}

#[test]
fn an_answer_that_ends_too_soon_or_never_is_not_waited_for() {
    let desk = Desk::with(|settings| settings.response_bytes = 50_000);
    for deed in [Deed::Truncate, Deed::HangUp, Deed::HalfAHead, Deed::Garble] {
        let asked = desk.provider.asked();
        let refused = desk.after(deed.clone()).unwrap_err();
        assert!(matches!(refused, LookupError::BrokeOff { .. }), "{deed:?}: {refused:?}");
        // Nobody knows whether it was paid for: it is not asked again here.
        assert_eq!(desk.provider.asked(), asked + 1, "{deed:?}");
        assert!(refused.retry_after().is_some());
    }
    assert_eq!(desk.after(Deed::Flood), Err(LookupError::TooLarge));
    let announced = Deed::Answer(200, Vec::new(), vec![b' '; 50_001]);
    assert_eq!(desk.after(announced), Err(LookupError::TooLarge));
    let mut largest = person("Ada", "Lovelace").to_string().into_bytes();
    largest.resize(50_000, b' ');
    assert!(desk.after(Deed::Answer(200, Vec::new(), largest)).is_ok());
}

#[test]
fn a_redirection_is_not_followed() {
    let (desk, private) = (Desk::new(), Provider::start());
    private.always(Deed::found(&person("Mallory", "M"), 1));
    for status in [301, 302, 303, 307, 308] {
        let refused = desk.after(Deed::status(status).with("location", private.url())).unwrap_err();
        assert!(matches!(refused, LookupError::Unreadable { .. }), "{status}: {refused:?}");
    }
    assert_eq!(private.asked(), 0);
}

#[test]
fn who_is_told_to_wait_waits() {
    let desk = Desk::new();
    let refused = desk.after(Deed::status(429).with("retry-after", 300));
    let wait = Duration::from_secs(300);
    assert_eq!(refused, Err(LookupError::RateLimited { retry_after: wait }));
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let Err(LookupError::RateLimited { retry_after }) = desk.find() else {
        panic!("the provider was asked too soon");
    };
    assert!(retry_after <= wait && retry_after > wait - Duration::from_secs(60));
    assert_eq!(desk.provider.asked(), 1);
    // A date is as good, and no header is a minute.
    let dated = Desk::new();
    let date = "Tue, 01 Jan 2030 00:00:00 GMT";
    let refused = dated.after(Deed::status(429).with("retry-after", date));
    assert!(matches!(refused, Err(LookupError::RateLimited { .. })));
    let silent = Desk::new();
    let minute = Duration::from_secs(60);
    assert_eq!(
        silent.after(Deed::status(429)),
        Err(LookupError::RateLimited { retry_after: minute })
    );
    // Whoever may come back at once does.
    let quick = Desk::new();
    assert!(quick.after(Deed::status(429).with("retry-after", 0)).is_err());
    assert!(quick.after(Deed::found(&person("Ada", "Lovelace"), 1)).is_ok());
}

#[test]
fn a_provider_that_does_not_answer_is_not_waited_for() {
    let desk = Desk::with(|settings| settings.total_seconds = 1);
    assert_eq!(desk.after(Deed::status(200).held()), Err(LookupError::TimedOut));
    assert_eq!(desk.provider.asked(), 1);
}

#[test]
fn a_provider_that_is_down_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (adapter, _runtime) = adapter(&settings(&format!("http://127.0.0.1:{port}/")), resolver::system());
    let refused = adapter.find(&ada()).unwrap_err();
    assert!(matches!(&refused, LookupError::Unreachable { .. }), "{refused:?}");
    assert!(refused.is_unasked() && refused.retry_after().is_some());
}

#[test]
fn only_so_many_are_asked_for_at_once() {
    let desk = Desk::with(|settings| settings.parallel = 2);
    desk.provider.always(Deed::found(&person("Ada", "Lovelace"), 1).held());
    thread::scope(|scope| {
        let asking: Vec<_> = (0..5).map(|_| scope.spawn(|| desk.find())).collect();
        desk.provider.wait_for_held(2);
        assert_eq!((desk.provider.held(), desk.provider.asked()), (2, 2));
        desk.provider.release();
        assert!(asking.into_iter().all(|asked| asked.join().unwrap().is_ok()));
    });
    assert_eq!(desk.provider.asked(), 5);
}

#[test]
fn who_gets_no_turn_is_told_so() {
    let desk = Desk::with(|settings| (settings.parallel, settings.total_seconds) = (1, 1));
    desk.provider.always(Deed::status(404).held());
    thread::scope(|scope| {
        // The first is given up as the second's patience ends.
        let first = scope.spawn(|| desk.find());
        desk.provider.wait_for_held(1);
        let second = scope.spawn(|| desk.find());
        assert_eq!(first.join().unwrap(), Err(LookupError::TimedOut));
        let second = second.join().unwrap();
        assert!(matches!(second, Err(LookupError::Busy | LookupError::TimedOut)), "{second:?}");
    });
}

/// Names every host as this provider.
fn naming(port: u16) -> Lookup {
    Arc::new(move |_| Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) }))
}

#[test]
fn a_public_name_that_leads_to_a_private_address_is_not_connected_to() {
    let provider = Provider::start();
    provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let mut of = settings(&format!("https://provider.example:{}/profile", provider.port()));
    of.allow_private_targets = false;
    let (public, _runtime) = adapter(&of, naming(0));
    let refused = public.find(&ada());
    assert_eq!(refused, Err(LookupError::NotPublic));
    assert_eq!(provider.asked(), 0);
    // The same name where private addresses are allowed.
    let of = settings(&format!("http://provider.example:{}/profile", provider.port()));
    let (private, _runtime) = adapter(&of, naming(0));
    assert!(private.find(&ada()).is_ok());
}

#[test]
fn tls_is_spoken_where_the_address_says_so() {
    // What listens here speaks none, and reads what it is sent first.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (adapter, _runtime) = adapter(
        &settings(&format!("https://{}/", listener.local_addr().unwrap())),
        resolver::system(),
    );
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        // Dropped, it takes no second connection.
        first[0]
    });
    let refused = adapter.find(&ada()).unwrap_err();
    assert!(matches!(&refused, LookupError::Unreachable { .. }), "{refused:?}");
    const HANDSHAKE: u8 = 22;
    assert_eq!(serving.join().unwrap(), HANDSHAKE);
}
