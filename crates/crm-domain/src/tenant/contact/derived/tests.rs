use proptest::prelude::*;

use super::{
    super::{ContactDraft, ContactFields},
    SIZE_BRACKETS, bracket_of, linkedin_key, show_score,
};
use crate::{
    error::Error,
    field::{Check, Patch},
    id::{RecordId, UserId},
};

fn set(text: &str) -> Patch<String> {
    Patch::Set(text.to_owned())
}

fn owner() -> UserId {
    UserId::from_i64(1)
}

fn parse(draft: ContactDraft) -> ContactFields {
    ContactFields::parse(draft, owner(), Check::new()).unwrap()
}

fn updated(fields: &ContactFields, draft: ContactDraft) -> ContactFields {
    fields.updated(draft, Check::new()).unwrap()
}

fn named(full: &str, first: &str, last: &str) -> ContactDraft {
    ContactDraft {
        full_name: set(full),
        first_name: set(first),
        last_name: set(last),
        email: set("a@x.example"),
        ..ContactDraft::default()
    }
}

/// Full, first and last name; empty where there is none.
fn name(fields: &ContactFields) -> (&str, &str, &str) {
    (
        fields.full_name.as_deref().unwrap_or_default(),
        fields.first_name.as_deref().unwrap_or_default(),
        fields.last_name.as_deref().unwrap_or_default(),
    )
}

#[test]
fn names_are_split_and_joined() {
    for (given, made) in [
        (("Jane Smith", "", ""), ("Jane Smith", "Jane", "Smith")),
        (("Ada King Lovelace", "", ""), ("Ada King Lovelace", "Ada King", "Lovelace")),
        (("Plato", "", ""), ("Plato", "Plato", "")),
        (("Byron, Ada", "", ""), ("Byron, Ada", "Ada", "Byron")),
        (
            ("van Beethoven, Ludwig", "", ""),
            ("van Beethoven, Ludwig", "Ludwig", "van Beethoven"),
        ),
        (("Ada Byron, PhD", "", ""), ("Ada Byron, PhD", "Ada", "Byron, PhD")),
        (
            ("Ada Byron, Ph.D., Jr.", "", ""),
            ("Ada Byron, Ph.D., Jr.", "Ada", "Byron, Ph.D., Jr."),
        ),
        (("Plato, PhD", "", ""), ("Plato, PhD", "Plato, PhD", "")),
        (("Ada Byron,", "", ""), ("Ada Byron,", "Ada", "Byron,")),
        (("", "Jane", "Smith"), ("Jane Smith", "Jane", "Smith")),
        (("", "", "Smith"), ("Smith", "", "Smith")),
        (("Dr. J. Smith", "Jane", "Smith"), ("Dr. J. Smith", "Jane", "Smith")),
        (
            ("Ludwig van Beethoven", "Ludwig", ""),
            ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ),
        (
            ("Ludwig van Beethoven", "", "van Beethoven"),
            ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ),
        (("", "", ""), ("", "", "")),
    ] {
        assert_eq!(name(&parse(named(given.0, given.1, given.2))), made, "{given:?}");
    }
}

#[test]
fn an_update_of_a_name_keeps_its_pieces_together() {
    let jane = parse(named("", "Jane", "Smith"));
    let draft = ContactDraft::default;
    let changed = |draft| name(&updated(&jane, draft)).0.to_owned();
    assert_eq!(
        changed(ContactDraft {
            last_name: set("Doe"),
            ..draft()
        }),
        "Jane Doe"
    );
    assert_eq!(
        changed(ContactDraft {
            first_name: Patch::Clear,
            ..draft()
        }),
        "Smith"
    );
    let renamed = updated(
        &jane,
        ContactDraft {
            full_name: set("Janet Doe"),
            ..draft()
        },
    );
    assert_eq!(name(&renamed), ("Janet Doe", "Janet", "Doe"));
    let styled = updated(&jane, named("Dr. Smith", "Jane", "Smith"));
    assert_eq!(
        name(&updated(
            &styled,
            ContactDraft {
                title: set("CTO"),
                ..draft()
            }
        )),
        ("Dr. Smith", "Jane", "Smith")
    );
    assert_eq!(
        name(&updated(
            &styled,
            ContactDraft {
                first_name: set("Janet"),
                ..draft()
            }
        ))
        .0,
        "Janet Smith"
    );
    let cleared = updated(
        &jane,
        ContactDraft {
            first_name: Patch::Clear,
            last_name: Patch::Clear,
            ..draft()
        },
    );
    assert_eq!(name(&cleared), ("", "", ""));
}

