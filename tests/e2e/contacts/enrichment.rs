//! Looking people up at the provider, for browsers (contract D-193 … D-202, X-153, X-154).

mod job;

use std::{
    thread,
    time::{Duration, Instant},
};

use crm_domain::{
    control::user::Role,
    field::{Check, Patch},
    tenant::contact::{Contact, ContactDraft},
    usecase::single,
};
use crm_tests::{
    database::Backend,
    http::Answer,
    process::Cli,
    provider::{Deed, Provider, person},
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{
    Browser, check_headers,
    contact::make,
    data, details, full,
    import::{contacts, import},
    keys, refusal, text,
};

macro_rules! each_backend_with_provider {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::contacts::enrichment::Desk::new(crm_tests::database::Backend::Sqlite));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::contacts::enrichment::Desk::new(crm_tests::database::Backend::Postgres));
            })+
        }
    };
}

use each_backend_with_provider;

each_backend_with_provider! {
    a_provider_that_is_configured_is_told,
    a_person_is_looked_up_and_nothing_written,
    a_contact_is_filled_where_it_is_blank,
    a_contacts_own_profile_is_used,
    nothing_is_pieced_together,
    a_contact_is_made_of_a_profile,
    nobody_is_looked_up_twice_or_for_nothing,
    what_the_provider_does_not_know_or_want_is_told,
    a_repeated_request_pays_once,
    an_import_looks_up_whom_it_makes,
}

/// A server and its provider.
pub struct Desk {
    // The server stops before its provider does.
    pub server: Server,
    pub provider: Provider,
}

impl Desk {
    pub fn new(backend: Backend) -> Self {
        let provider = Provider::start();
        let server = Server::with(backend, |settings| {
            settings.enrichment.provider_url = provider.url();
            settings.enrichment.api_key = "the-providers-key".into();
            settings.enrichment.allow_private_targets = true;
            settings.jobs.poll_milliseconds = 20;
        });
        Self { server, provider }
    }

    fn knows(&self, first: &str, last: &str) {
        self.provider.always(Deed::found(&person(first, last), 1));
    }
}

const ADA: &str = "https://linkedin.com/in/ada";

fn url(url: &str) -> Value {
    json!({ "linkedinUrl": url })
}

fn post(browser: &Browser<'_>, path: &str, body: &Value) -> Answer {
    browser.request("POST", path).json(body).send()
}

fn enrich(browser: &Browser<'_>, id: &Value, body: &Value) -> Answer {
    post(browser, &format!("/api/contacts/{}/enrich-linkedin", text(id)), body)
}

fn create(browser: &Browser<'_>, body: &Value) -> Answer {
    post(browser, "/api/enrichment/create-from-linkedin", body)
}

