//! `examples/disconnect.rs`, whose clients leave real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use support::program::Program;

/// A service on a port of its own, and its address.
fn start(options: &[&str]) -> (Program, String) {
    let service = Program::start("disconnect", &[&["--port", "0"], options].concat(), "");
    let line = service.line("listening on http://");
    let address = line.trim_start_matches("listening on http://").to_owned();
    (service, address)
}

fn get(address: &str, target: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "HTTP/1.1\r\nHost: disconnect\r\nConnection: close";
    write!(stream, "GET {target} {head}\r\n\r\n").unwrap();
    BufReader::new(stream)
}

/// A call of a model that thinks for an hour.
fn get_late(address: &str, target: &str) -> BufReader<TcpStream> {
    get(address, &format!("{target}&prompt=a+story&ms=3600000"))
}

/// All of the answer, which the service ends.
fn answer(mut stream: BufReader<TcpStream>) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn saved(address: &str) -> String {
    let text = answer(get(address, "/saved"));
    text.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

/// Reads on until there is a line with this text.
fn read_until(stream: &mut BufReader<TcpStream>, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "no `{text}`");
    }
}

fn assert_has(text: &str, part: &str) {
    assert!(text.contains(part), "{text}");
}

fn assert_begins(text: &str, start: &str) {
    assert!(text.starts_with(start), "{text}");
}

fn assert_ends(text: &str, end: &str) {
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_call_that_completes_is_answered_and_saved() {
    let (service, address) = start(&[]);
    let text = answer(get(&address, "/generate?user=ann&prompt=once+upon&ms=1"));
    assert_begins(&text, "HTTP/1.1 200 ");
    assert_ends(&text, "\r\n\r\nONCE UPON\n");
    let text = answer(get(&address, "/stream?prompt=a+time&ms=1"));
    assert_begins(&text, "HTTP/1.1 200 ");
    for event in [
        "\ndata: A\n\n",
        "\ndata: TIME\n\n",
        "\nevent: end\ndata: complete\n\n",
    ] {
        assert!(text.contains(event), "{text}");
    }
    let expected = r#"[{"user":"ann","path":"/generate","answer":"ONCE UPON","tokens":2,"ended":"complete"},{"user":"anonymous","path":"/stream","answer":"A TIME","tokens":2,"ended":"complete"}]"#;
    assert_eq!(saved(&address), expected);
    service.terminate();
    let ended = service.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stdout.contains("left: \""), "{}", ended.stdout);
    assert_ends(
        &ended.stdout,
        "SIGTERM, drained; clients that had left: 0\n",
    );
}

