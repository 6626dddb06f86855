//! `openapi`: print the OpenAPI document, or the Postman collection that is made of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use crm_http::openapi::postman;

use super::output::Output;

/// What to print.
#[derive(Debug, Clone, Args)]
pub struct OpenapiArgs {
    /// Print a Postman collection (2.1) of the JWT API instead
    #[arg(long)]
    postman: bool,
}

/// Prints the document; it is JSON in any case.
pub fn run(output: &Output, args: &OpenapiArgs) -> Result<ExitCode> {
    let document = crm_http::openapi();
    if args.postman {
        let collection = postman::collection(&serde_json::to_value(document)?);
        let text = serde_json::to_string_pretty(&collection)?;
        output.result(&collection, || text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = serde_json::to_string_pretty(&document)?;
    output.result(&document, || text)?;
    Ok(ExitCode::SUCCESS)
}
