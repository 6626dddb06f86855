//! `openapi`: print the OpenAPI document.

use std::process::ExitCode;

use anyhow::Result;

use super::output::Output;

/// Prints the document; it is JSON in any case.
pub fn run(output: &Output) -> Result<ExitCode> {
    let document = crm_http::openapi();
    let text = serde_json::to_string_pretty(&document)?;
    output.result(&document, || text)?;
    Ok(ExitCode::SUCCESS)
}
