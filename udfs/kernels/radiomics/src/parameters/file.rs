//! A parameter file's sections, read into [`Parameters`].

use super::effective::Effective;
use super::error::ParameterError;
use super::keys::{BEFORE_FILTERS, IMAGE_TYPES, SECTIONS, SETTINGS, VOXEL_SETTINGS};
use super::value::{Entry, python_text};
use super::{Filter, ImageType, Normalise, Parameters, Preprocessing, Resampling, Resegmentation, slots};
use crate::catalogue::{self, FeatureClass, ORIGINAL};
use crate::request::{FeatureSet, nearest};
use crate::settings::{Axis, Binning, Distances, Settings, WeightingNorm};
use radsql_volume::ResegmentMode;
use radsql_volume::filters::pointwise::Pointwise;
use radsql_volume::filters::wavelet::{self, WaveletLevels};
use radsql_volume::filters::{Wavelet, gradient, lbp2d, lbp3d, log};
use radsql_volume::resample::Interpolator;
use serde_json::{Map, Value};

pub(super) fn parameters(file: &Value) -> Result<Parameters, ParameterError> {
    let sections = map_of("the settings", file)?;
    known("section", &SECTIONS, sections.keys())?;
    let empty = Map::new();
    let section = |name: &str| section(sections, name, &empty);
    let common = section("setting")?;
    known("setting", &SETTINGS, common.keys())?;
    known("voxel setting", &VOXEL_SETTINGS, section("voxelSetting")?.keys())?;
    let settings = settings(common)?;
    let mut wanted = features(section("featureClass")?)?;
    // PyRadiomics has 2-D shape for 2-D extraction only: without a word about classes it belongs to it, and else it is left
    // out.
    let plane = FeatureSet::class(FeatureClass::Shape2D);
    match settings.force2d() {
        Some(_) if section("featureClass")?.is_empty() => wanted = wanted.union(plane),
        Some(_) => {}
        None => wanted = wanted.only(|c| c != FeatureClass::Shape2D),
    }
    let label = label(common)?;
    let image_types = image_types(section("imageType")?, common)?;
    Ok(Parameters::assemble(
        preprocessing(common)?,
        settings,
        image_types,
        wanted,
        label,
        Effective::of(sections)?,
    ))
}

/// A section of the file; one that is left out or empty is `empty`.
pub(super) fn section<'a>(
    sections: &'a Map<String, Value>,
    name: &str,
    empty: &'a Map<String, Value>,
) -> Result<&'a Map<String, Value>, ParameterError> {
    match sections.get(name) {
        None | Some(Value::Null) => Ok(empty),
        Some(value) => map_of(&format!("section {name}"), value),
    }
}

impl Parameters {
    pub(super) fn assemble(
        preprocessing: Preprocessing,
        settings: Settings,
        image_types: Vec<(ImageType, Vec<String>)>,
        wanted: FeatureSet,
        (label, label_channel): (Option<u32>, usize),
        effective: Effective,
    ) -> Self {
        let slots = slots(&preprocessing, &settings, &image_types, wanted);
        let mut first = 1;
        let image_types = image_types
            .into_iter()
            .map(|(image_type, names)| {
                let placed = ImageType {
                    first,
                    images: names.len(),
                    ..image_type
                };
                first += names.len();
                placed
            })
            .collect();
        Self {
            preprocessing,
            settings,
            image_types,
            effective,
            slots,
            label,
            label_channel,
        }
    }
}

impl Default for Preprocessing {
    fn default() -> Self {
        Self {
            normalise: None,
            resampling: None,
            pad_distance: 5,
            pre_crop: false,
            resegmentation: None,
            correct_mask: false,
        }
    }
}

fn map_of<'a>(what: &str, value: &'a Value) -> Result<&'a Map<String, Value>, ParameterError> {
    value.as_object().ok_or_else(|| ParameterError::Shape {
        what: what.to_owned(),
        expected: "key: value pairs",
        found: value.to_string(),
    })
}

/// Refuses the first name that is not among those known.
fn known<'a>(
    what: &'static str,
    names: &[&'static str],
    found: impl IntoIterator<Item = &'a String>,
) -> Result<(), ParameterError> {
    match found.into_iter().find(|k| !names.contains(&k.as_str())) {
        None => Ok(()),
        Some(name) => Err(ParameterError::Unknown {
            what,
            name: name.clone(),
            nearest: nearest(name, names.iter().map(|n| (*n).to_owned())),
            known: names.to_vec(),
        }),
    }
}

