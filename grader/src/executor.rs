//! Where notebooks are run: the kernel in production, anything that answers alike in tests.
//! The pipeline knows no more of kernels than this.

use tokio::sync::OnceCell;

use crate::course::Rubric;
use crate::kernel::{self, KernelEnvironment};
use crate::notebook::Notebook;
use crate::outcome::Transcript;
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
#[derive(Debug, Default)]
pub struct KernelExecutor {
    environment: OnceCell<KernelEnvironment>,
}

impl KernelExecutor {
    async fn ready(&self) -> Result<&KernelEnvironment> {
        Ok(self.environment.get_or_try_init(KernelEnvironment::prepare).await?)
    }
}

impl Executor for KernelExecutor {
    fn environment(&self) -> Result<String> {
        Ok(kernel::identity()?)
    }

    async fn prepare(&self) -> Result<()> {
        self.ready().await.map(|_| ())
    }

    async fn run(&self, notebook: &Notebook, rubric: &Rubric) -> Result<Transcript, KernelFailure> {
        let environment = self.ready().await.map_err(|e| KernelFailure(e.to_string()))?;
        pipeline::run(environment, notebook, rubric).await
    }
}
