"""Write the tables of docs/benchmarks.md from what the benches left in build/bench.

Each bench has its own section between two comments of the page; a bench that has not run keeps the section that is there.
"""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES = ROOT / "build" / "bench"


def spread(value: dict[str, float], digits: int = 2) -> str:
    """Write a median and the range around it."""
    return f"{value['median']:.{digits}f} ({value['min']:.{digits}f} to {value['max']:.{digits}f})"


def volumes(figures: dict[str, Any]) -> list[str]:
    """Return the table of `volumes.py`."""
    lines = [
        f"Labels: {figures.pop('segmentation')}. {figures.pop('machine')}",
        "",
        "| volume | Python | to first full picture, s: ours / official | MB/s: ours / official | ratio | 50 jumps, s: ours / official | ratio | ratio without drawing | copies |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    meshes, more = [], []
    for volume, rows in figures.items():
        for case, row in rows.items():
            if "throughput_ratio" not in row:
                meshes.append(
                    f"| {volume.partition(', ')[2]} | {case} | {spread(row['ours_first_s'])} | {spread(row['official_first_s'])}"
                    f" | {spread(row['ratio'])} | {spread(row['ours_next_s'])} | {spread(row['official_next_s'])} |"
                )
                continue
            ours, official = row["ours"], row["official"]
            cells = [
                " / ".join(spread(who[key], digits) for who in (ours, official))
                for key, digits in (("first_s", 2), ("MB_per_s", 0), ("jumps_s", 1))
            ]
            copies = f"{row['memory']['copies']:.2f}" if "memory" in row else ""
            lines.append(
                f"| {volume} | {case} | {cells[0]} | {cells[1]} | {spread(row['throughput_ratio'])} | {cells[2]}"
                f" | {spread(row['jumps_ratio'])} | {spread(row['data_ratio'], 1)} | {copies} |"
            )
            trips, memory = row.get("round_trip"), row.get("memory")
            if trips and memory:
                each = [
                    f"{trips[who]['p50_ms']:.0f} / {trips[who]['p95_ms']:.0f}" for who in ("ours", "official")
                ]
                more.append(
                    f"| {volume} | {case} | {each[0]} | {each[1]} ({trips['official']['lost']} lost)"
                    f" | {memory['js_MB']:.0f} | {memory['python_MB']:.0f} |"
                )
    if more:
        lines += [
            "",
            "| volume | Python | round trip, ms, p50 / p95 | official | peak of JavaScript, MB | of Python, MB |",
            "|---|---|---|---|---|---|",
            *more,
        ]
    if meshes:
        lines += [
            "",
            "| cube | Python | first mesh, s | official, s | ratio | next mesh, s | official, s |",
            "|---|---|---|---|---|---|---|",
            *meshes,
        ]
    return lines


def sites(figures: dict[str, Any]) -> list[str]:
    """Return the tables of `sites.py`: the first visits and the second ones."""
    runs = next(iter(next(iter(figures["runs"].values())).values()))["cold"]
    lines = [f"{figures['machine']} Runs of each: {len(runs)}."]
    titles = {
        "voxel": "first voxel, s",
        "voxel ratio": "to the official client",
        "alive": "Python alive, s",
        "alive ratio": "to the stock page",
        "alive, warm to cold": "to the first visit",
        "voxel MB": "MB until the first voxel",
        "alive MB": "MB until alive",
    }
    for visit, title in {"cold": "First visit", "warm": "Second visit"}.items():
        columns = [key for key in titles if visit == "warm" or "warm" not in key]
        lines += ["", f"{title}:", ""]
        lines += ["| line | page | " + " | ".join(titles[key] for key in columns) + " |"]
        lines += ["|---" * (len(columns) + 2) + "|"]
        for row in figures["rows"]:
            if row["visit"] == visit:
                cells = [_cell(row.get(key), 1 if "MB" in key else 2) for key in columns]
                lines.append(f"| {row['line']} | {row['page']} | " + " | ".join(cells) + " |")
    return lines


def _cell(value: dict[str, float] | None, digits: int) -> str:
    if value is None:
        return ""
    # What does not vary needs no range.
    return f"{value['median']:.1f}" if digits == 1 else spread(value)


SECTIONS = {"volumes": volumes, "sites": sites}


def machine() -> str:
    """Describe this machine."""
    return f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}, software WebGL."


def main() -> None:
    page = PAGE.read_text("utf-8")
    for name, table in SECTIONS.items():
        path = FIGURES / f"{name}.json"
        if not path.exists():
            continue
        text = "\n".join(table(json.loads(path.read_text("utf-8"))))
        marked = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        if not marked.search(page):
            raise SystemExit(f"{PAGE} has no section between <!-- {name} --> and <!-- /{name} -->.")
        page = marked.sub(lambda m, text=text: m[1] + text + m[2], page)
        print(text)
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
