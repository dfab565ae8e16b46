//! The files of a cohort.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use flate2::Compression;
use ndarray::{Array3, ShapeBuilder};
use nifti::NiftiHeader;
use nifti::writer::WriterOptions;

use crate::grid::Grid;
use crate::patient::Patient;
use crate::scan::Scan;
use crate::{DemoError, clinical, outcome};

const README: &str = "README.md";
/// The first line of the README tells a demo from other folders, and one demo from another.
const MARK: (&str, &str) = ("<!-- radsql demo: ", " -->");

/// The folder, made when it is not there, once it is clear that nothing but this very cohort lies in it.
pub(crate) fn prepare(dir: &Path, options: &str) -> Result<(), DemoError> {
    let io = |source| DemoError::Io {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return fs::create_dir_all(dir).map_err(io),
        Err(error) => return Err(io(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(io)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    let Some(first) = names.first() else { return Ok(()) };
    let readme = fs::read_to_string(dir.join(README)).unwrap_or_default();
    let mark = readme
        .lines()
        .next()
        .and_then(|line| line.strip_prefix(MARK.0)?.strip_suffix(MARK.1));
    match mark {
        None => Err(DemoError::NotADemo {
            path: dir.to_owned(),
            entry: first.clone(),
        }),
        Some(found) if found != options => Err(DemoError::OtherDemo {
            path: dir.to_owned(),
            found: found.to_owned(),
            asked: options.to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

/// Writes the README, its mark on the first line; gives the bytes written.
pub(crate) fn write_readme(dir: &Path, options: &str, text: &str) -> Result<u64, DemoError> {
    let path = dir.join(README);
    let text = format!("{}{options}{}\n{text}", MARK.0, MARK.1);
    fs::write(&path, &text).map_err(|source| DemoError::Io { path, source })?;
    Ok(text.len() as u64)
}

/// Writes `scans/ID/ct.nii.gz` and `scans/ID/mask.nii.gz`; gives the bytes written.
pub(crate) fn write_scan(dir: &Path, patient_id: &str, scan: Scan) -> Result<u64, DemoError> {
    let folder = dir.join("scans").join(patient_id);
    fs::create_dir_all(&folder).map_err(|source| DemoError::Io {
        path: folder.clone(),
        source,
    })?;
    let (ct, mask) = (folder.join("ct.nii.gz"), folder.join("mask.nii.gz"));
    let ct = write_nifti(ct, &scan.grid, scan.hu, "synthetic CT", |writer, data| {
        writer.write_nifti(data)
    })?;
    let labels = "1 lesion 2 liver 3 other lesions";
    let mask = write_nifti(mask, &scan.grid, scan.mask, labels, |writer, data| {
        writer.write_nifti(data)
    })?;
    Ok(ct + mask)
}

fn write_nifti<T>(
    path: PathBuf,
    grid: &Grid,
    voxels: Vec<T>,
    description: &str,
    write: impl Fn(&WriterOptions, &Array3<T>) -> nifti::Result<()>,
) -> Result<u64, DemoError> {
    let found = voxels.len();
    let Ok(data) = Array3::from_shape_vec(grid.size.f(), voxels) else {
        return Err(DemoError::VoxelCount {
            path,
            found,
            size: grid.size,
        });
    };
    let nifti = |path: &Path, source| DemoError::Nifti {
        path: path.to_owned(),
        source,
    };
    let header = header(grid, description).map_err(|source| nifti(&path, source))?;
    let writer = WriterOptions::new(&path)
        .reference_header(&header)
        .compression_level(Compression::new(6));
    write(&writer, &data).map_err(|source| nifti(&path, source))?;
    let written = fs::metadata(&path).map_err(|source| DemoError::Io { path, source })?;
    Ok(written.len())
}

/// RAS+ axes, in both the quaternion's form and the matrix's.
fn header(grid: &Grid, description: &str) -> nifti::Result<NiftiHeader> {
    const SCANNER: i16 = 1;
    const MILLIMETRES: u8 = 2;
    let [sx, sy, sz] = grid.spacing.map(|spacing| spacing as f32);
    let [x, y, z] = grid.origin().map(|place| place as f32);
    let mut header = NiftiHeader {
        regular: b'r',
        // The first is the handedness of the quaternion's axes.
        pixdim: [1.0, sx, sy, sz, 0.0, 0.0, 0.0, 0.0],
        xyzt_units: MILLIMETRES,
        qform_code: SCANNER,
        sform_code: SCANNER,
        quatern_x: x,
        quatern_y: y,
        quatern_z: z,
        srow_x: [sx, 0.0, 0.0, x],
        srow_y: [0.0, sy, 0.0, y],
        srow_z: [0.0, 0.0, sz, z],
        endianness: nifti::Endianness::Little,
        ..NiftiHeader::default()
    };
    header.set_description_str(format!("radsql demo: {description}"))?;
    Ok(header)
}

/// Writes `clinical.csv`; gives the bytes written.
pub(crate) fn write_clinical(dir: &Path, patients: &[Patient]) -> Result<u64, DemoError> {
    let path = dir.join("clinical.csv");
    let table = |source| DemoError::Table {
        path: path.clone(),
        source,
    };
    let mut writer = csv::Writer::from_path(&path).map_err(table)?;
    let columns = clinical::COLUMNS.iter().chain(&outcome::COLUMNS).map(|(name, _)| *name);
    writer
        .write_record(std::iter::once("patient_id").chain(columns))
        .map_err(table)?;
    for patient in patients {
        let cells = patient.clinical.cells();
        let row = std::iter::once(&patient.truth.patient_id).chain(&cells);
        let outcome = patient.outcome.cells();
        writer.write_record(row.chain(&outcome)).map_err(table)?;
    }
    let io = |source| DemoError::Io {
        path: path.clone(),
        source,
    };
    writer.flush().map_err(io)?;
    Ok(fs::metadata(&path).map_err(io)?.len())
}
