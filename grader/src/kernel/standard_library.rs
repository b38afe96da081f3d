//! Sources of the standard library for the kernel's type inference, cut down to what inference needs.
//! From rustup's `rust-src` if it is there, else from the pages of `rust-docs`, which every default install has.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::KernelError;
use super::thin::thin;
use super::toolchain::Toolchain;

/// The crates that inference reads.
const CRATES: [&str; 5] = ["core", "alloc", "std", "proc_macro", "std_detect"];

/// A folder with `core/src/lib.rs` and so on, made in `cache` if it is not there yet.
pub(super) fn sources(toolchain: &Toolchain, cache: &Path) -> Result<PathBuf, KernelError> {
    let target = cache.join("signatures");
    if target.join("complete").exists() {
        return Ok(target);
    }
    let library = toolchain.sysroot.join("lib/rustlib/src/rust/library");
    let pages = toolchain.sysroot.join("share/doc/rust/html/src");
    if !library.join("core/src/lib.rs").exists() && !pages.join("core/lib.rs.html").exists() {
        drop(Command::new("rustup").args(["component", "add", "rust-src"]).output());
    }
    let made = if library.join("core/src/lib.rs").exists() {
        CRATES.iter().try_for_each(|c| {
            copy(&library.join(c).join("src"), &target.join(c).join("src"), ".rs", &trimmed)
        })
    } else if pages.join("core/lib.rs.html").exists() {
        let text = |page: &str| trimmed(&source_of(page));
        CRATES.iter().try_for_each(|c| copy(&pages.join(c), &target.join(c).join("src"), ".rs.html", &text))
    } else {
        return Err(KernelError::new(
            "the sources of Rust's standard library are not installed",
            "run `rustup component add rust-src` and try again",
        ));
    };
    made.and_then(|()| std::fs::write(target.join("complete"), ""))
        .map_err(|e| KernelError::io("write the standard library's sources to", &target, &e))?;
    Ok(target)
}

fn copy(from: &Path, to: &Path, ending: &str, change: &dyn Fn(&str) -> String) -> std::io::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if name != "tests" && name != "benches" {
                copy(&entry.path(), &to.join(name), ending, change)?;
            }
        } else if let Some(stem) = name.strip_suffix(ending) {
            let text = std::fs::read_to_string(entry.path())?;
            std::fs::write(to.join(format!("{stem}.rs")), change(&text))?;
        }
    }
    Ok(())
}

/// The source text that a page of the documentation shows.
fn source_of(page: &str) -> String {
    let start = page.find("<pre class=\"rust\"><code>").map_or(0, |k| k + "<pre class=\"rust\"><code>".len());
    let end = page.rfind("</code></pre>").unwrap_or(page.len());
    let mut text = String::with_capacity(end.saturating_sub(start));
    let mut rest = page.get(start..end).unwrap_or_default();
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let tag = &rest[open..];
        let close = tag.find('>').map_or(tag.len(), |k| k + 1);
        // A line number is a link with the number as its text; of everything else the text is source.
        rest = if tag.starts_with("<a href=#") {
            tag.find("</a>").map_or("", |k| &tag[k + "</a>".len()..])
        } else {
            &tag[close..]
        };
    }
    text.push_str(rest);
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text, |text, (from, to)| text.replace(from, to))
}

/// Signatures only, and with the maps' inner part, which is another crate's, as a mere mark of its types.
fn trimmed(text: &str) -> String {
    let text = thin(text);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let code = line.trim_start();
        match code
            .strip_prefix("base: base::")
            .and_then(|c| c.strip_suffix(">,"))
            .and_then(|c| c.split_once('<'))
        {
            Some((_, types)) => {
                let types = types.replace("'a", "&'a ()");
                out.push_str(&format!("base: crate::marker::PhantomData<({types},)>,"));
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_give_back_their_source() {
        let page = "<html><pre class=\"rust\"><code><a href=#1 id=1 data-nosnippet>1</a><span class=\"kw\">pub fn </span>\
                    f(x: <span>Vec</span>&lt;&amp;&#39;a T&gt;) {}\n<a href=#2 id=2 data-nosnippet>2</a>\n</code></pre></html>";
        assert_eq!(source_of(page), "pub fn f(x: Vec<&'a T>) {}\n\n");
    }

    #[test]
    fn maps_keep_their_type_parameters() {
        assert_eq!(
            trimmed("struct A {\n    // note\n    base: base::Iter<'a, K, V>,\n}"),
            "struct A {\nbase: crate::marker::PhantomData<(&'a (), K, V,)>,\n}\n"
        );
    }
}
