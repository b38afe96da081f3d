//! Where notebooks are run: the kernel in production, anything that answers alike in tests.
//! The pipeline knows no more of kernels than this.

use tokio::sync::OnceCell;

use crate::Result;
use crate::course::Rubric;
use crate::kernel::{self, KernelEnvironment, Session};
use crate::notebook::Notebook;
use crate::outcome::{Isolation, Transcript};
use crate::runner::{CodeCell, Kernel, KernelFailure, Pieces, run_notebook, run_together};

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

/// Runs a notebook in a kernel and, unless that was declined, a sandbox of its own.
///
/// # Errors
/// If the kernel fails twice.
pub async fn run(
    environment: &KernelEnvironment,
    notebook: &Notebook,
    rubric: &Rubric,
) -> Result<Transcript, KernelFailure> {
    match run_once(environment, notebook, rubric).await {
        // A kernel that fails is not the student's doing and seldom fails again.
        Err(_) => run_once(environment, notebook, rubric).await,
        done => done,
    }
}

async fn run_once(
    environment: &KernelEnvironment,
    notebook: &Notebook,
    rubric: &Rubric,
) -> Result<Transcript, KernelFailure> {
    let failed = |e: &dyn std::fmt::Display| KernelFailure(e.to_string());
    let limits = rubric.limits;
    let (cells, wanted) = (code_cells(notebook), rubric.wanted());
    let mut session;
    let mut together = None;
    if let Some(pieces) = Pieces::of(&cells) {
        session = Session::start_plain(environment, limits.of_box()).await.map_err(|e| failed(&e))?;
        together = run_together(&mut session, (&cells, pieces), &wanted, limits).await?;
        if together.is_none() {
            session.restart().await?;
        }
    } else {
        session = Session::start(environment, limits.of_box()).await.map_err(|e| failed(&e))?;
    }
    let transcript = match together {
        Some(transcript) => transcript,
        None => run_notebook(&mut session, &cells, &wanted, limits).await?,
    };
    Ok(Transcript { isolation: session.isolation(), ..transcript })
}

fn code_cells(notebook: &Notebook) -> Vec<CodeCell> {
    let cells =
        notebook.cells().iter().enumerate().filter(|(_, c)| c.is_code() && !c.source().trim().is_empty());
    cells
        .map(|(index, c)| CodeCell {
            index,
            grade_id: c.grade_id(),
            source: c.source(),
            execution_count: c.execution_count(),
        })
        .collect()
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
        run(environment, notebook, rubric).await
    }
}
