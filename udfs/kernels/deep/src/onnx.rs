//! What an ONNX file says about itself, looked at before an engine sees it.

use crate::embedder::shape_text;
use crate::{DeepError, ModelDescription};
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dimension;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto};

/// ONNX's number of float32.
const FLOAT: i32 = 1;

/// Checks that all weights are in the file, that there is one input of the shape described, and that there is the output.
pub(crate) fn check(file: &str, proto: &ModelProto, description: &ModelDescription) -> Result<(), DeepError> {
    let Some(graph) = &proto.graph else {
        return Err(DeepError::Model {
            file: file.into(),
            engine: crate::tract::ENGINE,
            reason: "it has no graph".into(),
        });
    };
    if let Some(tensor) = external(graph) {
        return Err(DeepError::ExternalData {
            file: file.into(),
            tensor: tensor.name.clone(),
        });
    }
    check_input(file, graph, description)?;
    if graph.output.iter().any(|o| o.name == description.output()) {
        return Ok(());
    }
    let names: Vec<String> = graph.output.iter().take(20).map(|o| format!("{:?}", o.name)).collect();
    Err(DeepError::OutputName {
        file: file.into(),
        name: description.output().to_owned(),
        found: if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        },
    })
}

fn check_input(file: &str, graph: &GraphProto, description: &ModelDescription) -> Result<(), DeepError> {
    let wrong = |found: String| {
        let [a, b, c] = description.spatial_shape();
        DeepError::InputShape {
            file: file.into(),
            found,
            expected: format!("one input of float32 (1, 1, {a}, {b}, {c})"),
        }
    };
    // Weights may stand among the inputs, as defaults.
    let inputs: Vec<&ValueInfoProto> = graph
        .input
        .iter()
        .filter(|i| graph.initializer.iter().all(|w| w.name != i.name))
        .collect();
    let [input] = inputs.as_slice() else {
        return Err(wrong(format!("{} inputs", inputs.len())));
    };
    let Some(Type::TensorType(tensor)) = input.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(wrong("an input of no type".into()));
    };
    let [a, b, c] = description.spatial_shape();
    let expected = [1, 1, a, b, c];
    let Some(shape) = &tensor.shape else {
        return if tensor.elem_type == FLOAT {
            Ok(())
        } else {
            Err(wrong("an input that is not of float32".into()))
        };
    };
    let fits = shape.dim.len() == expected.len()
        && shape.dim.iter().zip(expected).all(|(dim, expected)| match &dim.value {
            Some(Dimension::DimValue(n)) => usize::try_from(*n) == Ok(expected),
            // A size that may vary.
            _ => true,
        });
    if fits && tensor.elem_type == FLOAT {
        return Ok(());
    }
    let shape = shape_text(shape.dim.iter().map(|dim| match &dim.value {
        Some(Dimension::DimValue(n)) => n.to_string(),
        _ => "any".to_owned(),
    }));
    let kind = if tensor.elem_type == FLOAT {
        "float32"
    } else {
        "another type"
    };
    Err(wrong(format!("one input of {kind} {shape}")))
}

/// A tensor that is kept in another file, in a graph or one within it. Protobuf's reader limits how deep they nest.
fn external(graph: &GraphProto) -> Option<&TensorProto> {
    let sparse = graph
        .sparse_initializer
        .iter()
        .flat_map(|s| s.values.iter().chain(&s.indices));
    let attributes = graph.node.iter().flat_map(|node| &node.attribute);
    graph
        .initializer
        .iter()
        .chain(sparse)
        .find(|t| is_external(t))
        .or_else(|| attributes.into_iter().find_map(external_attribute))
}

fn external_attribute(attribute: &AttributeProto) -> Option<&TensorProto> {
    let sparse = attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors);
    attribute
        .t
        .iter()
        .chain(&attribute.tensors)
        .chain(sparse.flat_map(|s| s.values.iter().chain(&s.indices)))
        .find(|t| is_external(t))
        .or_else(|| attribute.g.iter().chain(&attribute.graphs).find_map(external))
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32) || !tensor.external_data.is_empty()
}
