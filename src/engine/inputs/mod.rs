//! Where numbers come from: every file that statements read, by its hash.

pub mod calls;

use super::{Session, files_like};
use calls::{Kind, calls};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use radsql_udfs::imaging::dicom_tags;
use std::collections::HashSet;
use std::path::Path;

/// Something that a statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A table of scans.
    Scans {
        /// Its name.
        table: String,
        /// `NIFTI`, `NRRD` or `DICOM`.
        format: String,
        /// Where its files are.
        location: String,
    },
    /// A file, or a folder of files.
    Files {
        /// What it is: a table's name, or `FROM`.
        name: String,
        /// Its path.
        location: String,
    },
    /// A model.
    Models,
}

impl Source {
    /// What it is.
    pub fn name(&self) -> &str {
        match self {
            Self::Scans { table, .. } => table,
            Self::Files { name, .. } => name,
            Self::Models => "models",
        }
    }

    /// Where it lies.
    pub fn location(&self) -> &str {
        match self {
            Self::Scans { location, .. } | Self::Files { location, .. } => location,
            Self::Models => "",
        }
    }
}

/// The files of a source.
#[derive(Debug)]
pub struct Input {
    /// What it is.
    pub name: String,
    /// Where it lies, as the statement says.
    pub location: String,
    /// Its files: what each is called below the location, and its SHA-256.
    pub files: Vec<(String, String)>,
    /// The images and masks behind them, as functions name them.
    pub references: Vec<String>,
    /// Images and masks that it has, where it is a table of scans.
    pub scans: Option<Scans>,
}

/// What a table of scans has.
#[derive(Debug, Clone)]
pub struct Scans {
    /// Its name.
    pub table: String,
    /// The format of its files.
    pub format: String,
    /// Images.
    pub images: usize,
    /// Masks.
    pub masks: usize,
}

/// What a statement reads for the first time.
pub fn sources(sql: &str, kind: &Kind) -> Vec<Source> {
    let (calls, files) = calls(sql);
    let mut found: Vec<Source> = files
        .into_iter()
        .map(|location| Source::Files {
            name: "FROM".into(),
            location,
        })
        .collect();
    // A table of tags is of the headers of a folder's files.
    for call in calls.iter().filter(|c| c.function == dicom_tags::NAME) {
        found.extend(call.plain.first().map(|folder| Source::Files {
            name: dicom_tags::NAME.into(),
            location: folder.clone(),
        }));
    }
    // A file of settings decides numbers as well.
    for call in calls.iter().filter(|c| c.function == "radiomics") {
        if let Some(settings) = call.plain.get(2).filter(|s| Path::new(s).is_file()) {
            found.push(Source::Files {
                name: "settings".into(),
                location: settings.clone(),
            });
        }
    }
    match kind {
        Kind::External { name, format, location } => {
            let location = location.strip_prefix("file://").unwrap_or(location).to_owned();
            found.push(match format.as_str() {
                "NIFTI" | "NRRD" | "DICOM" => Source::Scans {
                    table: name.clone(),
                    format: format.clone(),
                    location,
                },
                _ => Source::Files {
                    name: name.clone(),
                    location,
                },
            });
        }
        Kind::Model => found.push(Source::Models),
        Kind::Table { .. } | Kind::Other => {}
    }
    found
}

