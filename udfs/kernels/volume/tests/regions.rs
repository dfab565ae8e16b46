//! Components, centre, intensities and content hashes.

use ndarray::Array3;
use radsql_volume::{Grid, Mask, Volume, Voxels};

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn grid(size: [usize; 3]) -> Grid {
    Grid::new(size, [1.0, 2.0, 3.0], [-5.0, 6.0, 7.0], IDENTITY).expect("a grid")
}

fn volume(size: [usize; 3], voxels: impl Into<Voxels>) -> Volume {
    Volume::new(grid(size), voxels).expect("a volume")
}

fn mask(size: [usize; 3], inside: impl Fn(usize, usize, usize) -> bool) -> Mask {
    let labels = Array3::from_shape_fn((size[2], size[1], size[0]), |(z, y, x)| u8::from(inside(x, y, z)));
    Mask::from_labels(&volume(size, labels), 1).expect("a mask")
}

/// Connected components by flooding, the plainest way.
fn flooded(mask: &Mask) -> Vec<usize> {
    let mut left = mask.inside().clone();
    let (nz, ny, nx) = left.dim();
    let mut sizes = Vec::new();
    while let Some((start, _)) = left.indexed_iter().find(|(_, inside)| **inside) {
        left[start] = false;
        let (mut queue, mut size) = (vec![start], 0);
        while let Some((z, y, x)) = queue.pop() {
            size += 1;
            for z in z.saturating_sub(1)..(z + 2).min(nz) {
                for y in y.saturating_sub(1)..(y + 2).min(ny) {
                    for x in x.saturating_sub(1)..(x + 2).min(nx) {
                        if std::mem::take(&mut left[(z, y, x)]) {
                            queue.push((z, y, x));
                        }
                    }
                }
            }
        }
        sizes.push(size);
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

#[test]
fn components_touch_by_corners() {
    assert_eq!(mask([3, 3, 3], |x, y, z| x == y && y == z).components(), [3]);
    assert_eq!(mask([3, 3, 3], |x, y, z| 2 - x == y && y == z).components(), [3]);
    assert_eq!(mask([5, 1, 1], |x, _, _| x != 2).components(), [2, 2]);
    assert_eq!(
        mask([5, 5, 5], |x, y, z| x % 2 == 0 && y % 2 == 0 && z % 2 == 0).components(),
        [1; 27]
    );
    assert_eq!(mask([4, 4, 4], |_, _, _| true).components(), [64]);
}

#[test]
fn components_are_those_of_flooding() {
    // A small generator of bits, the same on every machine.
    let mut state = 1u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        state >> 33
    };
    for case in 0..60 {
        let size = [1 + random() % 13, 1 + random() % 9, 1 + random() % 7].map(|n| n as usize);
        let share = 5 + case % 45;
        let bits: Vec<bool> = (0..size.iter().product::<usize>())
            .map(|_| random() % 100 < share)
            .collect();
        if !bits.contains(&true) {
            continue;
        }
        let mask = mask(size, |x, y, z| bits[(z * size[1] + y) * size[0] + x]);
        assert_eq!(mask.components(), flooded(&mask), "{size:?}, {share} %");
    }
}

#[test]
fn centre_of_a_region() {
    let mask = mask([10, 10, 10], |x, y, z| (3..5).contains(&x) && y == 7 && z == 2);
    assert_eq!(mask.centre_index(), [3.5, 7.0, 2.0]);
    assert_eq!(mask.centre(), [-1.5, 20.0, 13.0]);
}

#[test]
fn intensities_leave_out_what_is_not_finite() {
    let voxels = Array3::from_shape_vec((1, 1, 5), vec![1.0f32, f32::NAN, -3.0, f32::INFINITY, 5.0]).expect("a shape");
    let found = volume([5, 1, 1], voxels).intensities().expect("numbers");
    assert_eq!((found.finite, found.not_finite), (3, 2));
    assert_eq!((found.minimum, found.maximum, found.mean), (-3.0, 5.0, 1.0));
    assert_eq!(
        volume([1, 1, 1], Array3::from_elem((1, 1, 1), f64::NAN)).intensities(),
        None
    );
}

#[test]
fn content_hashes() {
    let size = [3, 2, 1];
    let counting = |first: i16| Array3::from_shape_fn((1, 2, 3), |(_, y, x)| first + (y * 3 + x) as i16);
    let hash = volume(size, counting(0)).content_hash();
    // The definition must not change: hashes are kept in caches. These come from
    // the Python package blake3 on the bytes that the doc describes (tests/golden/imaging/hash.py).
    assert_eq!(
        hash.to_string(),
        "e05e04ff0f9268dfeaa12ac8b33daba8d1fa289d8c8d04d83006731901ac987a"
    );
    assert_eq!(hash, volume(size, counting(0)).content_hash());
    assert_ne!(hash, volume(size, counting(1)).content_hash());
    assert_ne!(hash, volume(size, counting(0).mapv(i32::from)).content_hash());
    assert_ne!(
        hash,
        volume(
            [2, 3, 1],
            Array3::from_shape_vec((1, 3, 2), counting(0).into_raw_vec_and_offset().0).expect("a shape")
        )
        .content_hash()
    );
    let moved = Grid::new(size, [1.0, 2.0, 3.0], [-5.0, 6.0, 7.5], IDENTITY).expect("a grid");
    assert_ne!(hash, Volume::new(moved, counting(0)).expect("a volume").content_hash());
    let mut minus = IDENTITY;
    minus[0][1] = -0.0;
    let signed = Grid::new(size, [1.0, 2.0, 3.0], [-5.0, 6.0, 7.0], minus).expect("a grid");
    assert_eq!(hash, Volume::new(signed, counting(0)).expect("a volume").content_hash());

    let region = mask([4, 4, 4], |x, y, z| x > 1 && y == 2 && z < 2);
    assert_eq!(
        region.content_hash().to_string(),
        "7479368ea6dd06434f051028190cd712bd7ea9dac2a2a3edc8fcd41856da4945"
    );
    let labels = Array3::from_shape_fn(
        (4, 4, 4),
        |(z, y, x)| if x > 1 && y == 2 && z < 2 { 7.0f64 } else { 2.0 },
    );
    let other = Mask::from_labels(&volume([4, 4, 4], labels), 7).expect("a mask");
    assert_eq!(region.content_hash(), other.content_hash());
    assert_ne!(
        region.content_hash(),
        mask([4, 4, 4], |x, y, z| x > 1 && y == 2 && z < 3).content_hash()
    );
}

#[test]
fn labels_are_cut_to_whole_numbers() {
    let of = |voxels: Vec<f64>, label: u32| {
        let n = voxels.len();
        let labels = Array3::from_shape_vec((1, 1, n), voxels).expect("a shape");
        Mask::from_labels(&volume([n, 1, 1], labels), label).map(|m| m.voxels())
    };
    let odd = vec![
        0.0,
        1.0,
        1.999,
        0.999,
        -1.0,
        2.0,
        f64::NAN,
        f64::INFINITY,
        4294967295.0,
        4294967296.0,
    ];
    assert_eq!(of(odd.clone(), 1), Ok(2));
    assert_eq!(of(odd.clone(), u32::MAX), Ok(1));
    let absent = of(odd, 7).expect_err("no label 7").to_string();
    assert_eq!(
        absent,
        "the mask has no voxel of label 7; labels found: 1, 2, 4294967295"
    );
    assert_eq!(
        of(vec![0.0, 0.5, -3.0], 1).expect_err("nothing").to_string(),
        "the mask is empty: it has no voxel other than 0"
    );
    let bytes = Array3::from_shape_vec((1, 1, 3), vec![-1i8, 1, 44]).expect("a shape");
    // 300 does not fit the type, and is not the 44 that its last byte is.
    assert!(Mask::from_labels(&volume([3, 1, 1], bytes), 300).is_err());
}
