//! Liver metastases: irregular, hypodense, with an enhancing rim, a necrotic core and a texture of their own.

use crate::field;
use crate::grid::{Grid, Point};
use crate::random::Stream;
use crate::shapes::{coverage, difference, dot, length, ramp, unit};

/// What a lesion looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appearance {
    /// Mean density in Hounsfield units outside rim and core.
    pub(crate) hu: f64,
    /// Standard deviation of the texture in Hounsfield units.
    pub(crate) heterogeneity: f64,
    /// Smoothing of the texture, the standard deviation in millimetres.
    pub(crate) correlation: f64,
    /// Standard deviation of the radius as a share of it.
    pub(crate) irregularity: f64,
    /// How much denser the rim is, in Hounsfield units.
    pub(crate) rim: f64,
    /// How much less dense the core is, in Hounsfield units.
    pub(crate) necrosis: f64,
    /// The core's radius as a share of the lesion's.
    pub(crate) core: f64,
}

/// A lesion's surface: a stretched sphere, its radius modulated by waves over the sphere.
#[derive(Debug, Clone)]
pub(crate) struct Lesion {
    pub(crate) centre: Point,
    pub(crate) radius: f64,
    appearance: Appearance,
    stretch: Point,
    waves: Vec<(Point, f64)>,
}

/// A point seen from a lesion.
#[derive(Debug, Clone, Copy)]
struct Local {
    /// Distance from the centre, the stretch taken out.
    distance: f64,
    /// The surface's radius in this direction.
    surface: f64,
}

impl Lesion {
    const WAVES: usize = 12;

    pub(crate) fn draw(centre: Point, radius: f64, appearance: Appearance, stream: &mut Stream) -> Self {
        let (x, y) = (stream.between(0.88, 1.14), stream.between(0.88, 1.14));
        let wave = |stream: &mut Stream| {
            let number = stream.between(2.0, 6.5);
            let direction = stream.direction().map(|value| value * number);
            (direction, stream.between(0.0, 2.0 * std::f64::consts::PI))
        };
        Self {
            centre,
            radius,
            appearance,
            stretch: [x, y, 1.0 / (x * y)],
            waves: (0..Self::WAVES).map(|_| wave(stream)).collect(),
        }
    }

    fn local(&self, point: Point) -> Local {
        let offset = difference(point, self.centre);
        let offset = [0, 1, 2].map(|axis| offset[axis] / self.stretch[axis]);
        let direction = unit(offset);
        // Cosines of unit variance, as many as give nearly a Gaussian field on the sphere.
        let sum: f64 = self
            .waves
            .iter()
            .map(|(number, phase)| libm::cos(dot(*number, direction) + phase))
            .sum();
        let bump = sum * (2.0 / Self::WAVES as f64).sqrt();
        let share = (1.0 + self.appearance.irregularity * bump).clamp(0.4, 1.7);
        Local {
            distance: length(offset),
            surface: self.radius * share,
        }
    }

    /// No point of the lesion is further than this from its centre along any axis.
    pub(crate) fn reach(&self) -> f64 {
        1.35 * 1.7 * self.radius
    }

    /// Signed distance to the surface.
    pub(crate) fn distance(&self, point: Point) -> f64 {
        let local = self.local(point);
        local.distance - local.surface
    }

    /// Density at a point within, `texture` a field of unit variance there.
    fn density(&self, point: Point, texture: f64) -> f64 {
        let Appearance {
            hu,
            heterogeneity,
            rim,
            necrosis,
            core,
            ..
        } = self.appearance;
        let local = self.local(point);
        let depth = (local.surface - local.distance - 2.5) / 2.0;
        let inner = local.distance / local.surface;
        hu + heterogeneity * texture + rim * libm::exp(-depth * depth)
            - necrosis * (1.0 - ramp(inner, core - 0.15, core + 0.15))
    }

    /// Paints the lesion into a scan, as far as it lies in the liver, and gives the voxels it takes. `places` are the
    /// voxels' undeformed points, `liver` the distances to the liver there.
    pub(crate) fn paint(&self, scan: &mut [f64], grid: &Grid, room: Room, stream: &mut Stream) -> Vec<usize> {
        let (first, size) = self.bounds(grid);
        let sigma = [0, 1, 2].map(|axis| self.appearance.correlation / grid.spacing[axis]);
        let texture = field::correlated(size, sigma, stream);
        let mut inside = Vec::new();
        let mut texture = texture.into_iter();
        for z in first[2]..first[2] + size[2] {
            for y in first[1]..first[1] + size[1] {
                let row = (z * grid.size[1] + y) * grid.size[0] + first[0];
                for (voxel, texture) in (row..row + size[0]).zip(texture.by_ref()) {
                    let point = room.places[voxel];
                    let distance = self.distance(point).max(room.liver[voxel] + 0.5);
                    let share = coverage(distance, 2.0);
                    if share > 0.0 {
                        scan[voxel] += (self.density(point, texture) - scan[voxel]) * share;
                    }
                    if distance <= 0.0 {
                        inside.push(voxel);
                    }
                }
            }
        }
        inside
    }

    /// The voxels that the lesion lies in, without painting.
    pub(crate) fn voxels(&self, grid: &Grid, room: Room) -> usize {
        let (first, size) = self.bounds(grid);
        let mut inside = 0;
        for z in first[2]..first[2] + size[2] {
            for y in first[1]..first[1] + size[1] {
                let row = (z * grid.size[1] + y) * grid.size[0] + first[0];
                let within = |voxel: &usize| self.distance(room.places[*voxel]).max(room.liver[*voxel] + 0.5) <= 0.0;
                inside += (row..row + size[0]).filter(within).count();
            }
        }
        inside
    }

    /// The first voxel and the size of a box of the grid that holds the lesion.
    fn bounds(&self, grid: &Grid) -> ([usize; 3], [usize; 3]) {
        // The body's deformation moves points by at most some 12 mm.
        grid.around(self.centre, self.reach() + 12.0)
    }
}

/// Where a lesion may lie: each voxel's undeformed place, and its distance to the liver's surface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'a> {
    pub(crate) places: &'a [Point],
    pub(crate) liver: &'a [f64],
}
