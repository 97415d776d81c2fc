"""axe-core, github.com/dequelabs/axe-core: what keeps readers out. It looks into open shadow roots by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"], preload: false })).violations"""
WITHIN = """async () => {
    const { passes } = await axe.run(document, { runOnly: ["button-name"] });
    return passes.flatMap((rule) => rule.nodes).filter((node) => node.target.some(Array.isArray)).length;
}"""


def findings(page: Page) -> list[str]:
    """What is serious: "rule: element, how"."""
    _load(page)
    violations: list[dict[str, Any]] = page.evaluate(RUN)
    serious = (rule for rule in violations if rule["impact"] in SERIOUS)
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in serious for node in rule["nodes"]]


def buttons_within(page: Page) -> int:
    """How many buttons within shadow roots are looked at."""
    _load(page)
    return int(page.evaluate(WITHIN))


def _load(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
