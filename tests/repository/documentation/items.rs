//! The public items of the library, read from its sources: what is `pub`, and that a door exports.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::{Attribute, Expr, ExprLit, File, ImplItem, Item as Syntax, Lit, Meta, TraitItem};
use syn::{Type, UseTree, Visibility};

/// A type, function, method or macro, with its documentation and that of its parts.
pub struct Item {
    pub name: String,
    pub file: String,
    pub docs: String,
}

impl Item {
    pub fn has_example(&self) -> bool {
        self.blocks()
            .any(|(info, _)| matches!(info, "" | "should_panic"))
    }

    /// The code of all examples.
    pub fn code(&self) -> String {
        self.blocks().map(|(_, code)| code).collect()
    }

    /// What stands behind the fence of each block of code, and the code.
    fn blocks(&self) -> impl Iterator<Item = (&str, &str)> {
        let inside = self.docs.split("```").skip(1).step_by(2);
        inside.map(|block| block.split_once('\n').unwrap_or((block, "")))
    }
}

/// All of them, in the order of the files.
pub fn public_items() -> Vec<Item> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fence/src");
    let files = crate::files(&source).into_iter().filter_map(|path| {
        let file = path.strip_prefix(&source).unwrap();
        // What the macros expand to is exported, too, and hidden.
        let is_hidden = file.starts_with("macros");
        let parsed = || syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        (!is_hidden).then(|| (file.display().to_string(), parsed().items))
    });
    let files: Vec<_> = files.collect();
    let exported: BTreeSet<String> = files.iter().flat_map(|(_, items)| exports(items)).collect();
    let mut items = Vec::new();
    for (file, syntax) in &files {
        let is_page = !file.contains(['/', '\\']);
        for item in syntax {
            public(item, &mut |name, docs| {
                let of = name.split("::").next().unwrap_or_default();
                if is_page || exported.contains(of) {
                    let file = file.clone();
                    items.push(Item { name, file, docs });
                }
            });
        }
    }
    items
}

/// What the public `use`s of a file name. The lint `unreachable_pub` sees to it that they are public
/// all the way up.
fn exports(items: &[Syntax]) -> Vec<String> {
    let names = items.iter().map(|item| match item {
        Syntax::Use(is) if is_public(&is.vis, &is.attrs) => leaves(&is.tree),
        _ => vec![],
    });
    names.flatten().collect()
}

fn leaves(tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(path) => leaves(&path.tree),
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Name(name) => vec![name.ident.to_string()],
        UseTree::Rename(renamed) => vec![renamed.rename.to_string()],
        UseTree::Glob(_) => panic!("a door names what it exports"),
    }
}

/// Hands `add` the name and the documentation of what is public in one item: it, and its methods.
fn public(item: &Syntax, add: &mut impl FnMut(String, String)) {
    match item {
        Syntax::Struct(is) if is_public(&is.vis, &is.attrs) => {
            let fields = is.fields.iter().filter(|is| is_public(&is.vis, &is.attrs));
            let fields = fields.flat_map(|is| &is.attrs);
            add(is.ident.to_string(), docs(is.attrs.iter().chain(fields)));
        }
        Syntax::Enum(is) if is_public(&is.vis, &is.attrs) => {
            let variants = is.variants.iter().flat_map(|is| &is.attrs);
            add(is.ident.to_string(), docs(is.attrs.iter().chain(variants)));
        }
        Syntax::Type(is) if is_public(&is.vis, &is.attrs) => {
            add(is.ident.to_string(), docs(&is.attrs));
        }
        Syntax::Fn(is) if is_public(&is.vis, &is.attrs) => {
            add(is.sig.ident.to_string(), docs(&is.attrs));
        }
        // A macro is documented where it is exported.
        Syntax::Use(is) if is_public(&is.vis, &is.attrs) && !docs(&is.attrs).is_empty() => {
            for name in leaves(&is.tree) {
                add(name, docs(&is.attrs));
            }
        }
        Syntax::Trait(is) if is_public(&is.vis, &is.attrs) => {
            add(is.ident.to_string(), docs(&is.attrs));
            for part in &is.items {
                match part {
                    TraitItem::Fn(method) if is_shown(&method.attrs) => {
                        let name = format!("{}::{}", is.ident, method.sig.ident);
                        add(name, docs(&method.attrs));
                    }
                    _ => {}
                }
            }
        }
        Syntax::Impl(is) if is.trait_.is_none() => methods(&is.self_ty, &is.items, add),
        Syntax::Macro(is) if is.mac.path.is_ident("pin_project") => {
            let within: File = syn::parse2(is.mac.tokens.clone()).unwrap();
            for item in &within.items {
                public(item, add);
            }
        }
        _ => {}
    }
}

fn methods(of: &Type, items: &[ImplItem], add: &mut impl FnMut(String, String)) {
    let Type::Path(of) = of else { return };
    let of = &of.path.segments.last().unwrap().ident;
    for item in items {
        match item {
            ImplItem::Fn(is) if is_public(&is.vis, &is.attrs) => {
                add(format!("{of}::{}", is.sig.ident), docs(&is.attrs));
            }
            _ => {}
        }
    }
}

fn is_public(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && is_shown(attributes)
}

fn is_shown(attributes: &[Attribute]) -> bool {
    !attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

fn docs<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> String {
    let lines = attributes.into_iter().filter_map(|attribute| {
        let pair = attribute.meta.require_name_value().ok()?;
        match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(line),
                ..
            }) if pair.path.is_ident("doc") => Some(line.value() + "\n"),
            _ => None,
        }
    });
    lines.collect()
}
