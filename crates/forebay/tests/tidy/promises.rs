//! Whoever returns a future says what dropping it loses, and how it fails.
//!
//! Held for public functions and for the methods of public traits. What a macro writes is not
//! seen.

use std::collections::HashMap;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ImplItem, ImplItemFn, ItemFn, ItemImpl, ItemMod, ItemTrait, Lit, Meta,
    ReceiverKind, ReturnType, Signature, TraitItem, Type, TypeParamBound, TypePath, Visibility,
};

use crate::workspace::SourceFile;

/// The sections of a function's docs, in the order in which they stand.
const SECTIONS: [&str; 4] = ["# Errors", "# Panics", "# Cancel safety", "# Examples"];

/// Finds the functions of one crate whose docs lack a section or have them in another order.
pub(crate) fn missing(sources: &[&SourceFile]) -> Vec<String> {
    let files: Vec<_> = sources
        .iter()
        .map(|source| (*source, syn::parse_file(&source.text).unwrap()))
        .collect();
    let mut futures = Futures::default();
    for (_, file) in &files {
        futures.visit_file(file);
    }
    let mut findings = Vec::new();
    for (source, file) in &files {
        let mut functions = PublicFunctions {
            futures: &futures,
            findings: Vec::new(),
        };
        functions.visit_file(file);
        let located = functions.findings.iter().map(|found| source.locate(found));
        findings.extend(located);
    }
    findings
}

/// The types of a crate that are futures, each with whether its output is a `Result`.
#[derive(Default)]
struct Futures {
    is_fallible: HashMap<String, bool>,
}

impl<'ast> Visit<'ast> for Futures {
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let is_future = item.trait_.as_ref().is_some_and(|(path, _)| {
            path.segments
                .last()
                .is_some_and(|last| last.ident == "Future")
        });
        let Some(name) = type_name(&item.self_ty).filter(|_| is_future) else {
            return;
        };
        let is_fallible = item.items.iter().any(|item| match item {
            ImplItem::Type(output) => mentions_result(&output.ty),
            _ => false,
        });
        self.is_fallible.insert(name, is_fallible);
    }
}

struct PublicFunctions<'a> {
    futures: &'a Futures,
    findings: Vec<String>,
}

impl PublicFunctions<'_> {
    fn check(&mut self, signature: &Signature, attributes: &[Attribute]) {
        let docs = docs(attributes);
        let line = signature.span().start().line;
        let name = &signature.ident;
        let mut lacks = |section: &str| {
            if !docs.lines().any(|line| line.trim() == section) {
                self.findings
                    .push(format!("{line}: `{name}` lacks `{section}`"));
            }
        };
        let returned = match &signature.output {
            ReturnType::Type(_, returned) => Returned::of(returned, self.futures),
            ReturnType::Default => Returned::default(),
        };
        let is_future = signature.asyncness.is_some() || returned.is_future;
        if is_future {
            lacks("# Cancel safety");
        }
        if is_future && returned.is_fallible {
            lacks("# Errors");
        }
        let places: Vec<_> = docs
            .lines()
            .filter_map(|line| SECTIONS.iter().position(|section| line.trim() == *section))
            .collect();
        if !places.is_sorted() {
            self.findings.push(format!(
                "{line}: `{name}` has its sections in another order"
            ));
        }
    }

    /// A method that turns a future into another one only passes its promises on.
    fn is_combinator(&self, item: &ItemImpl, function: &ImplItemFn) -> bool {
        let takes_self = function
            .sig
            .receiver()
            .is_some_and(|this| matches!(this.kind, ReceiverKind::Value));
        let name = type_name(&item.self_ty);
        takes_self && name.is_some_and(|name| self.futures.is_fallible.contains_key(&name))
    }
}

impl<'ast> Visit<'ast> for PublicFunctions<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| match &attribute.meta {
            Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
            _ => false,
        });
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if is_public(&function.vis) {
            self.check(&function.sig, &function.attrs);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if item.trait_.is_some() {
            return;
        }
        for member in &item.items {
            if let ImplItem::Fn(function) = member
                && is_public(&function.vis)
                && !self.is_combinator(item, function)
            {
                self.check(&function.sig, &function.attrs);
            }
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        for member in &item.items {
            if let TraitItem::Fn(function) = member
                && is_public(&item.vis)
            {
                self.check(&function.sig, &function.attrs);
            }
        }
    }
}

/// What the return type of a function says about its future.
#[derive(Default)]
struct Returned {
    is_future: bool,
    is_fallible: bool,
}

impl Returned {
    fn of(returned: &Type, futures: &Futures) -> Self {
        let mut found = FutureIn {
            futures,
            returned: Self {
                is_future: false,
                is_fallible: mentions_result(returned),
            },
        };
        found.visit_type(returned);
        found.returned
    }
}

struct FutureIn<'a> {
    futures: &'a Futures,
    returned: Returned,
}

