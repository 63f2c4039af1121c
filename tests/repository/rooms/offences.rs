//! What the test of the rooms has to see, in a house of its own.

use std::path::Path;

use super::House;

fn offences(file: &str, text: &str) -> Vec<String> {
    House::new("cellar middle/inner middle top").offences(Path::new(file), text)
}

/// One offence, of a file in the middle, against the path from the root on.
#[track_caller]
fn assert_offence(text: &str, path: &str) {
    assert_offence_of(
        "middle/file.rs",
        text,
        "`middle` uses `top`, which is above",
        path,
    );
}

#[track_caller]
fn assert_use_of_the_roof(text: &str, path: &str) {
    assert_offence_of("middle/file.rs", text, "`middle` uses the roof", path);
}

#[track_caller]
fn assert_offence_of(file: &str, text: &str, what: &str, path: &str) {
    assert_eq!(offences(file, text), [format!("{file}: {what}: {path}")]);
}

#[track_caller]
fn assert_fine(text: &str) {
    assert_eq!(offences("middle/file.rs", text), [""; 0]);
}

#[test]
fn an_import() {
    assert_offence("use crate::top::Thing;", "crate::top::Thing");
    assert_offence("use crate::top;", "crate::top");
    assert_offence("use crate::r#top::Thing as Other;", "crate::top::Thing");
    assert_offence("pub(crate) use crate::top::Thing;", "crate::top::Thing");
    assert_offence("fn f() { use crate::top::Thing; }", "crate::top::Thing");
}

#[test]
fn an_import_of_all() {
    assert_offence("use crate::top::*;", "crate::top");
}

#[test]
fn an_import_in_a_group() {
    let path = "crate::top::b::Thing";
    assert_offence("use crate::{cellar::a, top::b::Thing};", path);
    assert_offence("use crate::{cellar::{a, b}, top::{b::{Thing}}};", path);
    assert_offence("use {crate::cellar::a, crate::top::b::Thing};", path);
    assert_offence("use crate::{cellar::a, top::{self}};", "crate::top");
}

#[test]
fn an_import_by_super() {
    assert_offence("use super::super::top::Thing;", "crate::top::Thing");
    assert_offence("use self::super::super::top::Thing;", "crate::top::Thing");
    assert_offence("use super::{Near, super::top::Thing};", "crate::top::Thing");
    let inner = "mod inner { use super::super::super::top::Thing; }";
    assert_offence(inner, "crate::top::Thing");
    let what = "`middle` uses `top`, which is above";
    assert_offence_of(
        "middle/mod.rs",
        "use super::top::Thing;",
        what,
        "crate::top::Thing",
    );
}

#[test]
fn a_path_in_code() {
    for text in [
        "fn f() { crate::top::thing() }",
        "fn f() { crate::top::thing::<u32>(1) }",
        "fn f() { super::super::top::thing() }",
        "fn f() { <crate::top::thing>::new() }",
        "fn f() { Vec::<crate::top::thing>::new() }",
        "fn f(x: Kind) { match x { crate::top::thing => {} } }",
        "fn f() { crate::top::thing! {} }",
        "const N: [u8; crate::top::thing] = [];",
    ] {
        assert_offence(text, "crate::top::thing");
    }
}

#[test]
fn a_path_in_a_type() {
    for text in [
        "struct S(crate::top::Thing);",
        "type T = Option<&'static [crate::top::Thing]>;",
        "fn f() -> impl Fn(crate::top::Thing) {}",
        "fn f<T: crate::top::Thing>() {}",
        "impl crate::top::Thing for S {}",
        "#[derive(Debug, crate::top::Thing)] struct S;",
    ] {
        assert_offence(text, "crate::top::Thing");
    }
    assert_offence(
        "type T = <S as crate::top::Trait>::Name;",
        "crate::top::Trait::Name",
    );
}

#[test]
fn a_path_in_the_tokens_of_a_macro() {
    for text in [
        "thread_local! { static S: Cell<crate::top::Thing> = const { new() } }",
        "fn f() { assert!(x.is(&crate::top::Thing::<u32>)); }",
        "fn f() { call!(super::super::top::Thing); }",
        "items! { use crate::{cellar::a, top::Thing}; }",
        "items! { use crate::{cellar::*, top::{Thing, }}; }",
        "pin_project! { pub(crate) struct S(pub (crate::top::Thing)); }",
        "macro_rules! m { ($x:expr) => { $crate::top::Thing($x) }; }",
    ] {
        assert_offence(text, "crate::top::Thing");
    }
    assert_offence("items! { use crate::top::*; }", "crate::top");
}

