//! Parents of accounts: found by name after the last row, so that the order of a file does not matter.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, RecordId},
    tenant::{
        UnitOfWork,
        account::{self, Account},
    },
    usecase::single,
};

use super::{
    report::ImportError,
    run::{Run, is_of_a_row},
    slice::hash,
};

/// Rows per unit of work.
const SLICE: usize = 500;

/// An account whose row names a parent.
#[derive(Debug, Clone)]
struct Wish {
    line: u64,
    account: AccountId,
    /// As the file names it; rows of one parent share the text.
    parent: Arc<str>,
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
    fn into_slices(self) -> Vec<Vec<Wish>> {
        self.wishes.chunks(SLICE).map(<[Wish]>::to_vec).collect()
    }
}

impl Run<'_> {
    /// After the last row: sets the parents of the rows that name one.
    pub(super) fn resolve_parents(&mut self) -> Result<(), ImportError> {
        for wishes in std::mem::take(&mut self.parents).into_slices() {
            if self.options.dry_run {
                self.imagine_parents(wishes)?;
            } else {
                self.set_parents(wishes)?;
            }
            self.observer.progressed(&self.summary)?;
        }
        Ok(())
    }

    fn imagine_parents(&mut self, wishes: Vec<Wish>) -> Result<(), ImportError> {
        let names: Vec<String> = wishes.iter().map(|wish| wish.parent.to_lowercase()).collect();
        let found = self.target.store.reading(|reader| reader.accounts().lookup_named(&names))?;
        let found: HashSet<String> = found.into_iter().map(|account| account.fields.name.to_lowercase()).collect();
        for (wish, name) in wishes.into_iter().zip(names) {
            if found.contains(&name) || self.imagined.contains(&hash(&name.as_str())) {
                self.summary.parents_set += 1;
            } else {
                let error = unknown_parent(&wish.parent);
                self.parent_failed(&wish, &error)?;
            }
        }
        Ok(())
    }

    /// Sets the parents in one unit or, when one cannot be set, in halves.
    fn set_parents(&mut self, wishes: Vec<Wish>) -> Result<(), ImportError> {
        let shared = Arc::new(wishes);
        let of_unit = shared.clone();
        let work = move |unit: &mut dyn UnitOfWork| fulfil(unit, &of_unit);
        match self.target.store.writing(self.target.origin.clone(), work) {
            Ok(()) => self.summary.parents_set += shared.len() as u64,
            Err(error) if !is_of_a_row(&error) => return Err(error.into()),
            Err(error) if shared.len() == 1 => {
                let error = self.note_defect(error)?;
                self.parent_failed(&shared[0], &error)?;
            }
            Err(_) => {
                let (left, right) = shared.split_at(shared.len() / 2);
                self.set_parents(left.to_vec())?;
                self.set_parents(right.to_vec())?;
            }
        }
        Ok(())
    }

    fn parent_failed(&mut self, wish: &Wish, error: &Error) -> Result<(), ImportError> {
        self.summary.parents_failed += 1;
        // With the account's own name and id the row can be mended and imported again. A dry run's account is not there.
        let account = self.target.store.reading(|reader| reader.accounts().lookup(wish.account))?;
        let mut known = vec![("parent", &*wish.parent)];
        if let Some(account) = &account {
            known.push(("name", &*account.fields.name));
            known.extend(account.fields.external_id.as_deref().map(|id| ("external_id", id)));
        }
        let cells = self.columns.cells_with(&known);
        Ok(self.observer.failed(&self.columns.failure(wish.line, cells, error))?)
    }
}

/// Sets the parents; the first wish that cannot be met fails them all.
fn fulfil(unit: &mut dyn UnitOfWork, wishes: &[Wish]) -> Result<()> {
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
        let before: Account = single::known(unit, wish.account)?;
        let owner = before.fields.owner_id;
        single::update_known(unit, before, draft, owner, Check::new())?;
    }
    Ok(())
}

/// The problem of a row whose parent does not exist. The account itself is there: rows below it may mean it.
fn unknown_parent(name: &str) -> Error {
    Error::invalid(
        "parent_id",
        Problem::Rule(format!("no account is named {name:?}; the account was imported without a parent")),
    )
}
