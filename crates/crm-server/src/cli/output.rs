//! Everything that a command prints.

use std::io::{self, Write};

use serde::Serialize;

/// Where commands print: for people or as JSON.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
}

impl Output {
    /// An output; `json` for programs.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether programs read it.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: `value` as JSON, or its `text` for people.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn result(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json {
            print(&serde_json::to_string_pretty(value)?)
        } else {
            print(text().trim_end())
        }
    }

    /// Prints a result on standard error, since standard output holds something else.
    ///
    /// # Errors
    /// When `value` is no JSON.
    pub fn result_aside(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        complain(&if self.json { serde_json::to_string_pretty(value)? } else { text() });
        Ok(())
    }

    /// Tells people something on the way, on standard error; programs are told nothing.
    pub fn note(&self, text: &str) {
        if !self.json {
            complain(text);
        }
    }

    /// Prints an error in one line.
    pub fn error(&self, error: &anyhow::Error) {
        let text = format!("{error:#}").replace('\n', " ");
        if self.json {
            complain(&serde_json::json!({ "error": text }).to_string());
        } else {
            complain(&format!("error: {text}"));
        }
    }
}

/// A reader that went away (`| head`) is not an error.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn complain(text: &str) {
    // There is nowhere left to report that standard error cannot be written.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Aligns rows under their headers.
pub fn table<const N: usize>(headers: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headers.map(|header| header.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let head = line(headers);
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(head).chain(body).collect::<Vec<_>>().join("\n")
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows = [["1".to_owned(), "Ünï".to_owned()], ["10".to_owned(), String::new()]];
        assert_eq!(table(["id", "name"], &rows), "id  name\n1   Ünï\n10");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(grouped), ["0", "12", "123", "1,234", "1,234,567"]);
    }
}
