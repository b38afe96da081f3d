//! What simulations of a stored run gave, beside it: a changed rubric judges without simulating.
//! It can be found out again at any time, so what another program left is dropped.

use std::collections::BTreeMap;

use rusqlite::params;

use super::Gradebook;
use crate::Result;
use crate::fingerprint::program;
use crate::model::Memory;

impl Gradebook {
    /// What this program found out about a run before.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn memory(&self, execution: i64) -> Result<Memory> {
        let known: BTreeMap<String, Vec<u8>> = self.ask(|c| {
            let mut find =
                c.prepare_cached("SELECT key, answer FROM simulation WHERE execution = ?1 AND program = ?2")?;
            let rows = find.query_map(params![execution, program()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        Ok(Memory { known, new: BTreeMap::new() })
    }

    /// Stores what was found out since.
    ///
    /// # Errors
    /// A disk that is full or fails.
    pub fn remember(&self, execution: i64, memory: &Memory) -> Result<()> {
        if memory.new.is_empty() {
            return Ok(());
        }
        let program = program();
        self.change(|t| {
            t.execute(
                "DELETE FROM simulation WHERE execution = ?1 AND program <> ?2",
                params![execution, program],
            )?;
            let mut add = t.prepare_cached(
                "INSERT OR REPLACE INTO simulation (execution, key, program, answer) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (key, answer) in &memory.new {
                add.execute(params![execution, key, program, answer])?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Rubric;
    use crate::fingerprint::of_run;
    use crate::gradebook::tests::book;
    use crate::outcome::Transcript;

    #[test]
    fn answers_are_those_of_one_run_and_one_program() {
        let (_folder, book) = book();
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "assignment: e\ntitle: E\nquestions:\n  - {id: q, title: Q, points: 1, checks: [{number: {variable: x, points: 1}}]}\n";
        std::fs::write(file.path(), text).unwrap();
        let of = of_run("n", &Rubric::load(file.path()).unwrap(), "");
        let run = book.begin("grade", 1).unwrap();
        let [one, two] = [0, 1].map(|_| book.add_execution(run, &of, &Transcript::default(), 1.0).unwrap());
        let answers = BTreeMap::from([("k".to_owned(), vec![1, 2]), ("l".to_owned(), vec![3])]);
        book.remember(one, &Memory { new: answers.clone(), ..Memory::default() }).unwrap();
        assert_eq!(book.memory(one).unwrap().known, answers);
        assert_eq!(book.memory(two).unwrap(), Memory::default());
        book.change(|t| t.execute("UPDATE simulation SET program = 'other'", [])).unwrap();
        assert_eq!(book.memory(one).unwrap(), Memory::default());
        let new = BTreeMap::from([("k".to_owned(), vec![4])]);
        book.remember(one, &Memory { new: new.clone(), ..Memory::default() }).unwrap();
        assert_eq!(book.memory(one).unwrap().known, new);
        let rows: i64 =
            book.ask(|c| c.query_row("SELECT count(*) FROM simulation", [], |r| r.get(0))).unwrap();
        assert_eq!(rows, 1, "what another program left is gone");
    }
}
