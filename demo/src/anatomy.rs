//! The trunk and its organs at the height of the liver, portal venous phase.
//!
//! A cartoon of the anatomy with one patient's proportions: enough that windowing, masks, resampling and features meet what
//! they meet in a scan (fat, bone, air, vessels, neighbours of like density). Not a phantom for dosimetry.

use crate::grid::Point;
use crate::liver::Liver;
use crate::random::Stream;
use crate::shapes::{along, column, coverage, ellipsoid, intersection, length, outline, ramp, rod, union, without};

/// Width of the transition between tissues before the scanner's own blur, in millimetres.
const BORDER: f64 = 2.0;

/// Tissue densities in Hounsfield units, portal venous phase.
mod hu {
    pub(super) const AIR: f64 = -1000.0;
    pub(super) const TABLE: f64 = -200.0;
    pub(super) const SKIN: f64 = 10.0;
    pub(super) const FAT: f64 = -105.0;
    pub(super) const VISCERAL_FAT: f64 = -98.0;
    pub(super) const MUSCLE: f64 = 60.0;
    pub(super) const LUNG: f64 = -860.0;
    pub(super) const BLOOD: f64 = 150.0;
    pub(super) const CORTICAL: f64 = 420.0;
    pub(super) const CANCELLOUS: f64 = 190.0;
    pub(super) const DISC: f64 = 90.0;
    pub(super) const CANAL: f64 = 35.0;
    pub(super) const STOMACH_WALL: f64 = 70.0;
    pub(super) const WATER: f64 = 15.0;
    pub(super) const SPLEEN: f64 = 120.0;
    pub(super) const KIDNEY: f64 = 165.0;
    pub(super) const PANCREAS: f64 = 92.0;
    pub(super) const BILE: f64 = 8.0;
}

/// Two fields of unit variance at a voxel: one that changes over some millimetres, one over centimetres.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Texture {
    pub(crate) fine: f64,
    pub(crate) coarse: f64,
}

/// One patient's trunk.
#[derive(Debug)]
pub(crate) struct Anatomy {
    pub(crate) cavity: [f64; 2],
    pub(crate) liver: Liver,
    body: [f64; 2],
    fat: [f64; 2],
    dome: f64,
    vertebra: f64,
    disc: f64,
    rib: f64,
    stomach_level: f64,
    warp: Warp,
}

impl Anatomy {
    /// The patient's proportions, and liver parenchyma of this density.
    pub(crate) fn draw(liver_hu: f64, stream: &mut Stream) -> Self {
        let body = [
            stream.normal_within(164.0, 9.0, 145.0, 184.0),
            stream.normal_within(113.0, 8.0, 98.0, 130.0),
        ];
        let fat = stream.normal_within(17.0, 5.0, 8.0, 28.0);
        let fat = [fat, 0.7 * fat];
        let wall = 13.0;
        let cavity = [body[0] - fat[0] - wall, body[1] - fat[1] - wall];
        let vertebra = -(body[1] - fat[1]) + 63.0;
        let dome = stream.between(44.0, 54.0);
        Self {
            liver: Liver::new(cavity, vertebra, liver_hu, stream),
            cavity,
            body,
            fat,
            dome,
            vertebra,
            disc: stream.between(0.0, 32.0),
            rib: stream.between(0.0, 1.0),
            stomach_level: stream.between(0.12, 0.4),
            warp: Warp::draw(stream),
        }
    }

    /// Lets the liver's veins grow, within the liver as its neighbours leave it.
    pub(crate) fn grow_vessels(&mut self, stream: &mut Stream) {
        let veins = self
            .liver
            .grow_veins(self.dome, |point| self.liver_distance(point), stream);
        self.liver.set_veins(veins);
    }

    /// Half width and half depth of the body in millimetres.
    pub(crate) fn body(&self) -> [f64; 2] {
        self.body
    }

    /// Where a point lies in the undeformed body, for `liver` and `paint`.
    pub(crate) fn undeform(&self, point: Point) -> Point {
        // The wall follows the organs only in part, the air around the body not at all.
        let wall = outline(point, self.cavity);
        if wall > 60.0 {
            return point;
        }
        let share = (0.3 + 0.7 * ramp(-wall, 0.0, 35.0)) * (1.0 - ramp(wall, 20.0, 60.0));
        let moved = self.warp.apply(point);
        [0, 1, 2].map(|axis| point[axis] + share * (moved[axis] - point[axis]))
    }

