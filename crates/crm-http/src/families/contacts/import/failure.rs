//! The rows of an import that failed, as a table to mend and to import again.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web::{self, Bytes},
};
use crm_domain::{
    Result,
    id::JobId,
    tenant::job::{Job, JobKind},
    usecase::{
        import::FailureTable,
        import_job::{ContactImport, ImportPayload},
    },
};
use futures_util::stream::{empty, try_unfold};

use super::{ERRORS, find, parse};
use crate::{
    families::contacts::{
        context::Browser,
        error::{ApiError, ErrorResponses, LookupResponses},
    },
    shared::tenant::TenantSession,
};

/// Rows read at once.
const PAGE: u32 = 500;
/// What is told of the contacts that an undoing left as they are.
const OF_CONTACTS: [&str; 3] = ["id", "fullName", "email"];

/// Downloads the rows that failed as CSV: the line of the file, the columns at fault, the reason, and the row as it was. Cells that a spreadsheet
/// would take for a formula begin with an apostrophe, which a column says that imports know. Of an undoing: the contacts left as they are.
#[utoipa::path(
    get, path = ERRORS, tag = "contacts import", operation_id = "contacts_export_import_errors", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"), ErrorResponses, LookupResponses),
    security(("contacts_session" = []))
)]
pub(in super::super) async fn errors(browser: Browser, request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let job = find(&browser.tenant, parse(&path)?).await?;
    let table = FailureTable::new(headers(&job)?);
    let start = table.start()?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"import-errors-{}.csv\"", job.uuid),
        ))
        .insert_header((CACHE_CONTROL, "no-store"));
    if request.method() == Method::HEAD {
        return Ok(response.streaming(empty::<Result<Bytes>>()));
    }
    let rest = Rest {
        tenant: browser.tenant,
        job: job.id,
        table,
        start: Some(start),
        after: 0,
    };
    Ok(response.streaming(try_unfold(rest, Rest::next)))
}

fn headers(job: &Job) -> Result<Vec<String>> {
    if job.kind == JobKind::ImportUndo {
        return Ok(OF_CONTACTS.map(str::to_owned).into());
    }
    let payload: ImportPayload = job.payload_of::<ContactImport>()?;
    Ok(payload.headers)
}

/// The lines that were not sent yet.
struct Rest {
    tenant: TenantSession,
    job: JobId,
    table: FailureTable,
    start: Option<Vec<u8>>,
    /// The place of the last row that was sent.
    after: u64,
}

impl Rest {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let (job, after) = (self.job, self.after);
        let failures = self.tenant.read(move |reader| reader.imports().failures(job, after, PAGE)).await?;
        let start = self.start.take();
        let Some(last) = failures.last() else {
            return Ok(start.map(|start| (Bytes::from(start), self)));
        };
        self.after = last.record;
        let mut lines = start.unwrap_or_default();
        lines.extend(self.table.rows(&failures)?);
        Ok(Some((Bytes::from(lines), self)))
    }
}
