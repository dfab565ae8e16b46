//! One patient's CT and the regions in it.

use crate::anatomy::{Anatomy, Texture};
use crate::field;
use crate::grid::{Grid, Point};
use crate::latents::Latents;
use crate::lesion::{Lesion, Room};
use crate::random::{PatientSeed, Purpose, Stream};
use crate::shapes::{difference, length};
use crate::site::Scanner;

/// Labels: nothing, liver, and from 2 on the metastases, which lie in the liver.
pub(crate) const LIVER: u8 = 1;

/// The main lesion takes at least this many voxels, whatever its intended size.
const LEAST_VOXELS: usize = 220;

/// A scan and what is in it.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) grid: Grid,
    /// Hounsfield units, in the grid's order.
    pub(crate) hu: Vec<i16>,
    /// 0 outside of the liver, 1 liver, 1 + n the metastasis of number n.
    pub(crate) labels: Vec<u8>,
    /// The number of the main metastasis, which is the largest.
    pub(crate) main_lesion: usize,
    pub(crate) main_voxels: usize,
    /// Longest diameter of any lesion within a slice, in millimetres.
    pub(crate) longest_mm: f64,
    pub(crate) lesions: usize,
}

/// A region of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    /// The whole liver, metastases included.
    Liver,
    /// One metastasis, by number.
    Tumor(usize),
}

impl Region {
    /// The name, as the collection gives it.
    pub(crate) fn name(self) -> String {
        match self {
            Region::Liver => "Liver".to_owned(),
            Region::Tumor(number) => format!("Tumor_{number}"),
        }
    }

    /// Whether a voxel of this label is part of it.
    pub(crate) fn holds(self, label: u8) -> bool {
        match self {
            Region::Liver => label >= LIVER,
            Region::Tumor(number) => usize::from(label) == number + 1,
        }
    }
}

impl Scan {
    /// The regions that there are.
    pub(crate) fn regions(&self) -> impl Iterator<Item = Region> {
        std::iter::once(Region::Liver).chain((1..=self.lesions).map(Region::Tumor))
    }
}

/// What is known of the patient before the scan is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Findings {
    pub(crate) steatosis: bool,
    /// Metastases, the main one included.
    pub(crate) lesions: usize,
}

pub(crate) fn make(scanner: &Scanner, seed: PatientSeed, latents: &Latents, findings: Findings) -> Scan {
    let mut stream = seed.stream(Purpose::Anatomy);
    let steatosis = if findings.steatosis { 10.0 } else { 0.0 };
    let liver_hu = stream.normal_within(116.0, 5.5, 107.0, 127.0) - steatosis;
    let mut anatomy = Anatomy::draw(liver_hu, &mut stream);
    anatomy.grow_vessels(&mut seed.stream(Purpose::Vessels));
    let grid = draw_grid(scanner, &anatomy, &mut stream);
    let noise_hu = stream.between(scanner.noise_hu[0], scanner.noise_hu[1]);

    let places: Vec<Point> = grid.voxels().map(|place| anatomy.undeform(place)).collect();
    let liver: Vec<f64> = places.iter().map(|&point| anatomy.liver_distance(point)).collect();
    let room = Room {
        places: &places,
        liver: &liver,
    };
    let lesions = draw_lesions(
        &anatomy,
        &grid,
        room,
        latents,
        findings.lesions,
        &mut seed.stream(Purpose::Lesions),
    );

    let mut scan = paint_anatomy(&anatomy, &grid, room, &mut seed.stream(Purpose::Texture));
    let mut labels: Vec<u8> = liver.iter().map(|&distance| u8::from(distance <= 0.0)).collect();
    let mut stream = seed.stream(Purpose::LesionTexture);
    // The main lesion is painted last, so that it is whole where another touches it, and labelled first: where two touch, the
    // earlier one's label stands, and the other is what is left of it.
    let mut painted: Vec<Vec<usize>> = Vec::with_capacity(lesions.len());
    for lesion in lesions.iter().rev() {
        painted.push(lesion.paint(&mut scan, &grid, room, &mut stream));
    }
    let mut taken = vec![false; labels.len()];
    let mut parts: Vec<Vec<usize>> = Vec::with_capacity(lesions.len());
    for mut voxels in painted.into_iter().rev() {
        voxels.retain(|&voxel| labels[voxel] == LIVER && !taken[voxel]);
        voxels.iter().for_each(|&voxel| taken[voxel] = true);
        if !voxels.is_empty() {
            parts.push(voxels);
        }
    }
    let numbers = seed.stream(Purpose::Numbering).shuffled(parts.len());
    for (voxels, number) in parts.iter().zip(&numbers) {
        // Six lesions at most.
        voxels
            .iter()
            .for_each(|&voxel| labels[voxel] = LIVER + 1 + *number as u8);
    }
    let longest = parts.iter().map(|voxels| longest_in_slice(voxels, &grid));
    Scan {
        main_lesion: numbers.first().map_or(0, |number| number + 1),
        main_voxels: parts.first().map_or(0, Vec::len),
        longest_mm: longest.fold(0.0, f64::max),
        lesions: parts.len(),
        hu: expose(scan, &grid, scanner, noise_hu, &mut seed.stream(Purpose::Noise)),
        grid,
        labels,
    }
}

