//! What the person at the terminal reads: results on standard output, progress on standard error.

/// Prints a result.
#[expect(clippy::print_stdout, reason = "a command-line program's results go to standard output")]
pub fn say(text: &str) {
    println!("{text}");
}

/// Tells what is being done.
#[expect(clippy::print_stderr, reason = "progress must not mix with the results")]
pub fn note(text: &str) {
    eprintln!("· {text}");
}

/// Tells what went wrong.
#[expect(clippy::print_stderr, reason = "errors must not mix with the results")]
pub fn complain(text: &str) {
    eprintln!("crm-bench: {text}");
}
