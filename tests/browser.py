"""The Chromium that is there, or a skip that says how to get one."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def chromium():
    """Where it is; RNNLAB_CHROMIUM says where else."""
    return os.environ.get("RNNLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browsing():
    """A browser, ended afterwards; skips the test where there is none."""
    where = chromium()
    if not where:
        pytest.skip(f"no browser: install one of {', '.join(NAMES)}, or let RNNLAB_CHROMIUM name it")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser, file, *, scheme="light", width=1280, height=900):
    """The page, ready; fails where it says anything on the console, or asks the network for anything."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    heard = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "request", lambda each: None if each.url.startswith(("file:", "blob:", "data:")) else heard.append(each.url)
    )
    page.goto(file.resolve().as_uri())
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    yield page
    assert not heard
    page.close()
