//! The triangles of marching cubes.
//!
//! A cube has its corners at eight voxel centres; the surface crosses an edge halfway wherever one end is inside and the
//! other outside. Corners, edges and triangles are numbered as in P. Bourke, "Polygonising a scalar field" (1994), after
//! Lorensen and Cline (1987), with PyRadiomics' order of the axes:
//!
//! ```text
//!  corner   z y x      edge  between      edge  between      edge  between
//!  0        0 0 0      0     0 1          4     4 5          8     0 4
//!  1        0 0 1      1     1 2          5     5 6          9     1 5
//!  2        0 1 1      2     2 3          6     6 7          10    2 6
//!  3        0 1 0      3     3 0          7     7 4          11    3 7
//!  4..7     as 0..3 with z = 1
//! ```

/// Position of each corner, (z, y, x).
pub(super) const CORNERS: [[i64; 3]; 8] = [
    [0, 0, 0],
    [0, 0, 1],
    [0, 1, 1],
    [0, 1, 0],
    [1, 0, 0],
    [1, 0, 1],
    [1, 1, 1],
    [1, 1, 0],
];

/// The corners that each edge joins.
const EDGES: [[usize; 2]; 12] = [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 0],
    [4, 5],
    [5, 6],
    [6, 7],
    [7, 4],
    [0, 4],
    [1, 5],
    [2, 6],
    [3, 7],
];

/// For each set of inside corners without corner 7 (bit c for corner c), the triangles as hexadecimal edge numbers. A set
/// with corner 7 has the triangles of its complement, facing the other way.
#[rustfmt::skip]
const TRIANGLES: [&str; 128] = [
    "", "083", "019", "183 198",
    "12a", "083 12a", "029 2a9", "283 2a8 8a9",
    "23b", "08b 0b2", "019 23b", "19b 1b2 8b9",
    "13a 3ba", "08a 0a1 8ba", "039 3b9 9ba", "8a9 8ba",
    "478", "043 347", "019 478", "147 173 194",
    "12a 478", "043 12a 347", "029 2a9 478", "273 297 2a9 479",
    "23b 478", "042 24b 47b", "019 23b 478", "192 29b 47b 4b9",
    "13a 3ba 478", "041 14b 1ba 47b", "039 3b9 478 9ba", "47b 4b9 9ba",
    "495", "083 495", "015 054", "153 358 485",
    "12a 495", "083 12a 495", "024 254 2a5", "253 2a5 348 354",
    "23b 495", "08b 0b2 495", "015 054 23b", "152 258 28b 485",
    "13a 3ba 495", "08a 0a1 495 8ba", "03b 054 0b5 5ba", "485 58a 8ba",
    "579 789", "093 357 395", "017 078 157", "157 173",
    "12a 579 789", "093 12a 357 395", "028 258 2a5 578", "253 2a5 357",
    "23b 579 789", "092 27b 297 579", "018 157 178 23b", "157 17b 1b2",
    "13a 3ba 579 789", "057 07b 095 0a1 0ba", "03b 057 078 0a5 0ba", "57b 5ba",
    "5a6", "083 5a6", "019 5a6", "183 198 5a6",
    "126 165", "083 126 165", "026 069 596", "258 265 283 598",
    "23b 5a6", "08b 0b2 5a6", "019 23b 5a6", "19b 1b2 5a6 8b9",
    "135 365 3b6", "051 08b 0b5 5b6", "036 059 065 3b6", "596 69b 8b9",
    "478 5a6", "043 347 5a6", "019 478 5a6", "147 173 194 5a6",
    "126 165 478", "043 126 165 347", "026 069 478 596", "269 293 397 479 596",
    "23b 478 5a6", "042 24b 47b 5a6", "019 23b 478 5a6", "192 29b 47b 4b9 5a6",
    "135 365 3b6 478", "04b 0b1 1b5 47b 5b6", "036 059 065 3b6 478", "479 596 69b 7b9",
    "49a 4a6", "083 49a 4a6", "01a 064 0a6", "168 183 1a6 486",
    "124 149 264", "083 124 149 264", "024 264", "248 264 283",
    "23b 49a 4a6", "08b 0b2 49a 4a6", "01a 064 0a6 23b", "148 164 18b 1a6 1b2",
    "139 369 3b6 496", "081 149 164 18b 1b6", "036 064 3b6", "486 68b",
    "67a 78a 89a", "073 09a 0a7 67a", "018 178 1a7 67a", "173 1a7 67a",
    "126 168 189 678", "093 129 269 397 679", "026 067 078", "267 273",
    "23b 67a 78a 89a", "072 097 27b 67a 79a", "018 178 1a7 23b 67a", "167 17b 1a6 1b2",
    "136 169 3b6 678 689", "091 67b", "03b 067 078 0b6", "67b",
];

/// A triangle: three vertices (z, y, x) in half voxels from corner 0, and its orientation.
pub(super) struct Triangle {
    /// The vertices, each coordinate 0, 1 or 2.
    pub(super) vertices: [[i64; 3]; 3],
    /// 1, or -1 when the triangle belongs to the complement of the cube.
    pub(super) sign: i64,
}

/// The triangles of a cube whose inside corners are the bits of `cube`.
pub(super) fn triangles(cube: u8) -> Vec<Triangle> {
    let (half, sign) = if cube & 0x80 == 0 { (cube, 1) } else { (!cube, -1) };
    let words = TRIANGLES.get(usize::from(half)).copied().unwrap_or_default();
    words
        .split_ascii_whitespace()
        .map(|word| {
            let mut vertices = [[0; 3]; 3];
            for (vertex, digit) in vertices.iter_mut().zip(word.chars()) {
                let [a, b] = EDGES[digit.to_digit(12).unwrap_or(0) as usize];
                *vertex = std::array::from_fn(|d| CORNERS[a][d] + CORNERS[b][d]);
            }
            Triangle { vertices, sign }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every vertex of a triangle lies on an edge of which one end is inside and the other outside, and every such edge
    /// is used.
    #[test]
    fn triangles_use_the_cut_edges() {
        for cube in 0..=255u8 {
            let inside = |c: usize| cube >> c & 1 == 1;
            let mut cut: Vec<[i64; 3]> = EDGES
                .iter()
                .filter(|[a, b]| inside(*a) != inside(*b))
                .map(|[a, b]| std::array::from_fn(|d| CORNERS[*a][d] + CORNERS[*b][d]))
                .collect();
            let mut used: Vec<[i64; 3]> = triangles(cube).iter().flat_map(|t| t.vertices).collect();
            cut.sort_unstable();
            used.sort_unstable();
            used.dedup();
            assert_eq!(cut, used, "cube {cube}");
        }
    }
}
