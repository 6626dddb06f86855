//! What follows from what is known of a contact: pure, the same at each write on every node.

mod linkedin;
mod name;
mod score;
mod shared_domain;
mod size;
#[cfg(test)]
mod tests;

pub use linkedin::linkedin_key;
pub use name::joined;
pub(super) use name::{Name, NameDraft};
pub use score::{SCORE_MAX, show_score};
pub use shared_domain::is_shared_domain;
pub use size::{SIZE_BRACKETS, bracket_of, is_range};
pub(super) use size::{bracket, parse_bracket};

use super::ContactFields;
use crate::field::{Email, WebAddress};

impl ContactFields {
    /// What follows the `@` of the email, in lower case and ASCII (contract D-46).
    pub fn email_domain(&self) -> Option<String> {
        self.email.as_ref().map(Email::domain)
    }

    /// The domains that tell for which company the person works, the surest first: that of the email, then the website's.
    pub fn company_domains(&self) -> Vec<String> {
        company_domains(self.email.as_ref(), self.website.as_ref())
    }

    /// Whether any of the four phones is known (contract X-125).
    pub fn has_phone(&self) -> bool {
        [&self.phone, &self.other_phone, &self.home_phone, &self.corporate_phone]
            .into_iter()
            .any(Option::is_some)
    }

    /// The form in which companies' names are compared: lower case.
    pub fn company_key(&self) -> Option<String> {
        self.company.as_deref().map(company_key)
    }

    /// The person's LinkedIn address in the form that is compared.
    pub fn linkedin_key(&self) -> Option<String> {
        self.person_linkedin.as_ref().and_then(|address| linkedin_key(address.as_str()))
    }

    /// Full name and company, by which people without an email are known again: lower case, between them a line break.
    pub fn identity_key(&self) -> Option<String> {
        identity_of(self.full_name.as_deref(), self.company.as_deref())
    }

    /// Whether these are two people, if they have but the name in common: something that both say of the person differs.
    pub fn contradicts(&self, other: &Self) -> bool {
        let texts = |fields: &Self| {
            let text = |text: Option<&str>| text.map(name_key);
            [
                fields.email.as_ref().map(Email::key),
                fields.linkedin_key(),
                text(fields.external_id.as_deref()),
                text(fields.company.as_deref()),
                text(fields.title.as_deref()),
                text(fields.industry.as_deref()),
                text(fields.city.as_deref()),
                text(fields.state.as_deref()),
                text(fields.country.as_deref()),
                fields.phone.as_deref().map(dialled),
                fields.other_phone.as_deref().map(dialled),
                fields.home_phone.as_deref().map(dialled),
                fields.corporate_phone.as_deref().map(dialled),
            ]
        };
        let differ = |(one, other): (Option<String>, Option<String>)| one.is_some() && other.is_some() && one != other;
        texts(self).into_iter().zip(texts(other)).any(differ)
    }

    /// Whether anything is known of the company but its name.
    pub fn knows_company(&self) -> bool {
        let texts = [
            self.employee_size_bracket.is_some(),
            self.industry.is_some(),
            self.website.is_some(),
            self.company_linkedin.is_some(),
            self.technologies.is_some(),
            self.annual_revenue.is_some(),
            self.company_address.is_some(),
            self.company_city.is_some(),
            self.company_state.is_some(),
            self.company_country.is_some(),
        ];
        self.company.is_some() && (self.employees.is_some() || texts.contains(&true))
    }
}

/// The domains of a mail address and of a website that are a company's own, in this order.
pub fn company_domains(email: Option<&Email>, website: Option<&WebAddress>) -> Vec<String> {
    let domains = [email.map(Email::domain), website.and_then(WebAddress::host)];
    let mut domains: Vec<String> = domains.into_iter().flatten().filter(|domain| !is_shared_domain(domain)).collect();
    domains.dedup();
    domains
}

/// The form in which people's names are compared: lower case, one space between two words.
pub fn name_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The [`ContactFields::identity_key`] of this full name and company.
pub fn identity_of(full_name: Option<&str>, company: Option<&str>) -> Option<String> {
    Some(format!("{}\n{}", name_key(full_name?), name_key(company?)))
}

/// What is dialled of a phone number, however it is written.
fn dialled(phone: &str) -> String {
    phone
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '+')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The form in which companies' names are compared: lower case.
pub fn company_key(name: &str) -> String {
    name.trim().to_lowercase()
}
