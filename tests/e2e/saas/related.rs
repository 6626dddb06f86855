//! Lists of the records related to another (contract C-36, C-131 … C-137).

use crm_domain::tenant::{contact::ContactDraft, lead::LeadDraft, ticket};
use crm_domain::usecase::single;
use crm_domain::{field::Check, tenant::ticket::TicketDraft};
use crm_tests::{
    each_server,
    server::Server,
    tenant::{TestTenant, set},
};
use serde_json::{Value, json};

use super::{create, fields, ids, page::get, refusal, text};

each_server! {
    each_record_lists_what_is_related_to_it,
    a_related_list_is_a_list,
    there_is_no_list_of_what_is_not_there,
}

/// The ids of one record of each kind that others can be related to.
pub struct Records {
    /// A company.
    pub company: Value,
    /// A contact.
    pub contact: Value,
    /// A lead.
    pub lead: Value,
    /// A deal.
    pub deal: Value,
    /// A ticket.
    pub ticket: Value,
}

impl Records {
    /// Makes them.
    pub fn of(server: &Server, tenant: &TestTenant<'_>, token: &str) -> Self {
        let made = |path: &str| create(server, token, path, &json!({ "name": "About" }))["id"].clone();
        let contact = tenant.contact_of(ContactDraft {
            last_name: set("About"),
            ..ContactDraft::default()
        });
        let lead = tenant.lead_of(LeadDraft {
            last_name: set("About"),
            ..LeadDraft::default()
        });
        let owner = tenant.admin.id;
        let draft = TicketDraft {
            subject: set("About"),
            ..TicketDraft::default()
        };
        let ticket = tenant.write(move |unit| single::create::<ticket::Ticket>(unit, draft, owner, Check::new()));
        Self {
            company: made("/api/companies"),
            contact: json!(format!("contact_{}", contact.id)),
            lead: json!(format!("lead_{}", lead.id)),
            deal: made("/api/deals"),
            ticket: json!(format!("ticket_{}", ticket.id)),
        }
    }

    /// Path, field and id of each.
    fn all(&self) -> [(&'static str, &'static str, &Value); 5] {
        [
            ("companies", "companyId", &self.company),
            ("contacts", "contactId", &self.contact),
            ("leads", "leadId", &self.lead),
            ("deals", "dealId", &self.deal),
            ("tickets", "ticketId", &self.ticket),
        ]
    }
}

/// Which lists there are: what is listed, what a new one of it needs, and of what.
fn lists() -> [(&'static str, Value, &'static [&'static str]); 4] {
    [
        (
            "tasks",
            json!({ "title": "x" }),
            &["companies", "contacts", "leads", "deals", "tickets"],
        ),
        (
            "activities",
            json!({ "type": "call", "subject": "x" }),
            &["companies", "contacts", "leads", "deals"],
        ),
        ("deals", json!({ "name": "x" }), &["companies", "contacts"]),
        ("tickets", json!({ "subject": "x" }), &["companies", "contacts"]),
    ]
}

fn each_record_lists_what_is_related_to_it(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let (ours, others) = (Records::of(server, &tenant, &token), Records::of(server, &tenant, &token));
    for (listed, body, wholes) in lists() {
        let related = |records: &Records, whole: &str| {
            let (_, field, id) = records.all().into_iter().find(|(path, ..)| *path == whole).unwrap();
            let mut body = body.clone();
            body[field] = id.clone();
            (create(server, &token, &format!("/api/{listed}"), &body), id.clone())
        };
        for whole in wholes {
            let (theirs, _) = related(&others, whole);
            let (first, id) = related(&ours, whole);
            let (second, _) = related(&ours, whole);
            let path = format!("/api/{whole}/{}/{listed}", text(&id));
            let page = get(server, &token, &path);
            assert_eq!(page["items"], json!([first, second]), "{path}");
            assert_eq!(page["totalCount"], 2);
            assert!(!ids(&page).contains(&text(&theirs["id"])));
            let item = format!("/api/{listed}/{}", text(&first["id"]));
            server.delete(&item).bearer(&token).expect(204);
            assert_eq!(get(server, &token, &path)["items"], json!([second]), "{path}");
            assert_eq!(get(server, &token, &format!("{path}?deleted=true"))["items"][0]["id"], first["id"]);
        }
    }
}

// C-131 … C-137
fn a_related_list_is_a_list(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let companies = ["One", "Two"].map(|name| create(server, &token, "/api/companies", &json!({ "name": name }))["id"].clone());
    for number in 0..7 {
        let body = json!({
            "title": format!("Task {}", 9 - number), "companyId": companies[number % 2], "dueAt": "2025-01-01T00:00:00Z",
            "status": (["Open", "Completed"][usize::from(number == 4)]),
        });
        create(server, &token, "/api/tasks", &body);
    }
    let path = format!("/api/companies/{}/tasks", text(&companies[0]));
    let first = get(server, &token, &format!("{path}?sortBy=title&pageSize=3"));
    assert_eq!(ids(&first), ["task_7", "task_5", "task_3"]);
    assert_eq!((&first["totalCount"], &first["totalPages"]), (&json!(4), &json!(2)));
    let cursor = text(&first["nextCursor"]);
    let rest = get(server, &token, &format!("{path}?sortBy=title&pageSize=3&cursor={cursor}"));
    assert_eq!(ids(&rest), ["task_1"]);
    assert_eq!(
        ids(&get(server, &token, &format!("{path}?overdue=true&search=task"))),
        ["task_1", "task_3", "task_7"]
    );
    assert_eq!(
        get(server, &token, &format!("{path}?filter[status]=Completed&fields=title"))["items"],
        json!([{ "id": "task_5", "title": "Task 5" }])
    );
    // A cursor is bound to its list.
    for strange in [format!("/api/companies/{}/tasks", text(&companies[1])), "/api/tasks".to_owned()] {
        let answer = server
            .get(&format!("{strange}?sortBy=title&pageSize=3&cursor={cursor}"))
            .bearer(&token)
            .send();
        assert_eq!(fields(&refusal(server, &answer, 400, "VALIDATION_ERROR")), ["cursor"]);
    }
}

// C-36
fn there_is_no_list_of_what_is_not_there(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let company = create(server, &token, "/api/companies", &json!({ "name": "Gone" }));
    let item = format!("/api/companies/{}", text(&company["id"]));
    server.get(&format!("{item}/tasks")).bearer(&token).expect(200);
    server.delete(&item).bearer(&token).expect(204);
    for (path, noun) in [
        (format!("{item}/tasks"), "Company"),
        (format!("{item}/deals?page=2"), "Company"),
        ("/api/contacts/contact_7/activities".to_owned(), "Contact"),
        ("/api/leads/lead_7/tasks".to_owned(), "Lead"),
        ("/api/deals/company_1/tasks".to_owned(), "Deal"),
        ("/api/tickets/ticket_01/tasks".to_owned(), "Ticket"),
    ] {
        let error = refusal(server, &server.get(&path).bearer(&token).send(), 404, "NOT_FOUND");
        assert_eq!(error["message"], format!("{noun} not found"), "{path}");
    }
}
