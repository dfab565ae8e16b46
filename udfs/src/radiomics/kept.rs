//! Features that earlier queries computed, from the cache.

use crate::reference::ScanRef;
use crate::scan::Job;
use crate::scans::content::{content, region};
use crate::scans::locate;
use radsql_cache::{Cache, Description, Key, Record};
use radsql_imaging::MaskOptions;
use radsql_radiomics::{DEFINITION_VERSION, FeatureSet, Features, Parameters, Request};

/// What the cache holds of one scan, for the slots of which something is wanted.
pub struct Kept<'a> {
    cache: &'a Cache,
    slots: Vec<Slot>,
}

#[derive(Clone)]
struct Slot {
    /// Position among the parameters' slots.
    at: usize,
    key: Key,
    about: Description,
    record: Record,
}

impl<'a> Kept<'a> {
    /// What is there. `None` when the scan's files cannot be told by their content: then the error, if it is one, comes
    /// when they are read.
    pub fn look(
        cache: &'a Cache,
        scan: &ScanRef,
        parameters: &Parameters,
        request: &Request,
        job: &Job,
    ) -> Option<Self> {
        let image = locate(&scan.image, job.files()).ok()?;
        let image = content(cache, &image, job)?;
        let options = MaskOptions {
            label: parameters.label(),
            channel: parameters.label_channel(),
        };
        let region = region(cache, scan.mask.as_deref()?, &options, job)?;
        let version = DEFINITION_VERSION.to_le_bytes();
        let mut slots: Vec<Slot> = Vec::new();
        for (at, (slot, wanted)) in parameters.slots().iter().zip(request.slots()).enumerate() {
            if wanted.is_empty() {
                continue;
            }
            let kind = if at == 0 { "shape" } else { "radiomics" };
            let parts: [&[u8]; 4] = [
                image.as_bytes(),
                region.as_bytes(),
                &version,
                slot.definition().as_bytes(),
            ];
            slots.push(Slot {
                at,
                key: Key::of(kind, &parts),
                about: Description {
                    kind: "radiomics",
                    image,
                    region,
                    name: slot.image_type().to_owned(),
                    settings: slot.definition().to_owned(),
                    version: DEFINITION_VERSION,
                },
                record: Record::default(),
            });
        }
        let keys: Vec<Key> = slots.iter().map(|s| s.key).collect();
        for (slot, record) in slots.iter_mut().zip(cache.get(&keys)) {
            slot.record = record.unwrap_or_default();
        }
        Some(Self { cache, slots })
    }

    /// What is wanted and not there.
    pub fn missing(&self, request: &Request) -> Request {
        let mut sets = request.slots().to_vec();
        for slot in &self.slots {
            if let Some(set) = sets.get_mut(slot.at) {
                *set = set.without(FeatureSet::from_bits(slot.record.positions()));
            }
        }
        Request::of(sets)
    }

    /// Keeps what was computed, and adds it to what was there.
    pub fn with(mut self, found: &Features) -> Self {
        let found: Vec<_> = found.slots().collect();
        let mut new = Vec::new();
        for slot in &mut self.slots {
            let Some((set, values)) = found.get(slot.at).filter(|(set, _)| !set.is_empty()) else {
                continue;
            };
            if let Some(record) = Record::new(set.bits(), values.to_vec()) {
                slot.record = slot.record.merged(&record);
                new.push((slot.key, slot.about.clone(), record));
            }
        }
        self.cache.put(&new);
        self
    }

    /// The values in the order of [`Parameters::features`].
    pub fn values(&self, request: &Request) -> Vec<f64> {
        let mut values = Vec::with_capacity(request.len());
        for (at, set) in request.slots().iter().enumerate() {
            let record = self.slots.iter().find(|s| s.at == at).map(|s| &s.record);
            let value = |position| record.and_then(|r| r.get(position)).unwrap_or(f64::NAN);
            values.extend(set.positions().map(value));
        }
        values
    }
}
