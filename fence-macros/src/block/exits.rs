//! Finds what leaves a block, and lets it leave the `async` block instead, with a note of how.

use super::{foreign, local};
use crate::errors::Errors;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprTry, Item, Label, Lifetime, Macro};

/// One way out of the block. `?` and `return` go the same way.
pub(super) struct Way {
    pub(super) kind: Kind,
    /// Where it was first taken.
    pub(super) span: Span,
    /// Whether a value goes with it.
    pub(super) carries: bool,
}

#[derive(Clone)]
pub(super) enum Kind {
    Return,
    Break(Option<Lifetime>),
    Continue(Option<Lifetime>),
}

/// The visitor.
pub(super) struct Exits<'a> {
    pub(super) ways: Vec<Way>,
    pub(super) errors: Errors,
    krate: &'a TokenStream,
    /// The labels inside the block, which may be left as ever.
    labels: Vec<String>,
    /// How many loops of the block are around the current expression.
    loops: usize,
}

impl<'a> Exits<'a> {
    pub(super) fn rewrite(block: &mut Block, krate: &'a TokenStream) -> Self {
        let (ways, labels) = (Vec::new(), Vec::new());
        let mut exits = Self {
            ways,
            errors: Errors::default(),
            krate,
            labels,
            loops: 0,
        };
        exits.visit_block_mut(block);
        exits
    }

    /// The constructor of the way: `__fence_exit0`.
    fn take(&mut self, kind: &Kind, span: Span, carries: bool) -> Ident {
        let position = self.ways.iter().position(|way| way.kind.leads_where(kind));
        let position = position.unwrap_or_else(|| {
            self.ways.push(Way {
                kind: kind.clone(),
                span,
                carries: false,
            });
            self.ways.len() - 1
        });
        self.ways[position].carries |= carries;
        constructor(position)
    }

    /// `return x` → `return __fence_exit0(x)`
    fn leave(&mut self, kind: &Kind, span: Span, value: Option<&Expr>) -> Expr {
        let carries = matches!(kind, Kind::Return) || value.is_some();
        let exit = self.take(kind, span, carries);
        let value = value.map_or_else(|| quote!(()), |value| quote!(#value));
        let keyword = quote_spanned!(span.resolved_at(Span::call_site())=> return);
        Expr::Verbatim(quote!((#keyword #exit(#value))))
    }

    /// ```text
    /// fetch(url).await?
    /// ---
    /// (match $crate::__private::Branch::branch(fetch(url).await) {
    ///     ControlFlow::Continue(__fence_value) => __fence_value,
    ///     ControlFlow::Break(__fence_left) => return __fence_exit0(__fence_left.leave()),
    /// })
    /// ```
    fn question_mark(&mut self, node: &ExprTry) -> Expr {
        let span = node.question_token.span.resolved_at(Span::call_site());
        let exit = self.take(&Kind::Return, span, true);
        let (krate, inner) = (located_at(self.krate, span), &node.expr);
        let branch = quote_spanned!(span=> #krate::__private::Branch::branch(#inner));
        let (value, left) = (local("__fence_value"), local("__fence_left"));
        let leave = quote_spanned!(span=> leave());
        Expr::Verbatim(quote! {
            (match #branch {
                ::core::ops::ControlFlow::Continue(#value) => #value,
                ::core::ops::ControlFlow::Break(#left) => return #exit(#left.#leave),
            })
        })
    }

    /// What a `break` or `continue` leaves: something inside the block, or the block.
    fn stays(&self, label: Option<&Lifetime>) -> bool {
        match label {
            Some(label) => self.labels.contains(&label.ident.to_string()),
            None => self.loops > 0,
        }
    }

    fn labelled(&mut self, label: Option<&Label>, visit: impl FnOnce(&mut Self)) {
        let before = self.labels.len();
        self.labels
            .extend(label.map(|label| label.name.ident.to_string()));
        visit(self);
        self.labels.truncate(before);
    }

    fn in_loop(&mut self, label: Option<&Label>, body: &mut Block) {
        self.labelled(label, |this| {
            this.loops += 1;
            this.visit_block_mut(body);
            this.loops -= 1;
        });
    }

    /// Expressions that leave.
    fn exit(&mut self, node: &Expr) -> Option<Expr> {
        match node {
            Expr::Try(node) => Some(self.question_mark(node)),
            Expr::Return(node) => {
                Some(self.leave(&Kind::Return, node.return_token.span, node.expr.as_deref()))
            }
            Expr::Break(node) if !self.stays(node.label.as_ref()) => {
                let kind = Kind::Break(node.label.clone());
                Some(self.leave(&kind, node.break_token.span, node.expr.as_deref()))
            }
            Expr::Continue(node) if !self.stays(node.label.as_ref()) => {
                let kind = Kind::Continue(node.label.clone());
                Some(self.leave(&kind, node.continue_token.span, None))
            }
            _ => None,
        }
    }
}

impl VisitMut for Exits<'_> {
    fn visit_expr_mut(&mut self, node: &mut Expr) {
        match node {
            // What is inside leaves only these.
            Expr::Async(_) | Expr::Closure(_) | Expr::Const(_) | Expr::TryBlock(_) => return,
            Expr::Loop(node) => return self.in_loop(node.label.as_ref(), &mut node.body),
            Expr::While(node) => {
                self.visit_expr_mut(&mut node.cond);
                return self.in_loop(node.label.as_ref(), &mut node.body);
            }
            Expr::ForLoop(node) => {
                self.visit_expr_mut(&mut node.expr);
                return self.in_loop(node.label.as_ref(), &mut node.body);
            }
            Expr::Block(node) => {
                let label = node.label.clone();
                return self.labelled(label.as_ref(), |this| this.visit_block_mut(&mut node.block));
            }
            _ => visit_mut::visit_expr_mut(self, node),
        }
        if let Some(exit) = self.exit(node) {
            *node = exit;
        }
    }

    fn visit_macro_mut(&mut self, node: &mut Macro) {
        foreign::rewrite(self, node);
    }

    /// An item is a world of its own.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

impl Kind {
    /// Whether both lead to the same place.
    fn leads_where(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Return, Self::Return) => true,
            (Self::Break(a), Self::Break(b)) | (Self::Continue(a), Self::Continue(b)) => a == b,
            _ => false,
        }
    }
}

/// `$crate`, with its own meaning, but the place of the user's code: a span over both would
/// be that of the whole macro call.
fn located_at(krate: &TokenStream, place: Span) -> TokenStream {
    let relocated = krate.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    relocated.collect()
}

/// The name of the closure that makes the exit of one way.
pub(super) fn constructor(position: usize) -> Ident {
    format_ident!("__fence_exit{position}", span = Span::mixed_site())
}
