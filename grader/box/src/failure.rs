//! Why a box cannot be had, in a form that reaches the grader: what failed, and the remedy for that cause.
//! Told as a frame on standard output, because nothing else of a box is connected to anybody.

use std::fmt::Display;

use rustix::io::Errno;
use spikelab_box::frame;
use spikelab_box::message::Reply;

/// The box cannot be built or cannot go on.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    next: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(what: impl Display, next: impl Display) -> Self {
        Self { what: what.to_string(), next: next.to_string() }
    }

    /// The reply that tells of it.
    pub(crate) fn reply(self) -> Reply {
        Reply::Failed { what: self.what, next: self.next }
    }

    /// Tells the grader.
    pub(crate) fn tell(self) {
        let text = serde_json::to_vec(&self.reply()).unwrap_or_default();
        // If the grader is gone nobody is left to hear of it.
        let _ = frame::write(&mut std::io::stdout(), frame::Kind::Message, &text);
    }
}

/// Adds to a system's error what was being done and, where the cause is known, its remedy.
pub(crate) trait Context<T> {
    fn context(self, doing: impl Display) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl Display) -> Result<T> {
        self.map_err(|e| {
            let e: std::io::Error = e.into();
            let what = format!("cannot {doing}: {e}");
            let next = remedy(&e);
            Failure::new(what, next)
        })
    }
}

fn remedy(error: &std::io::Error) -> String {
    let ubuntu = std::fs::read_to_string("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        .is_ok_and(|text| text.trim() == "1");
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    let text = match code {
        Some(Errno::PERM | Errno::ACCESS) if ubuntu => {
            "this system's AppArmor forbids sandboxes to ordinary programs. An administrator can allow them:\n    \
             sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        }
        Some(Errno::PERM | Errno::ACCESS) if in_container() => {
            "this container forbids sandboxes. Start it with\n    \
             --security-opt seccomp=unconfined --security-opt systempaths=unconfined\n  \
             (Docker, Podman), or grade outside of a container"
        }
        Some(Errno::PERM | Errno::ACCESS) => {
            "this system forbids new namespaces to ordinary programs. An administrator can allow them:\n    \
             sudo sysctl -w kernel.unprivileged_userns_clone=1    (Debian)\n    \
             sudo sysctl -w user.max_user_namespaces=15000        (Red Hat)"
        }
        Some(Errno::NOSPC) => {
            "no more namespaces are allowed here: is this already within a sandbox? Grade outside of it, or\n    \
             sudo sysctl -w user.max_user_namespaces=15000"
        }
        Some(Errno::NOMEM) => "close some programs and try again",
        _ => "`grader doctor` shows what is missing",
    };
    text.to_owned()
}

fn in_container() -> bool {
    std::path::Path::new("/.dockerenv").exists()
        || std::path::Path::new("/run/.containerenv").exists()
        || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}
