//! `examples/graceful.rs`, over real sockets and with real signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use support::program::Program;

/// A service on a port of its own, and its address.
fn start(options: &[&str]) -> (Program, String) {
    let service = Program::start("graceful", &[&["--port", "0"], options].concat(), "");
    let line = service.line("listening on http://");
    let address = line.trim_start_matches("listening on http://").to_owned();
    (service, address)
}

fn get(address: &str, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "HTTP/1.1\r\nHost: graceful\r\nConnection: close";
    write!(stream, "GET {path} {head}\r\n\r\n").unwrap();
    BufReader::new(stream)
}

/// All of the answer, which the service ends.
fn answer(mut stream: BufReader<TcpStream>) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Reads on until there is a line with this text.
fn read_until(stream: &mut BufReader<TcpStream>, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "no `{text}`");
    }
}

#[test]
fn an_open_stream_does_not_hold_up_a_deploy_and_a_request_is_answered() {
    let (service, address) = start(&["--pre-drain", "0s"]);
    let mut events = get(&address, "/events");
    read_until(&mut events, "data: tick 1");
    let slow = get(&address, "/slow?ms=1000");
    service.line("slow: started");
    service.terminate();
    service.line("SIGTERM: not ready");
    // Until the end: a stream that is cut short has no last chunk.
    assert!(answer(events).ends_with("\r\n0\r\n\r\n"));
    assert!(answer(slow).ends_with("\r\n\r\ndone\n"));
    let ended = service.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let (first, rest) = ended.stdout.split_at(ended.stdout.find("slow: ").unwrap());
    assert!(first.contains("draining\n"), "{first}");
    assert!(
        first.contains("events: ended by shutdown: SIGTERM\n"),
        "{first}"
    );
    assert_eq!(rest, "slow: answered\nshutdown: SIGTERM, drained\n");
}

#[test]
fn before_the_drain_it_serves_and_is_not_ready_and_a_second_signal_exits() {
    let (service, address) = start(&["--pre-drain", "1h", "--grace", "2h"]);
    assert!(answer(get(&address, "/ready")).starts_with("HTTP/1.1 200 "));
    let mut events = get(&address, "/events");
    service.line("events: opened");
    service.interrupt();
    service.line("SIGINT: not ready");
    assert!(answer(get(&address, "/ready")).starts_with("HTTP/1.1 503 "));
    assert!(answer(get(&address, "/slow?ms=1")).starts_with("HTTP/1.1 200 "));
    read_until(&mut events, "data: tick 3");
    let ended = service.end_by("-INT");
    assert_eq!(ended.status, Some(130));
    assert_eq!(ended.stdout, "slow: started\nslow: answered\n");
}

#[test]
fn the_second_signal_may_be_the_other_one() {
    let (service, _) = start(&["--pre-drain", "1h", "--grace", "2h"]);
    service.interrupt();
    service.line("SIGINT: not ready");
    assert_eq!(service.end_by("-TERM").status, Some(143));
}

#[test]
fn a_second_signal_exits_even_if_the_runtime_is_blocked() {
    let (service, address) = start(&[]);
    let _blocked = get(&address, "/block");
    service.line("block: started");
    service.terminate();
    let ended = service.end_by("-INT");
    assert_eq!(ended.status, Some(130));
    assert_eq!(ended.stdout, "", "nothing else got round to it");
}

#[test]
fn what_does_not_end_is_left_and_the_process_ends_all_the_same() {
    let (service, address) = start(&["--pre-drain", "0s", "--drain", "50ms", "--hard", "50ms"]);
    assert!(answer(get(&address, "/report")).ends_with("started\n"));
    service.line("report: started");
    service.terminate();
    let ended = service.end();
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let line = "Error: shutdown: SIGTERM, 1 not drained\n  left: thread `graceful::report` at ";
    assert!(ended.stderr.starts_with(line), "{}", ended.stderr);
    let expected = "SIGTERM: not ready; once more to exit at once\ndraining\ngiving up soon\n\
                    shutdown: SIGTERM, 1 not drained\n";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn bad_arguments_are_explained() {
    for (arguments, message) in [
        (&["--port", "many"][..], "write `--port 3000`"),
        (&["--drain", "5"], "write `--drain 2s`"),
        (&["--hard"], "`--hard` needs a value: write `--hard 2s`"),
        (&["--fast"], "unknown argument `--fast`"),
        (
            &["--drain", "1m"],
            "shorten a stage, or raise `termination_grace`",
        ),
    ] {
        let ended = Program::start("graceful", arguments, "").end();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
