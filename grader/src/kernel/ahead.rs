//! Has a student's kernel look at the library before a cell needs that: the first variable costs two seconds of type inference.
//! A question for completion does it and leaves no trace, neither a variable nor a cell's number.

use std::time::Duration;

use jupyter_protocol::{CompleteRequest, ConnectionInfo};
use jupyter_zmq_client::{create_client_shell_connection_with_identity, peer_identity_for_session};

use super::cells::Current;

/// How long a kernel waits for a cell before it looks ahead: who runs a whole notebook at once sends the first one sooner.
const PATIENCE: Duration = Duration::from_millis(500);

/// Who asks.
const NAME: &str = "spikelab";

/// Its types are the library's and the standard library's.
const CODE: &str = "use spikelab::prelude::*; let net = Network::new(); net.";

/// Looks ahead if no cell runs, in a kernel that listens.
pub(super) async fn look_ahead(kernel: ConnectionInfo, current: Current) {
    tokio::time::sleep(PATIENCE).await;
    if current.cell().is_some() {
        return;
    }
    let Ok(identity) = peer_identity_for_session(NAME) else { return };
    let client = create_client_shell_connection_with_identity(&kernel, NAME, identity).await;
    let Ok(mut client) = client else { return };
    let question = CompleteRequest { code: CODE.to_owned(), cursor_pos: CODE.len() };
    if client.send(question.into()).await.is_ok() {
        // Without an answer the kernel has ended, which others tell.
        drop(client.read().await);
    }
}
