//! The fields that a table can fill, and the names that their columns have out there.
//!
//! A field's name is that of the domain, but for `close_date` (feeds the expected and, in a closing stage, the actual closing date),
//! `product` (names an opportunity that has no name), `full_name` (first and last name in one), `parent`, `account` and `owner` (found by
//! name), `contact_uuid` (the contact's own id in this deployment, as its downloads have it), `parent_external_id` and `account_external_id` (found by external id, which goes before the name), `contact_external_id` and
//! `contact_email` (found by these), `pipeline` (one that there is, by name), and `tags` (names between commas, put on the record beside those that it carries).

use crate::table::FieldSpec;

macro_rules! fields {
    ($($name:literal: [$($synonym:literal),* $(,)?],)*) => {
        &[$(FieldSpec { name: $name, synonyms: &[$($synonym),*] }),*]
    };
}

/// By these rows find their records: a column that was guessed wrongly would have them overwrite each other.
pub const EXACT: &[&str] = &[
    "contact_uuid",
    "external_id",
    "parent_external_id",
    "account_external_id",
    "contact_email",
    "contact_external_id",
    "tags",
];

/// Accounts.
pub const ACCOUNT: &[FieldSpec] = fields! {
    "external_id": ["account id", "organization id", "organisation id", "company id", "customer id", "record id", "crm id", "id"],
    "name": ["account", "account name", "company", "company name", "organization", "organization name", "organisation", "business name", "customer", "client"],
    "category": ["type", "account type", "company type", "kind", "customer type"],
    "website": ["url", "homepage", "web", "domain"],
    "phone": ["phone number", "telephone", "phone 1", "main phone", "tel"],
    "email": ["email address", "email 1", "mail", "contact email"],
    "address": ["street", "street address", "address line 1", "billing street", "billing address"],
    "city": ["town", "billing city"],
    "state": ["province", "region", "billing state"],
    "zip_code": ["zip", "postal code", "postcode", "billing postal code", "billing zip"],
    "country": ["office location", "location", "billing country", "headquarters", "nation"],
    "industry": ["sector", "vertical", "branch"],
    "employees": ["number of employees", "employee count", "headcount", "staff", "company size"],
    "annual_revenue": ["revenue", "turnover", "annual sales", "yearly revenue"],
    "currency": ["currency code", "iso currency"],
    "founded_year": ["year established", "founded", "established", "year founded", "founding year"],
    "description": ["notes", "about", "comments"],
    "parent": ["subsidiary of", "parent account", "parent company", "parent name"],
    "parent_external_id": ["parent id", "parent account id", "parent company id"],
    "owner": ["account owner", "owner name", "owner email", "sales agent", "sales rep", "rep", "agent", "assigned to", "account manager", "lead owner"],
    "tags": [],
};

/// Contacts; beside what people write, the headers of Apollo, Google Contacts, HubSpot, LinkedIn, Outlook, Pipedrive and Salesforce.
pub const CONTACT: &[FieldSpec] = fields! {
    "contact_uuid": [],
    "external_id": ["contact id", "customer id", "person id", "user id", "record id", "crm id", "id"],
    "full_name": ["name", "contact name", "contact", "customer name", "person name", "display name"],
    "first_name": ["given name", "forename", "first", "person first name"],
    "last_name": ["surname", "family name", "last", "person last name"],
    "title": ["job title", "position", "role", "job", "current position", "current title", "person job title", "organization title", "organization 1 title"],
    "company": ["company name", "organization", "organisation", "employer", "current company", "organization name", "organization 1 name", "person organization", "associated company", "company account"],
    "account": ["account name"],
    "account_external_id": ["account id", "company id", "organization id", "organisation id"],
    "email": ["email address", "email 1", "mail", "work email", "primary email", "business email", "email 1 value", "person email work", "email work"],
    "phone": ["phone number", "telephone", "phone 1", "work phone", "tel", "mobile phone", "mobile", "mobile number", "mobile phone number", "mobile no", "cell", "cell phone", "cell phone number", "primary phone", "phone 1 value", "person phone mobile", "phone mobile"],
    "other_phone": ["phone 2", "mobile", "mobile phone", "mobile number", "mobile phone number", "mobile no", "cell", "cell phone", "cell phone number", "second phone", "secondary phone", "work direct phone", "phone 2 value", "person phone other", "phone other"],
    "home_phone": ["home phone number", "home telephone", "person phone home", "phone home", "phone 3 value"],
    "corporate_phone": ["company phone", "company phone number", "business phone", "work phone", "office phone", "company main phone", "headquarters phone", "person phone work", "phone work"],
    "employees": ["number of employees", "employee count", "no of employees", "headcount", "company employees", "organization employee count"],
    "employee_size_bracket": ["company size", "employee range", "employees range", "employee count range", "employee size", "company headcount", "size bracket"],
    "industry": ["company industry", "organization industry", "sector"],
    "person_linkedin": ["person linkedin url", "linkedin", "linkedin url", "linkedin profile", "linkedin profile url", "profile url", "personal linkedin", "linkedin contact profile url", "contact linkedin url", "person linkedin profile"],
    "website": ["url", "homepage", "web", "web page", "website url", "website 1 value", "company website", "company url", "company domain", "company domain name", "organization website"],
    "company_linkedin": ["company linkedin url", "linkedin company url", "linkedin company page", "company linkedin profile", "company linkedin profile url", "organization linkedin"],
    "city": ["town", "mailing city", "home city", "address 1 city", "person city"],
    "state": ["province", "region", "mailing state", "state region", "state province", "mailing state province", "home state", "address 1 region", "person state"],
    "country": ["nation", "mailing country", "country region", "home country", "home country region", "address 1 country", "person country"],
    "company_address": ["company street", "company street address", "business street", "business address", "headquarters address", "organization address"],
    "company_city": ["business city", "headquarters city", "organization city"],
    "company_state": ["company state region", "business state", "headquarters state", "organization state"],
    "company_country": ["company country region", "business country", "business country region", "headquarters country", "organization country"],
    "technologies": ["tech stack", "technology", "technologies used", "web technologies"],
    "annual_revenue": ["revenue", "company revenue", "company annual revenue", "organization annual revenue"],
    "description": ["notes", "about", "comments"],
    "owner": ["contact owner", "lead owner", "owner name", "owner email", "sales agent", "sales rep", "rep", "agent", "assigned to", "person owner"],
    "tags": [],
};

