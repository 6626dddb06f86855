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
pub use size::{SIZE_BRACKETS, bracket_of};
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
        let name = self.full_name.as_deref()?.to_lowercase();
        Some(format!("{name}\n{}", self.company_key()?))
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

/// The form in which companies' names are compared: lower case.
pub fn company_key(name: &str) -> String {
    name.trim().to_lowercase()
}
