//! Which jumps leave a block, and how far they reach.

use super::{Jumps, Way};
use proc_macro2::{Delimiter, Group};
use quote::quote;

fn rewritten(code: &str) -> (String, Vec<Way>) {
    let block = Group::new(Delimiter::Brace, code.parse().expect("tokens"));
    let jumps = Jumps::find(&block, &quote!(leave));
    (jumps.block.to_string(), jumps.ways)
}

#[test]
fn what_stays() {
    for code in [
        "loop { break }",
        "loop { x(|| break) ; if a { continue } }",
        "while a { b(); break }",
        "while let Some(S { x }) = next() { break }",
        "while match x { A => true, _ => false } { break }",
        "while { x } { break }",
        "for S { x } in all { continue }",
        "for x in match y { _ => z } { break 5 }",
        "for x in S::<A, { B }>::new() { break }",
        "'a: loop { loop { break 'a 5 } }",
        "'a: { break 'a; }",
        "'a: for x in y { 'b: while z { continue 'a } }",
        "select! { x = y => { loop { break } } }",
        "repeat!({ if done { break } })",
        "let r#break = 1;",
    ] {
        let (_, ways) = rewritten(code);
        assert_eq!(ways.len(), 0, "{code}");
    }
}

/// In the second, `@` is what stands for the jump, and `@(…)` with a value.
const LEAVES: &[(&str, &str)] = &[
    ("break", "{ @ }"),
    ("break ; x", "{ @ ; x }"),
    ("#[cfg(any())] continue; x", "{ # [cfg (any ())] @ ; x }"),
    ("loop {} break", "{ loop { } @ }"),
    ("while a {} break", "{ while a { } @ }"),
    (
        "match x { A => break, B => 1 }",
        "{ match x { A => @ , B => 1 } }",
    ),
    (
        "select! { x = y => break, }",
        "{ select ! { x = y => @ , } }",
    ),
    ("impl A for B {} break", "{ impl A for B { } @ }"),
    (
        "f::<dyn for<'a> F<'a>>(); { break }",
        "{ f :: < dyn for < 'a > F < 'a >> () ; { @ } }",
    ),
    ("loop { continue 'outer }", "{ loop { @ } }"),
    ("'a: loop {} continue 'a", "{ 'a : loop { } @ }"),
    ("break 5; 6", "{ @(5) ; 6 }"),
    (
        "break 'outer f::<A, B>(x); 6",
        "{ @(f :: < A , B > (x)) ; 6 }",
    ),
    (
        "match x { A => break 'b S { x }, }",
        "{ match x { A => @(S { x }) , } }",
    ),
    ("repeat! { break 'outer }", "{ repeat ! { @ } }"),
];

#[test]
fn what_leaves() {
    let (slot, some) = ("{ __fence_left0 =", ":: core :: option :: Option :: Some");
    for (code, expected) in LEAVES {
        let expected = match expected.split_once("@(") {
            Some((before, rest)) => {
                let (value, after) = rest.rsplit_once(") ").expect("a value in brackets");
                format!("{before}{slot} {some} ({value}) ; leave }} {after}")
            }
            None => expected.replace('@', "{ __fence_exit = 1 ; leave }"),
        };
        let (written, ways) = rewritten(code);
        // How tokens are spaced depends on the version that prints them.
        let [written, expected] = [written, expected].map(|text| text.replace(' ', ""));
        assert_eq!(written, expected, "{code}");
        assert_eq!(ways.len(), 1, "{code}");
    }
}

#[test]
fn one_place_is_one_way() {
    let (_, ways) =
        rewritten("break; break; break 'a; continue; continue 'a; break 'a 5; continue");
    let found: Vec<_> = ways
        .iter()
        .map(|way| (&*way.name, way.plain, way.carries))
        .collect();
    let expected = [
        ("break", true, false),
        ("break'a", true, true),
        ("continue", true, false),
        ("continue'a", true, false),
    ];
    assert_eq!(found, expected);
}

#[test]
fn jumps_in_the_value_of_a_jump() {
    let (written, ways) = rewritten("break 'a if x { continue } else { 5 }");
    assert_eq!(ways.len(), 2, "{written}");
    assert!(written.contains("else { 5 }"), "{written}");
}

#[test]
fn half_typed_code_is_rewritten_all_the_same() {
    for code in ["if a { break } client .", "for x in client . { } break"] {
        let (written, ways) = rewritten(code);
        assert_eq!(ways.len(), 1, "{written}");
    }
}
