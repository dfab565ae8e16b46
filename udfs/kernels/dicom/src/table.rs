//! The elements that a walk kept. An entry is no larger than the least element, so that no table outgrows its file.

use dicom_core::Tag;
use std::collections::BTreeMap;

/// An element or an item; behind it follow the entries of what stands in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its first byte.
    pub at: u32,
    /// Entries that it makes, itself among them.
    pub size: u32,
}

/// Entries of a data set, in the order of the file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    entries: Vec<Entry>,
    disordered: bool,
}

impl Table {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether tags ascend in the data set and in every item.
    pub fn ascends(&self) -> bool {
        !self.disordered
    }

    /// Begins an entry, behind which at most `more` follow; gives its place. None when it lies too far from the beginning.
    pub fn open(&mut self, at: usize, more: usize) -> Option<usize> {
        let place = self.entries.len();
        let entry = Entry {
            at: at.try_into().ok()?,
            size: 1,
        };
        if place == self.entries.capacity() {
            self.entries.reserve_exact(place.max(32).min(more + 1));
        }
        self.entries.push(entry);
        Some(place)
    }

    /// Ends an entry: what was added since stands in it.
    pub fn close(&mut self, place: usize) {
        let size = self.entries.len() - place;
        if let Some(entry) = self.entries.get_mut(place) {
            // Entries are fewer than bytes, whose places fit.
            entry.size = size as u32;
        }
    }

    /// Notes that in some data set tags do not ascend.
    pub fn disorder(&mut self) {
        self.disordered = true;
    }

    /// Of elements with one tag in a data set only the last counts. Drops the others from the end of the table, where a data
    /// set out of order lies, so that asking it stays cheap. Elements that `govern` others stay where others come between.
    pub fn drop_repeated(&mut self, from: usize, tag: impl Fn(Entry) -> Tag, govern: impl Fn(Tag) -> bool) {
        self.disorder();
        let mut last = BTreeMap::new();
        let mut place = from;
        while let Some(entry) = self.entries.get(place) {
            last.insert(tag(*entry), place);
            place += entry.size as usize;
        }
        let (mut place, mut to) = (from, from);
        // Those that govern, and of which it is not known yet whether something follows.
        let mut held: Vec<Entry> = Vec::new();
        while let Some(&entry) = self.entries.get(place) {
            let (of, size) = (tag(entry), entry.size as usize);
            if govern(of) && size == 1 {
                held.retain(|other| tag(*other) != of);
                held.push(entry);
            } else if last.get(&of) == Some(&place) {
                for one in held.drain(..) {
                    self.entries[to] = one;
                    to += 1;
                }
                self.entries.copy_within(place..place + size, to);
                to += size;
            }
            place += size;
        }
        self.entries.truncate(to);
        self.entries.extend(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data set of one-entry elements whose tags are numbers below 10, of which 0 and 1 govern.
    fn dropped(tags: &[u16]) -> Vec<u16> {
        let mut table = Table::default();
        for at in 0..tags.len() {
            table.open(at, tags.len() - at);
        }
        let of = |entry: Entry| Tag(0, tags[entry.at as usize]);
        table.drop_repeated(0, of, |tag| tag.element() < 2);
        table.entries().iter().map(|entry| of(*entry).element()).collect()
    }

    #[test]
    fn the_last_of_each_stays_and_what_governs_others() {
        assert_eq!(dropped(&[3, 2, 3, 2, 4]), [3, 2, 4]);
        assert_eq!(dropped(&[0, 3, 0, 4]), [0, 3, 0, 4]);
        assert_eq!(dropped(&[0, 1, 0, 1, 0, 3, 1, 0, 0]), [1, 0, 3, 1, 0]);
        // What an element governed that is dropped does not matter.
        assert_eq!(dropped(&[0, 3, 0, 3]), [0, 3]);
    }

    #[test]
    fn what_stands_in_an_element_goes_with_it() {
        let mut table = Table::default();
        for at in 0..3 {
            let place = table.open(at * 10, 10).unwrap();
            table.open(at * 10 + 1, 10);
            table.close(place);
        }
        table.drop_repeated(0, |entry| Tag(0, u16::from(entry.at == 10)), |_| false);
        let places: Vec<u32> = table.entries().iter().map(|entry| entry.at).collect();
        assert_eq!(places, [10, 11, 20, 21]);
    }
}