/// The types of a contact's activities, newest first.
fn activities(server: &Server, key: &str, query: &str) -> Vec<String> {
    let answer = server.get(&format!("/api/v1/activities?{query}")).bearer(key).expect(200);
    let listed = data(server, &answer);
    let of = |activity: &Value| text(&activity["activityType"]).to_owned();
    let types: Vec<String> = listed["activities"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(answer.json()["meta"]["totalItems"], types.len());
    types
}

// D-193, D-194
fn a_provider_that_is_configured_is_told(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let answer = browser.request("GET", "/api/enrichment/status").expect(200);
    assert_eq!(
        answer.json(),
        json!({ "configured": true, "provider": "proxycurl", "message": "LinkedIn enrichment is ready to use" })
    );
    check_headers(server, &answer);
    assert_eq!(desk.provider.asked(), 0);
    refusal(server, &server.get("/api/enrichment/status").send(), 401, "UNAUTHORIZED");
}

// D-193, D-194, X-153
#[test]
fn without_a_provider_nothing_is_invented() {
    let server = Server::sqlite();
    let tenant = server.tenant("Acme");
    let browser = Browser::of(&server, &tenant.admin);
    assert_eq!(
        browser.request("GET", "/api/enrichment/status").expect(200).json(),
        json!({ "configured": false, "provider": null, "message": "LinkedIn enrichment is not configured" })
    );
    let ada = make(&server, &full(&tenant), &json!({ "fullName": "Ada", "personLinkedIn": ADA }));
    for answer in [
        post(&browser, "/api/enrichment/search", &url(ADA)),
        create(&browser, &url("https://linkedin.com/in/other")),
        enrich(&browser, &ada["id"], &json!({})),
    ] {
        let error = refusal(&server, &answer, 400, "BAD_REQUEST");
        assert_eq!(error["message"], "LinkedIn enrichment is not configured");
    }
}

// D-195, D-196, D-197, D-198
fn a_person_is_looked_up_and_nothing_written(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let profile = json!({
        "full_name": "John Doe", "first_name": "John", "last_name": "Doe", "personal_emails": ["john@example.com"],
        "personal_numbers": ["+1-555-123-4567"], "experiences": [{ "title": "CEO", "company": "Acme Inc" }],
    });
    desk.provider.next([Deed::found(&profile, 1)]);
    let answer = post(&browser, "/api/enrichment/search", &url("https://linkedin.com/in/johndoe"));
    assert_eq!(
        answer.expect(200).json(),
        json!({
            "success": true,
            "data": {
                "fullName": "John Doe", "firstName": "John", "lastName": "Doe", "email": "john@example.com", "phone": "+1-555-123-4567",
                "title": "CEO", "company": "Acme Inc"
            },
            "creditsUsed": 1,
            "message": "Contact details found successfully"
        })
    );
    assert_eq!(tenant.read(|reader| reader.changes().last_seq()), 0);
    // What is not known is null, what it cost too.
    desk.provider
        .next([Deed::Answer(200, Vec::new(), br#"{"last_name":"Doe"}"#.to_vec())]);
    let answer = post(&browser, "/api/enrichment/search", &url("linkedin.com/in/johndoe"))
        .expect(200)
        .json();
    assert_eq!(
        (&answer["data"]["lastName"], &answer["data"]["email"]),
        (&json!("Doe"), &Value::Null)
    );
    assert_eq!((keys(&answer["data"]).len(), &answer["creditsUsed"]), (7, &Value::Null));
    // No address of a person's profile costs nothing.
    let asked = desk.provider.asked();
    for (body, code) in [
        (json!({}), "required"),
        (json!({ "linkedinUrl": null }), "required"),
        (json!({ "linkedinUrl": 7 }), "invalid_type"),
        (url(" "), "required"),
        (url("https://example.com/in/ada"), "custom"),
        (url("https://linkedin.com/company/acme"), "custom"),
        (url(&format!("https://linkedin.com/in/{}", "x".repeat(500))), "too_big"),
    ] {
        for path in ["/api/enrichment/search", "/api/enrichment/create-from-linkedin"] {
            let error = refusal(server, &post(&browser, path, &body), 400, "VALIDATION_ERROR");
            assert_eq!(details(&error), [("linkedinUrl", code)], "{body}");
        }
    }
    assert_eq!(desk.provider.asked(), asked);
}

// D-126, D-199, D-200, X-135, X-154
fn a_contact_is_filled_where_it_is_blank(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    desk.knows("Ada", "Lovelace");
    let ada = make(
        server,
        &key,
        &json!({ "firstName": "Ada", "city": "Paris", "mobilePhone": "+33 1" }),
    );
    let answer = enrich(&browser, &ada["id"], &url("http://de.linkedin.com/in/Ada/?trk=x")).expect(200);
    let body = answer.json();
    assert_eq!(keys(&body), ["contact", "creditsUsed", "message", "success"]);
    assert_eq!(
        (&body["success"], &body["creditsUsed"], &body["message"]),
        (&json!(true), &json!(1), &json!("Contact enriched successfully"))
    );
    let contact = &body["contact"];
    for (member, value) in [
        ("id", ada["id"].clone()),
        ("fullName", json!("Ada Lovelace")),
        ("lastName", json!("Lovelace")),
        ("email", json!("ada@example.com")),
        ("emailDomain", json!("example.com")),
        ("title", json!("Analyst")),
        ("company", json!("Engines Ltd")),
        ("companyLinkedIn", json!("https://www.linkedin.com/company/engines")),
        ("industry", json!("Computing")),
        ("personLinkedIn", json!("http://de.linkedin.com/in/Ada/?trk=x")),
        // What somebody wrote stays, and no place is pieced together of two.
        ("mobilePhone", json!("+33 1")),
        ("city", json!("Paris")),
        ("state", Value::Null),
        ("country", Value::Null),
    ] {
        assert_eq!(contact[member], value, "{member}");
    }
    assert!(text(&contact["leadScore"]) > text(&ada["leadScore"]));
    // What follows from the fields follows: the profile finds the contact.
    let found = server
        .get(&format!("/api/public/prospects?linkedinUrl={ADA}"))
        .key(&key)
        .expect(200)
        .json();
    assert_eq!((&found["count"], &found["prospects"][0]["id"]), (&json!(1), &ada["id"]));
    // The provider's doing is an activity of its own type.
    assert_eq!(activities(server, &key, "activityType=enriched"), ["enriched"]);
    assert_eq!(activities(server, &key, "activityType=updated"), [""; 0]);
    assert_eq!(
        activities(server, &key, &format!("contactId={}", text(&ada["id"]))),
        ["enriched", "created"]
    );
    let of_type = format!("contactId={}&activityType=updated", text(&ada["id"]));
    assert_eq!(activities(server, &key, &of_type), [""; 0]);
    // Asked again it tells nothing new, and that is no change.
    let seq = tenant.read(|reader| reader.changes().last_seq());
    let again = enrich(&browser, &ada["id"], &json!({})).expect(200).json();
    assert_eq!(&again["contact"], contact);
    assert_eq!(again["message"], "The profile tells nothing that the contact does not say");
    assert_eq!(tenant.read(|reader| reader.changes().last_seq()), seq);
}

// D-200, D-33
fn a_contacts_own_profile_is_used(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    desk.knows("Ada", "Lovelace");
    let ada = make(
        server,
        &key,
        &json!({ "fullName": "Ada Lovelace", "personLinkedIn": "linkedin.com/in/ADA" }),
    );
    let path = format!("/api/contacts/{}/enrich-linkedin", text(&ada["id"]));
    // No body at all is as good as an empty one.
    browser.request("POST", &path).expect(200);
    browser.request("POST", &path).json(&json!({ "linkedinUrl": null })).expect(200);
    for head in desk.provider.heads() {
        assert!(
            head.contains("linkedin_profile_url=https%3A%2F%2Fwww.linkedin.com%2Fin%2Fada "),
            "{head}"
        );
    }
    let asked = desk.provider.asked();
    // A contact without a profile, one whose address is no person's, and nobody.
    let without = make(server, &key, &json!({ "fullName": "Bob" }));
    let error = refusal(server, &enrich(&browser, &without["id"], &json!({})), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("linkedinUrl", "required")]);
    let company = make(
        server,
        &key,
        &json!({ "fullName": "Cleo", "personLinkedIn": "https://linkedin.com/company/x" }),
    );
    let error = refusal(server, &enrich(&browser, &company["id"], &json!({})), 400, "VALIDATION_ERROR");
    assert_eq!(details(&error), [("linkedinUrl", "custom")]);
    // Another contact's profile: they may be the same person, whom a merge makes one.
    refusal(server, &enrich(&browser, &without["id"], &url(ADA)), 409, "DUPLICATE_RESOURCE");
    for id in ["0190a5a0-0000-7000-8000-000000000000", "contact_1", "none"] {
        refusal(server, &enrich(&browser, &json!(id), &url("linkedin.com/in/x")), 404, "NOT_FOUND");
    }
    let other = server.tenant("Bolt");
    let stranger = Browser::of(server, &other.admin);
    refusal(server, &enrich(&stranger, &ada["id"], &json!({})), 404, "NOT_FOUND");
    assert_eq!(desk.provider.asked(), asked, "nothing of it was paid for");
}

// D-199
fn nothing_is_pieced_together(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    desk.knows("Ada", "Lovelace");
    // The email is another contact's, the job another job's.
    make(server, &key, &json!({ "fullName": "Somebody", "email": "ADA@example.com" }));
    let ada = make(
        server,
        &key,
        &json!({ "fullName": "Ada Lovelace", "company": "Old Ltd", "personLinkedIn": ADA }),
    );
    let filled = enrich(&browser, &ada["id"], &json!({})).expect(200).json()["contact"].clone();
    for (member, value) in [
        ("email", Value::Null),
        ("company", json!("Old Ltd")),
        ("title", Value::Null),
        ("companyLinkedIn", Value::Null),
        ("industry", Value::Null),
        ("city", json!("London")),
        ("mobilePhone", json!("+441234567890")),
    ] {
        assert_eq!(filled[member], value, "{member}");
    }
    // What no contact can hold does not keep the rest from it.
    let mut odd = person("Bob", "Babbage");
    odd["personal_emails"] = json!(["not an email"]);
    odd["city"] = json!("x".repeat(101));
    odd["industry"] = json!("\u{0}");
    desk.provider.always(Deed::found(&odd, 1));
    let bob = make(server, &key, &json!({ "fullName": "Bob Babbage" }));
    let filled = enrich(&browser, &bob["id"], &url("linkedin.com/in/bob")).expect(200).json()["contact"].clone();
    assert_eq!(
        (&filled["email"], &filled["city"], &filled["industry"], &filled["title"]),
        (&Value::Null, &Value::Null, &Value::Null, &json!("Analyst"))
    );
}

// D-201, D-202, X-154
fn a_contact_is_made_of_a_profile(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let (key, browser) = (full(&tenant), Browser::of(server, &tenant.admin));
    desk.knows("Ada", "Lovelace");
    // What is known of the company comes along, as with every new contact.
    make(
        server,
        &key,
        &json!({ "fullName": "Charles", "company": "engines ltd", "employees": 12 }),
    );
    let body = create(&browser, &url(ADA)).expect(201).json();
    assert_eq!(keys(&body), ["contact", "creditsUsed", "message", "success"]);
    assert_eq!(
        (&body["creditsUsed"], &body["message"]),
        (&json!(1), &json!("Contact created successfully"))
    );
    let contact = &body["contact"];
    for (member, value) in [
        ("fullName", json!("Ada Lovelace")),
        ("email", json!("ada@example.com")),
        ("mobilePhone", json!("+441234567890")),
        ("title", json!("Analyst")),
        ("company", json!("Engines Ltd")),
        ("country", json!("United Kingdom")),
        ("personLinkedIn", json!(ADA)),
        ("employees", json!(12)),
    ] {
        assert_eq!(contact[member], value, "{member}");
    }
    let of = format!("contactId={}", text(&contact["id"]));
    assert_eq!(activities(server, &key, &of), ["created"]);
    let id = text(&contact["id"]).parse().unwrap();
    let made: Contact = tenant.read(move |reader| Ok(reader.contacts().lookup_uuids(&[id])?.pop().expect("a contact")));
    assert_eq!((made.created_by, made.fields.owner_id), (Some(tenant.admin.id), tenant.admin.id));
    // A contact with the profile's email and no profile is that person.
    desk.knows("Bob", "Babbage");
    let bob = make(server, &key, &json!({ "fullName": "Bob", "email": "Bob@example.com" }));
    let body = create(&browser, &url("https://linkedin.com/in/bob")).expect(200).json();
    assert_eq!(
        (&body["contact"]["id"], &body["contact"]["lastName"], &body["message"]),
        (&bob["id"], &json!("Babbage"), &json!("Contact enriched successfully"))
    );
    assert_eq!(body["contact"]["personLinkedIn"], "https://linkedin.com/in/bob");
    assert_eq!(activities(server, &key, "activityType=enriched"), ["enriched"]);
    // One with another profile is somebody else, who keeps the email.
    desk.knows("Cleo", "C");
    make(
        server,
        &key,
        &json!({ "email": "cleo@example.com", "personLinkedIn": "https://linkedin.com/in/another-cleo" }),
    );
    let body = create(&browser, &url("https://linkedin.com/in/cleo")).expect(201).json();
    assert_eq!(
        (&body["contact"]["firstName"], &body["contact"]["email"]),
        (&json!("Cleo"), &Value::Null)
    );
}

// D-202, X-135
fn nobody_is_looked_up_twice_or_for_nothing(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    desk.knows("Ada", "Lovelace");
    create(&browser, &url(ADA)).expect(201);
    for spelling in [
        "http://linkedin.com/in/ada",
        "https://www.linkedin.com/in/ada",
        "https://www.linkedin.com/in/ada/",
        "HTTPS://WWW.LINKEDIN.COM/in/ADA",
        "https://www.linkedin.com:443/in/ada",
        "https://de.linkedin.com/in/ada",
        "https://m.linkedin.com/in/ada",
        "https://www.linkedin.com/mwlite/in/ada",
        "https://www.linkedin.com/in/ada/de",
        "https://www.linkedin.com/in/ada/details/skills/",
        "https://www.linkedin.com/in/ada?trk=people",
        "https://www.linkedin.com/in/ada/?originalSubdomain=uk#about",
        "https://www.linkedin.com//in//ada//",
        "https://www.linkedin.com./in/ada",
        "https://linkedin.com/in/%61da",
        "linkedin.com/in/ada",
        "www.linkedin.com/in/ada",
        "//linkedin.com/in/ada",
        "  linkedin.com/in/ada  ",
        "uk.linkedin.com/in/Ada/en",
    ] {
        let error = refusal(server, &create(&browser, &url(spelling)), 409, "DUPLICATE_RESOURCE");
        assert_eq!(error["message"], "A contact with this personLinkedIn already exists", "{spelling}");
    }
    assert_eq!(desk.provider.asked(), 1);
    // A field that every contact must have, which no profile tells.
    let field = json!({ "entity": "contacts", "key": "region", "label": "Region", "type": "text", "required": true });
    server
        .post("/api/custom-fields")
        .bearer(&tenant.admin_token())
        .json(&field)
        .expect(201);
    refusal(server, &create(&browser, &url("linkedin.com/in/new")), 400, "VALIDATION_ERROR");
    assert_eq!(desk.provider.asked(), 1);
}

// X-153
fn what_the_provider_does_not_know_or_want_is_told(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let ada = make(server, &full(&tenant), &json!({ "fullName": "Ada", "personLinkedIn": ADA }));
    let seq = tenant.read(|reader| reader.changes().last_seq());
    for (deed, status, code, wait) in [
        (Deed::status(404), 404, "NOT_FOUND", None),
        (Deed::status(401), 502, "INTERNAL_ERROR", None),
        (Deed::status(402), 502, "INTERNAL_ERROR", None),
        (Deed::status(302).with("location", "http://127.0.0.1/"), 502, "INTERNAL_ERROR", None),
        (Deed::Answer(200, Vec::new(), b"<html>".to_vec()), 502, "INTERNAL_ERROR", None),
        (Deed::Flood, 502, "INTERNAL_ERROR", None),
        (Deed::status(500), 503, "INTERNAL_ERROR", Some("30")),
        (Deed::status(503).with("retry-after", 7), 503, "INTERNAL_ERROR", Some("7")),
        (Deed::Truncate, 503, "INTERNAL_ERROR", Some("30")),
        (Deed::HangUp, 503, "INTERNAL_ERROR", Some("30")),
        // The last: it is let alone from then on.
        (Deed::status(429).with("retry-after", 120), 503, "INTERNAL_ERROR", Some("120")),
    ] {
        desk.provider.next([deed.clone()]);
        let answer = enrich(&browser, &ada["id"], &json!({}));
        let error = refusal(server, &answer, status, code);
        assert_eq!(answer.header("retry-after"), wait, "{deed:?}");
        assert!(!answer.text().contains("the-providers-key"), "{error}");
    }
    let asked = desk.provider.asked();
    refusal(server, &create(&browser, &url("linkedin.com/in/bob")), 503, "INTERNAL_ERROR");
    assert_eq!(desk.provider.asked(), asked);
    assert_eq!(tenant.read(|reader| reader.changes().last_seq()), seq, "nothing was written");
}

// X-109
fn a_repeated_request_pays_once(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    desk.knows("Ada", "Lovelace");
    let send = |path: &str, key: &str, body: &Value| browser.request("POST", path).header("idempotency-key", key).json(body).send();
    for (number, path) in ["/api/enrichment/search", "/api/enrichment/create-from-linkedin"]
        .into_iter()
        .enumerate()
    {
        let first = send(path, "k1", &url(ADA));
        let again = send(path, "k1", &url(ADA));
        assert_eq!((first.status, first.json()), (again.status, again.json()));
        assert_eq!(
            (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
            (None, Some("true"))
        );
        assert_eq!(desk.provider.asked(), number + 1);
        refusal(server, &send(path, "k1", &url("linkedin.com/in/other")), 422, "VALIDATION_ERROR");
    }
    // What failed may be sent again.
    let path = "/api/enrichment/search";
    desk.provider.next([Deed::status(500)]);
    refusal(server, &send(path, "k2", &url(ADA)), 503, "INTERNAL_ERROR");
    assert_eq!(send(path, "k2", &url(ADA)).status, 200);
    // While one is under way the other is not asked for.
    let asked = desk.provider.asked();
    desk.provider.next([Deed::found(&person("Ada", "Lovelace"), 1).held()]);
    thread::scope(|scope| {
        let first = scope.spawn(|| send(path, "k3", &url(ADA)).status);
        desk.provider.wait_for_held(1);
        refusal(server, &send(path, "k3", &url(ADA)), 409, "DUPLICATE_RESOURCE");
        desk.provider.release();
        assert_eq!(first.join().unwrap(), 200);
    });
    assert_eq!(desk.provider.asked(), asked + 1);
}

// D-199, D-201
#[test]
fn other_sites_pages_and_readers_cannot_spend_credits() {
    let desk = Desk::new(Backend::Sqlite);
    let server = &desk.server;
    let tenant: TestTenant<'_> = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.user(Role::User));
    for path in ["/api/enrichment/search", "/api/enrichment/create-from-linkedin"] {
        let request = browser.request("POST", path).header("sec-fetch-site", "cross-site").json(&url(ADA));
        refusal(server, &request.send(), 403, "FORBIDDEN");
        refusal(
            server,
            &server.post(path).bearer(&full(&tenant)).json(&url(ADA)).send(),
            401,
            "UNAUTHORIZED",
        );
    }
    assert_eq!(desk.provider.asked(), 0);
}

// D-126: the contact may be deleted while its profile is looked up.
#[test]
fn a_contact_that_is_gone_by_then_stays_gone() {
    let desk = Desk::new(Backend::Sqlite);
    let tenant = desk.server.tenant("Acme");
    let browser = Browser::of(&desk.server, &tenant.admin);
    let owner = tenant.admin.id;
    let draft = ContactDraft {
        full_name: set("Ada"),
        person_linkedin: Patch::Set(ADA.to_owned()),
        ..ContactDraft::default()
    };
    let ada: Contact = tenant.write(move |unit| single::create(unit, draft, owner, Check::new()));
    desk.provider.next([Deed::found(&person("Ada", "Lovelace"), 1).held()]);
    thread::scope(|scope| {
        let asking = scope.spawn(|| enrich(&browser, &json!(ada.uuid.to_string()), &json!({})));
        desk.provider.wait_for_held(1);
        tenant.write(move |unit| single::remove::<Contact>(unit, ada.id));
        desk.provider.release();
        refusal(&desk.server, &asking.join().unwrap(), 404, "NOT_FOUND");
    });
}

// The server as it is run: no proxy of its environment is asked, and its log, however much it tells, holds neither key nor profile.
#[test]
fn a_process_asks_the_provider_itself_and_keeps_its_key() {
    let (provider, proxy) = (Provider::start(), Provider::start());
    provider.always(Deed::found(&person("Ada", "Lovelace"), 1));
    let folder = tempfile::tempdir().unwrap();
    let proxy_url = format!("http://127.0.0.1:{}", proxy.port());
    let mut cli = Cli::new(env!("CARGO_BIN_EXE_crm-server-under-test"), folder.path())
        .env("CRM__ENRICHMENT__PROVIDER_URL", &provider.url())
        .env("CRM__ENRICHMENT__API_KEY", "the-providers-key")
        .env("CRM__ENRICHMENT__ALLOW_PRIVATE_TARGETS", "true")
        .env("CRM__LOG__FILTER", "trace");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        cli = cli.env(name, &proxy_url);
    }
    cli.json(&["init", "--email", "ada@acme.test", "--password", "correct horse"]);
    let server = cli.serve(&[]);
    let login = json!({ "email": "ada@acme.test", "password": "correct horse" });
    let cookie = super::cookie(&server.post("/api/login").json(&login).expect(200));
    let found = server.post("/api/enrichment/search").header("cookie", &cookie).json(&url(ADA));
    assert_eq!(found.expect(200).json()["data"]["fullName"], "Ada Lovelace");
    provider.always(Deed::HangUp);
    let refused = server.post("/api/enrichment/search").header("cookie", &cookie).json(&url(ADA));
    refused.expect(503);
    assert_eq!((provider.asked(), proxy.asked()), (2, 0));
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:#?}");
    let log = log.concat();
    assert!(log.contains("a lookup failed") && !log.contains("the-providers-key"), "{log}");
}

#[test]
fn settings_that_cannot_be_right_stop_the_server() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, problem) in [
        ("CRM__ENRICHMENT__API_KEY", "the-providers-key", "enrichment.provider_url is empty"),
        (
            "CRM__ENRICHMENT__PROVIDER_URL",
            "https://provider.example",
            "enrichment.api_key is empty",
        ),
    ] {
        let cli = Cli::new(env!("CARGO_BIN_EXE_crm-server-under-test"), folder.path());
        let said = cli.env(name, value).run(&["serve"]);
        assert!(!said.status.success() && said.error.contains(problem), "{said:?}");
        assert!(!said.error.contains("the-providers-key"), "{said:?}");
    }
}

// D-186
fn an_import_looks_up_whom_it_makes(desk: &Desk) {
    let server = &desk.server;
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    desk.knows("Ada", "Lovelace");
    let table = "Name,Person LinkedIn\nAda Lovelace,https://www.linkedin.com/in/ada\nBob,\n";
    let done = import(server, &browser, table, &json!({ "autoEnrich": true }));
    assert_eq!((&done["enrichmentJobs"], &done["warnings"]), (&json!(1), &json!([])));
    let begun = Instant::now();
    let looked_up = loop {
        let jobs = browser.request("GET", "/api/enrichment/jobs").expect(200).json()["jobs"].clone();
        assert_eq!(jobs.as_array().unwrap().len(), 1);
        if jobs[0]["status"] == "completed" {
            break jobs[0].clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{jobs}");
        thread::yield_now();
    };
    assert_eq!((&looked_up["result"], desk.provider.asked()), (&json!("enriched"), 1));
    let made = contacts(server, &tenant);
    assert_eq!((&made[0]["id"], &made[0]["title"]), (&looked_up["contactId"], &json!("Analyst")));
    // Whoever is there already is paid for no more.
    let done = import(server, &browser, table, &json!({ "autoEnrich": true, "updateExisting": true }));
    assert_eq!((&done["enrichmentJobs"], desk.provider.asked()), (&json!(0), 1));
}
