//! The store of a database's files: they are on the disk, and not in the system's memory alone, before a commit may name them.

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use futures::TryStreamExt;
use futures::stream::{BoxStream, StreamExt};
use percent_encoding::percent_decode_str;
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::{Component, PathBuf};
use std::sync::Arc;

/// The address of such stores begins so.
pub const SCHEME: &str = "radsql-lake";

/// The files below one folder.
#[derive(Debug, Clone)]
pub struct LakeStore {
    inner: Arc<LocalFileSystem>,
    /// Nothing else is read or written.
    folder: PathBuf,
}

impl LakeStore {
    /// The store of a folder.
    pub fn new(folder: &std::path::Path) -> Self {
        Self {
            inner: Arc::new(LocalFileSystem::new()),
            folder: folder.to_owned(),
        }
    }

    /// The file of a location. Those who read and write make locations of paths, in which letters beyond ASCII and some signs are escaped;
    /// the system's files have them as they are.
    fn path(&self, location: &Path) -> Result<PathBuf> {
        let refused = || Error::PermissionDenied {
            path: location.filename().unwrap_or_default().to_owned(),
            source: "it is no file of the database".into(),
        };
        let decoded = percent_decode_str(location.as_ref()).decode_utf8();
        let path = PathBuf::from(format!("/{}", decoded.map_err(|_| refused())?));
        let leaves = path
            .components()
            .any(|c| !matches!(c, Component::RootDir | Component::Normal(_)));
        match path.starts_with(&self.folder) && !leaves {
            true => Ok(path),
            false => Err(refused()),
        }
    }

    /// The file of a location as the system's store calls it.
    fn there(&self, location: &Path) -> Result<Path> {
        Ok(Path::from_absolute_path(self.path(location)?)?)
    }
}

/// What the system's store calls a file, as those call it who make locations of paths.
fn escaped(mut object: ObjectMeta) -> ObjectMeta {
    object.location = Path::from(object.location.as_ref());
    object
}

/// Puts a file and the folders that name it on the disk.
async fn sync(path: PathBuf) -> Result<()> {
    let synced = tokio::task::spawn_blocking(move || {
        File::open(&path)?.sync_all()?;
        for folder in path.ancestors().skip(1).take(3) {
            super::file::sync_folder(folder)?;
        }
        Ok::<_, std::io::Error>(())
    });
    synced.await?.map_err(|e| Error::Generic {
        store: "database",
        source: Box::new(e),
    })
}

impl fmt::Display for LakeStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("database")
    }
}

#[async_trait]
impl ObjectStore for LakeStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let path = self.path(location)?;
        let put = self.inner.put_opts(&self.there(location)?, payload, options).await?;
        sync(path).await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.path(location)?;
        let inner = self.inner.put_multipart_opts(&self.there(location)?, options).await?;
        Ok(Box::new(Upload { inner, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(&self.there(location)?, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(&self.there(location)?, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let checked = locations.map(move |location| store.there(&location?));
        self.inner.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = match prefix {
            Some(prefix) => self.there(prefix),
            None => Ok(Path::from_absolute_path(&self.folder).unwrap_or_default()),
        };
        match prefix {
            Ok(prefix) => self.inner.list(Some(&prefix)).map_ok(escaped).boxed(),
            Err(e) => futures::stream::once(async { Err(e) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = match prefix {
            Some(prefix) => self.there(prefix)?,
            None => Path::from_absolute_path(&self.folder)?,
        };
        let mut list = self.inner.list_with_delimiter(Some(&prefix)).await?;
        list.objects = list.objects.into_iter().map(escaped).collect();
        list.common_prefixes = list.common_prefixes.iter().map(|p| Path::from(p.as_ref())).collect();
        Ok(list)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let path = self.path(to)?;
        self.inner
            .copy_opts(&self.there(from)?, &self.there(to)?, options)
            .await?;
        sync(path).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let path = self.path(to)?;
        self.inner
            .rename_opts(&self.there(from)?, &self.there(to)?, options)
            .await?;
        sync(path).await
    }
}

#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    path: PathBuf,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = self.inner.complete().await?;
        sync(self.path.clone()).await?;
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_mean_files_whatever_their_names() {
        let store = LakeStore::new(std::path::Path::new("/Zürich #1 100%~/a.db.files"));
        for name in [
            "main/t/x.parquet",
            "main/Größen/x.parquet",
            "main/100%/a#b[c].parquet",
            "main/%41/x",
        ] {
            let path = format!("/Zürich #1 100%~/a.db.files/{name}");
            assert_eq!(
                store.path(&Path::from(path.as_str())).unwrap(),
                PathBuf::from(&path),
                "{name}"
            );
        }
        for path in [
            "/elsewhere/x.parquet",
            "/Zürich #1 100%~/a.db",
            "/Zürich #1 100%~/a.db.files/../a.db",
        ] {
            assert!(store.path(&Path::from(path)).is_err(), "{path}");
        }
    }
}
