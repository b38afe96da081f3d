"""Takes the README's pictures: a checked cell in JupyterLab, the class's page, a student's page.
Started by jupyterlab.rs with a folder of one notebook, the folder of the pictures, a scratch folder and results."""

import pathlib
import sys

from drive import browser, notebooks, pictures, run_all, scratch, server, settings
from playwright.sync_api import sync_playwright

results, student = pathlib.Path(sys.argv[4]).resolve(), sys.argv[5]
name = next(notebooks.glob("*.ipynb")).name
settings(scratch / "settings", "JupyterLab Light")
process, port, token = server()
try:
    with sync_playwright() as playwright:
        chromium = browser(playwright)
        page = chromium.new_page(viewport={"width": 920, "height": 640})
        run_all(page, f"http://127.0.0.1:{port}", token, name, 300_000)
        page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); }")
        page.locator(".jp-OutputArea-output [aria-label=passed]").first.evaluate("e => e.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(800)
        page.screenshot(path=pictures / "lab.png")
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        page.goto((results / "index.html").as_uri())
        page.screenshot(path=pictures / "class.png")
        page.goto(next(results.glob(f"{student}/**/feedback.html")).as_uri())
        # What differs is what there is to see.
        page.locator(".got.none, .got.part").nth(1).evaluate("e => e.scrollIntoView({block: 'start'})")
        page.screenshot(path=pictures / "feedback.png")
        chromium.close()
finally:
    process.terminate()
    process.wait(timeout=30)
