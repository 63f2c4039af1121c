//! What is found in code, and what is not.

use super::{blocking_calls, may_await, mentions, nested_fences};
use proc_macro2::TokenStream;

fn tokens(code: &str) -> TokenStream {
    code.parse().expect("tokens")
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
        ("tokio::time::sleep(d).await", 0),
        ("sleep(d).await", 0),
        ("spawn_blocking(|| std::thread::sleep(d)).await", 0),
        ("spawn_blocking(move || { std::thread::sleep(d) }).await", 0),
        ("let f = |d| thread::sleep(d); f(d)", 0),
        ("fn wait() { thread::sleep(d) }", 0),
        ("fn block_on(x: u8) -> u8 { x }", 0),
        ("let block_on = 1;", 0),
    ] {
        assert_eq!(blocking_calls(&tokens(code)).len(), expected, "{code}");
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
        ("", false),
    ] {
        assert_eq!(may_await(&tokens(code)), expected, "{code}");
    }
}

#[test]
fn which_fences_are_nested_by_mistake() {
    for (code, expected) in [
        ("fenced!(timeout = \"5s\", { x })", 1),
        ("fence::block::fenced! { x }", 1),
        ("select! { _ = fenced!(x) => {} }", 1),
        ("fenced!(nested, { x })", 0),
        ("fenced!(timeout = \"5s\", nested, { x })", 0),
        ("fenced!(timeout = \"5s\", { nested })", 1),
        ("fenced(x)", 0),
        ("a.fenced(&f); x.fenced", 0),
    ] {
        assert_eq!(nested_fences(&tokens(code)).len(), expected, "{code}");
    }
}

#[test]
fn which_names_are_mentioned() {
    assert!(mentions(&tokens("self.limit(x)"), "limit"));
    assert!(mentions(&tokens("format!(\"{limit:?}\")"), "limit"));
    assert!(!mentions(&tokens("limits + \"limit\""), "limit"));
}
