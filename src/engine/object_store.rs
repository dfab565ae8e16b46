//! The stores that DataFusion's own readers and writers get in a session that may not touch every file: the local disk
//! behind a [`FilePolicy`], and nothing else.

use super::lake::SCHEME;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::common::{Result as DataFusionResult, plan_err};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use radsql_udfs::files::{FilePolicy, Forbidden};
use std::collections::{BTreeSet, HashMap};
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;
use walkdir::WalkDir;

/// Only local files, and of those only what the policy allows.
#[derive(Debug)]
pub struct RestrictedStores {
    files: Arc<GuardedStore>,
    /// Those of databases, which no statement can name.
    lakes: Mutex<HashMap<Url, Arc<dyn ObjectStore>>>,
}

impl RestrictedStores {
    /// Stores for a session with this policy.
    pub fn new(policy: FilePolicy) -> Self {
        let inner = LocalFileSystem::new();
        Self {
            files: Arc::new(GuardedStore { inner, policy }),
            lakes: Mutex::default(),
        }
    }
}

impl ObjectStoreRegistry for RestrictedStores {
    /// Leaves all but those of databases out: nobody may widen what the session reaches.
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        if url.scheme() != SCHEME {
            return None;
        }
        self.lakes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(root(url), store)
    }

    fn deregister_store(&self, _: &Url) -> DataFusionResult<Arc<dyn ObjectStore>> {
        plan_err!("the stores of this session cannot be changed")
    }

    fn get_store(&self, url: &Url) -> DataFusionResult<Arc<dyn ObjectStore>> {
        let lake = self
            .lakes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&root(url))
            .cloned();
        match (is_local(url), lake) {
            (true, _) => Ok(Arc::clone(&self.files) as _),
            (false, Some(lake)) => Ok(lake),
            (false, None) => not_local(url),
        }
    }
}

/// An address without a path.
fn root(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root
}

/// Whether an address means this machine's disk.
pub fn is_local(url: &Url) -> bool {
    url.scheme() == "file" && url.host().is_none()
}

/// That an address is not one of a file here.
pub fn not_local<T>(url: &Url) -> DataFusionResult<T> {
    plan_err!(
        "this server reads and writes local files only, and nothing by '{}://'",
        url.scheme()
    )
}

/// The local disk behind a policy. Errors name no folder: addresses are absolute here, whatever the statement said.
#[derive(Debug, Clone)]
struct GuardedStore {
    inner: LocalFileSystem,
    policy: FilePolicy,
}

impl fmt::Display for GuardedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("files")
    }
}

/// The last part of a location, which is all that errors tell of it.
fn shown(location: &Path) -> String {
    location.filename().unwrap_or_default().to_owned()
}

fn forbidden(location: &Path, e: &Forbidden) -> Error {
    Error::PermissionDenied {
        path: shown(location),
        source: format!("it {}", e.reason()).into(),
    }
}

