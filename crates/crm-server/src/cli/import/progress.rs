//! How far an import is: bytes read against the file's size, and rows a second.

use std::{
    io::{self, IsTerminal, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crm_domain::usecase::import::Summary;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::grouped;

/// With the time left, which the bar tells from the bytes.
const WITH_SIZE: &str = "{bar:30} {percent:>3}%  {msg}  {eta} left";
/// For a pipe, which does not tell its size.
const WITHOUT_SIZE: &str = "{spinner}  {msg}";

/// A bar on standard error; hidden when that is no terminal.
pub struct Progress {
    bar: ProgressBar,
    read: Arc<AtomicU64>,
    started: Instant,
    rows: u64,
}

/// An input that counts what is read of it.
pub struct Counted {
    input: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Progress {
    /// Watches `input`, of which `size` bytes are expected.
    pub fn start(input: Box<dyn Read + Send>, size: Option<u64>, hidden: bool) -> (Counted, Self) {
        let read = Arc::new(AtomicU64::new(0));
        let target = if hidden || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(size, target);
        let template = if size.is_some() { WITH_SIZE } else { WITHOUT_SIZE };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let counted = Counted {
            input,
            read: Arc::clone(&read),
        };
        let progress = Self {
            bar,
            read,
            started: Instant::now(),
            rows: 0,
        };
        (counted, progress)
    }

    /// Shows what was done so far.
    pub fn show(&mut self, so_far: &Summary) {
        self.rows = so_far.read;
        let milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let speed = so_far.read.saturating_mul(1000) / milliseconds;
        let failed = if so_far.failed > 0 {
            format!(", {} failed", grouped(so_far.failed))
        } else {
            String::new()
        };
        self.bar
            .set_message(format!("{} rows{failed}, {} rows/s", grouped(so_far.read), grouped(speed)));
        self.bar.set_position(self.read.load(Ordering::Relaxed));
    }

    /// Rows done so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