/// Leads.
pub const LEAD: &[FieldSpec] = fields! {
    "external_id": ["lead id", "account id", "customer id", "person id", "record id", "crm id", "id"],
    "first_name": ["given name", "forename", "first"],
    "last_name": ["surname", "family name", "last"],
    "full_name": ["name", "lead name", "lead", "contact name"],
    "email": ["email address", "email 1", "mail", "work email"],
    "phone": ["phone number", "telephone", "phone 1", "work phone", "mobile", "tel"],
    "title": ["job title", "position", "role", "job"],
    "company": ["account", "account name", "company name", "company account", "organization", "organisation", "employer"],
    "source": ["lead source", "channel", "origin", "utm source"],
    "status": ["lead status", "deal stage", "stage", "lead stage"],
    "description": ["notes", "about", "comments"],
    "owner": ["lead owner", "contact owner", "owner name", "owner email", "sales agent", "sales rep", "rep", "agent", "assigned to"],
    "tags": [],
};

/// Opportunities.
pub const OPPORTUNITY: &[FieldSpec] = fields! {
    "external_id": ["opportunity id", "deal id", "opp id", "record id", "crm id", "id"],
    "name": ["opportunity", "opportunity name", "deal", "deal name", "title", "subject"],
    "product": ["product name", "item"],
    "account": ["account name", "company", "company name", "organization", "organisation", "customer", "client"],
    "account_external_id": ["account id", "company id", "organization id", "organisation id", "customer id"],
    "contact_email": [],
    "contact_external_id": [],
    "pipeline": ["pipeline name", "sales pipeline", "deal pipeline"],
    "stage": ["deal stage", "stage name", "sales stage", "pipeline stage", "opportunity stage", "status"],
    "amount": ["close value", "value", "deal value", "deal amount", "price", "revenue", "expected revenue"],
    "currency": ["currency code", "iso currency"],
    "probability": ["win probability", "likelihood", "chance"],
    "close_date": ["closing date", "date closed"],
    "expected_close_date": ["expected close", "expected closing date"],
    "closed_on": ["closed date", "actual close date", "closed at"],
    "engaged_on": ["engage date", "engagement date", "start date", "opened"],
    "description": ["notes", "comments"],
    "lead_source": ["source"],
    "next_step": ["next steps", "next action"],
    "lost_reason": ["loss reason", "reason lost", "closed lost reason"],
    "competitors": ["competitor", "competition"],
    "include_in_forecast": ["in forecast", "forecast", "forecasted", "counts in forecast"],
    "owner": ["sales agent", "opportunity owner", "deal owner", "owner name", "owner email", "sales rep", "rep", "agent", "assigned to", "lead owner"],
    "tags": [],
};

/// Users.
pub const USER: &[FieldSpec] = fields! {
    "name": ["sales agent", "agent", "user", "user name", "full name", "employee", "sales rep", "rep", "owner"],
    "email": ["email address", "mail", "work email"],
    "manager": ["supervisor", "reports to", "boss", "team lead", "manager name"],
    "office": ["regional office", "region", "territory", "location", "branch"],
    "role": ["user role", "permission"],
};
