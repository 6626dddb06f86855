//! What happened to one record of any noun.

use actix_web::{HttpRequest, HttpResponse, web};
use crm_domain::{
    Error, Result,
    id::RecordId,
    page::{Cursor, SortValue},
    stamp::Stamp,
    tenant::{TenantReader, change::Change},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::ChangeInfo;
use crate::families::saas::{
    context::{Permit, Read},
    error::SaasError,
    id::in_path,
    noun::Noun,
    page::Query,
};

/// A part of a record's history.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = saas::History)]
pub(crate) struct HistoryPage {
    items: Vec<ChangeInfo>,
    has_next_page: bool,
    /// Continues with older changes; null on the last page.
    next_cursor: Option<String>,
}

/// The query parameters; for the documentation.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters, never made")]
pub(crate) struct HistoryParams {
    /// Most changes of the answer; clamped to 1 … 100.
    #[param(required = false, rename = "pageSize", default = 20, minimum = 1, maximum = 100)]
    page_size: u32,
    /// The `nextCursor` of the page before.
    #[param(required = false)]
    cursor: String,
}

/// Lists what happened to a record, newest first. A deleted record still has its history.
pub(crate) async fn list<N: Noun>(permit: Permit<Read>, request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, SaasError> {
    let id: N::Id = in_path(&id, N::PREFIX)?;
    let mut query = Query::parse(request.query_string());
    let paging = query.paging(request.path());
    query.finish()?;
    let window = paging.window();
    let before = paging.after().map_or(i64::MAX, |cursor| cursor.id);
    let read = move |reader: &mut dyn TenantReader| reader.changes().list_of(N::KIND, id.get(), before, window.limit + 1);
    let mut changes = permit.tenant.read(read).await?;
    if changes.is_empty() && before == i64::MAX {
        return Err(Error::not_found(<N::Id as RecordId>::NOUN, id).into());
    }
    let next_cursor = cut(&mut changes, window.limit, request.path());
    let items = changes.into_iter().map(ChangeInfo::of).collect::<Result<_>>()?;
    Ok(HttpResponse::Ok().json(HistoryPage {
        items,
        has_next_page: next_cursor.is_some(),
        next_cursor,
    }))
}

/// Cuts changes to a page of at most `limit`. Where more were read, the cursor continues behind the page in the list that is named so.
pub(crate) fn cut(changes: &mut Vec<Change>, limit: u32, list: &str) -> Option<String> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next_page = changes.len() > most;
    changes.truncate(most);
    let last = changes.last().filter(|_| has_next_page)?;
    let cursor = Cursor {
        value: SortValue::Id,
        id: last.seq,
        seen: Stamp::default(),
        list: Cursor::list_digest(list),
    };
    Some(cursor.encode())
}
