//! What is run and what is looked for: the code cells of a notebook and the variables of the rubric.
//! Decides after which cell each question's variables are taken out.

/// One code cell of a submission.
#[derive(Clone, Debug)]
pub struct CodeCell {
    /// Position among all cells of the notebook, from 0.
    pub index: usize,
    /// nbgrader's `grade_id`, if the cell has one.
    pub grade_id: Option<String>,
    /// Its source.
    pub source: String,
    /// In which place the student ran it, if at all.
    pub execution_count: Option<i64>,
}

impl CodeCell {
    /// True if the cell holds a command to the kernel (`:quit`, `!ls`), which may do what no cell should.
    /// evcxr reads commands on the leading lines of a cell, after empty lines and comments.
    #[must_use]
    pub fn has_command(&self) -> bool {
        self.source
            .lines()
            .map(str::trim_start)
            .find(|line| !line.is_empty() && !line.starts_with("//"))
            .is_some_and(|line| line.starts_with('!') || (line.starts_with(':') && !line.starts_with("::")))
    }
}

/// What a variable is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A spike monitor.
    Spikes,
    /// A state monitor.
    Traces,
    /// Synapses.
    Connectivity,
    /// A neuron group.
    Group,
    /// A figure.
    Figure,
    /// A network.
    Network,
    /// A number, list or text, which no type tells apart from others.
    Plain,
}

impl Kind {
    /// The library's type of such a variable.
    #[must_use]
    pub const fn type_name(self) -> Option<&'static str> {
        match self {
            Self::Spikes => Some("SpikeMonitor"),
            Self::Traces => Some("StateMonitor"),
            Self::Connectivity => Some("Synapses"),
            Self::Group => Some("NeuronGroup"),
            Self::Figure => Some("Figure"),
            Self::Network => Some("Network"),
            Self::Plain => None,
        }
    }

    /// True if `type_name`, as the kernel writes it, is this kind's type.
    #[must_use]
    pub fn is(self, type_name: &str) -> bool {
        self.type_name().is_some_and(|own| type_name.rsplit("::").next() == Some(own))
    }
}

/// A graded variable.
#[derive(Clone, Debug)]
pub struct WantedVariable {
    /// The name in the rubric.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// A question of the rubric, as far as running is concerned.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Question id.
    pub question: String,
    /// `grade_id`s of its cells.
    pub cells: Vec<String>,
    /// Its variables.
    pub variables: Vec<WantedVariable>,
}

impl Wanted {
    /// The place in `cells` after which the variables are taken out; `None` if no cell of the question is left.
    #[must_use]
    pub fn place(&self, cells: &[CodeCell]) -> Option<usize> {
        cells.iter().rposition(|c| c.grade_id.as_ref().is_some_and(|id| self.cells.contains(id)))
    }
}

/// Says so if the student ran the cells in another order than that of the notebook.
#[must_use]
pub(super) fn out_of_order(cells: &[CodeCell]) -> Option<String> {
    let counts: Vec<i64> = cells.iter().filter_map(|c| c.execution_count).collect();
    let words = "the notebook was last run in another order than from top to bottom; it was graded from top to bottom";
    (!counts.is_sorted()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(source: &str, count: Option<i64>) -> CodeCell {
        CodeCell { index: 0, grade_id: None, source: source.to_owned(), execution_count: count }
    }

    #[test]
    fn commands_are_seen_where_the_kernel_sees_them() {
        for command in [":quit", "!rm -r x", "\n// hello\n  :dep serde", "  !ls"] {
            assert!(cell(command, None).has_command(), "{command}");
        }
        for code in ["let x = 1;", "::std::process::exit(0)", "// :quit\nlet x = 1;", "let x =\n!true;", ""] {
            assert!(!cell(code, None).has_command(), "{code}");
        }
    }

    #[test]
    fn order_is_that_of_the_counts() {
        assert_eq!(out_of_order(&[cell("", Some(1)), cell("", None), cell("", Some(7))]), None);
        assert!(out_of_order(&[cell("", Some(4)), cell("", Some(3))]).is_some());
    }

    #[test]
    fn types_are_known_by_their_last_word() {
        assert!(Kind::Spikes.is("spikelab::monitors::SpikeMonitor"));
        assert!(!Kind::Spikes.is("StateMonitor") && !Kind::Plain.is("f64"));
    }
}
