//! The family's vocabulary: the document's words for the domain's nouns, fields and ids.

use crm_domain::tenant::change::EntityKind;

pub(crate) const ACTIVITY: &str = "activity_";
pub(crate) const API_KEY: &str = "key_";
pub(crate) const COMPANY: &str = "company_";
pub(crate) const CONTACT: &str = "contact_";
pub(crate) const DEAL: &str = "deal_";
pub(crate) const LEAD: &str = "lead_";
pub(crate) const PIPELINE: &str = "pipeline_";
pub(crate) const STAGE: &str = "stage_";
pub(crate) const TENANT: &str = "tenant_";
pub(crate) const USER: &str = "user_";

/// The document's word for one of the domain's nouns.
pub(super) fn noun_of(noun: &str) -> &str {
    match noun {
        "account" => "company",
        "opportunity" => "deal",
        "api key" => "API key",
        other => other,
    }
}

/// The prefix of the ids of a kind of record.
pub(super) fn prefix_of(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => COMPANY,
        EntityKind::Activity => ACTIVITY,
        EntityKind::Contact => CONTACT,
        EntityKind::Lead => LEAD,
        EntityKind::Opportunity => DEAL,
        EntityKind::Pipeline => PIPELINE,
        EntityKind::Stage => STAGE,
    }
}

/// The prefix of the ids that a field of the domain holds, where it holds some.
pub(super) fn prefix_in(field: &str) -> Option<&'static str> {
    match field {
        "account_id" | "parent_id" => Some(COMPANY),
        "contact_id" => Some(CONTACT),
        "lead_id" => Some(LEAD),
        "opportunity_id" => Some(DEAL),
        "owner_id" => Some(USER),
        "pipeline_id" => Some(PIPELINE),
        "stage_id" => Some(STAGE),
        _ => None,
    }
}

/// The field's name in this family: camelCase, and the document's nouns.
pub(super) fn field_of(field: &str) -> String {
    match field {
        "account_id" => "companyId".to_owned(),
        "opportunity_id" => "dealId".to_owned(),
        // A registration's `name` is its user's.
        "user_name" => "name".to_owned(),
        other => camel_case(other),
    }
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalised(word))
}

/// `annualRevenue` as people say it: `annual revenue`.
pub(super) fn words_of(camel: &str) -> String {
    let mut words = String::with_capacity(camel.len() + 4);
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_case() {
        assert_eq!(field_of("zip_code"), "zipCode");
        assert_eq!(field_of("email"), "email");
        assert_eq!(field_of("user_name"), "name");
        assert_eq!(field_of("opportunity_id"), "dealId");
        assert_eq!(words_of("expectedCloseDate"), "expected close date");
    }
}