#[test]
fn a_client_that_leaves_stops_the_model_and_not_what_saves() {
    let (service, address) = start(&[]);
    let client = get_late(&address, "/generate?user=ben");
    service.line(r#"asked: /generate, "a story""#);
    drop(client);
    service.line(r#"saved: "ben", /generate, disconnect, tokens: 0"#);
    let line = service.line("left: ");
    assert_begins(&line, r#"left: "ben", GET /generate, disconnect after "#);
    assert_has(&line, " in Handler, ran on for ");
    assert_ends(&line, ", Finished");
    let expected =
        r#"[{"user":"ben","path":"/generate","answer":"","tokens":0,"ended":"disconnect"}]"#;
    assert_eq!(saved(&address), expected);
}

#[test]
fn a_client_that_leaves_a_stream_leaves_a_count_of_its_tokens() {
    let (service, address) = start(&[]);
    let story = "word+".repeat(1000);
    let mut client = get(&address, &format!("/stream?user=cat&ms=50&prompt={story}"));
    read_until(&mut client, "data: WORD");
    read_until(&mut client, "data: WORD");
    drop(client);
    let line = service.line("saved: ");
    let count = line.trim_start_matches(r#"saved: "cat", /stream, disconnect, tokens: "#);
    // One or more may have been on their way when it left.
    assert!((2..1000).contains(&count.parse().expect(&line)), "{line}");
    let line = service.line("left: ");
    assert_begins(&line, r#"left: "cat", GET /stream, disconnect after "#);
    assert_has(&line, " in Body, ran on for ");
    assert_ends(&line, ", Finished");
    let expected = format!(r#""tokens":{count},"ended":"disconnect"}}]"#);
    assert_ends(&saved(&address), &expected);
}

#[test]
fn a_call_that_takes_too_long_is_answered_with_its_code() {
    let (service, address) = start(&["--max-deadline", "100ms"]);
    let text = answer(get_late(&address, "/generate?user=ann"));
    assert_begins(&text, "HTTP/1.1 504 ");
    assert_has(&text, "\ncontent-type: application/problem+json\r\n");
    let problem =
        r#"{"type":"about:blank","title":"Gateway Timeout","status":504,"code":"deadline"}"#;
    assert_ends(&text, problem);
    let text = answer(get_late(&address, "/stream?user=ann"));
    assert_begins(&text, "HTTP/1.1 200 ");
    assert_has(&text, "\nevent: end\ndata: deadline\n\n");
    let saved = saved(&address);
    let count = saved.matches(r#""tokens":0,"ended":"deadline""#).count();
    assert_eq!(count, 2, "{saved}");
    service.terminate();
    assert_ends(&service.end().stdout, "; clients that had left: 0\n");
}

#[test]
fn a_client_that_leaves_takes_no_other_along() {
    let (service, address) = start(&[]);
    let leaving = get_late(&address, "/generate?user=ann");
    service.line("asked: /generate");
    let staying = get(&address, "/generate?user=ben&prompt=ours&ms=1000");
    service.line("asked: /generate");
    drop(leaving);
    service.line(r#"left: "ann", "#);
    assert_ends(&answer(staying), "\r\n\r\nOURS\n");
    service.terminate();
    let ended = service.end();
    assert!(!ended.stdout.contains("left: \""), "{}", ended.stdout);
    assert_ends(&ended.stdout, "; clients that had left: 1\n");
}

#[test]
fn a_shutdown_waits_for_what_runs_on_without_its_client() {
    let (service, address) = start(&[]);
    let client = get_late(&address, "/generate?user=ann");
    service.line("asked: ");
    drop(client);
    service.line("ended: ");
    service.terminate();
    let ended = service.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let line = r#"saved: "ann", /generate, disconnect, tokens: 0"#;
    assert_has(&ended.stdout, line);
    assert_has(&ended.stdout, r#"left: "ann", "#);
    assert_ends(
        &ended.stdout,
        "SIGTERM, drained; clients that had left: 1\n",
    );
}

#[test]
fn a_shutdown_stops_the_model_and_answers_whoever_is_there() {
    let (service, address) = start(&[]);
    let call = get_late(&address, "/generate?user=ann");
    service.line("asked: ");
    let stream = get_late(&address, "/stream?user=ann");
    service.line("asked: ");
    service.terminate();
    let text = answer(call);
    assert_begins(&text, "HTTP/1.1 503 ");
    assert_ends(&text, r#""code":"shutdown"}"#);
    let text = answer(stream);
    assert_has(&text, "\nevent: end\ndata: shutdown\n\n");
    let ended = service.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let lines = ended.stdout.matches(", shutdown, tokens: 0\n");
    assert_eq!(lines.count(), 4, "{}", ended.stdout); // ended and saved, of both
    assert_ends(
        &ended.stdout,
        "SIGTERM, drained; clients that had left: 0\n",
    );
}

/// Who a client says it is cannot forge a line of the log.
#[test]
fn a_name_is_escaped() {
    let (service, address) = start(&[]);
    let client = get_late(&address, "/generate?user=a%0Aleft:+b");
    service.line("asked: ");
    drop(client);
    let line = service.line("disconnect after");
    assert_begins(&line, r#"left: "a\nleft: b", GET "#);
}

#[test]
fn bad_arguments_are_explained() {
    for (arguments, message) in [
        (&["--port", "many"][..], "write `--port 3000`"),
        (&["--max-deadline", "5"], "write `--max-deadline 2s`"),
        (
            &["--max-deadline"],
            "`--max-deadline` needs a value: write `--max-deadline 2s`",
        ),
        (&["--fast"], "unknown argument `--fast`"),
    ] {
        let ended = Program::start("disconnect", arguments, "").end();
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
