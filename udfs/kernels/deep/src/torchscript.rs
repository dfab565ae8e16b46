//! TorchScript by libtorch, on a processor or a GPU.

use crate::embedder::{Device, check_input, check_output, guarded, is_output_of, shape_text};
use crate::file::ModelFile;
use crate::{DeepError, Embedder};
use std::cell::Cell;
use std::io::Cursor;
use tch::{CModule, IValue, Kind, Tensor};

const ENGINE: &str = "tch";

/// tch's version and PyTorch's, which tch insists on: a test compares it with the manifest.
const VERSION: &str = "0.26.0 (PyTorch 2.13.0)";

/// Bytes of one run for each byte of the input, by estimate: TorchScript does not tell its shapes. A ResNet with 64 channels
/// at half the input's resolution holds about three such results at once.
const TIMES_INPUT: usize = 32;

/// Outputs of one run: their numbers and the shape that they had.
type Output = (Vec<f32>, Vec<i64>);

/// A network that libtorch runs.
pub(crate) struct TorchScript {
    module: CModule,
    device: tch::Device,
    engine: String,
    shape: [usize; 3],
    output: String,
    output_dim: usize,
}

impl TorchScript {
    /// Loads the network onto the device and runs it once.
    pub(crate) fn load(file: &ModelFile, device: Device) -> Result<Self, DeepError> {
        let description = file.description();
        let failed = |reason| DeepError::Model {
            file: file.shown(),
            engine: ENGINE,
            reason,
        };
        let (on, engine) = place(device)?;
        let module = guarded(|| {
            let mut module = CModule::load_data_on_device(&mut Cursor::new(file.bytes()), on).map_err(text)?;
            module.f_set_eval().map_err(text)?;
            Ok(module)
        })
        .map_err(failed)?;
        let network = Self {
            module,
            device: on,
            engine,
            shape: description.spatial_shape(),
            output: description.output().to_owned(),
            output_dim: description.output_dim(),
        };
        let found = network.run(&vec![0.0; description.voxels()]).map_err(failed)?;
        let tensor = match found {
            Found::Output(output) => output,
            Found::Names(names) => {
                return Err(DeepError::OutputName {
                    file: file.shown(),
                    name: network.output,
                    found: names,
                });
            }
        };
        if is_output_of(&tensor.1, network.output_dim) {
            return Ok(network);
        }
        Err(DeepError::OutputShape {
            file: file.shown(),
            name: network.output,
            found: format!("f32 {}", shape_text(tensor.1)),
            expected: format!("f32 (1, {})", network.output_dim),
        })
    }

    fn run(&self, input: &[f32]) -> Result<Found, String> {
        guarded(|| {
            settle_thread()?;
            tch::no_grad(|| {
                let [a, b, c] = self.shape.map(|n| n as i64);
                let input = Tensor::from_slice(input)
                    .f_view([1, 1, a, b, c])
                    .and_then(|t| t.f_to_device(self.device))
                    .map_err(text)?;
                let found = self.module.forward_is(&[IValue::Tensor(input)]).map_err(text)?;
                match chosen(found, &self.output)? {
                    Ok(tensor) => numbers(&tensor).map(Found::Output),
                    Err(names) => Ok(Found::Names(names)),
                }
            })
        })
    }
}

/// What a run gave.
enum Found {
    Output(Output),
    /// A dictionary without the output: the names that it has.
    Names(String),
}

impl Embedder for TorchScript {
    fn engine(&self) -> &str {
        &self.engine
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
        self.shape.iter().product::<usize>().saturating_mul(4 * TIMES_INPUT)
    }

    fn embed(&self, input: &[f32]) -> Result<Vec<f32>, DeepError> {
        check_input(input, self.shape)?;
        let failed = |reason| DeepError::Run { engine: ENGINE, reason };
        match self.run(input).map_err(failed)? {
            Found::Output((values, shape)) if is_output_of(&shape, self.output_dim) => check_output(values),
            Found::Output((_, shape)) => Err(failed(format!(
                "it gave {} instead of (1, {})",
                shape_text(shape),
                self.output_dim
            ))),
            Found::Names(names) => Err(failed(format!("it gave no {:?}, but {names}", self.output))),
        }
    }
}

/// libtorch's device, and the engine's name there.
fn place(device: Device) -> Result<(tch::Device, String), DeepError> {
    let Device::Cuda(number) = device else {
        return Ok((tch::Device::Cpu, "tch-cpu".into()));
    };
    let missing = |reason: &str| DeepError::Device {
        device: format!("cuda:{number}"),
        reason: reason.into(),
    };
    if !tch::Cuda::is_available() {
        return Err(missing(
            "libtorch sees no GPU; where there is one, libtorch_cuda.so has to be loaded first (LD_PRELOAD)",
        ));
    }
    let count = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    if number >= count {
        return Err(missing(&format!("there are {count} GPUs, counted from 0")));
    }
    // TensorFloat-32 keeps ten bits of a number. It cannot be switched off from here once CUDA's libraries are loaded.
    if std::env::var("NVIDIA_TF32_OVERRIDE").as_deref() != Ok("0") {
        return Err(missing(
            "NVIDIA_TF32_OVERRIDE has to be 0 in the environment, or convolutions may be of ten bits only",
        ));
    }
    tch::Cuda::cudnn_set_benchmark(false);
    Ok((tch::Device::Cuda(number), format!("tch-cuda:{number}")))
}

/// Puts the calling thread into the one mode in which the bits do not depend on what ran before: one thread a call, and no
/// optimiser that changes the network after its first runs.
fn settle_thread() -> Result<(), String> {
    thread_local!(static SETTLED: Cell<bool> = const { Cell::new(false) });
    if !SETTLED.get() {
        tch::set_num_threads(1);
        tch::jit::f_set_profiling_mode(false).map_err(text)?;
        tch::jit::f_set_graph_executor_optimize(false).map_err(text)?;
        SETTLED.set(true);
    }
    Ok(())
}

/// The tensor that is the output: the only one, or that of the name in a dictionary, or else the names that there are.
fn chosen(found: IValue, name: &str) -> Result<Result<Tensor, String>, String> {
    match found {
        IValue::Tensor(tensor) => Ok(Ok(tensor)),
        IValue::GenericDict(pairs) => {
            let mut names = Vec::new();
            for (key, value) in pairs {
                match (key, value) {
                    (IValue::String(key), IValue::Tensor(tensor)) if key == name => return Ok(Ok(tensor)),
                    (IValue::String(key), _) => names.push(format!("{key:?}")),
                    _ => {}
                }
            }
            names.sort();
            names.truncate(20);
            Ok(Err(if names.is_empty() {
                "none".into()
            } else {
                names.join(", ")
            }))
        }
        _ => Err("it gives neither a tensor nor a dictionary of tensors".into()),
    }
}

fn numbers(tensor: &Tensor) -> Result<Output, String> {
    if tensor.f_kind().map_err(text)? != Kind::Float {
        return Err("its output is not of float32".into());
    }
    let shape = tensor.size();
    let flat = tensor
        .f_to_device(tch::Device::Cpu)
        .and_then(|t| t.f_contiguous())
        .and_then(|t| t.f_view([-1]))
        .map_err(text)?;
    Ok((Vec::<f32>::try_from(&flat).map_err(text)?, shape))
}

/// The first line of what libtorch says: the rest is its own stack.
fn text(error: tch::TchError) -> String {
    let all = error.to_string();
    let line = all
        .lines()
        .map(str::trim)
        .find(|l| !l.is_empty())
        .unwrap_or("no message");
    line.chars().take(400).collect()
}
