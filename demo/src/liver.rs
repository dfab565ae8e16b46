//! The liver's lobes, its vessels and the gallbladder.

use crate::grid::Point;
use crate::random::Stream;
use crate::shapes::{along, column, ellipsoid, rod, union, unit, without};

/// One patient's liver, in the undeformed body.
#[derive(Debug)]
pub(crate) struct Liver {
    /// Mean density of the parenchyma in Hounsfield units.
    pub(crate) hu: f64,
    right: (Point, Point),
    left: (Point, Point),
    gallbladder: (Point, Point),
    fissure: ([f64; 2], [f64; 2]),
    vertebra: f64,
    veins: Veins,
}

/// The liver's veins.
#[derive(Debug, Default)]
pub(crate) struct Veins {
    portal: Vec<Branch>,
    hepatic: Vec<Branch>,
}

/// A piece of a vessel: from, to, and the radii there.
#[derive(Debug)]
struct Branch {
    from: Point,
    to: Point,
    radii: [f64; 2],
}

impl Branch {
    /// Whether the branch can be nearer than 2 mm, by a box around it: most branches are far from most voxels.
    fn is_near(&self, point: Point) -> bool {
        let reach = self.radii[0].max(self.radii[1]) + 2.0;
        (0..3).all(|axis| {
            let (a, b) = (self.from[axis], self.to[axis]);
            (a.min(b) - reach..=a.max(b) + reach).contains(&point[axis])
        })
    }
}

impl Liver {
    pub(crate) fn new(cavity: [f64; 2], vertebra: f64, hu: f64, stream: &mut Stream) -> Self {
        let [a, b] = cavity;
        let scale = stream.normal_within(1.0, 0.05, 0.9, 1.1);
        let left = stream.normal_within(1.0, 0.12, 0.75, 1.25);
        Self {
            hu,
            right: (
                [0.58 * a, 0.06 * b, -18.0],
                [0.60 * a * scale, 1.0 * b * scale, 96.0 * scale],
            ),
            left: (
                [-0.04 * a, 0.50 * b, 6.0],
                [0.50 * a * left, 0.42 * b * scale, 58.0 * left],
            ),
            gallbladder: (
                [0.33 * a, 0.38 * b, stream.between(-58.0, -44.0)],
                [13.0, 20.0, stream.between(20.0, 28.0)],
            ),
            fissure: ([0.10 * a, 0.84 * b], [3.0, stream.between(0.22, 0.32) * b]),
            vertebra,
            veins: Veins::default(),
        }
    }

    /// Signed distance to the lobes, before neighbours take their room.
    pub(crate) fn lobes(&self, point: Point) -> f64 {
        let lobes = union(
            ellipsoid(point, self.right.0, self.right.1),
            ellipsoid(point, self.left.0, self.left.1),
            24.0,
        );
        let retroperitoneum = column(point, [0.0, self.vertebra + 9.0], [43.0, 40.0]);
        let fissure = column(point, self.fissure.0, self.fissure.1);
        without(
            without(without(lobes, retroperitoneum, 10.0), fissure, 3.0),
            self.gallbladder(point) - 1.0,
            4.0,
        )
    }

    pub(crate) fn gallbladder(&self, point: Point) -> f64 {
        ellipsoid(point, self.gallbladder.0, self.gallbladder.1)
    }

    pub(crate) fn vena_cava(&self, point: Point) -> f64 {
        column(point, self.vena_cava_centre(), [13.0, 10.0])
    }

    fn vena_cava_centre(&self) -> [f64; 2] {
        [26.0, self.vertebra + 34.0]
    }

    /// Portal and hepatic veins, each the density in Hounsfield units and the distance to the nearest branch, infinite where
    /// none is near.
    pub(crate) fn vessels(&self, point: Point) -> [(f64, f64); 2] {
        let nearest = |tree: &[Branch]| {
            let near = tree.iter().filter(|branch| branch.is_near(point));
            near.fold(f64::INFINITY, |nearest, branch| {
                nearest.min(rod(point, branch.from, branch.to, branch.radii[0], branch.radii[1]))
            })
        };
        [
            (self.hu + 42.0, nearest(&self.veins.portal)),
            (self.hu + 34.0, nearest(&self.veins.hepatic)),
        ]
    }

    pub(crate) fn set_veins(&mut self, veins: Veins) {
        self.veins = veins;
    }

    /// Veins that grow towards wherever `depth` (the distance to the liver's surface) says that there is room.
    pub(crate) fn grow_veins(&self, dome: f64, depth: impl Fn(Point) -> f64, stream: &mut Stream) -> Veins {
        let cava = self.vena_cava_centre();
        let hilum = [self.right.0[0] * 0.55, cava[1] + 22.0, stream.between(-16.0, -8.0)];
        let mut portal = vec![Branch {
            from: [12.0, cava[1] + 14.0, hilum[2] - 30.0],
            to: hilum,
            radii: [7.0, 6.5],
        }];
        for direction in [[1.0, -0.15, 0.05], [0.75, 0.5, 0.35], [-0.8, 0.75, 0.3]] {
            grow(&mut portal, hilum, direction, 38.0, 5.0, 4, &depth, stream);
        }
        let confluence = [cava[0] + 3.0, cava[1] + 6.0, dome - 26.0];
        let mut hepatic = Vec::new();
        for direction in [[1.0, -0.1, -0.3], [0.5, 0.85, -0.3], [-0.6, 0.8, -0.15]] {
            grow(&mut hepatic, confluence, direction, 40.0, 4.6, 3, &depth, stream);
        }
        Veins { portal, hepatic }
    }
}

/// A branch from `from` towards `direction`, and two smaller ones from its end, `generations` times over.
#[allow(clippy::too_many_arguments)]
fn grow(
    tree: &mut Vec<Branch>,
    from: Point,
    direction: Point,
    length: f64,
    radius: f64,
    generations: u32,
    depth: &impl Fn(Point) -> f64,
    stream: &mut Stream,
) {
    const TRIES: usize = 8;
    let mut best: Option<(f64, Point)> = None;
    for _ in 0..TRIES {
        let towards = unit(along(unit(direction), stream.direction(), 0.45));
        let end = along(from, towards, length);
        // Deep enough is deep enough: otherwise every branch would turn to the middle.
        let room = depth(end).max(-14.0);
        if best.is_none_or(|(least, _)| room < least) {
            best = Some((room, end));
        }
    }
    let Some((room, to)) = best else { return };
    if room > 0.0 {
        return;
    }
    tree.push(Branch {
        from,
        to,
        radii: [radius, 0.8 * radius],
    });
    if generations == 0 {
        return;
    }
    let towards = unit([to[0] - from[0], to[1] - from[1], to[2] - from[2]]);
    let aside = stream.direction();
    for side in [-0.75, 0.75] {
        let turned = along(towards, aside, side);
        grow(
            tree,
            to,
            turned,
            0.74 * length,
            0.68 * radius,
            generations - 1,
            depth,
            stream,
        );
    }
}