    /// Signed distance to the skin.
    pub(crate) fn skin(&self, point: Point) -> f64 {
        outline(point, self.body)
    }

    /// Signed distance to the abdomen below the diaphragm, within the cavity.
    fn abdomen(&self, point: Point) -> f64 {
        self.below_domes(point, 12.0)
    }

    /// Signed distance to what lies below two domes, the left one lower by `drop`.
    fn below_domes(&self, point: Point, drop: f64) -> f64 {
        let [a, b] = self.cavity;
        let side = |x: f64, drop: f64| {
            let centre = [x * a, 0.12 * b, self.dome - drop - 95.0];
            // Below its centre a dome goes on as a column.
            let point = [point[0], point[1], point[2].max(centre[2])];
            ellipsoid(point, centre, [0.8 * a, 1.3 * b, 95.0])
        };
        union(side(0.45, 0.0), side(-0.45, drop), 30.0)
    }

    /// Signed distance to the liver, lesions included. `point` is undeformed.
    pub(crate) fn liver_distance(&self, point: Point) -> f64 {
        let cavity = outline(point, self.cavity) + 4.0;
        // Nothing asks how far off the liver is at such a distance.
        if cavity > 20.0 {
            return cavity;
        }
        // The liver's left lobe stays below the heart: it does not rise into the left dome.
        let room = intersection(cavity, self.below_domes(point, 36.0) + 4.0, 6.0);
        let organs = self.stomach(point).min(self.spleen(point)).min(self.kidneys(point)) - 3.0;
        let fixed = self.back_muscles(point).min(self.liver.vena_cava(point)) - 1.0;
        without(intersection(self.liver.lobes(point), room, 8.0), organs.min(fixed), 4.0)
    }

    /// Density in Hounsfield units of everything but lesions. `place` is the voxel's own place, `point` the undeformed one,
    /// `liver` the distance to the liver there.
    pub(crate) fn paint(&self, place: Point, point: Point, liver: f64, texture: Texture) -> f64 {
        let skin = self.skin(place);
        if skin > 3.0 {
            return self.paint_outside(place);
        }
        let mut hu = hu::AIR;
        let mut over = |value: f64, distance: f64| hu += (value - hu) * coverage(distance, BORDER);

        over(hu::SKIN, skin);
        over(hu::FAT + 6.0 * texture.coarse, skin + 2.0);
        let muscle = outline(point, [self.body[0] - self.fat[0], self.body[1] - self.fat[1]]);
        over(hu::MUSCLE + 6.0 * texture.fine, muscle);
        let cavity = outline(point, self.cavity);
        if cavity < 2.0 * BORDER {
            self.paint_cavity(place, point, cavity, liver, texture, &mut over);
        }
        over(hu::MUSCLE + 8.0 * texture.fine, self.back_muscles(point));
        self.paint_spine(point, texture, &mut over);
        self.paint_ribs(point, cavity, texture, &mut over);
        hu
    }

