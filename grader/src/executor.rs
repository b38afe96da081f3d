//! Where notebooks are run: the kernel in production, anything that answers alike in tests.
//! The pipeline knows no more of kernels than this.

use tokio::sync::OnceCell;

use crate::course::Rubric;
use crate::kernel::{self, KernelEnvironment};
use crate::notebook::Notebook;
use crate::outcome::{Isolation, Transcript};
use crate::runner::KernelFailure;
use crate::{Result, pipeline};

/// Runs notebooks.
pub trait Executor: Send + Sync + 'static {
    /// A name for everything beside the notebook that decides about a run: library, kernel, compiler.
    ///
    /// # Errors
    /// If that cannot be found out.
    fn environment(&self) -> Result<String>;

    /// Gets ready; called once, before the first run, and not at all if nothing has to be run.
    fn prepare(&self) -> impl Future<Output = Result<()>> + Send;

    /// Runs one notebook.
    fn run(
        &self,
        notebook: &Notebook,
        rubric: &Rubric,
    ) -> impl Future<Output = Result<Transcript, KernelFailure>> + Send;
}

/// The evcxr kernel, prepared when it is needed.
#[derive(Debug)]
pub struct KernelExecutor {
    isolation: Isolation,
    environment: OnceCell<KernelEnvironment>,
}

impl KernelExecutor {
    /// Runs notebooks in the sandbox, or with the grader's own rights.
    #[must_use]
    pub fn new(isolation: Isolation) -> Self {
        Self { isolation, environment: OnceCell::new() }
    }

    async fn ready(&self) -> Result<&KernelEnvironment> {
        Ok(self.environment.get_or_try_init(|| KernelEnvironment::prepare(self.isolation)).await?)
    }
}

impl Executor for KernelExecutor {
    fn environment(&self) -> Result<String> {
        // What was run with another isolation is not what is asked for.
        Ok(format!("{} {}", kernel::identity()?, self.isolation.word()))
    }

    async fn prepare(&self) -> Result<()> {
        self.ready().await.map(|_| ())
    }

    async fn run(&self, notebook: &Notebook, rubric: &Rubric) -> Result<Transcript, KernelFailure> {
        let environment = self.ready().await.map_err(|e| KernelFailure(e.to_string()))?;
        pipeline::run(environment, notebook, rubric).await
    }
}
