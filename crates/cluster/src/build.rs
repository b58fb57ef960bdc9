//! The plan of a build: pieces of work as rows, and an operator that runs each piece where its row is. Ballista gives a
//! task the rows of its own partitions, so it carries no other task's work. What a piece does is not decided here.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties as _, Partitioning,
    PlanProperties, ReplaceChildrenOptions,
};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use futures::TryStreamExt as _;
use pitlake::build::{Refused, Worker};

/// Rows of work: the number of a piece, and the packed piece.
fn work() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("piece", DataType::UInt64, false),
        Field::new("work", DataType::Binary, false),
    ]))
}

/// Rows of answers: the number of a piece, and its answer.
fn answers() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("piece", DataType::UInt64, false),
        Field::new("answer", DataType::Utf8, false),
    ]))
}

/// A plan for packed pieces of work, one per partition.
pub(crate) fn plan(job: &str, pieces: &[(u64, Vec<u8>)]) -> Result<Arc<dyn ExecutionPlan>> {
    let row = |(number, piece): &(u64, Vec<u8>)| {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(UInt64Array::from(vec![*number])), Arc::new(BinaryArray::from_vec(vec![piece]))];
        Ok(vec![RecordBatch::try_new(work(), columns)?])
    };
    let rows = pieces.iter().map(row).collect::<Result<Vec<_>>>()?;
    let source = MemorySourceConfig::try_new_exec(&rows, work(), None)?;
    Ok(Arc::new(BuildExec::new(source, packed(job)?.into(), None)))
}

/// Reads answers from rows.
pub(crate) fn read(batches: &[RecordBatch]) -> Vec<(u64, String)> {
    let of = |batch: &RecordBatch| {
        let (numbers, texts) = (batch.column(0).as_primitive::<UInt64Type>(), batch.column(1).as_string::<i32>());
        (0..batch.num_rows()).map(|row| (numbers.value(row), texts.value(row).to_owned())).collect::<Vec<_>>()
    };
    batches.iter().flat_map(of).collect()
}

/// Compresses a text for transport.
pub(crate) fn packed(text: &str) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?)
}

fn unpacked(bytes: &[u8]) -> Result<String> {
    let mut text = String::new();
    ZlibDecoder::new(bytes).read_to_string(&mut text)?;
    Ok(text)
}

/// Runs the pieces of work in its input.
#[derive(Debug)]
pub(crate) struct BuildExec {
    input: Arc<dyn ExecutionPlan>,
    /// What all pieces need, packed.
    pub(crate) job: Arc<[u8]>,
    /// Runs the pieces; `None` on a machine that only plans.
    worker: Option<Arc<Worker>>,
    properties: Arc<PlanProperties>,
}

impl BuildExec {
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, job: Arc<[u8]>, worker: Option<Arc<Worker>>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(answers()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, job, worker, properties: Arc::new(properties) }
    }
}

impl ExecutionPlan for BuildExec {
    fn name(&self) -> &'static str {
        "BuildExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = &children[..] else { return internal_err!("one input") };
        Ok(Arc::new(Self::new(Arc::clone(input), Arc::clone(&self.job), self.worker.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(worker) = self.worker.clone() else { return internal_err!("no worker here") };
        let job: Arc<str> = unpacked(&self.job)?.into();
        let rows = self.input.execute(partition, context)?;
        let answered = rows.and_then(move |batch| answer(Arc::clone(&worker), Arc::clone(&job), batch));
        Ok(Box::pin(RecordBatchStreamAdapter::new(answers(), answered)))
    }
}

/// The prefix of the error for a refused plan, which comes back as text.
const REFUSED: &str = "an executor refuses the plan";

/// Whether an executor refused the plan, in which case sending it again is pointless.
pub(crate) fn is_refused(error: &DataFusionError) -> bool {
    error.to_string().contains(REFUSED)
}

/// Runs the pieces of a batch.
async fn answer(worker: Arc<Worker>, job: Arc<str>, batch: RecordBatch) -> Result<RecordBatch> {
    let work = batch.column(1).as_binary::<i32>();
    let mut done = Vec::with_capacity(work.len());
    for piece in work.iter().flatten() {
        let piece = unpacked(piece)?;
        let answer = worker.run(&job, &piece).await;
        done.push(answer.map_err(|error| {
            let what = if error.is::<Refused>() { REFUSED } else { "cannot build" };
            DataFusionError::Execution(format!("{what}: {error:#}"))
        })?);
    }
    Ok(RecordBatch::try_new(answers(), vec![Arc::clone(batch.column(0)), Arc::new(StringArray::from(done))])?)
}

impl DisplayAs for BuildExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BuildExec")
    }
}
