"""How many pictures a model still answers rightly when they are changed on purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.values import Score
from dashboard.components.figures.theme import MAIN, MUTED, OTHER, canvas, translucent
from model_zoo.robustness import Withstood
from perturbations import PERTURBATIONS


def accuracy_under_attack(
    results: Sequence[Withstood], twin: tuple[str, Mapping[float, float]] | None, *, technical: bool
) -> Any:
    """Accuracy in percent over epsilon: a line for a method tried at several, a marker for one tried at a single one.

    twin: its name and {epsilon: accuracy}. Methods without an epsilon are left out.
    """
    figure = canvas(
        "Epsilon, L-infinity (gray levels of 255)" if technical else "Largest change of any pixel (gray levels of 255)",
        "Accuracy (%)" if technical else "Right answers (%)",
        height=460,
        legend=124,
    )
    figure.update_xaxes(rangemode="tozero", dtick=0.5)
    methods: dict[str, list[Withstood]] = {}
    for result in sorted((r for r in results if "epsilon" in r.params), key=lambda r: float(r.params["epsilon"])):
        methods.setdefault(result.method, []).append(result)
    for method, under in methods.items():
        name = PERTURBATIONS[method].name
        if len(under) > 1:
            x = [0.0, *(float(result.params["epsilon"]) for result in under)]
            _line(figure, x, [under[0].clean.accuracy, *(r.perturbed.accuracy for r in under)], name)
            _control(figure, x, [under[0].clean.accuracy, *(r.control.accuracy for r in under)])
        else:
            _single(figure, float(under[0].params["epsilon"]), under[0].perturbed.accuracy, name)
    if twin is not None:
        name, shares = twin
        figure.add_scatter(
            x=list(shares),
            y=[100 * share for share in shares.values()],
            mode="lines",
            line={"color": MAIN, "width": 1, "dash": "dashdot"},
            name=name,
            hovertemplate=f"{name}: %{{y:.0f}} % at %{{x}}/255<extra></extra>",
        )
    return figure


def _line(figure: Any, x: list[float], scores: list[Score], name: str) -> None:
    low, high = _bounds(scores)
    edge = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(**edge, y=high, showlegend=False)
    figure.add_scatter(**edge, y=low, fill="tonexty", fillcolor=translucent(MAIN, 0.2), name="95 % band")
    line = {"color": MAIN, "width": 2.5}
    figure.add_scatter(**_rates(x, scores, name), mode="lines+markers", line=line, marker={"size": 9})


def _control(figure: Any, x: list[float], scores: list[Score]) -> None:
    name = "Random noise of the same size"
    line, marker = {"color": MUTED, "width": 1.5, "dash": "dash"}, {"size": 7, "symbol": "square-open"}
    figure.add_scatter(
        **_rates(x, scores, name), **_whiskers(scores, MUTED), mode="lines+markers", line=line, marker=marker
    )


def _single(figure: Any, x: float, score: Score, name: str) -> None:
    marker = {"size": 12, "symbol": "diamond", "color": OTHER}
    figure.add_scatter(**_rates([x], [score], name), **_whiskers([score], OTHER), mode="markers", marker=marker)


def _rates(x: list[float], scores: list[Score], name: str) -> dict[str, Any]:
    low, high = _bounds(scores)
    return {
        "x": x,
        "y": [100 * score.value for score in scores],
        "name": name,
        "customdata": list(zip(low, high, [score.n for score in scores], strict=True)),
        "hovertemplate": f"{name}: %{{y:.0f}} % (%{{customdata[0]:.0f}} to %{{customdata[1]:.0f}}) at %{{x}}/255, "
        "n = %{customdata[2]}<extra></extra>",
    }


def _whiskers(scores: list[Score], color: str) -> dict[str, Any]:
    low, high = _bounds(scores)
    values = [100 * score.value for score in scores]
    up, down = ([abs(a - b) for a, b in zip(ends, values, strict=True)] for ends in (high, low))
    return {"error_y": {"array": up, "arrayminus": down, "thickness": 1, "width": 4, "color": color}}


def _bounds(scores: list[Score]) -> tuple[list[float], list[float]]:
    bounds = [score.interval or (score.value, score.value) for score in scores]
    return [100 * low for low, _ in bounds], [100 * high for _, high in bounds]
