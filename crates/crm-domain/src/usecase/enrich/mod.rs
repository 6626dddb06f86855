//! What a profile does to contacts: it fills what is blank and never overwrites what somebody wrote, or it makes a contact (contract D-126,
//! D-199 … D-202, X-154).

pub mod job;

use uuid::Uuid;

use crate::{
    enrichment::{Profile, ProfileUrl},
    error::{Error, Problem, Result},
    field::{Check, Email},
    id::{ContactId, RecordId, UserId},
    tenant::{
        UnitOfWork,
        change::{Actor, EntityKind, Origin},
        contact::{
            Contact, ContactFields, ContactReads,
            derived::{company_key, linkedin_key},
            revise,
        },
        custom_field::{CustomDraft, Prepared},
        merge::Fillable,
    },
    usecase::{company_template, single},
};

/// Who enriches contacts, as the change feed names it: `job:enrichment`.
pub const ACTOR: &str = "enrichment";

/// The origin of what a profile changes of a contact, which is no person's writing.
pub fn origin(family: &'static str) -> Origin {
    Origin {
        actor: Actor::Job(ACTOR),
        family,
    }
}

/// Who is to be looked up, and for which contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Whose profile.
    pub person: ProfileUrl,
    /// The contact that it is to fill; `None` where it is to make one.
    pub contact: Option<ContactId>,
}

/// What became of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It made this contact.
    Created(Contact),
    /// It filled something of this contact.
    Enriched(Contact),
    /// This contact knew all of it, or says otherwise.
    Unchanged(Contact),
}

impl Outcome {
    /// The contact as it is now.
    pub fn contact(&self) -> &Contact {
        match self {
            Self::Created(contact) | Self::Enriched(contact) | Self::Unchanged(contact) => contact,
        }
    }

    /// The contact as it is now.
    pub fn into_contact(self) -> Contact {
        match self {
            Self::Created(contact) | Self::Enriched(contact) | Self::Unchanged(contact) => contact,
        }
    }
}

/// A lookup for a contact, by the profile given or, where none is, by the contact's own (contract D-200).
///
/// # Errors
/// [`Error::NotFound`] for no live contact, [`Error::Invalid`] when no profile is known, [`Error::Duplicate`] when the profile given is
/// another contact's: before anything is paid for.
pub fn of_contact(contacts: &mut (impl ContactReads + ?Sized), contact: Uuid, given: Option<ProfileUrl>) -> Result<Subject> {
    let found = contacts.lookup_uuids(&[contact])?.pop();
    let contact = found.ok_or_else(|| Error::not_found(ContactId::NOUN, contact))?;
    let own = contact.fields.person_linkedin.as_ref();
    let own = own.map(|address| ProfileUrl::parse(address.as_str()));
    let person = match (given, own) {
        (Some(given), _) => given,
        (None, Some(own)) => own.map_err(|problem| Error::invalid("linkedin_url", problem))?,
        (None, None) => return Err(Error::invalid("linkedin_url", Problem::Required)),
    };
    if contact.fields.linkedin_key().as_deref() != Some(person.key()) {
        check_unknown(contacts, &person)?;
    }
    Ok(Subject {
        person,
        contact: Some(contact.id),
    })
}

/// A lookup for a new contact (contract D-202).
///
/// # Errors
/// [`Error::Duplicate`] when a live contact has this profile: before anything is paid for.
pub fn of_nobody(contacts: &mut (impl ContactReads + ?Sized), person: ProfileUrl) -> Result<Subject> {
    check_unknown(contacts, &person)?;
    Ok(Subject { person, contact: None })
}

/// A lookup for whichever contact has this profile, the oldest of several, or for a new one (contract D-125).
///
/// # Errors
/// Those of the port.
pub fn of_anybody(contacts: &mut (impl ContactReads + ?Sized), person: ProfileUrl) -> Result<Subject> {
    let holder = contacts.lookup_linkedin(&[person.key().to_owned()])?.into_iter().next();
    Ok(Subject {
        person,
        contact: holder.map(|contact| contact.id),
    })
}

fn check_unknown(contacts: &mut (impl ContactReads + ?Sized), person: &ProfileUrl) -> Result<()> {
    if contacts.lookup_linkedin(&[person.key().to_owned()])?.is_empty() {
        Ok(())
    } else {
        Err(Error::Duplicate {
            noun: ContactId::NOUN,
            field: "person_linkedin",
        })
    }
}

