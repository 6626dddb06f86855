//! The form that brings a table.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek, SeekFrom},
    sync::Arc,
    time::Duration,
};

use actix_web::{HttpRequest, web};
use crm_domain::{
    Error,
    error::{FieldError, Problem},
    field::Text,
    id::{RecordId, UserId},
    table::{MappingError, TableError, TableOptions, TableReader, UNMAP},
    tenant::import::CHUNK,
    usecase::{
        import::{Existing, ImportError, ImportKind, ImportOptions, ImportTarget, columns_of},
        import_job::ImportPayload,
    },
};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::field;
use crate::{
    families::contacts::{context::Browser, error::ApiError},
    shared::{
        call::Call,
        upload::{Limits, UploadedFile, receive},
    },
};

/// What the file's part is called (X-149); errors name the first.
const FILE: [&str; 2] = ["csv", "file"];
const MAPPING: &str = "fieldMapping";
const OPTIONS: &str = "options";

/// A table.
#[derive(ToSchema)]
#[schema(as = contacts::MapForm)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct MapForm {
    #[schema(format = Binary)]
    csv: String,
}

/// A table, and how it is to be imported.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::ImportForm)]
#[expect(dead_code, reason = "documents the body, never made")]
pub(in super::super) struct ImportForm {
    #[schema(format = Binary)]
    csv: String,
    /// A JSON object: header to field; custom fields as `customFields.<key>`.
    #[schema(example = r#"{"Name":"fullName","Email Address":"email"}"#)]
    field_mapping: Option<String>,
    /// A JSON object of the booleans `skipDuplicates`, `updateExisting`, `autoEnrich` and `dryRun`.
    #[schema(example = r#"{"skipDuplicates":true,"updateExisting":true,"autoEnrich":true}"#)]
    options: Option<String>,
}

/// A form that arrived.
pub(super) struct Form {
    pub(super) file: File,
    filename: Option<Text<255>>,
    length: u64,
    texts: BTreeMap<String, String>,
    pub(super) digest: String,
}

impl Form {
    pub(super) async fn receive(call: &Call, request: &HttpRequest, payload: web::Payload) -> Result<Self, ApiError> {
        let body = call.app.settings.body;
        let limits = Limits {
            file: body.upload_bytes,
            text: body.json_bytes,
            deadline: Duration::from_secs(body.upload_seconds),
        };
        let upload = receive(request, &mut payload.into_inner(), &FILE, limits).await?;
        let digest = upload.digest();
        let Some(UploadedFile { file, name, length }) = upload.file else {
            return Err(invalid(FILE[0], Problem::Required));
        };
        Ok(Self {
            file,
            filename: name,
            length,
            texts: upload.texts,
            digest,
        })
    }

    /// What is to be imported, the file's name, and the file. Reads the whole table: how many rows there are, and whether it can be read.
    pub(super) fn judge(
        self,
        target: &ImportTarget,
        user: UserId,
        can_enrich: bool,
    ) -> Result<(ImportPayload, Option<Text<255>>, File), ApiError> {
        let mut errors = Vec::new();
        let asked = options(self.texts.get(OPTIONS), &mut errors);
        let given = mapping(self.texts.get(MAPPING), &mut errors);
        if !errors.is_empty() {
            return Err(ApiError::Invalid(errors));
        }
        let mut reader = open(&self.file)?;
        let headers = reader.headers().to_vec();
        let mapping = given.map(|given| whole(given, &headers)).transpose()?.unwrap_or_default();
        let mut payload = ImportPayload {
            user_id: user.get(),
            headers,
            rows: 0,
            chunks: u32::try_from(self.length.div_ceil(CHUNK as u64)).unwrap_or(u32::MAX),
            mapping,
            existing: asked.existing(),
            auto_enrich: asked.auto_enrich,
            can_enrich,
            dry_run: asked.dry_run,
        };
        columns_of(target, ImportKind::Contacts, &reader, &payload.options(field::IMPORTED)).map_err(refused)?;
        while reader.next_row().is_some() {
            payload.rows += 1;
        }
        let mut file = self.file;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        Ok((payload, self.filename, file))
    }
}

/// Where a browser's import goes.
pub(super) fn target(browser: &Browser) -> ImportTarget {
    ImportTarget {
        control: Arc::clone(&browser.tenant.control),
        store: Arc::clone(&browser.tenant.store),
        tenant: browser.tenant.tenant.id,
        origin: browser.tenant.origin.clone(),
    }
}

/// Reads the beginning of a file that lies on disk.
pub(super) fn open(file: &File) -> Result<TableReader, ApiError> {
    let file = file.try_clone().map_err(unreadable)?;
    TableReader::open(file, TableOptions::default()).map_err(|error| refused(error.into()))
}