/// An error of the disk, without the folders that it names.
fn told(location: &Path, e: Error) -> Error {
    let path = shown(location);
    match e {
        Error::NotFound { source, .. } => Error::NotFound { path, source },
        Error::AlreadyExists { source, .. } => Error::AlreadyExists { path, source },
        Error::Precondition { source, .. } => Error::Precondition { path, source },
        Error::NotModified { source, .. } => Error::NotModified { path, source },
        Error::Generic { store, source } => {
            let mut cause: Option<&(dyn StdError + 'static)> = Some(&*source);
            let mut reason = "it cannot be read or written".to_owned();
            while let Some(e) = cause {
                if let Some(e) = e.downcast_ref::<io::Error>() {
                    reason = e.kind().to_string();
                    break;
                }
                cause = e.source();
            }
            Error::Generic {
                store,
                source: format!("'{path}': {reason}").into(),
            }
        }
        other => other,
    }
}

impl GuardedStore {
    fn may_read(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location);
        let path = path.map_err(|e| told(location, e))?;
        self.policy.read(&path).map(|_| ()).map_err(|e| forbidden(location, &e))
    }

    fn may_write(&self, location: &Path) -> Result<()> {
        let path = self.inner.path_to_filesystem(location);
        let path = path.map_err(|e| told(location, e))?;
        self.policy
            .write(&path)
            .map(|_| ())
            .map_err(|e| forbidden(location, &e))
    }

    /// Files and folders below a folder, links that lead away left out.
    fn walk(&self, prefix: &Path, deepest: usize) -> Result<(Vec<ObjectMeta>, BTreeSet<Path>)> {
        // The store turns locations of files into paths, not those of folders.
        let mut folder = self.inner.path_to_filesystem(&prefix.clone().join("file"))?;
        folder.pop();
        self.policy.read(&folder).map_err(|e| forbidden(prefix, &e))?;
        let (mut files, mut folders) = (vec![], BTreeSet::new());
        let walk = WalkDir::new(&folder).min_depth(1).max_depth(deepest).follow_links(true);
        let links = self.policy.links();
        let followed = |entry: &walkdir::DirEntry| !entry.path_is_symlink() || links.follows(entry.path());
        for entry in walk.sort_by_file_name().into_iter().filter_entry(followed) {
            let entry = match entry {
                Ok(entry) => entry,
                // What went meanwhile, a link to a folder above it, and a link that is not followed, whatever it leads to.
                Err(e) if e.loop_ancestor().is_some() => continue,
                Err(e) if e.io_error().is_some_and(|e| e.kind() == ErrorKind::NotFound) => continue,
                Err(e) if e.path().is_some_and(|path| path.is_symlink() && !links.follows(path)) => continue,
                Err(e) => return Err(unreadable(prefix, &e.into())),
            };
            let location = location_of(prefix, entry.path().to_owned())?;
            if entry.file_type().is_dir() {
                folders.insert(location);
            } else if entry.file_type().is_file() && self.inner.path_to_filesystem(&location).is_ok() {
                let about = entry.metadata().map_err(|e| unreadable(prefix, &e.into()))?;
                let modified = about.modified().map_err(|e| unreadable(prefix, &e))?;
                files.push(ObjectMeta {
                    location,
                    last_modified: modified.into(),
                    size: about.len(),
                    e_tag: None,
                    version: None,
                });
            }
        }
        Ok((files, folders))
    }

    async fn walked(&self, prefix: Option<&Path>, deepest: usize) -> Result<(Vec<ObjectMeta>, BTreeSet<Path>)> {
        let (store, prefix) = (self.clone(), prefix.cloned().unwrap_or_default());
        tokio::task::spawn_blocking(move || store.walk(&prefix, deepest)).await?
    }
}

fn location_of(prefix: &Path, path: PathBuf) -> Result<Path> {
    Path::from_absolute_path(path).map_err(|_| Error::Generic {
        store: "files",
        source: format!("a name in '{}' cannot be understood", shown(prefix)).into(),
    })
}

fn unreadable(prefix: &Path, e: &io::Error) -> Error {
    Error::Generic {
        store: "files",
        source: format!("'{}' cannot be listed: {}", shown(prefix), e.kind()).into(),
    }
}

