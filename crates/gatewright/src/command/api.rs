//! `gatewright api`: whatever the API tells, for what has no command of its own.

use std::process::ExitCode;

use http::{Method, Uri};

use super::{Done, Failure, Shell, converse};

/// Print what a running Gatewright tells at a path of its API, as JSON.
#[derive(Debug, clap::Args)]
#[command(after_help = "docs/openapi.json has all paths; `/v1/openapi.json` tells them too.")]
pub(super) struct Arguments {
    /// The path, such as `/v1/leases` or `/v1/users?group=staff`.
    #[arg(value_name = "PATH", value_parser = path)]
    path: String,
}

fn path(text: &str) -> Result<String, String> {
    let fine = text.starts_with("/v1/") && text.parse::<Uri>().is_ok();
    match fine {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no path below /v1/")),
    }
}

pub(super) fn run(shell: &Shell, asked: &Arguments) -> Done {
    let client = shell.client()?;
    let told: serde_json::Value = converse(async {
        let told = client.call(Method::GET, &asked.path).await;
        told.map_err(Failure::from)
    })?;
    shell.output.json(&told)?;
    Ok(ExitCode::SUCCESS)
}
