//! How many rows one unit of work writes: as many as take a twentieth of a second or so, since everybody else who writes waits for it.

use std::time::Duration;

/// What a unit shall take, without its commit.
const WANTED: Duration = Duration::from_millis(60);
/// To begin with.
const FIRST: usize = 500;
/// Fewer would cost more in commits than they would spare others.
const FEWEST: usize = 50;

/// The pace of an import.
#[derive(Debug)]
pub(super) struct Pace {
    rows: usize,
    most: usize,
}

impl Pace {
    /// At most this many rows.
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            rows: FIRST.min(most),
            most,
        }
    }

    /// How many rows the next unit is to write.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Takes notice of how long a unit took with so many rows; one odd unit does not change much.
    pub(super) fn note(&mut self, rows: usize, took: Duration) {
        let rows_of_wanted = (rows as u128 * WANTED.as_nanos()) / took.as_nanos().max(1);
        let wanted = usize::try_from(rows_of_wanted).unwrap_or(usize::MAX).min(self.most);
        // A few rows at the end of the file tell more of a unit's fixed costs than of its rows'.
        if rows * 2 >= self.rows {
            self.rows = (self.rows + wanted).div_ceil(2).clamp(FEWEST.min(self.most), self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace after some units whose rows take so long each.
    fn settled(most: usize, micros_of_row: u64) -> usize {
        let mut pace = Pace::new(most);
        for _ in 0..20 {
            let rows = pace.rows();
            pace.note(rows, Duration::from_micros(rows as u64 * micros_of_row));
        }
        pace.rows()
    }

    #[test]
    fn units_take_what_is_wanted_within_bounds() {
        assert!((590..=600).contains(&settled(1_000, 100)));
        assert!((290..=310).contains(&settled(1_000, 200)));
        assert_eq!(settled(1_000, 10), 1_000, "no more than asked for");
        assert_eq!(settled(1_000, 60_000), FEWEST);
        assert_eq!(settled(1_000, 0), 1_000, "too short to be measured");
        assert_eq!((settled(7, 100), settled(7, 100_000), settled(0, 100)), (7, 7, 1));
    }

    #[test]
    fn the_few_rows_at_the_end_say_little() {
        let mut pace = Pace::new(1_000);
        pace.note(3, Duration::from_millis(30));
        assert_eq!(pace.rows(), FIRST);
        pace.note(FIRST, Duration::from_secs(3));
        assert_eq!(pace.rows(), FIRST / 2 + 5, "one slow unit halves it at most");
    }
}
