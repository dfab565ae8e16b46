//! The kept corpus of the fuzz targets: no panic, and no file takes long.

#[path = "../../../../fuzz/asked.rs"]
mod asked;

use std::path::{Path, PathBuf};
use std::time::Instant;

type Target = (&'static str, fn(&Path));

const TARGETS: [Target; 5] = [
    ("series", asked::series),
    ("seg", asked::seg),
    ("rtstruct", asked::rtstruct),
    ("nifti", asked::nifti),
    ("nrrd", asked::nrrd),
];

#[test]
fn every_kept_file_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus");
    for (name, ask) in TARGETS {
        let files: Vec<PathBuf> = std::fs::read_dir(corpus.join(name))
            .expect("a corpus")
            .map(|entry| entry.expect("a file").path())
            .collect();
        assert!(files.len() > 5, "{name}: {}", files.len());
        for file in files {
            let start = Instant::now();
            ask(&file);
            assert!(
                start.elapsed().as_secs() < 5,
                "{}: {:?}",
                file.display(),
                start.elapsed()
            );
        }
    }
}
