"""A browser that opens a page without a network, for tests."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

CHROMIUM, PDFTOTEXT = shutil.which("chromium"), shutil.which("pdftotext")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and PDFTOTEXT), reason="chromium and pdftotext are not installed"
)

LISTEN = """<script>
const failures = [];
addEventListener("error", (event) => failures.push(event.message));
addEventListener("securitypolicyviolation", (event) => failures.push(event.blockedURI));
</script>"""
PROBE = """<script>
addEventListener("load", () => {
  let value = null;
  try { value = (() => { %s })(); } catch (error) { failures.push(String(error)); }
  parent.postMessage(JSON.stringify({ value, failures }), "*");
});
</script>"""
# A window is at least 500 pixels wide; a frame may be as narrow as a telephone.
FRAME = """<!doctype html><pre></pre><script>
addEventListener("message", (event) => { document.querySelector("pre").textContent = event.data; });
</script><iframe src="page.html" style="width: %dpx; height: 900px; border: 0"></iframe>"""


def evaluated(text, script, folder, *, width):
    """What a script returns in the page `text`, and the failures of the page.

    `width` is that of the page in pixels.
    """
    text = text.replace("<style>", f"{LISTEN}<style>", 1)
    (folder / "page.html").write_text(text.replace("</body>", f"{PROBE % script}</body>"), "utf-8")
    (folder / "frame.html").write_text(FRAME % width, "utf-8")
    dom = _opened("--dump-dom", folder / "frame.html", "--virtual-time-budget=30000")
    result = json.loads(unescape(re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)[1]))
    return result["value"], result["failures"]


def printed(text, folder):
    """The texts of the sheets of paper."""
    (folder / "page.html").write_text(text, "utf-8")
    paper = folder / "page.pdf"
    _opened(f"--print-to-pdf={paper}", folder / "page.html", "--no-pdf-header-footer")
    texts = _output(PDFTOTEXT, "-layout", paper, "-")
    return texts.split("\f")[:-1]


def _opened(flag, path, *more):
    # No name has an address.
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={path.parent}/profile")
    return _output(CHROMIUM, *FLAGS, *offline, *more, flag, f"file://{path}")


def _output(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
