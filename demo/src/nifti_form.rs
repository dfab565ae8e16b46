//! A scan as NIfTI files: `ct.nii.gz`, and a binary mask for each region in `seg/`.

use std::fs;
use std::path::{Path, PathBuf};

use flate2::Compression;
use ndarray::{Array3, ShapeBuilder};
use nifti::NiftiHeader;
use nifti::writer::WriterOptions;

use crate::DemoError;
use crate::files::{Written, make_folder};
use crate::grid::Grid;
use crate::scan::Scan;

/// Writes a scan into the patient's folder.
pub(crate) fn write(folder: &Path, scan: Scan) -> Result<Written, DemoError> {
    let masks = folder.join("seg");
    make_folder(&masks)?;
    let mut written = Written::default();
    for region in scan.regions() {
        let path = masks.join(format!("{}.nii.gz", region.name()));
        let mask = scan.labels.iter().map(|&label| u8::from(region.holds(label))).collect();
        let bytes = write_file(path, &scan.grid, mask, &region.name(), |writer, data| {
            writer.write_nifti(data)
        })?;
        written.add(bytes);
    }
    let path = folder.join("ct.nii.gz");
    let bytes = write_file(path, &scan.grid, scan.hu, "synthetic CT", |writer, data| {
        writer.write_nifti(data)
    })?;
    written.add(bytes);
    Ok(written)
}

fn write_file<T>(
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

/// The order of DICOM, told in NIfTI's axes: x and y fall as their indices grow. Quaternion and matrix say the same.
fn header(grid: &Grid, description: &str) -> nifti::Result<NiftiHeader> {
    const SCANNER: i16 = 1;
    const MILLIMETRES: u8 = 2;
    let [sx, sy, sz] = grid.spacing.map(|spacing| spacing as f32);
    let [left, back, z] = grid.origin().map(|place| place as f32);
    let (x, y) = (-left, -back);
    let mut header = NiftiHeader {
        regular: b'r',
        // The first is the handedness of the quaternion's axes.
        pixdim: [1.0, sx, sy, sz, 0.0, 0.0, 0.0, 0.0],
        xyzt_units: MILLIMETRES,
        qform_code: SCANNER,
        sform_code: SCANNER,
        // Half a turn around z.
        quatern_d: 1.0,
        quatern_x: x,
        quatern_y: y,
        quatern_z: z,
        srow_x: [-sx, 0.0, 0.0, x],
        srow_y: [0.0, -sy, 0.0, y],
        srow_z: [0.0, 0.0, sz, z],
        endianness: nifti::Endianness::Little,
        ..NiftiHeader::default()
    };
    header.set_description_str(format!("radsql demo: {description}"))?;
    Ok(header)
}
