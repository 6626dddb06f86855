//! The server's command line, built along with the tests that run it as a process.

fn main() -> std::process::ExitCode {
    crm_server::cli::run()
}
