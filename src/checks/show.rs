//! What `check!` found, below the cell: a line for each check, and pictures with the expected band.
//! Its colours are the notebook's own, so that it can be read in a light and in a dark theme.

use std::cell::Cell;
use std::fmt;
use std::io::Write;

use super::Finding;

/// The result of `check!`. It shows itself once, whether it is the last expression of a cell or a statement.
#[must_use = "it is shown below the cell"]
pub struct Checked {
    title: String,
    findings: Vec<Finding>,
    shown: Cell<bool>,
}

impl Checked {
    pub(super) fn new(title: &str, findings: Vec<Finding>) -> Self {
        Self { title: title.to_owned(), findings, shown: Cell::new(false) }
    }

    pub(super) fn nothing(words: String) -> Self {
        Self::new(&words, Vec::new())
    }

    /// What was found, check by check; empty if there was nothing to check by.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Shows it in a notebook; evcxr calls this for the last expression of a cell.
    pub fn evcxr_display(&self) {
        self.shown.set(true);
        let text = format!(
            "EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\n{self}\nEVCXR_END_CONTENT",
            self.html()
        );
        let written = writeln!(std::io::stdout().lock(), "{text}");
        drop(written); // without an output there is nobody to tell
    }

    fn html(&self) -> String {
        let mut out = format!(
            "<div role=\"group\" aria-label=\"public checks\" style=\"border-left:3px solid #888;padding:2px 0 2px 12px\">\
             <div><b>{}</b></div>",
            escaped(&self.title)
        );
        for finding in &self.findings {
            let (mark, colour, word) = if finding.passed {
                ("✓", "var(--jp-success-color1,#2e8540)", "passed")
            } else {
                ("✗", "var(--jp-error-color1,#d54309)", "not yet")
            };
            out.push_str(&format!(
                "<div><span aria-label=\"{word}\" style=\"color:{colour};font-weight:bold\">{mark}</span> {}: {}</div>",
                escaped(&finding.title),
                escaped(&finding.message)
            ));
            if let Some(hint) = &finding.hint {
                out.push_str(&format!("<div style=\"padding-left:1.3em\"><i>{}</i></div>", escaped(hint)));
            }
            if let Some(svg) = finding.picture.as_ref().and_then(|p| p.to_svg().ok()) {
                out.push_str(&format!("<div style=\"padding:4px 0 4px 1.3em\">{}</div>", svg.trim()));
            }
        }
        if !self.findings.is_empty() {
            out.push_str(
                "<div style=\"opacity:.75;font-size:90%\">These are the public checks; the marks look closer.</div>",
            );
        }
        out.push_str("</div>");
        out.replace('\n', " ")
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        // A statement `check!(…);` should be seen, too, but in a notebook only, and only if it has something to say.
        let in_notebook = std::env::var_os("EVCXR_IS_RUNTIME").is_some();
        if in_notebook && !self.shown.get() && !self.findings.is_empty() {
            self.evcxr_display();
        }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        for finding in &self.findings {
            let mark = if finding.passed { '✓' } else { '✗' };
            write!(f, "\n  {mark} {}: {}", finding.title, finding.message)?;
            if let Some(hint) = &finding.hint {
                write!(f, "\n    {hint}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Figure;

    #[test]
    fn what_was_found_is_one_block_of_html() {
        let finding = |passed| Finding {
            title: "v < 1".into(),
            passed,
            message: "a\nb".into(),
            hint: (!passed).then(|| "look & see".to_owned()),
            picture: Some(Figure::new().plot(0..3, 0..3)),
        };
        let checked = Checked::new("Q", vec![finding(true), finding(false)]);
        let html = checked.html();
        assert!(
            !html.contains('\n') && html.contains("v &lt; 1") && html.contains("look &amp; see"),
            "{html}"
        );
        assert_eq!((html.matches("<svg").count(), html.matches("✓").count()), (2, 1));
        assert!(checked.to_string().contains("✗ v < 1: a"));
    }
}
