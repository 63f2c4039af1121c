//! A deploy of `examples/graceful.rs` under load, with SIGTERM in the middle.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use support::program::Program;

/// How many clients send one request after the other.
const CLIENTS: usize = 16;

/// What one of them saw.
#[derive(Debug, Default)]
struct Seen {
    answered: usize,
    /// An answer that is none, or half of one.
    refused: Vec<String>,
}

/// Sends requests over one connection until the server closes it, and tells of the first answer.
fn client(address: &str, path: &str, first: &Sender<()>) -> Seen {
    let mut seen = Seen::default();
    let mut stream = BufReader::new(TcpStream::connect(address).expect("it listens"));
    loop {
        let request = format!("GET {path} HTTP/1.1\r\nHost: graceful\r\n\r\n");
        if stream.get_mut().write_all(request.as_bytes()).is_err() {
            return seen;
        }
        match answer(&mut stream) {
            Some(Ok(is_last)) => {
                seen.answered += 1;
                let _ = first.send(());
                if is_last {
                    return seen;
                }
            }
            Some(Err(text)) => {
                seen.refused.push(text);
                return seen;
            }
            // The server had closed an idle connection: nothing was begun.
            None => return seen,
        }
    }
}

/// Whether it is the last one on its connection, or what is wrong with it; `None` for nothing at
/// all.
fn answer(stream: &mut BufReader<TcpStream>) -> Option<Result<bool, String>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if !matches!(stream.read_line(&mut head), Ok(1..)) {
            return (!head.is_empty()).then_some(Err(head));
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    let is_whole = stream.read_exact(&mut body).is_ok();
    if is_whole && head.starts_with("HTTP/1.1 200 ") && body == b"done\n" {
        Some(Ok(head.contains("\r\nconnection: close\r\n")))
    } else {
        Some(Err(head))
    }
}

/// All that is sent until the end.
fn all(address: &str, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: graceful\r\n\r\n").expect("it reads");
    BufReader::new(stream)
}

fn rest(mut stream: BufReader<TcpStream>) -> String {
    let mut text = String::new();
    stream
        .read_to_string(&mut text)
        .expect("the server closes it in order");
    text
}

/// Starts the load, and returns once it is in full swing.
fn load(address: &str) -> Vec<thread::JoinHandle<Seen>> {
    let (first, firsts) = channel();
    let clients = (0..CLIENTS).map(|client_number| {
        let (address, first) = (address.to_owned(), first.clone());
        // Short ones, and some that are in the middle of their work at any moment.
        let path = ["/slow?ms=1", "/slow?ms=30", "/slow?ms=300"][client_number % 3];
        thread::spawn(move || client(&address, path, &first))
    });
    let clients: Vec<_> = clients.collect();
    // Two for each of them.
    assert_eq!(firsts.iter().take(2 * CLIENTS).count(), 2 * CLIENTS);
    clients
}

#[test]
fn under_load_no_request_in_flight_is_refused_and_what_takes_too_long_is_saved() {
    let times = ["--pre-drain", "100ms", "--drain", "2s", "--hard", "5s"];
    let service = Program::start("graceful", &[&["--port", "0"][..], &times].concat(), "");
    let line = service.line("listening on http://");
    let address = line.trim_start_matches("listening on http://");
    let clients = load(address);
    let (events, batch) = (all(address, "/events"), all(address, "/batch"));
    let log = service.lines_until("batch: started");
    service.terminate();

    let seen = clients
        .into_iter()
        .map(|client| client.join().expect("it counts"));
    let seen: Vec<Seen> = seen.collect();
    assert!(seen.iter().all(|seen| seen.refused.is_empty()), "{seen:?}");
    // Until its end, which comes with the soft stage.
    assert!(rest(events).ends_with("\r\n0\r\n\r\n"));
    // Cut with the hard stage.
    assert!(rest(batch).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));

    let ended = service.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let log = log + &ended.stdout;
    in_order(&log);
    let answered = seen.iter().map(|seen| seen.answered).sum::<usize>();
    assert_eq!(count(&log, "slow: answered"), answered);
    assert_eq!(
        count(&log, "slow: started"),
        answered,
        "none was begun and lost"
    );
}

/// Each stage does what it is for, and nothing else.
fn in_order(log: &str) {
    let at = |line: &str| {
        log.find(line)
            .unwrap_or_else(|| panic!("no `{line}` in {log}"))
    };
    let begun = at("SIGTERM: not ready");
    // Those who only say so may be late, or too late.
    let soft = at("events: ended by shutdown: SIGTERM\n");
    let hard = at("batch: saved ");
    let end = at("shutdown: SIGTERM, drained\n");
    assert!([begun, soft, hard, end].is_sorted(), "{log}");
    assert!(
        log[soft..hard].contains("slow: answered"),
        "requests have the drain: {log}"
    );
    assert!(!log[hard..].contains("slow: "), "and end within it: {log}");
    assert!(
        log[hard..].contains(" parts, shutdown-hard: SIGTERM\n"),
        "{log}"
    );
}

fn count(log: &str, line: &str) -> usize {
    log.lines().filter(|said| *said == line).count()
}
