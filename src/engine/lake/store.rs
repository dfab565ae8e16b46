//! The store of a database's files: they are on the disk, and not in the system's memory alone, before a commit may name them.

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::object_store::path::Path;
use datafusion::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};
use futures::stream::{BoxStream, StreamExt};
use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// The address of such stores begins so.
pub const SCHEME: &str = "radsql-lake";

/// The files below one folder.
#[derive(Debug, Clone)]
pub struct LakeStore {
    inner: Arc<LocalFileSystem>,
    /// Nothing else is read or written.
    folder: Path,
}

impl LakeStore {
    /// The store of a folder.
    ///
    /// # Errors
    /// When its name cannot be one of a store.
    pub fn new(folder: &std::path::Path) -> Result<Self> {
        Ok(Self {
            inner: Arc::new(LocalFileSystem::new()),
            folder: Path::from_absolute_path(folder)?,
        })
    }

    fn check(&self, location: &Path) -> Result<()> {
        match location.prefix_matches(&self.folder) {
            true => Ok(()),
            false => Err(Error::PermissionDenied {
                path: location.filename().unwrap_or_default().to_owned(),
                source: "it is no file of the database".into(),
            }),
        }
    }

    fn path(&self, location: &Path) -> Result<PathBuf> {
        self.check(location)?;
        self.inner.path_to_filesystem(location)
    }
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
        let put = self.inner.put_opts(location, payload, options).await?;
        sync(path).await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = self.path(location)?;
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { inner, path }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(location)?;
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location)?;
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let checked = locations.map(move |location| {
            let location = location?;
            store.check(&location)?;
            Ok(location)
        });
        self.inner.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(Some(prefix.unwrap_or(&self.folder)))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner
            .list_with_delimiter(Some(prefix.unwrap_or(&self.folder)))
            .await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.check(from)?;
        let path = self.path(to)?;
        self.inner.copy_opts(from, to, options).await?;
        sync(path).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check(from)?;
        let path = self.path(to)?;
        self.inner.rename_opts(from, to, options).await?;
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
