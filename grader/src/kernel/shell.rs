//! Stands between Jupyter and evcxr on Jupyter's shell channel, so that a cell which failed is said to have failed.
//! Every other channel is evcxr's own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jupyter_protocol::{ConnectionInfo, Transport};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq::util::PeerIdentity;
use zeromq::{
    DealerSocket, RouterSendHalf, RouterSocket, Socket, SocketOptions, SocketRecv, SocketSend, ZmqMessage,
    ZmqResult,
};

use super::KernelError;
use super::ahead::look_ahead;
use super::cells::{Cells, Current, Message};

/// One kernel's shell channel.
pub(super) struct Shell {
    jupyter: RouterSocket,
    /// Where evcxr listens.
    kernel: ConnectionInfo,
    cells: Cells,
}

impl Shell {
    /// Takes the kernel's place at the port that Jupyter sends cells to. The answer has the connection file for the
    /// kernel, which differs in that port and stands in the folder `work`. `failed` is where the kernel notes that a cell failed.
    ///
    /// # Errors
    /// A connection file that cannot be read, or a port that is taken.
    pub(super) async fn open(
        file: &Path,
        work: &Path,
        failed: PathBuf,
    ) -> Result<Option<(Self, PathBuf)>, KernelError> {
        let text = std::fs::read(file).map_err(|e| KernelError::io("read", file, &e))?;
        let unreadable = |e| KernelError::new(format!("{} cannot be read: {e}", file.display()), AGAIN);
        let mut info: ConnectionInfo = serde_json::from_slice(&text).map_err(unreadable)?;
        let taken = |e: String| {
            KernelError::new(format!("Jupyter's port {} cannot be used: {e}", info.shell_port), AGAIN)
        };
        if matches!(info.transport, Transport::IPC) {
            return Ok(None);
        }
        let mut jupyter = RouterSocket::new();
        jupyter.bind(&info.shell_url()).await.map_err(|e| taken(e.to_string()))?;
        let address = info.ip.parse().map_err(|e: std::net::AddrParseError| taken(e.to_string()))?;
        let ports = jupyter_zmq_client::peek_ports(address, 1).await.map_err(|e| taken(e.to_string()))?;
        let cells = Cells::new(&info.key, failed);
        info.shell_port = ports[0];
        let inner = work.join("connection.json");
        let text = serde_json::to_vec(&info).map_err(unreadable)?;
        std::fs::write(&inner, text).map_err(|e| KernelError::io("write", &inner, &e))?;
        Ok(Some((Self { jupyter, kernel: info, cells }, inner)))
    }

    /// Which cell runs.
    pub(super) fn current(&self) -> Current {
        self.cells.current()
    }

    /// Passes messages on for as long as there is a kernel.
    pub(super) async fn run(self) {
        let Self { jupyter, kernel, mut cells } = self;
        let (mut to_jupyter, mut from_jupyter) = jupyter.split();
        let (answers, mut from_kernel) = unbounded_channel::<Message>();
        let mut clients = HashMap::new();
        let (url, current) = (kernel.shell_url(), cells.current());
        let mut ahead = Some(look_ahead(kernel, current));
        loop {
            let next = tokio::select! {
                message = from_jupyter.recv() => {
                    let Ok(message) = message else { return };
                    let mut frames = message.into_vec();
                    let client = frames.remove(0);
                    cells.sent(Message { client, frames })
                }
                answer = from_kernel.recv() => {
                    let Some(answer) = answer else { return };
                    if let Some(ahead) = ahead.take_if(|_| answer.is("kernel_info_reply")) {
                        tokio::spawn(ahead);
                    }
                    let (answer, next) = cells.answered(answer);
                    tell(&mut to_jupyter, answer).await;
                    next
                }
            };
            if let Some(Message { client, frames }) = next {
                let client = clients
                    .entry(client)
                    .or_insert_with_key(|name| connect(url.clone(), name.clone(), answers.clone()));
                // It fails if there is no kernel any more; then this is over, too.
                drop(client.send(frames));
            }
        }
    }
}

const AGAIN: &str = "start the kernel again from Jupyter";

async fn tell(jupyter: &mut RouterSendHalf, Message { client, mut frames }: Message) {
    frames.insert(0, client);
    if let Ok(message) = ZmqMessage::try_from(frames) {
        // A page that was closed does not listen any more.
        drop(jupyter.send(message).await);
    }
}

/// Speaks to the kernel in a client's name: the kernel asks for input by that name on another channel.
fn connect(kernel: String, name: Bytes, answers: UnboundedSender<Message>) -> UnboundedSender<Vec<Bytes>> {
    let (sender, requests) = unbounded_channel();
    tokio::spawn(async move { speak(&kernel, name, requests, answers).await });
    sender
}

