# Reads a gradebook.db that `grader export nbgrader` wrote as nbgrader itself does: its Python API, then `nbgrader export`.
# Prints one line a submission: student, assignment, score, most, waiting; and checks that the exported CSV says the same.
import csv
import os
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
from nbgrader.api import Gradebook  # noqa: E402

path = os.path.abspath(sys.argv[1])
listed = {}
with Gradebook("sqlite:///" + path) as book:
    for assignment in book.assignments:
        for s in book.assignment_submissions(assignment.name):
            # `nbgrader export` takes the penalty off, its Python API does not.
            score = max(0.0, s.score - (s.late_submission_penalty or 0.0))
            listed[(s.student.id, assignment.name)] = (score, s.max_score)
            waiting = any(n.needs_manual_grade for n in s.notebooks)
            print(f"{s.student.id}\t{assignment.name}\t{score:g}\t{s.max_score:g}\t{int(waiting)}")
folder = os.path.dirname(path)
run = [sys.executable, "-m", "nbgrader", "export", "--db=sqlite:///" + path, "--to=" + folder + "/exported.csv"]
subprocess.run(run, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
with open(folder + "/exported.csv") as rows:
    exported = {(r["student_id"], r["assignment"]): (float(r["score"]), float(r["max_score"])) for r in csv.DictReader(rows)}
missing = {k: v for k, v in listed.items() if exported.get(k) != v}
assert not missing, missing
