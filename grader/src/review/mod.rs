//! `grader review`: the gradebook in a browser of this machine, with points and reasons set by hand.
//! Every answer is made from the gradebook at that moment; what is set goes where `grader override` puts it.

mod pages;
mod server;

pub use server::serve;

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::gradebook::{Gradebook, NewComment, Override};
use crate::notebook::Notebook;
use crate::report::points as shown;
use crate::{Error, Result, fingerprint};

/// What a browser asks for, as far as it matters.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// It wants to change something.
    pub post: bool,
    /// The path with its leading slash, and what stands behind `?`.
    pub url: String,
    /// The header of this name.
    pub host: String,
    /// The header of this name.
    pub cookie: String,
    /// What a form sends.
    pub body: String,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A page, with the status.
    Page(u16, String),
    /// Another place to look, and a cookie.
    Goto(String, Option<String>),
}

/// The desk: a gradebook, and the word that only its owner knows.
pub struct Desk {
    book: Gradebook,
    released: BTreeMap<String, Notebook>,
    token: String,
    /// `127.0.0.1:PORT`; any other name for this machine could be a trick of a page elsewhere.
    host: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Who set points last, to be offered again.
    author: String,
    /// The class's page until something changes.
    class: Option<String>,
    /// Something changed that the files in the results do not tell yet.
    dirty: bool,
}

impl Desk {
    /// A desk over a gradebook, reached at `host`.
    #[must_use]
    pub fn new(book: Gradebook, released: BTreeMap<String, Notebook>, host: String, author: String) -> Self {
        let token = uuid::Uuid::new_v4().simple().to_string();
        Self { book, released, token, host, state: Mutex::new(State { author, ..State::default() }) }
    }

    /// The address to open, with the word in it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}/?token={}", self.host, self.token)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether the results have to be written again; asking takes the mark away.
    pub(crate) fn take_dirty(&self) -> bool {
        std::mem::take(&mut self.state().dirty)
    }

    fn knows(&self, word: &str) -> bool {
        // Digests, so that the time it takes tells nothing about the word.
        fingerprint::sha256(word.as_bytes()) == fingerprint::sha256(self.token.as_bytes())
    }

    /// Answers one request; whatever goes wrong is a page.
    #[must_use]
    pub fn answer(&self, asked: &Asked) -> Answer {
        let (path, query) = asked.url.split_once('?').unwrap_or((&asked.url, ""));
        if asked.host != self.host {
            return pages::problem(403, "This address is not the one that `grader review` printed.");
        }
        let word = form(query).remove("token").filter(|word| path == "/" && !asked.post && self.knows(word));
        if let Some(word) = word {
            // The word leaves the address line, and so histories and screens that are shown.
            let cookie = format!("{}={word}; HttpOnly; SameSite=Strict; Path=/", self.cookie_name());
            return Answer::Goto("/".to_owned(), Some(cookie));
        }
        let cookies = asked.cookie.split(';').filter_map(|c| c.trim().split_once('='));
        let allowed = cookies.into_iter().any(|(name, word)| name == self.cookie_name() && self.knows(word));
        if !allowed {
            return pages::problem(
                403,
                "Open the whole address that `grader review` printed, with its token.",
            );
        }
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let number = |text: &str| text.parse::<i64>().ok();
        let answered = match (asked.post, &parts[..]) {
            (false, []) => self.class(),
            (false, ["submission", n]) => number(n).map_or(Ok(None), |n| pages::submission(self, n, None)),
            (false, ["submission", n, "feedback"]) => number(n).map_or(Ok(None), |n| self.feedback(n)),
            (true, ["submission", n]) => number(n).map_or(Ok(None), |n| self.change(n, &asked.body)),
            _ => Ok(None),
        };
        match answered {
            Ok(Some(answer)) => answer,
            Ok(None) => pages::problem(404, "There is no such page."),
            Err(e) => pages::problem(500, &e.to_string()),
        }
    }

