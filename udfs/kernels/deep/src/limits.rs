/// What a model may ask for before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of the file of weights: 1 GiB.
    pub file_bytes: u64,
    /// Most bytes of the description: 1 MiB.
    pub description_bytes: u64,
    /// Most voxels of the input: 256³.
    pub input_voxels: usize,
    /// Most bytes of all intermediate results of one run together, as far as shapes tell before it: 64 GiB.
    pub intermediate_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            description_bytes: 1 << 20,
            input_voxels: 1 << 24,
            intermediate_bytes: 64 << 30,
        }
    }
}
