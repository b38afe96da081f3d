//! Feedback pages, read as a browser reads them: whatever a notebook holds, no element and no attribute comes from it.
//! The page's policy forbids scripts and everything from elsewhere besides.

use std::collections::BTreeSet;

use html5gum::{Token, Tokenizer};

use super::class::class;

const EVIL: &str = "</pre></title></style><script>alert(1)</script><img src=x onerror=alert(1)>\
    <svg onload=alert(1)><a href=\"javascript:alert(1)\">x</a><iframe src=//evil></iframe>\u{1b}[31m\u{202e}{{ 7919*7907 }}{% raw %}";

#[test]
fn nothing_of_a_notebook_becomes_markup() {
    let (_folder, task) = class(1);
    let path = task.submissions.join("student00.ipynb");
    let mut notebook: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for cell in notebook["cells"].as_array_mut().unwrap() {
        cell["source"] = format!("// {EVIL}\n{}", cell["source"]).into();
        cell["outputs"] = serde_json::json!([{"output_type": "display_data", "metadata": {},
            "data": {"text/html": EVIL, "image/svg+xml": EVIL}}]);
    }
    notebook["metadata"]["title"] = EVIL.into();
    notebook["metadata"]["kernelspec"]["language"] = EVIL.into();
    std::fs::write(&path, notebook.to_string()).unwrap();
    let evil_name = task.submissions.join("<img src=x onerror=alert(1)>.ipynb");
    std::fs::copy(&path, evil_name).unwrap();
    task.finish();
    let mut pages = 0;
    for entry in std::fs::read_dir(&task.out).unwrap() {
        let page = entry.unwrap().path().join("feedback.html");
        if page.is_file() {
            check(&std::fs::read_to_string(page).unwrap());
            pages += 1;
        }
    }
    assert_eq!(pages, 3);
}

fn check(html: &str) {
    let mut names = BTreeSet::new();
    let mut attributes = BTreeSet::new();
    let mut policy = None;
    let mut title = String::new();
    let mut in_title = false;
    for token in Tokenizer::new(html) {
        match token.unwrap() {
            Token::StartTag(tag) => {
                let name = String::from_utf8(tag.name.to_vec()).unwrap();
                in_title = name == "title";
                for (key, value) in &tag.attributes {
                    let key = String::from_utf8(key.to_vec()).unwrap();
                    let value = String::from_utf8(value.to_vec()).unwrap();
                    if value == "Content-Security-Policy" {
                        policy = tag.attributes.get(&b"content"[..]).map(|v| v.to_vec());
                    }
                    assert!(
                        !value.contains("alert") && !value.contains("javascript"),
                        "{name} {key}={value}"
                    );
                    attributes.insert(key);
                }
                names.insert(name);
            }
            Token::String(text) if in_title => title.push_str(&String::from_utf8_lossy(&text)),
            Token::EndTag(_) => in_title = false,
            _ => {}
        }
    }
    let known: BTreeSet<&str> = "html head meta title style body header div h1 h2 h3 small strong ul li section span p \
        pre details summary table tr td th code b br figure footer svg g path rect circle line polyline polygon text \
        clippath defs"
        .split(' ')
        .collect();
    let strange: Vec<&String> = names.iter().filter(|n| !known.contains(n.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let events: Vec<&String> =
        attributes.iter().filter(|a| a.starts_with("on") || *a == "href" || *a == "src").collect();
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(
        policy.map(|p| String::from_utf8(p).unwrap()).as_deref(),
        Some("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    );
    assert!(title.contains(" · "), "{title}");
    assert!(!html.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}'));
    assert!(!html.contains("62615533"), "no template of a student is evaluated");
}
