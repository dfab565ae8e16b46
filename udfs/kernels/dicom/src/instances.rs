//! The instances of a series, some tens of bytes each: folders of hundreds of thousands of files stay in memory.

use crate::column::Column;
use crate::error::Problem;
use crate::header::{Frame, Instance, Kind, View};
use crate::texts::{Iter, Texts};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Instances, without the paths of their files. What each has is in lists of its own, so that nothing is lost between them.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    uids: Texts,
    kinds: Vec<Arc<Kind>>,
    /// Which of the kinds each has.
    kind: Column<u32>,
    /// Frames before those of each one, less the instances before it; one whose frames were not understood has none.
    more: Column<i64>,
    frames: usize,
    /// Bits of the coordinates of each frame: in most series two of them do not change.
    positions: [Column<u64>; 3],
    views: Vec<Arc<View>>,
    /// Which of the views each frame has.
    view: Column<u32>,
    /// Why frames were not understood.
    failed: BTreeMap<usize, Problem>,
}

impl Instances {
    pub fn len(&self) -> usize {
        self.uids.len()
    }

    pub fn push(&mut self, instance: Instance) {
        self.more.push(self.frames as i64 - self.len() as i64);
        match instance.frames {
            Err(problem) => {
                self.failed.insert(self.len(), *problem);
            }
            Ok(frames) => {
                self.frames += frames.len();
                for frame in frames {
                    for (column, value) in self.positions.iter_mut().zip(frame.position) {
                        column.push(value.to_bits());
                    }
                    self.view.push(among(&mut self.views, frame.view));
                }
            }
        }
        self.uids.push(instance.sop_uid.as_bytes());
        self.kind.push(among(&mut self.kinds, instance.kind));
    }

    /// Adds those of another part of the series.
    pub fn append(&mut self, mut other: Self) {
        for at in 0..other.len() {
            let mut instance = other.get(at);
            if let Some(problem) = other.failed.remove(&at) {
                instance.frames = Err(Box::new(problem));
            }
            self.push(instance);
        }
    }