/// The hashes of everything that was read.
///
/// # Errors
/// When a file is gone since.
pub async fn hashed(session: &Session, sources: &[Source]) -> Result<Vec<Input>> {
    let mut inputs: Vec<Input> = vec![];
    let mut seen: Vec<&Source> = vec![];
    for (place, source) in sources.iter().enumerate() {
        if seen.contains(&source) {
            continue;
        }
        seen.push(source);
        // A table that was made anew is what it was made last.
        let same = |later: &Source| matches!((source, later), (Source::Scans { table: a, .. }, Source::Scans { table: b, .. }) if a == b);
        if sources[place + 1..].iter().any(same) {
            continue;
        }
        match source {
            Source::Scans {
                table,
                format,
                location,
            } => {
                // A table that was dropped since is not asked any more.
                if session.context().table_exist(table.as_str())? {
                    inputs.push(scans(session, table, format, location).await?);
                }
            }
            Source::Files { name, location } => {
                let mut files = vec![];
                for path in walk(location) {
                    let hash = texts(session, &format!("SELECT file_hash({})", quoted(&path)), 0).await?;
                    files.extend(hash.into_iter().map(|hash| (below(&path, location), hash)));
                }
                inputs.push(Input {
                    name: name.clone(),
                    location: location.clone(),
                    files,
                    references: vec![],
                    scans: None,
                });
            }
            Source::Models => {}
        }
    }
    if seen.contains(&&Source::Models) {
        const MODELS: &str = "SELECT name, sha256, path FROM deep_models() ORDER BY name";
        let (names, hashes) = (texts(session, MODELS, 0).await?, texts(session, MODELS, 1).await?);
        let mut files: Vec<(String, String)> = names.iter().cloned().zip(hashes).collect();
        // What a network wants to see decides numbers as much as its weights.
        for (name, path) in names.iter().zip(texts(session, MODELS, 2).await?) {
            let description = Path::new(&path).with_extension("json");
            let sql = format!("SELECT file_hash({})", quoted(&description.display().to_string()));
            let hash = texts(session, &sql, 0).await.unwrap_or_default();
            files.extend(hash.into_iter().map(|hash| (format!("{name}, its description"), hash)));
        }
        inputs.push(Input {
            name: "models".into(),
            location: String::new(),
            files,
            references: vec![],
            scans: None,
        });
    }
    Ok(inputs)
}

/// The files of the scans that the run read without a table of scans: by a name in a statement, or in a table of another kind.
///
/// # Errors
/// When a file is gone since.
pub async fn read_by_name(session: &Session, inputs: &[Input]) -> Result<Option<Input>> {
    let known: HashSet<&str> = inputs
        .iter()
        .flat_map(|input| &input.references)
        .map(String::as_str)
        .collect();
    let mut files = vec![];
    for reference in session
        .runtime()
        .references()
        .iter()
        .filter(|r| !known.contains(r.as_str()))
    {
        let hash = texts(session, &format!("SELECT file_hash({})", quoted(reference)), 0).await;
        // A scan that could not be read has no hash.
        files.extend(
            hash.unwrap_or_default()
                .into_iter()
                .map(|hash| (reference.clone(), hash)),
        );
    }
    Ok((!files.is_empty()).then(|| Input {
        name: "scans by name".into(),
        location: String::new(),
        files,
        references: vec![],
        scans: None,
    }))
}

/// The files of statements.
///
/// # Errors
/// When a file is gone since.
pub async fn statements(session: &Session, files: &[String]) -> Result<Input> {
    let mut hashed: Vec<(String, String)> = vec![];
    for file in files.iter().filter(|f| Path::new(f).is_file()) {
        let hash = texts(session, &format!("SELECT file_hash({})", quoted(file)), 0).await?;
        hashed.extend(hash.into_iter().map(|hash| (file.clone(), hash)));
    }
    Ok(Input {
        name: "statements".into(),
        location: String::new(),
        files: hashed,
        references: vec![],
        scans: None,
    })
}

async fn scans(session: &Session, table: &str, format: &str, location: &str) -> Result<Input> {
    let mut input = Input {
        name: table.into(),
        location: location.into(),
        files: vec![],
        references: vec![],
        scans: None,
    };
    let mut counts = [0, 0];
    for (column, count) in ["image", "mask"].iter().zip(&mut counts) {
        let sql = format!(
            "SELECT r, file_hash(r) AS h FROM (SELECT DISTINCT {column} AS r FROM {table} WHERE {column} IS NOT NULL) ORDER BY r"
        );
        let (references, hashes) = both(session, &sql).await?;
        *count = references.len();
        let named = references.iter().map(|r| below(r, location));
        input.files.extend(named.zip(hashes));
        input.references.extend(references.iter().cloned());
    }
    for (name, _) in &mut input.files {
        *name = whole_file(name).to_owned();
    }
    input.files.sort();
    input.files.dedup();
    input.scans = Some(Scans {
        table: table.into(),
        format: format.into(),
        images: counts[0],
        masks: counts[1],
    });
    Ok(input)
}