/// The entry of a key. PyRadiomics takes an empty value as its default.
fn entry<'a>(settings: &'a Map<String, Value>, key: &'a str) -> Option<Entry<'a>> {
    settings
        .get(key)
        .filter(|v| !v.is_null())
        .map(|value| Entry { key, value })
}

fn features(classes: &Map<String, Value>) -> Result<FeatureSet, ParameterError> {
    if classes.is_empty() {
        return Ok(FeatureSet::all());
    }
    known(
        "feature class",
        &FeatureClass::ALL.map(FeatureClass::name),
        classes.keys(),
    )?;
    let mut wanted = FeatureSet::none();
    for (name, list) in classes {
        let Ok(class) = name.parse::<FeatureClass>() else {
            continue;
        };
        wanted = wanted.union(match list {
            Value::Null => FeatureSet::class(class),
            Value::Array(names) if names.is_empty() => FeatureSet::class(class),
            Value::Array(names) => class_features(class, names)?,
            other => {
                return Err(ParameterError::Shape {
                    what: format!("features of class {name}"),
                    expected: "a list of names",
                    found: other.to_string(),
                });
            }
        });
    }
    Ok(wanted)
}

fn class_features(class: FeatureClass, names: &[Value]) -> Result<FeatureSet, ParameterError> {
    let mut wanted = FeatureSet::none();
    for name in names {
        let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        // PyRadiomics knows these names and gives no value for them.
        if catalogue::withdrawn(class, &name).is_none() {
            wanted = wanted.union(FeatureSet::parse([format!("{class}_{name}").as_str()])?);
        }
    }
    Ok(wanted)
}

fn label(common: &Map<String, Value>) -> Result<(Option<u32>, usize), ParameterError> {
    let label = match entry(common, "label") {
        None => None,
        Some(e) => {
            let expected = "a label, a whole number of 1 or more";
            match u32::try_from(e.whole(1, expected)?) {
                Ok(label) => Some(label),
                Err(_) => return e.wrong(expected),
            }
        }
    };
    let channel = entry(common, "label_channel").map_or(Ok(0), |e| e.whole(0, "a whole number, 0 or more"))?;
    Ok((label, channel))
}

fn preprocessing(common: &Map<String, Value>) -> Result<Preprocessing, ParameterError> {
    let truth = |key| entry(common, key).map_or(Ok(false), |e| e.truth());
    let positive = |key| entry(common, key).map(|e| e.positive()).transpose();
    let (scale, remove_outliers) = (positive("normalizeScale")?.unwrap_or(1.0), positive("removeOutliers")?);
    let normalise = truth("normalize")?.then_some(Normalise { scale, remove_outliers });
    let default = Preprocessing::default();
    Ok(Preprocessing {
        normalise,
        resampling: resampling(common)?,
        pad_distance: entry(common, "padDistance").map_or(Ok(default.pad_distance), |e| {
            e.whole(0, "a whole number of voxels, 0 or more")
        })?,
        pre_crop: truth("preCrop")?,
        resegmentation: resegmentation(common)?,
        correct_mask: truth("correctMask")?,
    })
}

fn resampling(common: &Map<String, Value>) -> Result<Option<Resampling>, ParameterError> {
    // Without the key PyRadiomics interpolates by B-splines; with an empty one it does not resample.
    let interpolator = match common.get("interpolator") {
        None => Some(Interpolator::default()),
        Some(Value::Null) => None,
        Some(value) => {
            let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(Interpolator::parse(&name)?)
        }
    };
    let Some(e) = entry(common, "resampledPixelSpacing") else {
        return Ok(None);
    };
    let expected = "three numbers of millimetres along x, y, z such as [1, 1, 1]; 0 keeps the mask's spacing";
    let spacing = e.list().map(|e| e.number()).collect::<Result<Vec<f64>, _>>();
    match spacing.as_deref() {
        Ok([x, y, z]) if [x, y, z].iter().all(|v| **v >= 0.0) => Ok(interpolator.map(|interpolator| Resampling {
            spacing: [*x, *y, *z],
            interpolator,
        })),
        _ => e.wrong(expected),
    }
}

fn resegmentation(common: &Map<String, Value>) -> Result<Option<Resegmentation>, ParameterError> {
    let mode = match entry(common, "resegmentMode") {
        None => ResegmentMode::Absolute,
        Some(e) => match e.value.as_str().and_then(ResegmentMode::parse) {
            Some(mode) => mode,
            None => return e.wrong("absolute, relative or sigma"),
        },
    };
    let shape = entry(common, "resegmentShape").map_or(Ok(false), |e| e.truth())?;
    let Some(e) = entry(common, "resegmentRange") else {
        return Ok(None);
    };
    let range = e.list().map(|e| e.number()).collect::<Result<Vec<f64>, _>>()?;
    if range.is_empty() || range.len() > 2 {
        return e.wrong("one number (the lowest value kept) or two (the lowest and the highest)");
    }
    Ok(Some(Resegmentation { range, mode, shape }))
}

