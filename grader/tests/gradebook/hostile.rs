//! Files that mean harm, one by one: each ends as "not graded" with its reason, and a good one beside them is graded.
//! None may hang the grader, fill its memory, leave the output folder, or be forgotten.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::child::Task;
use super::class::{class, submit};

fn zipped(path: &Path, files: &[(&str, &[u8])]) {
    let mut writer = ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

/// Student → status, or the reason why there is none.
fn outcomes(task: &Task) -> BTreeMap<String, String> {
    let finished = task.finish();
    assert_eq!(finished.code, Some(1), "{}{}", finished.stdout, finished.stderr);
    let printed = finished.stdout.chars().filter(|c| c.is_control() && *c != '\n').count();
    assert_eq!(printed, 0, "control characters on the terminal: {:?}", finished.stdout);
    let json: Value = serde_json::from_slice(&std::fs::read(task.out.join("grades.json")).unwrap()).unwrap();
    let list = json["submissions"].as_array().unwrap();
    let outcome = |r: &Value| r["reason"].as_str().unwrap_or(r["status"].as_str().unwrap()).to_owned();
    let map: BTreeMap<_, _> =
        list.iter().map(|r| (r["student"].as_str().unwrap().to_owned(), outcome(r))).collect();
    assert_eq!(map.len(), list.len(), "no student's line covers another's");
    map
}

#[test]
fn every_hostile_file_is_its_own_problem() {
    let (folder, task) = class(1);
    let at = |name: &str| task.submissions.join(name);
    let good = std::fs::read(at("student00.ipynb")).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let mut expected: BTreeMap<&str, &str> =
        [("student00", "graded"), ("unlucky", "ends in the middle")].into();
    let mut file = |name: &'static str, bytes: &[u8], reason: &'static str| {
        std::fs::write(at(&format!("{name}.ipynb")), bytes).unwrap();
        expected.insert(name, reason);
    };
    file("empty", b"", "the file is empty");
    file("latin1", b"{\"cells\": [], \"metadata\": {\"a\": \"\xe9\"}}", "is not text in UTF-8 (byte");
    file("utf16", &[0xff, 0xfe, b'{', 0], "is not text in UTF-8 (byte 0)");
    file("deep", &[b'['; 200_000], "recursion limit");
    file("deep_object", "{\"a\":".repeat(100_000).as_bytes(), "recursion limit");
    let flood = format!("{{\"nbformat\": 4, \"cells\": [], \"x\": [{}0]}}", "0,".repeat(1_500_000));
    file("flood", flood.as_bytes(), "more values than a notebook can need");
    let twice = text.replacen("\"nbformat\": 4", "\"nbformat\": 4, \"nbformat\": 4", 1);
    file("twice", twice.as_bytes(), "the key `nbformat` is there twice");
    let of_format = |n: &str| text.replacen("\"nbformat\": 4", &format!("\"nbformat\": {n}"), 1);
    file("format2", of_format("2").as_bytes(), "has notebook format 2, and format 4 is needed");
    file("format999", of_format("999").as_bytes(), "has notebook format 999, and format 4");
    file("formatx", of_format("\"four\"").as_bytes(), "its `nbformat` is a text");
    file("pdf", b"%PDF-1.7", "is a PDF");
    file(
        "notext",
        b"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"source\": {}}]}",
        "cell 1: has",
    );
    let huge = std::fs::File::create(at("huge.ipynb")).unwrap();
    huge.set_len(1 << 40).unwrap();
    expected.insert("huge", "is too large (1048576.0 MB, at most 8 MB)");

    std::os::unix::fs::symlink("/etc/passwd", at("link.ipynb")).unwrap();
    expected.insert("link", "is a symbolic link");
    std::os::unix::fs::symlink(at("circle.ipynb"), at("circle.ipynb")).unwrap();
    expected.insert("circle", "is a symbolic link");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe.ipynb"), pipe, mode, 0).unwrap();
    expected.insert("pipe", "is a named pipe");
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe2.zip"), pipe, mode, 0).unwrap();
    expected.insert("pipe2", "is a named pipe");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket.ipynb")).unwrap();
    expected.insert("socket", "is a socket");
    std::fs::create_dir(at("folder.ipynb")).unwrap();
    expected.insert("folder", "is a folder named like a notebook");

    let mut archive = |name: &'static str, files: &[(&str, &[u8])], reason: &'static str| {
        zipped(&at(&format!("{name}.zip")), files);
        expected.insert(name, reason);
    };
    archive("zipped", &[("work/exercise4.ipynb", &good)], "graded");
    archive("slip", &[("../../slipped.ipynb", &good)], "leads out of its folder");
    archive("absolute", &[("/tmp/slipped.ipynb", &good)], "has a path of its own");
    archive("nested", &[("inner.zip", b"PK")], "is an archive itself");
    archive("hollow", &[("readme.txt", b"see above")], "is an archive without a notebook");
    archive("bomb", &[("bomb.ipynb", &vec![b' '; 30 << 20])], "times its size");
    archive("big", &[("big.ipynb", &noise(9 << 20))], "is too large");
    std::fs::write(at("broken.zip"), b"PK\x03\x04").unwrap();
    expected.insert("broken", "is a broken archive");

    let found = outcomes(&task);
    for (student, reason) in &expected {
        let got = found.get(*student).unwrap_or_else(|| panic!("{student} is lost: {found:?}"));
        assert!(got.contains(reason), "{student}: {got}");
    }
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(!folder.path().join("slipped.ipynb").exists());
    let inside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(inside.len(), 3, "submissions, results and the log of runs: {inside:?}");
}

/// Bytes that do not pack.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_le_bytes()[7]
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn names_of_students_stay_apart_and_inside_the_folder() {
    let (folder, task) = class(0);
    let good = {
        submit(&task.submissions, "a", "exercise4", "text");
        std::fs::read(task.submissions.join("a.ipynb")).unwrap()
    };
    let names: [&[u8]; 18] = [
        b"two\nlines",
        b"tab\there",
        b"quote\"and'quote",
        b"<script>alert(1)<\x5cscript>",
        b"=cmd()",
        b"@SUM(1)",
        b"-rf",
        b"--force",
        "esc\u{1b}[31mred".as_bytes(),
        "bidi\u{202e}fdp".as_bytes(),
        "zero\u{200b}width".as_bytes(),
        b"zerowidth",
        "\u{430}nna".as_bytes(),
        b"anna",
        b"Anna",
        b"raw\xff",
        b"raw\xfe",
        b"dots..",
    ];
    for name in names {
        let file = [name, b".ipynb"].concat();
        std::fs::write(task.submissions.join(OsStr::from_bytes(&file)), &good).unwrap();
    }
    let found = outcomes(&task);
    assert_eq!(found.len(), names.len() + 2, "{found:?}");
    assert_eq!(found.values().filter(|v| *v == "graded").count(), names.len() + 1);
    let pages: Vec<String> = std::fs::read_dir(&task.out)
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.file_type().unwrap().is_dir())
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages.len(), names.len() + 2, "{pages:?}");
    for page in &pages {
        assert!(page.chars().all(|c| c.is_alphanumeric() || "-_.+@".contains(c)), "{page}");
        assert!(!page.starts_with(['-', '.']), "{page}");
        assert!(task.out.join(page).join("feedback.html").is_file());
    }
    let mut csv = csv::Reader::from_path(task.out.join("grades.csv")).unwrap();
    for row in csv.records().map(Result::unwrap) {
        assert!(!row[1].starts_with(['=', '+', '-', '@', '\t', '\r']), "{row:?}");
        assert!(row.iter().all(|cell| !cell.chars().any(char::is_control)), "{row:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}
