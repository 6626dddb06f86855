//! Who gets in (contract A-08 … A-14).

use crm_domain::control::api_key::KeyFamily;
use crm_tests::{each_server, server::Server};

each_server! {
    a_key_opens_the_door,
}

//
fn a_key_opens_the_door(server: &Server) {
    let tenant = server.tenant("Acme");
    let key = tenant.key(KeyFamily::HealthTrixss);
    tenant.account("Acme Healthcare");
    let answer = server.get("/api/v1/external/accounts").key(&key.text).expect(200).json();
    assert_eq!(answer["accounts"][0]["name"], "Acme Healthcare");
    server.get("/api/v1/external/accounts").expect(401);
    let token = tenant.admin_token();
    server.get("/api/companies").bearer(&token).expect(200);
}
