//! One patient's CT and mask.

use crate::anatomy::{Anatomy, Texture};
use crate::field;
use crate::grid::{Grid, Point};
use crate::latents::Latents;
use crate::lesion::{Lesion, Room};
use crate::random::{PatientSeed, Purpose, Stream};
use crate::shapes::{difference, length};
use crate::site::Profile;

/// Labels of the mask.
pub(crate) const MAIN_LESION: u8 = 1;
pub(crate) const LIVER: u8 = 2;
pub(crate) const OTHER_LESION: u8 = 3;

/// The main lesion takes at least this many voxels, whatever its intended size.
const LEAST_VOXELS: usize = 220;

/// A scan and what is in it.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) grid: Grid,
    /// Hounsfield units, x fastest.
    pub(crate) hu: Vec<i16>,
    /// Labels, x fastest.
    pub(crate) mask: Vec<u8>,
    pub(crate) main_voxels: usize,
    /// Longest diameter of any lesion within a slice, in millimetres.
    pub(crate) longest_mm: f64,
    pub(crate) lesions: usize,
    pub(crate) bilobar: bool,
}

/// What is known of the patient before the scan is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Findings {
    pub(crate) steatosis: bool,
    /// Metastases, the main one included.
    pub(crate) lesions: usize,
}

pub(crate) fn make(profile: &Profile, seed: PatientSeed, latents: &Latents, findings: Findings) -> Scan {
    let mut stream = seed.stream(Purpose::Anatomy);
    let steatosis = if findings.steatosis { 10.0 } else { 0.0 };
    let liver_hu = stream.normal_within(116.0, 5.5, 107.0, 127.0) - steatosis;
    let mut anatomy = Anatomy::draw(liver_hu, &mut stream);
    anatomy.grow_vessels(&mut seed.stream(Purpose::Vessels));
    let grid = draw_grid(profile, &anatomy, &mut stream);
    let noise_hu = stream.between(profile.noise_hu[0], profile.noise_hu[1]);

    let places: Vec<Point> = grid.voxels().map(|(_, place)| anatomy.undeform(place)).collect();
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
    let mut mask: Vec<u8> = liver
        .iter()
        .map(|&distance| if distance <= 0.0 { LIVER } else { 0 })
        .collect();
    let mut stream = seed.stream(Purpose::LesionTexture);
    let (mut main_voxels, mut longest_mm) = (0, 0.0_f64);
    let (mut right, mut left) = (0, 0);
    // The main lesion is painted last, so that it is whole where another touches it, and labelled first.
    let mut painted = Vec::with_capacity(lesions.len());
    for lesion in lesions.iter().rev() {
        painted.push(lesion.paint(&mut scan, &grid, room, &mut stream));
    }
    for (number, (lesion, mut voxels)) in lesions.iter().zip(painted.into_iter().rev()).enumerate() {
        // Where two touch, the earlier one's label stands, and the other is what is left of it.
        voxels.retain(|&voxel| mask[voxel] == LIVER);
        if voxels.is_empty() {
            continue;
        }
        longest_mm = longest_mm.max(longest_in_slice(&voxels, &grid));
        if number == 0 {
            main_voxels = voxels.len();
        }
        let label = if number == 0 { MAIN_LESION } else { OTHER_LESION };
        voxels.into_iter().for_each(|voxel| mask[voxel] = label);
        let side = if anatomy.liver.is_right(lesion.centre) {
            &mut right
        } else {
            &mut left
        };
        *side += 1;
    }
    Scan {
        hu: expose(scan, &grid, noise_hu, &mut seed.stream(Purpose::Noise)),
        grid,
        mask,
        main_voxels,
        longest_mm,
        lesions: right + left,
        bilobar: right > 0 && left > 0,
    }
}

/// A field of view that fits the body, over some 105 mm of liver.
fn draw_grid(profile: &Profile, anatomy: &Anatomy, stream: &mut Stream) -> Grid {
    const COLUMNS: usize = 160;
    const ROWS: usize = 128;
    let choice = (stream.uniform() * profile.slice_spacings.len() as f64) as usize;
    let slice = profile.slice_spacings.get(choice).copied().unwrap_or(4.0);
    let [width, depth] = anatomy.body();
    let margin = stream.between(12.0, 20.0);
    let spacing = (2.0 * (width + margin) / COLUMNS as f64).max(2.0 * (depth + 26.0) / ROWS as f64);
    // Scanners give pixel spacings of few decimals.
    let spacing = (spacing * 128.0).ceil() / 128.0;
    let slices = (105.0 / slice).round().clamp(24.0, 40.0) as usize;
    Grid {
        size: [COLUMNS, ROWS, slices],
        spacing: [spacing, spacing, slice],
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
    let mut lesions = vec![main];
    while lesions.len() < count {
        let radius = stream.between(0.2, 0.7) * radius;
        let radius = radius.clamp(5.0, 14.0);
        let centre = place(anatomy, grid, &lesions, radius, stream);
        lesions.push(Lesion::draw(centre, radius, appearance, stream));
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
        |(((_, place), (&point, &liver)), (fine, coarse))| anatomy.paint(place, point, liver, Texture { fine, coarse });
    voxels.zip(textures).map(paint).collect()
}

/// The scanner: blur within the slice, noise that is correlated within the slice, whole Hounsfield units.
fn expose(mut scan: Vec<f64>, grid: &Grid, noise_hu: f64, stream: &mut Stream) -> Vec<i16> {
    field::blur_slices(&mut scan, grid.size, 0.6);
    let noise = field::correlated(grid.size, [0.55, 0.55, 0.0], stream);
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
