//! The page at `/docs/`: Swagger UI, which is part of the binary.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, LazyLock},
};

use actix_web::{HttpRequest, HttpResponse, web::Path};
use utoipa_swagger_ui::{Config, serve};

use super::asset::Asset;
use crate::shared::fault::Fault;

/// The files that the page consists of.
const FILES: [&str; 8] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-initializer.js",
    "favicon-16x16.png",
    "favicon-32x32.png",
];

static PAGE: LazyLock<io::Result<BTreeMap<&'static str, Asset>>> = LazyLock::new(|| {
    let config = Arc::new(Config::from("/openapi.json"));
    FILES.iter().map(|name| Ok((*name, file(name, &config)?))).collect()
});

fn file(name: &str, config: &Arc<Config<'static>>) -> io::Result<Asset> {
    let file = serve(name, Arc::clone(config)).map_err(|error| io::Error::other(error.to_string()))?;
    let file = file.ok_or_else(|| io::Error::other(format!("Swagger UI has no {name}")))?;
    Asset::new(file.content_type, file.bytes)
}

/// One file of the page; the bare address is its `index.html`.
pub(super) async fn show(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Fault> {
    let page = PAGE
        .as_ref()
        .map_err(|error| crm_domain::Error::Internal(format!("the documentation cannot be shown: {error}")))?;
    let name = if name.is_empty() { "index.html" } else { name.as_str() };
    page.get(name).map(|asset| asset.answer(&request)).ok_or(Fault::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_in_the_binary() {
        let page = PAGE.as_ref().unwrap();
        assert_eq!(page.len(), FILES.len());
    }
}
