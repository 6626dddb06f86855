//! Answers that are the same for the life of a binary: made once for all workers, sent without a copy, asked for again by their tag.

use std::{borrow::Cow, io};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_ENCODING, ETAG, EntityTag, IfNoneMatch, VARY},
    web::Bytes,
};
use crm_domain::control::refresh_token::hex;
use sha2::{Digest, Sha256};

use crate::shared::compress::{accepts_gzip, gzip};

/// One of them.
pub(super) struct Asset {
    kind: Cow<'static, str>,
    plain: Bytes,
    packed: Bytes,
    tag: EntityTag,
}

impl Asset {
    /// Takes the bytes; those of the binary stay where they are.
    pub(super) fn new(kind: impl Into<Cow<'static, str>>, bytes: Cow<'static, [u8]>) -> io::Result<Self> {
        let plain = match bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Ok(Self {
            kind: kind.into(),
            packed: gzip(&plain)?,
            // Weak: it stands for the plain and for the compressed form.
            tag: EntityTag::new_weak(hex(&Sha256::digest(&plain)[..16])),
            plain,
        })
    }

    /// The answer to a `GET` or `HEAD`.
    pub(super) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = self.is_known_to(request);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((ETAG, self.tag.to_string()))
            // Another version of the server has other bytes under the same address.
            .insert_header((CACHE_CONTROL, "no-cache"))
            .insert_header((VARY, "accept-encoding"));
        if known {
            return response.finish();
        }
        response.content_type(self.kind.as_ref());
        if accepts_gzip(request) && self.packed.len() < self.plain.len() {
            return response.insert_header((CONTENT_ENCODING, "gzip")).body(self.packed.clone());
        }
        response.body(self.plain.clone())
    }

    fn is_known_to(&self, request: &HttpRequest) -> bool {
        match request.get_header::<IfNoneMatch>() {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            None => false,
        }
    }
}