    /// Lungs, heart and what lies below the diaphragm.
    fn paint_cavity(
        &self,
        place: Point,
        point: Point,
        cavity: f64,
        liver: f64,
        texture: Texture,
        over: &mut impl FnMut(f64, f64),
    ) {
        let [a, b] = self.cavity;
        let diaphragm = self.abdomen(point);
        over(hu::VISCERAL_FAT + 8.0 * texture.coarse, cavity);
        over(hu::LUNG + 45.0 * texture.fine, (cavity + 1.0).max(-diaphragm));
        over(hu::BLOOD - 10.0, (cavity + 6.0).max(self.heart(point)).max(-diaphragm));
        over(hu::MUSCLE, (cavity + 1.0).max((diaphragm + 1.0).abs() - 1.3));
        let abdomen = cavity.max(diaphragm);

        let pancreas = rod(
            point,
            [18.0, self.vertebra + 52.0, -34.0],
            [-0.5 * a, self.vertebra + 50.0, -14.0],
            11.0,
            8.0,
        );
        over(
            hu::PANCREAS + 10.0 * texture.fine,
            intersection(pancreas, abdomen + 4.0, 4.0),
        );
        over(hu::SPLEEN + 3.0 * texture.fine, self.spleen(point));
        let kidneys = self.kidneys(point);
        over(hu::KIDNEY + 4.0 * texture.fine, kidneys);
        over(hu::KIDNEY - 25.0 + 15.0 * texture.coarse, kidneys + 8.0);
        let hilum = column(
            [point[0].abs(), point[1], 0.0],
            [0.35 * a, self.vertebra - 1.0],
            [15.0, 7.0],
        );
        over(hu::VISCERAL_FAT + 50.0, hilum.max(kidneys + 1.0).max(point[2] + 34.0));
        let stomach = self.stomach(point);
        over(hu::STOMACH_WALL, stomach);
        over(hu::WATER + 9.0 * texture.coarse, stomach + 4.5);
        // The patient lies on the back: gas rises to the front.
        over(
            hu::AIR + 30.0,
            intersection(stomach + 4.5, self.stomach_level * b + 0.1 * b - place[1], 1.0),
        );

        let tone = self.liver.hu + 3.0 * texture.coarse + 2.5 * texture.fine;
        over(tone, liver);
        if liver < 3.0 {
            for (value, distance) in self.liver.vessels(point) {
                over(value, intersection(distance, liver + 1.0, 2.0));
            }
        }
        over(hu::BILE, self.liver.gallbladder(point) + 1.5);

        over(hu::BLOOD, self.liver.vena_cava(point));
        over(
            hu::BLOOD + 8.0,
            column(point, [-12.0, self.vertebra + 29.0], [11.0, 11.0]),
        );
        for side in [-1.0, 1.0] {
            let crus = [side * 15.0 - 4.0, self.vertebra + 16.0];
            over(hu::MUSCLE, column(point, crus, [7.0, 13.0]));
        }
    }

    /// Air, and the table's shell under the back.
    fn paint_outside(&self, place: Point) -> f64 {
        let sag = 0.0009 * place[0] * place[0];
        let top = place[1] - sag + self.body[1] + 9.0;
        let plate = intersection((top + 3.0).abs() - 2.0, place[0].abs() - 150.0, 2.0);
        hu::AIR + (hu::TABLE - hu::AIR) * coverage(plate, BORDER)
    }

    fn paint_spine(&self, point: Point, texture: Texture, over: &mut impl FnMut(f64, f64)) {
        let y = self.vertebra;
        if point[0].abs() > 50.0 || point[1] > y + 25.0 {
            return;
        }
        // Vertebrae repeat every 32 mm, with a disc of 8 mm between them.
        let level = point[2] + self.disc;
        let height = (level - 32.0 * (level / 32.0).floor() - 16.0).abs();
        let disc = 12.0 - height;
        let marrow = hu::CANCELLOUS + 28.0 * texture.fine;
        let body = column(point, [0.0, y], [22.0, 17.0]);
        over(hu::DISC, body);
        let bone = intersection(body, -disc, 1.0);
        over(hu::CORTICAL, bone);
        over(marrow, bone + 2.5);

        let arch = column(point, [0.0, y - 25.0], [17.0, 15.0]);
        let spinous = rod(
            [point[0], point[1], 0.0],
            [0.0, y - 36.0, 0.0],
            [0.0, y - 54.0, 0.0],
            4.5,
            3.0,
        );
        over(hu::CORTICAL - 60.0, arch.min(intersection(spinous, height - 12.0, 2.0)));
        for side in [-1.0, 1.0] {
            let transverse = rod(
                [point[0], point[1], height - 2.0],
                [side * 13.0, y - 20.0, 0.0],
                [side * 36.0, y - 30.0, 0.0],
                5.0,
                4.0,
            );
            over(hu::CORTICAL - 100.0, transverse);
            over(marrow, transverse + 2.5);
        }
        over(hu::CANAL, column(point, [0.0, y - 24.0], [10.5, 9.0]));
    }

    /// Ribs run in the wall, sloping down from the spine to the front.
    fn paint_ribs(&self, point: Point, cavity: f64, texture: Texture, over: &mut impl FnMut(f64, f64)) {
        const PITCH: f64 = 30.0;
        const SLOPE: f64 = 0.62;
        let depth = cavity - 6.0;
        // A rib may also stand out into the muscle, but nothing is near it further off.
        if depth.abs() > 9.0 {
            return;
        }
        let [a, b] = self.cavity;
        // Angle from the back: 0 at the spine, pi at the breast bone; ribs become cartilage before the front.
        let angle = libm::atan2((point[0] / a).abs(), -point[1] / b);
        let arc = angle * 0.5 * (a + b);
        let phase = (point[2] + SLOPE * arc) / PITCH + self.rib;
        let height = (phase - phase.floor() - 0.5) * PITCH / (1.0 + SLOPE * SLOPE).sqrt();
        let tube = length([0.75 * height, depth, 0.0]) - 4.6;
        let ends = (arc - 2.2 * 0.5 * (a + b)).max(34.0 - arc);
        let rib = intersection(tube, ends, 2.0);
        over(hu::CORTICAL + 60.0, rib);
        over(hu::CANCELLOUS - 20.0 + 20.0 * texture.fine, rib + 2.2);
    }

