//! Fair turns between the processes that write one SQLite file.
//!
//! SQLite lets a process that finds the file busy sleep ever longer before it tries again, so that one which writes without a pause, such
//! as an import, keeps all others out. Here they line up instead: whoever wants the file takes the *queue* lock, waits under it for the
//! *turn* lock, and lets the next one into the queue. Who has just had a turn finds the queue taken by whoever waits, and so comes after
//! them. Both are advisory locks of empty files beside the database and end with their process. They order writers, no more: what keeps
//! two writers apart is SQLite's own lock.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crm_domain::error::Result;

use crate::{error::unavailable, location::Location, private};

/// How often a taken lock is tried again: one turn takes many times as long.
const RETRY: Duration = Duration::from_millis(1);
/// A process that holds its turn this long is stopped or hangs; as long as SQLite's own patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the names of the lock files add to the database's.
const SUFFIXES: [&str; 2] = ["-queue", "-turn"];

/// One writer's place in the line. PostgreSQL's row locks are fair by themselves: there nobody lines up.
pub(crate) struct Turnstile {
    locks: Option<(File, File)>,
}

/// A turn; ends when dropped.
pub(crate) struct Pass<'a>(Option<&'a File>);

impl Turnstile {
    /// The line of the writers of this database.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crm_domain::error::Error::Unavailable) when the lock files cannot be made.
    pub(crate) fn open(location: &Location) -> Result<Self> {
        let locks = match location {
            Location::Postgres(_) => None,
            Location::Sqlite(path) => {
                let [queue, turn] = files(path);
                Some((open(&queue)?, open(&turn)?))
            }
        };
        Ok(Self { locks })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crm_domain::error::Error::Unavailable) when another process keeps its turn for longer than five seconds.
    pub(crate) fn enter(&self) -> Result<Pass<'_>> {
        let Some((queue, turn)) = &self.locks else { return Ok(Pass(None)) };
        let until = Instant::now() + PATIENCE;
        let _queued = Pass(acquire(queue, until)?.then_some(queue));
        Ok(Pass(acquire(turn, until)?.then_some(turn)))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.map(File::unlock) {
            tracing::warn!(%error, "a writer's turn could not be handed on");
        }
    }
}

/// The lock files of a database file.
pub(crate) fn files(database: &Path) -> [PathBuf; 2] {
    SUFFIXES.map(|suffix| {
        let mut name = OsString::from(database);
        name.push(suffix);
        PathBuf::from(name)
    })
}

fn open(path: &Path) -> Result<File> {
    let failed = |error: io::Error| unavailable(format!("{}: {error}", path.display()));
    private::create_file(path).map_err(failed)?;
    File::options().write(true).open(path).map_err(failed)
}

/// Whether the lock was taken; `false` where the file system has no such locks and SQLite's own must do.
fn acquire(lock: &File, until: Instant) -> Result<bool> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "writers of several processes cannot line up here");
                return Ok(false);
            }
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(unavailable("database is locked: another process has been writing for too long"));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(RETRY),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    #[test]
    fn who_waits_comes_before_who_has_just_had_a_turn() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("a.db"));
        let (greedy, patient) = (Turnstile::open(&location).unwrap(), Turnstile::open(&location).unwrap());
        let order = Mutex::new(Vec::new());
        let (waiting, waits) = mpsc::channel();
        let first = greedy.enter().unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                waiting.send(()).unwrap();
                let _pass = patient.enter().unwrap();
                order.lock().unwrap().push("patient");
            });
            waits.recv().unwrap();
            // In line once the queue's lock is taken.
            let queue = open(&files(&folder.path().join("a.db"))[0]).unwrap();
            while queue.try_lock().is_ok() {
                queue.unlock().unwrap();
                thread::yield_now();
            }
            drop(first);
            let _pass = greedy.enter().unwrap();
            order.lock().unwrap().push("greedy");
        });
        assert_eq!(*order.lock().unwrap(), ["patient", "greedy"]);
    }

    #[test]
    fn nobody_lines_up_for_postgres() {
        let turnstile = Turnstile::open(&Location::Postgres("postgres://h/d".to_owned())).unwrap();
        assert!(turnstile.enter().unwrap().0.is_none());
    }
}
