//! The command line: what can be asked for, and the exit code that scripts read.
//! All work is done by the library; this file knows words and options only.

mod desk;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use desk::{Desk, Told};
use grader::commands::{self, Outcome, Place, Request};
use grader::gradebook::Override;
use grader::outcome::Isolation;
use grader::{model, text};

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
  grader regrade                             after a change of a rubric, without a kernel
  grader history anna                        what became of her marks, and why
  grader release --check                     are assignment/ and solutions/ in step?
  grader grade solutions --junit out.xml --fail-under 100 --format github   in CI
  grader kernel install                      make the kernel known to JupyterLab

The course is found upwards from the present folder: the first one with
assignment/ and solutions/ in it. --course names another one.

Exit codes: 0 all graded, 1 something could not be graded or checked, 2 wrong usage,
3 there is no sandbox and so nothing was run, 4 fewer points than --fail-under asks for,
130 interrupted: what was finished is stored, the same command goes on.
NO_COLOR is honoured; colours and progress are shown on terminals only.";

#[derive(Subcommand)]
enum Command {
    /// Run submissions, mark them, and write a table, grades.csv, grades.json and feedback pages
    #[command(after_help = GRADE)]
    Grade {
        /// Notebooks, or folders of them: NAME.ipynb or nbgrader's STUDENT/ASSIGNMENT/NOTEBOOK.ipynb
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        place: Results,
        /// Submissions run at the same time [default: one for each core]
        #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        jobs: Option<u16>,
        /// Run every notebook again, also those that are unchanged
        #[arg(long)]
        force: bool,
        /// Larger notebooks are refused, in megabytes
        #[arg(long, value_name = "MB", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
        largest: u16,
        #[command(flatten)]
        told: Told,
        #[command(flatten)]
        sandbox: Sandbox,
    },
    /// Judge everything in the gradebook again, from stored values and without a kernel
    Regrade {
        #[command(flatten)]
        place: Results,
        /// Submissions judged at the same time [default: one for each core]
        #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        jobs: Option<u16>,
        #[command(flatten)]
        told: Told,
    },
    /// Set the points of one question by hand; the grader's own stay in the gradebook
    Override {
        /// The student, as the table of results calls them
        student: String,
        /// The question's id, a column of grades.csv
        question: String,
        /// The points; left out with --remove
        #[arg(required_unless_present = "remove", conflicts_with = "remove")]
        points: Option<f64>,
        #[command(flatten)]
        decision: Decision,
        /// The exercise, if several have a question of this name
        #[arg(long, value_name = "NAME")]
        assignment: Option<String>,
        /// Let the grader's own points count again
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        place: Results,
    },
    /// Give a student a deadline of their own, before or after something is handed in
    Extend {
        /// The student, as the table of results calls them
        student: String,
        /// Until when: a time with its zone, or a length after everybody's deadline, such as `3 days`
        #[arg(required_unless_present = "remove", conflicts_with = "remove")]
        until: Option<String>,
        #[command(flatten)]
        decision: Decision,
        /// The exercise, if the course has several with a deadline
        #[arg(long, value_name = "NAME")]
        assignment: Option<String>,
        /// Let everybody's deadline hold again
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        place: Results,
    },
    /// Show all marks that a student ever had, and why they changed
    History {
        /// The student, as the table of results calls them
        student: String,
        #[command(flatten)]
        place: Results,
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
        #[command(flatten)]
        sandbox: Sandbox,
    },
    /// Check the course itself: solutions earn full marks, blanks earn none, everything is in step
    Verify {
        /// Leave out the small submissions of tests/verdicts/, whose marks are held against those they must get
        #[arg(long)]
        quick: bool,
        #[command(flatten)]
        course: Course,
        #[command(flatten)]
        sandbox: Sandbox,
    },
    /// Open the exercises in JupyterLab, with kernel and library ready
    Lab {
        /// A notebook, a folder, or an exercise such as exercise1 [default: all exercises]
        what: Option<PathBuf>,
        /// Put JupyterLab into a folder of its own if it is missing
        #[arg(long)]
        install: bool,
        /// Prepare everything, open nothing
        #[arg(long)]
        prepare_only: bool,
        /// Options for JupyterLab itself, such as `-- --no-browser`
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// Hold your own notebook against its public checks, within a second and without marks
    #[command(after_help = CHECK)]
    Check {
        /// The notebook
        #[arg(value_name = "NOTEBOOK")]
        file: PathBuf,
        /// Check again whenever it is saved
        #[arg(long, short)]
        watch: bool,
        /// Stop it after so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
    },
    /// Show whether everything that grading needs is here, and whether the sandbox holds
    Doctor,
    /// Make pictures in pixels, NAME.png, from SVG files such as `Figure::save` writes
    Png {
        /// SVG files; `-` reads one from standard input and writes the picture to standard output
        #[arg(required = true)]
        files: Vec<PathBuf>,
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
    /// Simulate networks for another grader, which reads the answers
    #[command(hide = true)]
    Simulate {
        /// Most bytes of memory
        memory: u64,
    },
    #[command(flatten)]
    Desk(Desk),
}

const GRADE: &str = "\
In DIR afterwards:
  grades.csv                          one line a submission, for a spreadsheet or nbgrader
  grades.json                         everything: every check, every cell
  gradebook.db                        the same for ever: every run, value and mark (SQLite)
  STUDENT/[ASSIGNMENT/]feedback.html  what to hand back: marks, plots, hints, changes

A student is the folder's name, or the file's name in a flat folder. What cannot be
graded (not a notebook, an unknown exercise) is listed with the reason, and
never counted as zero.

Every finished submission is in the gradebook at once. After an interruption, a crash
or a full disk the same command goes on. What is unchanged is not run again, a
changed rubric is applied to the stored values, and no mark is ever forgotten.";

const CHECK: &str = "\
The notebook is compiled and run as one program with your own rights, so only check
notebooks that you trust. Cells with blanks, and cells that need them, are left out.
The kernel of Jupyter has the last word: it is stricter about what stays after a cell.

Exit codes: 0 all checks pass, 1 some do not, 2 wrong usage.";

#[derive(Subcommand)]
enum KernelCommand {
    /// Register the kernel `Rust (spikelab)` for this user
    Install {
        /// Another place than the user's own, such as a virtual environment
        #[arg(long, value_name = "DIR")]
        prefix: Option<PathBuf>,
    },
    /// Compile what a kernel needs, so that its first start does not wait for it
    Prepare,
}

/// The formats that have a schema.
#[derive(Clone, Copy, clap::ValueEnum)]
enum SchemaFormat {
    /// A network as data: what `Network::description` gives
    Network,
    /// A rubric, `assignment/NAME.yaml`
    Rubric,
}

/// Who decides something by hand, and why.
#[derive(Args)]
struct Decision {
    /// Why; shown to the student
    #[arg(long)]
    reason: String,
    /// Who decided; shown to the student
    #[arg(long)]
    author: String,
}

#[derive(Args)]
struct Sandbox {
    /// Run notebooks with your own rights instead of in the sandbox. Only for your own!
    #[arg(long)]
    no_sandbox: bool,
}

impl Sandbox {
    const fn isolation(&self) -> Isolation {
        if self.no_sandbox { Isolation::None } else { Isolation::Full }
    }
}

#[derive(Args)]
struct Course {
    /// The folder with assignment/ and solutions/
    #[arg(long = "course", value_name = "DIR")]
    root: Option<PathBuf>,
}

/// Where results are kept.
#[derive(Args)]
struct Results {
    /// Where the results go
    #[arg(long, default_value = "results", value_name = "DIR")]
    out: PathBuf,
    /// The gradebook [default: gradebook.db in DIR]
    #[arg(long, value_name = "FILE")]
    gradebook: Option<PathBuf>,
    #[command(flatten)]
    course: Course,
}

impl Results {
    fn place(self) -> Place {
        Place { out: self.out, gradebook: self.gradebook, course: self.course.root }
    }
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let what = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown");
        eprintln!("internal error{place}: {}\n  help: please report it", text::one_line(what));
    }));
    let command = Cli::parse().command;
    if let Command::Simulate { memory } = command {
        model::serve_simulations(memory);
        return ExitCode::SUCCESS;
    }
    if let Ok(program) = std::env::current_exe() {
        model::Simulator::new(&program).install();
    }
    let result = match command {
        Command::Grade { paths, place, jobs, force, largest, told, sandbox } => {
            let largest = u64::from(largest) << 20;
            commands::grade(&Request {
                paths,
                place: place.place(),
                jobs,
                force,
                largest,
                isolation: sandbox.isolation(),
                telling: told.telling(),
            })
        }
        Command::Regrade { place, jobs, told } => commands::regrade(&place.place(), jobs, &told.telling()),
        Command::Override {
            student,
            question,
            points,
            decision: Decision { reason, author },
            assignment,
            remove: _,
            place,
        } => {
            let new = Override { student, assignment, question, points, author, reason };
            commands::override_points(&place.place(), &new)
        }
        Command::Extend {
            student,
            until,
            decision: Decision { reason, author },
            assignment,
            remove: _,
            place,
        } => {
            commands::extend(&place.place(), &commands::Extend { student, until, reason, author, assignment })
        }
        Command::History { student, place } => commands::history(&place.place().book(), &student),
        Command::Release { names, check, course } => commands::release(&names, check, course.root.as_deref()),
        Command::Expect { names, check, course, sandbox } => {
            commands::expect(&names, check, course.root.as_deref(), sandbox.isolation())
        }
        Command::Verify { quick, course, sandbox } => {
            commands::verify(course.root.as_deref(), sandbox.isolation(), quick)
        }
        Command::Lab { what, install, prepare_only, options } => {
            commands::lab(&commands::Lab { what, install, prepare_only, options })
        }
        Command::Check { file, watch, seconds } => commands::check(&file, watch, seconds),
        Command::Doctor => commands::doctor(),
        Command::Png { files } => commands::png(&files),
        Command::Schema { format: SchemaFormat::Network } => commands::network_schema(),
        Command::Schema { format: SchemaFormat::Rubric } => commands::rubric_schema(),
        Command::Desk(desk) => desk.run(),
        Command::Kernel { command: Some(KernelCommand::Install { prefix }), .. } => {
            commands::install_kernel(prefix)
        }
        Command::Kernel { command: Some(KernelCommand::Prepare), .. } => commands::prepare_kernel(),
        Command::Kernel { command: None, control_file: Some(file) } => commands::run_kernel(&file),
        Command::Simulate { .. } => Ok(Outcome::Done),
        Command::Kernel { command: None, control_file: None } => Err(grader::Error::usage(
            "nothing to do",
            "give `--control_file FILE` as Jupyter does, or `grader kernel install`",
        )),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Incomplete) => ExitCode::from(1),
        Ok(Outcome::Below) => ExitCode::from(4),
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(error) => {
            // Names of files are in it.
            eprintln!("{}", text::visible(&error.to_string()));
            ExitCode::from(error.exit_code())
        }
    }
}
