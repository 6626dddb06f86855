//! An import's file, read chunk by chunk.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    error::{Error, Result},
    id::JobId,
    tenant::TenantStore,
};

/// Why a file could not be read on: what was read of it then is not all there is.
#[derive(Clone, Default)]
pub(super) struct Broken(Arc<Mutex<Option<Error>>>);

impl Broken {
    /// # Errors
    /// Why the file could not be read, once.
    pub(super) fn check(&self) -> Result<()> {
        self.lock().take().map_or(Ok(()), Err)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Error>> {
        // What it holds is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
                let told = io::Error::other(error.to_string());
                *self.broken.lock() = Some(error);
                return Err(told);
            }
        }
    }
}
