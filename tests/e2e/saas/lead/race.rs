//! Many clients that send the same at once (contract C-144, C-145, X-109).

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crm_tests::{each_server, server::Server};

use super::{
    super::{ids, text},
    PATH,
};

each_server! {
    of_posts_under_one_key_one_makes_a_lead,
}

const KEYS: usize = 1_000;
const CLIENTS: usize = 8;

/// Each client sends each key, all in one order, so that the same key is under way several times at once.
fn of_posts_under_one_key_one_makes_a_lead(server: &Server) {
    let tenant = server.tenant("Acme");
    let token = tenant.admin_token();
    let first_answers = AtomicUsize::new(0);
    let answered: Vec<Vec<String>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let post = |number: usize| {
                        let lead = format!(r#"{{"firstName":"John","lastName":"Doe","email":"john{number}@example.com"}}"#);
                        let key = format!("{number:032x}");
                        let answer = server
                            .post(PATH)
                            .bearer(&token)
                            .header("idempotency-key", &key)
                            .body(lead)
                            .expect(201);
                        if answer.header("idempotent-replayed").is_none() {
                            first_answers.fetch_add(1, Ordering::Relaxed);
                        }
                        text(&answer.json()["id"]).to_owned()
                    };
                    (0..KEYS).map(post).collect()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(first_answers.load(Ordering::Relaxed), KEYS);
    assert!(answered.iter().all(|ids| *ids == answered[0]), "a key has one answer");
    let list = server.get(&format!("{PATH}?pageSize=100")).bearer(&token).expect(200).json();
    assert_eq!(list["totalCount"], KEYS);
    let mut first: Vec<&str> = answered[0].iter().map(String::as_str).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), KEYS, "each key made a lead of its own");
    assert!(ids(&list).iter().all(|id| first.binary_search(id).is_ok()));
}