/// A field of view that fits the body, over some 105 mm of liver.
fn draw_grid(scanner: &Scanner, anatomy: &Anatomy, stream: &mut Stream) -> Grid {
    const COLUMNS: usize = 160;
    const ROWS: usize = 128;
    let choice = (stream.uniform() * scanner.slice_spacings.len() as f64) as usize;
    let slice = scanner.slice_spacings.get(choice).copied().unwrap_or(4.0);
    let [width, depth] = anatomy.body();
    let margin = stream.between(12.0, 20.0);
    let spacing = (2.0 * (width + margin) / COLUMNS as f64).max(2.0 * (depth + 26.0) / ROWS as f64);
    let spacing = (spacing * Grid::PARTS).ceil() / Grid::PARTS;
    let slices = (105.0 / slice).round().clamp(24.0, 52.0) as usize;
    // Where the table stands is of no meaning, but readers must not take it for zero.
    let mut whole = |low: f64, high: f64| stream.between(low, high).round();
    Grid {
        size: [COLUMNS, ROWS, slices],
        spacing: [spacing, spacing, slice],
        middle: [whole(-10.0, 10.0), whole(-25.0, 25.0), whole(-400.0, 100.0)],
    }
}

/// The main lesion first, then the others, smaller and apart from one another.
fn draw_lesions(
    anatomy: &Anatomy,
    grid: &Grid,
    room: Room,
    latents: &Latents,
    count: usize,
    stream: &mut Stream,
) -> Vec<Lesion> {
    let appearance = latents.appearance(anatomy.liver.hu, stream);
    let radius = 0.5 * latents.diameter_mm();
    let centre = place(anatomy, grid, &[], radius, stream);
    let mut main = Lesion::draw(centre, radius, appearance, stream);
    // Thick slices or a place at the liver's edge can leave too little of a small lesion.
    for _ in 0..30 {
        if main.voxels(grid, room) >= LEAST_VOXELS {
            break;
        }
        main.radius *= 1.05;
    }
    let main_voxels = main.voxels(grid, room);
    let mut lesions = vec![main];
    while lesions.len() < count {
        let radius = stream.between(0.2, 0.7) * radius;
        let radius = radius.clamp(5.0, 14.0);
        let centre = place(anatomy, grid, &lesions, radius, stream);
        let mut lesion = Lesion::draw(centre, radius, appearance, stream);
        // A main lesion that the liver's edge cuts stays the largest, and by more than a voxel.
        while 4 * lesion.voxels(grid, room) > 3 * main_voxels {
            lesion.radius *= 0.9;
        }
        lesions.push(lesion);
    }
    lesions
}