#[async_trait]
impl ObjectStore for GuardedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.may_write(location)?;
        let put = self.inner.put_opts(location, payload, options).await;
        put.map_err(|e| told(location, e))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.may_write(location)?;
        let upload = self.inner.put_multipart_opts(location, options).await;
        upload.map_err(|e| told(location, e))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.may_read(location)?;
        let found = self.inner.get_opts(location, options).await;
        found.map_err(|e| told(location, e))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.may_read(location)?;
        let found = self.inner.get_ranges(location, ranges).await;
        found.map_err(|e| told(location, e))
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let allowed = locations.map(move |location| {
            let location = location?;
            store.may_write(&location)?;
            Ok(location)
        });
        self.inner.delete_stream(allowed.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, prefix) = (self.clone(), prefix.cloned());
        let listed = async move {
            let (files, _) = store.walked(prefix.as_ref(), usize::MAX).await?;
            Ok::<_, Error>(stream::iter(files.into_iter().map(Ok)))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (objects, folders) = self.walked(prefix, 1).await?;
        Ok(ListResult {
            common_prefixes: folders.into_iter().collect(),
            objects,
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.may_read(from)?;
        self.may_write(to)?;
        let copied = self.inner.copy_opts(from, to, options).await;
        copied.map_err(|e| told(to, e))
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.may_write(from)?;
        self.may_write(to)?;
        let renamed = self.inner.rename_opts(from, to, options).await;
        renamed.map_err(|e| told(to, e))
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use datafusion::object_store::{ObjectStoreExt, PutMode};
    use std::fs;
    use std::os::unix::fs::symlink;

    /// `in` may be read, `in/w` written; links of it lead to `out`.
    fn place() -> (tempfile::TempDir, Arc<dyn ObjectStore>) {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        for folder in ["in/w", "in/sub", "out/deep"] {
            fs::create_dir_all(top.join(folder)).unwrap();
        }
        for file in [
            "in/a.csv",
            "in/sub/b.csv",
            "in/w/c.csv",
            "out/secret.csv",
            "out/deep/d.csv",
        ] {
            fs::write(top.join(file), "1\n").unwrap();
        }
        for (to, link) in [
            ("out/secret.csv", "in/link.csv"),
            ("out", "in/link"),
            ("out/none.csv", "in/nowhere.csv"),
            ("in/sub", "in/again"),
            ("out/deep", "in/w/link"),
            ("out/secret.csv", "in/w/link.csv"),
        ] {
            symlink(top.join(to), top.join(link)).unwrap();
        }
        let policy = FilePolicy::within(&[top.join("in")], Some(&top.join("in/w"))).unwrap();
        let url = Url::parse("file:///").unwrap();
        let store = RestrictedStores::new(policy).get_store(&url).unwrap();
        (dir, store)
    }

    fn at(dir: &tempfile::TempDir, path: &str) -> Path {
        Path::from_absolute_path(dir.path().join(path)).unwrap()
    }

    fn names(dir: &tempfile::TempDir, found: impl IntoIterator<Item = Path>) -> Vec<String> {
        let top = Path::from_absolute_path(dir.path()).unwrap();
        let below = found.into_iter().map(|path| {
            let below = path.as_ref().strip_prefix(top.as_ref()).unwrap();
            below.trim_start_matches('/').to_owned()
        });
        below.collect()
    }

    #[tokio::test]
    async fn what_lies_outside_is_neither_read_nor_listed() {
        let (dir, store) = place();
        for path in ["in/a.csv", "in/again/b.csv", "in/w/c.csv"] {
            assert!(store.head(&at(&dir, path)).await.is_ok(), "{path}");
            assert_eq!(store.get_ranges(&at(&dir, path), &[0..1, 0..1]).await.unwrap()[0], "1");
        }
        for path in [
            "out/secret.csv",
            "out/none.csv",
            "in/link.csv",
            "in/nowhere.csv",
            "in/link/secret.csv",
        ] {
            let location = at(&dir, path);
            let told = [
                store.head(&location).await.unwrap_err().to_string(),
                store.get(&location).await.unwrap_err().to_string(),
                store
                    .get_ranges(&location, &[0..1, 0..1])
                    .await
                    .unwrap_err()
                    .to_string(),
            ];
            for told in told {
                assert!(told.contains("it lies outside the folders"), "{told}");
                assert!(!told.contains(&dir.path().display().to_string()), "{told}");
            }
        }
        let missing = store.get(&at(&dir, "in/none.csv")).await.unwrap_err();
        assert!(
            matches!(&missing, Error::NotFound { path, .. } if path == "none.csv"),
            "{missing}"
        );
        assert!(
            !missing.to_string().contains(&dir.path().display().to_string()),
            "{missing}"
        );
        let all: Vec<_> = store.list(Some(&at(&dir, "in"))).try_collect().await.unwrap();
        let all = names(&dir, all.into_iter().map(|meta| meta.location));
        assert_eq!(all, ["in/a.csv", "in/again/b.csv", "in/sub/b.csv", "in/w/c.csv"]);
        let folder = store.list_with_delimiter(Some(&at(&dir, "in"))).await.unwrap();
        let files = names(&dir, folder.objects.into_iter().map(|meta| meta.location));
        let folders = names(&dir, folder.common_prefixes);
        assert_eq!(
            (files.join(" "), folders.join(" ")),
            ("in/a.csv".into(), "in/again in/sub in/w".into())
        );
        for path in ["out", "out/none", "in/link"] {
            let listed = store.list(Some(&at(&dir, path))).try_collect::<Vec<_>>().await;
            assert!(listed.unwrap_err().to_string().contains("it lies outside"), "{path}");
            assert!(store.list_with_delimiter(Some(&at(&dir, path))).await.is_err());
        }
        assert!(store.list(None).try_collect::<Vec<_>>().await.is_err());
        let none = store.list(Some(&at(&dir, "in/none"))).try_collect::<Vec<_>>().await;
        assert!(none.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_lies_outside_is_not_written() {
        let (dir, store) = place();
        let secret = dir.path().join("out/secret.csv");
        for path in [
            "in/a.csv",
            "in/new.csv",
            "out/secret.csv",
            "out/new.csv",
            "in/w/link/d.csv",
            "in/w/link.csv",
        ] {
            let (location, inside) = (at(&dir, path), at(&dir, "in/w/c.csv"));
            assert!(store.put(&location, "2".into()).await.is_err(), "{path}");
            let create = PutMode::Create.into();
            assert!(store.put_opts(&location, "2".into(), create).await.is_err(), "{path}");
            assert!(store.put_multipart(&location).await.is_err(), "{path}");
            assert!(store.copy(&inside, &location).await.is_err(), "{path}");
            assert!(store.copy_if_not_exists(&inside, &location).await.is_err(), "{path}");
            assert!(store.rename(&inside, &location).await.is_err(), "{path}");
            assert!(store.rename_if_not_exists(&inside, &location).await.is_err(), "{path}");
            assert!(
                store.rename(&location, &at(&dir, "in/w/e.csv")).await.is_err(),
                "{path}"
            );
            assert!(store.delete(&location).await.is_err(), "{path}");
        }
        assert!(
            store
                .copy(&at(&dir, "out/secret.csv"), &at(&dir, "in/w/e.csv"))
                .await
                .is_err()
        );
        assert_eq!(fs::read_to_string(&secret).unwrap(), "1\n");
        let entries = WalkDir::new(dir.path()).into_iter();
        assert_eq!(
            entries
                .filter(|e| e.as_ref().is_ok_and(|e| e.file_type().is_file()))
                .count(),
            5
        );
        let new = at(&dir, "in/w/x/y.csv");
        store.put(&new, "2".into()).await.unwrap();
        store.copy(&new, &at(&dir, "in/w/z.csv")).await.unwrap();
        store.delete(&new).await.unwrap();
        assert!(dir.path().join("in/w/z.csv").is_file());
    }

    #[test]
    fn there_are_no_other_stores() {
        let stores = RestrictedStores::new(FilePolicy::ALL);
        for address in [
            "s3://a/",
            "http://a/",
            "https://a/",
            "memory:///",
            "file://host/",
            "data:x",
        ] {
            let url = Url::parse(address).unwrap();
            assert!(stores.get_store(&url).is_err(), "{address}");
            let other = Arc::new(datafusion::object_store::memory::InMemory::new());
            assert!(stores.register_store(&url, other).is_none());
            assert!(stores.get_store(&url).is_err(), "{address}");
            assert!(stores.deregister_store(&url).is_err());
        }
    }
}
