//! What is found in code, and what is not.

use super::{Seen, look, mentions};
use proc_macro2::TokenStream;

fn tokens(code: &str) -> TokenStream {
    code.parse().expect("tokens")
}

fn seen(code: &str) -> Seen {
    look(&tokens(code))
}

#[test]
fn what_blocks() {
    for (code, expected) in [
        ("std::thread::sleep(d);", 1),
        ("thread::sleep(d)", 1),
        ("tokio::select! { _ = x => { thread::sleep(d) } }", 1),
        ("futures::executor::block_on(f)", 1),
        ("Handle::current().block_on(f)", 1),
        ("if a | b { thread::sleep(d) }", 1),
        ("match x { A | B => thread::sleep(d) }", 1),
        ("run(|x| x + 1, thread::sleep(d))", 1),
        ("let f = |x| x; thread::sleep(d)", 1),
        ("fn other() {} thread::sleep(d)", 1),
        ("tokio::time::sleep(d).await", 0),
        ("sleep(d).await", 0),
        ("S { thread: sleep(d) }", 0),
        ("spawn_blocking(|| std::thread::sleep(d)).await", 0),
        ("spawn_blocking(move || { std::thread::sleep(d) }).await", 0),
        ("let f = |d| thread::sleep(d); f(d)", 0),
        ("fn wait() { thread::sleep(d) }", 0),
        ("fn block_on(x: u8) -> u8 { x }", 0),
        ("let block_on = 1;", 0),
    ] {
        assert_eq!(seen(code).blocking.len(), expected, "{code}");
    }
}

#[test]
fn what_may_await() {
    for (code, expected) in [
        ("x.await", true),
        ("{ ( [ x.await ] ) }", true),
        ("tokio::join!(a, b)", true),
        ("todo!()", true),
        ("println!(\"{}\", x.await)", true),
        ("println!(\"x\"); 1", false),
        ("a != (b)", false),
        ("if !(a) { b }", false),
        ("", false),
    ] {
        assert_eq!(seen(code).awaits, expected, "{code}");
    }
}

#[test]
fn what_awaits_itself() {
    for (code, expected) in [
        ("f(x.await)", true),
        ("if a { x.await } else { y }", true),
        ("f(async { x.await })", false),
        ("f(async move { x.await })", false),
        ("f(async || x.await, y)", false),
        ("f(async |x| { x.await }, y.await)", true),
        ("fn f() { x.await } y", false),
    ] {
        assert_eq!(seen(code).awaits_itself, expected, "{code}");
    }
}

#[test]
fn what_may_leave() {
    for (code, returns, question_marks, jumps) in [
        ("return 5", true, false, false),
        ("x.map(|x| return x)", true, false, false),
        ("bail!(\"x\")", true, false, false),
        ("anyhow::ensure! { a }", true, false, false),
        ("println!(\"x\")", false, false, false),
        ("tokio::select! { x = y => x? }", false, true, false),
        ("if !(a) { break } else { continue }", false, false, true),
        ("r#return + returns", false, false, false),
    ] {
        let seen = seen(code);
        let found = (seen.returns, seen.question_marks, seen.jumps);
        assert_eq!(found, (returns, question_marks, jumps), "{code}");
    }
}

#[test]
fn which_fences_are_nested_by_mistake() {
    for (code, expected) in [
        ("fenced!(timeout = \"5s\", { x })", 1),
        ("fence::block::fenced! { x }", 1),
        ("select! { _ = fenced!(x) => {} }", 1),
        ("spawn(async { fenced!(x) })", 1),
        ("fn other() -> u8 { 1 } fenced!(x)", 1),
        ("fenced!(nested, { x })", 0),
        ("fenced!(timeout = \"5s\", nested, { x })", 0),
        ("fenced!(timeout = \"5s\", { nested })", 1),
        ("async fn helper(x: u8) -> u8 { fenced!(x) }", 0),
        (
            "impl S { fn helper() where A: B { loop { fenced!(x) } } }",
            0,
        ),
        ("trait T { fn one(); } fenced!(x)", 1),
        ("fenced(x)", 0),
        ("a.fenced(&f); x.fenced", 0),
    ] {
        assert_eq!(seen(code).fences.len(), expected, "{code}");
    }
}

#[test]
fn which_names_are_mentioned() {
    assert!(mentions(&tokens("self.limit(x)"), "limit"));
    assert!(mentions(&tokens("format!(\"{limit:?}\")"), "limit"));
    assert!(!mentions(&tokens("limits + \"limit\""), "limit"));
}