#[test]
fn one_of_name_and_email_is_needed_and_where_asked_for_a_name() {
    let fields_at_fault = |draft| match ContactFields::parse(draft, owner(), Check::new()) {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(fields_at_fault(ContactDraft::default()), ["full_name"]);
    assert_eq!(
        fields_at_fault(ContactDraft {
            email: set("no"),
            ..ContactDraft::default()
        }),
        ["email"]
    );
    let draft = || ContactDraft {
        email: set("a@x.example"),
        needs_name: true,
        ..ContactDraft::default()
    };
    assert_eq!(fields_at_fault(draft()), ["last_name"]);
    let nameless = parse(ContactDraft {
        needs_name: false,
        ..draft()
    });
    assert!(
        nameless
            .updated(
                ContactDraft {
                    title: set("CTO"),
                    ..draft()
                },
                Check::new()
            )
            .is_ok()
    );
    let jane = parse(named("", "Jane", ""));
    assert!(
        jane.updated(
            ContactDraft {
                first_name: Patch::Clear,
                ..draft()
            },
            Check::new()
        )
        .is_err()
    );
    let long = ContactFields::parse(named(&"x".repeat(150), "", ""), owner(), Check::new());
    assert!(matches!(long, Err(Error::Invalid(_))));
}

#[test]
fn spellings_of_a_profile_have_one_key() {
    for spelling in [
        "https://linkedin.com/in/johndoe",
        "http://linkedin.com/in/johndoe",
        "https://www.linkedin.com/in/johndoe",
        "https://www.linkedin.com/in/johndoe/",
        "linkedin.com/in/johndoe",
        "www.linkedin.com/in/johndoe/",
        "//www.linkedin.com/in/johndoe",
        "  https://linkedin.com/in/johndoe  ",
        "HTTPS://WWW.LINKEDIN.COM/in/johndoe",
        "https://linkedin.com/in/JohnDoe",
        "https://linkedin.com/IN/johndoe",
        "https://de.linkedin.com/in/johndoe",
        "https://uk.linkedin.com/in/johndoe/",
        "https://m.linkedin.com/in/johndoe",
        "https://linkedin.com/in/johndoe?trk=public_profile",
        "https://linkedin.com/in/johndoe/?originalSubdomain=de",
        "https://linkedin.com/in/johndoe#experience",
        "https://linkedin.com:443/in/johndoe",
        "https://linkedin.com//in//johndoe//",
        "https://linkedin.com/in/%6Aohn%64oe",
        "https://linkedin.com/in/johndoe/de",
        "https://www.linkedin.com/in/johndoe/details/experience/",
        "https://www.linkedin.com/mwlite/in/johndoe",
        "https://linkedin.com./in/johndoe",
    ] {
        assert_eq!(linkedin_key(spelling).as_deref(), Some("linkedin.com/in/johndoe"), "{spelling}");
    }
    assert_eq!(
        linkedin_key("linkedin.com/in/j%C3%B6rg"),
        linkedin_key("https://linkedin.com/in/JÖRG")
    );
    assert_eq!(
        linkedin_key("linkedin.com/company/acme/about").as_deref(),
        Some("linkedin.com/company/acme")
    );
}

#[test]
fn other_profiles_have_other_keys() {
    let keys = [
        "linkedin.com/in/johndoe",
        "linkedin.com/in/johndoe2",
        "linkedin.com/company/johndoe",
        "linkedin.com/pub/johndoe/1/2/3",
        "linkedin.com/pub/johndoe/1/2/4",
        "notlinkedin.com/in/johndoe",
        "linkedin.com.example.org/in/johndoe",
        "xing.com/in/johndoe",
        "linkedin.com/in/john%2Fdoe%",
    ];
    let distinct: std::collections::BTreeSet<_> = keys.iter().map(|address| linkedin_key(address).unwrap()).collect();
    assert_eq!(distinct.len(), keys.len());
    for nothing in ["", "linkedin.com", "https://linkedin.com/", "https://"] {
        assert_eq!(linkedin_key(nothing), None, "{nothing}");
    }
}

#[test]
fn brackets_follow_employees_unless_given() {
    for (employees, bracket) in [
        (0, None),
        (1, Some("1-10")),
        (10, Some("1-10")),
        (11, Some("11-50")),
        (200, Some("51-200")),
        (500, Some("201-500")),
        (501, Some("501-1000")),
        (5_000, Some("1001-5000")),
        (10_000, Some("5001-10000")),
        (10_001, Some("10001+")),
    ] {
        assert_eq!(bracket_of(employees), bracket, "{employees}");
    }
    let sized = |employees: &str, bracket: &str| ContactDraft {
        employees: set(employees),
        employee_size_bracket: set(bracket),
        ..named("Ada", "", "")
    };
    let bracket = |fields: &ContactFields| fields.employee_size_bracket.clone().map(|text| text.to_string());
    let derived = parse(sized("500", ""));
    assert_eq!(bracket(&derived).as_deref(), Some("201-500"));
    let grown = ContactDraft {
        employees: set("600"),
        ..ContactDraft::default()
    };
    assert_eq!(bracket(&updated(&derived, grown.clone())).as_deref(), Some("501-1000"));
    let given = parse(sized("500", "1-10"));
    assert_eq!(bracket(&given).as_deref(), Some("1-10"));
    assert_eq!(bracket(&updated(&given, grown)).as_deref(), Some("1-10"));
    let gone = ContactDraft {
        employees: Patch::Clear,
        ..ContactDraft::default()
    };
    assert_eq!(bracket(&updated(&derived, gone)), None);
    for (written, kept) in [
        ("201 \u{2013} 500 employees", "201-500"),
        ("1,001-5,000", "1001-5000"),
        ("10,001+", "10001+"),
        ("huge", "huge"),
    ] {
        assert_eq!(bracket(&parse(sized("", written))).as_deref(), Some(kept));
    }
    assert!(
        SIZE_BRACKETS
            .iter()
            .all(|word| bracket(&parse(sized("", word))).as_deref() == Some(word))
    );
}

#[test]
fn the_documents_examples_score_as_they_show() {
    let jane = ContactDraft {
        first_name: set("Jane"),
        last_name: set("Smith"),
        email: set("jane.smith@techcorp.com"),
        title: set("VP of Engineering"),
        company: set("TechCorp"),
        industry: set("Technology"),
        person_linkedin: set("https://linkedin.com/in/janesmith"),
        ..ContactDraft::default()
    };
    assert_eq!(show_score(parse(jane.clone()).lead_score()), "7.2");
    let john = ContactDraft {
        phone: set("+1-555-123-4567"),
        employees: set("500"),
        website: set("https://acme.com"),
        city: set("San Francisco"),
        state: set("CA"),
        country: set("United States"),
        ..jane
    };
    let john = parse(john);
    assert_eq!(
        (show_score(john.lead_score()).as_str(), john.email_domain().as_deref()),
        ("8.5", Some("techcorp.com"))
    );
    let whole = ContactDraft {
        company_linkedin: set("linkedin.com/company/acme"),
        technologies: Patch::Set(vec!["Rust".to_owned()]),
        annual_revenue: set("$5M"),
        company_city: set("Paris"),
        ..ContactDraft::default()
    };
    assert_eq!(show_score(updated(&john, whole).lead_score()), "10.0");
}

fn piece() -> impl Strategy<Value = Patch<String>> {
    prop_oneof![
        Just(Patch::Keep),
        Just(Patch::Clear),
        Just(set("  ")),
        "[A-Za-z]{1,6}( [A-Za-z]{1,6}){0,2}".prop_map(Patch::Set)
    ]
}

proptest! {
    /// Whatever was written in whatever order: a part of a name is known exactly when the whole is.
    #[test]
    fn a_name_is_never_half(steps in prop::collection::vec((piece(), piece(), piece()), 1..6)) {
        let mut fields = parse(named("", "", ""));
        for (full_name, first_name, last_name) in steps {
            let draft = ContactDraft { full_name, first_name, last_name, ..ContactDraft::default() };
            fields = updated(&fields, draft);
            let has_part = fields.first_name.is_some() || fields.last_name.is_some();
            prop_assert_eq!(fields.full_name.is_some(), has_part, "{:?}", name(&fields));
        }
    }

    /// Splitting loses nothing but how many blanks there are.
    #[test]
    fn a_split_name_joins_to_itself(full in "[A-Za-z]{1,6}( [A-Za-z]{1,6}){0,3}") {
        let fields = parse(named(&full, "", ""));
        let (whole, first, last) = name(&fields);
        prop_assert_eq!(whole, &full);
        let joined = format!("{first} {last}");
        prop_assert_eq!(joined.trim(), &full);
    }

    #[test]
    fn a_key_is_its_own_key(slug in "[a-zA-Z0-9%?#/-]{0,20}") {
        if let Some(key) = linkedin_key(&format!("https://www.linkedin.com/in/{slug}")) {
            // What decodes to a mark of addresses is another address.
            if !key.contains(['%', '?', '#']) {
                prop_assert_eq!(linkedin_key(&key), Some(key.clone()));
            }
        }
    }

    #[test]
    fn any_text_has_a_key_or_none(text in ".{0,60}") {
        let _ = linkedin_key(&text);
    }

    #[test]
    fn the_bracket_holds_the_number(employees in 1_i64..20_000) {
        let bracket = bracket_of(employees).unwrap();
        let (low, high) = bracket.split_once('-').unwrap_or((bracket.trim_end_matches('+'), "999999"));
        prop_assert!((low.parse::<i64>().unwrap()..=high.parse().unwrap()).contains(&employees));
    }
}
