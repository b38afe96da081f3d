//! Cuts Rust sources down to what type inference looks at: signatures stay, comments and function bodies go.
//! rust-analyzer reads all of the standard library at each start of a kernel, so every line it need not read counts.

/// The text without comments, and with an empty loop for each function body.
///
/// A function that returns an `impl` type keeps its body, which decides the type. So does everything in a macro.
pub(super) fn thin(text: &str) -> String {
    let text = without_comments(text);
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut written) = (0, 0);
    while at < bytes.len() {
        let next = skip_token(bytes, at);
        match &text[at..next] {
            "macro_rules" | "macro" => at = skip_block(bytes, next).map_or(next, |(_, end)| end),
            "fn" => match body(bytes, next) {
                Some((open, close)) if !text[next..open].contains("impl ") => {
                    out.push_str(&text[written..open]);
                    out.push_str("{loop{}}");
                    (at, written) = (close, close);
                }
                Some((_, close)) => at = close,
                None => at = next,
            },
            _ => at = next,
        }
    }
    out.push_str(&text[written..]);
    out
}

/// Where the braces of a function's body begin and end, looking from behind `fn`; none for a type or a declaration.
fn body(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut depth = 0_usize;
    let mut named = false;
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' if !named => return None,
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.checked_sub(1)?,
            b'{' if depth == 0 => return skip_block(bytes, at),
            b'{' | b'}' | b';' if depth == 0 => return None,
            byte => named |= !byte.is_ascii_whitespace(),
        }
        at = skip_token(bytes, at);
    }
    None
}

/// The next `{` and the place behind the `}` that matches it.
fn skip_block(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    while *bytes.get(at)? != b'{' {
        if bytes[at] == b';' {
            return None;
        }
        at = skip_token(bytes, at);
    }
    let open = at;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at = skip_token(bytes, at);
        if depth == 0 {
            return Some((open, at));
        }
    }
    None
}

/// The place behind the token at `at`: a word, a string, a character or a single sign.
fn skip_token(bytes: &[u8], at: usize) -> usize {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    match bytes[at] {
        b'"' => skip_string(bytes, at),
        b'\'' => skip_character(bytes, at),
        byte if word(byte) => {
            let end = (at..bytes.len()).find(|&i| !word(bytes[i])).unwrap_or(bytes.len());
            let hashes = bytes[end..].iter().take_while(|&&b| b == b'#').count();
            let quoted = bytes.get(end + hashes) == Some(&b'"');
            match &bytes[at..end] {
                b"r" | b"br" | b"cr" if quoted => skip_raw(bytes, end + hashes + 1, hashes),
                b"b" | b"c" if quoted && hashes == 0 => skip_string(bytes, end),
                b"b" if bytes.get(end) == Some(&b'\'') => skip_character(bytes, end),
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn skip_string(bytes: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

fn skip_raw(bytes: &[u8], at: usize, hashes: usize) -> usize {
    let closes = |i: &usize| {
        bytes[*i] == b'"' && bytes[i + 1..].iter().take(hashes).filter(|&&b| b == b'#').count() == hashes
    };
    (at..bytes.len()).find(closes).map_or(bytes.len(), |i| i + 1 + hashes)
}

/// A character, or only the tick of a lifetime.
fn skip_character(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return (at + 3..bytes.len()).find(|&i| bytes[i] == b'\'').map_or(bytes.len(), |i| i + 1);
    }
    // A character takes one to four bytes; the tick right behind them tells it from a lifetime.
    let Some(&first) = bytes.get(at + 1) else { return at + 1 };
    let length = match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    };
    if bytes.get(at + 1 + length) == Some(&b'\'') { at + 2 + length } else { at + 1 }
}

fn without_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() / 2);
    let (mut at, mut written) = (0, 0);
    while at < bytes.len() {
        let end = if bytes[at..].starts_with(b"//") {
            text[at..].find('\n').map_or(bytes.len(), |n| at + n)
        } else if bytes[at..].starts_with(b"/*") {
            skip_comment(bytes, at)
        } else {
            at = skip_token(bytes, at);
            continue;
        };
        let kept = &text[written..at];
        // A line of nothing but a comment goes with its indentation.
        out.push_str(kept.trim_end_matches(' '));
        out.push(' ');
        (at, written) = (end, end);
    }
    out.push_str(&text[written..]);
    out.lines().map(str::trim_end).filter(|line| !line.is_empty()).fold(String::new(), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}

fn skip_comment(bytes: &[u8], at: usize) -> usize {
    let (mut i, mut depth) = (at, 0_usize);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_and_comments_go_and_signatures_stay() {
        let text = "/// Doc.\nimpl<'a> A<'a> {\n    // Why.\n    pub fn f(&'a self, c: char) -> [u8; 3] where Self: Sized {\n        \
            if c == '}' || c == '\\'' { \"}\" } /* } */ else { r#\"}\"}\"# }\n    }\n    fn g();\n}\nfn h() {}\n";
        let want = "impl<'a> A<'a> {\n    pub fn f(&'a self, c: char) -> [u8; 3] where Self: Sized {loop{}}\n    fn g();\n}\n\
            fn h() {loop{}}\n";
        assert_eq!(thin(text), want);
    }

    #[test]
    fn macros_impl_types_and_function_types_keep_theirs() {
        for text in [
            "macro_rules! m { ($e:expr) => { fn f() { $e } } }\n",
            "fn f() -> impl Iterator<Item = u8> { [1].into_iter() }\n",
            "struct A { f: fn(u8) -> u8 }\nstatic S: &str = \"fn f() { }\";\n",
            "const N: usize = { 1 + 2 };\n",
        ] {
            assert_eq!(thin(text), text);
        }
    }

    #[test]
    fn links_in_strings_are_no_comments() {
        assert_eq!(thin("const A: &str = \"http://x\"; // c\n"), "const A: &str = \"http://x\";\n");
    }
}