    /// SOP Instance UIDs.
    pub fn uids(&self) -> Iter<'_> {
        self.uids.from(0)
    }

    pub fn uid(&self, at: usize) -> Option<String> {
        self.uids.get(at)
    }

    /// Whether a UID is there, when they are [`sorted`](Self::sorted).
    pub fn have(&self, uid: &str) -> bool {
        self.uids.ascending_have(uid)
    }

    pub fn kind(&self, at: usize) -> &Arc<Kind> {
        &self.kinds[self.kind.get(at).unwrap_or(0) as usize]
    }

    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        (0..self.len()).map(|at| &**self.kind(at))
    }

    /// The frames of an instance, or why they were not understood.
    pub fn frames(&self, at: usize) -> Result<impl ExactSizeIterator<Item = Frame>, &Problem> {
        match self.failed.get(&at) {
            Some(problem) => Err(problem),
            None => Ok(self.range(at).map(|i| self.frame(i))),
        }
    }

    /// An instance, of which frames that were not understood are told as a second time.
    pub fn get(&self, at: usize) -> Instance {
        let frames = self.frames(at).map(Iterator::collect);
        Instance {
            sop_uid: self.uid(at).unwrap_or_default().into(),
            kind: Arc::clone(self.kind(at)),
            frames: frames.map_err(|problem| Box::new(problem.again())),
        }
    }

    fn range(&self, at: usize) -> Range<usize> {
        let before = |at: usize| self.more.get(at).map(|more| at.saturating_add_signed(more as isize));
        before(at).unwrap_or(self.frames)..before(at + 1).unwrap_or(self.frames)
    }

    fn position(&self, frame: usize) -> [f64; 3] {
        [0, 1, 2].map(|axis| f64::from_bits(self.positions[axis].get(frame).unwrap_or(0)))
    }

    fn view(&self, frame: usize) -> &Arc<View> {
        &self.views[self.view.get(frame).unwrap_or(0) as usize]
    }

    fn frame(&self, at: usize) -> Frame {
        Frame {
            position: self.position(at),
            view: Arc::clone(self.view(at)),
        }
    }

    /// In the order of UIDs, those of one UID by their places, those of one place by their files' numbers; of copies the first.
    pub fn sorted(mut self, files: Vec<u32>) -> (Self, Vec<u32>) {
        let first = self.uid(0).unwrap_or_default().into_bytes();
        // What all begin with need not be compared, nor kept for it.
        let (common, bytes) = self.uids().fold((first.len(), 0), |(common, bytes), uid| {
            let pairs = first.iter().zip(uid.as_bytes()).take(common);
            (pairs.take_while(|(a, b)| a == b).count(), bytes + uid.len())
        });
        let mut tails = Vec::with_capacity(bytes - common * self.len());
        let mut ends = Vec::with_capacity(self.len());
        for uid in self.uids() {
            tails.extend(&uid.as_bytes()[common..]);
            ends.push(tails.len());
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        self.uids = Texts::default();
        let tail = |at: u32| {
            let before = at.checked_sub(1).map_or(0, |before| ends[before as usize]);
            &tails[before..ends[at as usize]]
        };
        order.sort_unstable_by(|a, b| {
            let by_file = || files[*a as usize].cmp(&files[*b as usize]);
            let by_place = || self.by_place(*a as usize, *b as usize);
            tail(*a).cmp(tail(*b)).then_with(by_place).then_with(by_file)
        });
        order.dedup_by(|b, a| tail(*a) == tail(*b) && self.same_image(*a as usize, *b as usize));
        let mut uid = first;
        for at in &order {
            uid.truncate(common);
            uid.extend(tail(*at));
            self.uids.push(&uid);
        }
        self.uids.finish();
        drop((tails, ends));
        let frames = || order.iter().flat_map(|at| self.range(*at as usize));
        let view = self.view.taken(frames());
        let positions = self.positions.each_ref().map(|axis| axis.taken(frames()));
        let (mut more, mut before) = (Column::default(), 0);
        for (i, at) in order.iter().enumerate() {
            more.push(before as i64 - i as i64);
            before += self.range(*at as usize).len();
        }
        self.kind = self.kind.taken(order.iter().map(|at| *at as usize));
        (self.view, self.positions, self.more, self.frames) = (view, positions, more, before);
        if !self.failed.is_empty() {
            let failed = order.iter().enumerate();
            let failed = failed.filter_map(|(to, at)| Some((to, self.failed.remove(&(*at as usize))?)));
            self.failed = failed.collect();
        }
        (self, order.into_iter().map(|at| files[at as usize]).collect())
    }

    /// The first frame's place; none where frames were not understood.
    fn place(&self, at: usize) -> Option<[f64; 3]> {
        self.range(at).next().map(|frame| self.position(frame))
    }

    fn by_place(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (self.place(a), self.place(b));
        let axes = a.into_iter().flatten().zip(b.into_iter().flatten());
        let by_axis = axes.map(|(a, b)| a.total_cmp(&b)).find(|order| order.is_ne());
        let known = a.is_some().cmp(&b.is_some());
        known.then(by_axis.unwrap_or(Ordering::Equal))
    }

    /// Whether two of one UID are the same image. UIDs alone do not tell: there are programs that give all slices one.
    fn same_image(&self, a: usize, b: usize) -> bool {
        let (one, other) = (self.range(a), self.range(b));
        one.len() == other.len()
            && self.kind(a) == self.kind(b)
            && one.zip(other).all(|(a, b)| {
                self.position(a) == self.position(b)
                    && (Arc::ptr_eq(self.view(a), self.view(b)) || self.view(a) == self.view(b))
            })
    }
}

/// Where one of the last few that are like it lies, or behind them.
fn among<T: PartialEq>(known: &mut Vec<Arc<T>>, one: Arc<T>) -> u32 {
    /// Where there are more, most will be different.
    const MOST: usize = 16;
    let last = known.len().saturating_sub(MOST);
    let same = known[last..]
        .iter()
        .position(|other| Arc::ptr_eq(other, &one) || *other == one);
    let at = same.map_or(known.len(), |at| last + at);
    if at == known.len() {
        known.push(one);
    }
    at as u32
}
