use crate::mask::Mask;

impl Mask {
    /// Sizes in voxels of the region's connected components, largest first. Voxels are connected when they share a
    /// face, an edge or a corner (26 neighbours), as in PyRadiomics' `VolumeNum`
    /// (`sitk.ConnectedComponentImageFilter` with `FullyConnected`).
    pub fn components(&self) -> Vec<usize> {
        let (nz, ny, _) = self.inside().dim();
        let mut lines = self.inside().rows().into_iter();
        let mut forest = Forest::default();
        // Runs of a slice, row by row: the slice before is all that a new row can touch.
        let mut before: Vec<Vec<Run>> = Vec::new();
        for _ in 0..nz {
            let mut slice: Vec<Vec<Run>> = Vec::with_capacity(ny);
            for y in 0..ny {
                let mut row = runs(lines.next().into_iter().flatten(), &mut forest);
                if let Some(above) = slice.last() {
                    forest.join(&mut row, above);
                }
                for near in before.iter().take(y + 2).skip(y.saturating_sub(1)) {
                    forest.join(&mut row, near);
                }
                slice.push(row);
            }
            before = slice;
        }
        forest.sizes()
    }

    /// Mean index (x, y, z) of the region's voxels in the image.
    pub fn centre_index(&self) -> [f64; 3] {
        let mut sums = [0u128; 3];
        for ((z, y, x), _) in self.inside().indexed_iter().filter(|(_, inside)| **inside) {
            for (sum, at) in sums.iter_mut().zip([x, y, z]) {
                *sum += at as u128;
            }
        }
        let n = self.voxels() as u128;
        // Whole numbers up to here: the bounding box may lie anywhere without costing digits.
        std::array::from_fn(|d| (sums[d] + n * self.bounds().lower[d] as u128) as f64 / n as f64)
    }

    /// Physical point (LPS, mm) of the mean index: the centre of mass when every voxel weighs the same.
    pub fn centre(&self) -> [f64; 3] {
        self.grid().physical(self.centre_index())
    }
}

/// Voxels of a row from `first` to `last`, and their node in the forest.
struct Run {
    first: usize,
    last: usize,
    node: usize,
}

fn runs<'a>(row: impl IntoIterator<Item = &'a bool>, forest: &mut Forest) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, _) in row.into_iter().enumerate().filter(|(_, inside)| **inside) {
        match runs.last_mut() {
            Some(run) if run.last + 1 == x => run.last = x,
            _ => runs.push(Run {
                first: x,
                last: x,
                node: 0,
            }),
        }
    }
    for run in &mut runs {
        run.node = forest.add(run.last - run.first + 1);
    }
    runs
}

/// Disjoint sets of runs.
#[derive(Default)]
struct Forest {
    parent: Vec<usize>,
    voxels: Vec<usize>,
}

impl Forest {
    fn add(&mut self, voxels: usize) -> usize {
        self.parent.push(self.parent.len());
        self.voxels.push(voxels);
        self.parent.len() - 1
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parent[node] != node {
            self.parent[node] = self.parent[self.parent[node]];
            node = self.parent[node];
        }
        node
    }

    /// Joins the runs of two neighbouring rows that touch, at least by a corner. Both are ordered along x.
    fn join(&mut self, row: &mut [Run], near: &[Run]) {
        let mut start = 0;
        for run in row {
            while near.get(start).is_some_and(|n| n.last + 1 < run.first) {
                start += 1;
            }
            for other in near[start..].iter().take_while(|n| n.first <= run.last + 1) {
                let (a, b) = (self.root(run.node), self.root(other.node));
                if a != b {
                    let (small, large) = if self.voxels[a] < self.voxels[b] {
                        (a, b)
                    } else {
                        (b, a)
                    };
                    self.parent[small] = large;
                    self.voxels[large] += self.voxels[small];
                }
            }
        }
    }

    fn sizes(&self) -> Vec<usize> {
        let roots = (0..self.parent.len()).filter(|&n| self.parent[n] == n);
        let mut sizes: Vec<usize> = roots.map(|n| self.voxels[n]).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes
    }
}
