//! `grader review`: starts the desk over a gradebook, and keeps the results in step with what is set there.
//! Ends by ctrl-C, with everything written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::grade::{Place, released, rewrite};
use super::{Outcome, runtime};
use crate::gradebook::Gradebook;
use crate::review::{self, Desk};
use crate::{Result, text};

/// Serves until ctrl-C.
///
/// # Errors
/// No gradebook, no course, a port that is taken, results that cannot be written.
pub fn review(place: &Place, port: u16, author: &str) -> Result<Outcome> {
    let book = Gradebook::look(&place.book())?;
    let released = released(place)?;
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = runtime()?;
    let flag = Arc::clone(&stop);
    runtime.spawn(async move {
        // Without signals there is no ctrl-C to wait for.
        if tokio::signal::ctrl_c().await.is_ok() {
            flag.store(true, Ordering::Relaxed);
        }
    });
    let author = text::one_line(author);
    let write = || match Gradebook::open(&place.book()) {
        Ok(book) => rewrite(place, &book),
        // A grader at work writes the results when it has finished, with these changes in them.
        Err(e) => {
            eprintln!("the results are not written now: {e}");
            Ok(())
        }
    };
    review::serve(port, &stop, |host| Ok(Desk::new(book, released, host, author)), write)?;
    Ok(Outcome::Done)
}
