//! A disk that is full, a gradebook that is damaged or another program's: said plainly, and nothing is lost.
//! The small disk is a file system in memory, in a mount namespace of its own that vanishes with its process.

use std::process::Command;

use super::child::Finished;
use super::class::{assert_whole, class, csv, marks};

/// Runs the child of `task` with `size` of disk for its results, then again with enough, and takes the results out.
fn on_a_small_disk(task: &super::child::Task, size: &str) -> Option<(Finished, Finished)> {
    let child = task.command();
    let program = child.get_program().to_str().unwrap().to_owned();
    let arguments: Vec<String> = child.get_args().map(|a| a.to_str().unwrap().to_owned()).collect();
    let folder = task.out.parent().unwrap();
    std::fs::create_dir_all(&task.out).unwrap();
    let script = format!(
        "set -e; mount -t tmpfs -o size={size} tmpfs {out}; \
         set +e; \"$@\" >{a}/1.out 2>{a}/1.err; echo $? >{a}/1.code; set -e; \
         ls -A {out} >{a}/1.list; \
         mount -o remount,size=200m {out}; \
         set +e; \"$@\" >{a}/2.out 2>{a}/2.err; echo $? >{a}/2.code; set -e; \
         cp -r {out} {a}/kept",
        out = task.out.display(),
        a = folder.display(),
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script, "sh", &program]).args(arguments);
    for (name, value) in child.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let ran = command.output().ok()?;
    if !folder.join("1.code").exists() {
        eprintln!("no small disk can be made here: {}", String::from_utf8_lossy(&ran.stderr));
        return None;
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let run = |k: u32| Finished {
        code: read(&format!("{k}.code")).trim().parse().ok(),
        stdout: read(&format!("{k}.out")),
        stderr: read(&format!("{k}.err")),
    };
    let both = (run(1), run(2));
    std::fs::remove_dir(&task.out).unwrap();
    std::fs::rename(folder.join("kept"), &task.out).unwrap();
    Some(both)
}

#[test]
fn a_full_disk_is_said_and_the_same_command_goes_on_when_there_is_room() {
    let (_quiet_folder, quiet) = class(8);
    assert_eq!(quiet.finish().code, Some(1));
    for size in ["100k", "200k", "400k", "900k"] {
        let (_folder, task) = class(8);
        let Some((full, then)) = on_a_small_disk(&task, size) else { return };
        assert_eq!(full.code, Some(1), "{size}: {}{}", full.stdout, full.stderr);
        let told = full.stderr.contains("full") || full.stderr.contains("No space left");
        assert!(told && full.stderr.contains("help: "), "{size}: {}", full.stderr);
        assert!(!full.stderr.contains("panicked"), "{}", full.stderr);
        assert_eq!(then.code, Some(1), "{size}: {}{}", then.stdout, then.stderr);
        assert_whole(&task);
        assert_eq!(marks(&task), marks(&quiet), "{size}");
        assert_eq!(csv(&task).lines().count(), csv(&quiet).lines().count());
    }
}

#[test]
fn foreign_and_damaged_gradebooks_are_left_as_they_are() {
    let (_folder, task) = class(1);
    std::fs::create_dir_all(&task.out).unwrap();
    let path = task.out.join("gradebook.db");
    let junk = vec![b'x'; 8192];
    std::fs::write(&path, &junk).unwrap();
    let finished = task.finish();
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("no gradebook, or a damaged one"), "{}", finished.stderr);
    assert_eq!(std::fs::read(&path).unwrap(), junk);
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE grade (id TEXT); INSERT INTO grade VALUES ('x')").unwrap();
    drop(other);
    let finished = task.finish();
    assert!(finished.stderr.contains("another program's file"), "{}", finished.stderr);
    let other = rusqlite::Connection::open(&path).unwrap();
    let kept: String = other.query_row("SELECT id FROM grade", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "x");
}
