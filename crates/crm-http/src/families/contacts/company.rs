//! What is known of companies, and putting contacts in order by it, for pages (contract D-221 … D-226, X-156).

use actix_web::{HttpResponse, http::StatusCode, web};
use crm_domain::{
    Result as DomainResult,
    control::user::Permission,
    field::{Check, Patch},
    id::UserId,
    page::{Cursor, Sort, Start, Window},
    query::{Condition, Field},
    tenant::{
        UnitOfWork,
        contact::{
            Contact as Entity, ContactDraft, ContactField, ContactFields, ContactFilter, derived::joined, template::CompanyTemplate,
        },
    },
    usecase::{company_template, single},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{given, kept},
    context::{Body, Browser, Nothing, Optional},
    error::{ApiError, BodyResponses, ErrorResponses},
};
use crate::shared::{idempotency::once, tenant::TenantSession};

pub(super) const TEMPLATE: &str = "/api/companies/{companyName}/template";
pub(super) const AUTOFILL: &str = "/api/contacts/bulk-autofill";
pub(super) const FIX_NAMES: &str = "/api/fix-fullnames";

/// Contacts written in one unit of work: others' writes go between.
const SLICE: u32 = 500;

/// What is known of a company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::CompanyTemplate)]
pub(super) struct Template {
    #[schema(example = "Acme Inc")]
    company: String,
    employees: Option<i64>,
    employee_size_bracket: Option<String>,
    industry: Option<String>,
    website: Option<String>,
    #[serde(rename = "companyLinkedIn")]
    company_linkedin: Option<String>,
    technologies: Vec<String>,
    annual_revenue: Option<String>,
    company_address: Option<String>,
    company_city: Option<String>,
    company_state: Option<String>,
    company_country: Option<String>,
}

impl From<CompanyTemplate> for Template {
    fn from(known: CompanyTemplate) -> Self {
        Self {
            company: known.company,
            employees: known.employees,
            employee_size_bracket: known.employee_size_bracket,
            industry: known.industry,
            website: known.website,
            company_linkedin: known.company_linkedin,
            technologies: known.technologies,
            annual_revenue: known.annual_revenue,
            company_address: known.company_address,
            company_city: known.company_city,
            company_state: known.company_state,
            company_country: known.company_country,
        }
    }
}

/// The answer about a company.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::TemplateResponse)]
pub(super) struct TemplateResponse {
    /// Always `true`.
    success: bool,
    /// Null where nothing is known.
    template: Option<Template>,
}

