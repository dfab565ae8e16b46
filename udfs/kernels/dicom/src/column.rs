//! Numbers of many instances, which most often are the same one.

/// Values of which nothing is kept but one while all are the same.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    len: usize,
    same: Option<T>,
    each: Vec<T>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            len: 0,
            same: None,
            each: Vec::new(),
        }
    }
}

impl<T: Copy + PartialEq> Column<T> {
    pub fn push(&mut self, value: T) {
        match self.same {
            None if self.len == 0 => self.same = Some(value),
            Some(same) if same == value => {}
            Some(same) => {
                self.same = None;
                self.each = vec![same; self.len];
                self.each.push(value);
            }
            None => self.each.push(value),
        }
        self.len += 1;
    }

    pub fn get(&self, at: usize) -> Option<T> {
        match self.same {
            Some(same) => (at < self.len).then_some(same),
            None => self.each.get(at).copied(),
        }
    }

    /// The values at these places.
    pub fn taken(&self, places: impl Iterator<Item = usize>) -> Self {
        let mut taken = Self::default();
        for value in places.filter_map(|at| self.get(at)) {
            taken.push(value);
        }
        taken.each.shrink_to_fit();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_again() {
        for values in [vec![], vec![1], vec![1, 1, 1], vec![1, 1, 2, 1], vec![2, 1, 1, 1]] {
            let mut column = Column::default();
            values.iter().for_each(|value| column.push(*value));
            for at in 0..=values.len() {
                assert_eq!(column.get(at), values.get(at).copied());
            }
            let reversed = column.taken((0..values.len()).rev());
            assert!((0..values.len()).all(|at| reversed.get(at) == column.get(values.len() - 1 - at)));
        }
    }
}
