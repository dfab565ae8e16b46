//! Signed distances in millimetres: negative inside, 0 on the surface. Those of ellipses and outlines are first-order
//! approximations, exact in sign and good near the surface, which is where they are used.

use crate::grid::Point;

pub(crate) fn difference(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(crate) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn length(a: Point) -> f64 {
    dot(a, a).sqrt()
}

/// `point + factor * direction`.
pub(crate) fn along(point: Point, direction: Point, factor: f64) -> Point {
    [0, 1, 2].map(|axis| point[axis] + factor * direction[axis])
}

/// The vector at length 1; a vector of length 0 becomes that along z.
pub(crate) fn unit(a: Point) -> Point {
    let length = length(a);
    if length > 0.0 {
        a.map(|value| value / length)
    } else {
        [0.0, 0.0, 1.0]
    }
}

/// An ellipsoid with its axes along those of the body.
pub(crate) fn ellipsoid(point: Point, centre: Point, radii: Point) -> f64 {
    let offset = difference(point, centre);
    let scaled = [0, 1, 2].map(|axis| offset[axis] / radii[axis]);
    let gradient = [0, 1, 2].map(|axis| scaled[axis] / radii[axis]);
    surface_distance(length(scaled), length(gradient), radii[0].min(radii[1]).min(radii[2]))
}

/// An ellipse that runs through every slice.
pub(crate) fn column(point: Point, centre: [f64; 2], radii: [f64; 2]) -> f64 {
    let scaled = [
        (point[0] - centre[0]) / radii[0],
        (point[1] - centre[1]) / radii[1],
        0.0,
    ];
    let gradient = [scaled[0] / radii[0], scaled[1] / radii[1], 0.0];
    surface_distance(length(scaled), length(gradient), radii[0].min(radii[1]))
}

/// From a norm that is 1 on the surface, and its gradient's scale; the centre is one smallest radius deep.
fn surface_distance(norm: f64, gradient: f64, depth: f64) -> f64 {
    if gradient > 0.0 {
        norm * (norm - 1.0) / gradient
    } else {
        -depth
    }
}

/// The outline of a trunk in every slice: an ellipse of these half axes with fuller shoulders.
pub(crate) fn outline(point: Point, half: [f64; 2]) -> f64 {
    const FULLNESS: f64 = 0.35;
    let (u, v) = (point[0] / half[0], point[1] / half[1]);
    // Far outside, the fullness would turn the curve back on itself.
    let (u2, v2) = ((u * u).min(1.4), (v * v).min(1.4));
    let value = u * u + v * v - FULLNESS * u2 * v2;
    let gradient = length([
        2.0 * u * (1.0 - FULLNESS * v2) / half[0],
        2.0 * v * (1.0 - FULLNESS * u2) / half[1],
        0.0,
    ]);
    if gradient > 0.0 {
        (value - 1.0) / gradient
    } else {
        -half[0].min(half[1])
    }
}

/// A round rod from `a` to `b`, of radius `ra` at `a` and `rb` at `b`.
pub(crate) fn rod(point: Point, a: Point, b: Point, ra: f64, rb: f64) -> f64 {
    let (to_point, axis) = (difference(point, a), difference(b, a));
    let square = dot(axis, axis);
    let share = if square > 0.0 {
        (dot(to_point, axis) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    length(along(to_point, axis, -share)) - (ra + (rb - ra) * share)
}

/// The union, its crease rounded over `width`.
pub(crate) fn union(a: f64, b: f64, width: f64) -> f64 {
    let blend = (width - (a - b).abs()).max(0.0) / width;
    a.min(b) - 0.25 * width * blend * blend
}

/// The intersection, its edge rounded over `width`.
pub(crate) fn intersection(a: f64, b: f64, width: f64) -> f64 {
    -union(-a, -b, width)
}

/// `a` without `b`, the edge rounded over `width`.
pub(crate) fn without(a: f64, b: f64, width: f64) -> f64 {
    intersection(a, -b, width)
}

/// From 0 to 1 without a corner, as `value` goes from `low` to `high`.
pub(crate) fn ramp(value: f64, low: f64, high: f64) -> f64 {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// The share of a voxel that lies inside, with a border of this width in millimetres.
pub(crate) fn coverage(distance: f64, width: f64) -> f64 {
    1.0 - ramp(distance, -0.5 * width, 0.5 * width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_zero_on_the_surface_and_right_beside_it() {
        let radii = [30.0, 20.0, 40.0];
        assert!(ellipsoid([30.0, 0.0, 0.0], [0.0; 3], radii).abs() < 1e-12);
        assert!((ellipsoid([0.0, 21.0, 0.0], [0.0; 3], radii) - 1.0).abs() < 0.06);
        assert_eq!(ellipsoid([1.0; 3], [1.0; 3], radii), -20.0);
        assert!(outline([150.0, 0.0, 3.0], [150.0, 100.0]).abs() < 1e-12);
        assert!((outline([152.0, 0.0, 3.0], [150.0, 100.0]) - 2.0).abs() < 0.05);
        assert!(outline([400.0, 400.0, 0.0], [150.0, 100.0]) > 100.0);
        assert!((rod([5.0, 2.0, 0.0], [0.0; 3], [10.0, 0.0, 0.0], 1.0, 1.0) - 1.0).abs() < 1e-12);
        assert!((rod([12.0, 0.0, 0.0], [0.0; 3], [10.0, 0.0, 0.0], 1.0, 0.5) - 1.5).abs() < 1e-12);
    }

    #[test]
    fn coverage_goes_from_full_to_none() {
        assert_eq!(coverage(-2.0, 2.0), 1.0);
        assert_eq!(coverage(0.0, 2.0), 0.5);
        assert_eq!(coverage(2.0, 2.0), 0.0);
    }
}
