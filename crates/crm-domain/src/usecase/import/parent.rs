//! Parents of accounts: found by external id or name after the last row, so that the order of a file does not matter.

mod imagined;

use std::{collections::HashMap, sync::Arc};

use self::imagined::Imagined;
use crate::{
    error::{Error, Problem, Result},
    field::{Check, Patch},
    id::{AccountId, RecordId},
    tenant::{
        UnitOfWork,
        account::{self, Account, AccountReads},
    },
    usecase::single,
};

use super::{
    noun::Row,
    report::ImportError,
    run::{Run, is_of_a_row},
    slice::distinct,
};

/// Rows per unit of work.
const SLICE: usize = 500;

/// An account whose row names a parent.
#[derive(Debug, Clone)]
struct Wish {
    place: (u64, u64),
    /// In a dry run it may be [imagined](imagined).
    account: AccountId,
    parent: Parent,
}

/// A parent as the file names it; rows of one parent share the texts. At least one is not empty.
#[derive(Debug, Clone)]
struct Parent {
    name: Arc<str>,
    /// Goes before the name.
    external_id: Arc<str>,
}

/// The accounts whose rows name a parent.
#[derive(Debug, Default)]
pub(super) struct Parents {
    wishes: Vec<Wish>,
    texts: HashMap<String, Arc<str>>,
    imagined: Imagined,
}

impl Parents {
    fn shared(&mut self, text: &str) -> Arc<str> {
        match self.texts.get(text) {
            Some(shared) => shared.clone(),
            None => self.texts.entry(text.to_owned()).or_insert_with(|| text.into()).clone(),
        }
    }
}

/// The accounts that are there and that wishes name.
#[derive(Default)]
struct Found {
    by_external_id: HashMap<String, AccountId>,
    /// By lower-case name; of several the oldest.
    by_name: HashMap<String, AccountId>,
}

impl Found {
    fn look_up(accounts: &mut dyn AccountReads, wishes: &[Wish]) -> Result<Self> {
        let mut found = Self::default();
        let texts = |text: fn(&Parent) -> String| distinct(wishes.iter().map(|wish| text(&wish.parent)).filter(|text| !text.is_empty()));
        let (ids, names) = (
            texts(|parent| parent.external_id.to_string()),
            texts(|parent| parent.name.to_lowercase()),
        );
        if !ids.is_empty() {
            let with_id = accounts.lookup_external(&ids)?.into_iter();
            found.by_external_id = with_id
                .filter_map(|account| Some((account.fields.external_id?.into_inner(), account.id)))
                .collect();
        }
        if !names.is_empty() {
            for account in accounts.lookup_named(&names)? {
                found.by_name.entry(account.fields.name.to_lowercase()).or_insert(account.id);
            }
        }
        Ok(found)
    }

    fn with_external_id(&self, parent: &Parent) -> Option<AccountId> {
        self.by_external_id.get(&*parent.external_id).copied()
    }

    fn named(&self, parent: &Parent) -> Option<AccountId> {
        self.by_name.get(&parent.name.to_lowercase()).copied()
    }
}

impl Run<'_> {
    /// Remembers which parent a row names.
    pub(super) fn note_parent(&mut self, row: &Row, id: Option<i64>, keys: [Option<u64>; 2]) {
        let account = if self.options.dry_run {
            self.parents.imagined.account(id, keys)
        } else {
            AccountId::from_i64(id.unwrap_or(0))
        };
        let text = |field| self.columns.text(&row.cells, field).unwrap_or_default();
        let (name, external_id) = (text("parent"), text("parent_external_id"));
        if name.is_empty() && external_id.is_empty() {
            return;
        }
        let parent = Parent {
            name: self.parents.shared(name),
            external_id: self.parents.shared(external_id),
        };
        self.parents.wishes.push(Wish {
            place: row.place(),
            account,
            parent,
        });
    }

    /// After the last row: sets the parents of the rows that name one.
    pub(super) fn resolve_parents(&mut self) -> Result<(), ImportError> {
        let wishes = std::mem::take(&mut self.parents.wishes);
        for wishes in wishes.chunks(SLICE) {
            if self.options.dry_run {
                self.imagine_parents(wishes)?;
            } else {
                self.set_parents(wishes.to_vec())?;
            }
            self.observer.progressed(&self.summary)?;
        }
        Ok(())
    }

    fn imagine_parents(&mut self, wishes: &[Wish]) -> Result<(), ImportError> {
        let store = self.target.store.clone();
        let fates = store.reading(|reader| {
            let found = Found::look_up(reader.accounts(), wishes)?;
            let fate = |wish: &Wish| self.parents.imagined.set_parent(reader.accounts(), &found, wish);
            wishes.iter().map(fate).collect::<Result<Vec<Option<Error>>>>()
        })?;
        for (wish, problem) in wishes.iter().zip(fates) {
            match problem {
                None => self.summary.parents_set += 1,
                Some(error) => self.parent_failed(wish, &error)?,
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
        let mut known = vec![("parent", &*wish.parent.name), ("parent_external_id", &*wish.parent.external_id)];
        if let Some(account) = &account {
            known.push(("name", &*account.fields.name));
            known.extend(account.fields.external_id.as_deref().map(|id| ("external_id", id)));
        }
        let cells = self.columns.cells_with(&known);
        Ok(self.observer.failed(&self.columns.failure(wish.place, cells, error))?)
    }
}

/// Sets the parents; the first wish that cannot be met fails them all.
fn fulfil(unit: &mut dyn UnitOfWork, wishes: &[Wish]) -> Result<()> {
    let found = Found::look_up(unit.accounts(), wishes)?;
    for wish in wishes {
        let parent = found.with_external_id(&wish.parent).or_else(|| found.named(&wish.parent));
        let draft = account::AccountDraft {
            parent_id: Patch::Set(parent.ok_or_else(|| unknown_parent(&wish.parent))?),
            ..account::AccountDraft::default()
        };
        let before: Account = single::known(unit, wish.account)?;
        let owner = before.fields.owner_id;
        single::update_known(unit, before, draft, owner, Check::new())?;
    }
    Ok(())
}

/// The problem of a row whose parent does not exist. The account itself is there: rows below it may mean it.
fn unknown_parent(parent: &Parent) -> Error {
    let known_by = match (&*parent.name, &*parent.external_id) {
        ("", id) => format!("has the external id {id:?}"),
        (name, _) => format!("is named {name:?}"),
    };
    Error::invalid(
        "parent_id",
        Problem::Rule(format!("no account {known_by}; the account was imported without a parent")),
    )
}