/// The first of some random places where a lesion of this radius fits, or the one where it fits best.
fn place(anatomy: &Anatomy, grid: &Grid, others: &[Lesion], radius: f64, stream: &mut Stream) -> Point {
    const TRIES: usize = 400;
    let [a, b] = anatomy.cavity;
    let height = grid.half_height();
    let mut best = (f64::INFINITY, [0.5 * a, 0.0, 0.0]);
    for _ in 0..TRIES {
        let point = [
            stream.between(-0.5 * a, a),
            stream.between(-b, b),
            stream.between(-height, height),
        ];
        let outside = (anatomy.liver_distance(point) + 0.8 * radius).max(0.0);
        let cut = (point[2].abs() + 1.1 * radius + grid.spacing[2] - height).max(0.0);
        let near = |other: &Lesion| 1.3 * (radius + other.radius) - length(difference(point, other.centre));
        let crowded = others.iter().map(|other| near(other).max(0.0)).sum::<f64>();
        let misfit = outside + cut + 2.0 * crowded;
        if misfit < best.0 {
            best = (misfit, point);
        }
        if misfit <= 0.0 {
            break;
        }
    }
    best.1
}

fn paint_anatomy(anatomy: &Anatomy, grid: &Grid, room: Room, stream: &mut Stream) -> Vec<f64> {
    let sigma = |millimetres: f64| grid.spacing.map(|spacing| millimetres / spacing);
    let fine = field::correlated(grid.size, sigma(2.2), stream);
    let coarse = field::correlated(grid.size, sigma(8.0), stream);
    let textures = fine.into_iter().zip(coarse);
    let voxels = grid.voxels().zip(room.places.iter().zip(room.liver));
    let paint =
        |((place, (&point, &liver)), (fine, coarse))| anatomy.paint(place, point, liver, Texture { fine, coarse });
    voxels.zip(textures).map(paint).collect()
}

/// The scanner: blur within the slice, noise that is correlated within the slice, whole Hounsfield units.
fn expose(mut scan: Vec<f64>, grid: &Grid, scanner: &Scanner, noise_hu: f64, stream: &mut Stream) -> Vec<i16> {
    field::blur_slices(&mut scan, grid.size, scanner.blur);
    let correlation = scanner.noise_correlation;
    let noise = field::correlated(grid.size, [correlation, correlation, 0.0], stream);
    let expose = |(hu, noise): (f64, f64)| {
        // Noise is of the photons that the body leaves: less of it around the body.
        let noise_hu = if hu < -950.0 { 0.4 * noise_hu } else { noise_hu };
        (hu + noise_hu * noise).round().clamp(-1024.0, 3071.0) as i16
    };
    scan.into_iter().zip(noise).map(expose).collect()
}

/// The longest distance within a slice between the centres of two voxels, and one voxel more, in millimetres.
fn longest_in_slice(voxels: &[usize], grid: &Grid) -> f64 {
    let [columns, rows, _] = grid.size;
    let area = columns * rows;
    let slices = voxels.chunk_by(|a, b| a / area == b / area);
    let longest = slices.map(|slice| {
        // The ends of each row are the only voxels that can lie furthest apart.
        let ends = slice.chunk_by(|a, b| a / columns == b / columns);
        let ends: Vec<[f64; 2]> = ends
            .flat_map(|row| [row.first(), row.last()].into_iter().flatten())
            .map(|voxel| {
                let (x, y) = (voxel % columns, voxel / columns % rows);
                [x as f64 * grid.spacing[0], y as f64 * grid.spacing[1]]
            })
            .collect();
        let square = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
        let pairs = ends
            .iter()
            .enumerate()
            .flat_map(|(i, a)| ends[i..].iter().map(move |b| square(a, b)));
        pairs.fold(0.0, f64::max).sqrt()
    });
    longest.fold(0.0, f64::max) + if voxels.is_empty() { 0.0 } else { grid.spacing[0] }
}
