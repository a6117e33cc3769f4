use crate::json::{Json, JsonError};

/// How many arrays and objects may be in one another, so that no text can exhaust the stack.
const DEPTH_MAX: usize = 128;

/// Reads a text that is one JSON value, and nothing besides.
pub(crate) fn parse(text: &str) -> Result<Json, JsonError> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.syntax());
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    /// Where the next byte stands. It is the beginning of a character.
    at: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.open(depth)?;
        let mut members = Vec::new();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.need(b':')?;
            members.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Json::Object(members));
            }
            self.need(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.open(depth)?;
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Json::Array(items));
            }
            self.need(b',')?;
        }
    }

    /// Goes into an array or object.
    fn open(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth == DEPTH_MAX {
            return Err(JsonError::TooDeep { at: self.at });
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self) -> Result<Json, JsonError> {
        let words = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
        ];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.syntax())
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(Json::Number(self.text[start..self.at].to_owned()))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let rest = self.rest();
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(self.syntax());
        }
        self.at += count;
        Ok(())
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.need(b'"')?;
        let mut string = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| byte < b' ' || byte == b'"' || byte == b'\\');
            // Without a quote to come, the error is at the end.
            let plain = plain.unwrap_or(rest.len());
            string.push_str(&rest[..plain]);
            self.at += plain;
            if self.eat(b'"') {
                return Ok(string);
            }
            let start = self.at;
            let escaped = self.escape();
            string.push(escaped.ok_or(JsonError::Syntax { at: start })?);
        }
    }

    /// Returns what an escape stands for, or `None` where there is none or it is wrong.
    fn escape(&mut self) -> Option<char> {
        if !self.eat(b'\\') {
            return None;
        }
        let letter = self.peek()?;
        self.at += usize::from(letter.is_ascii());
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let low = if matches!(unit, 0xd800..=0xdbff) {
                    (self.eat(b'\\') && self.eat(b'u')).then_some(())?;
                    Some(self.unit()?)
                } else {
                    None
                };
                // Half a pair is no character, and two characters are not one.
                char::decode_utf16([unit].into_iter().chain(low))
                    .next()?
                    .ok()?
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        let is_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        let unit = u16::from_str_radix(digits, 16).ok();
        unit.filter(|_| is_digits)
    }

    fn skip_space(&mut self) {
        let rest = self.rest().bytes();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.take_while(is_space).count();
    }

    fn need(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat(byte) {
            return Ok(());
        }
        Err(self.syntax())
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    const fn syntax(&self) -> JsonError {
        JsonError::Syntax { at: self.at }
    }
}

#[cfg(test)]
mod tests;
