//! What is known of companies, and putting contacts in order (contract D-221 … D-226, X-156).

use crm_domain::{
    field::{Check, Patch},
    tenant::{
        account::AccountDraft,
        contact::{Contact, ContactDraft},
    },
    usecase::single,
};
use crm_tests::{each_server, server::Server, tenant::set};
use serde_json::{Value, json};

use super::{Browser, contact::make, data, full, refusal, text};

each_server! {
    a_company_is_known_by_its_account_or_its_contacts,
    contacts_get_what_is_known_of_their_companies,
    full_names_are_put_right,
}

// D-221, D-222
fn a_company_is_known_by_its_account_or_its_contacts(server: &Server) {
    let tenant = server.tenant("Acme");
    let browser = Browser::of(server, &tenant.admin);
    let template = |name: &str| {
        browser
            .request("GET", &format!("/api/companies/{name}/template"))
            .expect(200)
            .json()
    };
    assert_eq!(template("Nobody"), json!({ "success": true, "template": null }));
    make(
        server,
        &full(&tenant),
        &json!({ "fullName": "Ada", "company": "Tech & Söhne", "industry": "Steel", "website": "https://ts.test" }),
    );
    let known = template("tech%20%26%20s%C3%B6hne");
    assert_eq!(
        (
            &known["template"]["company"],
            &known["template"]["industry"],
            &known["template"]["employees"]
        ),
        (&json!("Tech & Söhne"), &json!("Steel"), &Value::Null)
    );
    tenant.account_of(AccountDraft {
        name: set("Tech & Söhne"),
        industry: set("Machines"),
        ..AccountDraft::default()
    });
    assert_eq!(template("Tech%20&%20S%C3%B6hne")["template"]["industry"], "Machines");
    refusal(server, &server.get("/api/companies/Acme/template").send(), 401, "UNAUTHORIZED");
    // Family C's companies lie beside it.
    assert_eq!(
        server.get("/api/companies/template").bearer(&tenant.admin_token()).send().status,
        404
    );
}

// D-223, D-224
fn contacts_get_what_is_known_of_their_companies(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let browser = Browser::of(server, &tenant.admin);
    let lacking = make(server, &key, &json!({ "fullName": "Ada", "company": "Acme", "industry": "Own" }));
    make(server, &key, &json!({ "fullName": "Bob" }));
    make(
        server,
        &key,
        &json!({ "fullName": "Cleo", "company": "acme", "industry": "Steel", "employees": 120, "companyCity": "Graz", "technologies": ["Rust"] }),
    );
    let fill = || browser.request("POST", "/api/contacts/bulk-autofill").expect(200).json();
    assert_eq!(fill(), json!({ "success": true, "updated": 1 }));
    let shown = server
        .get(&format!("/api/v1/contacts/{}", text(&lacking["id"])))
        .bearer(&key)
        .expect(200);
    let filled = data(server, &shown)["contact"].clone();
    for (member, value) in [
        ("employees", json!(120)),
        ("employeeSizeBracket", json!("51-200")),
        ("companyCity", json!("Graz")),
        ("technologies", json!(["Rust"])),
        ("industry", json!("Own")),
        ("mobilePhone", Value::Null),
    ] {
        assert_eq!(filled[member], value, "{member}");
    }
    assert_eq!(fill()["updated"], 0);
    // a repeated request gets its answer again
    let once = |body: &str| {
        let request = browser
            .request("POST", "/api/contacts/bulk-autofill")
            .header("idempotency-key", "k1");
        request.body(body.to_owned()).expect(200).json()
    };
    assert_eq!(once("{}"), once("{}"));
}

// D-225, D-226
fn full_names_are_put_right(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = full(&tenant);
    let browser = Browser::of(server, &tenant.admin);
    let wrong = make(
        server,
        &key,
        &json!({ "fullName": "Somebody Else", "firstName": "Mary Ann", "lastName": "van Dyke" }),
    );
    let right = make(
        server,
        &key,
        &json!({ "fullName": "Dr. Jane A. Smith", "firstName": "Jane", "lastName": "Smith" }),
    );
    make(server, &key, &json!({ "email": "nameless@example.com" }));
    let fix = || browser.request("POST", "/api/fix-fullnames").expect(200).json();
    assert_eq!(fix(), json!({ "success": true, "updated": 1 }));
    let show = |contact: &Value| {
        let shown = server
            .get(&format!("/api/v1/contacts/{}", text(&contact["id"])))
            .bearer(&key)
            .expect(200);
        data(server, &shown)["contact"].clone()
    };
    let fixed = show(&wrong);
    assert_eq!(
        (&fixed["fullName"], &fixed["firstName"], &fixed["lastName"]),
        (&json!("Mary Ann van Dyke"), &json!("Mary Ann"), &json!("van Dyke"))
    );
    assert_eq!(show(&right), right);
    assert_eq!(fix()["updated"], 0);
    refusal(server, &server.post("/api/fix-fullnames").bearer(&key).send(), 401, "UNAUTHORIZED");
    // More than one slice.
    tenant.write(|unit| {
        for number in 0..1_100 {
            let draft = ContactDraft {
                first_name: set(format!("F{number}")),
                last_name: set("L"),
                full_name: Patch::Set(format!("wrong {number}")),
                ..ContactDraft::default()
            };
            let owner = unit.origin().actor.user().expect("a user");
            single::create::<Contact>(unit, draft, owner, Check::new())?;
        }
        Ok(())
    });
    assert_eq!(fix()["updated"], 1_100);
}
