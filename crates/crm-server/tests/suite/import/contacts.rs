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

#[test]
fn people_without_an_email_are_known_by_profile_then_name_and_company() {
    let crm = Fixture::new();
    let file = "Name,Company,LinkedIn,City\nAda Byron,Acme,https://www.linkedin.com/in/ada/,Ulm\nBo Ek,Acme,,Bonn\n";
    assert_eq!(crm.import(Contacts, file).counts(), (2, 0, 0, 0));
    assert_eq!(crm.import(Contacts, file).counts(), (0, 0, 2, 0));
    let again = "Name,Company,LinkedIn,City\nAda Lovelace,Other,linkedin.com/in/ADA?trk=1,Kiel\nBO EK,acme,,Bern\nBo Ek,Other,,Bern\n";
    assert_eq!(crm.import(Contacts, again).counts(), (1, 2, 0, 0));
    let cities: Vec<_> = crm
        .contacts()
        .into_iter()
        .map(|contact| contact.fields.city.unwrap().to_string())
        .collect();
    assert_eq!(cities, ["Kiel", "Bern", "Bern"]);
}

#[test]
fn two_of_one_name_in_one_company_stay_apart_when_their_emails_differ() {
    let crm = Fixture::new();
    crm.import(Contacts, "Name,Company,Email\nBo Ek,Acme,bo@x.example\n");
    let outcome = crm.import(Contacts, "Name,Company,Email\nBo Ek,Acme,bo.ek@x.example\nBo Ek,Acme,\n");
    assert_eq!(outcome.counts(), (1, 0, 1, 0));
}

#[test]
fn doubles_inside_a_file_become_one() {
    let crm = Fixture::new();
    let file = "Name,Company,Email,LinkedIn\n\
        Ada Byron,Acme,ada@x.example,\nAda B.,Acme,ADA@x.example,linkedin.com/in/ada\n\
        A. Byron,,,https://de.linkedin.com/in/ada\nBo Ek,Acme,,\nbo ek,ACME,,\n";
    let outcome = crm.import(Contacts, file);
    assert_eq!((outcome.summary.created, outcome.summary.failed), (2, 0));
}

#[test]
fn every_field_of_a_contact_can_be_imported() {
    let crm = Fixture::new();
    let file = "Full Name,Mobile Phone,Other Phone,Home Phone,Corporate Phone,Employees,Industry,URL,Company LinkedIn,Technologies,\
        Annual Revenue,Company Address,Company City,Company State,Company Country,Email\n\
        Ada Byron,1,2,3,4,250,Mills,https://www.linkedin.com/in/ada,linkedin.com/company/acme,Rust; C,$5M,Main St 1,Bern,BE,CH,a@x.example\n";
    assert_eq!(crm.import(Contacts, file).counts(), (1, 0, 0, 0));
    let fields = crm.contacts().remove(0).fields;
    let text = |text: Option<String>| text.unwrap_or_default();
    assert_eq!(
        [
            text(fields.phone.map(|text| text.to_string())),
            text(fields.other_phone.map(|text| text.to_string())),
            text(fields.home_phone.map(|text| text.to_string())),
            text(fields.corporate_phone.map(|text| text.to_string())),
            text(fields.employee_size_bracket.map(|text| text.to_string())),
            text(fields.industry.map(|text| text.to_string())),
            text(fields.person_linkedin.map(|address| address.into_inner())),
            text(fields.technologies.map(|list| list.joined())),
            text(fields.annual_revenue.map(|text| text.to_string())),
            text(fields.company_city.map(|text| text.to_string())),
        ],
        [
            "1",
            "2",
            "3",
            "4",
            "201-500",
            "Mills",
            "https://www.linkedin.com/in/ada",
            "Rust; C",
            "$5M",
            "Bern"
        ]
    );
    assert_eq!((fields.employees, fields.website), (Some(250), None));
}

#[test]
fn a_name_alone_is_known_again() {
    let crm = Fixture::new();
    let file = "Name,City\nAda Byron,London\nBo,\nCy Young,\n";
    assert_eq!(crm.import(Contacts, file).counts(), (3, 0, 0, 0));
    assert_eq!(crm.import(Contacts, file).counts(), (0, 0, 3, 0));
    // Whatever its case and spaces, and whoever else has become known of.
    crm.import(Contacts, "Name,Email\nBo Diddley,bo@x.example\n");
    let again = crm.import(Contacts, "Name,City\nADA  byron,London\nBo Diddley,Ulm\n");
    assert_eq!(again.counts(), (0, 2, 0, 0));
    assert_eq!(crm.contacts().len(), 4);
}

#[test]
fn a_name_alone_does_not_find_somebody_else() {
    let crm = Fixture::new();
    let file = "Name,City,Phone\nAda Byron,London,1\nAda Byron,Paris,\nAda Byron,London,2\n";
    assert_eq!(
        crm.import(Contacts, file).counts(),
        (3, 0, 0, 0),
        "a city and a phone tell them apart"
    );
    assert_eq!(crm.import(Contacts, file).counts(), (0, 0, 3, 0));
    // Two could be meant: neither is taken.
    assert_eq!(crm.import(Contacts, "Name,City\nAda Byron,London\n").counts(), (1, 0, 0, 0));
    // Who says more is known by that alone.
    let more = crm.import(
        Contacts,
        "Name,Email,Company,City\nAda Byron,ada@x.example,,Paris\nAda Byron,,Acme,Paris\n",
    );
    assert_eq!(more.counts(), (2, 0, 0, 0));
}

