//! Following the changes (contract ): whoever sends back `nextUpdatedSince` misses nothing.

use std::{collections::BTreeMap, time::Duration};

use crm_tests::{each_server, server::Server};
use serde_json::Value;

use super::Desk;

each_server! {
    a_poller_by_cursor_misses_no_change_made_between_its_pages,
    a_poller_by_offset_misses_no_change_made_between_its_pages,
    changes_of_concurrent_writers_are_all_delivered,
}

/// What a poller knows: the name of each account.
#[derive(Default)]
struct Copy {
    names: BTreeMap<String, String>,
    since: Option<String>,
}

impl Copy {
    /// One round over all pages; `between` is called after each.
    fn round(&mut self, desk: &Desk, by_cursor: bool, mut between: impl FnMut(usize)) {
        let since = self
            .since
            .as_ref()
            .map_or_else(String::new, |since| format!("&updatedSince={since}"));
        let mut next = String::new();
        let mut pages = 0;
        loop {
            let page = desk.get(&format!("/accounts?limit=3{since}{next}"));
            let pagination = &page["pagination"];
            if pages == 0 {
                self.since = pagination["nextUpdatedSince"].as_str().map(str::to_owned);
            } else if by_cursor {
                assert_eq!(
                    pagination["nextUpdatedSince"].as_str(),
                    self.since.as_deref(),
                    "it belongs to the whole walk"
                );
            }
            self.learn(&page);
            pages += 1;
            between(pages);
            if pagination["hasMore"] == false {
                return;
            }
            next = match pagination["nextCursor"].as_str() {
                Some(cursor) if by_cursor => format!("&cursor={cursor}"),
                _ => format!("&offset={}", pages * 3),
            };
        }
    }

    fn learn(&mut self, page: &Value) {
        for account in page["accounts"].as_array().unwrap() {
            let text = |member: &str| account[member].as_str().unwrap().to_owned();
            self.names.insert(text("id"), text("name"));
        }
    }
}

fn a_poller_by_cursor_misses_no_change_made_between_its_pages(server: &Server) {
    poll(server, true);
}

fn a_poller_by_offset_misses_no_change_made_between_its_pages(server: &Server) {
    poll(server, false);
}

/// Accounts are renamed and made after each page of each round, before and behind where the poller is; some of them within one microsecond
/// of the clock. A last round over nothing but what came meanwhile makes the copy whole.
fn poll(server: &Server, by_cursor: bool) {
    let desk = Desk::new(server);
    let accounts = desk.tenant.accounts((1..=10).map(|number| format!("Account {number}")));
    let mut copy = Copy::default();
    for round in 0..3 {
        copy.round(&desk, by_cursor, |page| {
            for account in [&accounts[0], &accounts[(page * 3) % 10], &accounts[9]] {
                desk.tenant
                    .rename_account(account.id, &format!("{} in round {round} after page {page}", account.id));
            }
            // Without end the list would never be walked to its end.
            if page < 3 {
                desk.tenant.account(&format!("Made in round {round} after page {page}"));
            }
            if page == 2 {
                server.advance(Duration::from_millis(7));
            }
        });
    }
    copy.round(&desk, by_cursor, |_| {});
    let mut all = Copy::default();
    all.round(&desk, true, |_| {});
    assert_eq!(copy.names, all.names);
    assert!(copy.names.len() > 10);
    let quiet = desk.get(&format!("/accounts?updatedSince={}", copy.since.unwrap()));
    assert_eq!(quiet["pagination"]["total"], 0, "nothing is delivered for ever");
}

/// Writers commit at once while a poller walks: whatever is committed is delivered in that round or a later one.
fn changes_of_concurrent_writers_are_all_delivered(server: &Server) {
    let desk = Desk::new(server);
    let accounts = desk.tenant.accounts((1..=8).map(|number| format!("Account {number}")));
    let mut copy = Copy::default();
    std::thread::scope(|scope| {
        for account in &accounts {
            let tenant = &desk.tenant;
            scope.spawn(move || {
                for version in 0..40 {
                    tenant.rename_account(account.id, &format!("version {version}"));
                }
            });
        }
        for _ in 0..20 {
            copy.round(&desk, true, |_| {});
        }
    });
    copy.round(&desk, true, |_| {});
    assert_eq!(copy.names.len(), 8);
    assert!(copy.names.values().all(|name| name == "version 39"), "{:?}", copy.names);
}

// a page by offset beyond the first cannot know what the first one saw, and says so.
#[test]
fn a_later_page_by_offset_repeats_the_requests_own_stamp() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    desk.accounts(3);
    let next = |query: &str| desk.get(&format!("/accounts?limit=1{query}"))["pagination"]["nextUpdatedSince"].clone();
    assert!(next("").is_string());
    assert!(next("&offset=1").is_null());
    assert_eq!(next("&offset=1&updatedSince=2025-01-01T00:00:00Z"), "2025-01-01T00:00:00.000000Z");
}

// before the first change there is a stamp too, from which nothing is missed.
#[test]
fn a_poller_may_start_on_an_empty_list() {
    let server = Server::sqlite();
    let desk = Desk::new(&server);
    let mut copy = Copy::default();
    copy.round(&desk, true, |_| {});
    assert!(copy.names.is_empty());
    desk.tenant.account("First of all");
    copy.round(&desk, true, |_| {});
    assert_eq!(copy.names["ACT-00001"], "First of all");
}
