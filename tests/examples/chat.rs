//! `examples/chat.rs`, over real HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;

use support::program::Program;

/// A service on a port of its own, and its address.
fn start() -> (Program, String) {
    let service = Program::start("chat", &["--port", "0"], "");
    let line = service.line("listening on http://");
    (
        service,
        line.trim_start_matches("listening on http://").to_owned(),
    )
}

/// Sends a request, to be answered by `answer`.
fn request(address: &str, method: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: chat\r\nConnection: close");
    write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    stream
}

/// The status and the body.
fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), body.to_owned())
}

#[test]
fn a_call_completes_or_runs_out_of_time_and_both_are_saved() {
    let (service, address) = start();
    let (status, text) = answer(request(&address, "POST", "/chat", "once upon"));
    assert_eq!((status, text.as_str()), (200, "ONCE UPON\ncomplete\n"));

    let story = "word ".repeat(100_000);
    let (status, text) = answer(request(&address, "POST", "/chat?timeout_ms=200", &story));
    assert_eq!(status, 504, "{text}");
    assert!(
        text.ends_with("\ncancelled: timeout: timed out after 200ms\n"),
        "{text}"
    );

    let (_, saved) = answer(request(&address, "GET", "/saved", ""));
    let saved: Vec<_> = saved.lines().collect();
    assert_eq!(saved[0], r#""once upon" -> "ONCE UPON" (complete)"#);
    assert!(saved[1].ends_with("(cancelled: timeout: timed out after 200ms)"));
    service.terminate();
    assert_eq!(service.end().status, Some(0));
}

#[test]
fn a_shutdown_cuts_the_call_and_not_what_saves_it() {
    let (service, address) = start();
    let story = "word ".repeat(100_000);
    let running = request(&address, "POST", "/chat?timeout_ms=3600000", &story);
    service.line("asking the model");
    service.terminate();
    let (status, text) = answer(running);
    assert_eq!(status, 503, "{text}");
    assert!(text.ends_with("\ncancelled: shutdown: SIGTERM\n"), "{text}");
    let ended = service.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("saved: \"word word"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.ends_with("(cancelled: shutdown: SIGTERM)\n"));
}

#[test]
fn a_client_that_hangs_up_cuts_the_call_and_not_what_saves_it() {
    let (service, address) = start();
    let story = "word ".repeat(100);
    let running = request(&address, "POST", "/chat?timeout_ms=3600000", &story);
    service.line("asking the model");
    drop(running);
    service.line("(cancelled: disconnect: the client hung up)");
    let (_, saved) = answer(request(&address, "GET", "/saved", ""));
    assert!(saved.ends_with("(cancelled: disconnect: the client hung up)"));
}

#[test]
fn ctrl_c_does_what_sigterm_does() {
    let (service, _) = start();
    service.interrupt();
    assert_eq!(service.end().status, Some(0));
}

#[test]
fn bad_arguments_are_explained() {
    let ended = Program::start("chat", &["--port", "many"], "").end();
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.stderr.contains("write `--port 3000`"),
        "{}",
        ended.stderr
    );
}
