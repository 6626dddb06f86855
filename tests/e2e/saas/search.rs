//! Searches: what they find, and that nothing in them is a command (contract C-65, C-72).

use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{create, ids, page::get};

each_server! {
    a_search_finds_what_it_says,
}

const PATHS: [&str; 2] = ["/api/companies", "/api/deals"];

fn a_search_finds_what_it_says(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    for (name, city) in [
        ("Straßenbau GmbH", "Łódź"),
        ("100% Cotton_Works", "Ab"),
        ("ΟΔΟΣ Industries", "x"),
        ("株式会社エイ", "東京"),
        ("O'Neill \"and\" Sons\\Partners", "NEAR (cotton) OR*"),
    ] {
        create(server, &token, PATHS[0], &json!({ "name": name, "city": city }));
        create(server, &token, PATHS[1], &json!({ "name": name, "leadSource": city }));
    }
    let found = |path: &str, term: &str| {
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let page = get(server, &token, &format!("{path}?search={term}"));
        assert_eq!(page["totalCount"], ids(&page).len());
        ids(&page)
            .iter()
            .map(|id| id.rsplit('_').next().unwrap().parse::<i64>().unwrap())
            .collect::<Vec<_>>()
    };
    for path in PATHS {
        for (term, expected) in [
            ("straß", vec![1]),
            ("STRAẞE", vec![1]),
            ("strasse", vec![]),
            ("łó", vec![1]),
            ("ŁÓDŹ", vec![1]),
            ("ab", vec![2]),
            ("%", vec![2]),
            ("0%", vec![2]),
            ("_", vec![2]),
            ("n_w", vec![2]),
            ("cotton", vec![2, 5]),
            ("οδοσ", vec![3]),
            ("οδος i", vec![3]),
            ("株", vec![4]),
            ("式会社エ", vec![4]),
            ("東京", vec![4]),
            ("o'n", vec![5]),
            ("\"and\"", vec![5]),
            ("s\\p", vec![5]),
            ("OR*", vec![5]),
            ("(cotton) or", vec![5]),
            ("nothing like it", vec![]),
            ("i", vec![3, 5]),
            (" cotton ", vec![2, 5]),
        ] {
            assert_eq!(found(path, term), expected, "{path} {term}");
        }
    }
    // It combines with order and pages.
    let page = get(server, &token, "/api/companies?search=cotton&sortBy=name&sortOrder=desc&pageSize=1");
    assert_eq!((ids(&page), &page["totalPages"]), (vec!["company_5"], &json!(2)));
}
