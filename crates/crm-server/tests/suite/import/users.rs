use crm_domain::{
    control::user::Role,
    usecase::import::{ImportKind::Users, ImportOptions},
};

use super::fixture::Fixture;

const TEAMS: &str = "sales_agent,manager,regional_office\nAnna,Dustin,Central\nCecily,Dustin,Central\nDustin,,West\n";

#[test]
fn teams_become_users_with_managers_who_cannot_sign_in() {
    let crm = Fixture::new();
    let imagined = crm.import_with(
        Users,
        TEAMS,
        &ImportOptions {
            dry_run: true,
            ..ImportOptions::default()
        },
    );
    assert_eq!((imagined.summary.owners_created, crm.users().len()), (1, 1));
    let outcome = crm.import(Users, TEAMS);
    assert_eq!((outcome.counts(), outcome.summary.owners_created), ((2, 1, 0, 0), 1));
    let (anna, dustin) = (crm.user("Anna"), crm.user("Dustin"));
    assert_eq!(anna.manager_id, Some(dustin.id));
    assert_eq!((anna.office.as_deref(), dustin.office.as_deref()), (Some("Central"), Some("West")));
    assert!(
        crm.users()
            .iter()
            .skip(1)
            .all(|user| user.email.is_none() && user.password.is_none() && user.role == Role::User)
    );
    assert_eq!(crm.import(Users, TEAMS).counts(), (0, 0, 3, 0));
}

#[test]
fn emails_decide_and_no_file_takes_the_admins_role() {
    let crm = Fixture::new();
    let outcome = crm.import(
        Users,
        "name,email,role\nBoss,ADMIN@acme.example,User\nNew,new@acme.example,Manager\nBad,nobody,Chief\nNew,,\n",
    );
    assert_eq!(outcome.counts(), (1, 1, 1, 1));
    assert_eq!(
        outcome.reasons(),
        ["4 email, role: email: must be a valid email address; role: must be one of: User, Manager, Admin"]
    );
    assert_eq!(crm.user("Boss").role, Role::Admin);
    assert_eq!(crm.user("New").role, Role::Manager);
}

#[test]
fn nobody_manages_themselves() {
    let crm = Fixture::new();
    let outcome = crm.import(Users, "name,manager\nJo,jo\n");
    assert_eq!(outcome.reasons(), ["2 manager: nobody can be their own manager"]);
    assert_eq!(
        (crm.users().len(), crm.control().reading(|reader| reader.tenants().count()).unwrap()),
        (1, 1)
    );
}
