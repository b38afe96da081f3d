//! Words of the command line for the instructor's desk and for CI: how marks are told, completions, manual pages.
//! Part of the program, not of the library.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Subcommand, ValueEnum};
use grader::commands::{Format, Outcome, Telling};
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

impl Desk {
    pub(crate) fn run(self) -> Result<Outcome> {
        match self {
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
