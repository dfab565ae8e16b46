//! ONNX by tract: in Rust alone, one thread a call.

use crate::embedder::{check_input, check_output, guarded, is_output_of, shape_text};
use crate::file::ModelFile;
use crate::{DeepError, Embedder, ModelDescription};
use std::io::Cursor;
use std::sync::Arc;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{DimLike, format_err};
use tract_onnx::tract_hir::infer::Factoid;

pub(crate) const ENGINE: &str = "tract";

/// tract's version: the one that the manifest names, which a test compares with.
const VERSION: &str = "0.23.9";

/// A network that tract runs.
pub(crate) struct Tract {
    plan: Arc<TypedSimplePlan>,
    shape: [usize; 3],
    output_dim: usize,
    memory: usize,
}

impl Tract {
    /// Parses, checks and optimises the network, and runs it once.
    pub(crate) fn load(file: &ModelFile) -> Result<Self, DeepError> {
        let description = file.description();
        let failed = |reason| DeepError::Model {
            file: file.shown(),
            engine: ENGINE,
            reason,
        };
        let proto = guarded(|| {
            onnx()
                .proto_model_for_read(&mut Cursor::new(file.bytes()))
                .map_err(text)
        })
        .map_err(|_| failed("it is damaged, or no ONNX file".into()))?;
        crate::onnx::check(&file.shown(), &proto, description)?;
        let inferred = guarded(|| infer(&proto, description).map_err(text)).map_err(failed)?;
        let found = guarded(|| intermediate(&inferred).map_err(text)).map_err(failed)?;
        let limit = file.limits().intermediate_bytes;
        if found > limit {
            return Err(DeepError::Intermediate {
                file: file.shown(),
                found,
                limit,
            });
        }
        let (plan, memory) = guarded(|| optimise(inferred).map_err(text)).map_err(failed)?;
        check_output_shape(file, &plan)?;
        let network = Self {
            plan,
            shape: description.spatial_shape(),
            output_dim: description.output_dim(),
            memory,
        };
        network.run(&vec![0.0; description.voxels()]).map_err(failed)?;
        Ok(network)
    }

    fn run(&self, input: &[f32]) -> Result<Vec<f32>, String> {
        guarded(|| {
            let [a, b, c] = self.shape;
            let tensor = Tensor::from_shape(&[1, 1, a, b, c], input).map_err(text)?;
            let found = self.plan.run(tvec!(tensor.into_tvalue())).map_err(text)?;
            let found = found.first().ok_or("it gave no output")?;
            let values: Vec<f32> = found
                .to_plain_array_view::<f32>()
                .map_err(text)?
                .iter()
                .copied()
                .collect();
            if values.len() == self.output_dim {
                Ok(values)
            } else {
                Err(format!(
                    "it gave {} numbers instead of {}",
                    values.len(),
                    self.output_dim
                ))
            }
        })
    }
}

impl Embedder for Tract {
    fn engine(&self) -> &str {
        ENGINE
    }

    fn engine_version(&self) -> &str {
        VERSION
    }

    fn input_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn output_dim(&self) -> usize {
        self.output_dim
    }

    fn memory_needed(&self) -> usize {
        self.memory
    }

    fn embed(&self, input: &[f32]) -> Result<Vec<f32>, DeepError> {
        check_input(input, self.shape)?;
        let output = self
            .run(input)
            .map_err(|reason| DeepError::Run { engine: ENGINE, reason })?;
        check_output(output)
    }
}

/// What tract says, with its causes, on one line and not without end.
fn text(error: TractError) -> String {
    let mut all: Vec<String> = error.chain().map(|cause| cause.to_string()).collect();
    all.dedup();
    let line = all.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(400) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

/// The network with the input's shape and the output named, its shapes worked out.
fn infer(proto: &ModelProto, description: &ModelDescription) -> TractResult<InferenceModel> {
    let parsed = onnx().parse(proto, None)?;
    if let Some(name) = parsed.unresolved_inputs.first() {
        return Err(format_err!("nothing gives {name:?}"));
    }
    let mut model = parsed.model;
    let [a, b, c] = description.spatial_shape();
    model.set_input_fact(0, f32::fact([1, 1, a, b, c]).into())?;
    let output = parsed
        .outlets_by_name
        .get(description.output())
        .ok_or_else(|| format_err!("nothing gives {:?}", description.output()))?;
    model.select_output_outlets(&[*output])?;
    model.analyse(false)?;
    Ok(model)
}

/// Bytes of all results whose shapes are known.
fn intermediate(model: &InferenceModel) -> TractResult<u64> {
    let mut all = 0u64;
    for outlet in model.nodes().iter().flat_map(|node| &node.outputs) {
        let Some(shape) = outlet.fact.shape.as_concrete_finite()? else {
            continue;
        };
        let width = outlet.fact.datum_type.concretize().map_or(4, |t| t.size_of()) as u64;
        all = all.saturating_add(shape.iter().fold(width, |n, &k| n.saturating_mul(k as u64)));
    }
    Ok(all)
}

/// The network made fast, and the bytes that one run takes.
fn optimise(model: InferenceModel) -> TractResult<(Arc<TypedSimplePlan>, usize)> {
    let model = model.into_typed()?.into_decluttered()?.into_optimized()?;
    let plan = TypedSimplePlan::new(model)?;
    let steps = plan
        .model()
        .eval_tmp_memory_usage(plan.order_without_consts(), |node| {
            !node.op_is::<tract_onnx::tract_core::ops::konst::Const>()
        })?;
    let peak = steps
        .iter()
        .filter_map(|(_, bytes)| bytes.to_usize().ok())
        .max()
        .unwrap_or(0);
    Ok((plan, peak))
}

fn check_output_shape(file: &ModelFile, plan: &TypedSimplePlan) -> Result<(), DeepError> {
    let description = file.description();
    let found = plan.model().output_fact(0).map_err(|error| DeepError::Model {
        file: file.shown(),
        engine: ENGINE,
        reason: text(error),
    })?;
    let shape: Option<Vec<i64>> = found.shape.iter().map(|n| n.to_i64().ok()).collect();
    let float = found.datum_type == f32::datum_type();
    if float && shape.is_some_and(|shape| is_output_of(&shape, description.output_dim())) {
        return Ok(());
    }
    Err(DeepError::OutputShape {
        file: file.shown(),
        name: description.output().to_owned(),
        found: format!("{:?} {}", found.datum_type, shape_text(found.shape.iter())).to_lowercase(),
        expected: format!("f32 (1, {})", description.output_dim()),
    })
}
