//! What stands in a table for an account or a user: their names, and an external id where names do not tell accounts apart.
//!
//! An account that has no external id, and shares its name with another, comes with its uuid as external id, in its own row and wherever
//! a row refers to it. Nothing is made up for any other account.

use std::collections::{HashMap, HashSet};

use super::{ExportSource, contact::called as called_by, noun::Needed};
use crate::{
    control::user::User,
    error::Result,
    id::{AccountId, ContactId, PipelineId, UserId},
    tenant::{TenantReader, account::Account},
};

/// The accounts and users of a page.
pub(super) struct References {
    source: ExportSource,
    accounts: HashMap<AccountId, AccountName>,
    /// Email and external id.
    contacts: HashMap<ContactId, (String, String)>,
    owners: HashMap<UserId, String>,
    /// Users whom no row can name: they were looked for once.
    strangers: HashSet<UserId>,
    default_pipeline: Option<PipelineId>,
    pipelines: HashMap<PipelineId, String>,
}

struct AccountName {
    name: String,
    external_id: String,
}

impl References {
    pub(super) fn new(source: ExportSource) -> Self {
        Self {
            source,
            accounts: HashMap::new(),
            contacts: HashMap::new(),
            owners: HashMap::new(),
            strangers: HashSet::new(),
            default_pipeline: None,
            pipelines: HashMap::new(),
        }
    }

    /// Reads what the rows of a page name; what earlier pages named is forgotten.
    pub(super) fn load(&mut self, reader: &mut dyn TenantReader, needed: Needed<'_>) -> Result<()> {
        let pipelines = reader.pipelines().all()?;
        let default = pipelines.iter().find(|pipeline| pipeline.fields.is_default).or(pipelines.first());
        self.default_pipeline = default.map(|pipeline| pipeline.id);
        self.pipelines = pipelines
            .iter()
            .map(|pipeline| (pipeline.id, pipeline.fields.name.to_string()))
            .collect();
        let read = if needed.ids.is_empty() {
            Vec::new()
        } else {
            reader.accounts().lookup_many(&needed.ids)?
        };
        let accounts: Vec<&Account> = needed.known.iter().chain(&read).collect();
        let shared = shared_names(reader, &accounts)?;
        self.accounts = accounts
            .into_iter()
            .map(|account| (account.id, AccountName::of(account, &shared)))
            .collect();
        Ok(())
    }

    /// Reads the contacts whom the rows of a page name; those of earlier pages are forgotten.
    pub(super) fn load_contacts(&mut self, reader: &mut dyn TenantReader, mut ids: Vec<ContactId>) -> Result<()> {
        ids.sort_unstable();
        ids.dedup();
        let read = if ids.is_empty() {
            Vec::new()
        } else {
            reader.contacts().lookup_many(&ids)?
        };
        self.contacts = read.iter().map(|contact| (contact.id, called_by(contact))).collect();
        Ok(())
    }

    /// Reads the tenant's users when one of these owners is not known yet.
    pub(super) fn load_owners(&mut self, mut owners: impl Iterator<Item = UserId> + Clone) -> Result<()> {
        let is_new = |id: UserId| !self.owners.contains_key(&id) && !self.strangers.contains(&id);
        if !owners.clone().any(is_new) {
            return Ok(());
        }
        let users = self.source.control.reading(|reader| reader.users().list(self.source.tenant))?;
        self.owners = users.iter().filter_map(|user| Some((user.id, called(user)?))).collect();
        let unknown = owners.by_ref().filter(|id| !self.owners.contains_key(id));
        self.strangers.extend(unknown);
        Ok(())
    }

    /// The account's name; empty when there is none or it is deleted.
    pub(super) fn account(&self, id: Option<AccountId>) -> String {
        self.find(id).map(|account| account.name.clone()).unwrap_or_default()
    }

    /// What tells the account from others of its name; empty when the name does.
    pub(super) fn external_id(&self, id: Option<AccountId>) -> String {
        self.find(id).map(|account| account.external_id.clone()).unwrap_or_default()
    }

    /// The contact's email, and what else tells it from others; both empty when there is none or it is deleted.
    pub(super) fn contact(&self, id: Option<ContactId>) -> (String, String) {
        id.and_then(|id| self.contacts.get(&id)).cloned().unwrap_or_default()
    }

    /// The owner's email or, without one, name.
    pub(super) fn owner(&self, id: UserId) -> String {
        self.owners.get(&id).cloned().unwrap_or_default()
    }

    /// The pipeline's name; empty for the default one, into which an import puts what names none.
    pub(super) fn other_pipeline(&self, pipeline: PipelineId) -> String {
        let name = self.pipelines.get(&pipeline).filter(|_| !self.is_default(pipeline));
        name.cloned().unwrap_or_default()
    }

    /// Whether the pipeline is the one that an import puts opportunities into.
    pub(super) fn is_default(&self, pipeline: PipelineId) -> bool {
        self.default_pipeline == Some(pipeline)
    }

    fn find(&self, id: Option<AccountId>) -> Option<&AccountName> {
        self.accounts.get(&id?)
    }
}

impl AccountName {
    fn of(account: &Account, shared: &HashSet<String>) -> Self {
        let name = account.fields.name.to_string();
        let external_id = match &account.fields.external_id {
            Some(id) => id.to_string(),
            None if shared.contains(&name.to_lowercase()) => account.uuid.to_string(),
            None => String::new(),
        };
        Self { name, external_id }
    }
}

/// The lower-case names of these accounts that other accounts have, too.
fn shared_names(reader: &mut dyn TenantReader, accounts: &[&Account]) -> Result<HashSet<String>> {
    // One with an external id is known by that.
    let anonymous = accounts.iter().filter(|account| account.fields.external_id.is_none());
    let names: HashSet<String> = anonymous.map(|account| account.fields.name.to_lowercase()).collect();
    if names.is_empty() {
        return Ok(HashSet::new());
    }
    let names: Vec<String> = names.into_iter().collect();
    let (mut once, mut shared) = (HashSet::new(), HashSet::new());
    for account in reader.accounts().lookup_named(&names)? {
        let name = account.fields.name.to_lowercase();
        if !once.insert(name.clone()) {
            shared.insert(name);
        }
    }
    Ok(shared)
}

fn called(user: &User) -> Option<String> {
    let email = user.email.as_ref().map(|email| email.as_str().to_owned());
    email.or_else(|| user.name.as_ref().map(ToString::to_string))
}
