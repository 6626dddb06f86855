//! Rows that are users: sales teams with their managers and offices. They live in the control plane and are few.

use std::collections::{HashMap, HashSet};

use crate::{
    control::{
        ControlUnit,
        user::{self, Role, User},
    },
    error::{Error, Problem, Result},
    field::{Check, Email, Text},
    id::{TenantId, UserId},
    table::{Row, TableReader},
    tenant::change::Origin,
};

use super::{
    ImportTarget,
    columns::Columns,
    options::ImportOptions,
    owner::{key, nameless_login},
    report::{ImportError, Observer, RowFailure, Summary},
};

/// Rows that are read before they are written.
const SLICE: usize = 200;

/// A valid row.
struct Parsed {
    name: Text<255>,
    email: Option<Email>,
    manager: Option<Text<255>>,
    office: Option<Text<100>>,
    role: Option<Role>,
}

impl Parsed {
    fn parse(columns: &Columns, cells: &[String]) -> Result<Self> {
        let mut check = Check::new();
        let name = check.required("name", columns.patch(cells, "name"), None, Text::parse);
        let email = check.optional("email", columns.patch(cells, "email"), None, Email::parse);
        let manager = check.optional("manager", columns.patch(cells, "manager"), None, Text::parse);
        let office = check.optional("office", columns.patch(cells, "office"), None, Text::parse);
        let role = check.optional("role", columns.patch(cells, "role"), None, Role::parse);
        check.finish_with(name.map(|name| Self {
            name,
            email,
            manager,
            office,
            role,
        }))
    }
}

/// What became of a row.
enum Fate {
    Created,
    Updated,
    Unchanged,
}

/// Imports users. Each row is a transaction of its own, so that a bad one costs only itself.
pub(super) fn run(
    target: &ImportTarget,
    mut reader: TableReader,
    columns: &Columns,
    options: &ImportOptions,
    observer: &mut dyn Observer,
) -> Result<Summary, ImportError> {
    let mut team = Team::load(target, options.dry_run)?;
    let mut summary = Summary::default();
    while let Some(row) = reader.next_row() {
        summary.read += 1;
        summary.encoding = reader.encoding();
        let written = row
            .map_err(|error| RowFailure::unreadable(summary.read, error))
            .and_then(|row| team.take(columns, row, &mut summary));
        match written {
            Ok(()) => {}
            Err(failure) => {
                summary.failed += 1;
                observer.failed(&failure)?;
            }
        }
        if let Some(error) = team.broken.take() {
            return Err(error.into());
        }
        if summary.read.is_multiple_of(SLICE as u64) {
            observer.progressed(&summary)?;
        }
    }
    observer.progressed(&summary)?;
    Ok(summary)
}

/// The tenant's users as they are while the import goes on.
struct Team<'a> {
    target: &'a ImportTarget,
    dry_run: bool,
    users: HashMap<UserId, User>,
    by_name: HashMap<String, UserId>,
    by_email: HashMap<String, UserId>,
    /// Names that a dry run would have made users for.
    imagined: HashSet<String>,
    /// Why the import cannot go on.
    broken: Option<Error>,
}

impl<'a> Team<'a> {
    fn load(target: &'a ImportTarget, dry_run: bool) -> Result<Self> {
        let mut team = Self {
            target,
            dry_run,
            users: HashMap::new(),
            by_name: HashMap::new(),
            by_email: HashMap::new(),
            imagined: HashSet::new(),
            broken: None,
        };
        for user in target.control.reading(|reader| reader.users().list(target.tenant))? {
            team.remember(user);
        }
        Ok(team)
    }

    fn remember(&mut self, user: User) {
        if let Some(name) = &user.name {
            self.by_name.entry(key(name)).or_insert(user.id);
        }
        if let Some(email) = &user.email {
            self.by_email.insert(email.key(), user.id);
        }
        self.users.insert(user.id, user);
    }

    fn take(&mut self, columns: &Columns, row: Row, summary: &mut Summary) -> Result<(), RowFailure> {
        let applied = Parsed::parse(columns, &row.cells).and_then(|parsed| self.apply(&parsed, summary));
        match applied {
            Ok(Fate::Created) => summary.created += 1,
            Ok(Fate::Updated) => summary.updated += 1,
            Ok(Fate::Unchanged) => summary.unchanged += 1,
            Err(error) => {
                let failure = columns.failure((summary.read, row.line), row.cells, &error);
                if matches!(error, Error::Unavailable { .. } | Error::Internal(_)) {
                    self.broken = Some(error);
                }
                return Err(failure);
            }
        }
        Ok(())
    }

