//! The change feed as server-sent events, over a bare socket.

use std::{thread, time::Duration};

use crm_domain::{
    control::user::Role,
    field::Check,
    tenant::{
        account::{self, AccountDraft, AccountFields},
        lead::LeadDraft,
    },
    usecase::single,
};
use crm_tests::{
    database::Backend,
    each_server,
    events::{Block, EventStream},
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{fields, refusal};

each_server! {
    a_stream_begins_at_the_present_end,
    an_event_is_an_item_of_the_feed,
    no_change_is_lost_or_repeated_over_reconnections_under_eight_writers,
    a_filter_lets_only_its_kinds_through,
    another_tenants_changes_never_appear,
    a_stream_of_nobody_in_force_ends_before_its_next_event,
    what_is_no_place_in_the_feed_is_refused,
    a_head_without_a_body_tells_the_same,
}

const PATH: &str = "/api/changes/stream";

fn open(server: &Server, token: &str, query: &str) -> EventStream {
    let stream = EventStream::open(server, &format!("{PATH}{query}"), token, &[]);
    assert!(stream.head.starts_with("http/1.1 200 "), "{}", stream.head);
    stream
}

fn resume(server: &Server, token: &str, last: i64) -> EventStream {
    // A browser keeps the address that the stream began with.
    EventStream::open(server, &format!("{PATH}?after=0"), token, &[("Last-Event-ID", &last.to_string())])
}

/// The feed as the list tells it.
fn listed(server: &Server, token: &str, after: i64) -> Vec<Value> {
    let page = server
        .get(&format!("/api/changes?limit=1000&after={after}"))
        .bearer(token)
        .expect(200)
        .json();
    assert_eq!(page["hasMore"], false);
    page["items"].as_array().expect("items").clone()
}

fn end(server: &Server, token: &str) -> i64 {
    listed(server, token, 0)
        .last()
        .map_or(0, |change| change["seq"].as_i64().expect("a number"))
}

#[track_caller]
fn assert_tells(event: &Block, change: &Value) {
    assert_eq!(&event.data, change);
    assert_eq!(event.id, change["seq"].as_i64());
    let name = format!("{}.{}", change["entity"].as_str().unwrap(), change["kind"].as_str().unwrap());
    assert_eq!(event.event.as_deref(), Some(name.as_str()));
}

fn a_stream_begins_at_the_present_end(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    tenant.account("Before");
    let end = end(server, &token);
    let mut stream = open(server, &token, "");
    for header in [
        "content-type: text/event-stream",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "transfer-encoding: chunked",
    ] {
        assert!(stream.head.contains(header), "{header} in {}", stream.head);
    }
    assert!(!stream.head.contains("gzip"), "{}", stream.head);
    // Whoever is cut off before the first event knows where to go on.
    let first = stream.block().unwrap();
    assert_eq!((first.id, first.event), (Some(end), None));
    tenant.account("After");
    let event = stream.event().unwrap();
    assert_tells(&event, &listed(server, &token, end)[0]);
    assert_eq!(event.data["changes"]["name"], json!([null, "After"]));
}

fn an_event_is_an_item_of_the_feed(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let account = tenant.account("Acme\nwith \u{2028} a \"line\" 🚀");
    tenant.rename_account(account.id, "Acme");
    tenant.opportunity("Deal", Some(&account));
    tenant.remove_account(account.id);
    let mut stream = open(server, &token, "?after=0");
    let changes = listed(server, &token, 0);
    assert!(changes.len() >= 4);
    for change in &changes {
        assert_tells(&stream.event().unwrap(), change);
    }
    let names: Vec<_> = changes.iter().map(|change| (&change["entity"], &change["kind"])).collect();
    assert!(names.contains(&(&json!("deal"), &json!("created"))), "{names:?}");
    assert!(names.contains(&(&json!("company"), &json!("deleted"))), "{names:?}");
}

fn add(tenant: &TestTenant, names: Vec<String>) {
    let fields = |name: String| {
        let draft = AccountDraft {
            name: set(name),
            ..AccountDraft::default()
        };
        AccountFields::parse(draft, tenant.admin.id, Check::new()).unwrap()
    };
    let fields = names.into_iter().map(fields).collect();
    tenant.write(move |unit| account::create_many(unit, fields));
}

fn no_change_is_lost_or_repeated_over_reconnections_under_eight_writers(server: &Server) {
    const WRITERS: usize = 8;
    const UNITS: usize = 20;
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let start = end(server, &token);
    // A unit of a few records, so that a page now and then ends within one.
    let total = start + (WRITERS * UNITS * 3) as i64;
    let (seqs, connections) = thread::scope(|scope| {
        for writer in 0..WRITERS {
            let tenant = &tenant;
            scope.spawn(move || {
                for unit in 0..UNITS {
                    add(tenant, (0..3).map(|n| format!("{writer}/{unit}/{n}")).collect());
                }
            });
        }
        let (mut seqs, mut last, mut connections) = (Vec::new(), start, 0);
        while last < total {
            let mut stream = resume(server, &token, last);
            connections += 1;
            // Each connection is cut after other many events, in the middle of what was sent.
            for _ in 0..7 + 13 * (connections % 5) {
                if last == total {
                    break;
                }
                let event = stream.event().expect("a stream goes on");
                last = event.id.unwrap();
                seqs.push(last);
            }
        }
        (seqs, connections)
    });
    assert_eq!(seqs, (start + 1..=total).collect::<Vec<_>>());
    assert!(connections > 5);
}

fn a_filter_lets_only_its_kinds_through(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let mut stream = open(server, &token, "?entity=deal,lead");
    let account = tenant.account("Acme");
    // More than a page of what is not wanted.
    add(&tenant, (0..200).map(|n| format!("Acme {n}")).collect());
    tenant.lead_of(LeadDraft {
        last_name: set("Lovelace"),
        email: set("ada@example.com"),
        ..LeadDraft::default()
    });
    tenant.opportunity("Deal", Some(&account));
    let names: Vec<_> = (0..2).map(|_| stream.event().unwrap().event.unwrap()).collect();
    assert_eq!(names, ["lead.created", "deal.created"]);
    let answer = server.get(&format!("{PATH}?entity=account")).bearer(&token).send();
    let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
    assert_eq!(fields(&error), ["entity"]);
}

fn another_tenants_changes_never_appear(server: &Server) {
    let (ours, theirs) = (server.tenant("Ours"), server.tenant("Theirs"));
    let (token, other) = (ours.admin_token(), theirs.admin_token());
    let mut our_stream = open(server, &token, "");
    let mut their_stream = open(server, &other, "");
    for number in 0..20 {
        theirs.account(&format!("Secret {number}"));
    }
    ours.account("Own");
    let event = our_stream.event().unwrap();
    assert_eq!(event.data["changes"]["name"], json!([null, "Own"]));
    for number in 0..20 {
        let event = their_stream.event().unwrap();
        assert_eq!(event.data["changes"]["name"], json!([null, format!("Secret {number}")]));
    }
}

fn a_stream_of_nobody_in_force_ends_before_its_next_event(server: &Server) {
    let tenant = server.tenant("Acme");
    let user = tenant.user(Role::User);
    let token = tenant.login(&user).token;
    let mut stream = open(server, &token, "");
    tenant.account("Seen");
    assert!(stream.event().is_some());
    tenant.change_user(&user, |user| user.is_active = false);
    tenant.account("Not for them");
    assert_eq!(stream.event(), None);

    let token = tenant.admin_token();
    let mut stream = open(server, &token, "");
    server.post("/api/auth/logout").bearer(&token).expect(204);
    tenant.account("After the session");
    assert_eq!(stream.event(), None);

    let mut stream = open(server, &tenant.admin_token(), "");
    server.advance(Duration::from_secs(3_600));
    tenant.account("After the token");
    assert_eq!(stream.event(), None);
}

fn what_is_no_place_in_the_feed_is_refused(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let end = end(server, &token);
    let beyond = (end + 1).to_string();
    for bad in ["x", "-1", "1.5", "9223372036854775808", &beyond] {
        let answer = server.get(PATH).bearer(&token).header("Last-Event-ID", bad).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), ["Last-Event-ID"], "{bad}");
        let answer = server.get(&format!("{PATH}?after={bad}")).bearer(&token).send();
        let error = refusal(server, &answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&error), ["after"], "{bad}");
    }
    refusal(server, &server.get(PATH).send(), 401, "AUTH_FAILED");
}

