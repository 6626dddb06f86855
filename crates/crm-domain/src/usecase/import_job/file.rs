//! An import's file, read chunk by chunk.

use std::{
    io::{self, Read},
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    id::JobId,
    tenant::TenantStore,
};

/// Why a file could not be read on: what was read of it then is not all there is.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<OnceLock<String>>);

impl Broken {
    /// # Errors
    /// [`Error::Unavailable`] when the file could not be read: no row is to blame, and the next attempt may read it.
    pub(super) fn check(&self) -> Result<()> {
        self.0.get().map_or(Ok(()), |cause| {
            Err(Error::Unavailable {
                what: "the file of an import",
                cause: cause.clone(),
                retry_after: Duration::from_secs(1),
            })
        })
    }

    fn note(&self, error: &Error) {
        self.0.get_or_init(|| error.to_string());
    }
}

/// The file.
pub(super) struct StoredFile {
    store: Arc<dyn TenantStore>,
    job: JobId,
    chunks: u32,
    next: u32,
    chunk: io::Cursor<Vec<u8>>,
    broken: Broken,
}

impl StoredFile {
    pub(super) fn new(store: &Arc<dyn TenantStore>, job: JobId, chunks: u32) -> (Self, Broken) {
        let broken = Broken::default();
        let file = Self {
            store: Arc::clone(store),
            job,
            chunks,
            next: 0,
            chunk: io::Cursor::default(),
            broken: broken.clone(),
        };
        (file, broken)
    }

    fn load(&mut self) -> Result<()> {
        let (job, number) = (self.job, self.next);
        let chunk = self.store.reading(|reader| reader.imports().chunk(job, number))?;
        // The end of the job removes its file.
        let chunk = chunk.ok_or_else(|| Error::Internal(format!("job {job} lacks chunk {number} of its file")))?;
        self.chunk = io::Cursor::new(chunk);
        self.next += 1;
        Ok(())
    }
}

impl Read for StoredFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.next >= self.chunks {
                return Ok(read);
            }
            if let Err(error) = self.load() {
                self.broken.note(&error);
                return Err(io::Error::other(error.to_string()));
            }
        }
    }
}
