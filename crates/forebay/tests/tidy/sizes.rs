//! Files and functions stay short enough to be read in one go.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, Item, ItemFn, TraitItemFn};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const LIBRARY_ROOT_LINES_MAX: usize = 40;
/// A map that takes longer to read is not read.
const MAP_LINES_MAX: usize = 200;

pub(crate) fn long_file(text: &str) -> Vec<String> {
    longer_than(text, FILE_LINES_MAX)
}

pub(crate) fn long_map(text: &str) -> Vec<String> {
    longer_than(text, MAP_LINES_MAX)
}

fn longer_than(text: &str, lines_max: usize) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= lines_max {
        return Vec::new();
    }
    vec![format!("1: {lines} lines, at most {lines_max}")]
}

pub(crate) fn long_functions(text: &str) -> Vec<String> {
    let mut functions = LongFunctions::default();
    functions.visit_file(&syn::parse_file(text).unwrap());
    functions.findings
}

/// A library root has docs, attributes, modules and re-exports.
pub(crate) fn crowded_library_root(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = text.lines().map(str::trim);
    let code_lines = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count();
    if code_lines > LIBRARY_ROOT_LINES_MAX {
        findings.push(format!(
            "1: {code_lines} lines of code, at most {LIBRARY_ROOT_LINES_MAX}"
        ));
    }
    let file = syn::parse_file(text).unwrap();
    for item in &file.items {
        let is_content = match item {
            Item::Use(_) => true,
            Item::Mod(module) => module.content.is_none(),
            _ => false,
        };
        if !is_content {
            let line = item.span().start().line;
            findings.push(format!("{line}: neither a module nor a re-export"));
        }
    }
    findings
}

#[derive(Default)]
struct LongFunctions {
    findings: Vec<String>,
}

impl LongFunctions {
    fn measure(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.span().start().line;
        let lines = body.span().end().line - first + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = &signature.ident;
            self.findings.push(format!(
                "{first}: `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}"
            ));
        }
    }
}

impl<'ast> Visit<'ast> for LongFunctions {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn function_of(lines: usize) -> String {
    format!("fn f() {{\n{}}}\n", "g();\n".repeat(lines - 2))
}

#[test]
fn a_file_over_the_limit_is_found() {
    assert_eq!(long_file(&"\n".repeat(400)), Vec::<String>::new());
    assert_eq!(long_file(&"\n".repeat(401)).len(), 1);
    assert_eq!(long_map(&"\n".repeat(200)), Vec::<String>::new());
    assert_eq!(long_map(&"\n".repeat(201)).len(), 1);
}

#[test]
fn a_function_over_the_limit_is_found() {
    assert_eq!(long_functions(&function_of(70)), Vec::<String>::new());
    assert_eq!(long_functions(&function_of(71)).len(), 1);
}

#[test]
fn methods_and_provided_methods_are_measured_too() {
    let function = function_of(71);
    assert_eq!(long_functions(&format!("impl A {{ {function} }}")).len(), 1);
    assert_eq!(
        long_functions(&format!("trait A {{ {function} }}")).len(),
        1
    );
    assert_eq!(long_functions(&format!("mod a {{ {function} }}")).len(), 1);
}

#[test]
fn a_library_root_holds_modules_and_reexports_only() {
    let good = "//! Docs.\n#![forbid(unsafe_code)]\n\nmod a;\npub use crate::a::A;\n";
    assert_eq!(crowded_library_root(good), Vec::<String>::new());
    assert_eq!(crowded_library_root(&format!("{good}struct B;\n")).len(), 1);
    assert_eq!(
        crowded_library_root(&format!("{good}mod b {{}}\n")).len(),
        1
    );
    let long = format!("{good}{}", "mod b;\n".repeat(38));
    assert_eq!(crowded_library_root(&long).len(), 1);
}
