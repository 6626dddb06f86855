use crm_domain::usecase::import::ImportKind::{Accounts, Contacts, Leads};

use super::fixture::Fixture;

#[test]
fn companies_become_accounts_only_where_there_are_such() {
    let crm = Fixture::new();
    crm.import(Accounts, "name\nAcme\n");
    let outcome = crm.import(
        Contacts,
        "First Name,Last Name,Company,Email\nAda,Byron,ACME,ada@x.example\nBo,,Unknown Ltd,\n",
    );
    assert_eq!(outcome.counts(), (2, 0, 0, 0));
    let contacts = crm.contacts();
    assert_eq!(contacts[0].fields.account_id, Some(crm.account("Acme").id));
    assert_eq!(contacts[1].fields.account_id, None);
    assert_eq!(contacts[1].fields.company.as_deref(), Some("Unknown Ltd"));
    assert_eq!(crm.accounts().len(), 1);
}

#[test]
fn people_are_known_by_external_id_then_email() {
    let crm = Fixture::new();
    crm.import(Contacts, "first name,email\nAda,ada@x.example\n");
    let outcome = crm.import(
        Contacts,
        "id,first name,email,city\n7,Ada,ADA@x.example,Ulm\n7,Ada,,Bonn\n,Ada,ada@x.example,Kiel\n",
    );
    assert_eq!(outcome.counts(), (0, 3, 0, 0));
    let contacts = crm.contacts();
    assert_eq!((contacts.len(), contacts[0].fields.city.as_deref()), (1, Some("Kiel")));
}

#[test]
fn an_email_that_somebody_else_has_costs_only_its_row() {
    for again in [false, true] {
        let crm = Fixture::new();
        let file = "id,last name,email\n1,A,a@x.example\n2,B,b@x.example\n3,C,A@x.example\n2,B,a@x.example\n4,D,d@x.example\n";
        if again {
            crm.import(Contacts, "id,last name,email\n1,A,a@x.example\n2,B,b@x.example\n");
        }
        let outcome = crm.import(Contacts, file);
        assert_eq!(outcome.summary.failed, 2);
        assert_eq!(
            outcome.reasons(),
            [
                "4 email: a contact with this email exists already",
                "5 email: a contact with this email exists already"
            ]
        );
        let names: Vec<String> = crm
            .contacts()
            .iter()
            .map(|contact| contact.fields.full_name.as_deref().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(names, ["A", "B", "D"]);
    }
}

#[test]
fn an_email_given_up_earlier_in_the_file_is_free() {
    let crm = Fixture::new();
    crm.import(Contacts, "id,last name,email\n1,A,old@x.example\n");
    let outcome = crm.import(Contacts, "id,last name,email\n1,A,new@x.example\n2,B,old@x.example\n");
    assert_eq!(outcome.counts(), (1, 1, 0, 0));
}

#[test]
fn one_column_of_names_is_split() {
    let crm = Fixture::new();
    crm.import(Contacts, "Name,Email\nAda King Lovelace,ada@x.example\nPlato,p@x.example\n");
    let names: Vec<_> = crm
        .contacts()
        .into_iter()
        .map(|contact| (contact.fields.first_name, contact.fields.last_name))
        .collect();
    assert_eq!((names[0].0.as_deref(), names[0].1.as_deref()), (Some("Ada King"), Some("Lovelace")));
    assert_eq!((names[1].0.as_deref(), names[1].1.as_deref()), (Some("Plato"), None));
    let nameless = crm.import(Contacts, "Name,Email,City\n,x@x.example,Ulm\n,,Ulm\n");
    assert_eq!(
        (nameless.summary.created, nameless.reasons()),
        (1, vec!["3 Name: Name: is required".to_owned()])
    );
}

#[test]
fn leads_are_imported_alike() {
    let crm = Fixture::new();
    let file = "Account Id,Lead Owner,First Name,Last Name,Company,Email 1,Source,Deal Stage\nx1,Earl Green,Levi,Mayer,Gibbs,l@x.example,Podcast,On Hold\n";
    assert_eq!(crm.import(Leads, file).counts(), (1, 0, 0, 0));
    assert_eq!(crm.import(Leads, file).counts(), (0, 0, 1, 0));
}
