"""Clicks through the class's pages and through `grader review` in headless Chromium, as an instructor would.
Started by jupyterlab.rs with results, a folder for screenshots, a scratch folder, the grader and a course; prints one JSON line."""

import json
import re
import signal
import subprocess
import sys

from drive import browser, notebooks as results, pictures
from playwright.sync_api import sync_playwright

FOCUS = "() => document.activeElement.textContent.trim()"
STUDENT = """() => ({
    heading: document.querySelector('h1').textContent.trim(),
    plots: document.querySelectorAll('figure svg').length,
    unnamed: [...document.querySelectorAll('figure svg')].filter(s => !s.querySelector('title') && !s.ariaLabel).length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})"""


def pages(page):
    """The class, by keyboard and by mouse, and every page that it links to."""
    page.goto((results / "index.html").as_uri())
    page.keyboard.press("Tab")
    found = {"first_stop": page.evaluate(FOCUS), "students": []}
    page.keyboard.press("Enter")
    # From there the next stop is the first submission.
    page.keyboard.press("Tab")
    found["second_stop"] = page.evaluate(FOCUS)
    page.locator("summary").first.click()
    found["checks"] = page.locator("details[open] tbody tr").count()
    page.screenshot(path=pictures / "class.png", full_page=True)
    page.emulate_media(media="print", color_scheme="dark")
    page.screenshot(path=pictures / "class-print.png", full_page=True)
    page.emulate_media(media="screen", color_scheme="dark")
    page.screenshot(path=pictures / "class-dark.png", full_page=True)
    page.emulate_media(color_scheme="light")
    for k in range(page.locator("table.all a").count()):
        link = page.locator("table.all a").nth(k)
        name = link.inner_text()
        link.click()
        found["students"].append({"name": name, **page.evaluate(STUDENT)})
        page.screenshot(path=pictures / f"feedback-{name}.png", full_page=True)
        page.go_back()
    return found


def desk(page, address):
    """Points set by hand in the browser: more than there are, then those again, and what the student sees of it."""
    found = {"without_token": page.goto(address.split("?")[0]).status}
    page.goto(address)
    page.get_by_role("link", name="anna").click()
    found["before"] = page.locator("main p b").first.inner_text()

    def save():
        # The first form with points is that of the first question.
        form = page.locator("form:has([name=points])").first
        form.locator("[name=points]").fill("99")
        form.locator("[name=reason]").fill("explained <b>by word</b>")
        form.get_by_role("button", name="Save points").click()
        page.wait_for_load_state()

    save()
    found["asked"] = page.get_by_role("alert").inner_text()
    page.screenshot(path=pictures / "review-asked.png")
    save()
    found["after"] = page.locator("main p b").first.inner_text()
    page.screenshot(path=pictures / "review.png", full_page=True)
    page.get_by_role("link", name="what the student sees").click()
    found["reason"] = page.locator(".byhand").first.inner_text()
    return found


def main():
    grader, course = sys.argv[4:6]
    command = [grader, "review", "--out", results, "--course", course, "--author", "Dr. Lee"]
    review = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = next(m.group() for line in review.stdout if (m := re.search(r"http://\S+", line)))
        with sync_playwright() as playwright:
            chromium = browser(playwright)
            page = chromium.new_page(viewport={"width": 1180, "height": 900})
            wanted, said = [], []
            page.on("request", lambda request: wanted.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            found = {**pages(page), "said": list(said), "review": desk(page, address)}
            own = ("file:", "data:", address.split("?")[0])
            found["foreign"] = [url for url in wanted if not url.startswith(own)]
            print(json.dumps(found))
            chromium.close()
    finally:
        review.send_signal(signal.SIGINT)
        review.wait(timeout=60)


if __name__ == "__main__":
    main()
