//! Unsafe code is in the files that were decided on, and nowhere else.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Meta};

/// Each was measured to need it, and has a safe twin that the same tests run with.
pub(crate) const UNSAFE_FILES: [&str; 1] = ["crates/forebay-events/src/chain/slots.rs"];

/// Whether a file of the library with this root may have unsafe code.
pub(crate) fn has_unsafe_files(root: &str) -> bool {
    let folder = root.trim_end_matches("lib.rs");
    UNSAFE_FILES.iter().any(|file| file.starts_with(folder))
}

/// A library without such files cannot have unsafe code, not even where a lint is allowed for once.
pub(crate) fn possibly_unsafe(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).unwrap();
    if file.attrs.iter().any(is_forbid_unsafe) {
        return Vec::new();
    }
    vec!["1: does not forbid unsafe code".to_owned()]
}

fn is_forbid_unsafe(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("forbid") && list.tokens.to_string() == "unsafe_code"
}

/// Finds the keyword wherever it stands, in macros too.
pub(crate) fn unsafe_code(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    find_keyword(text.parse().unwrap(), &mut findings);
    findings
}

fn find_keyword(tokens: TokenStream, findings: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => find_keyword(group.stream(), findings),
            TokenTree::Ident(ident) if ident == "unsafe" => {
                let line = ident.span().start().line;
                findings.push(format!("{line}: unsafe code"));
            }
            _ => {}
        }
    }
}

#[test]
fn a_library_root_that_may_have_unsafe_code_is_found() {
    assert_eq!(
        possibly_unsafe("#![forbid(unsafe_code)]"),
        Vec::<String>::new()
    );
    assert_eq!(possibly_unsafe("#![deny(unsafe_code)]").len(), 1);
    assert_eq!(possibly_unsafe("mod a;").len(), 1);
}

#[test]
fn unsafe_code_is_found_and_words_about_it_are_not() {
    for bad in [
        "fn f() { unsafe { g() } }",
        "unsafe impl Send for A {}",
        "m! { a => { unsafe fn f() {} } }",
    ] {
        assert_eq!(unsafe_code(bad).len(), 1, "{bad}");
    }
    for good in [
        "#![forbid(unsafe_code)]",
        "/// unsafe\nfn f() {}",
        "// unsafe",
        "const A: &str = \"unsafe\";",
    ] {
        assert_eq!(unsafe_code(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn a_root_is_known_by_the_files_below_it() {
    assert!(has_unsafe_files("crates/forebay-events/src/lib.rs"));
    assert!(!has_unsafe_files("crates/forebay-core/src/lib.rs"));
}
