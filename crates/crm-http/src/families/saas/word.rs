//! The family's vocabulary: the document's words for the domain's nouns, fields and ids.

use std::any::TypeId;

use crm_domain::{
    query::Field,
    tenant::{change::EntityKind, contact::ContactField, custom_field, lead::LeadField},
};

pub(crate) const ACTIVITY: &str = "activity_";
pub(crate) const API_KEY: &str = "key_";
pub(crate) const COMMENT: &str = "comment_";
pub(crate) const COMPANY: &str = "company_";
pub(crate) const CONTACT: &str = "contact_";
pub(crate) const CUSTOM_FIELD: &str = "custom_field_";
pub(crate) const DEAL: &str = "deal_";
pub(crate) const INVITATION: &str = "invitation_";
pub(crate) const DELIVERY: &str = "delivery_";
pub(crate) const HANDOFF: &str = "handoff_";
pub(crate) const LEAD: &str = "lead_";
pub(crate) const MERGE: &str = "merge_";
pub(crate) const PARTNER: &str = "partner_";
pub(crate) const PIPELINE: &str = "pipeline_";
pub(crate) const SETTING: &str = "settings_";
pub(crate) const SLA_POLICY: &str = "sla_policy_";
pub(crate) const STAGE: &str = "stage_";
pub(crate) const TASK: &str = "task_";
pub(crate) const TAG: &str = "tag_";
pub(crate) const TENANT: &str = "tenant_";
pub(crate) const TICKET: &str = "ticket_";
pub(crate) const USER: &str = "user_";
pub(crate) const WEBHOOK: &str = "webhook_";

/// What a custom field's key follows, in errors, changes, conditions and orders.
pub(super) const CUSTOM: &str = "customFields.";

/// The document's word for one of the domain's nouns.
pub(super) fn noun_of(noun: &str) -> &str {
    match noun {
        "account" => "company",
        "api_key" => "apiKey",
        "custom_field" => "customField",
        "opportunity" => "deal",
        "setting" => "settings",
        "sla_policy" => "slaPolicy",
        "ticket_comment" => "comment",
        "api key" => "API key",
        other => other,
    }
}

/// Several of a noun, as paths name them: `companies`.
pub(super) fn plural_of(noun: &str) -> String {
    noun.strip_suffix('y')
        .map_or_else(|| format!("{noun}s"), |stem| format!("{stem}ies"))
}

/// The prefix of the ids of a kind of record.
pub(super) fn prefix_of(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => COMPANY,
        EntityKind::Activity => ACTIVITY,
        EntityKind::ApiKey => API_KEY,
        EntityKind::Contact => CONTACT,
        EntityKind::CustomField => CUSTOM_FIELD,
        EntityKind::Handoff => HANDOFF,
        EntityKind::Invitation => INVITATION,
        EntityKind::Lead => LEAD,
        EntityKind::Opportunity => DEAL,
        EntityKind::Partner => PARTNER,
        EntityKind::Pipeline => PIPELINE,
        EntityKind::Setting => SETTING,
        EntityKind::SlaPolicy => SLA_POLICY,
        EntityKind::Stage => STAGE,
        EntityKind::Tag => TAG,
        EntityKind::Ticket => TICKET,
        EntityKind::TicketComment => COMMENT,
        EntityKind::Task => TASK,
        EntityKind::User => USER,
        EntityKind::Webhook => WEBHOOK,
    }
}

/// The prefix of the ids that a field of the domain holds, where it holds some.
pub(super) fn prefix_in(field: &str) -> Option<&'static str> {
    match field {
        "account_id" | "parent_id" | "converted_account_id" => Some(COMPANY),
        "contact_id" | "converted_contact_id" => Some(CONTACT),
        "lead_id" => Some(LEAD),
        "merge_id" => Some(MERGE),
        "opportunity_id" | "converted_opportunity_id" => Some(DEAL),
        "created_by" | "initiator_id" | "invited_by" | "manager_id" | "owner_id" | "receiver_id" | "user_id" => Some(USER),
        "pipeline_id" => Some(PIPELINE),
        "sla_policy_id" => Some(SLA_POLICY),
        "stage_id" => Some(STAGE),
        "ticket_id" => Some(TICKET),
        _ => None,
    }
}

/// Fields of leads that this family does not speak of.
const FOREIGN_OF_LEADS: [&str; 9] = [
    "budget_range",
    "decision_maker",
    "fit_score",
    "lead_tier",
    "next_action",
    "next_action_date",
    "pain_points",
    "prospect_reason",
    "prospect_status",
];

/// Fields of contacts that this family does not speak of.
const FOREIGN: [&str; 17] = [
    "annual_revenue",
    "company_address",
    "company_city",
    "company_country",
    "company_linkedin",
    "company_state",
    "corporate_phone",
    "email_domain",
    "employee_size_bracket",
    "employees",
    "full_name",
    "has_phone",
    "home_phone",
    "industry",
    "lead_score",
    "person_linkedin",
    "technologies",
];

/// Whether a kind of record has this field for other families only.
pub(super) fn is_foreign(kind: EntityKind, field: &str) -> bool {
    match kind {
        EntityKind::Contact => FOREIGN.contains(&field),
        EntityKind::Lead => FOREIGN_OF_LEADS.contains(&field),
        EntityKind::Opportunity => field == "competitors",
        _ => false,
    }
}

/// A noun's fields that this family speaks of.
pub(super) fn fields<F: Field>() -> impl Iterator<Item = F> {
    // Not every list is of records that have a kind; of the others only these have foreign fields.
    let kinds = [
        (TypeId::of::<ContactField>(), EntityKind::Contact),
        (TypeId::of::<LeadField>(), EntityKind::Lead),
    ];
    let kind = kinds
        .into_iter()
        .find(|(fields, _)| *fields == TypeId::of::<F>())
        .map(|(_, kind)| kind);
    let known = move |field: &F| !kind.is_some_and(|kind| is_foreign(kind, field.spec().name));
    F::ALL.iter().copied().filter(known)
}

/// The field's name in this family: camelCase, and the document's nouns.
pub(super) fn field_of(field: &str) -> String {
    if let Some((custom_field::MEMBER, key)) = field.split_once('.') {
        return format!("{CUSTOM}{key}");
    }
    if let Some((part, inner)) = field.split_once('.') {
        return format!("{}.{}", field_of(part), field_of(inner));
    }
    match field {
        "account" => "company".to_owned(),
        "account_id" => "companyId".to_owned(),
        "converted_account_id" => "convertedCompanyId".to_owned(),
        "opportunity" => "deal".to_owned(),
        "opportunity_id" => "dealId".to_owned(),
        "activity_type" | "field_type" => "type".to_owned(),
        "converted_opportunity_id" => "convertedDealId".to_owned(),
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

/// `annualRevenue` as people say it: `annual revenue`. A custom field is named by its key as it is.
pub(super) fn words_of(camel: &str) -> String {
    if let Some(key) = camel.strip_prefix(CUSTOM) {
        return format!("custom field {key}");
    }
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
        assert_eq!(field_of("opportunity.account_id"), "deal.companyId");
        assert_eq!(words_of("expectedCloseDate"), "expected close date");
        assert_eq!(field_of("custom_fields.my_Key"), "customFields.my_Key");
        assert_eq!(field_of("account.custom_fields.my_Key"), "company.customFields.my_Key");
        assert_eq!(words_of("customFields.my_Key"), "custom field my_Key");
    }
}