impl<'ast> Visit<'ast> for FutureIn<'_> {
    fn visit_type_param_bound(&mut self, bound: &'ast TypeParamBound) {
        if let TypeParamBound::Trait(bound) = bound {
            let last = bound.path.segments.last();
            self.returned.is_future |= last.is_some_and(|last| last.ident == "Future");
        }
        visit::visit_type_param_bound(self, bound);
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let name = path.path.segments.last().map(|last| last.ident.to_string());
        let name = name.unwrap_or_default();
        if let Some(is_fallible) = self.futures.is_fallible.get(&name) {
            self.returned.is_future = true;
            self.returned.is_fallible |= is_fallible;
        }
        self.returned.is_future |= name == "BoxFuture";
        visit::visit_type_path(self, path);
    }
}

/// Whether a `Result`, or an alias whose name ends so, occurs anywhere in the type.
fn mentions_result(searched: &Type) -> bool {
    struct Results(bool);
    impl<'ast> Visit<'ast> for Results {
        fn visit_type_path(&mut self, path: &'ast TypePath) {
            let last = path.path.segments.last();
            self.0 |= last.is_some_and(|last| last.ident.to_string().ends_with("Result"));
            visit::visit_type_path(self, path);
        }
    }
    let mut results = Results(false);
    results.visit_type(searched);
    results.0
}

fn type_name(named: &Type) -> Option<String> {
    match named {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

const fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn docs(attributes: &[Attribute]) -> String {
    let mut docs = String::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(value) = &pair.value
            && let Lit::Str(line) = &value.lit
        {
            docs.push_str(&line.value());
            docs.push('\n');
        }
    }
    docs
}

fn findings(code: &str) -> usize {
    let source = SourceFile {
        path: "src/sample.rs".to_owned(),
        text: code.to_owned(),
    };
    missing(&[&source]).len()
}

#[test]
fn an_async_function_without_its_sections_is_found() {
    assert_eq!(findings("pub async fn f() {}"), 1);
    assert_eq!(findings("pub async fn f() -> Result<(), E> {}"), 2);
    assert_eq!(findings("impl A { pub async fn f(&self) {} }"), 1);
    assert_eq!(
        findings("pub trait A { async fn f(&self) -> LoadResult<V, E>; }"),
        2
    );
}

#[test]
fn a_function_that_returns_a_future_is_found() {
    assert_eq!(
        findings("pub fn f() -> impl Future<Output = ()> + Send {}"),
        1
    );
    assert_eq!(
        findings("pub fn f() -> impl Future<Output = Result<(), E>> {}"),
        2
    );
    assert_eq!(
        findings("pub fn f() -> Pin<Box<dyn Future<Output = ()>>> {}"),
        1
    );
    assert_eq!(
        findings("pub trait A { fn f(&self) -> BoxFuture<'_, Result<(), E>>; }"),
        2
    );
}

#[test]
fn a_function_that_returns_a_named_future_is_found() {
    let quiet = "impl Future for Wait { type Output = (); }";
    let fallible = "impl<V> Future for Wait<V> { type Output = LoadResult<V, E>; }";
    assert_eq!(findings(&format!("{quiet} pub fn f() -> Wait {{}}")), 1);
    assert_eq!(
        findings(&format!("{fallible} pub fn f() -> Wait<u8> {{}}")),
        2
    );
    assert_eq!(findings("pub fn f() -> Wait {}"), 0);
}

#[test]
fn a_method_that_only_changes_a_future_is_not_asked() {
    let future = "impl Future for Wait { type Output = (); }";
    let method = |this| format!("{future} impl Wait {{ pub fn f({this}) -> Wait {{}} }}");
    assert_eq!(findings(&method("self")), 0);
    assert_eq!(findings(&method("&self")), 1);
}

#[test]
fn a_function_with_its_sections_in_order_passes() {
    let errors = "/// Does.\n///\n/// # Errors\n///\n/// Some.\n";
    let cancel = "///\n/// # Cancel safety\n///\n/// Nothing is lost.\n";
    let function = "pub async fn f() -> Result<(), E> {}";
    assert_eq!(findings(&format!("{errors}{cancel}{function}")), 0);
    assert_eq!(findings(&format!("{cancel}{errors}{function}")), 1);
}

#[test]
fn what_users_do_not_see_is_not_asked() {
    assert_eq!(findings("async fn f() {}"), 0);
    assert_eq!(findings("pub(crate) async fn f() {}"), 0);
    assert_eq!(findings("trait A { async fn f(&self); }"), 0);
    assert_eq!(findings("impl A for B { async fn f(&self) {} }"), 0);
    assert_eq!(
        findings("#[cfg(test)] mod tests { pub async fn f() {} }"),
        0
    );
    assert_eq!(findings("pub fn f() -> Result<(), E> {}"), 0);
}