fn a_head_without_a_body_tells_the_same(server: &Server) {
    let token = server.tenant("Acme").admin_token();
    let answer = server.request("HEAD", PATH).bearer(&token).expect(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.body.is_empty());
}

fn with_streams(backend: Backend, change: impl FnOnce(&mut crm_http::settings::ChangeStreamSettings)) -> Server {
    Server::with(backend, |settings| change(&mut settings.change_streams))
}

#[test]
fn a_quiet_stream_shows_life_and_ends_with_its_user() {
    let server = with_streams(Backend::Sqlite, |streams| streams.heartbeat_milliseconds = 10);
    let tenant = server.tenant("Acme");
    let user = tenant.user(Role::User);
    let mut stream = open(&server, &tenant.login(&user).token, "?entity=lead");
    let start = stream.block().unwrap().id.unwrap();
    let beat = stream.block().unwrap();
    assert_eq!((beat.comments.as_slice(), beat.id), (&["heartbeat".to_owned()][..], None));
    // What the filter leaves out need not be looked at again after a reconnection.
    tenant.account("Not wanted");
    let moved = std::iter::from_fn(|| stream.block()).find_map(|block| block.id);
    assert_eq!(moved, Some(start + 1));
    tenant.change_user(&user, |user| user.is_active = false);
    while stream.block().is_some() {}
}

