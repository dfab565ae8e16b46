//! Area, volume and vertices of the marching-cubes mesh.
//!
//! All cubes of one configuration have the same triangles, so that area and volume follow from how many cubes there are
//! of each configuration and where they lie. With vertices at half voxels every sum is of integers, hence exact:
//! a triangle (a, b, c) of a cube at p adds det(p + a, p + b, p + c) = det(a, b, c) + p · (a × b + b × c + c × a).

use super::cubes::triangles;
use super::diameter::Extremes;
use crate::cancel::Cancel;
use crate::error::RadiomicsError;
use ndarray::ArrayView3;

/// The mesh of a region.
pub(super) struct Mesh {
    /// Area in mm².
    pub(super) area: f64,
    /// Volume in mm³.
    pub(super) volume: f64,
}

/// Cubes of one configuration.
#[derive(Clone, Copy, Default)]
struct Cubes {
    count: i64,
    /// Sum of the positions (z, y, x) of corner 0.
    position: [i64; 3],
}

/// Bits of a cube's corners on its low-x side, from the voxels (z, y) = (0, 0), (0, 1), (1, 0), (1, 1) as bits 0 to 3.
const LOW_SIDE: [u8; 16] = side([0, 3, 4, 7]);
/// The same for the high-x side.
const HIGH_SIDE: [u8; 16] = side([1, 2, 5, 6]);

const fn side(corners: [u8; 4]) -> [u8; 16] {
    let mut table = [0; 16];
    let mut voxels = 0;
    while voxels < 16 {
        let mut bit = 0;
        while bit < 4 {
            if voxels >> bit & 1 == 1 {
                table[voxels] |= 1 << corners[bit];
            }
            bit += 1;
        }
        voxels += 1;
    }
    table
}

/// Walks the cubes of a region with a margin of one voxel around its box. `inside` is indexed `[[z, y, x]]`, `spacing` is
/// (z, y, x) in mm. The vertices go to `extremes` when it is given.
pub(super) fn mesh(
    inside: ArrayView3<bool>,
    spacing: [f64; 3],
    mut extremes: Option<&mut Extremes>,
    cancel: Cancel,
) -> Result<Mesh, RadiomicsError> {
    let (nz, ny, nx) = inside.dim();
    let voxels = inside.to_slice().unwrap_or_default();
    let outside = vec![false; nx];
    // Row (z, y) of the region, counted with the margin.
    let row = |z: usize, y: usize| -> &[bool] {
        let within = (1..=nz).contains(&z) && (1..=ny).contains(&y);
        within
            .then(|| (z - 1) * ny + y - 1)
            .and_then(|at| voxels.get(at * nx..(at + 1) * nx))
            .unwrap_or(&outside)
    };
    let mut cubes = [Cubes::default(); 256];
    for z in 0..=nz {
        for y in 0..=ny {
            cancel.check_at(z * (ny + 1) + y)?;
            let rows = [row(z, y), row(z, y + 1), row(z + 1, y), row(z + 1, y + 1)];
            let mut low = 0u8;
            for x in 0..=nx {
                let mut high = 0u8;
                for (bit, row) in rows.iter().enumerate() {
                    high |= u8::from(row.get(x).copied().unwrap_or(false)) << bit;
                }
                if low != high || (low != 0 && low != 15) {
                    let cube = LOW_SIDE[usize::from(low)] | HIGH_SIDE[usize::from(high)];
                    let at = &mut cubes[usize::from(cube)];
                    at.count += 1;
                    for (sum, p) in at.position.iter_mut().zip([z, y, x]) {
                        *sum += p as i64;
                    }
                    if let Some(extremes) = extremes.as_deref_mut() {
                        // Corner 7 is the voxel (z + 1, y + 1, x); its edges to corners 6, 4 and 3 belong to this cube.
                        let [z, y, x] = [2 * z, 2 * y, 2 * x];
                        let cut = |corner: u8| (cube >> 7 ^ cube >> corner) & 1 == 1;
                        if cut(6) {
                            extremes.add([z + 2, y + 2, x + 1]);
                        }
                        if cut(4) {
                            extremes.add([z + 2, y + 1, x]);
                        }
                        if cut(3) {
                            extremes.add([z + 1, y + 2, x]);
                        }
                    }
                }
                low = high;
            }
        }
    }
    Ok(sum(&cubes, spacing))
}

fn sum(cubes: &[Cubes; 256], spacing: [f64; 3]) -> Mesh {
    let mut area = 0.0;
    let mut volume = 0i64;
    for (cube, at) in (0..=255u8).zip(cubes).filter(|(_, at)| at.count > 0) {
        for triangle in triangles(cube) {
            let [a, b, c] = triangle.vertices;
            let (ab, bc, ca) = (cross(a, b), cross(b, c), cross(c, a));
            let normal: [i64; 3] = std::array::from_fn(|d| ab[d] + bc[d] + ca[d]);
            // Positions count whole voxels, vertices half ones.
            let moved: i64 = (0..3).map(|d| 2 * at.position[d] * normal[d]).sum();
            let fixed: i64 = (0..3).map(|d| ab[d] * c[d]).sum();
            volume += triangle.sign * (at.count * fixed + moved);
            // |normal| / 2 is the area in half voxels; component d stands on the other two axes.
            let scaled: [f64; 3] =
                std::array::from_fn(|d| normal[d] as f64 / 4.0 * spacing[(d + 1) % 3] * spacing[(d + 2) % 3]);
            area += at.count as f64 * 0.5 * scaled.iter().map(|v| v * v).sum::<f64>().sqrt();
        }
    }
    Mesh {
        area,
        volume: volume as f64 / 8.0 * (spacing[0] * spacing[1] * spacing[2]) / 6.0,
    }
}

fn cross(a: [i64; 3], b: [i64; 3]) -> [i64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}
