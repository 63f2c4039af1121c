//! The public items of the library: what is `pub`, under a name that `lib.rs` exports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, File, Ident, ImplItem, Item as Syntax, ItemImpl, ItemTrait, Lit};
use syn::{Meta, TraitItem, Type, UseTree, Visibility};

/// A type, function, method or macro, with its documentation and that of its parts.
pub struct Item {
    pub name: String,
    pub file: String,
    pub docs: String,
}

/// All of them, in the order of the files.
pub fn public_items() -> Vec<Item> {
    let exported = exported(Path::new("lib.rs"));
    let (mut items, source) = (Vec::new(), source());
    for path in crate::files(&source) {
        let file = path.strip_prefix(&source).unwrap();
        // What the macros expand to is exported, too, and hidden.
        if !file.starts_with("macros") {
            let mut add = |name: String, docs: String| {
                let ty = name.split("::").next().unwrap_or_default();
                if exported.contains(ty) {
                    let file = file.display().to_string();
                    items.push(Item { name, file, docs });
                }
            };
            for item in parsed(file) {
                public(&item, &mut add);
            }
        }
    }
    items
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fence/src")
}

fn parsed(file: &Path) -> Vec<Syntax> {
    let text = fs::read_to_string(source().join(file)).unwrap();
    syn::parse_file(&text).unwrap().items
}

/// The names that a public module exports, and the public modules in it.
fn exported(module: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in parsed(module) {
        match &item {
            Syntax::Use(item) if is_public(&item.vis, &item.attrs) => {
                for path in leaves(&item.tree) {
                    let name = path.file_name().unwrap();
                    names.insert(name.to_str().unwrap().to_owned());
                    let module = path.strip_prefix("crate").unwrap_or(&path).join("mod.rs");
                    if source().join(&module).exists() {
                        names.extend(exported(&module));
                    }
                }
            }
            Syntax::Mod(item) if is_public(&item.vis, &item.attrs) && item.content.is_none() => {
                names.extend(exported(Path::new(&format!("{}.rs", item.ident))));
            }
            _ => public(&item, &mut |name, _| {
                names.insert(name);
            }),
        }
    }
    names
}

/// What one `use` names, by its path.
fn leaves(tree: &UseTree) -> Vec<PathBuf> {
    let below = |name: String, tree| {
        let paths = leaves(tree).into_iter();
        paths.map(|path| Path::new(&name).join(path)).collect()
    };
    match tree {
        UseTree::Path(path) => below(path.ident.to_string(), &path.tree),
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Name(name) => vec![name.ident.to_string().into()],
        UseTree::Rename(renamed) => vec![renamed.rename.to_string().into()],
        UseTree::Glob(_) => panic!("the public page names what it exports"),
    }
}

/// Hands `add` what is public in one item: the item, and its methods.
fn public(item: &Syntax, add: &mut impl FnMut(String, String)) {
    match item {
        Syntax::Struct(is) if is_public(&is.vis, &is.attrs) => {
            let fields = is.fields.iter().filter(|field| is_public(&field.vis, &[]));
            let attrs = is.attrs.iter().chain(fields.flat_map(|field| &field.attrs));
            add(is.ident.to_string(), docs(attrs));
        }
        Syntax::Enum(is) if is_public(&is.vis, &is.attrs) => {
            let variants = is.variants.iter().flat_map(|variant| &variant.attrs);
            add(is.ident.to_string(), docs(is.attrs.iter().chain(variants)));
        }
        Syntax::Fn(is) if is_public(&is.vis, &is.attrs) => {
            add(is.sig.ident.to_string(), docs(&is.attrs));
        }
        // A macro is documented where it is exported.
        Syntax::Use(is) if is_public(&is.vis, &is.attrs) && !docs(&is.attrs).is_empty() => {
            for name in leaves(&is.tree) {
                let name = name.file_name().unwrap().to_str().unwrap().to_owned();
                add(name, docs(&is.attrs));
            }
        }
        Syntax::Trait(is) if is_public(&is.vis, &is.attrs) => {
            add(is.ident.to_string(), docs(&is.attrs));
            for (method, attrs) in methods_of_trait(is) {
                add(format!("{}::{method}", is.ident), docs(attrs));
            }
        }
        Syntax::Impl(is) if is.trait_.is_none() => {
            let Type::Path(ty) = &*is.self_ty else { return };
            let ty = &ty.path.segments.last().unwrap().ident;
            for (method, attrs) in methods_of_impl(is) {
                add(format!("{ty}::{method}"), docs(attrs));
            }
        }
        Syntax::Macro(is) if is.mac.path.is_ident("pin_project") => {
            let within: File = syn::parse2(is.mac.tokens.clone()).unwrap();
            for item in &within.items {
                public(item, add);
            }
        }
        _ => {}
    }
}

fn methods_of_trait(is: &ItemTrait) -> impl Iterator<Item = (&Ident, &[Attribute])> {
    is.items.iter().filter_map(|part| match part {
        TraitItem::Fn(is) if is_shown(&is.attrs) => Some((&is.sig.ident, &*is.attrs)),
        _ => None,
    })
}

fn methods_of_impl(is: &ItemImpl) -> impl Iterator<Item = (&Ident, &[Attribute])> {
    is.items.iter().filter_map(|part| match part {
        ImplItem::Fn(is) if is_public(&is.vis, &is.attrs) => Some((&is.sig.ident, &*is.attrs)),
        _ => None,
    })
}

fn is_public(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && is_shown(attributes)
}

fn is_shown(attributes: &[Attribute]) -> bool {
    let is_hidden = |attribute: &Attribute| {
        let list = attribute.meta.require_list();
        list.is_ok_and(|list| list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
    };
    !attributes.iter().any(is_hidden)
}

fn docs<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(text) => match &text.lit {
                Lit::Str(line) => Some(line.value() + "\n"),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    attributes.into_iter().filter_map(line).collect()
}
