use crate::table::{FieldSpec, Mapping, MappingError, auto_map};

const FIELDS: &[FieldSpec] = &[
    FieldSpec {
        name: "first_name",
        synonyms: &["given name", "vorname"],
    },
    FieldSpec {
        name: "last_name",
        synonyms: &["surname", "family name"],
    },
    FieldSpec {
        name: "email",
        synonyms: &["mail", "email address"],
    },
    FieldSpec {
        name: "phone",
        synonyms: &["telephone", "mobile"],
    },
    FieldSpec {
        name: "address1",
        synonyms: &["street"],
    },
    FieldSpec {
        name: "address2",
        synonyms: &[],
    },
];

fn map(headers: &[&str]) -> Mapping {
    let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
    auto_map(&headers, FIELDS, &[])
}

fn pairs(mapping: &Mapping) -> Vec<(&str, &str)> {
    mapping.mapped().map(|mapped| (mapped.header, mapped.field)).collect()
}

fn change(mapping: &mut Mapping, overrides: &[(&str, &str)]) -> Result<(), MappingError> {
    let overrides: Vec<_> = overrides
        .iter()
        .map(|(header, field)| (header.to_string(), field.to_string()))
        .collect();
    mapping.apply_overrides(&overrides)
}

#[test]
fn spelling_variants_are_equal() {
    for header in [
        "first_name",
        "First Name",
        "firstName",
        "FIRST-NAME",
        " first.name: ",
        "GivenName",
        "VORNAME",
    ] {
        let mapping = map(&[header]);
        let mapped = mapping.mapped().next().unwrap();
        assert_eq!((mapped.field, mapped.column), ("first_name", 0), "{header}");
        assert!((mapped.confidence - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn similar_names_are_mapped_with_less_confidence() {
    let mapping = map(&["E-Mial", "Telefone", "Last Nmae", "Colour"]);
    assert_eq!(
        pairs(&mapping),
        [("E-Mial", "email"), ("Telefone", "phone"), ("Last Nmae", "last_name")]
    );
    assert!(mapping.mapped().all(|mapped| (0.92..1.0).contains(&mapped.confidence)));
    assert_eq!(mapping.unmapped().collect::<Vec<_>>(), [(3, "Colour")]);
    assert_eq!((mapping.column_of("last_name"), mapping.column_of("first_name")), (Some(2), None));
}

#[test]
fn the_best_reason_wins() {
    let mapping = map(&["emails", "mail", "email", "mobile", "Phone"]);
    assert_eq!(pairs(&mapping), [("email", "email"), ("Phone", "phone")]);
    assert_eq!(pairs(&map(&["emials", "mail"])), [("mail", "email")]);
    assert_eq!(
        pairs(&map(&["mail", "email address"])),
        [("mail", "email")],
        "the first column of equals"
    );
}

#[test]
fn what_tells_records_apart_is_not_guessed() {
    let headers = ["E-Mial", "Telefone"].map(str::to_owned);
    assert_eq!(pairs(&auto_map(&headers, FIELDS, &["email"])), [("Telefone", "phone")]);
    let headers = ["Email Address".to_owned()];
    assert_eq!(pairs(&auto_map(&headers, FIELDS, &["email"])), [("Email Address", "email")]);
}

#[test]
fn a_name_that_lacks_a_word_is_another_name() {
    const SIZE: &[FieldSpec] = &[FieldSpec {
        name: "employees",
        synonyms: &["company size"],
    }];
    let map = |header: &str| auto_map(&[header.to_owned()], SIZE, &[]).mapped().count();
    assert_eq!(["Company", "Company Siz", "Company Size"].map(map), [0, 1, 1]);
}

#[test]
fn a_name_with_a_further_word_is_another_name() {
    const PLACE: &[FieldSpec] = &[
        FieldSpec {
            name: "country",
            synonyms: &[],
        },
        FieldSpec {
            name: "state",
            synonyms: &["mailing state", "company name"],
        },
    ];
    let map = |header: &str| auto_map(&[header.to_owned()], PLACE, &[]).mapped().count();
    for other in [
        "Country Code",
        "countryCode",
        "Country ISO",
        "Mailing Street",
        "MailingStreet",
        "Company Id",
        "CompanyID",
    ] {
        assert_eq!(map(other), 0, "{other}");
    }
    for same in ["Country", "Counrty", "Country 1", "Mailing Stat", "CompanyNmae"] {
        assert_eq!(map(same), 1, "{same}");
    }
}

#[test]
fn a_fields_very_name_is_no_others_misspelt_one() {
    let mapping = map(&["email address", "emial address"]);
    assert_eq!(pairs(&mapping), [("email address", "email")]);
    const MAILS: &[FieldSpec] = &[
        FieldSpec {
            name: "emails",
            synonyms: &[],
        },
        FieldSpec {
            name: "email",
            synonyms: &[],
        },
    ];
    let headers = ["emails", "Emails"].map(str::to_owned);
    assert_eq!(auto_map(&headers, MAILS, &[]).mapped().count(), 1);
}

#[test]
fn fields_that_are_not_wanted_are_forgotten() {
    let mut mapping = map(&["phone", "email", "first name"]);
    mapping.restrict(&["phone", "last_name"]);
    assert_eq!(pairs(&mapping), [("phone", "phone")]);
    assert!(change(&mut mapping, &[("email", "email")]).is_err());
    change(&mut mapping, &[("email", "last_name")]).unwrap();
    assert_eq!(pairs(&mapping), [("phone", "phone"), ("email", "last_name")]);
}

#[test]
fn other_numbers_are_other_fields() {
    assert_eq!(pairs(&map(&["Address 2", "Address 3"])), [("Address 2", "address2")]);
    assert_eq!(pairs(&map(&["Address"])), [("Address", "address1")]);
}

#[test]
fn nameless_and_endless_headers_are_left_alone() {
    let endless = "phone".repeat(200_000);
    let mapping = map(&["#", "", "---", &endless]);
    assert_eq!(pairs(&mapping), []);
    assert_eq!(mapping.unmapped().count(), 4);
}

#[test]
fn overrides_take_and_give() {
    let mut mapping = map(&["email", "phone", "Notes", "mobile"]);
    change(&mut mapping, &[("notes", "E-Mail"), ("phone", "-"), ("mobile", "phone")]).unwrap();
    assert_eq!(pairs(&mapping), [("Notes", "email"), ("mobile", "phone")]);
    change(&mut mapping, &[("Notes", "phone"), ("mobile", "email")]).unwrap();
    assert_eq!(pairs(&mapping), [("Notes", "phone"), ("mobile", "email")], "a swap");
    assert_eq!(mapping.unmapped().collect::<Vec<_>>(), [(0, "email"), (1, "phone")]);
}

#[test]
fn an_override_finds_the_very_header_first() {
    let mut mapping = map(&["PHONE", "phone"]);
    change(&mut mapping, &[("phone", "email")]).unwrap();
    assert_eq!(pairs(&mapping), [("PHONE", "phone"), ("phone", "email")]);
}

#[test]
fn unknown_names_are_named_with_the_closest() {
    let mut mapping = map(&["email", "phone"]);
    let before = mapping.clone();
    let error = change(&mut mapping, &[("phone", "-"), ("emial", "email")]).unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"emial\", did you mean \"email\"?");
    let error = change(&mut mapping, &[("phone", "-"), ("email", "first_nmae")]).unwrap_err();
    assert_eq!(error.to_string(), "there is no field \"first_nmae\", did you mean \"first_name\"?");
    let error = change(&mut mapping, &[("qqq", "email")]).unwrap_err();
    assert_eq!(
        error,
        MappingError::UnknownHeader {
            header: "qqq".into(),
            suggestion: None
        }
    );
    let error = change(&mut map(&["#"]), &[("??", "email")]).unwrap_err();
    assert_eq!(error.to_string(), "there is no column \"??\"");
    assert_eq!(mapping, before);
}

#[test]
fn contradicting_overrides_are_refused() {
    let mut mapping = map(&["email", "phone"]);
    for overrides in [[("email", "phone"), ("phone", "phone")], [("phone", "-"), ("Phone", "email")]] {
        let error = change(&mut mapping, &overrides).unwrap_err();
        assert_eq!(error.to_string(), "\"phone\" is mapped twice");
    }
}
