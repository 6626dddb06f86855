//! Parents of accounts: found by name after the last row, so that the order of a file does not matter.

use std::{collections::HashMap, sync::Arc};

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, RecordId},
    tenant::{UnitOfWork, account},
};

/// Rows per unit of work.
pub(super) const SLICE: usize = 500;

/// An account whose row names a parent.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) line: u64,
    pub(super) account: AccountId,
    /// As the file names it; rows of one parent share the text.
    pub(super) parent: Arc<str>,
}

/// The accounts whose rows name a parent.
#[derive(Debug, Default)]
pub(super) struct Parents {
    wishes: Vec<Wish>,
    names: HashMap<String, Arc<str>>,
}

impl Parents {
    pub(super) fn wish(&mut self, line: u64, account: i64, parent: &str) {
        let shared = match self.names.get(parent) {
            Some(shared) => shared.clone(),
            None => self.names.entry(parent.to_owned()).or_insert_with(|| parent.into()).clone(),
        };
        self.wishes.push(Wish {
            line,
            account: AccountId::from_i64(account),
            parent: shared,
        });
    }

    /// The wishes in the order of the file.
    pub(super) fn into_slices(self) -> Vec<Vec<Wish>> {
        self.wishes.chunks(SLICE).map(<[Wish]>::to_vec).collect()
    }
}

/// Sets the parents; the first wish that cannot be met fails them all.
pub(super) fn fulfil(unit: &mut dyn UnitOfWork, wishes: &[Wish]) -> Result<()> {
    let names: Vec<String> = wishes.iter().map(|wish| wish.parent.to_lowercase()).collect();
    let mut found = HashMap::with_capacity(names.len());
    for account in unit.accounts().lookup_named(&names)? {
        found.entry(account.fields.name.to_lowercase()).or_insert(account.id);
    }
    for (wish, name) in wishes.iter().zip(&names) {
        let parent = *found.get(name).ok_or_else(|| unknown_parent(&wish.parent))?;
        let draft = account::AccountDraft {
            parent_id: Patch::Set(parent),
            ..account::AccountDraft::default()
        };
        account::update(unit, wish.account, draft, Check::new())?;
    }
    Ok(())
}

/// The problem of a row whose parent does not exist. The account itself is there: rows below it may mean it.
pub(super) fn unknown_parent(name: &str) -> Error {
    Error::invalid(
        "parent_id",
        Problem::Rule(format!("no account is named {name:?}; the account was imported without a parent")),
    )
}