/// The options of an import whose columns nobody mapped.
pub(super) fn proposing() -> ImportOptions {
    ImportOptions {
        only: Some(field::IMPORTED),
        ..ImportOptions::default()
    }
}

/// An uploaded file that cannot be read is the server's trouble.
#[expect(clippy::needless_pass_by_value, reason = "serves map_err")]
pub(super) fn unreadable(error: std::io::Error) -> Error {
    Error::Internal(format!("an uploaded file: {error}"))
}

fn invalid(field: &str, problem: Problem) -> ApiError {
    Error::invalid(field, problem).into()
}

/// Why a table cannot be imported.
pub(super) fn refused(error: ImportError) -> ApiError {
    match error {
        ImportError::Store(error) => error.into(),
        ImportError::Table(TableError::Io(error)) | ImportError::Report(error) => unreadable(error).into(),
        ImportError::Table(error) => invalid(FILE[0], Problem::Rule(error.to_string())),
        ImportError::Mapping(MappingError::Repeated { name }) => {
            invalid(MAPPING, Problem::Rule(format!("maps {:?} twice", field::show(&name))))
        }
        ImportError::Mapping(error) => invalid(MAPPING, Problem::Rule(error.to_string())),
        ImportError::NoNameColumn { .. } => {
            let needed = "must map a column to fullName, firstName, lastName or email";
            invalid(MAPPING, Problem::Rule(needed.to_owned()))
        }
        ImportError::Option(message) => invalid(MAPPING, Problem::Rule(message)),
    }
}

/// What a caller wants beside the file (contract D-186).
#[derive(Default)]
struct Asked {
    skip_duplicates: bool,
    update_existing: bool,
    auto_enrich: bool,
    dry_run: bool,
}

impl Asked {
    /// X-150: of both, updating wins.
    fn existing(&self) -> Existing {
        match (self.update_existing, self.skip_duplicates) {
            (true, _) => Existing::Update,
            (false, true) => Existing::Skip,
            (false, false) => Existing::Refuse,
        }
    }
}

fn options(text: Option<&String>, errors: &mut Vec<FieldError>) -> Asked {
    let members = object(text, OPTIONS, errors).unwrap_or_default();
    let mut is_set = |name: &str| {
        let given = members
            .iter()
            .find(|(member, _)| member.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        match given {
            None | Some(Value::Null) => false,
            Some(Value::Bool(is_set)) => *is_set,
            Some(_) => {
                errors.push(FieldError {
                    field: format!("{OPTIONS}.{name}"),
                    problem: Problem::Type {
                        expected: "a boolean".to_owned(),
                    },
                });
                false
            }
        }
    };
    Asked {
        skip_duplicates: is_set("skipDuplicates"),
        update_existing: is_set("updateExisting"),
        auto_enrich: is_set("autoEnrich"),
        dry_run: is_set("dryRun"),
    }
}

/// Header and field, as far as they are said.
fn mapping(text: Option<&String>, errors: &mut Vec<FieldError>) -> Option<Vec<(String, String)>> {
    let members = object(text, MAPPING, errors)?;
    let mut pairs = Vec::with_capacity(members.len());
    for (header, value) in members {
        let parsed = match &value {
            Value::Null => field::parse(None),
            Value::String(name) => field::parse(Some(name)),
            _ => Err(Problem::Type {
                expected: "a field's name".to_owned(),
            }),
        };
        match parsed {
            Ok(name) => pairs.push((header, name)),
            Err(problem) => errors.push(FieldError {
                field: format!("{MAPPING}.{header}"),
                problem,
            }),
        }
    }
    Some(pairs)
}

fn object(text: Option<&String>, part: &str, errors: &mut Vec<FieldError>) -> Option<Map<String, Value>> {
    let text = text.map(|text| text.trim()).filter(|text| !text.is_empty())?;
    if let Ok(Value::Object(members)) = serde_json::from_str(text) {
        return Some(members);
    }
    errors.push(FieldError {
        field: part.to_owned(),
        problem: Problem::Type {
            expected: "a JSON object".to_owned(),
        },
    });
    None
}

/// A mapping that says of every column what it feeds: of those that it does not name, nothing. A header that the file does not have is
/// refused by the importer.
fn whole(mut given: Vec<(String, String)>, headers: &[String]) -> Result<Vec<(String, String)>, ApiError> {
    let reader = ImportKind::Contacts.map(headers, Some(&[]));
    let named: Vec<usize> = given.iter().filter_map(|(header, _)| reader.column_named(header)).collect();
    let rest = headers.iter().enumerate().filter(|(column, _)| !named.contains(column));
    given.extend(rest.map(|(_, header)| (header.clone(), UNMAP.to_owned())));
    Ok(given)
}
