//! Keys that cannot be right, and keys that nobody issued (contract ).

use crm_domain::{
    clock::{Entropy, SystemEntropy},
    control::api_key::{KeyFamily, KeyText},
};
use crm_tests::{http::Answer, server::Server};

use super::{BASE, ENDPOINTS, assert_error, documented};

#[track_caller]
fn assert_malformed(answer: &Answer) {
    assert_error(answer, 401, "Invalid API key format", "The provided API key format is invalid");
}

#[track_caller]
fn assert_unknown(answer: &Answer) {
    assert_error(
        answer,
        401,
        "Invalid API key",
        "The provided API key is invalid or has been revoked",
    );
}

//
#[test]
fn what_is_no_key_is_a_malformed_one_on_every_endpoint() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let key = &desk.key.text;
    let changed = {
        let last = if key.ends_with('0') { "1" } else { "0" };
        format!("{}{last}", &key[..key.len() - 1])
    };
    let malformed = [
        "x".to_owned(),
        "your-api-key-here".to_owned(),
        "null".to_owned(),
        key[..key.len() - 1].to_owned(),
        format!("{key}0"),
        format!("{key}{key}"),
        format!("{key}, {key}"),
        format!("\"{key}\""),
        format!("Bearer {key}"),
        key.to_uppercase(),
        key.replacen("htx_", "HTX_", 1),
        key.replacen("htx_", "htx-", 1),
        key.replacen("htx_", "", 1),
        changed,
        format!("htx_{}", "0".repeat(61)),
        format!("htx_{}", "%00".repeat(20)),
        "' OR 1=1 --".to_owned(),
        desk.tenant.admin_token(),
    ];
    for path in ENDPOINTS {
        for text in &malformed {
            assert_malformed(&server.get(&format!("{BASE}{path}")).key(text).send());
        }
    }
}

// a header is read whatever its size and bytes; none of them makes the server hang or fail.
#[test]
fn huge_doubled_and_foreign_bytes_are_malformed() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let key = desk.key.text.as_bytes();
    let get = || server.get(&format!("{BASE}/accounts"));
    for text in [
        vec![b'x'; 20 * 1024],
        [b"htx_".to_vec(), vec![b'a'; 20 * 1024]].concat(),
        key.repeat(300),
        "schlüssel".as_bytes().to_vec(),
        [key, "é".as_bytes()].concat(),
        [key, b"\xff\xfe"].concat(),
        [b"\x80".as_slice(), key].concat(),
        [key, b"\tkey"].concat(),
    ] {
        assert_malformed(&get().key(&text).send());
    }
    // Which of two headers counts, proxies disagree on: also the right key twice is refused.
    assert_malformed(&get().key(key).key(key).send());
    assert_malformed(&get().key(key).key("").send());
    assert_malformed(&get().key("x").key(key).send());
    get().key(key).expect(200);
}

// also the keys of other families, which share the header's name.
#[test]
fn well_formed_keys_that_nobody_issued_for_this_api_are_unknown() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let issued_elsewhere = [KeyFamily::Halopsa, KeyFamily::Contacts, KeyFamily::Elevate].map(|family| desk.tenant.key(family).text);
    let never_issued = KeyFamily::ALL.map(|family| KeyText::random(family, &SystemEntropy).as_str().to_owned());
    for path in ENDPOINTS {
        for text in issued_elsewhere.iter().chain(&never_issued) {
            assert_unknown(&server.get(&format!("{BASE}{path}")).key(text).send());
        }
    }
}

// the public part finds the row; without the secret it opens nothing, before and after the right key was seen.
#[test]
fn the_public_part_of_a_key_with_another_secret_is_unknown() {
    let server = Server::sqlite();
    let desk = documented(&server);
    let real = KeyText::parse(&desk.key.text).unwrap();
    let forged = KeyText::random(KeyFamily::HealthTrixss, &Dictated(real.public_id().to_owned()));
    assert_eq!(forged.public_id(), real.public_id());
    assert_ne!(forged, real);
    let ask = |key: &KeyText| server.get(&format!("{BASE}/accounts")).key(key.as_str()).send();
    for _ in 0..3 {
        assert_unknown(&ask(&forged));
        assert_eq!(ask(&real).status, 200);
    }
}

/// Randomness that makes a key begin with the given public id.
struct Dictated(String);

impl Entropy for Dictated {
    fn fill(&self, bytes: &mut [u8]) {
        let value = |character: u8| match character {
            b'0'..=b'9' => character - b'0',
            b'A'..=b'Z' => character - b'A' + 10,
            other => other - b'a' + 36,
        };
        bytes.fill(7);
        for (byte, character) in bytes.iter_mut().zip(self.0.bytes()) {
            *byte = value(character);
        }
    }
}
