//! Rows on their way into Parquet files: in a folder of this process until they are whole and on the disk, then in the table's.

use super::error::{LakeError, Result};
use super::file::sync_folder;
use super::types;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DataFusionError, exec_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::parquet::arrow::{ArrowWriter, parquet_to_arrow_schema};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::parquet::file::properties::{WriterProperties, WriterVersion};
use datafusion_ducklake::ColumnStat;
use datafusion_ducklake::row_id::embedded_rowid_field;
use datafusion_ducklake::stats_collect::{accumulate_nan_flags, compute_column_stats};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that wait for others before they become a file: many small files would be slow to read.
const WAITING: usize = 1 << 16;
/// Bytes of a group of rows while it is made.
const GROUP: usize = 64 << 20;
/// Rows of a group. In smaller ones, such as DuckDB's 122,880, dictionaries of columns are made so often that writing takes half as long
/// again, and files are twice as large.
const GROUP_ROWS: usize = 1 << 20;
/// Bytes of a file, about.
const LARGEST: usize = 512 << 20;

/// A file that is whole and on the disk.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its name in its table's folder.
    pub name: String,
    /// Rows.
    pub rows: i64,
    /// Bytes.
    pub bytes: i64,
    /// Bytes of its footer.
    pub footer: i64,
    /// What is known of its columns.
    pub statistics: Vec<ColumnStat>,
}

/// What the files of one statement have in common.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The table's name, for errors.
    pub table: String,
    /// The columns as the catalog holds them, with their numbers.
    pub schema: SchemaRef,
    /// Numbers of the table's own columns.
    pub ids: Vec<i64>,
    /// Where files are made.
    pub staging: PathBuf,
}

impl Layout {
    /// Of a table whose columns these are.
    pub fn new(table: &str, stored: &Schema, columns: &[types::Column], staging: PathBuf) -> Self {
        let all: Vec<i64> = columns.iter().map(|c| c.id).collect();
        Self {
            table: table.into(),
            schema: types::numbered(stored, &all),
            ids: columns.iter().filter(|c| c.parent.is_none()).map(|c| c.id).collect(),
            staging,
        }
    }

    /// Of rows that were there before: their identities stand in a column behind the table's own.
    pub fn with_identities(mut self) -> Self {
        let mut fields = self.schema.fields().to_vec();
        fields.push(Arc::new(embedded_rowid_field()));
        self.schema = Arc::new(Schema::new(fields));
        self
    }