    fn apply(&mut self, row: &Parsed, summary: &mut Summary) -> Result<Fate> {
        let known = self.find(row).and_then(|id| self.users.get(&id)).cloned();
        if self.dry_run {
            return Ok(self.imagine(row, known.as_ref(), summary));
        }
        let managers = row.manager.as_ref().map(|name| (name, self.by_name.get(&key(name)).copied()));
        let (tenant, origin) = (self.target.tenant, &self.target.origin);
        let (touched, fate) = self
            .target
            .control
            .writing(|unit| write(unit, origin, tenant, row, known, managers))?;
        summary.owners_created += touched.len().saturating_sub(1) as u64;
        for user in touched {
            self.remember(user);
        }
        Ok(fate)
    }

    fn find(&self, row: &Parsed) -> Option<UserId> {
        let by_email = row.email.as_ref().and_then(|email| self.by_email.get(&email.key()));
        by_email.or_else(|| self.by_name.get(&key(&row.name))).copied()
    }

    fn imagine(&mut self, row: &Parsed, known: Option<&User>, summary: &mut Summary) -> Fate {
        let manager = row.manager.as_ref().map(|name| key(name));
        let manager_id = manager.as_ref().and_then(|name| self.by_name.get(name)).copied();
        let new_manager = manager
            .filter(|_| manager_id.is_none())
            .is_some_and(|name| self.imagined.insert(name));
        summary.owners_created += u64::from(new_manager);
        match known {
            Some(user) if merged(user, row, manager_id.or(user.manager_id)) == *user && !new_manager => Fate::Unchanged,
            Some(_) => Fate::Updated,
            None if self.imagined.insert(key(&row.name)) => Fate::Created,
            None => Fate::Updated,
        }
    }
}

/// Writes a row: the row's user first, then a manager who had to be made.
fn write(
    unit: &mut dyn ControlUnit,
    origin: &Origin,
    tenant: TenantId,
    row: &Parsed,
    known: Option<User>,
    manager: Option<(&Text<255>, Option<UserId>)>,
) -> Result<(Vec<User>, Fate)> {
    let mut made = None;
    let manager_id = match manager {
        None => None,
        Some((name, _)) if key(name) == key(&row.name) => return Err(own_manager()),
        Some((_, Some(id))) => Some(id),
        Some((name, None)) => Some(made.insert(user::add(unit, origin, nameless_login(tenant, name.clone()))?).id),
    };
    let (user, fate) = match known {
        None => {
            let mut new = nameless_login(tenant, row.name.clone());
            new.email.clone_from(&row.email);
            new.role = row.role.unwrap_or(new.role);
            new.office.clone_from(&row.office);
            new.manager_id = manager_id;
            (user::add(unit, origin, new)?, Fate::Created)
        }
        Some(user) => revise(unit, origin, user, row, manager_id)?,
    };
    Ok((std::iter::once(user).chain(made).collect(), fate))
}

fn revise(unit: &mut dyn ControlUnit, origin: &Origin, user: User, row: &Parsed, manager_id: Option<UserId>) -> Result<(User, Fate)> {
    let mut after = merged(&user, row, manager_id.or(user.manager_id));
    if after == user {
        return Ok((user, Fate::Unchanged));
    }
    after.updated_at = unit.stamp();
    user::update(unit, origin, &user, &after)?;
    Ok((after, Fate::Updated))
}

/// The user as the row says; what it does not say stays. A role is only given to new users: a file must not take the last Admin away.
fn merged(user: &User, row: &Parsed, manager_id: Option<UserId>) -> User {
    User {
        name: Some(row.name.clone()),
        email: row.email.clone().or_else(|| user.email.clone()),
        office: row.office.clone().or_else(|| user.office.clone()),
        manager_id,
        ..user.clone()
    }
}

fn own_manager() -> Error {
    Error::invalid("manager", Problem::Rule("nobody can be their own manager".to_owned()))
}
