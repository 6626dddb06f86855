//! The family's words for what the domain names otherwise.

/// Fields whose names are not the domain's in camelCase.
const FIELDS: &[(&str, &str)] = &[
    ("phone", "mobilePhone"),
    // A user's, not a contact's.
    ("profile_phone", "phone"),
    ("person_linkedin", "personLinkedIn"),
    ("company_linkedin", "companyLinkedIn"),
];

/// What the family calls a field of the domain: `first_name` is `firstName`.
pub(super) fn field_of(name: &str) -> String {
    // Places in a list stay in front: `contacts[2].email`.
    if let Some((place, name)) = name.split_once("].") {
        return format!("{place}].{}", field_of(name));
    }
    let own = FIELDS.iter().find(|(domain, _)| *domain == name);
    own.map_or_else(|| camel_case(name), |(_, own)| (*own).to_owned())
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &capitalised(word))
}

/// What the family calls a noun of the domain.
pub(super) fn noun_of(noun: &str) -> &str {
    match noun {
        "API key" | "api key" | "api_key" => "API key",
        "account" => "company",
        other => other,
    }
}

/// With a capital letter at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_documents_names() {
        for (domain, own) in [
            ("first_name", "firstName"),
            ("phone", "mobilePhone"),
            ("home_phone", "homePhone"),
            ("person_linkedin", "personLinkedIn"),
            ("employee_size_bracket", "employeeSizeBracket"),
            ("contacts[2].person_linkedin", "contacts[2].personLinkedIn"),
            ("leadScoreMin", "leadScoreMin"),
        ] {
            assert_eq!(field_of(domain), own);
        }
    }
}
