//! Which of the cells that Jupyter has sent is evcxr's now, and what Jupyter is told about how it ended.
//! evcxr answers "ok" to a cell that panicked, and would run the cells that were sent along with it all the same.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Ends the addresses in front of a message.
const DELIMITER: &[u8] = b"<IDS|MSG>";
/// The parts behind the signature.
const HEADER: usize = 0;
const PARENT: usize = 1;
const CONTENT: usize = 3;
const SIGNED: usize = 4;

/// A message on the channel for cells, and who sent it or gets it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) client: Bytes,
    pub(super) frames: Vec<Bytes>,
}

/// Which cell is the kernel's now, for whoever wants to interrupt it.
#[derive(Clone, Debug, Default)]
pub(super) struct Current(Arc<AtomicU64>);

impl Current {
    /// A number that no other cell has; nothing if none runs.
    pub(super) fn cell(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst)).filter(|cell| *cell > 0)
    }
}

/// The cells of one kernel: one runs, the others wait here.
pub(super) struct Cells {
    started: u64,
    current: Current,
    key: Vec<u8>,
    /// Where the kernel notes that a cell failed, and why.
    failed: PathBuf,
    running: Option<Running>,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    message: Message,
    /// A cell before it failed: it is not to run.
    is_aborted: bool,
}

struct Running {
    id: Value,
    client: Bytes,
    /// If it fails, the cells that wait do not run.
    stops: bool,
    is_aborted: bool,
}

impl Message {
    fn start(&self) -> Option<usize> {
        Some(self.frames.iter().position(|frame| frame == DELIMITER)? + 2)
    }

    /// One of its parts, which are objects; nothing if it has none, or none that can be read.
    fn part(&self, part: usize) -> Value {
        let frame = self.start().and_then(|start| self.frames.get(start + part));
        let value = frame.and_then(|frame| serde_json::from_slice(frame).ok());
        value.filter(Value::is_object).unwrap_or_default()
    }

    pub(super) fn is(&self, kind: &str) -> bool {
        self.part(HEADER)["msg_type"] == kind
    }

    /// The same as a message of another kind.
    fn with_kind(self, kind: &str, key: &[u8]) -> Self {
        let mut header = self.part(HEADER);
        header["msg_type"] = kind.into();
        self.with(HEADER, &header, key)
    }

    fn signature(&self, key: &[u8]) -> Option<Hmac<Sha256>> {
        let start = self.start()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        self.frames.get(start..start + SIGNED)?.iter().for_each(|frame| mac.update(frame));
        Some(mac)
    }

    fn is_signed(&self, key: &[u8]) -> bool {
        key.is_empty() || self.start().is_some_and(|start| hex(self.signature(key)) == self.frames[start - 1])
    }

    /// The same with another part, signed.
    fn with(mut self, part: usize, value: &Value, key: &[u8]) -> Self {
        if let Some(start) = self.start().filter(|start| start + part < self.frames.len()) {
            self.frames[start + part] = value.to_string().into();
            if !key.is_empty() {
                self.frames[start - 1] = hex(self.signature(key));
            }
        }
        self
    }
}

