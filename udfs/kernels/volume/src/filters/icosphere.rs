//! Points spread over a sphere: the vertices of `trimesh.creation.icosphere` of trimesh 5.2, in its order and with its bits.

use std::collections::BTreeMap;

/// The coordinates of the icosahedron's vertices, which are permutations of 0 and these.
const SHORT: f64 = 0.525_731_112_119_133_6;
const LONG: f64 = 0.850_650_808_352_04;

const VERTICES: [[f64; 3]; 12] = [
    [-SHORT, LONG, 0.0],
    [SHORT, LONG, 0.0],
    [-SHORT, -LONG, 0.0],
    [SHORT, -LONG, 0.0],
    [0.0, -SHORT, LONG],
    [0.0, SHORT, LONG],
    [0.0, -SHORT, -LONG],
    [0.0, SHORT, -LONG],
    [LONG, 0.0, -SHORT],
    [LONG, 0.0, SHORT],
    [-LONG, 0.0, -SHORT],
    [-LONG, 0.0, SHORT],
];

/// Vertices are a face's corners where each two of them are neighbours, whose scalar product is this at least.
const NEIGHBOURS: f64 = 0.4;

/// The vertices of an icosahedron whose faces are divided into four, `subdivisions` times over, and moved to the sphere of
/// `radius` around 0 each time.
pub(super) fn vertices(subdivisions: usize, radius: f64) -> Vec<[f64; 3]> {
    let mut vertices = VERTICES.to_vec();
    let mut faces = icosahedron();
    if subdivisions == 0 {
        to_sphere(&mut vertices, radius);
    }
    for _ in 0..subdivisions {
        divide(&mut vertices, &mut faces);
        to_sphere(&mut vertices, radius);
    }
    vertices
}

/// Its twenty faces; their order and orientation do not matter.
fn icosahedron() -> Vec<[usize; 3]> {
    let near = |a: usize, b: usize| {
        let (a, b) = (VERTICES[a], VERTICES[b]);
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2] > NEIGHBOURS
    };
    let mut faces = Vec::new();
    for a in 0..12 {
        for b in (a + 1..12).filter(|&b| near(a, b)) {
            faces.extend((b + 1..12).filter(|&c| near(a, c) && near(b, c)).map(|c| [a, b, c]));
        }
    }
    faces
}

/// One new vertex in the middle of each edge. They follow the order of the edges' larger vertex, then of the smaller one.
fn divide(vertices: &mut Vec<[f64; 3]>, faces: &mut Vec<[usize; 3]>) {
    let edge = |a: usize, b: usize| (a.max(b), a.min(b));
    let edges = faces.iter().flat_map(|&[a, b, c]| [edge(a, b), edge(b, c), edge(c, a)]);
    let mut middles: BTreeMap<(usize, usize), usize> = edges.map(|e| (e, 0)).collect();
    for (&(a, b), index) in &mut middles {
        *index = vertices.len();
        let (a, b) = (vertices[a], vertices[b]);
        vertices.push(std::array::from_fn(|d| (b[d] + a[d]) / 2.0));
    }
    let middle = |a: usize, b: usize| middles.get(&edge(a, b)).copied().unwrap_or(0);
    *faces = faces
        .iter()
        .flat_map(|&[a, b, c]| {
            let (ab, bc, ca) = (middle(a, b), middle(b, c), middle(c, a));
            [[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]
        })
        .collect();
}

fn to_sphere(vertices: &mut [[f64; 3]], radius: f64) {
    for v in vertices {
        let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt();
        for x in v {
            *x += *x / length * (radius - length);
        }
    }
}
