//! The hierarchy of accounts as a dry run imagines it.
//!
//! Accounts that the file would make have no ids: they are given ids below zero, which no account has.

use std::collections::HashMap;

use super::{Found, Wish, unknown_parent};
use crate::{
    error::{Error, Result},
    id::{AccountId, RecordId},
    tenant::account::{AccountReads, judge_line},
    usecase::import::slice::hash,
};

/// Accounts that a dry run met, and the parents that it would have set.
#[derive(Debug, Default)]
pub(super) struct Imagined {
    /// By hashes of external ids and names; of several accounts of a name the first.
    accounts: HashMap<u64, AccountId>,
    /// How many of them are not there.
    made: i64,
    parents: HashMap<AccountId, AccountId>,
}

impl Imagined {
    /// The account of a row, by its id or by the hashes of its external id and its name.
    pub(super) fn account(&mut self, id: Option<i64>, keys: [Option<u64>; 2]) -> AccountId {
        let decisive = keys[0].or(keys[1]);
        let seen = decisive.and_then(|key| self.accounts.get(&key).copied());
        let account = id.map(AccountId::from_i64).or(seen).unwrap_or_else(|| {
            self.made += 1;
            AccountId::from_i64(-self.made)
        });
        for key in keys.into_iter().flatten() {
            self.accounts.entry(key).or_insert(account);
        }
        account
    }

    /// Imagines that the account gets its parent; why it cannot, if it cannot.
    pub(super) fn set_parent(&mut self, accounts: &mut dyn AccountReads, found: &Found, wish: &Wish) -> Result<Option<Error>> {
        let named = wish.parent.name.to_lowercase();
        let parent = (found.with_external_id(&wish.parent))
            .or_else(|| self.made_with(hash(&("external", &*wish.parent.external_id))))
            .or_else(|| found.named(&wish.parent))
            .or_else(|| self.made_with(hash(&named.as_str())));
        let Some(parent) = parent else {
            return Ok(Some(unknown_parent(&wish.parent)));
        };
        if self.parent_of(accounts, wish.account)? != Some(parent) {
            let judged = judge_line(wish.account, Some(parent), |id| self.parent_of(accounts, id))?;
            if let Err(error) = judged {
                return Ok(Some(error));
            }
            self.parents.insert(wish.account, parent);
        }
        Ok(None)
    }

    fn made_with(&self, key: u64) -> Option<AccountId> {
        self.accounts.get(&key).copied()
    }

    fn parent_of(&self, accounts: &mut dyn AccountReads, id: AccountId) -> Result<Option<AccountId>> {
        if let Some(parent) = self.parents.get(&id) {
            return Ok(Some(*parent));
        }
        if id.get() < 0 {
            return Ok(None);
        }
        Ok(accounts.lookup(id)?.and_then(|account| account.fields.parent_id))
    }
}
