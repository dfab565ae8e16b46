use std::path::{Path, PathBuf};

/// The folder of shared data: the environment variable RADSQL_SHARED, else `shared` beside the repository. Without it
/// a test says so loudly and passes.
pub fn folder() -> Option<PathBuf> {
    let beside = || {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(4)
            .map(|p| p.join("shared"))
    };
    let folder = std::env::var_os("RADSQL_SHARED").map(PathBuf::from).or_else(beside);
    let found = folder.filter(|f| f.join("data").is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no shared data; set RADSQL_SHARED to its folder");
    }
    found
}