    /// A batch with the types of the catalog.
    fn stored(&self, batch: &RecordBatch) -> datafusion::common::Result<RecordBatch> {
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let mut columns = vec![];
        for (column, field) in batch.columns().iter().zip(self.schema.fields()) {
            if !field.is_nullable() && column.null_count() > 0 {
                return exec_err!("table '{}': column '{}' must not be NULL", self.table, field.name());
            }
            columns.push(match column.data_type() == field.data_type() {
                true => Arc::clone(column),
                false => cast_with_options(column, field.data_type(), &strict)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

/// The rows of one stream.
pub struct Part {
    layout: Arc<Layout>,
    waiting: Vec<RecordBatch>,
    rows: usize,
    open: Option<Open>,
    done: Vec<Made>,
    reservation: MemoryReservation,
}

/// A file in the staging folder; it goes when nobody takes it.
struct Made {
    path: PathBuf,
    file: NewFile,
    taken: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.taken {
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct Open {
    path: PathBuf,
    writer: Option<ArrowWriter<BufWriter<File>>>,
    rows: i64,
    nans: Vec<Option<bool>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Part {
    /// No rows yet; memory is taken from `pool`.
    pub fn new(layout: &Arc<Layout>, pool: &Arc<dyn MemoryPool>) -> Self {
        Self {
            layout: Arc::clone(layout),
            waiting: vec![],
            rows: 0,
            open: None,
            done: vec![],
            reservation: MemoryConsumer::new(format!("table {}", layout.table)).register(pool),
        }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When they do not fit the table, memory does not suffice, or the disk is full.
    pub fn push(&mut self, batch: &RecordBatch) -> datafusion::common::Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = self.layout.stored(batch)?;
        if self.open.is_none() && self.rows + batch.num_rows() <= WAITING {
            let size = batch.get_array_memory_size();
            if self.reservation.try_grow(size).is_ok() && self.reservation.size() < GROUP {
                self.rows += batch.num_rows();
                self.waiting.push(batch);
                return Ok(());
            }
        }
        for waiting in std::mem::take(&mut self.waiting) {
            self.write(&waiting)?;
        }
        self.write(&batch)
    }

    fn write(&mut self, batch: &RecordBatch) -> datafusion::common::Result<()> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.layout)?,
        };
        if let Some(writer) = &mut open.writer {
            writer.write(batch).map_err(written)?;
            if writer.in_progress_size() > GROUP {
                writer.flush().map_err(written)?;
            }
            accumulate_nan_flags(&mut open.nans, batch, self.layout.ids.len());
            open.rows += batch.num_rows() as i64;
            self.reservation.try_resize(writer.memory_size())?;
            if writer.bytes_written() + writer.in_progress_size() > LARGEST {
                self.done.push(open.finish(&self.layout)?);
                return Ok(());
            }
        }
        self.open = Some(open);
        Ok(())
    }
}

impl Open {
    fn new(layout: &Layout) -> datafusion::common::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| DataFusionError::Execution("no random bytes".into()))?;
        let path = layout
            .staging
            .join(format!("{:032x}.parquet", u128::from_be_bytes(random)));
        let file = File::create_new(&path).map_err(LakeError::Write)?;
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(written)?))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let mut open = Self {
            path,
            writer: None,
            rows: 0,
            nans: vec![],
        };
        let writer = ArrowWriter::try_new(BufWriter::new(file), Arc::clone(&layout.schema), Some(properties));
        match writer {
            Ok(writer) => open.writer = Some(writer),
            Err(e) => {
                let _ = fs::remove_file(&open.path);
                return Err(written(e));
            }
        }
        Ok(open)
    }

    /// The file, whole and on the disk.
    fn finish(mut self, layout: &Layout) -> datafusion::common::Result<Made> {
        let closed = match self.writer.take() {
            Some(mut writer) => writer.finish().map_err(written).and_then(|metadata| {
                let buffer = writer.inner_mut();
                let file = buffer.flush().and_then(|()| buffer.get_ref().try_clone());
                Ok((metadata, file.map_err(LakeError::Write)?))
            }),
            None => exec_err!("a table's file was closed before"),
        };
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut made = Made {
            path: self.path.clone(),
            file: NewFile {
                name,
                rows: self.rows,
                bytes: 0,
                footer: 0,
                statistics: vec![],
            },
            taken: false,
        };
        let (metadata, mut file) = closed?;
        (made.file.bytes, made.file.footer) = sizes(&mut file).map_err(LakeError::Write)?;
        made.file.statistics = statistics(&metadata, layout, &self)?;
        Ok(made)
    }
}

/// Puts a file on the disk, and tells its size and that of its footer.
fn sizes(file: &mut File) -> io::Result<(i64, i64)> {
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    file.seek(SeekFrom::End(-8))?;
    let mut footer = [0; 4];
    file.read_exact(&mut footer)?;
    Ok((bytes.try_into().unwrap_or(i64::MAX), u32::from_le_bytes(footer).into()))
}

fn statistics(metadata: &ParquetMetaData, layout: &Layout, open: &Open) -> datafusion::common::Result<Vec<ColumnStat>> {
    let file = metadata.file_metadata();
    // As a reader sees the columns: texts as texts, for those are told apart.
    let schema = parquet_to_arrow_schema(file.schema_descr(), None).map_err(written)?;
    Ok(compute_column_stats(
        &Arc::new(schema),
        metadata,
        &layout.ids,
        open.rows,
        &open.nans,
    ))
}

fn written(e: datafusion::parquet::errors::ParquetError) -> DataFusionError {
    match e {
        datafusion::parquet::errors::ParquetError::External(e) => match e.downcast::<io::Error>() {
            Ok(e) => LakeError::Write(*e).into(),
            Err(e) => DataFusionError::External(e),
        },
        other => DataFusionError::ParquetError(Box::new(other)),
    }
}

/// Files that are whole and on the disk, but in no table yet. Dropped before [`Written::place`], they go.
pub struct Written(Vec<Made>);

/// Closes what several streams have written; few rows of several streams become one file, in the streams' order.
///
/// # Errors
/// When the disk is full.
pub fn finish(parts: Vec<Part>, pool: &Arc<dyn MemoryPool>) -> datafusion::common::Result<Written> {
    let mut made = vec![];
    let mut rest: Option<Part> = None;
    for mut part in parts {
        let layout = Arc::clone(&part.layout);
        if part.open.is_some() || !part.done.is_empty() {
            if let Some(open) = part.open.take() {
                part.done.push(open.finish(&layout)?);
            }
            // What waits of the streams before comes before these rows.
            if let Some(rest) = rest.take() {
                made.extend(rest.closed()?);
            }
            made.append(&mut part.done);
            continue;
        }
        let into = rest.get_or_insert_with(|| Part::new(&layout, pool));
        for batch in std::mem::take(&mut part.waiting) {
            into.write(&batch)?;
        }
    }
    if let Some(rest) = rest {
        made.extend(rest.closed()?);
    }
    Ok(Written(made))
}

impl Part {
    fn closed(mut self) -> datafusion::common::Result<Vec<Made>> {
        if let Some(open) = self.open.take() {
            let layout = Arc::clone(&self.layout);
            self.done.push(open.finish(&layout)?);
        }
        Ok(std::mem::take(&mut self.done))
    }
}

impl Written {
    /// Moves the files into a table's folder. They are not the table's before a commit says so.
    ///
    /// # Errors
    /// The system's.
    pub fn place(mut self, folder: &Path) -> Result<Placed> {
        if self.0.is_empty() {
            return Ok(Placed(vec![]));
        }
        fs::create_dir_all(folder).map_err(LakeError::Write)?;
        let mut placed = Placed(vec![]);
        for made in &mut self.0 {
            let to = folder.join(&made.file.name);
            fs::rename(&made.path, &to).map_err(LakeError::Write)?;
            made.taken = true;
            placed.0.push((to, made.file.clone()));
        }
        // The folder's entry is in its parent, and that one's in the next.
        for folder in folder.ancestors().take(3) {
            sync_folder(folder).map_err(LakeError::Write)?;
        }
        Ok(placed)
    }

    /// The files of several, in their order.
    pub fn of(several: Vec<Self>) -> Self {
        Self(several.into_iter().flat_map(|written| written.0).collect())
    }

    /// Files.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Rows in all.
    pub fn rows(&self) -> i64 {
        self.0.iter().map(|m| m.file.rows).sum()
    }
}

/// Files in a table's folder that no commit knows yet. Dropped before [`Placed::settle`], they go.
pub struct Placed(Vec<(PathBuf, NewFile)>);

impl Placed {
    /// The files.
    pub fn files(&self) -> Vec<NewFile> {
        self.0.iter().map(|(_, file)| file.clone()).collect()
    }

    /// They are a table's when the commit says so, and stay when nobody knows whether it does; else they go.
    ///
    /// # Errors
    /// The commit's.
    pub fn settle<T>(mut self, done: Result<T>) -> Result<T> {
        if matches!(done, Ok(_) | Err(LakeError::Unsure(..))) {
            self.0.clear();
        }
        done
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        for (path, _) in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