/// Whether contacts can be made of profiles at all: not where a custom field is required, which no profile tells.
///
/// # Errors
/// [`Error::Invalid`] with the fields that are required.
pub fn check_creatable(unit: &mut dyn UnitOfWork) -> Result<()> {
    let mut check = Check::new();
    Prepared::new_record(unit, EntityKind::Contact, CustomDraft::default(), &mut check)?;
    check.finish()
}

/// The contact that a profile for nobody belongs to after all: one that has the same profile, or its email and no other profile. What was
/// paid for goes to it instead of being lost.
///
/// # Errors
/// Those of the port.
pub fn holder(unit: &mut dyn UnitOfWork, person: &ProfileUrl, profile: &Profile) -> Result<Option<ContactId>> {
    let same = unit.contacts().lookup_linkedin(&[person.key().to_owned()])?;
    if let Some(contact) = same.first() {
        return Ok(Some(contact.id));
    }
    let Some(email) = &profile.email else { return Ok(None) };
    let same = unit.contacts().lookup_emails(&[email.key()])?.pop();
    Ok(same
        .filter(|contact| contact.fields.person_linkedin.is_none())
        .map(|contact| contact.id))
}

/// Applies a profile: to the subject's contact, else to the [`holder`], else it makes a contact, owned by `owner`.
///
/// # Errors
/// [`Error::NotFound`] when the contact is gone by now, and those of [`create`].
pub fn apply(unit: &mut dyn UnitOfWork, subject: &Subject, profile: &Profile, owner: UserId) -> Result<Outcome> {
    let contact = match subject.contact {
        Some(id) => Some(id),
        None => holder(unit, &subject.person, profile)?,
    };
    match contact {
        Some(id) => fill(unit, id, &subject.person, profile),
        None => create(unit, &subject.person, profile, owner).map(Outcome::Created),
    }
}

/// Makes a contact of a profile. An email that a live contact has is left out.
///
/// # Errors
/// Those of creating contacts.
pub fn create(unit: &mut dyn UnitOfWork, person: &ProfileUrl, profile: &Profile, owner: UserId) -> Result<Contact> {
    let mut draft = without_taken(unit, profile.clone())?.draft(person);
    company_template::complete(unit, &mut [&mut draft])?;
    single::create(unit, draft, owner, Check::new())
}

/// Fills what a contact does not say.
///
/// # Errors
/// [`Error::NotFound`].
pub fn fill(unit: &mut dyn UnitOfWork, contact: ContactId, person: &ProfileUrl, profile: &Profile) -> Result<Outcome> {
    let before: Contact = single::known(unit, contact)?;
    let profile = without_taken(unit, profile.clone())?;
    let told = ContactFields::parse(profile.draft(person), before.fields.owner_id, Check::new())?;
    let mut fields = before.fields.clone();
    fields.fill(&consistent(told, &before.fields));
    single::settle_one(unit, &before, &mut fields)?;
    match revise(unit, &before, fields)? {
        Some(after) => Ok(Outcome::Enriched(after)),
        None => Ok(Outcome::Unchanged(before)),
    }
}

/// A profile without an email that a live contact has: what must be unique is not taken over.
fn without_taken(unit: &mut dyn UnitOfWork, mut profile: Profile) -> Result<Profile> {
    let key = profile.email.as_ref().map(Email::key);
    if let Some(key) = key
        && !unit.contacts().lookup_emails(&[key])?.is_empty()
    {
        profile.email = None;
    }
    Ok(profile)
}

/// Without the job where the contact tells of another one: no job is pieced together of one's title and another's company.
fn consistent(mut told: ContactFields, known: &ContactFields) -> ContactFields {
    let differ = |one: Option<String>, other: Option<String>| one.is_some() && other.is_some() && one != other;
    let title = |fields: &ContactFields| fields.title.as_deref().map(str::to_lowercase);
    let company = |fields: &ContactFields| fields.company.as_deref().map(company_key);
    let page = |fields: &ContactFields| fields.company_linkedin.as_ref().and_then(|address| linkedin_key(address.as_str()));
    let is_nowhere = company(known).is_some() && company(&told).is_none();
    let is_elsewhere = differ(company(&told), company(known)) || differ(page(&told), page(known));
    if is_nowhere || is_elsewhere || differ(title(&told), title(known)) {
        told.title = None;
        told.company = None;
        told.industry = None;
        told.company_linkedin = None;
    }
    told
}
