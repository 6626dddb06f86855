//! What roles may do (contract C-29, C-30, C-119, X-86).

use crm_domain::control::user::Role;
use crm_tests::{each_server, server::Server};
use serde_json::json;

use super::{create, refusal, text};

each_server! {
    a_user_reads_and_writes_but_deletes_nothing,
}

fn a_user_reads_and_writes_but_deletes_nothing(server: &Server) {
    let tenant = server.tenant("Acme");
    let [user, manager, admin] =
        [tenant.user(Role::User), tenant.user(Role::Manager), tenant.admin.clone()].map(|user| tenant.login(&user).token);
    for (path, name) in [
        ("/api/companies", "name"),
        ("/api/deals", "name"),
        ("/api/activities", "subject"),
        ("/api/tasks", "title"),
    ] {
        let named = |value: &str| json!({ name: value, "type": "call" });
        let made = create(server, &user, path, &named("First"));
        let item = format!("{path}/{}", text(&made["id"]));
        server.get(path).bearer(&user).expect(200);
        server.get(&item).bearer(&user).expect(200);
        server.put(&item).bearer(&user).json(&named("Second")).expect(200);
        let answer = server.delete(&item).bearer(&user).send();
        let error = refusal(server, &answer, 403, "PERMISSION_DENIED");
        assert_eq!(error["message"], "Your role does not permit this operation");
        // Whether there is such a record is none of their business either.
        refusal(
            server,
            &server.delete(&format!("{path}/x_9")).bearer(&user).send(),
            403,
            "PERMISSION_DENIED",
        );
        assert_eq!(server.get(&item).bearer(&user).expect(200).json()[name], "Second");
        server.delete(&item).bearer(&manager).expect(204);
        let second = create(server, &manager, path, &named("Third"));
        server.delete(&format!("{path}/{}", text(&second["id"]))).bearer(&admin).expect(204);
    }
}