/// Shows what is known of a company, by its name, whatever its case.
#[utoipa::path(
    get, path = TEMPLATE, tag = "contacts internal", operation_id = "contacts_get_company_template",
    params(("companyName" = String, Path, example = "Acme Inc")),
    responses((status = 200, description = "What is known", body = TemplateResponse), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn template(browser: Browser, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let name = name.into_inner();
    let known = browser.tenant.read(move |reader| company_template::of(reader, &name)).await?;
    Ok(HttpResponse::Ok().json(TemplateResponse {
        success: true,
        template: known.map(Template::from),
    }))
}

/// How many contacts were put in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Mended)]
pub(super) struct Mended {
    /// Always `true`.
    success: bool,
    #[schema(example = 12)]
    updated: u64,
}

/// Fills in what is known of the companies of contacts, and links them to the accounts of those names. Done again it finds nothing to do.
#[utoipa::path(
    post, path = AUTOFILL, tag = "contacts internal", operation_id = "contacts_autofill_companies",
    responses((status = 200, description = "How many contacts know more now", body = Mended), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn autofill(browser: Browser, Optional(body): Optional<Nothing>) -> Result<HttpResponse, ApiError> {
    let with_company = ContactFilter {
        conditions: vec![Condition::null(ContactField::Company, false)],
        ..ContactFilter::default()
    };
    mend(browser, body, with_company, may_learn_of_company, fill).await
}

/// Makes the full names of contacts that have none, or one without their first or last name. Done again it finds nothing to do.
#[utoipa::path(
    post, path = FIX_NAMES, tag = "contacts internal", operation_id = "contacts_fix_full_names",
    responses((status = 200, description = "How many contacts have another full name now", body = Mended), ErrorResponses, BodyResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn fix_names(browser: Browser, Optional(body): Optional<Nothing>) -> Result<HttpResponse, ApiError> {
    mend(browser, body, ContactFilter::default(), |fields| !is_named_right(fields), rename).await
}

/// Walks over the contacts in the order of creation, slice by slice, and mends those that want it. A repeated request gets the answer that
/// was kept with its key.
async fn mend(
    browser: Browser,
    body: Body<Nothing>,
    filter: ContactFilter,
    wants: fn(&ContactFields) -> bool,
    draft: fn(&mut dyn UnitOfWork, &[Entity]) -> DomainResult<Vec<ContactDraft>>,
) -> Result<HttpResponse, ApiError> {
    browser.require(Permission::Write)?;
    let (tenant, owner) = (&browser.tenant, browser.user().id);
    let mut updated = 0;
    let mut start = Start::Offset(0);
    loop {
        let (filter, window) = (filter.clone(), Window { limit: SLICE, start });
        let page = tenant
            .snapshot(move |reader| reader.contacts().list(&filter, Sort::default(), &window))
            .await?;
        let (seen, has_more) = (page.seen, page.has_more);
        let last = page.items.last().map(|last| (ContactField::default().place(last), last.id.into()));
        let wanting = page
            .items
            .into_iter()
            .filter(|contact| wants(&contact.fields))
            .map(|contact| contact.id)
            .collect::<Vec<_>>();
        if !wanting.is_empty() {
            updated += write(tenant, owner, wanting, wants, draft).await?;
        }
        match last.filter(|_| has_more) {
            Some((value, id)) => start = Start::After(Cursor { value, id, seen, list: 0 }),
            None => break,
        }
    }
    let guard = body.guard;
    let answer = tenant.write(move |unit| once(unit, guard.as_ref(), |_| kept(StatusCode::OK, &Mended { success: true, updated })));
    Ok(given(answer.await?))
}

/// Mends those contacts that still want it.
async fn write(
    tenant: &TenantSession,
    owner: UserId,
    ids: Vec<crm_domain::id::ContactId>,
    wants: fn(&ContactFields) -> bool,
    draft: fn(&mut dyn UnitOfWork, &[Entity]) -> DomainResult<Vec<ContactDraft>>,
) -> DomainResult<u64> {
    let written = tenant.write(move |unit| {
        let mut contacts = unit.contacts().lookup_many(&ids)?;
        contacts.retain(|contact| wants(&contact.fields));
        let drafts = draft(unit, &contacts)?;
        let mut updated = 0;
        for (before, draft) in contacts.into_iter().zip(drafts) {
            let had = before.fields.clone();
            let after = single::update_known(unit, before, draft, owner, Check::new())?;
            updated += u64::from(after.fields != had);
        }
        Ok(updated)
    });
    written.await
}

fn may_learn_of_company(fields: &ContactFields) -> bool {
    fields.account_id.is_none() || lacks_company_data(fields)
}

fn lacks_company_data(fields: &ContactFields) -> bool {
    let is_sized = fields.employees.is_some() || fields.employee_size_bracket.is_some();
    let is_placed = [&fields.company_city, &fields.company_state, &fields.company_country]
        .into_iter()
        .any(Option::is_some);
    let has_rest = fields.industry.is_some()
        && fields.website.is_some()
        && fields.company_linkedin.is_some()
        && fields.annual_revenue.is_some()
        && fields.technologies.is_some();
    !(is_sized && (is_placed || fields.company_address.is_some()) && has_rest)
}

/// What the contacts' companies say beyond what they say themselves.
fn fill(unit: &mut dyn UnitOfWork, contacts: &[Entity]) -> DomainResult<Vec<ContactDraft>> {
    let mut drafts: Vec<ContactDraft> = contacts.iter().map(|contact| as_said(&contact.fields)).collect();
    company_template::complete_known(unit, &mut drafts.iter_mut().collect::<Vec<_>>())?;
    Ok(drafts)
}

/// What a contact says of its company, as a draft.
fn as_said(fields: &ContactFields) -> ContactDraft {
    fn said(text: Option<impl ToString>) -> Patch<String> {
        text.map(|text| text.to_string()).into()
    }
    let web = |address: &Option<crm_domain::field::WebAddress>| said(address.as_ref().map(|address| address.as_str()));
    let technologies = fields.technologies.as_ref();
    ContactDraft {
        company: said(fields.company.as_ref()),
        account_id: fields.account_id.into(),
        employees: said(fields.employees),
        employee_size_bracket: said(fields.employee_size_bracket.as_ref()),
        industry: said(fields.industry.as_ref()),
        website: web(&fields.website),
        company_linkedin: web(&fields.company_linkedin),
        technologies: technologies.map(|list| list.iter().map(ToString::to_string).collect()).into(),
        annual_revenue: said(fields.annual_revenue.as_ref()),
        company_address: said(fields.company_address.as_ref()),
        company_city: said(fields.company_city.as_ref()),
        company_state: said(fields.company_state.as_ref()),
        company_country: said(fields.company_country.as_ref()),
        ..ContactDraft::default()
    }
}

/// Whether a full name is there where it should be, and holds first and last name.
fn is_named_right(fields: &ContactFields) -> bool {
    let full = fields.full_name.as_deref().unwrap_or_default().to_lowercase();
    let parts = [fields.first_name.as_deref(), fields.last_name.as_deref()];
    parts.into_iter().flatten().all(|part| full.contains(&part.to_lowercase()))
}

fn rename(_: &mut dyn UnitOfWork, contacts: &[Entity]) -> DomainResult<Vec<ContactDraft>> {
    let draft = |contact: &Entity| {
        let (first, last) = (contact.fields.first_name.as_deref(), contact.fields.last_name.as_deref());
        // All three, so that none is taken apart again.
        ContactDraft {
            full_name: joined(first, last).map(|name| name.into_inner()).into(),
            first_name: first.map(str::to_owned).into(),
            last_name: last.map(str::to_owned).into(),
            ..ContactDraft::default()
        }
    };
    Ok(contacts.iter().map(draft).collect())
}
