//! Asking people for what a command line should not show.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};

/// The given value, else what is typed in answer to `label`, else the next line of standard input.
pub fn text(given: Option<&str>, label: &str) -> Result<String> {
    match given {
        Some(value) => Ok(value.to_owned()),
        None => ask(label),
    }
}

/// As [`text`], without showing what is typed; on a terminal it is typed twice.
pub fn password(given: Option<&str>, label: &str) -> Result<String> {
    if let Some(value) = given {
        return Ok(value.to_owned());
    }
    if !io::stdin().is_terminal() {
        return ask(label);
    }
    let first = rpassword::prompt_password(format!("{label}: ")).context("cannot read the password")?;
    let again = rpassword::prompt_password(format!("{label} again: ")).context("cannot read the password")?;
    if first != again {
        bail!("the two passwords differ");
    }
    Ok(first)
}

fn ask(label: &str) -> Result<String> {
    if io::stdin().is_terminal() {
        let mut terminal = io::stderr().lock();
        write!(terminal, "{label}: ")
            .and_then(|()| terminal.flush())
            .context("cannot write to the terminal")?;
    }
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).context("cannot read standard input")?;
    if read == 0 {
        bail!("{} is missing: give it as an argument or on standard input", label.to_lowercase());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
