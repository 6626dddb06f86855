//! `GET /api/v1/external/accounts/:id` (contract A-36 … A-47).

use crm_tests::{each_server, server::Server};

use super::{BASE, Desk, assert_error, documented};

each_server! {
    the_detail_is_the_lists_element,
    a_deleted_account_is_gone,
}

// the bare object, no envelope
fn the_detail_is_the_lists_element(server: &Server) {
    let desk = documented(server);
    let detail = desk.get("/accounts/ACT-00001");
    assert_eq!(detail, desk.get("/accounts")["accounts"][0]);
    assert_eq!(detail["id"], "ACT-00001");
    assert_eq!(detail.as_object().unwrap().len(), 18);
}

//
fn a_deleted_account_is_gone(server: &Server) {
    let desk = Desk::new(server);
    let account = desk.tenant.account("Short lived");
    desk.get("/accounts/ACT-00001");
    desk.tenant.remove_account(account.id);
    let answer = desk.ask("/accounts/ACT-00001");
    assert_error(&answer, 404, "Account not found", "No account found with ID: ACT-00001");
    assert_eq!(desk.get("/accounts")["pagination"]["total"], 0);
}

// every other spelling names no account, and is given back as it was asked for.
#[test]
fn ids_in_any_other_form_name_nothing() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for (asked, told) in [
        ("ACT-00002", "ACT-00002"),
        ("ACT-1", "ACT-1"),
        ("ACT-0001", "ACT-0001"),
        ("ACT-000001", "ACT-000001"),
        ("act-00001", "act-00001"),
        ("Act-00001", "Act-00001"),
        ("1", "1"),
        ("00001", "00001"),
        ("ACT-", "ACT-"),
        ("ACT--0001", "ACT--0001"),
        ("ACT-+0001", "ACT-+0001"),
        ("ACT-0x001", "ACT-0x001"),
        ("ACT-00001.0", "ACT-00001.0"),
        ("ACT-99999999999999999999", "ACT-99999999999999999999"),
        ("ACT-9223372036854775807", "ACT-9223372036854775807"),
        ("ACT-9223372036854775808", "ACT-9223372036854775808"),
        ("ACT-00001%00", "ACT-00001\0"),
        ("ACT-00001%20", "ACT-00001 "),
        ("%20ACT-00001", " ACT-00001"),
        ("ACT-00001%0A", "ACT-00001\n"),
        ("ACT-00001%22%7D", "ACT-00001\"}"),
        ("ACT-00001;DROP%20TABLE%20account", "ACT-00001;DROP TABLE account"),
        ("ACT-0000%D9%A1", "ACT-0000\u{661}"),
        ("%E2%82%AC", "€"),
        ("OPP-00001", "OPP-00001"),
        ("undefined", "undefined"),
    ] {
        let answer = desk.ask(&format!("/accounts/{asked}"));
        assert_error(&answer, 404, "Account not found", &format!("No account found with ID: {told}"));
    }
    // Percent-encoding is not another spelling.
    assert_eq!(desk.get("/accounts/%41CT-0000%31")["id"], "ACT-00001");
}

// nothing outside the API is reached, and the answer is A's.
#[test]
fn paths_lead_nowhere_else() {
    let server = Server::sqlite();
    let desk = documented(&server);
    for target in [
        "/accounts/..%2f..%2f..%2fetc%2fpasswd",
        "/accounts/%2e%2e/%2e%2e/etc/passwd",
        "/accounts/../../../etc/passwd",
        "/accounts/ACT-00001/..",
        "/accounts/ACT-00001/opportunities",
        "/accounts/ACT-00001/",
        "/accounts/",
        "/accounts//ACT-00001",
        "/accounts/ACT-00001%2fopportunities",
        "/accounts/%FF%FE",
        "/accounts/ACT-00001%",
        "/accounts/ACT-00001%ZZ",
    ] {
        let answer = server.raw_get(&format!("{BASE}{target}"), &[("x-api-key", &desk.key.text)]);
        assert!([400, 404].contains(&answer.status), "{answer:?}");
        let body = answer.json();
        let told = |member: &str| body[member].as_str().is_some_and(|text| !text.is_empty());
        assert!(
            told("error") && told("message") && body.as_object().unwrap().len() == 2,
            "{answer:?}"
        );
        assert!(!answer.text().contains("root:"), "{answer:?}");
    }
}

// five digits are the least, not the most.
#[test]
fn ids_grow_beyond_five_digits() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let answer = desk.ask("/accounts/ACT-123456");
    assert_error(&answer, 404, "Account not found", "No account found with ID: ACT-123456");
}
