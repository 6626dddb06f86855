//! A contact's company and its account are one and the same (contract X-12): families C and D never show two.

use crm_tests::{each_server, server::Server, tenant::TestTenant};
use serde_json::{Value, json};

use super::{
    Browser,
    contact::make,
    data, full,
    import::{contacts, import},
    text,
};

each_server! {
    a_new_contact_belongs_to_the_account_of_its_company,
    many_new_contacts_belong_to_their_accounts,
    a_domain_tells_where_a_contact_works_that_does_not_say,
    who_changes_the_company_changes_the_account,
    who_changes_the_account_changes_the_company,
    a_renamed_account_is_renamed_everywhere,
    what_an_account_goes_through_its_contacts_go_through,
    a_merged_contact_keeps_its_own_company,
    imported_contacts_belong_to_accounts,
    autofill_finds_the_accounts_that_came_later,
}

/// A tenant with family C's and family D's credentials.
struct World<'a> {
    server: &'a Server,
    tenant: TestTenant<'a>,
    key: String,
    token: String,
}

impl<'a> World<'a> {
    fn new(server: &'a Server) -> Self {
        let tenant = server.tenant("Acme");
        let (key, token) = (full(&tenant), tenant.admin_token());
        Self {
            server,
            tenant,
            key,
            token,
        }
    }

    fn company(&self, body: &Value) -> String {
        let made = self.server.post("/api/companies").bearer(&self.token).json(body).expect(201).json();
        text(&made["id"]).to_owned()
    }

    fn named(&self, name: &str) -> String {
        self.company(&json!({ "name": name }))
    }

    fn make(&self, body: &Value) -> Value {
        make(self.server, &self.key, body)
    }

    fn patch(&self, contact: &Value, body: &Value) {
        let path = format!("/api/v1/contacts/{}", text(&contact["id"]));
        self.server.patch(&path).bearer(&self.key).json(body).expect(200);
    }

    /// Family C's contact with this name.
    fn of_c(&self, name: &str) -> Value {
        let found = self.server.get("/api/contacts?limit=100").bearer(&self.token).expect(200).json();
        let items = found["items"].as_array().unwrap();
        items.iter().find(|item| item["firstName"] == name).expect("a contact").clone()
    }

