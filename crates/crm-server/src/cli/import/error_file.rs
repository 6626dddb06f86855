//! The file of rows that failed: why, and the row as it was, so that it can be mended and imported again.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crm_domain::usecase::import::RowFailure;
use csv::Writer;

/// What stands before the row's own columns.
const HEADERS: [&str; 3] = ["import_line", "import_column", "import_reason"];

/// Written when the first row fails; until then there is no file.
pub struct ErrorFile {
    path: PathBuf,
    /// Where it goes when the first place cannot be written.
    fallback: Option<PathBuf>,
    headers: Vec<String>,
    writer: Option<Writer<File>>,
}

impl ErrorFile {
    /// Goes to `chosen`, else next to `input`, else (that folder being read-only) to the current directory. What an earlier import
    /// left there is removed.
    pub fn new(chosen: Option<PathBuf>, input: &Path) -> io::Result<Self> {
        let beside = if input.as_os_str() == "-" {
            PathBuf::from("import.errors.csv")
        } else {
            input.with_extension("errors.csv")
        };
        let fallback = match (&chosen, beside.file_name()) {
            (None, Some(name)) => env::current_dir()
                .ok()
                .map(|folder| folder.join(name))
                .filter(|path| *path != beside),
            _ => None,
        };
        let path = chosen.unwrap_or(beside);
        remove(&path)?;
        Ok(Self {
            path,
            fallback,
            headers: Vec::new(),
            writer: None,
        })
    }

    /// The table's own columns.
    pub fn set_headers(&mut self, headers: Vec<String>) {
        self.headers = headers;
    }

    /// Adds a row. One that could not be cut into cells stands in the first column as it begins.
    pub fn write(&mut self, failure: &RowFailure) -> io::Result<()> {
        let mut cells = failure.cells.clone();
        cells.resize(self.headers.len(), String::new());
        if let (Some(raw), Some(first)) = (&failure.raw, cells.first_mut()) {
            first.clone_from(raw);
        }
        let reason = [failure.line.to_string(), failure.column.clone(), failure.reason.clone()];
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(create(&mut self.path, self.fallback.take(), &self.headers)?),
        };
        Ok(writer.write_record(reason.iter().chain(&cells))?)
    }

    /// The file, complete, when there is one.
    pub fn close(self) -> io::Result<Option<PathBuf>> {
        match self.writer {
            Some(mut writer) => writer.flush().map(|()| Some(self.path)),
            None => Ok(None),
        }
    }
}

fn create(path: &mut PathBuf, fallback: Option<PathBuf>, headers: &[String]) -> io::Result<Writer<File>> {
    let file = File::create(&*path).or_else(|error| {
        let Some(fallback) = fallback else {
            return Err(io::Error::new(
                error.kind(),
                format!("{}: {error}; choose another with --errors", path.display()),
            ));
        };
        *path = fallback;
        File::create(&*path)
    })?;
    let mut writer = Writer::from_writer(file);
    let own = headers.iter().map(String::as_str);
    writer.write_record(HEADERS.into_iter().chain(own))?;
    Ok(writer)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(cells: &[&str], raw: Option<&str>) -> RowFailure {
        RowFailure {
            line: 3,
            column: "Email".to_owned(),
            reason: "Email: must be a valid email address".to_owned(),
            cells: cells.iter().map(ToString::to_string).collect(),
            raw: raw.map(str::to_owned),
        }
    }

    #[test]
    fn rows_stand_behind_their_reasons() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = ErrorFile::new(None, &folder.path().join("people.csv")).unwrap();
        file.set_headers(vec!["Name".to_owned(), "Email".to_owned()]);
        file.write(&failure(&["A, B", "x"], None)).unwrap();
        file.write(&failure(&[], Some("one cell"))).unwrap();
        let path = file.close().unwrap().unwrap();
        assert_eq!(path, folder.path().join("people.errors.csv"));
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "import_line,import_column,import_reason,Name,Email");
        assert_eq!(lines[1], r#"3,Email,Email: must be a valid email address,"A, B",x"#);
        assert_eq!(lines[2], "3,Email,Email: must be a valid email address,one cell,");
    }

    #[test]
    fn without_failures_there_is_no_file_not_even_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("people.errors.csv");
        fs::write(&old, "old").unwrap();
        let file = ErrorFile::new(None, &folder.path().join("people.csv")).unwrap();
        assert_eq!(file.close().unwrap(), None);
        assert!(!old.exists());
    }
}
