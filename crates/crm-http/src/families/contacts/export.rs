//! Downloads of contacts as a table (contract D-175 … D-179, X-148).
//!
//! The body is drawn by whoever takes it: a page is read on a blocking thread when the connection has room for it, and the answer holds no
//! other. Between two pages it holds neither a thread nor a transaction, so that one who takes it slowly keeps nobody waiting, and of one
//! who went away nothing more is read. What cannot be finished breaks off without the end of the body: no client takes it for whole.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    web::Bytes,
};
use crm_domain::{
    Error, Result,
    control::session::Cookie,
    field::format_date,
    usecase::export::{ContactColumns, ContactTable, ExportError, ExportSource},
};
use futures_util::{
    StreamExt,
    stream::{empty, once, try_unfold},
};
use tracing::{Instrument, Span};

use super::{
    contact::list,
    context::Browser,
    error::{ApiError, ErrorResponses},
};
use crate::{
    App,
    shared::{call::Call, session_cookie::session_cookie, tenant::block},
};

pub(super) const PATH: &str = "/api/export";
pub(super) const ALL: &str = "/api/export/all";

/// Downloads contacts as CSV: UTF-8, with a line of headers.
///
/// All contacts, or those that the parameters ask for, as in the list. Cells that a spreadsheet would take for a formula begin with an
/// apostrophe; technologies are joined by `; `. The table is sent while it is read: in the order of creation each contact that matches comes
/// once, also while others write.
#[utoipa::path(
    get, path = PATH, tag = "contacts export", operation_id = "contacts_export", params(list::Params),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn documented(browser: Browser, call: Call, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    download(browser, &call, &request, ContactColumns::Documented).await
}

/// Downloads contacts as CSV with whatever is kept of them, tags and custom fields too.
#[utoipa::path(
    get, path = ALL, tag = "contacts export", operation_id = "contacts_export_all", params(list::Params),
    responses((status = 200, description = "The table", body = String, content_type = "text/csv"), ErrorResponses),
    security(("contacts_session" = []))
)]
pub(super) async fn all(browser: Browser, call: Call, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    download(browser, &call, &request, ContactColumns::All).await
}

async fn download(browser: Browser, call: &Call, request: &HttpRequest, columns: ContactColumns) -> Result<HttpResponse, ApiError> {
    let (filter, sort) = list::selection(request.query_string())?;
    let cookie = session_cookie(request.head()).ok_or(ApiError::NoSession)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, disposition(&browser)))
        .insert_header((CACHE_CONTROL, "no-store"));
    if request.method() == Method::HEAD {
        return Ok(response.streaming(empty::<Result<Bytes>>()));
    }
    let source = ExportSource {
        control: browser.tenant.control,
        store: browser.tenant.store,
        tenant: browser.tenant.tenant.id,
    };
    let table = ContactTable::new(source, columns, filter, sort);
    // Before the answer begins, so that it can still be another one.
    let (first, table) = draw(table).await?;
    let rest = Rest {
        app: Arc::clone(&call.app),
        cookie,
        table,
        span: Span::current(),
    };
    let first = once(async { Ok(first.unwrap_or_default()) });
    Ok(response.streaming(first.chain(try_unfold(rest, Rest::next))))
}

fn disposition(browser: &Browser) -> String {
    let date = format_date(browser.tenant.now.date());
    format!("attachment; filename=\"contacts-{date}.csv\"")
}

/// The lines that were not sent yet.
struct Rest {
    app: Arc<App>,
    cookie: Cookie,
    table: ContactTable,
    span: Span,
}

impl Rest {
    /// The next page, as soon as there is room for it.
    async fn next(self) -> Result<Option<(Bytes, Self)>> {
        let span = self.span.clone();
        let drawn = self.read_on().instrument(span.clone()).await;
        drawn.inspect_err(|error| span.in_scope(|| tracing::warn!(%error, "a download breaks off")))
    }

    async fn read_on(self) -> Result<Option<(Bytes, Self)>> {
        self.check_session().await?;
        let (lines, table) = draw(self.table).await?;
        Ok(lines.map(|lines| (lines, Self { table, ..self })))
    }

    /// Looks whether the user, who may be sent home in the middle of a long download, is still let in.
    async fn check_session(&self) -> Result<()> {
        let (now, idle) = (self.app.clock.now(), self.app.settings.sessions.idle());
        let principal = self.app.auth.cookie_principal(&self.cookie, now, idle).await?;
        principal
            .map(|_| ())
            .ok_or_else(|| Error::Forbidden("The session has ended".to_owned()))
    }
}

/// The table's next lines, and the table.
async fn draw(mut table: ContactTable) -> Result<(Option<Bytes>, ContactTable)> {
    block(move || {
        let lines = table.draw().map_err(|error| match error {
            ExportError::Store(error) => error,
            ExportError::Write(error) => Error::Internal(error.to_string()),
        })?;
        Ok((lines.map(Bytes::from), table))
    })
    .await
}
