//! A disk with a folder that may be read, `in`, and one beside it that may not, `out`, which holds the same files.

use super::common::{cohort, run};
use radsql::{FilePolicy, Session, SessionBuilder};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What no message may tell.
pub const SECRET: &str = "SECRETMARKER";

/// Files of each kind, below `in` and below `out`.
pub const IMAGE: &str = "ct.nii.gz";
pub const MASK: &str = "mask.nii.gz";
pub const DICOM: &str = "series";
pub const DICOM_FILE: &str = "binary.dcm";
pub const MODEL: &str = "tiny.onnx";
pub const SETTINGS: &str = "settings.yaml";
pub const CSV: &str = "table.csv";
pub const PARQUET: &str = "table.parquet";
pub const NRRD: &str = "scans/a.nrrd";

pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// Both folders, with links between them.
    pub async fn new() -> Self {
        let place = Self {
            dir: tempfile::tempdir().expect("a file, a folder or an answer"),
        };
        let source = cohort(1);
        let patient = fs::read_dir(source.path().join("crlm"))
            .expect("a file, a folder or an answer")
            .map(|e| e.expect("a file, a folder or an answer").path())
            .find(|p| p.is_dir())
            .expect("a file, a folder or an answer");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for side in ["in", "out"] {
            let to = place.path(side);
            fs::create_dir_all(to.join("scans")).expect("a file, a folder or an answer");
            fs::copy(patient.join("ct.nii.gz"), to.join(IMAGE)).expect("a file, a folder or an answer");
            fs::copy(patient.join("seg/Tumor_1.nii.gz"), to.join(MASK)).expect("a file, a folder or an answer");
            fs::copy(patient.join("ct.nii.gz"), to.join("scans/a.nii.gz")).expect("a file, a folder or an answer");
            fs::write(to.join(NRRD), nrrd("")).expect("a file, a folder or an answer");
            for file in ["tiny.onnx", "tiny.json"] {
                fs::copy(root.join("tests/golden/deep/models").join(file), to.join(file))
                    .expect("a file, a folder or an answer");
            }
            fs::copy(root.join("examples/radiomics/ct.yaml"), to.join(SETTINGS))
                .expect("a file, a folder or an answer");
            let masks = root.join("tests/golden/dicom/masks");
            fs::copy(masks.join("binary.dcm"), to.join(DICOM_FILE)).expect("a file, a folder or an answer");
            fs::create_dir(to.join(DICOM)).expect("a file, a folder or an answer");
            for entry in fs::read_dir(masks.join("image")).expect("a file, a folder or an answer") {
                let entry = entry.expect("a file, a folder or an answer");
                fs::copy(entry.path(), to.join(DICOM).join(entry.file_name())).expect("a file, a folder or an answer");
            }
            fs::write(to.join(CSV), format!("a,b\n1,{SECRET}\n")).expect("a file, a folder or an answer");
            let all = Session::new().expect("a file, a folder or an answer");
            let parquet = to.join(PARQUET);
            let copy = format!("COPY (SELECT 1 AS a, '{SECRET}' AS b) TO '{}'", parquet.display());
            run(&all, &copy).await.expect("a file, a folder or an answer");
        }
        symlink(place.path("out"), place.path("in/link_out")).expect("a file, a folder or an answer");
        symlink(place.path("in/scans"), place.path("in/link_in")).expect("a file, a folder or an answer");
        for file in [
            IMAGE,
            MASK,
            "scans",
            DICOM,
            DICOM_FILE,
            MODEL,
            "tiny.json",
            SETTINGS,
            CSV,
            PARQUET,
        ] {
            symlink(
                place.path("out").join(file),
                place.path("in").join(format!("link_{file}")),
            )
            .expect("a file, a folder or an answer");
        }
        place
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn text(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    /// A session that may read `in`, and write in a folder if one is given.
    pub fn session(&self, write: Option<&str>) -> Session {
        let write = write.map(|folder| self.path(folder));
        SessionBuilder {
            files: FilePolicy::within(&[self.path("in")], write.as_deref()).expect("a file, a folder or an answer"),
            ..SessionBuilder::default()
        }
        .build()
        .expect("a file, a folder or an answer")
    }

    /// Every way to write a path to a file of `out`.
    pub fn ways_out(&self, file: &str) -> Vec<String> {
        let absolute = self.text(&format!("out/{file}"));
        let up = std::env::current_dir()
            .expect("a file, a folder or an answer")
            .components()
            .count()
            - 1;
        let relative = format!("{}{}", "../".repeat(up), absolute.trim_start_matches('/'));
        let mut ways = vec![
            absolute,
            relative,
            self.text(&format!("in/../out/{file}")),
            self.text(&format!("in/scans/../../out/{file}")),
            self.text(&format!("in/link_out/{file}")),
            self.text(&format!("in/./link_out/../out/{file}")),
        ];
        if !file.contains('/') {
            ways.push(self.text(&format!("in/link_{file}")));
        }
        ways
    }

    /// Every file and folder, with the length and time of each.
    pub fn snapshot(&self) -> Vec<String> {
        let entries = walkdir::WalkDir::new(self.dir.path()).sort_by_file_name();
        let entries = entries.into_iter().map(|entry| {
            let entry = entry.expect("a file, a folder or an answer");
            let about = entry.metadata().expect("a file, a folder or an answer");
            let state = about
                .is_file()
                .then(|| (about.len(), about.modified().expect("a file, a folder or an answer")));
            format!("{} {state:?}", entry.path().display())
        });
        entries.collect()
    }
}

/// A small NRRD file, or a header that names a file for its voxels.
pub fn nrrd(data_file: &str) -> String {
    let header = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nspace: left-posterior-superior\n\
                  space directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\nencoding: raw\n";
    match data_file {
        "" => format!("{header}\n\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}"),
        name => format!("{header}data file: {name}\n"),
    }
}

/// That a statement is refused because of where `path` leads, and that nobody learns more from it: the same is said of a path
/// that leads to nothing.
pub async fn refused(session: &Session, path: &str, statement: impl Fn(&str) -> String) {
    let sql = statement(path);
    let told = match run(session, &sql).await {
        Ok(rows) => panic!("not refused: {sql}\n{rows:?}"),
        Err(told) => told,
    };
    assert!(told.contains("outside the folder"), "{sql}\n{told}");
    assert!(told.contains(&format!("'{path}'")), "{sql}\n{told}");
    assert!(!told.contains(SECRET), "{sql}\n{told}");
    let Some((folder, file)) = path.rsplit_once('/') else {
        return;
    };
    // Where a link would have to lead out there is nothing to compare with.
    if file.starts_with("link_") {
        return;
    }
    let missing = format!("{folder}/no{file}");
    let of_missing = run(session, &statement(&missing)).await;
    let of_missing = of_missing.expect_err("nothing there").replace(&missing, path);
    assert_eq!(of_missing, told, "{sql}");
}

/// That a statement works.
pub async fn works(session: &Session, sql: &str) -> Vec<String> {
    match run(session, sql).await {
        Ok(rows) => rows,
        Err(e) => panic!("{sql}\n{e}"),
    }
}
