"""Drives JupyterLab in headless Chromium as a student would: open, run all, look, fill a blank wrongly.
Started by jupyterlab.rs; prints one JSON line for each notebook and leaves screenshots in the folder given."""

import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

notebooks, pictures, scratch = (pathlib.Path(p).resolve() for p in sys.argv[1:4])
pictures.mkdir(parents=True, exist_ok=True)

SETTINGS = {
    # Cells out of sight stay in the page, so that they can be counted.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
BUSY = """() => [...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))
    || document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'busy'"""
READY = """() => document.querySelectorAll('.jp-Notebook .jp-Cell').length > 0 && window.jupyterapp !== undefined
    && window.jupyterapp.commands.isEnabled('notebook:run-all-cells')
    && [...window.jupyterapp.serviceManager.sessions.running()].length > 0"""
# Looks for the first cell with code that did not run, and makes it the active one.
LEFT = """() => {
    const book = window.jupyterapp.shell.currentWidget.content;
    const left = book.widgets.findIndex(c => c.model.type === 'code' && c.model.executionCount === null);
    if (left > 0) book.activeCellIndex = left;
    return left > 0;
}"""
FOUND = """() => {
    const all = s => [...document.querySelectorAll('.jp-Notebook ' + s)];
    return {
        plots: all('.jp-OutputArea-output svg').length,
        undrawn: all('.jp-OutputArea-output').filter(e => /^Figure with \\d+ panels/.test(e.innerText)).length,
        passed: all('.jp-OutputArea-output [aria-label=passed]').length,
        failed: all('.jp-OutputArea-output [aria-label="not yet"]').length,
        errors: all('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.stderr"], .jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').map(e => e.innerText),
        formulas: all('mjx-container').length,
        unset: all('.MathJax_Error, mjx-merror').length,
        bytes: Math.max(0, ...all('.jp-OutputArea-output svg').map(s => s.outerHTML.length)),
    };
}"""


def settings(folder, theme):
    for name, values in [*SETTINGS.items(), ("apputils-extension/themes", {"theme": theme})]:
        file = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = dict(os.environ, JUPYTERLAB_SETTINGS_DIR=str(scratch / "settings"), JUPYTER_CONFIG_DIR=str(scratch / "config"))
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
         f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={notebooks}"],
        env=environment, stdout=(scratch / "server.log").open("w"), stderr=subprocess.STDOUT,
    )
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={token}", timeout=2)
            return process, port, token
        except OSError:
            time.sleep(0.5)
    raise SystemExit("JupyterLab does not answer; see server.log")


def browser(playwright):
    names = ["chromium", "chromium-browser", "google-chrome", "chrome"]
    own = next((p for p in map(shutil.which, names) if p), None)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]
    return playwright.chromium.launch(executable_path=own, args=flags)


def run_all(page, base, token, name, patience):
    """Opens a notebook and runs it to its end; when it was opened, and after how long page and first plot were
    there, and how often a cell that failed stopped it."""
    opened = time.monotonic()
    page.goto(f"{base}/lab/tree/{name}?reset&token={token}")
    page.wait_for_function(READY, timeout=patience)
    shown = time.monotonic() - opened
    page.click(".jp-Notebook .jp-Cell")
    first, stops = follow(page, name, "run-all-cells", opened, patience), 0
    # A cell that fails stops those that were to run after it; a student goes on below it.
    while page.evaluate(LEFT):
        stops += 1
        follow(page, name, "run-all-below", opened, patience)
    return opened, shown, first, stops


def follow(page, name, command, opened, patience):
    """Runs cells to the end of the last; when the first plot was there."""
    # Not awaited: it ends when the last cell has.
    page.evaluate(f"() => {{ window.jupyterapp.commands.execute('notebook:{command}'); }}")
    page.wait_for_function(BUSY, timeout=60_000)
    first, quiet = None, time.monotonic()
    # Between two cells there may be a moment without a busy one.
    while time.monotonic() - quiet < 3:
        if first is None and page.evaluate("() => document.querySelector('.jp-Notebook .jp-OutputArea-output svg') !== null"):
            first = time.monotonic() - opened
        if page.evaluate(BUSY):
            quiet = time.monotonic()
        if time.monotonic() - opened > patience / 1000:
            raise SystemExit(f"{name} is still running after {patience / 1000:.0f} s")
        page.wait_for_timeout(100)
    return first


def look(page, base, token, name, theme, patience):
    opened, shown, first, stops = run_all(page, base, token, name, patience)
    found = page.evaluate(FOUND)
    stem = name.removesuffix(".ipynb")
    height = page.evaluate("() => Math.max(...[...document.querySelectorAll('.jp-NotebookPanel *')].map(e => e.scrollHeight))")
    page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); }")
    page.set_viewport_size({"width": 1180, "height": min(9000, max(800, int(height) + 120))})
    page.evaluate("() => document.querySelectorAll('.jp-NotebookPanel *').forEach(e => e.scrollTo(0, 0))")
    page.wait_for_timeout(800)
    page.screenshot(path=pictures / f"{stem}-{theme}.png")
    page.set_viewport_size({"width": 1180, "height": 900})
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    print(json.dumps({"notebook": stem, "theme": theme, "seconds_to_page": round(shown, 1),
                      "seconds_to_first_plot": first and round(first, 1), "seconds": round(time.monotonic() - opened, 1), "stops": stops, **found}), flush=True)


def main():
    names = sys.argv[4:] or sorted(p.name for p in notebooks.glob("*.ipynb"))
    settings(scratch / "settings", "JupyterLab Light")
    process, port, token = server()
    try:
        with sync_playwright() as playwright:
            chromium = browser(playwright)
            for theme in ["JupyterLab Light", "JupyterLab Dark"]:
                settings(scratch / "settings", theme)
                page = chromium.new_page(viewport={"width": 1180, "height": 900})
                word = theme.split()[1].lower()
                # In the dark one look is enough.
                for name in names if word == "light" else names[:1]:
                    look(page, f"http://127.0.0.1:{port}", token, name, word, 300_000)
                page.close()
            chromium.close()
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
