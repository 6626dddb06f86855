//! What the commands that measure have in common: options, and how a run goes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::{
    deployment::{Backend, Backends},
    output::{note, say},
    table::Table,
};

/// The options of every such command.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Which databases
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// A short run on little data, to see that everything works; its figures mean nothing
    #[arg(long)]
    quick: bool,
    /// Rounds; in each the limit and the server take turns
    #[arg(long)]
    rounds: Option<usize>,
    /// Also write the table to its part of this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl RunOptions {
    /// What a short run takes, or a whole one.
    pub fn choose<T>(&self, quick: T, whole: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// How many rounds; so many unless somebody says otherwise.
    pub fn rounds(&self, quick: usize, whole: usize) -> usize {
        self.rounds.unwrap_or(self.choose(quick, whole)).max(1)
    }

    /// Measures each backend, shows the table, and has it written where somebody says so. Whether every goal was reached.
    ///
    /// # Errors
    /// Those of measuring and writing.
    pub fn run(
        &self,
        mut measure: impl FnMut(Backend, &mut Table) -> Result<()>,
        write: impl FnOnce(&Path, &Table) -> Result<()>,
    ) -> Result<bool> {
        crate::server::program()?;
        let mut table = Table::default();
        for backend in self.backend.list() {
            measure(*backend, &mut table)?;
        }
        say(&table.to_markdown());
        if let Some(file) = &self.markdown {
            write(file, &table)?;
            note(&format!("written to {}", file.display()));
        }
        Ok(table.is_reached())
    }
}
