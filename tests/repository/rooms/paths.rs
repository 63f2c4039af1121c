//! Where the paths of a source file lead.

use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ItemExternCrate, ItemMod, ItemUse, UseTree, VisRestricted};

/// The paths that start at `crate`, `self` or `super`, each from the crate's root on: of imports, in
/// types and expressions, and in the tokens of macros. Those that start elsewhere lead into another
/// crate, or to what such a path has imported.
pub fn paths(module: Vec<String>, text: &str) -> syn::Result<Vec<Vec<String>>> {
    let mut reader = Reader {
        module,
        paths: Vec::new(),
    };
    reader.visit_file(&syn::parse_file(text)?);
    Ok(reader.paths)
}

struct Reader {
    /// The module that is being read.
    module: Vec<String>,
    paths: Vec<Vec<String>>,
}

impl Reader {
    fn note(&mut self, path: &[String]) {
        let (mut from_root, names) = match path[0].as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" | "super" => (self.module.clone(), path),
            _ => return,
        };
        for name in names {
            match name.as_str() {
                "self" => {}
                "super" => drop(from_root.pop()),
                _ => from_root.push(name.clone()),
            }
        }
        self.paths.push(from_root);
    }

    fn import(&mut self, path: &[String], tree: &UseTree) {
        let with = |ident: &Ident| [path, &[name(ident)]].concat();
        match tree {
            UseTree::Path(next) => self.import(&with(&next.ident), &next.tree),
            UseTree::Name(last) => self.note(&with(&last.ident)),
            UseTree::Rename(last) => self.note(&with(&last.ident)),
            UseTree::Glob(_) if path.is_empty() => {}
            UseTree::Glob(_) => self.note(path),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(path, tree);
                }
            }
        }
    }

    /// Of what a macro is given, or made of, nothing is known but its tokens.
    fn scan(&mut self, tokens: TokenStream) {
        let mut rest = tokens.into_iter().peekable();
        while let Some(token) = rest.next() {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) if ident == "pub" => drop(rest.next_if(is_restriction)),
                TokenTree::Ident(ident) => {
                    let path = [name(&ident)];
                    if eat_colons(&mut rest) {
                        self.scan_path(&path, &mut rest);
                    } else if matches!(rest.peek(), Some(TokenTree::Ident(next)) if next == "as") {
                        self.note(&path);
                    }
                }
                _ => {}
            }
        }
    }

    /// What follows on a path and its `::`.
    fn scan_path(&mut self, path: &[String], rest: &mut Peekable<IntoIter>) {
        match rest.peek() {
            Some(TokenTree::Ident(ident)) => {
                let path = [path, &[name(ident)]].concat();
                rest.next();
                if eat_colons(rest) {
                    self.scan_path(&path, rest);
                } else {
                    self.note(&path);
                }
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let mut inside = group.stream().into_iter().peekable();
                rest.next();
                while inside.peek().is_some() {
                    self.scan_path(path, &mut inside);
                    inside.find(
                        |token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','),
                    );
                }
            }
            // All of it, or the arguments of a generic, or what only the macro knows.
            _ => self.note(path),
        }
    }
}

impl Visit<'_> for Reader {
    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.module.push(name(&item.ident));
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&[], &item.tree);
        }
    }

    /// `extern crate self as …` is a name for the root.
    fn visit_item_extern_crate(&mut self, item: &ItemExternCrate) {
        if item.ident == "self" {
            self.paths.push(Vec::new());
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<_> = path.segments.iter().map(|part| name(&part.ident)).collect();
            self.note(&names);
        }
        visit::visit_path(self, path);
    }

    /// Names a module around, as in `pub(in crate::engine)`.
    fn visit_vis_restricted(&mut self, _: &VisRestricted) {}

    fn visit_token_stream(&mut self, tokens: &TokenStream) {
        self.scan(tokens.clone());
    }
}

/// `(in crate::engine)`, which names a module around.
fn is_restriction(token: &TokenTree) -> bool {
    let first = match token {
        TokenTree::Group(group) => group.stream().into_iter().next(),
        _ => None,
    };
    matches!(first, Some(TokenTree::Ident(first)) if first == "in")
}

fn name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

fn eat_colons(rest: &mut Peekable<IntoIter>) -> bool {
    let is_first = |token: &TokenTree| {
        matches!(token, TokenTree::Punct(mark)
            if mark.as_char() == ':' && mark.spacing() == Spacing::Joint)
    };
    rest.next_if(is_first).and_then(|_| rest.next()).is_some()
}