/// Files at a place: the file itself, those in the folder, or those that a `*` stands for, in the order of their names.
fn walk(location: &str) -> Vec<String> {
    if location.contains('*') {
        return files_like(location);
    }
    let files = walkdir::WalkDir::new(location)
        .sort_by_file_name()
        .into_iter()
        .flatten();
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().display().to_string()).collect()
}

/// Several regions of one file are one file.
pub fn whole_file(reference: &str) -> &str {
    let region = ["#segment=", "#roi=", "#label="]
        .iter()
        .find_map(|region| reference.find(region));
    &reference[..region.unwrap_or(reference.len())]
}

/// A path as it is called below a place; none when it is elsewhere.
pub fn inside(path: &str, location: &str) -> Option<String> {
    let location = location.split('*').next().unwrap_or_default();
    // A relative location is a part of an absolute reference.
    let whole = || Path::new(location).canonicalize().ok();
    let rest = path
        .strip_prefix(location)
        .or_else(|| path.strip_prefix(&whole()?.display().to_string()))?;
    let rest = rest.trim_start_matches('/');
    Some(match rest.is_empty() {
        true => Path::new(path)
            .file_name()
            .map_or_else(|| path.to_owned(), |n| n.to_string_lossy().into_owned()),
        false => rest.to_owned(),
    })
}

/// A path as it is called below a place, or anywhere.
fn below(path: &str, location: &str) -> String {
    inside(path, location).unwrap_or_else(|| path.trim_start_matches('/').to_owned())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Rows of a table; `None` where it is not there any more.
///
/// # Errors
/// When the table cannot be read.
pub async fn count(session: &Session, table: &str) -> Result<Option<u64>> {
    let batches = session
        .sql(&format!("SELECT count(*) FROM {table}"))
        .await?
        .collect()
        .await?;
    let first = batches.iter().find(|b| b.num_rows() > 0);
    let counts = first.and_then(|b| b.column(0).as_primitive_opt::<Int64Type>());
    Ok(counts.and_then(|c| u64::try_from(c.value(0)).ok()))
}

/// A column of a query as texts; NULL is left out.
///
/// # Errors
/// When the query fails.
pub async fn texts(session: &Session, sql: &str, column: usize) -> Result<Vec<String>> {
    let mut found = vec![];
    for batch in session.sql(sql).await?.collect().await? {
        let array = cast(batch.column(column), &DataType::Utf8)?;
        let array = array.as_string::<i32>();
        found.extend(
            (0..array.len())
                .filter(|i| array.is_valid(*i))
                .map(|i| array.value(i).to_owned()),
        );
    }
    Ok(found)
}

/// Two columns of a query as texts.
async fn both(session: &Session, sql: &str) -> Result<(Vec<String>, Vec<String>)> {
    let (mut left, mut right) = (vec![], vec![]);
    for batch in session.sql(sql).await?.collect().await? {
        for (column, found) in [(0, &mut left), (1, &mut right)] {
            let array = cast(batch.column(column), &DataType::Utf8)?;
            let array = array.as_string::<i32>();
            found.extend((0..array.len()).map(|i| {
                if array.is_valid(i) {
                    array.value(i).to_owned()
                } else {
                    String::new()
                }
            }));
        }
    }
    Ok((left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_what_is_below_their_place() {
        assert_eq!(below("data/scans/a/ct.nii.gz", "data/scans/"), "a/ct.nii.gz");
        assert_eq!(below("data/clinical.csv", "data/clinical.csv"), "clinical.csv");
        assert_eq!(below("/elsewhere/x", "data/"), "elsewhere/x");
        assert_eq!(inside("/elsewhere/x", "data/"), None);
        assert_eq!(whole_file("a/seg.dcm#segment=2"), "a/seg.dcm");
    }
}
