//! The file of rows that failed: why, and the row as it was, so that it can be mended and imported again.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crm_domain::usecase::import::{FAILURE_HEADERS, RowFailure, failure_cells};
use csv::Writer;

/// Written when the first row fails; until then there is no file.
pub struct ErrorFile {
    path: PathBuf,
    /// Where it goes when the first place cannot be written.
    fallback: Option<PathBuf>,
    headers: Vec<String>,
    writer: Option<Writer<File>>,
    /// Whether nothing that is there may be overwritten.
    keeps: bool,
    /// Rows failed, but where they should go there is a file to keep.
    is_withheld: bool,
}

impl ErrorFile {
    /// Goes to `chosen`, else next to `input`, else (that folder being read-only) to the current directory. What an earlier import
    /// left there is removed or, in a dry run, kept. The input itself is refused.
    pub fn new(chosen: Option<PathBuf>, input: &Path, dry_run: bool) -> io::Result<Self> {
        let beside = if input.as_os_str() == "-" {
            PathBuf::from("import.errors.csv")
        } else {
            input.with_extension("errors.csv")
        };
        let fallback = match (&chosen, beside.file_name()) {
            (None, Some(name)) => env::current_dir()
                .ok()
                .map(|folder| folder.join(name))
                .filter(|path| *path != beside && !is_same_file(path, input)),
            _ => None,
        };
        let path = chosen.unwrap_or(beside);
        if is_same_file(&path, input) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{} is the file to import: choose another with --errors", path.display()),
            ));
        }
        if !dry_run {
            remove(&path)?;
        }
        Ok(Self {
            path,
            fallback,
            headers: Vec::new(),
            writer: None,
            keeps: dry_run,
            is_withheld: false,
        })
    }

    /// The table's own columns.
    pub fn set_headers(&mut self, headers: Vec<String>) {
        self.headers = headers;
    }

    /// Adds a row. One that could not be cut into cells stands in the first column as it begins.
    pub fn write(&mut self, failure: &RowFailure) -> io::Result<()> {
        if self.is_withheld {
            return Ok(());
        }
        let cells = failure_cells(failure, self.headers.len());
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => match create(&mut self.path, self.fallback.take(), &self.headers, self.keeps) {
                Err(error) if self.keeps && error.kind() == io::ErrorKind::AlreadyExists => {
                    self.is_withheld = true;
                    return Ok(());
                }
                created => self.writer.insert(created?),
            },
        };
        Ok(writer.write_record(&cells)?)
    }

    /// The file that a dry run would have had to overwrite.
    pub fn withheld(&self) -> Option<&Path> {
        self.is_withheld.then_some(&self.path)
    }

    /// The file, complete, when there is one.
    pub fn close(self) -> io::Result<Option<PathBuf>> {
        match self.writer {
            Some(mut writer) => writer.flush().map(|()| Some(self.path)),
            None => Ok(None),
        }
    }
}

fn create(path: &mut PathBuf, fallback: Option<PathBuf>, headers: &[String], keeps: bool) -> io::Result<Writer<File>> {
    let open = |path: &Path| if keeps { File::create_new(path) } else { File::create(path) };
    let file = open(path).or_else(|error| {
        let exists = keeps && error.kind() == io::ErrorKind::AlreadyExists;
        let Some(fallback) = fallback.filter(|_| !exists) else {
            return Err(io::Error::new(
                error.kind(),
                format!("{}: {error}; choose another with --errors", path.display()),
            ));
        };
        *path = fallback;
        open(path)
    })?;
    let mut writer = Writer::from_writer(file);
    let own = headers.iter().map(String::as_str);
    writer.write_record(FAILURE_HEADERS.into_iter().chain(own))?;
    Ok(writer)
}

/// Whether both are one file, also by a link. `input` may be `-`.
fn is_same_file(path: &Path, input: &Path) -> bool {
    let input = if input.as_os_str() == "-" { Path::new("/dev/stdin") } else { input };
    // What is not there is no input.
    let (Ok(left), Ok(right)) = (fs::canonicalize(path), fs::canonicalize(input)) else {
        return false;
    };
    left == right || is_linked(&left, &right)
}

#[cfg(unix)]
fn is_linked(left: &Path, right: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let key = |path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino())).ok();
    key(left).is_some_and(|left| key(right) == Some(left))
}

#[cfg(not(unix))]
fn is_linked(_left: &Path, _right: &Path) -> bool {
    false
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
            record: 2,
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
        let mut file = ErrorFile::new(None, &folder.path().join("people.csv"), false).unwrap();
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
        let file = ErrorFile::new(None, &folder.path().join("people.csv"), false).unwrap();
        assert_eq!(file.close().unwrap(), None);
        assert!(!old.exists());
    }

    #[test]
    fn the_input_is_never_the_file_of_failures() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("people.csv"), "name\n").unwrap();
        fs::create_dir(at("sub")).unwrap();
        let mut same = vec![at("people.csv"), at("sub/../people.csv")];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("people.csv"), at("soft.csv")).unwrap();
            fs::hard_link(at("people.csv"), at("hard.csv")).unwrap();
            same.extend([at("soft.csv"), at("hard.csv")]);
        }
        for path in same {
            for dry_run in [false, true] {
                let error = ErrorFile::new(Some(path.clone()), &at("people.csv"), dry_run).err().unwrap();
                assert!(error.to_string().contains("is the file to import"), "{error}");
                assert!(path.exists());
            }
        }
    }

    #[test]
    fn a_dry_run_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (input, old) = (folder.path().join("people.csv"), folder.path().join("people.errors.csv"));
        fs::write(&old, "old").unwrap();
        let mut file = ErrorFile::new(None, &input, true).unwrap();
        file.write(&failure(&["A"], None)).unwrap();
        file.write(&failure(&["B"], None)).unwrap();
        assert_eq!(file.withheld(), Some(&*old));
        assert_eq!(file.close().unwrap(), None);
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");

        let new = folder.path().join("new.csv");
        let mut file = ErrorFile::new(Some(new.clone()), &input, true).unwrap();
        file.write(&failure(&["A"], None)).unwrap();
        assert_eq!(file.withheld(), None);
        assert_eq!(file.close().unwrap(), Some(new));
    }
}
