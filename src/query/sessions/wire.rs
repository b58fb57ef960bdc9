//! Encodes the session join for engines that run plans on other machines. How the bytes are sent is decided elsewhere.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::physical_plan::ExecutionPlan;
use serde::{Deserialize, Serialize};

use super::SessionsExec;
use super::rows::{SESSION, Shape, session};

#[derive(Serialize, Deserialize)]
struct Wire {
    shape: Shape,
    /// The columns in its output.
    columns: Vec<String>,
}

/// Encodes a session join; `None` for other operators.
///
/// # Errors
/// None at present.
pub fn encode_operator(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Vec<u8>>> {
    let Some(join) = node.downcast_ref::<SessionsExec>() else { return Ok(None) };
    let columns = join.schema.fields().iter().map(|field| field.name().clone()).collect();
    let wire = Wire { shape: join.shape.clone(), columns };
    serde_json::to_vec(&wire).map(Some).map_err(|error| DataFusionError::External(error.into()))
}

/// Decodes a session join over its two inputs. It has one partition, because engines that split a plan among machines
/// then pass all of the inputs to it.
///
/// # Errors
/// When the bytes or inputs do not belong to a session join.
pub fn decode_operator(bytes: &[u8], inputs: &[Arc<dyn ExecutionPlan>]) -> Result<Arc<dyn ExecutionPlan>> {
    let Wire { shape, columns } =
        serde_json::from_slice(bytes).map_err(|error| DataFusionError::External(error.into()))?;
    let [versions, calendar] = inputs else { return internal_err!("expected two inputs, not {}", inputs.len()) };
    let own = versions.schema();
    let field = |name: &String| {
        if name == SESSION { Ok(session()) } else { Ok(own.field_with_name(name)?.clone()) }
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Result<Vec<_>>>()?));
    let inputs = [Arc::clone(versions), Arc::clone(calendar)];
    Ok(Arc::new(SessionsExec::new(shape, schema, inputs, 1)))
}