async fn speak(
    kernel: &str,
    name: Bytes,
    mut requests: UnboundedReceiver<Vec<Bytes>>,
    answers: UnboundedSender<Message>,
) -> ZmqResult<()> {
    let mut options = SocketOptions::default();
    options.peer_identity(PeerIdentity::try_from(name.clone())?);
    // The kernel listens when it is ready; if it never is, it ends, and this with it.
    options.no_connect_timeout();
    let mut socket = DealerSocket::with_options(options);
    socket.connect(kernel).await?;
    let (mut to_kernel, mut from_kernel) = socket.split();
    loop {
        tokio::select! {
            request = requests.recv() => {
                let Some(message) = request.and_then(|frames| ZmqMessage::try_from(frames).ok()) else { return Ok(()) };
                to_kernel.send(message).await?;
            }
            answer = from_kernel.recv() => {
                let message = Message { client: name.clone(), frames: answer?.into_vec() };
                drop(answers.send(message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jupyter_protocol::{
        ExecuteReply, ExecuteRequest, JupyterMessage, JupyterMessageContent, KernelInfoRequest, ReplyStatus,
    };
    use jupyter_zmq_client::{
        ClientShellConnection, KernelShellConnection, create_client_shell_connection_with_identity,
        create_kernel_shell_connection, peer_identity_for_session,
    };
    use tempfile::TempDir;

    use super::*;

    fn read(file: &Path) -> ConnectionInfo {
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }

    /// Connection files for Jupyter and for the kernel, and where the kernel notes failures.
    async fn open() -> (ConnectionInfo, ConnectionInfo, PathBuf, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (file, failed) = (folder.path().join("kernel.json"), folder.path().join("failed"));
        let ports = jupyter_zmq_client::peek_ports([127, 0, 0, 1].into(), 5).await.unwrap();
        let info = serde_json::json!({
            "transport": "tcp", "ip": "127.0.0.1", "key": "key", "signature_scheme": "hmac-sha256",
            "shell_port": ports[0], "iopub_port": ports[1], "stdin_port": ports[2], "control_port": ports[3], "hb_port": ports[4],
        });
        std::fs::write(&file, info.to_string()).unwrap();
        let (shell, inner) = Shell::open(&file, folder.path(), failed.clone()).await.unwrap().unwrap();
        tokio::spawn(shell.run());
        (read(&file), read(&inner), failed, folder)
    }

    async fn client(outer: &ConnectionInfo, name: &str) -> ClientShellConnection {
        let identity = peer_identity_for_session(name).unwrap();
        create_client_shell_connection_with_identity(outer, name, identity).await.unwrap()
    }

    #[tokio::test]
    async fn each_client_is_answered_under_its_name() {
        let (outer, inner, failed, _folder) = open().await;
        assert_ne!(outer.shell_port, inner.shell_port);
        assert_eq!(ConnectionInfo { shell_port: outer.shell_port, ..inner.clone() }, outer);
        let mut clients = [client(&outer, "one").await, client(&outer, "two").await];
        // Sent before the kernel listens.
        for client in &mut clients {
            client.send(ExecuteRequest::new("x".to_owned()).into()).await.unwrap();
        }
        let mut kernel = create_kernel_shell_connection(&inner, "kernel").await.unwrap();
        for fails in [true, false] {
            let request = kernel.read().await.unwrap();
            if fails {
                std::fs::write(&failed, "why").unwrap();
            }
            kernel.send(ExecuteReply::default().as_child_of(&request)).await.unwrap();
        }
        let mut ends = Vec::new();
        for client in &mut clients {
            match client.read().await.unwrap().content {
                JupyterMessageContent::ExecuteReply(reply) => {
                    ends.push(matches!(reply.status, ReplyStatus::Ok))
                }
                other => panic!("{other:?}"),
            }
        }
        ends.sort_unstable();
        assert_eq!(ends, [false, true]);
    }

    async fn introduce(client: &mut ClientShellConnection, kernel: &mut KernelShellConnection) {
        client.send(KernelInfoRequest::default().into()).await.unwrap();
        let request = kernel.read().await.unwrap();
        let content = serde_json::json!({
            "status": "ok", "protocol_version": "5.3", "language_info": { "name": "rust", "version": "1" }
        });
        let content = JupyterMessageContent::from_type_and_content("kernel_info_reply", content).unwrap();
        kernel.send(JupyterMessage::new(content, Some(&request))).await.unwrap();
        client.read().await.unwrap();
    }

    #[tokio::test]
    async fn a_kernel_without_a_cell_looks_ahead_and_one_with_a_cell_does_not() {
        for has_cell in [false, true] {
            let (outer, inner, _failed, _folder) = open().await;
            let mut kernel = create_kernel_shell_connection(&inner, "kernel").await.unwrap();
            let mut client = client(&outer, "one").await;
            introduce(&mut client, &mut kernel).await;
            if has_cell {
                client.send(ExecuteRequest::new("x".to_owned()).into()).await.unwrap();
                kernel.read().await.unwrap();
            }
            let asked = tokio::time::timeout(std::time::Duration::from_secs(2), kernel.read()).await;
            let content = asked.ok().map(|message| message.unwrap().content);
            let is_question = matches!(content, Some(JupyterMessageContent::CompleteRequest(_)));
            assert!(if has_cell { content.is_none() } else { is_question }, "{content:?}");
        }
    }
}
