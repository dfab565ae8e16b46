//! The work on one scan, cut into tasks for several threads.

use super::Features;
use super::derive::{self, Part};
use super::image::{ClassValues, GROUPS, Prepared, values};
use crate::cancel::Cancel;
use crate::catalogue::FeatureClass;
use crate::error::RadiomicsError;
use crate::extract::Work;
use crate::parameters::{ImageType, Parameters, Request};
use crate::request::FeatureSet;
use crate::settings::Settings;
use crate::shape;
use crate::workers::{Round, Workers};
use radsql_volume::{Mask, Volume};
use std::sync::{Arc, Mutex, PoisonError};

/// The image that filters see, and the largest absolute value where it is that of voxels beyond it.
pub(super) struct Picture {
    pub(super) image: Volume,
    pub(super) largest: Option<f64>,
}

/// The image types of which a feature is wanted.
pub(super) fn wanted_types<'a>(
    parameters: &'a Parameters,
    request: &'a Request,
) -> impl Iterator<Item = &'a ImageType> {
    let wanted = |t: &&ImageType| (t.first..t.first + t.images).any(|slot| !request.slot(slot).is_empty());
    parameters.image_types.iter().filter(wanted)
}

/// Computes everything that is wanted. The first round of tasks is the filters, the second shape and the features of each
/// image, in groups of classes.
pub(super) fn run(
    parameters: &Parameters,
    request: Request,
    picture: Option<Picture>,
    mask: &Mask,
    shape_mask: &Mask,
    workers: &dyn Workers,
    cancel: Cancel,
) -> Result<Features, RadiomicsError> {
    cancel.check()?;
    let output = mask.bounds();
    let types: Vec<(&ImageType, Part)> = wanted_types(parameters, &request)
        .flat_map(|t| Part::of(&t.filter).iter().map(move |part| (t, *part)))
        .collect();

    let first: Places<Vec<(usize, Volume)>> = Places::new(types.len());
    workers.round(Round::Filters, first.len(), &|task| {
        let (Some((image_type, part)), Some(p)) = (types.get(task), &picture) else {
            return;
        };
        first.put(task, || {
            let found = derive::images(
                parameters, image_type, *part, &p.image, p.largest, mask, &request, cancel.0,
            );
            found.map_err(|e| e.in_image(name_of(parameters, image_type.first)))
        });
    });
    drop(picture);

    let mut derived = Vec::new();
    for (images, (image_type, _)) in first.take()?.into_iter().zip(&types) {
        derived.extend(images.into_iter().map(|(slot, volume)| Derived {
            slot,
            wanted: request.slot(slot),
            settings: &image_type.settings,
            state: Mutex::new(State::Volume(volume)),
        }));
    }

    // Shape, the longest, comes first.
    let region = mask.crop(&output)?;
    let second: Places<Vec<ClassValues>> = Places::new(1 + derived.len() * GROUPS.len());
    workers.round(Round::Features, second.len(), &|task| {
        let Some(task_of_image) = task.checked_sub(1) else {
            let wanted = request.slot(0);
            second.put(task, || {
                shape::classes(shape_mask, &parameters.settings, wanted, cancel)
            });
            return;
        };
        let group = GROUPS.get(task_of_image % GROUPS.len());
        let (Some(derived), Some(group)) = (derived.get(task_of_image / GROUPS.len()), group) else {
            return;
        };
        second.put(task, || {
            let found = derived.group(group, &region, cancel);
            found.map_err(|e| e.in_image(name_of(parameters, derived.slot)))
        });
    });
    let mut found: Vec<Vec<ClassValues>> = vec![Vec::new(); parameters.slots().len()];
    for (task, classes) in second.take()?.into_iter().enumerate() {
        let image = task.checked_sub(1).and_then(|at| derived.get(at / GROUPS.len()));
        if let Some(slot) = found.get_mut(image.map_or(0, |d| d.slot)) {
            slot.extend(classes);
        }
    }

    let classes: Vec<ClassValues> = found.iter().flatten().cloned().collect();
    let work = Work::of(&classes, request.len());
    let values = request
        .slots()
        .iter()
        .zip(&found)
        .map(|(set, classes)| values(*set, classes))
        .collect();
    Ok(Features { request, values, work })
}

fn name_of(parameters: &Parameters, slot: usize) -> &str {
    parameters.slots().get(slot).map_or("", |s| s.image_type())
}

/// One image of the second round.
struct Derived<'a> {
    slot: usize,
    wanted: FeatureSet,
    settings: &'a Settings,
    state: Mutex<State>,
}

/// An image on its way: freed as soon as its last group is done, so that few are in memory at once.
enum State {
    Volume(Volume),
    Prepared { image: Arc<Prepared>, groups_left: usize },
    Failed(RadiomicsError),
    Done,
}

impl Derived<'_> {
    /// A group of classes. Whichever thread comes first prepares the image for all.
    fn group(&self, group: &[FeatureClass], region: &Mask, cancel: Cancel) -> Result<Vec<ClassValues>, RadiomicsError> {
        if !self.needs(group) {
            return Ok(Vec::new());
        }
        let image = self.image(region, cancel)?;
        image.group(group, self.settings, self.wanted, cancel)
    }

    fn needs(&self, group: &[FeatureClass]) -> bool {
        group.iter().any(|c| self.wanted.needs(*c))
    }

    fn image(&self, region: &Mask, cancel: Cancel) -> Result<Arc<Prepared>, RadiomicsError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match std::mem::replace(&mut *state, State::Done) {
            State::Volume(volume) => match Prepared::new(&volume, region, self.settings, self.wanted, cancel) {
                Ok(image) => State::Prepared {
                    image: Arc::new(image),
                    groups_left: GROUPS.iter().filter(|g| self.needs(g)).count(),
                },
                Err(e) => State::Failed(e),
            },
            other => other,
        };
        match &mut *state {
            State::Prepared { image, groups_left } => {
                let image = Arc::clone(image);
                *groups_left -= 1;
                if *groups_left == 0 {
                    *state = State::Done;
                }
                Ok(image)
            }
            State::Failed(e) => Err(e.clone()),
            State::Volume(_) | State::Done => Err(RadiomicsError::Cancelled),
        }
    }
}

/// A place for the answer of each task.
struct Places<T>(Vec<Mutex<Option<Result<T, RadiomicsError>>>>);

impl<T> Places<T> {
    fn new(tasks: usize) -> Self {
        Self((0..tasks).map(|_| Mutex::new(None)).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn put(&self, task: usize, answer: impl FnOnce() -> Result<T, RadiomicsError>) {
        if let Some(place) = self.0.get(task) {
            let answer = answer();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        }
    }

    /// The answers, or the first error in the order of the tasks. A task that was never run counts as cancelled.
    fn take(self) -> Result<Vec<T>, RadiomicsError> {
        let places = self.0.into_iter();
        places
            .map(|p| {
                p.into_inner()
                    .unwrap_or_else(PoisonError::into_inner)
                    .unwrap_or(Err(RadiomicsError::Cancelled))
            })
            .collect()
    }
}