    /// The muscles on both sides of the spine.
    fn back_muscles(&self, point: Point) -> f64 {
        column(
            [point[0].abs(), point[1], 0.0],
            [33.0, self.vertebra - 31.0],
            [29.0, 24.0],
        )
    }

    fn heart(&self, point: Point) -> f64 {
        let [a, b] = self.cavity;
        ellipsoid(
            point,
            [-0.16 * a, 0.34 * b, self.dome + 26.0],
            [0.46 * a, 0.5 * b, 46.0],
        )
    }

    fn stomach(&self, point: Point) -> f64 {
        let [a, b] = self.cavity;
        // On the right side there is none; the distance given is at most the true one.
        if point[0] > 0.15 * a {
            return point[0];
        }
        let fundus = ellipsoid(point, [-0.5 * a, 0.08 * b, 16.0], [0.27 * a, 0.42 * b, 46.0]);
        let body = ellipsoid(point, [-0.4 * a, 0.44 * b, -26.0], [0.27 * a, 0.3 * b, 44.0]);
        self.enclosed(union(fundus, body, 25.0), point)
    }

    fn spleen(&self, point: Point) -> f64 {
        let [a, b] = self.cavity;
        if point[0] > -0.2 * a {
            return point[0] + 0.4 * a;
        }
        let whole = ellipsoid(point, [-0.70 * a, -0.36 * b, 2.0], [0.30 * a, 0.46 * b, 52.0]);
        let hollow = self.stomach(point) - 4.0;
        self.enclosed(without(whole, hollow, 8.0), point)
    }

    fn kidneys(&self, point: Point) -> f64 {
        let [a, _] = self.cavity;
        let y = self.vertebra - 2.0;
        let left = ellipsoid(point, [-0.42 * a, y, -52.0], [27.0, 30.0, 54.0]);
        let right = ellipsoid(point, [0.44 * a, y, -66.0], [27.0, 30.0, 54.0]);
        left.min(right)
    }

    /// A shape kept within the abdomen, below the diaphragm.
    fn enclosed(&self, shape: f64, point: Point) -> f64 {
        // Further off than the edge's rounding, the room cannot matter to anyone who asks for the surface.
        if shape > 20.0 {
            return shape;
        }
        let room = (outline(point, self.cavity) + 4.0).max(self.abdomen(point) + 4.0);
        intersection(shape, room, 6.0)
    }
}

/// A smooth deformation of some millimetres, so that no organ is an ellipsoid.
#[derive(Debug)]
struct Warp {
    waves: Vec<Wave>,
}

#[derive(Debug)]
struct Wave {
    number: Point,
    phase: f64,
    shift: Point,
}

impl Warp {
    fn draw(stream: &mut Stream) -> Self {
        let mut wave = || {
            let wavelength = stream.between(55.0, 130.0);
            Wave {
                number: stream
                    .direction()
                    .map(|value| value * 2.0 * std::f64::consts::PI / wavelength),
                phase: stream.between(0.0, 2.0 * std::f64::consts::PI),
                shift: stream.direction().map(|value| value * 0.025 * wavelength),
            }
        };
        Self {
            waves: (0..6).map(|_| wave()).collect(),
        }
    }

    fn apply(&self, point: Point) -> Point {
        // The spine and the wall around it are stiff.
        let stiff = ramp(length([point[0] / 60.0, (point[1] + 55.0) / 60.0, 0.0]), 0.6, 1.2);
        let moved = self.waves.iter().fold(point, |moved, wave| {
            let angle = crate::shapes::dot(wave.number, point) + wave.phase;
            along(moved, wave.shift, libm::sin(angle))
        });
        [0, 1, 2].map(|axis| point[axis] + stiff * (moved[axis] - point[axis]))
    }
}
