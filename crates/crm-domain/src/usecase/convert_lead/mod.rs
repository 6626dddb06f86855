//! A lead becomes a contact, of a company where one is known, with an opportunity where one is wanted: all in one unit of work.
//!
//! What exists already is used, what is missing is made of what the lead says, and nothing is invented. The contact is the one with the
//! lead's email. The account is, in this order: the one that the caller names, the lead's own, the one with the lead's company name, the
//! contact's own, the only one with the email's domain (`company`), a new one of the lead's company name. A lead that says nothing of a
//! company has none.

mod company;
mod custom;
pub(crate) mod free_mail;
mod person;

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, ContactId, LeadId, RecordId},
    tenant::{
        UnitOfWork,
        account::Account,
        contact::Contact,
        custom_field::CustomDraft,
        lead::{self, Lead, LeadFields, LeadStep, Qualification},
        opportunity::{self, Opportunity, OpportunityDraft, OpportunityFields},
        pipeline::Stage,
    },
    usecase::single,
};
use custom::{Custom, Fate, Said};

/// What a caller says of a conversion.
#[derive(Debug, Default)]
pub struct Conversion {
    /// The account to use, whatever the lead says.
    pub account_id: Option<AccountId>,
    /// The contact to use, whatever the lead says.
    pub contact_id: Option<ContactId>,
    /// What is known of the opportunity; `None` makes none. Its account and contact are those of the conversion, and without a name it has
    /// the account's, or the contact's.
    pub opportunity: Option<OpportunityDraft>,
    /// What is known of the account's custom fields. A new record takes over what the lead has in fields of the same keys, and needs a
    /// value where one is required.
    pub account_custom: CustomDraft,
    /// What is known of the contact's.
    pub contact_custom: CustomDraft,
    /// What is known of the opportunity's.
    pub opportunity_custom: CustomDraft,
    /// What was found out about the lead; kept with it.
    pub qualification: Qualification,
}

/// What a lead was converted into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The lead, converted.
    pub lead: Lead,
    /// The person.
    pub contact: Contact,
    /// The company, where one is known.
    pub account: Option<Account>,
    /// What may be sold, where it was wanted.
    pub opportunity: Option<Opportunity>,
}

/// Converts a lead. `check` holds what is known to be wrong with the conversion; problems of the opportunity's fields are named
/// `opportunity.field`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::State`] when the lead is converted already or was disqualified; [`Error::Invalid`] when account or contact
/// do not exist and for the opportunity's fields, [`Error::Duplicate`] when its external id is taken.
pub fn convert(unit: &mut dyn UnitOfWork, id: LeadId, mut conversion: Conversion, check: Check) -> Result<Converted> {
    let lead: Lead = single::known(unit, id)?;
    let status = lead::step(&lead, LeadStep::Convert)?;
    let qualification = std::mem::take(&mut conversion.qualification);
    let Parts {
        account,
        contact,
        opportunity,
        custom,
    } = judge(unit, &lead, conversion, check)?;

    let account = match account {
        Some(account) => Some(custom.account.write(unit, account)?),
        None => match company::create(unit, &lead.fields)? {
            Some(account) => Some(custom.account.write_new(unit, account)?),
            None => None,
        },
    };
    let account_id = account.as_ref().map(|account| account.id);
    let contact = match contact {
        Some(contact) => {
            let contact = person::complete(unit, &contact, &lead.fields, account_id)?;
            custom.contact.write(unit, contact)?
        }
        None => {
            let contact = person::create(unit, &lead.fields, account_id)?;
            custom.contact.write_new(unit, contact)?
        }
    };
    let opportunity = match opportunity {
        Some((fields, stage)) => {
            let fields = OpportunityFields {
                account_id,
                contact_id: Some(contact.id),
                ..fields
            };
            let added = opportunity::create_many(unit, vec![(fields, stage)])?.pop();
            let added = added.ok_or_else(|| Error::Internal("an added opportunity is missing".to_owned()))?;
            Some(custom.opportunity.write_new(unit, added)?)
        }
        None => None,
    };

    let mut fields = LeadFields {
        status,
        account_id: account_id.or(lead.fields.account_id),
        ..lead.fields.clone()
    };
    fields.prospect.qualification = qualification;
    fields.outcome.converted_at = Some(unit.stamp());
    fields.outcome.converted_account_id = account_id;
    fields.outcome.converted_contact_id = Some(contact.id);
    fields.outcome.converted_opportunity_id = opportunity.as_ref().map(|opportunity| opportunity.id);
    let lead = lead::revise(unit, &lead, fields)?.ok_or_else(|| Error::Internal("a conversion that changes nothing".to_owned()))?;
    Ok(Converted {
        lead,
        contact,
        account,
        opportunity,
    })
}

