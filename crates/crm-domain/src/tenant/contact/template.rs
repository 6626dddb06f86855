//! What is known of a company, for contacts of whom only its name is (contract X-127, D-221).

use super::{ContactDraft, ContactFields};
use crate::{
    field::{Patch, WebAddress},
    tenant::account::AccountFields,
};

/// What is known of a company; texts as contacts hold them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields of ContactFields")]
pub struct CompanyTemplate {
    /// Its name as the record that the rest was taken from has it.
    pub company: String,
    pub employees: Option<i64>,
    pub employee_size_bracket: Option<String>,
    pub industry: Option<String>,
    pub website: Option<String>,
    pub company_linkedin: Option<String>,
    pub technologies: Vec<String>,
    pub annual_revenue: Option<String>,
    pub company_address: Option<String>,
    pub company_city: Option<String>,
    pub company_state: Option<String>,
    pub company_country: Option<String>,
}

impl CompanyTemplate {
    pub(crate) fn of_account(account: &AccountFields) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            company: account.name.to_string(),
            employees: account.employees,
            industry: text(account.industry.as_deref()),
            website: text(account.website.as_ref().map(WebAddress::as_str)),
            annual_revenue: account.annual_revenue.map(|money| money.major().to_string()),
            company_address: text(account.address.as_deref()),
            company_city: text(account.city.as_deref()),
            company_state: text(account.state.as_deref()),
            company_country: text(account.country.as_deref()),
            ..Self::default()
        }
    }

    pub(crate) fn of_contact(contact: &ContactFields) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            company: contact.company.as_deref().unwrap_or_default().to_owned(),
            employees: contact.employees,
            employee_size_bracket: text(contact.employee_size_bracket.as_deref()),
            industry: text(contact.industry.as_deref()),
            website: text(contact.website.as_ref().map(WebAddress::as_str)),
            company_linkedin: text(contact.company_linkedin.as_ref().map(WebAddress::as_str)),
            technologies: contact
                .technologies
                .iter()
                .flat_map(|list| list.iter())
                .map(ToString::to_string)
                .collect(),
            annual_revenue: text(contact.annual_revenue.as_deref()),
            company_address: text(contact.company_address.as_deref()),
            company_city: text(contact.company_city.as_deref()),
            company_state: text(contact.company_state.as_deref()),
            company_country: text(contact.company_country.as_deref()),
        }
    }

    /// Gives a draft what it does not say of the company. Size and place are each one value together: nothing is pieced together of two.
    pub fn complete(&self, draft: &mut ContactDraft) {
        let is_sized = says(&draft.employees) || says(&draft.employee_size_bracket);
        if !is_sized {
            draft.employees = self.employees.map(|number| number.to_string()).into();
            draft.employee_size_bracket = self.employee_size_bracket.clone().into();
        }
        let place = [
            &draft.company_address,
            &draft.company_city,
            &draft.company_state,
            &draft.company_country,
        ];
        if !place.into_iter().any(says) {
            draft.company_address = self.company_address.clone().into();
            draft.company_city = self.company_city.clone().into();
            draft.company_state = self.company_state.clone().into();
            draft.company_country = self.company_country.clone().into();
        }
        for (given, known) in [
            (&mut draft.industry, &self.industry),
            (&mut draft.website, &self.website),
            (&mut draft.company_linkedin, &self.company_linkedin),
            (&mut draft.annual_revenue, &self.annual_revenue),
        ] {
            if !says(given) {
                *given = known.clone().into();
            }
        }
        let has_technologies = matches!(&draft.technologies, Patch::Set(entries) if !entries.is_empty());
        if !has_technologies && !self.technologies.is_empty() {
            draft.technologies = Patch::Set(self.technologies.clone());
        }
    }
}

fn says(given: &Patch<String>) -> bool {
    matches!(given, Patch::Set(text) if !text.trim().is_empty())
}
