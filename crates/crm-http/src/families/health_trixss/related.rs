//! Contacts, leads and activities of an account, as `expand` shows them (contract A-40 … ).

use crm_domain::{
    id::{AccountId, RecordId},
    tenant::{activity::Activity, contact::Contact, lead::Lead},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::shared::wire::{Millis, Numbered, PaddedId};

const CONTACT_ID: PaddedId<5> = PaddedId { prefix: "CON-" };
const LEAD_ID: PaddedId<5> = PaddedId { prefix: "LEA-" };
const ACTIVITY_ID: PaddedId<5> = PaddedId { prefix: "ATV-" };

/// A contact of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Contact)]
pub(super) struct ContactView<'a> {
    #[schema(value_type = String, example = "CON-00001")]
    id: Numbered<5>,
    #[schema(required)]
    first_name: Option<&'a str>,
    #[schema(required)]
    last_name: Option<&'a str>,
    #[schema(required)]
    email: Option<&'a str>,
    #[schema(required)]
    phone: Option<&'a str>,
    #[schema(required)]
    title: Option<&'a str>,
    owner_id: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

impl<'a> From<&'a Contact> for ContactView<'a> {
    fn from(contact: &'a Contact) -> Self {
        let fields = &contact.fields;
        Self {
            id: CONTACT_ID.number(contact.id.get()),
            first_name: fields.first_name.as_deref(),
            last_name: fields.last_name.as_deref(),
            email: fields.email.as_ref().map(|email| email.as_str()),
            phone: fields.phone.as_deref(),
            title: fields.title.as_deref(),
            owner_id: fields.owner_id.get(),
            created_at: Millis(contact.created_at),
            updated_at: Millis(contact.updated_at),
        }
    }
}

/// A lead of an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Lead)]
pub(super) struct LeadView<'a> {
    #[schema(value_type = String, example = "LEA-00001")]
    id: Numbered<5>,
    #[schema(required)]
    first_name: Option<&'a str>,
    #[schema(required)]
    last_name: Option<&'a str>,
    #[schema(required)]
    email: Option<&'a str>,
    #[schema(required)]
    phone: Option<&'a str>,
    #[schema(required)]
    company: Option<&'a str>,
    #[schema(required)]
    source: Option<&'a str>,
    status: &'a str,
    owner_id: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

impl<'a> From<&'a Lead> for LeadView<'a> {
    fn from(lead: &'a Lead) -> Self {
        let fields = &lead.fields;
        Self {
            id: LEAD_ID.number(lead.id.get()),
            first_name: fields.first_name.as_deref(),
            last_name: fields.last_name.as_deref(),
            email: fields.email.as_ref().map(|email| email.as_str()),
            phone: fields.phone.as_deref(),
            company: fields.company.as_deref(),
            source: fields.source.as_deref(),
            status: fields.status.as_str(),
            owner_id: fields.owner_id.get(),
            created_at: Millis(lead.created_at),
            updated_at: Millis(lead.updated_at),
        }
    }
}

/// An activity about an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = health_trixss::Activity)]
pub(super) struct ActivityView<'a> {
    #[schema(value_type = String, example = "ATV-00001")]
    id: Numbered<5>,
    /// `call`, `email`, `meeting` or `note`.
    #[serde(rename = "type")]
    kind: &'static str,
    subject: &'a str,
    #[schema(required)]
    description: Option<&'a str>,
    /// When it takes or took place.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Millis>,
    completed: bool,
    owner_id: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Millis,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Millis,
}

impl<'a> From<&'a Activity> for ActivityView<'a> {
    fn from(activity: &'a Activity) -> Self {
        let fields = &activity.fields;
        Self {
            id: ACTIVITY_ID.number(activity.id.get()),
            kind: fields.activity_type.as_str(),
            subject: &fields.subject,
            description: fields.body.as_deref(),
            occurred_at: fields.occurred_at.map(Millis),
            completed: fields.completed,
            owner_id: fields.owner_id.get(),
            created_at: Millis(activity.created_at),
            updated_at: Millis(activity.updated_at),
        }
    }
}

/// What belongs to an account.
pub(super) trait OfAccount {
    /// The account.
    fn account(&self) -> Option<AccountId>;
}

impl OfAccount for Contact {
    fn account(&self) -> Option<AccountId> {
        self.fields.account_id
    }
}

impl OfAccount for Lead {
    fn account(&self) -> Option<AccountId> {
        self.fields.account_id
    }
}

impl OfAccount for Activity {
    fn account(&self) -> Option<AccountId> {
        self.fields.account_id
    }
}

/// The views of one account's records among those of a whole page.
pub(super) fn views_of<'a, R: OfAccount, V: From<&'a R>>(records: Option<&'a Vec<R>>, account: AccountId) -> Option<Vec<V>> {
    let own = |record: &&R| record.account() == Some(account);
    // Ports answer by account: one search per account, not a walk.
    let records = records?;
    let start = records.partition_point(|record| record.account() < Some(account));
    Some(records[start..].iter().take_while(own).map(V::from).collect())
}
