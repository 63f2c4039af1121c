//! `examples/deadline_chain`, over real sockets.

use std::io::{Read, Write};
use std::net::TcpStream;

use support::program::Program;

/// The three services, and the address of the first.
fn start() -> (Program, String) {
    let services = Program::start("deadline_chain", &["--serve"], "");
    let line = services.line("listening on http://");
    let address = line.trim_start_matches("listening on http://").to_owned();
    (services, address)
}

/// Asks for so many rows, with the headers of a client.
fn ask(address: &str, rows: u32, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "HTTP/1.1\r\nHost: front\r\nConnection: close\r\n";
    write!(stream, "GET /report?rows={rows} {head}{headers}\r\n").unwrap();
    stream
}

/// All of the answer.
fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The lines that come next are these, and no others.
fn told(services: &Program, lines: &[&str]) {
    for line in lines {
        assert_eq!(services.line(""), *line);
    }
}

fn is_problem(answer: &str, status: u16, code: &str) {
    let body = format!("\r\n\r\n{{\"status\":{status},\"code\":\"{code}\"}}");
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} "))
            && answer.contains("\r\ncontent-type: application/problem+json\r\n")
            && answer.ends_with(&body),
        "{answer}"
    );
}

#[test]
fn one_budget_flows_through_three_services() {
    let ended = Program::start("deadline_chain", &[], "").end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // A client whose own time had been over would tell `budget`.
    let expected = "\
# enough time
client: has up to 5000ms
front: has up to 4900ms
middle: has up to 4800ms
store: has up to 4700ms
store: done
middle: done
front: done
client: 10 rows
# too little time
client: has up to 700ms
front: has up to 600ms
middle: has up to 500ms
store: has up to 400ms
store: deadline (DeadlineExceeded)
middle: deadline (504)
front: deadline (504)
client: deadline (504)
# a client that leaves
client: has up to 5000ms
front: has up to 4900ms
middle: has up to 4800ms
store: has up to 4700ms
client: leaves
front: disconnect (499)
middle: disconnect (499)
store: disconnect (Cancelled)
";
    assert_eq!(ended.stdout, expected);
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_client_is_answered_with_what_the_last_one_was_cut_by() {
    let (services, address) = start();
    let late = answer(ask(&address, 1000, "connect-timeout-ms: 700\r\n"));
    is_problem(&late, 504, "deadline");
    told(
        &services,
        &[
            "front: has up to 600ms",
            "middle: has up to 500ms",
            "store: has up to 400ms",
            "store: deadline (DeadlineExceeded)",
            "middle: deadline (504)",
            "front: deadline (504)",
        ],
    );
}

#[test]
fn a_client_that_says_nothing_has_what_the_service_allows() {
    let (services, address) = start();
    for headers in ["", "connect-timeout-ms: 60000\r\n"] {
        let answer = answer(ask(&address, 1, headers));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with("\r\n\r\n1 rows"), "{answer}");
        told(
            &services,
            &[
                "front: has up to 10000ms",
                "middle: has up to 9900ms",
                "store: has up to 9800ms",
                "store: done",
                "middle: done",
                "front: done",
            ],
        );
    }
}

#[test]
fn where_nothing_is_left_nothing_is_sent() {
    let (services, address) = start();
    // Zero has passed on arrival; 90 ms are less than the first service keeps for itself.
    for time in ["0", "90"] {
        let headers = format!("connect-timeout-ms: {time}\r\n");
        is_problem(&answer(ask(&address, 1, &headers)), 504, "deadline");
        told(
            &services,
            &["front: has up to 0ms", "front: deadline (504)"],
        );
    }
    // Enough for the first two.
    let headers = "connect-timeout-ms: 190\r\n";
    is_problem(&answer(ask(&address, 1, headers)), 504, "deadline");
    told(
        &services,
        &[
            "front: has up to 100ms",
            "middle: has up to 0ms",
            "middle: deadline (504)",
            "front: deadline (504)",
        ],
    );
    // Nobody else has heard of them: the next lines are those of the next request.
    answer(ask(&address, 1, ""));
    told(
        &services,
        &[
            "front: has up to 10000ms",
            "middle: has up to 9900ms",
            "store: has up to 9800ms",
        ],
    );
}

#[test]
fn a_client_that_leaves_ends_the_work_of_all_three() {
    let (services, address) = start();
    let asking = ask(&address, 1000, "");
    services.line("store: has up to 9800ms");
    drop(asking);
    told(
        &services,
        &[
            "front: disconnect (499)",
            "middle: disconnect (499)",
            "store: disconnect (Cancelled)",
        ],
    );
}

#[test]
fn bad_arguments_are_explained() {
    for (arguments, message) in [
        (&["--fast"][..], "unknown argument `--fast`"),
        (&["--serve", "3000"], "unknown argument `3000`"),
    ] {
        let ended = Program::start("deadline_chain", arguments, "").end();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