/// How features of an image are extracted: the keys of the feature classes.
fn settings(map: &Map<String, Value>) -> Result<Settings, ParameterError> {
    let mut s = Settings::default();
    if let Some(e) = entry(map, "additionalInfo") {
        e.truth()?;
    }
    let width = entry(map, "binWidth").map(|e| Binning::width(e.number()?).map_err(ParameterError::from));
    let whole = |e: Entry<'_>| e.whole(1, "a whole number, 1 or more");
    let count = entry(map, "binCount").map(|e| Binning::count(whole(e)?).map_err(ParameterError::from));
    // As in PyRadiomics, a count wins over a width.
    for binning in [width, count].into_iter().flatten() {
        s = s.with_binning(binning?);
    }
    if let Some(e) = entry(map, "distances") {
        let list = e
            .list()
            .map(|e| e.whole(1, "a list of whole numbers such as [1]"))
            .collect::<Result<Vec<_>, _>>()?;
        s = s.with_distances(Distances::new(&list)?);
    }
    let axis = entry(map, "force2Ddimension").map_or(Ok(0), |e| e.whole(0, "0 (z), 1 (y) or 2 (x)"))?;
    let axis = Axis::from_dimension(axis)?;
    if let Some(e) = entry(map, "force2D") {
        s = s.with_force2d(e.truth()?.then_some(axis));
    }
    if let Some(e) = entry(map, "geometryTolerance") {
        s = s.with_geometry_tolerance(e.number()?)?;
    }
    if let Some(e) = entry(map, "gldm_a") {
        let expected = "a whole number of grey levels, 0 or more";
        match u32::try_from(e.whole(0, expected)?) {
            Ok(a) => s = s.with_gldm_a(a),
            Err(_) => return e.wrong(expected),
        }
    }
    if let Some(e) = entry(map, "minimumROIDimensions") {
        s = s.with_minimum_roi_dimensions(e.whole(1, "1, 2 or 3")?)?;
    }
    if let Some(e) = entry(map, "minimumROISize") {
        s = s.with_minimum_roi_size(Some(whole(e)?));
    }
    if let Some(e) = entry(map, "symmetricalGLCM") {
        s = s.with_symmetrical_glcm(e.truth()?);
    }
    if let Some(e) = entry(map, "voxelArrayShift") {
        s = s.with_voxel_array_shift(e.number()?)?;
    }
    if let Some(e) = entry(map, "weightingNorm") {
        let name = e.text("euclidean, manhattan, infinity or no_weighting")?;
        s = s.with_weighting_norm(Some(name.parse::<WeightingNorm>()?));
    }
    Ok(s)
}

/// Most levels of a wavelet.
const MOST_LEVELS: usize = 16;

/// A filter and the names of its images.
type Named = (Filter, Vec<String>);

fn image_types(
    types: &Map<String, Value>,
    common: &Map<String, Value>,
) -> Result<Vec<(ImageType, Vec<String>)>, ParameterError> {
    known("image type", &IMAGE_TYPES, types.keys())?;
    let original = Map::from_iter([("Original".to_owned(), Value::Null)]);
    let types = if types.is_empty() { &original } else { types };
    let mut found = Vec::new();
    for (name, own) in types {
        let mut merged = common.clone();
        if !own.is_null() {
            let own = map_of(&format!("image type {name}"), own)?;
            known("setting", &SETTINGS, own.keys())?;
            if let Some(key) = own.keys().find(|k| BEFORE_FILTERS.contains(&k.as_str())) {
                let reason = format!(
                    "setting '{key}' holds for every image type; found it in image type {name}: put it into section setting"
                );
                return Err(ParameterError::Together { reason });
            }
            merged.extend(own.clone());
        }
        let settings = settings(&merged)?;
        // What acts before the filters is checked here too, and has no effect: as in PyRadiomics.
        preprocessing(&merged)?;
        for (filter, names) in filters_of(name, &merged, &settings)? {
            let image_type = ImageType {
                filter,
                settings: settings.clone(),
                first: 0,
                images: 0,
            };
            found.push((image_type, names));
        }
    }
    Ok(found)
}

