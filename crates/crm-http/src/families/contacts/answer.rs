//! The envelope of successful answers (contract D-03 … D-05, X-113).

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, ContentType},
    },
};
use crm_domain::Error;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shared::idempotency::{Answer, IDEMPOTENT_REPLAYED};

/// The version that every answer tells.
pub(super) const API_VERSION: &str = "1.0.0";

/// A successful answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Answer)]
pub(super) struct Envelope<T> {
    /// Always `true`.
    #[schema(example = true)]
    success: bool,
    data: T,
    meta: Meta,
}

/// What an answer tells beside its data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Meta)]
pub(super) struct Meta {
    #[serde(flatten)]
    page: Option<PageMeta>,
    #[schema(example = "1.0.0")]
    api_version: &'static str,
}

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::PageMeta)]
pub(super) struct PageMeta {
    #[schema(example = 1)]
    pub page: u64,
    #[schema(example = 20)]
    pub page_size: u32,
    /// Everything that matches; exact.
    #[schema(example = 150)]
    pub total_items: u64,
    #[schema(example = 8)]
    pub total_pages: u64,
    /// Where lists have cursors: continues after this page at the cost of the first; null on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Option<String>>,
}

impl<T> Envelope<T> {
    /// An answer.
    pub fn of(data: T) -> Self {
        Self::with(data, None)
    }

    /// A page.
    pub fn page(data: T, page: PageMeta) -> Self {
        Self::with(data, Some(page))
    }

    fn with(data: T, page: Option<PageMeta>) -> Self {
        Self {
            success: true,
            data,
            meta: Meta {
                page,
                api_version: API_VERSION,
            },
        }
    }
}

/// Answers with data.
pub(super) fn ok<T: Serialize>(data: T) -> HttpResponse {
    HttpResponse::Ok().json(Envelope::of(data))
}

/// Says that something is gone (D-82, X-133).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = contacts::Deleted)]
pub(super) struct Deleted {
    #[schema(example = "Contact deleted successfully")]
    pub message: &'static str,
    pub deleted_id: String,
}

/// The status and body of an answer that a unit of work makes and may keep.
pub(super) fn kept<T: Serialize>(status: StatusCode, body: &T) -> crm_domain::Result<(StatusCode, String)> {
    let body = serde_json::to_string(body).map_err(|error| Error::Internal(error.to_string()))?;
    Ok((status, body))
}

/// Answers what a unit of work made, or had made before.
pub(super) fn given(answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(answer.status);
    response.content_type(ContentType::json());
    if answer.replayed {
        response.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    response.body(answer.body)
}

/// An answer that holds a token or a key, which nothing on its way may keep.
pub(super) fn secret(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

/// The bare answer of the endpoints for browsers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = contacts::Success)]
pub(super) struct Success {
    /// Always `true`.
    #[schema(example = true)]
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl Success {
    /// Nothing more to say.
    pub fn new() -> Self {
        Self {
            success: true,
            message: None,
        }
    }

    /// With a message.
    pub fn saying(message: &'static str) -> Self {
        Self {
            success: true,
            message: Some(message),
        }
    }
}