#[test]
fn what_the_root_exports() {
    assert_use_of_the_roof("use crate::Thing;", "crate::Thing");
    assert_use_of_the_roof("use crate::{Thing, cellar::a};", "crate::Thing");
    assert_use_of_the_roof("use super::super::Thing;", "crate::Thing");
    assert_use_of_the_roof("fn f(x: crate::Thing) {}", "crate::Thing");
    assert_use_of_the_roof("m! { crate::Thing::new() }", "crate::Thing::new");
    assert_use_of_the_roof("use crate::block::fenced;", "crate::block::fenced");
}

#[test]
fn another_name_for_the_root() {
    for text in [
        "use crate as root;",
        "use crate::{self as root};",
        "use crate::*;",
        "use super::super as root;",
        "extern crate self as root;",
        "items! { use crate as root; }",
        "items! { use crate::{self as root}; }",
        "macro_rules! m { ($room:ident) => { $crate::$room::Thing }; }",
    ] {
        assert_use_of_the_roof(text, "crate");
    }
}

#[test]
fn a_folder_inside_uses_the_one_around() {
    let what = "`middle/inner` uses `middle`, which is above";
    let by_crate = "use crate::middle::Thing;";
    assert_offence_of(
        "middle/inner/file.rs",
        by_crate,
        what,
        "crate::middle::Thing",
    );
    let by_super = "use super::super::Thing;";
    assert_offence_of(
        "middle/inner/file.rs",
        by_super,
        what,
        "crate::middle::Thing",
    );
    assert_eq!(offences("middle/mod.rs", "use inner::Thing;"), [""; 0]);
    assert_eq!(
        offences("middle/file.rs", "use super::inner::Thing;"),
        [""; 0]
    );
}

#[test]
fn a_circle_of_folders() {
    let one = offences("cellar/file.rs", "use crate::middle::inner::Thing;");
    let other = offences("middle/inner/file.rs", "use crate::cellar::Thing;");
    assert_eq!([one.len(), other.len()], [1, 0]);
    let one = offences("middle/inner/file.rs", "use crate::middle::Thing;");
    let other = offences("middle/file.rs", "use crate::middle::inner::Thing;");
    assert_eq!([one.len(), other.len()], [1, 0]);
}

#[test]
fn each_offence_is_told() {
    let text = "use crate::{Root, top::{A, B}};\nfn f() { crate::top::c() }";
    assert_eq!(offences("middle/file.rs", text).len(), 4);
}

#[test]
fn what_is_below_or_near_may_be_used() {
    assert_fine("use crate::cellar::{a, b::*};\nfn f() { crate::cellar::a() }");
    assert_fine("use super::near::Thing;\nuse self::inside::Thing;\nmod inside {}");
    assert_fine("use crate::middle::{Thing, inner::Other};");
    assert_fine("mod tests { use super::*; use super::super::Thing; }");
}

#[test]
fn the_roof_may_use_all() {
    assert_eq!(
        offences("lib.rs", "use crate::top::A;\npub use crate::block::b;"),
        [""; 0]
    );
}

#[test]
fn what_names_no_module_is_fine() {
    assert_fine("//! See [`crate::top`].\n/// And [`crate::Thing`].\n// crate::top\nstruct S;");
    assert_fine("fn f() -> &'static str { \"crate::top::Thing\" }");
    assert_fine("pub(crate) struct S(pub(in crate::middle) u8, pub(super) u8);");
    assert_fine("pin_project! { pub(crate) struct S { pub(in crate::middle) field: u8 } }");
    assert_fine("macro_rules! m { () => { other!(($crate)) }; }");
    assert_fine("fn f(self: &Self) { self.top(); m!(self.top, self as u8, x as T); }");
}

#[test]
fn other_crates_may_be_called_like_rooms() {
    assert_fine("use top::Thing;\nuse ::top::Other;\nfn f() { top::call(); ::top::call() }");
    assert_fine("m! { ::top::call(), top::call() }");
}
