//! The desk on a socket: loopback only, one request after the other, answers that no other page can use.
//! The results are written again when nobody asks for a while, and at the end.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tiny_http::{Header, Method, Request, Response, Server};

use super::{Answer, Asked, Desk};
use crate::{Error, Result};

/// A longer form is none of ours.
const BODY: u64 = 64 << 10;
/// Nobody has asked for so long: time to write files.
const IDLE: Duration = Duration::from_millis(1500);

/// Serves until `stop` is set. `make` gets the address that was bound, `write` writes the results anew.
///
/// # Errors
/// A port that is taken, results that cannot be written.
pub fn serve(
    port: u16,
    stop: &Arc<AtomicBool>,
    make: impl FnOnce(String) -> Result<Desk>,
    write: impl Fn() -> Result<()>,
) -> Result<()> {
    let server = Server::http(("127.0.0.1", port)).map_err(|e| {
        Error::new(
            format!("cannot listen on 127.0.0.1:{port}: {e}"),
            "name another port by `--port N`, or leave it out",
        )
    })?;
    let host = server.server_addr().to_ip().map(|a| a.to_string()).unwrap_or_default();
    let desk = make(host)?;
    println!(
        "Open {}\nctrl-C ends it. Only this machine can reach it, and only with this address.",
        desk.address()
    );
    while !stop.load(Ordering::Relaxed) {
        match server.recv_timeout(IDLE) {
            Ok(Some(request)) => respond(&desk, request),
            Ok(None) if desk.take_dirty() => write()?,
            Ok(None) => {}
            Err(e) => {
                return Err(Error::new(
                    format!("the server stopped: {e}"),
                    "start it again; nothing is lost",
                ));
            }
        }
    }
    if desk.take_dirty() { write() } else { Ok(()) }
}

fn respond(desk: &Desk, mut request: Request) {
    let header = |name: &'static str| {
        let found = request.headers().iter().find(|h| h.field.equiv(name));
        found.map(|h| h.value.as_str().to_owned()).unwrap_or_default()
    };
    let (host, cookie) = (header("Host"), header("Cookie"));
    let post = match request.method() {
        Method::Post => Some(true),
        Method::Get | Method::Head => Some(false),
        _ => None,
    };
    let url = request.url().to_owned();
    let mut body = String::new();
    // A form that is no text or too long lacks its token then, and is refused.
    let _ = request.as_reader().take(BODY).read_to_string(&mut body);
    let answer = post.map_or_else(
        || Answer::Page(405, "this can only be read, and forms be sent".to_owned()),
        |post| desk.answer(&Asked { post, url, host, cookie, body }),
    );
    let (status, text, more) = match answer {
        Answer::Page(status, html) => (status, html, Vec::new()),
        Answer::Goto(to, cookie) => {
            let cookie = cookie.map(|c| ("Set-Cookie", c));
            (303, String::new(), [("Location", to)].into_iter().chain(cookie).collect())
        }
    };
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; \
        frame-ancestors 'none'";
    let fixed = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-store"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ];
    let mut response = Response::from_string(text).with_status_code(status);
    let all = fixed.into_iter().map(|(n, v)| (n, v.to_owned())).chain(more);
    for (name, value) in all {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // A browser that went away is no failure of ours.
    let _ = request.respond(response);
}