    /// One of its own for each port, because browsers give a cookie to all ports of a machine.
    fn cookie_name(&self) -> String {
        format!("grader{}", self.host.rsplit(':').next().unwrap_or_default())
    }

    fn class(&self) -> Result<Option<Answer>> {
        if let Some(html) = self.state().class.clone() {
            return Ok(Some(Answer::Page(200, html)));
        }
        let html = crate::report::class_page(&self.book, |line| format!("/submission/{}", line.grading))?;
        self.state().class = Some(html.clone());
        Ok(Some(Answer::Page(200, html)))
    }

    fn feedback(&self, grading: i64) -> Result<Option<Answer>> {
        if !self.book.lines()?.iter().any(|l| l.grading == grading) {
            return Ok(None);
        }
        let report = self.book.report(grading)?;
        let html = crate::report::feedback_page(&report, self.released.get(&report.assignment))?;
        Ok(Some(Answer::Page(200, html)))
    }

    /// Sets points, or takes that back if the field is empty.
    fn change(&self, grading: i64, body: &str) -> Result<Option<Answer>> {
        let fields = form(body);
        let field = |name: &str| fields.get(name).map(|v| v.trim()).unwrap_or_default();
        if !self.knows(field("token")) {
            return Ok(Some(pages::problem(403, "This form was not made here; open the page again.")));
        }
        let Some(line) = self.book.lines()?.into_iter().find(|l| l.grading == grading) else {
            return Ok(None);
        };
        if matches!(field("action"), "comment" | "withdraw") {
            let number = field("comment").parse().unwrap_or(0);
            let said = match field("action") {
                "withdraw" => self.book.withdraw(number, field("author")),
                _ => self.book.comment(&NewComment {
                    grading,
                    question: field("question").to_owned(),
                    text: field("reason").to_owned(),
                    author: field("author").to_owned(),
                }),
            };
            return self.changed(grading, &fields, said);
        }
        let text = field("points").replace(',', ".");
        let points = match (text.is_empty(), text.parse::<f64>()) {
            (true, _) => Ok(None),
            (false, Ok(points)) => Ok(Some(points)),
            (false, Err(_)) => Err(Error::usage(format!("`{text}` is no number of points"), "")),
        };
        let set = points.and_then(|points| {
            self.beyond(grading, points, &fields)?;
            self.book.set(&Override {
                student: line.student.clone(),
                assignment: Some(line.assignment.clone()),
                question: field("question").to_owned(),
                points,
                author: field("author").to_owned(),
                reason: field("reason").to_owned(),
            })
        });
        self.changed(grading, &fields, set.map(|_| ()))
    }

    /// More points than a question has may be a bonus or a slip: they are taken when they are sent a second time.
    fn beyond(&self, grading: i64, points: Option<f64>, fields: &BTreeMap<String, String>) -> Result<()> {
        let Some(points) = points.filter(|_| fields.get("beyond") != fields.get("points")) else {
            return Ok(());
        };
        let report = self.book.report(grading)?;
        let asked = fields.get("question").map(|q| q.trim());
        match report.questions.iter().find(|q| Some(q.id.as_str()) == asked) {
            Some(question) if points > question.points => Err(Error::usage(
                format!(
                    "{} is more than the {} that the question has",
                    shown(points),
                    shown(question.points)
                ),
                "if it is a bonus, press `Save points` again; nothing is saved yet",
            )),
            _ => Ok(()),
        }
    }

    /// The page again, with what was changed, or with why it was not.
    fn changed(
        &self,
        grading: i64,
        fields: &BTreeMap<String, String>,
        done: Result<()>,
    ) -> Result<Option<Answer>> {
        match done {
            Ok(()) => {
                let mut state = self.state();
                fields.get("author").map_or("", |a| a.trim()).clone_into(&mut state.author);
                (state.class, state.dirty) = (None, true);
                Ok(Some(Answer::Goto(format!("/submission/{grading}"), None)))
            }
            // What was typed stays, so that nothing has to be typed again.
            Err(e) => pages::submission(self, grading, Some((fields, &e.to_string()))),
        }
    }
}

