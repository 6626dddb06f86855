//! The shapes of what is done to a lead.

use crm_domain::{
    Result,
    error::Problem,
    field::{Check, Patch, Text},
    id::{AccountId, ContactId, UserId},
    tenant::{
        custom_field::{CustomDraft, MEMBER},
        label::LabelReads,
        lead::Qualification,
    },
    usecase::convert_lead,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    families::saas::{
        company::Company,
        contact::Contact,
        deal::{Deal, DealRequest},
        id::{COMPANY, CONTACT, USER, in_body},
        lead::Lead,
        noun::{CustomMembers, View, custom_draft, shown},
    },
    shared::json_body::{Given, Object},
};

/// Who is to be responsible.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Assignment)]
pub(in crate::families::saas) struct Assignment {
    #[schema(value_type = String, example = "user_456")]
    owner_id: Given<String>,
}

impl Assignment {
    /// `None` when a problem was noted.
    pub(super) fn owner(self, check: &mut Check) -> Option<UserId> {
        match in_body(self.owner_id, USER, "owner_id", check) {
            Patch::Set(id) => Some(id),
            Patch::Keep | Patch::Clear => {
                check.fail("owner_id", Problem::Required);
                None
            }
        }
    }
}

/// Why a lead is not worth pursuing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Disqualification)]
pub(in crate::families::saas) struct Disqualification {
    #[schema(value_type = String, max_length = 500, example = "No budget this year")]
    reason: Given<String>,
}

impl Disqualification {
    /// `None` when a problem was noted.
    pub(super) fn reason(self, check: &mut Check) -> Option<Text<500>> {
        let given = self.reason.patch("reason", check);
        check.required("reason", given, None, Text::parse)
    }
}

/// What is known of a company or contact beyond what the lead says.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::ConversionPart)]
pub(in crate::families::saas) struct ConversionPart {
    /// Values of the tenant's custom fields, by their keys. A new record takes over what the lead has under the same keys, and is not made
    /// while a required one is missing.
    #[schema(value_type = Option<Object>, example = json!({"tier": "Gold"}))]
    custom_fields: CustomMembers,
}

/// How a lead is to be converted. The body may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Conversion)]
pub(in crate::families::saas) struct Conversion {
    /// Whether a deal is made; true when left out.
    #[schema(value_type = Option<bool>)]
    create_deal: Given<bool>,
    /// What is known of the deal. Without a name it has the company's, or the contact's; its company and contact are those of the
    /// conversion.
    #[schema(value_type = Option<DealRequest>)]
    deal: Given<Object<DealRequest>>,
    /// The company to use, whatever the lead says.
    #[schema(value_type = Option<String>, example = "company_12")]
    company_id: Given<String>,
    /// The contact to use, whatever the lead says.
    #[schema(value_type = Option<String>, example = "contact_56")]
    contact_id: Given<String>,
    #[schema(value_type = Option<ConversionPart>)]
    company: Given<Object<ConversionPart>>,
    #[schema(value_type = Option<ConversionPart>)]
    contact: Given<Object<ConversionPart>>,
}

impl Conversion {
    /// The conversion, and what is wrong with the fields of its deal.
    pub(super) fn parse(self, check: &mut Check) -> (convert_lead::Conversion, Check) {
        let mut of_deal = Check::new();
        let (deal, opportunity_custom) = match self.deal.patch::<Object<DealRequest>>("opportunity", check) {
            Patch::Set(Object(mut deal)) => {
                let custom = custom_draft(std::mem::take(&mut deal.custom_fields), &mut of_deal);
                (Some(deal.draft(&mut of_deal)), custom)
            }
            Patch::Keep | Patch::Clear => (None, CustomDraft::default()),
        };
        let account_custom = part(self.company, "account", check);
        let contact_custom = part(self.contact, "contact", check);
        let is_wanted = self.create_deal.patch("create_deal", check).or_current(Some(true)).unwrap_or(true);
        if deal.is_some() && !is_wanted {
            check.fail(
                "opportunity",
                Problem::Rule("must not be given where createDeal is false".to_owned()),
            );
        }
        let account: Patch<AccountId> = in_body(self.company_id, COMPANY, "account_id", check);
        let contact: Patch<ContactId> = in_body(self.contact_id, CONTACT, "contact_id", check);
        let conversion = convert_lead::Conversion {
            account_id: account.or_current(None),
            contact_id: contact.or_current(None),
            opportunity: is_wanted.then(|| deal.unwrap_or_default()),
            account_custom,
            contact_custom,
            opportunity_custom,
            qualification: Qualification::default(),
        };
        (conversion, of_deal)
    }
}

/// What is said of the custom fields of a part of the conversion; problems are named `part.field`.
fn part(given: Given<Object<ConversionPart>>, name: &str, check: &mut Check) -> CustomDraft {
    match given.patch::<Object<ConversionPart>>(name, check) {
        Patch::Set(Object(ConversionPart {
            custom_fields: Given::WrongType,
        })) => {
            let expected = "an object".to_owned();
            check.fail(&format!("{name}.{MEMBER}"), Problem::Type { expected });
            CustomDraft::default()
        }
        Patch::Set(Object(part)) => custom_draft(part.custom_fields, check),
        Patch::Keep | Patch::Clear => CustomDraft::default(),
    }
}

/// What a lead was converted into.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::Converted)]
pub(in crate::families::saas) struct Converted {
    lead: Lead,
    contact: Contact,
    /// Null where the lead tells of no company.
    company: Option<Company>,
    /// Null where none was wanted.
    deal: Option<Deal>,
}

impl Converted {
    pub(super) fn of(labels: &mut dyn LabelReads, converted: convert_lead::Converted, view: View) -> Result<Self> {
        let company = converted.account.map(|account| shown(labels, account, view)).transpose()?;
        let deal = converted
            .opportunity
            .map(|opportunity| shown(labels, opportunity, view))
            .transpose()?;
        Ok(Self {
            lead: shown(labels, converted.lead, view)?,
            contact: shown(labels, converted.contact, view)?,
            company,
            deal,
        })
    }
}
