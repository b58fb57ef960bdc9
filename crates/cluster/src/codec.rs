//! Encodes our operators next to Ballista's. What they do is not decided here.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use pitlake::build::Worker;
use pitlake::query::{decode_operator, encode_operator};

use crate::build::BuildExec;

/// The prefix of our messages. Ballista's own never start like this, because their field numbers are below 16.
const BUILD: &[u8] = b"pitlake build\0";
const QUERY: &[u8] = b"pitlake query\0";

/// Encodes and decodes operators.
#[derive(Debug, Default)]
pub(crate) struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
    worker: Option<Arc<Worker>>,
}

impl Codec {
    /// A codec for a machine that builds.
    pub(crate) fn of(worker: Worker) -> Self {
        Self { worker: Some(Arc::new(worker)), ..Self::default() }
    }
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(operator) = bytes.strip_prefix(QUERY) {
            return decode_operator(operator, inputs);
        }
        let Some(job) = bytes.strip_prefix(BUILD) else {
            return self.ballista.try_decode(bytes, inputs, context, converter);
        };
        let [input] = inputs else { return internal_err!("a build has one input, not {}", inputs.len()) };
        Ok(Arc::new(BuildExec::new(Arc::clone(input), job.into(), self.worker.clone())))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        if let Some(build) = node.downcast_ref::<BuildExec>() {
            bytes.extend_from_slice(BUILD);
            bytes.extend_from_slice(&build.job);
            return Ok(());
        }
        if let Some(operator) = encode_operator(&node)? {
            bytes.extend_from_slice(QUERY);
            bytes.extend_from_slice(&operator);
            return Ok(());
        }
        self.ballista.try_encode(node, bytes, converter)
    }
}