/// What a form or a query holds.
fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair: Vec<u8> = rest.by_ref().take(2).collect();
                let value = std::str::from_utf8(&pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
                bytes.extend(value);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradebook::tests::{book, grading};

    struct Browser {
        desk: Desk,
        grading: i64,
        _folder: tempfile::TempDir,
    }

    impl Browser {
        fn new() -> Self {
            let (folder, book) = book();
            let run = book.begin("grade", 1).unwrap();
            let (grading, _) = book.add_grading(run, &grading("<b>anna</b>", "e1", "n", 0.5)).unwrap();
            let desk = Desk::new(book, BTreeMap::new(), "127.0.0.1:4711".into(), String::new());
            Self { desk, grading, _folder: folder }
        }

        fn asked(&self, post: bool, url: &str, body: &str) -> Asked {
            let cookie = format!("other=1; grader4711={}", self.desk.token);
            Asked { post, url: url.into(), host: "127.0.0.1:4711".into(), cookie, body: body.into() }
        }

        fn get(&self, url: &str) -> (u16, String) {
            match self.desk.answer(&self.asked(false, url, "")) {
                Answer::Page(status, html) => (status, html),
                Answer::Goto(to, _) => (303, to),
            }
        }

        fn set(&self, body: &str) -> Answer {
            self.desk.answer(&self.asked(true, &format!("/submission/{}", self.grading), body))
        }
    }

    #[test]
    fn nothing_is_shown_without_the_word_or_under_another_name() {
        let b = Browser::new();
        let status = |change: fn(&mut Asked)| {
            let mut asked = b.asked(false, "/", "");
            change(&mut asked);
            match b.desk.answer(&asked) {
                Answer::Page(status, html) => {
                    assert!(status == 200 || !html.contains("anna"));
                    status
                }
                Answer::Goto(..) => 303,
            }
        };
        assert_eq!(status(|_| ()), 200);
        assert_eq!(status(|a| a.cookie.clear()), 403);
        assert_eq!(status(|a| a.cookie = "grader4711=guess".into()), 403);
        assert_eq!(status(|a| a.host = "evil.example:4711".into()), 403);
        assert_eq!(status(|a| (a.cookie.clear(), a.url = "/?token=guess".into()).1), 403);
        let first = Asked {
            url: format!("/?token={}", b.desk.token),
            cookie: String::new(),
            ..b.asked(false, "", "")
        };
        let Answer::Goto(to, Some(cookie)) = b.desk.answer(&first) else { panic!("no way in") };
        assert!(to == "/" && cookie.contains("HttpOnly; SameSite=Strict"), "{to} {cookie}");
    }

    #[test]
    fn points_are_set_with_a_reason_and_taken_back() {
        let b = Browser::new();
        let token = b.desk.token.clone();
        let page = format!("/submission/{}", b.grading);
        assert!(b.get(&page).1.contains("&lt;b&gt;anna"));
        let good = format!("token={token}&question=q&points=1%2C5&author=Dr.+Lee&reason=a+%3Ctypo%3E");
        assert_eq!(b.set(&good), Answer::Goto(page.clone(), None));
        assert!(b.desk.take_dirty() && !b.desk.take_dirty());
        let html = b.get(&page).1;
        assert!(
            html.contains("a &lt;typo&gt;") && html.contains("Dr. Lee") && !html.contains("<typo>"),
            "{html}"
        );
        assert!(b.get("/").1.contains("1.5 of 2"));
        assert!(b.get(&format!("{page}/feedback")).1.contains("Set by Dr. Lee"));
        let back = format!("token={token}&question=q&points=&author=Dr.+Lee&reason=no");
        assert_eq!(b.set(&back), Answer::Goto(page, None));
        assert!(b.get("/").1.contains("0.5 of 2"));
        assert_eq!(b.desk.book.history("<b>anna</b>").unwrap().len(), 3, "nothing is forgotten");
    }

    #[test]
    fn comments_leave_points_alone_are_shown_and_taken_back() {
        let b = Browser::new();
        let token = b.desk.token.clone();
        let page = format!("/submission/{}", b.grading);
        let said = |question: &str, text: &str| {
            format!("token={token}&action=comment&question={question}&author=Dr.+Lee&reason={text}")
        };
        assert_eq!(b.set(&said("q", "nice+%3Cb%3E+plot")), Answer::Goto(page.clone(), None));
        assert_eq!(b.set(&said("", "come+to+my+office")), Answer::Goto(page.clone(), None));
        assert!(b.desk.take_dirty(), "the results follow");
        for url in [page.clone(), format!("{page}/feedback")] {
            let html = b.get(&url).1;
            assert!(html.contains("nice &lt;b&gt; plot") && html.contains("come to my office"), "{html}");
        }
        assert!(b.get("/").1.contains("0.5 of 2"));
        let report = b.desk.book.report(b.grading).unwrap();
        assert_eq!((report.comments.len(), report.questions[0].comments.len()), (1, 1));
        assert!(report.questions[0].manual.is_none());
        let id = report.questions[0].comments[0].id;
        let back = format!("token={token}&action=withdraw&comment={id}&author=Dr.+Lee");
        assert_eq!(b.set(&back), Answer::Goto(page.clone(), None));
        assert!(!b.get(&format!("{page}/feedback")).1.contains("nice &lt;b&gt; plot"));
        assert!(b.get(&page).1.contains("comment on q by Dr. Lee: taken back"), "history keeps it");
        let refused = |body: &str, words: &str| match b.set(body) {
            Answer::Page(200, html) => assert!(html.contains(words), "{html}"),
            other => panic!("{other:?}"),
        };
        refused(&back, "not there any more");
        refused(&said("q", ""), "the comment is empty");
        refused(&said("zzz", "words"), "no question `zzz`");
        assert_eq!(b.desk.book.history("<b>anna</b>").unwrap().len(), 4);
    }

    #[test]
    fn forms_from_elsewhere_and_slips_change_nothing() {
        let b = Browser::new();
        let refused = |body: &str, status: u16, words: &str| match b.set(body) {
            Answer::Page(s, html) => assert!(s == status && html.contains(words), "{s} {html}"),
            Answer::Goto(to, _) => panic!("went to {to}"),
        };
        let token = &b.desk.token;
        refused("token=guess&question=q&points=2&author=a&reason=b", 403, "not made here");
        refused(
            &format!("token={token}&question=q&points=two&author=a&reason=my+words"),
            200,
            "no number of points",
        );
        refused(&format!("token={token}&question=q&points=two&author=a&reason=my+words"), 200, "my words");
        refused(&format!("token={token}&question=q&points=2&author=a&reason="), 200, "the reason is empty");
        let bonus = format!("token={token}&question=q&points=99&author=a&reason=b");
        refused(&bonus, 200, "more than the 2 that the question has");
        refused(&format!("{bonus}&beyond=98"), 200, r#"name="beyond" value="99""#);
        assert_eq!(b.desk.book.history("<b>anna</b>").unwrap().len(), 1);
        assert!(matches!(b.set(&format!("{bonus}&beyond=99")), Answer::Goto(..)), "asked twice, meant");
        assert_eq!(b.desk.book.history("<b>anna</b>").unwrap().len(), 2);
        assert_eq!(b.get("/submission/99").0, 404);
        assert_eq!(b.get("/../../etc/passwd").0, 404);
        assert_eq!(decoded("%zz%20+%C3%A9%"), "  é");
    }
}
