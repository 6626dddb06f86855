//! The document's client classes and their usage (C-155 … C-158).

use crm_tests::{
    client::{Printed, Program},
    server::Server,
};
use serde_json::{Value, json};

use super::{super::text, EMAIL, PASSWORD, documented_user, filled, leads};

/// What is appended to an example prints the list that its client reads, then what a wrong password is answered, then an invalid email.
#[track_caller]
fn assert_printed(server: &Server, token: &str, printed: &Printed, wrong_password: &str, invalid_email: &str) {
    let listed = leads(server, token);
    let lines = printed.lines();
    let [created, list, refused, invalid] = lines[..] else {
        panic!("{printed:?}")
    };
    assert_eq!(listed["totalCount"], 1);
    let lead = &listed["items"][0];
    assert_eq!(created, format!("Lead created: {}", text(&lead["id"])));
    assert_eq!(lead["email"], "john@example.com");
    let mut list: Value = serde_json::from_str(list).unwrap();
    // PHP's arrays do not tell an empty object from an empty list.
    if list["items"][0]["customFields"] == json!([]) {
        list["items"][0]["customFields"] = json!({});
    }
    assert_eq!((&list["items"], &list["pageSize"]), (&listed["items"], &json!(20)));
    assert!(refused.starts_with(wrong_password), "{refused}");
    assert!(invalid.starts_with(invalid_email), "{invalid}");
}

// C-155, X-111
#[test]
fn the_typescript_client_creates_and_lists() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let text = format!(
        "{}
console.log(JSON.stringify(await client.getLeads()));
const told = (error: Error) => error.message;
console.log(await new CrmApiClient('https://api.yourdomain.com').login('{EMAIL}', 'wrong').catch(told));
console.log(await client.createLead({{ firstName: 'Jane', lastName: 'Doe', email: 'jane' }}).catch(told));
",
        include_str!("../snippets/api-client.ts")
    );
    let declarations = "interface CreateLeadRequest {
  firstName: string;
  lastName: string;
  email: string;
  phone?: string;
  company?: string;
  source?: string;
  status?: string;
}";
    let printed = Program::typescript(&filled(&text, &server), &filled(declarations, &server)).run();
    assert_printed(&server, &token, &printed, "Login failed", "Invalid email format");
}

// C-156
#[test]
fn the_python_client_creates_and_lists() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let text = format!(
        "{}
import json
print(json.dumps(client.get_leads(page=1, page_size=20)))
for attempt in (
    lambda: CrmApiClient('https://api.yourdomain.com').login('{EMAIL}', 'wrong'),
    lambda: client.create_lead({{'firstName': 'Jane', 'lastName': 'Doe', 'email': 'jane'}}),
):
    try:
        print(attempt())
    except requests.HTTPError as error:
        print(error, error.response.json()['error']['message'])
",
        include_str!("../snippets/crm_api_client.py")
    );
    let printed = Program::python(&filled(&text, &server)).run();
    assert_printed(&server, &token, &printed, "401 Client Error", "422 Client Error");
    assert!(printed.lines()[2].ends_with(" Invalid email or password"), "{printed:?}");
    assert!(printed.lines()[3].ends_with(" Invalid email format"), "{printed:?}");
}

// C-158, C-02: also its GET says that it holds JSON
#[test]
fn the_php_client_creates_and_lists() {
    let server = Server::sqlite();
    let token = documented_user(&server);
    let text = format!(
        "{}
echo json_encode($client->getLeads()), \"\\n\";
foreach ([
    fn() => (new CrmApiClient('https://api.yourdomain.com/'))->login('{EMAIL}', 'wrong'),
    fn() => $client->createLead(['firstName' => 'Jane', 'lastName' => 'Doe', 'email' => 'jane']),
] as $attempt) {{
    try {{
        var_dump($attempt());
    }} catch (Exception $error) {{
        echo $error->getMessage(), \"\\n\";
    }}
}}
",
        include_str!("../snippets/CrmApiClient.php")
    );
    let printed = Program::php(&filled(&text, &server)).run();
    assert_printed(&server, &token, &printed, "API error: HTTP 401 - {", "API error: HTTP 422 - {");
}

// C-157, C-44, X-92: the requests of the C# client. It writes the names of its classes' properties as they are, those that nobody set
// as null, and reads answers whatever the case of their names; only the login's anonymous class has names in lower case.
#[test]
fn the_csharp_clients_requests_bind() {
    let server = Server::sqlite();
    documented_user(&server);
    let post = |path: &str, token: Option<&str>, body: &str| {
        let request = server.post(path).header("content-type", "application/json; charset=utf-8");
        let request = token.into_iter().fold(request, |request, token| request.bearer(token));
        request.body(body).send()
    };
    let login = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    let login = post("/api/auth/login", None, &login).expect(200).json();
    let token = Some(text(&login["token"]));
    let body =
        r#"{"FirstName":"John","LastName":"Doe","Email":"john@example.com","Phone":null,"Company":null,"Source":"Website","Status":null}"#;
    let made = post("/api/leads", token, body).expect(201).json();
    let sent: Value = json!({ "firstName": "John", "email": "john@example.com", "phone": null });
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(made[name], *value, "{name}");
    }
    let list = server
        .get("/api/leads?page=1&pageSize=20")
        .bearer(text(&login["token"]))
        .expect(200)
        .json();
    assert_eq!(list["items"], json!([made]));
}
