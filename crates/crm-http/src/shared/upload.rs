//! Forms with a file: streamed to disk within a size and a time. The file has no name there, so that nothing is left of it when the process ends.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek, Write},
    time::Duration,
};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    HttpMessage, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH},
    mime,
    web::Bytes,
};
use crm_domain::{Error, error::Problem, field::Text};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::{fault::Fault, tenant::blocking};

/// Bytes written to disk at once.
const WRITE: usize = 256 * 1024;
/// Most parts of a form.
const PARTS_MAX: usize = 50;
/// What the frame of a form may take beside its parts.
const FRAME: u64 = 64 * 1024;

/// What a form may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Most bytes of the file.
    pub(crate) file: usize,
    /// Most bytes of any other part.
    pub(crate) text: usize,
    /// Within which the form must have arrived.
    pub(crate) deadline: Duration,
}

/// A form that arrived.
pub(crate) struct Upload {
    /// The file; read from its beginning.
    pub(crate) file: Option<UploadedFile>,
    /// The other parts.
    pub(crate) texts: BTreeMap<String, String>,
    digest: Sha256,
}

/// A file of a form.
pub(crate) struct UploadedFile {
    /// The file.
    pub(crate) file: File,
    /// Its name at its sender's, without folders.
    pub(crate) name: Option<Text<255>>,
    /// Its bytes.
    pub(crate) length: u64,
}

impl Upload {
    /// SHA-256 of the file and the other parts, hex: of what the form says, however it is framed.
    pub(crate) fn digest(&self) -> String {
        let mut digest = self.digest.clone();
        for (name, text) in &self.texts {
            digest.update((name.len() as u64).to_be_bytes());
            digest.update(name);
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        crm_domain::control::refresh_token::hex(&digest.finalize())
    }
}

/// Receives a form whose file is the part of one of these names; other files are texts.
///
/// # Errors
/// [`Fault::BodyEncoded`], [`Fault::BodyNotForm`], [`Fault::BodyTooLarge`], [`Fault::BodyTimeout`], [`Fault::BodyBroken`], and
/// [`Fault::Domain`] for a part that came twice or is no text.
pub(crate) async fn receive(request: &HttpRequest, payload: &mut Payload, files: &[&str], limits: Limits) -> Result<Upload, Fault> {
    let mut encodings = request.headers().get_all(CONTENT_ENCODING);
    if encodings.any(|encoding| !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::BodyEncoded);
    }
    let kind = request.mime_type().ok().flatten().ok_or(Fault::BodyNotForm)?;
    if kind.type_() != mime::MULTIPART || kind.subtype() != mime::FORM_DATA {
        return Err(Fault::BodyNotForm);
    }
    let most = (limits.file as u64).saturating_add(limits.text as u64).saturating_add(FRAME);
    if announced(request).is_some_and(|length| length > most) {
        return Err(Fault::BodyTooLarge { limit: limits.file });
    }
    let form = Multipart::new(request.headers(), payload.take());
    timeout(limits.deadline, read(form, files, limits))
        .await
        .map_err(|_| Fault::BodyTimeout)?
}

fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(mut form: Multipart, files: &[&str], limits: Limits) -> Result<Upload, Fault> {
    let mut upload = Upload {
        file: None,
        texts: BTreeMap::new(),
        digest: Sha256::new(),
    };
    let (mut parts, mut texts) = (0, 0);
    while let Some(part) = form.next().await {
        let mut part = part.map_err(|error| broken(&error, limits.file))?;
        let name = part.name().unwrap_or_default().to_owned();
        parts += 1;
        if parts > PARTS_MAX {
            return Err(Fault::BodyBroken(format!("more than {PARTS_MAX} parts")));
        }
        if files.contains(&name.as_str()) {
            if upload.file.is_some() {
                return Err(wrong(&name, Problem::Rule("must be one file".to_owned())));
            }
            upload.file = Some(read_file(&mut part, &mut upload.digest, limits.file).await?);
            continue;
        }
        let text = read_text(&mut part, &name, limits.text.saturating_sub(texts)).await?;
        texts += text.len();
        if upload.texts.insert(name.clone(), text).is_some() {
            return Err(wrong(&name, Problem::Rule("must be there once".to_owned())));
        }
    }
    Ok(upload)
}

fn wrong(name: &str, problem: Problem) -> Fault {
    Fault::Domain(Error::invalid(name, problem))
}

async fn read_text(part: &mut Field, name: &str, most: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| broken(&error, most))?;
        if bytes.len() + chunk.len() > most {
            return Err(Fault::BodyTooLarge { limit: most });
        }
        bytes.extend_from_slice(&chunk);
    }
    let not_text = || wrong(name, Problem::Rule("must be a text in UTF-8".to_owned()));
    String::from_utf8(bytes).map_err(|_| not_text())
}

async fn read_file(part: &mut Field, digest: &mut Sha256, most: usize) -> Result<UploadedFile, Fault> {
    let name = part
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .and_then(base_name);
    let mut file = Sink::new().await?;
    let mut length = 0;
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| broken(&error, most))?;
        length += chunk.len();
        if length > most {
            return Err(Fault::BodyTooLarge { limit: most });
        }
        digest.update(&chunk);
        file.push(&chunk).await?;
    }
    Ok(UploadedFile {
        file: file.finish().await?,
        name,
        length: length as u64,
    })
}

/// Some browsers send the path, of which only the end is the sender's to tell.
fn base_name(name: &str) -> Option<Text<255>> {
    let name: String = name
        .rsplit(['/', '\\'])
        .next()?
        .chars()
        .filter(|c| !c.is_control())
        .take(255)
        .collect();
    // A name that cannot be shown is none: nothing depends on it.
    Text::parse(&name).ok()
}

/// A file that grows.
struct Sink {
    file: File,
    waiting: Vec<u8>,
}

impl Sink {
    async fn new() -> Result<Self, Fault> {
        let file = on_disk(tempfile::tempfile).await?;
        Ok(Self {
            file,
            waiting: Vec::with_capacity(WRITE),
        })
    }

    async fn push(&mut self, chunk: &Bytes) -> Result<(), Fault> {
        self.waiting.extend_from_slice(chunk);
        if self.waiting.len() < WRITE {
            return Ok(());
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Fault> {
        let file = self.file.try_clone();
        let bytes = std::mem::take(&mut self.waiting);
        on_disk(move || file?.write_all(&bytes)).await
    }

    async fn finish(mut self) -> Result<File, Fault> {
        self.write().await?;
        let mut file = self.file;
        on_disk(move || file.rewind().map(|()| file)).await
    }
}

/// A disk that is full is the server's trouble.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Fault> {
    let done = blocking(move || {
        work().map_err(|error| Error::Unavailable {
            what: "the disk for uploads",
            cause: error.to_string(),
            retry_after: Duration::from_secs(5),
        })
    });
    done.await.map_err(Fault::Domain)
}

fn broken(error: &MultipartError, limit: usize) -> Fault {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => Fault::BodyTooLarge { limit },
        other => Fault::BodyBroken(other.to_string()),
    }
}
