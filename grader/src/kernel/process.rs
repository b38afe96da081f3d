//! The box as a process: frames to it, frames from it, and its end.
//! Dropping it ends everything in it and waits until nothing is left.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use spikelab_box::frame::{self, Kind};
use spikelab_box::message::{Reply, Request};
use spikelab_box::plan::{PLAN, Plan};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::KernelError;

/// Bytes of files that one answer may bring; a little more than the worker lets through.
const LARGEST: usize = 65 << 20;
/// How long the end of a box may take; 200 processes need 30 ms.
const END: Duration = Duration::from_secs(10);

/// A running box.
#[derive(Debug)]
pub(super) struct BoxProcess {
    child: Child,
    requests: Option<ChildStdin>,
    replies: ChildStdout,
}

impl BoxProcess {
    /// Starts the launcher, which builds the box.
    pub(super) fn start(launcher: &Path, plan: &Plan) -> Result<Self, KernelError> {
        let text = serde_json::to_string(plan).unwrap_or_default();
        let mut command = Command::new(launcher);
        command.arg("launch").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if plan.isolated {
            // Nothing of the instructor's environment comes near a box.
            command.env_clear();
        }
        let failed = |e: std::io::Error| {
            KernelError::new(
                format!("cannot start {}: {e}", launcher.display()),
                "remove target/release/spikelab-box and try again, so that it is built anew",
            )
        };
        let mut child = command.env(PLAN, text).current_dir("/").spawn().map_err(failed)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(requests), Some(replies)) => Ok(Self { child, requests: Some(requests), replies }),
            _ => Err(failed(std::io::Error::other("it has no pipes"))),
        }
    }

    /// Asks for something.
    pub(super) async fn ask(&mut self, request: &Request) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        frame::write(&mut bytes, Kind::Message, &serde_json::to_vec(request)?)?;
        match &mut self.requests {
            Some(pipe) => pipe.write_all(&bytes).await,
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The next reply, and the bytes that came in front of it.
    pub(super) async fn reply(&mut self) -> std::io::Result<(Reply, Vec<u8>)> {
        read_reply(&mut self.replies).await
    }
}

/// Reads frames up to the next message. Everything in them may be forged, and none of it is large.
async fn read_reply(pipe: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(Reply, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut start = [0; frame::HEADER];
        pipe.read_exact(&mut start).await?;
        let (kind, length) = frame::header(start)?;
        let mut contents = Vec::new();
        (&mut *pipe).take(length as u64).read_to_end(&mut contents).await?;
        if contents.len() < length {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match kind {
            Kind::Message => return Ok((serde_json::from_slice(&contents)?, bytes)),
            Kind::Bytes if bytes.len() + contents.len() > LARGEST => {
                return Err(std::io::Error::other("the box sends more than it may"));
            }
            Kind::Bytes => bytes.append(&mut contents),
        }
    }
}

impl Drop for BoxProcess {
    fn drop(&mut self) {
        // The launcher takes this as the end, kills process 1 of the box and waits for the rest.
        drop(self.requests.take());
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if started.elapsed() > END {
                // The box is tied to its launcher, so this ends it too.
                drop(self.child.start_kill());
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(list: &[(Kind, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, contents) in list {
            frame::write(&mut bytes, *kind, contents).unwrap();
        }
        bytes
    }

    #[tokio::test]
    async fn a_file_comes_before_its_message() {
        let reply = br#"{"variables":{"seq":3,"list":[]}}"#;
        let bytes = frames(&[(Kind::Bytes, b"ab"), (Kind::Bytes, b"c"), (Kind::Message, reply)]);
        let (reply, file) = read_reply(&mut bytes.as_slice()).await.unwrap();
        assert_eq!((reply, file), (Reply::Variables { seq: 3, list: vec![] }, b"abc".to_vec()));
    }

    #[tokio::test]
    async fn a_hostile_worker_is_an_error_and_no_flood() {
        let piece = vec![0; frame::MAX_FRAME];
        let flood: Vec<(Kind, &[u8])> = (0..66).map(|_| (Kind::Bytes, piece.as_slice())).collect();
        let message = |text: &[u8]| frames(&[(Kind::Message, text)]);
        for bytes in [
            frames(&flood),
            message(b"\xff\xfe"),
            message(br#"{"unknown":{}}"#),
            message("[".repeat(100_000).as_bytes()),
            vec![b'M', 255, 255, 255, 255],
            vec![b'M', 20, 0, 0, 0, b'{'],
        ] {
            assert!(read_reply(&mut bytes.as_slice()).await.is_err());
        }
    }
}
