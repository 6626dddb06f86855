//! How much is known of a contact (contract X-120).

use super::super::ContactFields;

/// The score of a contact of whom everything is known, in tenths.
pub const SCORE_MAX: i64 = 100;

impl ContactFields {
    /// How much is known of the contact, in tenths: 0 to [`SCORE_MAX`]. Each field that is known counts:
    ///
    /// | field | tenths |
    /// |---|---|
    /// | email | 20 |
    /// | title, company | 12 each |
    /// | own LinkedIn address | 10 |
    /// | industry | 8 |
    /// | first name, last name, any phone | 5 each |
    /// | technologies, annual revenue, anything of the company's address | 4 each |
    /// | the company's LinkedIn address | 3 |
    /// | number of employees or its bracket, website, country | 2 each |
    /// | city, state | 1 each |
    pub fn lead_score(&self) -> i64 {
        let has_company_place =
            self.company_address.is_some() || self.company_city.is_some() || self.company_state.is_some() || self.company_country.is_some();
        let known = [
            (self.email.is_some(), 20),
            (self.title.is_some(), 12),
            (self.company.is_some(), 12),
            (self.person_linkedin.is_some(), 10),
            (self.industry.is_some(), 8),
            (self.first_name.is_some(), 5),
            (self.last_name.is_some(), 5),
            (self.has_phone(), 5),
            (self.technologies.is_some(), 4),
            (self.annual_revenue.is_some(), 4),
            (has_company_place, 4),
            (self.company_linkedin.is_some(), 3),
            (self.employees.is_some() || self.employee_size_bracket.is_some(), 2),
            (self.website.is_some(), 2),
            (self.country.is_some(), 2),
            (self.city.is_some(), 1),
            (self.state.is_some(), 1),
        ];
        known.iter().filter(|(is_known, _)| *is_known).map(|(_, tenths)| tenths).sum()
    }
}

/// A score as contracts write it: `72` tenths are `7.2`.
pub fn show_score(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}
