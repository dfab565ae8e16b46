//! Masks that references name, in whatever format.

use super::fault::Fault;
use super::image::{Image, is_dicom};
use super::locate;
use crate::scan::Job;
use radsql_dicom::{ListOptions, Problem, RegionKind, SegmentOptions, list_with, read_region};
use radsql_imaging::{MaskOptions, Part, Reference, read_header, read_mask_with_options, read_volume};
use radsql_volume::{Mask, Volume, correct_mask};
use std::path::PathBuf;

/// PyRadiomics' tolerance in the comparison of grids.
const TOLERANCE: f64 = 1e-6;

/// A mask that a reference names.
pub struct MaskFile {
    reference: Reference,
    dicom: bool,
}

impl MaskFile {
    /// Looks what a reference is.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn find(text: &str, job: &Job) -> Result<Self, Fault> {
        let reference = locate(text, job.files())?;
        let dicom = is_dicom(&reference);
        Ok(Self { reference, dicom })
    }

    /// The reference.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Whether it is DICOM.
    pub fn is_dicom(&self) -> bool {
        self.dicom
    }

    /// Bytes that reading takes, a byte for each voxel of the region's box among them, which is not known yet.
    ///
    /// # Errors
    /// [`Fault`] when the header cannot be read.
    pub fn memory_needed(&self, image: &Image) -> Result<usize, Fault> {
        if self.dicom {
            return Ok(image.grid().voxels().saturating_mul(2));
        }
        Ok(read_header(&self.reference.path)?.grid.voxels())
    }

    /// Reads the region. A region of a DICOM file, and a label file for a DICOM image, is given on the image's grid; other
    /// label files on their own.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read(&self, image: &Image, options: &MaskOptions, job: &Job) -> Result<Mask, Fault> {
        if self.dicom {
            let (path, selector) = self.selector(options.label, job)?;
            let how = SegmentOptions::default();
            let found = read_region(&path, &selector, Some(image.grid()), &how);
            return found.map_err(|problem| match problem.problem {
                Problem::Mask(_) | Problem::Mixed { .. } => Fault::Region {
                    region: selector,
                    problem: Box::new(problem),
                },
                _ => problem.into(),
            });
        }
        let mask = read_mask_with_options(&self.reference, options)?;
        if !image.is_dicom() {
            return Ok(mask);
        }
        // Programs that convert DICOM turn and flip axes, and round: the place in the patient counts, not that in the array.
        let on_image = match image.grid().same_as(mask.grid(), TOLERANCE) {
            Ok(()) => Mask::from_tight_box(image.grid().clone(), mask.bounds(), mask.inside().clone()),
            Err(_) => correct_mask(&mask, image.grid()),
        };
        on_image.map_err(|problem| Fault::NotOnImage {
            file: self.reference.path.display().to_string(),
            problem,
        })
    }

    /// Bytes that [`MaskFile::labels`] takes.
    ///
    /// # Errors
    /// [`Fault`] when the header cannot be read.
    pub fn labels_memory(&self, image: &Image) -> Result<usize, Fault> {
        match self.dicom {
            true => Ok(image.grid().voxels().saturating_mul(3)),
            false => Ok(usize::try_from(read_header(&self.reference.path)?.voxel_bytes()).unwrap_or(usize::MAX)),
        }
    }

    /// The whole label volume and the region's label. Of a DICOM file, and of a label file that is brought to the grid of a
    /// DICOM image, it holds the one region, as 1.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn labels(&self, image: &Image, options: &MaskOptions, job: &Job) -> Result<(Volume, u32), Fault> {
        if !self.dicom {
            let label = match self.reference.part {
                Some(Part::Label(label)) => label,
                _ => options.label.unwrap_or(1),
            };
            let volume = read_volume(&self.reference.path)?;
            if !image.is_dicom() || image.grid().same_as(volume.grid(), TOLERANCE).is_ok() {
                return Ok((volume, label));
            }
        }
        let mask = self.read(image, options, job)?;
        let volume = mask.to_labels().map_err(|problem| Fault::NotOnImage {
            file: self.reference.path.display().to_string(),
            problem,
        })?;
        Ok((volume, 1))
    }

    /// As [`MaskFile::read`]; a mask on another grid than its image is an error.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read_on(&self, image: &Image, job: &Job) -> Result<Mask, Fault> {
        let mask = self.read(image, &MaskOptions::default(), job)?;
        image.grid().same_as(mask.grid(), TOLERANCE)?;
        Ok(mask)
    }

    /// The DICOM file, and by what its region is asked for.
    fn selector(&self, label: Option<u32>, job: &Job) -> Result<(PathBuf, String), Fault> {
        let here = |selector: String| Ok((self.reference.path.clone(), selector));
        match &self.reference.part {
            Some(Part::Segment(name) | Part::Roi(name)) => here(name.clone()),
            Some(Part::Label(number)) => here(number.to_string()),
            None => match label {
                Some(number) => here(number.to_string()),
                None => self.only_region(job),
            },
            Some(_) => Err(Fault::NoRegions {
                file: self.reference.to_string(),
            }),
        }
    }

    /// The region of a file, or of a folder, that holds no other.
    fn only_region(&self, job: &Job) -> Result<(PathBuf, String), Fault> {
        let path = &self.reference.path;
        let file = path.display().to_string();
        let options = ListOptions {
            threads: 1,
            links: job.files().links(),
            ..ListOptions::default()
        };
        let mut listing = list_with(path, &options, None, job.cancelled(), &|_, _| {})?;
        if let Some(problem) = listing.failures.pop() {
            return Err(problem.into());
        }
        let mut regions = listing.orphans();
        // In a folder their image may lie beside them, or several.
        for region in listing.series.iter().flat_map(|series| listing.regions_of(series)) {
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        match &regions[..] {
            [] => Err(Fault::NoRegions { file }),
            [one] => Ok((one.path.to_owned(), one.selector.clone())),
            [first, ..] => {
                let names: Vec<&str> = regions.iter().take(20).map(|r| r.selector.as_str()).collect();
                Err(Fault::SeveralRegions {
                    file,
                    found: regions.len(),
                    first: format!("{}#{}={}", first.path.display(), key(first.kind), first.selector),
                    names: names.join(", "),
                })
            }
        }
    }
}

/// What stands before a region's name in a reference.
pub fn key(kind: RegionKind) -> &'static str {
    match kind {
        RegionKind::Roi => "roi",
        _ => "segment",
    }
}