/// A conversion that was found valid.
struct Parts {
    /// The account to use.
    account: Option<Account>,
    /// The contact to use.
    contact: Option<Contact>,
    opportunity: Option<(OpportunityFields, Stage)>,
    custom: Custom,
}

/// Everything that can be wrong is found before anything is written, so that a caller hears of all at once.
fn judge(unit: &mut dyn UnitOfWork, lead: &Lead, conversion: Conversion, mut check: Check) -> Result<Parts> {
    let named_account = match conversion.account_id {
        Some(id) => unit.accounts().lookup(id)?,
        None => None,
    };
    if conversion.account_id.is_some() && named_account.is_none() {
        check.fail("account_id", Problem::Reference { noun: AccountId::NOUN });
    }
    let named_contact = match conversion.contact_id {
        Some(id) => unit.contacts().lookup(id)?,
        None => None,
    };
    if conversion.contact_id.is_some() && named_contact.is_none() {
        check.fail("contact_id", Problem::Reference { noun: ContactId::NOUN });
    }
    let is_sold = conversion.opportunity.is_some();
    let opportunity = match conversion.opportunity {
        Some(draft) => {
            let draft = completed(draft, &lead.fields, named_account.as_ref());
            let context = opportunity::context(unit, lead.fields.owner_id)?;
            check.within("opportunity", OpportunityFields::parse(draft, &context, Check::new()))?
        }
        None => None,
    };
    let contact = match named_contact {
        Some(contact) => Some(contact),
        None => person::find(unit, &lead.fields)?,
    };
    let account = match named_account {
        Some(account) => Some(account),
        None => company::find(unit, &lead.fields, contact.as_ref())?,
    };
    let fate = |known: Option<i64>, is_made: bool| match known {
        Some(id) => Fate::Used(id),
        None if is_made => Fate::Made,
        None => Fate::None,
    };
    let of_account = fate(account.as_ref().map(|account| account.id.get()), lead.fields.company.is_some());
    let of_contact = fate(contact.as_ref().map(|contact| contact.id.get()), true);
    let known = custom::of_lead(unit, lead)?;
    let custom = Custom {
        account: Said::judge(unit, "account", of_account, conversion.account_custom, &known, &mut check)?,
        contact: Said::judge(unit, "contact", of_contact, conversion.contact_custom, &known, &mut check)?,
        opportunity: Said::judge(
            unit,
            "opportunity",
            fate(None, is_sold),
            conversion.opportunity_custom,
            &known,
            &mut check,
        )?,
    };
    check.finish()?;
    Ok(Parts {
        account,
        contact,
        opportunity,
        custom,
    })
}

/// What the lead says of the opportunity where the caller is silent.
pub(crate) fn completed(draft: OpportunityDraft, lead: &LeadFields, account: Option<&Account>) -> OpportunityDraft {
    let is_given = matches!(&draft.name, Patch::Set(name) if !name.trim().is_empty());
    let company = account
        .map(|account| account.fields.name.to_string())
        .or(lead.company.as_ref().map(ToString::to_string));
    OpportunityDraft {
        name: if is_given {
            draft.name
        } else {
            Patch::Set(company.unwrap_or_else(|| lead.full_name()))
        },
        lead_source: match (draft.lead_source, &lead.source) {
            (Patch::Keep, Some(source)) => Patch::Set(source.to_string()),
            (given, _) => given,
        },
        account_id: Patch::Keep,
        contact_id: Patch::Keep,
        ..draft
    }
}