#[test]
fn what_another_node_writes_is_seen() {
    for backend in Backend::ALL {
        let server = with_streams(backend, |streams| streams.poll_milliseconds = 10);
        let tenant = server.tenant("Acme");
        let mut stream = open(&server, &tenant.admin_token(), "");
        let other = server.another_node();
        let store = other.tenants().open(&tenant.tenant).unwrap();
        let draft = AccountDraft {
            name: set("From afar"),
            ..AccountDraft::default()
        };
        let fields = AccountFields::parse(draft, tenant.admin.id, Check::new()).unwrap();
        let origin = crm_domain::tenant::change::Origin {
            actor: crm_domain::tenant::change::Actor::System,
            family: "cli",
        };
        store
            .writing(origin, |unit| single::create_parsed::<account::Account>(unit, fields))
            .unwrap();
        assert_eq!(stream.event().unwrap().data["changes"]["name"], json!([null, "From afar"]));
    }
}

#[test]
fn a_tenant_has_as_many_streams_as_the_settings_allow() {
    // Nothing wakes them but the end of their connection.
    let server = with_streams(Backend::Sqlite, |streams| {
        streams.per_tenant = 2;
        streams.heartbeat_milliseconds = 10;
    });
    let (tenant, other) = (server.tenant("Acme"), server.tenant("Bolt"));
    let token = tenant.admin_token();
    let held: Vec<_> = (0..2).map(|_| open(&server, &token, "")).collect();
    let answer = server.get(PATH).bearer(&token).send();
    refusal(&server, &answer, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(answer.number("retry-after"), 10);
    open(&server, &other.admin_token(), "");
    drop(held);
    // The server notices when it next writes to them.
    while EventStream::open(&server, PATH, &token, &[]).head.starts_with("http/1.1 429") {
        thread::yield_now();
    }
}

#[test]
fn a_stop_ends_the_streams() {
    let server = Server::sqlite();
    let token = server.tenant("Acme").admin_token();
    let mut streams: Vec<_> = (0..3).map(|_| open(&server, &token, "")).collect();
    let stopping = thread::spawn(move || drop(server));
    for stream in &mut streams {
        // Up to its proper end: a connection that is cut off would be an error.
        while stream.block().is_some() {}
    }
    stopping.join().unwrap();
}
