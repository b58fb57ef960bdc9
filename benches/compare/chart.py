"""Draws the result: a panel for each piece of work, with a bar for each program."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

OURS, THEIRS = "#c0392b", "#8fa3b5"


def draw(works, path):
    """`works` maps titles to lists of program, median seconds and ratio (`None` for ours)."""
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "pitlake", "svg.fonttype": "none"})
    heights = [len(bars) + 1 for bars in works.values()]
    size = (7.5, 0.34 * sum(heights) + 0.3)
    figure, panels = plt.subplots(len(works), 1, figsize=size, height_ratios=heights, squeeze=False)
    for panel, (title, bars) in zip(panels[:, 0], works.items(), strict=True):
        names = [name for name, _, _ in bars]
        seconds = [wall for _, wall, _ in bars]
        colours = [OURS if ratio is None else THEIRS for _, _, ratio in bars]
        panel.barh(names, seconds, color=colours, height=0.7)
        for at, (_, wall, ratio) in enumerate(bars):
            text = f" {wall:.2f} s" + ("" if ratio is None else f"  ({ratio:.1f} x)")
            panel.text(wall, at, text, va="center")
        panel.invert_yaxis()
        panel.set_title(title, loc="left", fontsize=9, fontweight="bold")
        panel.set_xlim(0, max(seconds) * 1.2)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(left=False)
    panels[-1, 0].set_xlabel("seconds, whole process, median; in brackets: times as long as pitlake, pair by pair")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if str(path).endswith("svg") else None)
