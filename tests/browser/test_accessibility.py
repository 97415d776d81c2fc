"""axe-core finds nothing serious on any page in either theme. It looks into open shadow roots by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pages import Scheme, app, every_page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
RUN = """async () => {
    const { violations, passes } = await axe.run(document, { resultTypes: ["violations", "passes"] });
    const within = (node) => node.target.some(Array.isArray);
    return { violations, shadow: passes.flatMap((rule) => rule.nodes).filter(within).length };
}"""


def findings(page: Page) -> tuple[list[str], int]:
    """What is serious ("rule: element, how"), and how many elements within shadow roots were looked at."""
    page.evaluate(AXE)
    results: dict[str, Any] = page.evaluate(RUN)
    serious = (rule for rule in results["violations"] if rule["impact"] in SERIOUS)
    found = [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in serious for node in rule["nodes"]]
    return found, results["shadow"]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_page_has_a_serious_finding(browser: Browser, address: str, scheme: Scheme) -> None:
    with app(browser, address, scheme) as page:
        seen = {name: findings(page) for name in every_page(page)}
    assert {name: found for name, (found, _) in seen.items() if found} == {}
    assert seen["look"][1] > 10