fn hex(mac: Option<Hmac<Sha256>>) -> Bytes {
    let bytes = mac.map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

impl Cells {
    pub(super) fn new(key: &str, failed: PathBuf) -> Self {
        Self {
            started: 0,
            current: Current::default(),
            key: key.as_bytes().to_vec(),
            failed,
            running: None,
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn current(&self) -> Current {
        self.current.clone()
    }

    /// What goes on to evcxr now that this came from Jupyter.
    pub(super) fn sent(&mut self, message: Message) -> Option<Message> {
        // What is not signed, evcxr refuses without an answer: nothing may wait for one.
        if !message.is("execute_request") || !message.is_signed(&self.key) {
            return Some(message);
        }
        self.waiting.push_back(Waiting { message, is_aborted: false });
        if self.running.is_none() { self.next() } else { None }
    }

    /// What Jupyter is told now that this came from evcxr, and what evcxr gets next.
    pub(super) fn answered(&mut self, message: Message) -> (Message, Option<Message>) {
        let is_answer = |cell: &mut Running| message.part(PARENT)["msg_id"] == cell.id;
        if !message.is("execute_reply") && !message.is("kernel_info_reply") {
            return (message, None);
        }
        let Some(cell) = self.running.take_if(is_answer) else { return (message, None) };
        self.current.0.store(0, Ordering::SeqCst);
        if cell.is_aborted {
            let answer = message.with_kind("execute_reply", &self.key);
            return (answer.with(CONTENT, &json!({ "status": "aborted" }), &self.key), self.next());
        }
        let mut content = message.part(CONTENT);
        let why = std::fs::read_to_string(&self.failed);
        if content["status"] != "ok" || why.is_ok() {
            content["status"] = "error".into();
            // Programs that run notebooks look for all of these; evcxr gives none to an error of the compiler's.
            content["ename"] = "Error".into();
            content["evalue"] = why.unwrap_or_default().trim().into();
            content["traceback"] = json!([]);
            let behind = self.waiting.iter_mut().filter(|w| cell.stops && w.message.client == cell.client);
            behind.for_each(|waiting| waiting.is_aborted = true);
        }
        (message.with(CONTENT, &content, &self.key), self.next())
    }

    /// The cell that runs next.
    fn next(&mut self) -> Option<Message> {
        let Waiting { message, is_aborted } = self.waiting.pop_front()?;
        // Nothing is left there by the cell before, unless its answer was lost.
        drop(std::fs::remove_file(&self.failed));
        self.running = Some(Running {
            id: message.part(HEADER)["msg_id"].clone(),
            client: message.client.clone(),
            stops: message.part(CONTENT)["stop_on_error"] != false,
            is_aborted,
        });
        self.started += 1;
        self.current.0.store(self.started, Ordering::SeqCst);
        if !is_aborted {
            return Some(message);
        }
        // Only evcxr can tell Jupyter that it is done with a message. This kind does nothing, and counts no cell.
        Some(message.with_kind("kernel_info_request", &self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "key";

    fn message(client: &str, [header, parent, content]: [Value; 3]) -> Message {
        let frames = [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"].map(Bytes::from_static).to_vec();
        let mut message = Message { client: client.to_owned().into(), frames };
        message.frames[2 + HEADER] = header.to_string().into();
        message.frames[2 + PARENT] = parent.to_string().into();
        message.with(CONTENT, &content, KEY.as_bytes())
    }

    fn cell(client: &str, id: &str, stops: bool) -> Message {
        let header = json!({ "msg_type": "execute_request", "msg_id": id });
        message(client, [header, json!({}), json!({ "code": "x", "stop_on_error": stops })])
    }

    fn answer(client: &str, id: &str, status: &str) -> Message {
        let content = json!({ "status": status, "execution_count": 3 });
        let header = json!({ "msg_type": "execute_reply", "msg_id": "answer" });
        message(client, [header, json!({ "msg_id": id }), content])
    }

    fn cells() -> (Cells, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Cells::new(KEY, folder.path().join("failed")), folder)
    }

    fn status(message: &Message) -> String {
        assert!(message.is_signed(KEY.as_bytes()));
        message.part(CONTENT)["status"].as_str().unwrap().to_owned()
    }

    #[test]
    fn cells_run_one_after_the_other() {
        let (mut cells, _folder) = cells();
        let texts = ["1", "2", "3"].map(|id| cell("me", id, true));
        let current = cells.current();
        assert_eq!(current.cell(), None);
        assert_eq!(cells.sent(texts[0].clone()), Some(texts[0].clone()));
        assert_eq!(current.cell(), Some(1));
        assert_eq!(cells.sent(texts[1].clone()), None);
        assert_eq!(cells.sent(texts[2].clone()), None);
        for (k, id) in ["1", "2", "3"].into_iter().enumerate() {
            let (told, next) = cells.answered(answer("me", id, "ok"));
            assert_eq!(told.part(CONTENT), json!({ "status": "ok", "execution_count": 3 }));
            assert_eq!(next, texts.get(k + 1).cloned());
            assert_eq!(current.cell(), [Some(2), Some(3), None][k]);
        }
        assert_eq!(cells.sent(texts[0].clone()), Some(texts[0].clone()));
    }

    #[test]
    fn what_is_no_cell_goes_through_unchanged() {
        let (mut cells, _folder) = cells();
        cells.sent(cell("me", "1", true)).unwrap();
        let question = message("me", [json!({ "msg_type": "complete_request" }), json!({}), json!([1])]);
        assert_eq!(cells.sent(question.clone()), Some(question.clone()));
        assert_eq!(cells.answered(question.clone()), (question, None));
        for frames in [vec![], vec!["x"], vec!["<IDS|MSG>"], vec!["<IDS|MSG>", "", "[", "1"]] {
            let frames = frames.into_iter().map(Bytes::from).collect();
            let odd = Message { client: "me".into(), frames };
            assert_eq!(cells.sent(odd.clone()), Some(odd.clone()));
            assert_eq!(cells.answered(odd.clone()), (odd, None));
        }
        let mut foreign = cell("me", "2", true);
        foreign.frames[1] = "00".into();
        assert_eq!(cells.sent(foreign.clone()), Some(foreign));
    }

    #[test]
    fn a_cell_that_panicked_failed_and_those_sent_with_it_do_not_run() {
        let (mut cells, folder) = cells();
        let failed = folder.path().join("failed");
        for (client, id) in [("me", "1"), ("me", "2"), ("you", "3"), ("me", "4")] {
            cells.sent(cell(client, id, true));
        }
        std::fs::write(&failed, "why").unwrap();
        let (told, next) = cells.answered(answer("me", "1", "ok"));
        let content = json!({
            "status": "error", "execution_count": 3, "ename": "Error", "evalue": "why", "traceback": []
        });
        assert_eq!((status(&told), told.part(CONTENT)), ("error".to_owned(), content));
        let is_harmless = |next: Message| next.is_signed(KEY.as_bytes()) && next.is("kernel_info_request");
        assert!(is_harmless(next.unwrap()));
        let done = |id| answer("me", id, "ok").with_kind("kernel_info_reply", KEY.as_bytes());
        let (told, next) = cells.answered(done("2"));
        assert!(told.is("execute_reply"));
        assert_eq!((status(&told), next), ("aborted".to_owned(), Some(cell("you", "3", true))));
        let (told, next) = cells.answered(answer("you", "3", "ok"));
        assert_eq!((status(&told), next.map(is_harmless)), ("ok".to_owned(), Some(true)));
        assert_eq!(status(&cells.answered(done("4")).0), "aborted");
        assert_eq!(cells.sent(cell("me", "5", true)), Some(cell("me", "5", true)));
    }

    #[test]
    fn who_does_not_want_to_stop_goes_on() {
        let (mut cells, _folder) = cells();
        cells.sent(cell("me", "1", false));
        cells.sent(cell("me", "2", false));
        let (told, next) = cells.answered(answer("me", "1", "error"));
        assert_eq!((status(&told), next), ("error".to_owned(), Some(cell("me", "2", false))));
    }
}