fn filters_of(name: &str, map: &Map<String, Value>, settings: &Settings) -> Result<Vec<Named>, ParameterError> {
    // The keys of every filter are checked, whichever is meant.
    let wavelet = wavelet_filter(map, settings)?;
    let logs = log_filters(map)?;
    let use_spacing = entry(map, "gradientUseSpacing").map_or(Ok(true), |e| e.truth())?;
    let (plane, space) = (plane_patterns(map)?, space_patterns(map)?);
    let alone = |filter, name: &str| Ok(vec![(filter, vec![name.to_owned()])]);
    let pointwise = |filter: Pointwise| alone(Filter::Pointwise(filter), filter.name());
    match name {
        "Wavelet" => Ok(vec![wavelet]),
        "LoG" if logs.is_empty() => Err(ParameterError::Together {
            reason: "image type LoG needs setting 'sigma', the widths of the filter in mm such as [1.0, 3.0]".into(),
        }),
        "LoG" => Ok(logs),
        "Square" => pointwise(Pointwise::Square),
        "SquareRoot" => pointwise(Pointwise::SquareRoot),
        "Logarithm" => pointwise(Pointwise::Logarithm),
        "Exponential" => pointwise(Pointwise::Exponential),
        "Gradient" => alone(Filter::Gradient { use_spacing }, gradient::NAME),
        "LBP2D" => alone(Filter::LocalBinaryPattern2d(plane), lbp2d::NAME),
        "LBP3D" => {
            let names = lbp3d::names(space.levels());
            Ok(vec![(Filter::LocalBinaryPattern3d(space), names)])
        }
        _ => alone(Filter::Original, ORIGINAL),
    }
}

fn wavelet_filter(map: &Map<String, Value>, settings: &Settings) -> Result<Named, ParameterError> {
    let name = entry(map, "wavelet").map_or(Ok("coif1"), |e| e.text("the name of a wavelet such as coif1"))?;
    let wavelet = Wavelet::named(name)?;
    // Each level is as long in time as the image is in voxels, and doubles what it holds.
    let few = |e: Entry<'_>, from: usize| {
        let expected = format!("a whole number from {from} to {MOST_LEVELS}");
        match e.whole(from, &expected)? {
            n if n <= MOST_LEVELS => Ok(n),
            _ => e.wrong(&expected),
        }
    };
    let start_level = entry(map, "start_level").map_or(Ok(0), |e| few(e, 0))?;
    let level = entry(map, "level").map_or(Ok(1), |e| few(e, 1))?;
    let mut axes = [true; 3];
    if let Some(axis) = settings.force2d()
        && let Some(used) = axes.get_mut(2 - axis.dimension())
    {
        *used = false;
    }
    let levels = WaveletLevels { start_level, level };
    let names = wavelet::names(levels, axes);
    let filter = Filter::Wavelet { wavelet, levels, axes };
    Ok((filter, names))
}

fn log_filters(map: &Map<String, Value>) -> Result<Vec<Named>, ParameterError> {
    let mut found: Vec<Named> = Vec::new();
    for e in entry(map, "sigma").iter().flat_map(Entry::list) {
        let sigma = e.positive()?;
        let name = log::name(&python_text(e.value));
        if found.iter().any(|(_, names)| names.contains(&name)) {
            return e.wrong("a list of different widths");
        }
        found.push((Filter::LaplacianOfGaussian { sigma }, vec![name]));
    }
    Ok(found)
}

fn plane_patterns(map: &Map<String, Value>) -> Result<lbp2d::Settings, ParameterError> {
    let radius = entry(map, "lbp2DRadius").map_or(Ok(1.0), |e| e.positive())?;
    let samples = entry(map, "lbp2DSamples").map_or(Ok(8), |e| e.whole(1, "a whole number, 1 or more"))?;
    let method = entry(map, "lbp2DMethod").map_or(Ok("uniform"), |e| e.text("default, ror, uniform or var"))?;
    // Slices are taken across this axis whether force2D is set or not.
    let axis = entry(map, "force2Ddimension").map_or(Ok(0), |e| e.whole(0, "0 (z), 1 (y) or 2 (x)"))?;
    Ok(lbp2d::Settings::new(
        radius,
        samples,
        lbp2d::Method::named(method)?,
        axis,
    )?)
}

fn space_patterns(map: &Map<String, Value>) -> Result<lbp3d::Settings, ParameterError> {
    let levels = entry(map, "lbp3DLevels").map_or(Ok(2), |e| e.whole(1, "a whole number, 2 or more"))?;
    let radius = entry(map, "lbp3DIcosphereRadius").map_or(Ok(1.0), |e| e.positive())?;
    let subdivisions =
        entry(map, "lbp3DIcosphereSubdivision").map_or(Ok(1), |e| e.whole(0, "a whole number, 0 or more"))?;
    Ok(lbp3d::Settings::new(levels, radius, subdivisions)?)
}