    /// The company's name in families C and D, and its id.
    #[track_caller]
    fn shown(&self, name: &str) -> (Option<String>, Option<String>) {
        let of_c = self.of_c(name);
        let all = self.server.get("/api/v1/contacts?pageSize=100").bearer(&self.key).expect(200);
        let all = data(self.server, &all);
        let of_d = all["contacts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|contact| contact["firstName"] == name);
        assert_eq!(of_c["company"], of_d.expect("a contact")["company"], "{name}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (text(&of_c["company"]), text(&of_c["companyId"]))
    }

    #[track_caller]
    fn assert_at(&self, name: &str, company: &str, id: Option<&str>) {
        let company = Some(company.to_owned()).filter(|company| !company.is_empty());
        assert_eq!(self.shown(name), (company, id.map(str::to_owned)), "{name}");
    }
}

fn a_new_contact_belongs_to_the_account_of_its_company(server: &Server) {
    let world = World::new(server);
    let acme = world.named("Acme GmbH");
    world.named("acme gmbh");
    let made = world.make(&json!({ "firstName": "Ada", "company": " ACME gmbh " }));
    assert_eq!(made["company"], "Acme GmbH");
    world.assert_at("Ada", "Acme GmbH", Some(&acme));
    assert_eq!(world.make(&json!({ "firstName": "Bob", "company": "Other" }))["company"], "Other");
    world.assert_at("Bob", "Other", None);
    // Family C names the account, or the company.
    let of_c = |body: Value| server.post("/api/contacts").bearer(&world.token).json(&body).expect(201).json();
    assert_eq!(of_c(json!({ "firstName": "Cleo", "companyId": acme }))["company"], "Acme GmbH");
    assert_eq!(of_c(json!({ "firstName": "Dora", "company": "acme GMBH" }))["companyId"], *acme);
    world.assert_at("Cleo", "Acme GmbH", Some(&acme));
    let both = of_c(json!({ "firstName": "Eve", "company": "Elsewhere", "companyId": acme }));
    assert_eq!((&both["company"], &both["companyId"]), (&json!("Acme GmbH"), &json!(acme)));
}

fn many_new_contacts_belong_to_their_accounts(server: &Server) {
    let world = World::new(server);
    let (acme, bolt) = (world.named("Acme"), world.named("Bolt"));
    let sent = json!({ "contacts": [
        { "firstName": "Ada", "company": "ACME" }, { "firstName": "Bob", "company": "bolt" }, { "firstName": "Cleo", "company": "Other" },
        { "firstName": "Dora", "email": "nobody" }, { "firstName": "Eve" },
    ] });
    let answer = server.post("/api/v1/contacts/bulk").bearer(&world.key).json(&sent).expect(200);
    assert_eq!(data(server, &answer)["summary"]["created"], 4);
    for (name, company, id) in [
        ("Ada", "Acme", Some(&acme)),
        ("Bob", "Bolt", Some(&bolt)),
        ("Cleo", "Other", None),
        ("Eve", "", None),
    ] {
        world.assert_at(name, company, id.map(String::as_str));
    }
    let ids = server
        .get("/api/v1/contacts?pageSize=100&sortBy=createdAt&sortOrder=asc")
        .bearer(&world.key)
        .expect(200);
    let ids = data(server, &ids)["contacts"].clone();
    let changes = json!({ "contacts": [
        { "id": ids[0]["id"], "updates": { "company": "Bolt" } }, { "id": ids[1]["id"], "updates": { "company": null } },
        { "id": ids[2]["id"], "updates": { "title": "CEO" } },
    ] });
    server.patch("/api/v1/contacts/bulk").bearer(&world.key).json(&changes).expect(200);
    world.assert_at("Ada", "Bolt", Some(&bolt));
    world.assert_at("Bob", "", None);
    world.assert_at("Cleo", "Other", None);
}

fn a_domain_tells_where_a_contact_works_that_does_not_say(server: &Server) {
    let world = World::new(server);
    let acme = world.company(&json!({ "name": "Acme", "website": "https://www.acme.test/de" }));
    let bolt = world.company(&json!({ "name": "Bolt", "email": "info@bolt.test" }));
    world.company(&json!({ "name": "One person", "email": "one@gmail.com" }));
    for (name, body, company, id) in [
        ("Ada", json!({ "email": "ada@ACME.test" }), "Acme", Some(&acme)),
        ("Bob", json!({ "website": "bolt.test/team" }), "Bolt", Some(&bolt)),
        ("Cleo", json!({ "email": "cleo@gmail.com" }), "", None),
        // What is said counts.
        ("Dora", json!({ "email": "dora@acme.test", "company": "Own" }), "Own", None),
        ("Eve", json!({ "email": "eve@acme.test", "company": "bolt" }), "Bolt", Some(&bolt)),
    ] {
        let mut body = body;
        body["firstName"] = json!(name);
        world.make(&body);
        world.assert_at(name, company, id.map(String::as_str));
    }
    // Family C takes what it is given.
    let of_c = json!({ "firstName": "Finn", "email": "finn@acme.test" });
    let made = server.post("/api/contacts").bearer(&world.token).json(&of_c).expect(201).json();
    assert_eq!(made["companyId"], Value::Null);
}

fn who_changes_the_company_changes_the_account(server: &Server) {
    let world = World::new(server);
    let (acme, bolt) = (world.named("Acme"), world.named("Bolt"));
    let ada = world.make(&json!({ "firstName": "Ada", "company": "Acme" }));
    for (body, company, id) in [
        (json!({ "company": "bolt" }), "Bolt", Some(&bolt)),
        (json!({ "company": "BOLT" }), "Bolt", Some(&bolt)),
        (json!({ "title": "CEO" }), "Bolt", Some(&bolt)),
        (json!({ "company": "Third" }), "Third", None),
        (json!({ "company": "Acme" }), "Acme", Some(&acme)),
        (json!({ "company": "" }), "", None),
    ] {
        world.patch(&ada, &body);
        world.assert_at("Ada", company, id.map(String::as_str));
    }
}

fn who_changes_the_account_changes_the_company(server: &Server) {
    let world = World::new(server);
    let (acme, bolt) = (world.named("Acme"), world.named("Bolt"));
    world.make(&json!({ "firstName": "Ada", "company": "Third" }));
    for (body, company, id) in [
        (json!({ "companyId": acme }), "Acme", Some(&acme)),
        (json!({ "companyId": bolt, "company": "Acme" }), "Bolt", Some(&bolt)),
        (json!({ "companyId": bolt, "company": "Acme" }), "Acme", Some(&acme)),
        (json!({ "companyId": null }), "", None),
        (json!({ "companyId": null, "company": "Free" }), "Free", None),
    ] {
        let path = format!("/api/contacts/{}", text(&world.of_c("Ada")["id"]));
        server.put(&path).bearer(&world.token).json(&body).expect(200);
        world.assert_at("Ada", company, id.map(String::as_str));
    }
}

fn a_renamed_account_is_renamed_everywhere(server: &Server) {
    let world = World::new(server);
    let acme = world.named("Acme");
    world.make(&json!({ "firstName": "Ada", "company": "Acme" }));
    let gone = world.make(&json!({ "firstName": "Bob", "company": "Acme" }));
    let path = |contact: &Value| format!("/api/v1/contacts/{}", text(&contact["id"]));
    server.delete(&path(&gone)).bearer(&world.key).expect(200);
    let rename = server.put(&format!("/api/companies/{acme}")).bearer(&world.token);
    rename.json(&json!({ "name": "Zenith" })).expect(200);
    world.assert_at("Ada", "Zenith", Some(&acme));
    let found = |query: &str| {
        let answer = server.get(&format!("/api/v1/contacts?{query}")).bearer(&world.key).expect(200);
        data(server, &answer)["contacts"].as_array().unwrap().len()
    };
    assert_eq!((found("search=zenith"), found("search=acme")), (1, 0));
    // Its change stands in the feed.
    let history = server.get(&format!("/api/contacts/{}/changes", text(&world.of_c("Ada")["id"])));
    let history = history.bearer(&world.token).expect(200).json();
    assert_eq!(history["items"][0]["changes"], json!({ "company": ["Acme", "Zenith"] }));
    server.post(&format!("{}/restore", path(&gone))).bearer(&world.key).expect(200);
    world.assert_at("Bob", "Zenith", Some(&acme));
}

fn what_an_account_goes_through_its_contacts_go_through(server: &Server) {
    let world = World::new(server);
    let (acme, bolt) = (world.named("Acme"), world.named("Bolt"));
    world.make(&json!({ "firstName": "Ada", "company": "Acme" }));
    let company = format!("/api/companies/{acme}");
    server.delete(&company).bearer(&world.token).expect(204);
    world.assert_at("Ada", "Acme", None);
    server.post(&format!("{company}/restore")).bearer(&world.token).expect(200);
    world.assert_at("Ada", "Acme", Some(&acme));
    let merge = server.post(&format!("/api/companies/{bolt}/merge")).bearer(&world.token);
    let merge = merge.json(&json!({ "ids": [acme] })).expect(200).json();
    world.assert_at("Ada", "Bolt", Some(&bolt));
    let merge = text(&merge["mergeId"]).to_owned();
    server.post(&format!("/api/merges/{merge}/undo")).bearer(&world.token).expect(200);
    world.assert_at("Ada", "Acme", Some(&acme));
}

fn a_merged_contact_keeps_its_own_company(server: &Server) {
    let world = World::new(server);
    let acme = world.named("Acme");
    for (name, company) in [("Ada", "Own"), ("Bob", "Acme"), ("Cleo", "")] {
        world.make(&json!({ "firstName": name, "company": company }));
    }
    let merge = |into: &str, from: &str| {
        let (into, from) = (world.of_c(into), world.of_c(from));
        let request = server
            .post(&format!("/api/contacts/{}/merge", text(&into["id"])))
            .bearer(&world.token);
        text(&request.json(&json!({ "ids": [from["id"]] })).expect(200).json()["mergeId"]).to_owned()
    };
    let merged = merge("Ada", "Bob");
    world.assert_at("Ada", "Own", None);
    server.post(&format!("/api/merges/{merged}/undo")).bearer(&world.token).expect(200);
    world.assert_at("Bob", "Acme", Some(&acme));
    let merged = merge("Cleo", "Bob");
    world.assert_at("Cleo", "Acme", Some(&acme));
    server.post(&format!("/api/merges/{merged}/undo")).bearer(&world.token).expect(200);
    world.assert_at("Cleo", "", None);
}

fn imported_contacts_belong_to_accounts(server: &Server) {
    let world = World::new(server);
    let browser = Browser::of(server, &world.tenant.admin);
    let acme = world.company(&json!({ "name": "Acme", "website": "acme.test" }));
    let table = "First Name,Email,Company\nAda,ada@x.test,ACME\nBob,bob@acme.test,\nCleo,cleo@x.test,Other\n";
    let done = import(server, &browser, table, &json!({}));
    assert_eq!(done["createdRows"], 3, "{done}");
    for (name, company, id) in [("Ada", "Acme", Some(&acme)), ("Bob", "Acme", Some(&acme)), ("Cleo", "Other", None)] {
        world.assert_at(name, company, id.map(String::as_str));
    }
    // The same again says nothing new; another company takes the link along.
    let done = import(server, &browser, table, &json!({ "updateExisting": true }));
    assert_eq!((&done["updatedRows"], &done["skippedRows"]), (&json!(0), &json!(3)), "{done}");
    import(
        server,
        &browser,
        "Email,Company\nada@x.test,Third\n",
        &json!({ "updateExisting": true }),
    );
    world.assert_at("Ada", "Third", None);
    assert_eq!(contacts(server, &world.tenant).len(), 3);
}

fn autofill_finds_the_accounts_that_came_later(server: &Server) {
    let world = World::new(server);
    world.make(&json!({ "firstName": "Ada", "company": "acme" }));
    let acme = world.company(&json!({ "name": "Acme", "industry": "Steel" }));
    world.assert_at("Ada", "acme", None);
    let browser = Browser::of(server, &world.tenant.admin);
    let fill = || browser.request("POST", "/api/contacts/bulk-autofill").expect(200).json()["updated"].clone();
    assert_eq!((fill(), fill()), (json!(1), json!(0)));
    world.assert_at("Ada", "Acme", Some(&acme));
}
