//! The command line: what can be asked for, and the exit code that scripts read.
//! All work is done by the library; this file knows words and options only.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use grader::commands::{self, Outcome};

/// Grades spikelab notebooks through the evcxr Jupyter kernel.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true, after_help = AFTER)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Examples:
  grader grade tests/submissions             every notebook below a folder
  grader grade anna.ipynb --out marks        one notebook, results in marks/
  grader release --check                     are assignment/ and solutions/ in step?
  grader kernel install                      make the kernel known to JupyterLab

The course is found upwards from the present folder: the first one with
assignment/ and solutions/ in it. --course names another one.

Exit codes: 0 all graded, 1 something could not be graded or checked, 2 wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Run submissions, mark them, and write a table, grades.csv, grades.json and feedback pages
    #[command(after_help = GRADE)]
    Grade {
        /// Notebooks, or folders of them: NAME.ipynb or nbgrader's STUDENT/ASSIGNMENT/NOTEBOOK.ipynb
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Where the results go
        #[arg(long, default_value = "results", value_name = "DIR")]
        out: PathBuf,
        /// Submissions run at the same time [default: one for each core]
        #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        jobs: Option<u16>,
        #[command(flatten)]
        course: Course,
    },
    /// Make assignment/*.ipynb from solutions/*.ipynb: solutions become blanks
    Release {
        /// Only these exercises, such as exercise1 [default: all]
        names: Vec<String>,
        /// Change nothing; fail if assignment/ is not what would be made
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        course: Course,
    },
    /// Run the solutions and store the values that submissions are compared with
    Expect {
        /// Only these exercises [default: all]
        names: Vec<String>,
        /// Change nothing; fail if solutions/expected/ is not what the solutions give
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        course: Course,
    },
    /// Check the course itself: solutions earn full marks, blanks earn none, everything is in step
    Verify {
        #[command(flatten)]
        course: Course,
    },
    /// Print the JSON Schema of a file format, for editors and for programs that write such files
    Schema {
        /// Which format
        format: SchemaFormat,
    },
    /// Be a Jupyter kernel, or make it known to Jupyter
    Kernel {
        #[command(subcommand)]
        command: Option<KernelCommand>,
        /// Connection file, as Jupyter gives it when it starts a kernel
        #[arg(long = "control_file", value_name = "FILE")]
        control_file: Option<PathBuf>,
    },
}

const GRADE: &str = "\
In DIR afterwards:
  grades.csv                          one line a submission, for a spreadsheet or nbgrader
  grades.json                         everything: every check, every cell
  STUDENT/[ASSIGNMENT/]feedback.html  what to hand back: marks, plots, hints, changes

A student is the folder's name, or the file's name in a flat folder. What cannot be
graded (not a notebook, an unknown exercise) is listed with the reason, and
never counted as zero.";

#[derive(Subcommand)]
enum KernelCommand {
    /// Register the kernel `Rust (spikelab)` for this user
    Install {
        /// Another place than the user's own, such as a virtual environment
        #[arg(long, value_name = "DIR")]
        prefix: Option<PathBuf>,
    },
}

/// The formats that have a schema.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SchemaFormat {
    /// A network as data: what `Network::description` gives
    Network,
}

#[derive(Args)]
struct Course {
    /// The folder with assignment/ and solutions/
    #[arg(long = "course", value_name = "DIR")]
    root: Option<PathBuf>,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Grade { paths, out, jobs, course } => {
            commands::grade(&paths, &out, jobs, course.root.as_deref())
        }
        Command::Release { names, check, course } => commands::release(&names, check, course.root.as_deref()),
        Command::Expect { names, check, course } => commands::expect(&names, check, course.root.as_deref()),
        Command::Verify { course } => commands::verify(course.root.as_deref()),
        Command::Schema { format: SchemaFormat::Network } => commands::network_schema(),
        Command::Kernel { command: Some(KernelCommand::Install { prefix }), .. } => {
            commands::install_kernel(prefix)
        }
        Command::Kernel { command: None, control_file: Some(file) } => commands::run_kernel(&file),
        Command::Kernel { command: None, control_file: None } => Err(grader::Error::usage(
            "nothing to do",
            "give `--control_file FILE` as Jupyter does, or `grader kernel install`",
        )),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}
