use crate::key::Key;

/// Numbers by position, below 128: the features of one image, of which some have been computed.
#[derive(Debug, Clone, Default)]
pub struct Record {
    positions: u128,
    values: Vec<f64>,
}

/// Bytes of a checksum.
pub(crate) const CHECK: usize = 8;

impl Record {
    /// The values of some positions, given as bits, in ascending order; `None` unless there is one for each.
    pub fn new(positions: u128, values: Vec<f64>) -> Option<Self> {
        (positions.count_ones() as usize == values.len()).then_some(Self { positions, values })
    }

    /// The positions that have a value, as bits.
    pub fn positions(&self) -> u128 {
        self.positions
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value at a position.
    pub fn get(&self, position: usize) -> Option<f64> {
        let bit = 1u128.checked_shl(u32::try_from(position).ok()?)?;
        if self.positions & bit == 0 {
            return None;
        }
        self.values
            .get((self.positions & (bit - 1)).count_ones() as usize)
            .copied()
    }

    /// Both records' values; where both have one, that of `newer`.
    pub fn merged(&self, newer: &Self) -> Self {
        let positions = self.positions | newer.positions;
        let one = |position| newer.get(position).or_else(|| self.get(position));
        Self {
            positions,
            values: (0..128).filter_map(one).collect(),
        }
    }

    /// Positions (16 bytes), values (8 bytes each), checksum of these and the key (8 bytes), all little-endian.
    pub(crate) fn encode(&self, key: &Key) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 8 * self.values.len() + CHECK);
        bytes.extend(self.positions.to_le_bytes());
        self.values.iter().for_each(|v| bytes.extend(v.to_bits().to_le_bytes()));
        seal(key, bytes)
    }

    /// `None` when the bytes are not what was written under this key.
    pub(crate) fn decode(key: &Key, bytes: &[u8]) -> Option<Self> {
        let (positions, values) = unseal(key, bytes)?.split_first_chunk::<16>()?;
        let (values, rest) = values.as_chunks::<8>();
        let values = values.iter().map(|b| f64::from_bits(u64::from_le_bytes(*b))).collect();
        Self::new(u128::from_le_bytes(*positions), values).filter(|_| rest.is_empty())
    }
}

/// Appends a checksum of the key and the bytes.
pub(crate) fn seal(key: &Key, mut bytes: Vec<u8>) -> Vec<u8> {
    let check = checksum(key, &bytes);
    bytes.extend(check);
    bytes
}

/// The bytes before the checksum, if it is right.
pub(crate) fn unseal<'a>(key: &Key, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (bytes, check) = bytes.split_last_chunk::<CHECK>()?;
    (*check == checksum(key, bytes)).then_some(bytes)
}

fn checksum(key: &Key, bytes: &[u8]) -> [u8; CHECK] {
    let sum = blake3::keyed_hash(key.as_bytes(), bytes);
    let mut check = [0; CHECK];
    check.iter_mut().zip(sum.as_bytes()).for_each(|(c, b)| *c = *b);
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_kept_and_records_add_up() {
        let odd = f64::from_bits(0x7ff8_0000_dead_beef);
        let a = Record::new(0b1011, vec![1.5, -0.0, odd]).unwrap();
        let b = Record::new(1 << 127 | 0b110, vec![7.0, 8.0, f64::NEG_INFINITY]).unwrap();
        let both = a.merged(&b);
        assert_eq!((both.positions(), both.len()), (1 << 127 | 0b1111, 5));
        let key = Key::of("test", &[]);
        let read = Record::decode(&key, &both.encode(&key)).unwrap();
        let bits = |at| read.get(at).map(f64::to_bits);
        let expected = [Some(1.5), Some(7.0), Some(8.0), Some(odd), None].map(|v| v.map(f64::to_bits));
        assert_eq!([0, 1, 2, 3, 4].map(bits), expected);
        assert_eq!(read.get(127), Some(f64::NEG_INFINITY));
        assert_eq!(read.get(128), None);
        assert!(Record::new(0b11, vec![1.0]).is_none());
    }

    #[test]
    fn damage_is_seen() {
        let key = Key::of("test", &[b"1"]);
        let bytes = Record::new(0b101, vec![3.0, 4.0]).unwrap().encode(&key);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Record::decode(&key, &damaged).is_none(), "{at}");
            assert!(Record::decode(&key, &bytes[..at]).is_none(), "{at}");
        }
        // Another key's record is none of this one's.
        assert!(Record::decode(&Key::of("test", &[b"2"]), &bytes).is_none());
        assert!(Record::decode(&key, &bytes).is_some());
    }
}
