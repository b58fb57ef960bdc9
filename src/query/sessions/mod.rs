//! The session join as an operator of the engine: for each security and session, the newest period known before the
//! open, with its versions of that morning. There are few versions, which are sorted in memory; sessions are produced
//! batch by batch. The arguments of the SQL function are in `function`.

mod rows;
mod walk;
mod wire;

use std::fmt;
use std::sync::Arc;

use arrow::array::AsArray as _;
use arrow::compute::concat_batches;
use arrow::datatypes::{Date32Type, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, InputDistributionRequirements,
    Partitioning, PlanProperties, ReplaceChildrenOptions, collect,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::OnceCell;

use rows::{CONTROL, Prepared, SESSION, Shape, session};
pub use wire::{decode_operator, encode_operator};

use crate::spec::{ColumnType, Table};

/// The session join for a table.
#[derive(Debug)]
pub(super) struct SessionsJoin {
    shape: Shape,
    schema: SchemaRef,
    versions: LogicalPlan,
    calendar: LogicalPlan,
}

/// Why a table has no session join.
pub(super) fn refusal(table: &Table) -> Option<&'static str> {
    let common = table.common_key();
    let is_key = |name: &str| common.iter().any(|index| table.columns[*index].name == name);
    if table.versions.is_none() {
        return Some("it keeps no versions: join it by its day");
    }
    let has_period =
        table.event.is_some_and(|event| common.contains(&event) && table.columns[event].kind == ColumnType::Date);
    (!is_key(SECURITY) || !has_period).then_some("its key has no security and period")
}

/// The column with the security's code.
const SECURITY: &str = "ts_code";

impl SessionsJoin {
    /// The join for a table without a [`refusal`]: `versions` has the table's columns, `calendar` a column with the
    /// dates of sessions.
    pub(super) fn new(table: &Table, versions: LogicalPlan, calendar: LogicalPlan) -> Self {
        let name = |index: &usize| table.columns[*index].name.clone();
        let period = table.event.as_ref().map(name).unwrap_or_default();
        let common = table.common_key();
        let own = table.key.iter().filter(|index| !common.contains(index));
        let is_rest = |name: &String| *name != SECURITY && *name != period;
        let shared: Vec<String> = common.iter().map(name).filter(is_rest).collect();
        let occurrence = table.occurrence.then(|| "occurrence".to_owned());
        let shape = Shape {
            security: SECURITY.to_owned(),
            shared: shared.len(),
            rest: shared.into_iter().chain(own.map(name)).chain(occurrence).collect(),
            vendors: table.vendors().into_iter().map(str::to_owned).collect(),
            later: table.filled_later.iter().map(|later| (name(&later.column), name(&later.by))).collect(),
            period,
        };
        let own = versions.schema().as_arrow().fields().iter().map(|field| field.as_ref().clone());
        let schema = Arc::new(Schema::new(std::iter::once(session()).chain(own).collect::<Vec<_>>()));
        Self { shape, schema, versions, calendar }
    }
}

#[async_trait]
impl TableProvider for SessionsJoin {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    /// Filters on the security restrict the versions; others apply to the result.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let of_security = |filter: &&Expr| filter.column_refs().iter().all(|column| column.name == SECURITY);
        let kind = |filter| {
            if of_security(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(kind).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let shape = &self.shape;
        let key = [&shape.security, &shape.period].into_iter().chain(&shape.rest).map(String::as_str);
        let shown = schema.fields().iter().map(|field| field.name().as_str()).filter(|name| *name != SESSION);
        let dates = schema.fields().iter().filter_map(|field| shape.later.get(field.name())).map(String::as_str);
        let mut needed: Vec<&str> = key.chain(CONTROL).chain(shown).chain(dates).collect();
        needed.sort_unstable();
        needed.dedup();
        let mut versions = LogicalPlanBuilder::from(self.versions.clone());
        for filter in filters {
            versions = versions.filter(filter.clone())?;
        }
        let named = |name: &str| Expr::Column(Column::from_name(name));
        let versions = versions.project(needed.into_iter().map(named))?.build()?;
        let inputs = [state.create_physical_plan(&versions).await?, state.create_physical_plan(&self.calendar).await?];
        let parts = state.config().target_partitions();
        Ok(Arc::new(SessionsExec::new(shape.clone(), schema, inputs, parts)))
    }
}

/// The plan: versions and sessions are read once, and each partition expands some of the securities.
struct SessionsExec {
    shape: Shape,
    schema: SchemaRef,
    inputs: [Arc<dyn ExecutionPlan>; 2],
    properties: Arc<PlanProperties>,
    parts: usize,
    prepared: Arc<OnceCell<Arc<Prepared>>>,
}

impl SessionsExec {
    fn new(shape: Shape, schema: SchemaRef, inputs: [Arc<dyn ExecutionPlan>; 2], parts: usize) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(parts),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { shape, schema, inputs, properties: Arc::new(properties), parts, prepared: Arc::default() }
    }
}

async fn prepare(
    shape: Shape,
    inputs: [Arc<dyn ExecutionPlan>; 2],
    context: Arc<TaskContext>,
) -> Result<Arc<Prepared>> {
    let [versions, calendar] = inputs;
    let schema = versions.schema();
    let days = collect(calendar, Arc::clone(&context)).await?;
    let mut sessions: Vec<i32> =
        days.iter().flat_map(|batch| batch.column(0).as_primitive::<Date32Type>().iter().flatten()).collect();
    sessions.sort_unstable();
    sessions.dedup();
    let rows = concat_batches(&schema, &collect(versions, context).await?)?;
    Ok(Arc::new(Prepared::new(shape, rows, sessions)?))
}

impl ExecutionPlan for SessionsExec {
    fn name(&self) -> &'static str {
        "SessionsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    /// Each input is read completely, whichever partition is requested.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition; self.inputs.len()])
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
        let inputs = children.try_into().map_err(|_| DataFusionError::Internal("expected two inputs".into()))?;
        Ok(Arc::new(Self::new(self.shape.clone(), Arc::clone(&self.schema), inputs, self.parts)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (shape, inputs, prepared) = (self.shape.clone(), self.inputs.clone(), Arc::clone(&self.prepared));
        let (schema, part) = (Arc::clone(&self.schema), (partition, self.parts));
        let batches = async move {
            let prepared = prepared.get_or_try_init(|| prepare(shape, inputs, context)).await?;
            Ok::<_, DataFusionError>(stream::iter(Arc::clone(prepared).batches(part, schema)))
        };
        let batches = stream::once(batches).try_flatten().boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

impl DisplayAs for SessionsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Debug for SessionsExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionsExec: period={}", self.shape.period)
    }
}