#[test]
fn a_row_with_our_own_id_is_that_contact() {
    let (crm, other) = (Fixture::new(), Fixture::new());
    crm.import(Contacts, "Name,Email\nAda,ada@x.example\nBo,bo@x.example\n");
    other.import(Contacts, "Name\nEve\n");
    let [ada, bo] = [0, 1].map(|index| crm.contacts()[index].clone());
    let foreign = other.contacts()[0].uuid;
    let with = |rows: &str| crm.import(Contacts, &format!("contact_uuid,Full Name,Email\n{rows}"));
    // Its very email may change.
    assert_eq!(
        with(&format!("{},Ada B,new@x.example\n{},Bo,\n", ada.uuid, bo.uuid)).counts(),
        (0, 1, 1, 0)
    );
    assert_eq!(
        crm.contacts()[0].fields.email.as_ref().map(|email| email.as_str()),
        Some("new@x.example")
    );
    // Another's email is not taken, and another tenant's id means nobody.
    assert_eq!(with(&format!("{},Ada,bo@x.example\n", ada.uuid)).summary.failed, 1);
    assert_eq!(with(&format!("{foreign},Eve,\nno id,Zed,\n")).counts(), (2, 0, 0, 0));
    assert_eq!(other.changes().len(), 1, "the other tenant's contact is as it was");
}

#[test]
fn several_values_in_a_cell_are_several_values() {
    let crm = Fixture::new();
    let google = "First Name,E-mail 1 - Value,Phone 1 - Value,Website 1 - Value\nAda,a@x.example ::: b@x.example,+49 1 ::: +49 2,x.example ::: y.example\n";
    assert_eq!(crm.import(Contacts, google).counts(), (1, 0, 0, 0));
    let ada = crm.contacts().remove(0).fields;
    assert_eq!(ada.email.as_ref().map(|email| email.as_str()), Some("a@x.example"));
    assert_eq!((ada.phone.as_deref(), ada.other_phone.as_deref()), (Some("+49 1"), Some("+49 2")));
    assert_eq!(ada.website.as_ref().map(|website| website.as_str()), Some("x.example"));
    // Under another header it is what it says.
    crm.import(Contacts, "Name,Title\nBo,A ::: B\n");
    assert_eq!(crm.contacts()[1].fields.title.as_deref(), Some("A ::: B"));
}

#[test]
fn a_spreadsheets_mark_of_text_is_no_part_of_a_phone() {
    let crm = Fixture::new();
    crm.import(
        Contacts,
        "Name,Mobile Phone,Title\nAda,'+49 30 1,'quoted'\nBo,'0301,\nCy,'t Hooft,\n",
    );
    let phones: Vec<_> = crm
        .contacts()
        .into_iter()
        .map(|contact| contact.fields.phone.unwrap().into_inner())
        .collect();
    assert_eq!(phones, ["+49 30 1", "0301", "'t Hooft"]);
    assert_eq!(crm.contacts()[0].fields.title.as_deref(), Some("'quoted'"));
}

#[test]
fn a_size_is_a_number_or_a_bracket() {
    let crm = Fixture::new();
    let file = "Full Name,Employees\nA,\"1,200\"\nB,51-200\nC,\"10,001+ employees\"\nD,7\nE,many\n";
    let outcome = crm.import(Contacts, file);
    assert_eq!(outcome.reasons(), ["6 Employees: Employees: must be a whole number"]);
    let sizes: Vec<_> = crm
        .contacts()
        .into_iter()
        .map(|contact| (contact.fields.employees, contact.fields.employee_size_bracket.unwrap().into_inner()))
        .collect();
    let expected = [(Some(1200), "1001-5000"), (None, "51-200"), (None, "10001+"), (Some(7), "1-10")];
    assert_eq!(sizes, expected.map(|(employees, bracket)| (employees, bracket.to_owned())));
    crm.import(Accounts, "Name,Employees\nAcme,\"1,200\"\n");
    assert_eq!(crm.account("Acme").fields.employees, Some(1200));
}

#[test]
fn what_programs_write_before_the_header_is_no_header() {
    let crm = Fixture::new();
    let linkedin = "Notes:\n\"When exporting your connection data, you may notice that some are missing.\"\n\n\
                    First Name,Last Name,URL,Email Address,Company,Position,Connected On\n\
                    Ada,Byron,https://www.linkedin.com/in/ada,,Acme,CTO,01 Jan 2024\n,,,bad,,,\n";
    let outcome = crm.import(Contacts, linkedin);
    assert_eq!((outcome.summary.created, outcome.summary.failed), (1, 1));
    assert_eq!(outcome.failures[0].line, 6, "lines are those of the file");
    assert_eq!(crm.contacts()[0].fields.title.as_deref(), Some("CTO"));
    assert_eq!(crm.import(Contacts, "sep=;\r\nName;Title\r\nBo;a, b, c\r\n").counts(), (1, 0, 0, 0));
    assert_eq!(crm.contacts()[1].fields.title.as_deref(), Some("a, b, c"));
}
