//! The table of results: each line compares what the server does with a limit of the same run, and with its goal.

use crate::sample::Sample;

/// What a quantity is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Requests or rows per second.
    PerSecond,
    /// Milliseconds.
    Millis,
    /// Mebibytes.
    Mebibytes,
    /// A plain number.
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{}/s", grouped(value)),
            Self::Millis if value < 10.0 => format!("{value:.2} ms"),
            Self::Millis => format!("{} ms", grouped(value)),
            Self::Mebibytes => format!("{value:.1} MiB"),
            Self::Count => grouped(value),
        }
    }

    fn show_sample(self, sample: &Sample) -> String {
        match sample.spread() {
            Some((least, most)) => format!("{} ({} … {})", self.show(sample.median()), self.show(least), self.show(most)),
            None => self.show(sample.median()),
        }
    }
}

/// Thousands apart, without decimals.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (digits.len() - index) % 3 == 0 && !shown.ends_with('-') {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What a line must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At least this share of the limit.
    AtLeastShare(f64),
    /// At most this multiple of the limit.
    AtMostTimes(f64),
    /// At most this value, in the line's unit.
    AtMost(f64),
    /// Exactly the limit.
    Same,
    /// Nothing: it is told for those who ask what the others cost.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    /// `SQLite` or `PostgreSQL`.
    pub backend: &'static str,
    /// What was done.
    pub work: String,
    /// What it is counted in.
    pub unit: Unit,
    /// What the machine gives without a CRM, where that was measured.
    pub limit: Option<Sample>,
    /// What the server does.
    pub ours: Sample,
    /// What it must reach.
    pub goal: Goal,
}

impl Line {
    /// Ours in relation to the limit.
    pub fn ratio(&self) -> Option<f64> {
        let limit = self.limit.as_ref()?.median();
        (limit > 0.0).then(|| self.ours.median() / limit)
    }

    /// Whether the goal is reached.
    pub fn is_reached(&self) -> bool {
        let ratio = self.ratio().unwrap_or(f64::NAN);
        match self.goal {
            Goal::AtLeastShare(share) => ratio >= share,
            Goal::AtMostTimes(times) => ratio <= times,
            Goal::AtMost(most) => self.ours.median() <= most,
            Goal::Same => self.limit.as_ref().is_some_and(|limit| limit.median() == self.ours.median()),
            Goal::None => true,
        }
    }

    fn cells(&self) -> [String; COLUMNS] {
        let ratio = match (self.ratio(), self.goal) {
            (None, _) => String::new(),
            (Some(ratio), Goal::AtLeastShare(_)) => format!("{:.0} %", ratio * 100.0),
            (Some(ratio), _) => format!("{ratio:.2}×"),
        };
        let goal = match self.goal {
            Goal::AtLeastShare(share) => format!("≥ {:.0} %", share * 100.0),
            Goal::AtMostTimes(times) => format!("≤ {times}×"),
            Goal::AtMost(most) => format!("≤ {}", self.unit.show(most)),
            Goal::Same => "equal".to_owned(),
            Goal::None => String::new(),
        };
        let verdict = match (self.goal, self.is_reached()) {
            (Goal::None, _) => "",
            (_, true) => "pass",
            (_, false) => "MISS",
        };
        [
            self.backend.to_owned(),
            self.work.clone(),
            self.limit.as_ref().map(|limit| self.unit.show_sample(limit)).unwrap_or_default(),
            self.unit.show_sample(&self.ours),
            ratio,
            goal,
            verdict.to_owned(),
        ]
    }
}

const COLUMNS: usize = 7;
const HEADINGS: [&str; COLUMNS] = ["backend", "work", "limit", "ours", "ratio", "goal", ""];

/// The lines measured so far.
#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

impl Table {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Adds another table's lines.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether no line misses its goal.
    pub fn is_reached(&self) -> bool {
        self.0.iter().all(Line::is_reached)
    }

    /// As Markdown, columns aligned so that it also reads as plain text.
    pub fn to_markdown(&self) -> String {
        let rows: Vec<[String; COLUMNS]> = self.0.iter().map(Line::cells).collect();
        let mut widths = HEADINGS.map(|heading| heading.chars().count().max(3));
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = markdown_row(&HEADINGS.map(str::to_owned), &widths);
        text.push_str(&markdown_row(&widths.map(|width| "-".repeat(width)), &widths));
        for row in &rows {
            text.push_str(&markdown_row(row, &widths));
        }
        text
    }
}

fn markdown_row(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let mut row = String::from("|");
    for (cell, width) in cells.iter().zip(widths) {
        row.push_str(&format!(" {cell}{} |", " ".repeat(width.saturating_sub(cell.chars().count()))));
    }
    row.push('\n');
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(limit: f64, ours: f64, goal: Goal) -> Line {
        Line {
            backend: "SQLite",
            work: "work".to_owned(),
            unit: Unit::PerSecond,
            limit: Some(limit.into()),
            ours: ours.into(),
            goal,
        }
    }

    #[test]
    fn goals_are_met_at_their_edge() {
        assert!(line(1000.0, 700.0, Goal::AtLeastShare(0.7)).is_reached());
        assert!(!line(1000.0, 699.0, Goal::AtLeastShare(0.7)).is_reached());
        assert!(!line(10.0, 13.1, Goal::AtMostTimes(1.3)).is_reached());
        assert!(
            !line(0.0, 1.0, Goal::AtLeastShare(0.7)).is_reached(),
            "a limit of nothing proves nothing"
        );
        assert!(line(0.0, 50.0, Goal::AtMost(50.0)).is_reached());
        assert!(line(5.0, 5.0, Goal::Same).is_reached() && !line(5.0, 6.0, Goal::Same).is_reached());
    }

    #[test]
    fn a_table_shows_medians_ratio_and_verdict() {
        let mut table = Table::default();
        table.push(line(1_234_567.0, 1_000_000.0, Goal::AtLeastShare(0.7)));
        let text = table.to_markdown();
        assert!(
            text.contains("| SQLite  | work | 1,234,567/s | 1,000,000/s | 81 %  | ≥ 70 % | pass |"),
            "{text}"
        );
        assert!(table.is_reached());
        table.push(line(10.0, 1.0, Goal::AtLeastShare(0.7)));
        assert!(!table.is_reached() && table.to_markdown().contains("MISS"));
    }
}
