"""The pages in a real browser: accessible, by keyboard, without JavaScript, on a telephone, and
under a content security policy that nothing breaks.
"""

import time

import pytest

from browser_cases import CHROMIUM, a_server, violations
from lifecycle_cases import CLAIM

pytestmark = [
    pytest.mark.connected,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

PAGES = ("/claims", f"/claims/{CLAIM}", f"/claims/{CLAIM}?all=true", "/events", "/pipeline")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("lifecycle")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Open pages signed in; afterwards, fail on anything that the policy or the console complained
    about.
    """
    contexts, complaints = [], []

    def open_(path="/claims", *, role="biller", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/sign-in")
        page.select_option("#role", role)
        page.click("button.main")
        page.wait_for_url("**/claims")
        until(lambda: _is_folded(page))
        page.goto(address + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def until(holds, seconds=20.0):
    """Wait by asking: Playwright's own waiting evaluates text, which our policy forbids."""
    late = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < late
        time.sleep(0.05)


def _is_folded(page):
    page.reload()
    return page.locator(".sum b").first.inner_text() == "63"


def test_axe_finds_nothing_in_light_or_dark(open_page):
    page = open_page()
    for path in (*PAGES, "/sign-in", "/docs", "/problems/not-found"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (path, scheme)


def test_a_claim_that_is_not_there_is_said_on_a_page(open_page):
    page = open_page("/claims", java_script_enabled=False)
    answer = page.request.get(f"{page.url}/PNONE", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "Nothing of this tenant has that id" in answer.text()
    assert "<!doctype html>" in answer.text()


def test_axe_finds_nothing_when_an_event_is_open_beside_the_page(open_page):
    page = open_page(f"/claims/{CLAIM}")
    page.locator("a", has_text="X12").last.click()
    page.wait_for_selector("#part pre")
    assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_telephone(open_page, path):
    page = open_page(path, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_the_policy_of_every_page_lets_no_inline_script_or_style_run(open_page):
    page = open_page("/claims")
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert (
        page.evaluate("document.querySelectorAll('[style], style, script:not([src])').length") == 0
    )


def test_claims_are_found_and_opened_by_keyboard_alone(open_page):
    page = open_page("/claims")
    page.keyboard.press("/")
    page.keyboard.type("PHELD")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=PHELD**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/PHELD")
    assert page.locator("h1 .pill").inner_text() == "held"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("#part h2")
    assert page.evaluate("document.activeElement.id") == "event"
    page.keyboard.press("Escape")
    assert page.locator("#part *").count() == 0
    assert page.evaluate("document.activeElement.innerText") == "EncounterCoded"


def test_more_rows_come_when_the_end_is_reached(open_page):
    page = open_page("/claims")
    assert page.locator("tr[data-row]").count() <= 100
    page.locator(".more a").scroll_into_view_if_needed()
    until(lambda: page.locator("tr[data-row]").count() == 63)
    names = page.locator("tr[data-row] a[data-open]").all_inner_texts()
    assert len(set(names)) == 63
    assert page.locator(".more").count() == 0


def test_everything_is_reached_without_javascript(open_page):
    page = open_page("/claims", java_script_enabled=False)
    assert page.locator("tr[data-row]").count() == 50
    page.locator(".more a").click()
    assert page.locator("tr[data-row]").count() == 13
    page.goto(page.url.split("?")[0])
    page.fill("#q", "acme")
    page.select_option("#state", "payer-rejected")
    page.click("button.main")
    assert page.locator("tr[data-row]").count() == 1
    page.locator("tr[data-row] a").click()
    assert "Member unknown" in page.content()
    page.locator(".steps a").first.click()
    assert "Envelope" in page.content()


def test_each_number_opens_what_it_counts(open_page):
    page = open_page("/claims")
    for link in page.locator(".counts a").all():
        name, count = link.inner_text().rsplit(" ", 1)
        other = page.context.new_page()
        other.goto(page.url.split("/claims")[0] + link.get_attribute("href"))
        assert other.locator(".sum b").first.inner_text() == count, name
        other.close()


def test_x12_opens_for_a_biller_and_not_for_a_viewer(open_page):
    for role, seen in (("biller", True), ("viewer", False)):
        page = open_page(f"/claims/{CLAIM}", role=role)
        if seen:
            page.locator("a", has_text="X12").last.click()
            page.wait_for_selector("#part pre")
            assert "CLM*PAAAABBBBCCCCDD" in page.locator("#part").inner_text()
        else:
            answer = page.request.get(
                page.url.replace(f"/claims/{CLAIM}", "")
                + page.locator("a", has_text="X12").last.get_attribute("href")
            )
            assert answer.status == 403
            assert "CLM*" not in answer.text()


def test_the_pipeline_renews_itself_and_names_what_is_stuck(open_page):
    page = open_page("/pipeline")
    first = page.locator("#pipeline > p").inner_text()
    until(lambda: page.locator("#pipeline > p").inner_text() != first)
    assert "does not answer" in page.content(), "claims-svc is not running here"
    assert "000000043" in page.content(), "an interchange without an answer"


def test_signing_out_ends_the_session(open_page):
    page = open_page("/claims")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.goto(page.url.replace("/sign-in", "/claims"))
    page.wait_for_url("**/sign-in")
