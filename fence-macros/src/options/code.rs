//! The code of a trigger that was given as an expression without one.

use syn::{Expr, Member};

/// Methods that hand on the same trigger, so that the name stands before them.
const SEE_THROUGH: &[&str] = &["as_ref", "borrow", "clone", "deref", "to_owned"];

/// The last name in the expression, in lower case: `SHUTDOWN` → `shutdown`, `self.stop` → `stop`.
pub(super) fn derive(expression: &Expr) -> Option<String> {
    let name = match expression {
        Expr::Path(path) => &path.path.segments.last()?.ident,
        Expr::Field(field) => match &field.member {
            Member::Named(name) => name,
            Member::Unnamed(_) => return None,
        },
        Expr::MethodCall(call) if SEE_THROUGH.iter().any(|name| call.method == name) => {
            return derive(&call.receiver);
        }
        Expr::MethodCall(call) => &call.method,
        Expr::Reference(reference) => return derive(&reference.expr),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
            return derive(&unary.expr);
        }
        Expr::Paren(paren) => return derive(&paren.expr),
        Expr::Group(group) => return derive(&group.expr),
        _ => return None,
    };
    let name = name.to_string().to_lowercase();
    let name = name.strip_prefix("r#").unwrap_or(&name);
    (name != "self").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::derive;

    #[test]
    fn the_last_name() {
        for (expression, expected) in [
            ("SHUTDOWN", Some("shutdown")),
            ("crate::events::SHUTDOWN", Some("shutdown")),
            ("self.stop", Some("stop")),
            ("self.stop()", Some("stop")),
            ("self.app.Stop", Some("stop")),
            ("&x", Some("x")),
            ("(&mut x)", Some("x")),
            ("*x", Some("x")),
            ("r#loop", Some("loop")),
            ("token.clone()", Some("token")),
            ("token.child_token()", Some("child_token")),
            ("self.0", None),
            ("self", None),
            ("events[0]", None),
            ("shutdown()", None),
            ("format!(\"x\")", None),
            ("if a { b } else { c }", None),
        ] {
            let parsed = syn::parse_str(expression).expect(expression);
            assert_eq!(derive(&parsed).as_deref(), expected, "{expression}");
        }
    }
}
