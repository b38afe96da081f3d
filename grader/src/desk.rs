//! Words of the command line for the instructor's desk and for CI: how marks are told, completions, manual pages.
//! Part of the program, not of the library.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Subcommand, ValueEnum};
use grader::commands::{self, Export, Format, Outcome, Telling};
use grader::interchange::platform::Platform;
use grader::{Error, Result, files};

/// Options of the commands that give marks.
#[derive(Args)]
pub(crate) struct Told {
    /// How marks are printed
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// Print neither table nor progress; the exit code tells
    #[arg(long, short)]
    quiet: bool,
    /// Also write JUnit XML: a suite a submission, a case a check
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Exit with 4 if a graded submission has less than so many percent of its points
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_under: Option<f64>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Form {
    /// A table of 80 columns, and what the class did
    #[default]
    Table,
    /// What grades.json has, of this run's submissions
    Json,
    /// Tables for a wiki or a pull request
    Markdown,
    /// Annotations for GitHub Actions, and Markdown into $GITHUB_STEP_SUMMARY
    Github,
}

impl Told {
    pub(crate) fn telling(self) -> Telling {
        let format = match self.format {
            Form::Table => Format::Table,
            Form::Json => Format::Json,
            Form::Markdown => Format::Markdown,
            Form::Github => Format::Github,
        };
        Telling { format, quiet: self.quiet, junit: self.junit, fail_under: self.fail_under }
    }
}

fn percent(text: &str) -> std::result::Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>();
    number
        .ok()
        .filter(|p| (0.0..=100.0).contains(p))
        .ok_or_else(|| "a number from 0 to 100 is wanted".to_owned())
}

/// Commands that need neither kernel nor submissions.
#[derive(Subcommand)]
pub(crate) enum Desk {
    /// Make the folder of a new course: one small exercise to change, and a page that says how
    New {
        /// The folder, which must be empty or not there
        folder: PathBuf,
    },
    /// Hand marks to another program: nbgrader, Moodle, Canvas, Gradescope, otter
    Export {
        #[command(subcommand)]
        to: Target,
    },
    /// Look through results in a browser, set points and comments; for this machine only
    Review {
        /// The port [default: a free one]
        #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
        port: u16,
        /// Who decides, filled into the forms
        #[arg(long, value_name = "NAME", default_value = "")]
        author: String,
        #[command(flatten)]
        place: crate::Results,
    },
    /// Show pairs of submissions that share code which few others wrote: a hint, never a mark
    Similar {
        /// Pairs of each exercise, the closest first
        #[arg(long, value_name = "N", default_value_t = 10)]
        most: usize,
        #[command(flatten)]
        place: crate::Results,
    },
    /// Print completions for a shell
    #[command(
        after_help = "For bash: grader completions bash > ~/.local/share/bash-completion/completions/grader"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one for each command
    Man {
        /// Where to, such as ~/.local/share/man/man1
        folder: PathBuf,
    },
}

#[derive(Subcommand)]
pub(crate) enum Target {
    /// Write nbgrader's gradebook.db, or add to the one that a course has
    Nbgrader {
        /// The file, such as gradebook.db in the folder of nbgrader_config.py
        file: PathBuf,
        #[command(flatten)]
        place: crate::Results,
    },
    /// Fill Moodle's grading worksheet
    Moodle(Worksheet),
    /// Fill the gradebook that Canvas exports
    Canvas(Worksheet),
    /// Write Gradescope's results.json
    Gradescope {
        /// The folder: results.json in it, or in STUDENT/[EXERCISE/] if there are several submissions
        folder: PathBuf,
        /// One file for the submission to this exercise, and why if there is none
        #[arg(long, value_name = "EXERCISE")]
        only: Option<String>,
        #[command(flatten)]
        place: crate::Results,
    },
    /// Write the zip of which Gradescope makes an autograder for one exercise
    GradescopeAutograder {
        /// The exercise
        exercise: String,
        /// The zip
        file: PathBuf,
        /// Run notebooks with the container's rights where it allows no sandbox; the expected values are in it
        #[arg(long)]
        no_sandbox: bool,
        /// The folder with assignment/ and solutions/
        #[arg(long, value_name = "DIR")]
        course: Option<PathBuf>,
    },
    /// Write a list of results as otter-grader has them
    Otter {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        place: crate::Results,
    },
}

#[derive(Args)]
pub(crate) struct Worksheet {
    /// The table, just as the platform handed it out
    table: PathBuf,
    /// The filled table [default: NAME-marked.csv beside it]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The exercise, if the gradebook has several
    #[arg(long, value_name = "NAME")]
    assignment: Option<String>,
    /// The column of the marks, if it has another name than usual
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    #[command(flatten)]
    place: crate::Results,
}

impl Target {
    fn run(self) -> Result<Outcome> {
        let table = |platform, sheet: Worksheet| {
            let Worksheet { table, to, assignment, column, place } = sheet;
            (Export::Table { platform, table, to, assignment, column }, place)
        };
        let (export, place) = match self {
            Self::Nbgrader { file, place } => (Export::Nbgrader(file), place),
            Self::Moodle(sheet) => table(Platform::Moodle, sheet),
            Self::Canvas(sheet) => table(Platform::Canvas, sheet),
            Self::Gradescope { folder, only, place } => (Export::Gradescope { folder, only }, place),
            Self::GradescopeAutograder { exercise, file, no_sandbox, course } => {
                return commands::autograder(course.as_deref(), &exercise, &file, !no_sandbox);
            }
            Self::Otter { file, place } => (Export::Otter(file), place),
        };
        commands::export(&place.place().book(), &export)
    }
}

impl Desk {
    pub(crate) fn run(self) -> Result<Outcome> {
        match self {
            Self::New { folder } => commands::new_course(&folder),
            Self::Export { to } => to.run(),
            Self::Review { port, author, place } => commands::review(&place.place(), port, &author),
            Self::Similar { most, place } => commands::similar(&place.place(), most),
            Self::Completions { shell } => {
                let mut bytes = Vec::new();
                clap_complete::generate(shell, &mut crate::Cli::command(), "grader", &mut bytes);
                print!("{}", String::from_utf8_lossy(&bytes));
                Ok(Outcome::Done)
            }
            Self::Man { folder } => man(&folder),
        }
    }
}

fn man(folder: &Path) -> Result<Outcome> {
    let failed = |e: &dyn std::fmt::Display| {
        Error::new(
            format!("cannot write to {}: {e}", folder.display()),
            "name a folder that is yours to write",
        )
    };
    std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let mut command = crate::Cli::command();
    command.build();
    page(&command, "grader", folder).map_err(|e| failed(&e))?;
    println!("Manual pages: {}", folder.display());
    Ok(Outcome::Done)
}

/// The page of a command and those of its own commands.
fn page(command: &clap::Command, name: &str, folder: &Path) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(name).bin_name(name.replace('-', " ")))
        .render(&mut bytes)?;
    files::write_whole(&folder.join(format!("{name}.1")), &bytes)?;
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help" && !s.is_hide_set()) {
        page(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(())
}
