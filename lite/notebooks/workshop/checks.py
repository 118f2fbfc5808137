"""Checks for the exercises: each looks at an answer, and says what is right, or what is wrong and how to mend it."""

import sys
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

# The made-up tissue lies with the lessons, one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from neuropil import VOXEL_SIZE, make_neuropil

tissue = make_neuropil()
NM = np.array(VOXEL_SIZE)
THALAMUS = (-12, -18, 8)  # left, MNI mm
BROKEN, PIECES, INNOCENT = 34, (1001, 1002), 8
NEAR = 150  # nm from a synapse's middle


class Verdict(NamedTuple):
    """What a check found."""

    ok: bool
    text: str

    def __bool__(self):
        return self.ok

    def __repr__(self):
        return f"{'✔' if self.ok else '✘'} {self.text}"

    def _repr_html_(self):
        colour = "#2e7d32" if self.ok else "#c62828"
        return f'<div style="border-left: 5px solid {colour}; padding: 6px 12px">{escape(repr(self))}</div>'


def right(text):
    return Verdict(True, text)


def wrong(text):
    return Verdict(False, text)


NOT_YET = wrong("Not done yet: replace the dots (...) in the cell above, run it, then this one.")


def space(answer):
    """Exercise 1: the coordinate space of a stack with axes z, y, x."""
    if answer is ...:
        return NOT_YET
    names, units, scales = list(answer.names), list(answer.units), np.array(answer.scales)
    if len(names) != 3:
        return wrong(f"The stack has 3 axes, and you named {len(names)}: {names}.")
    if sorted(names) != ["x", "y", "z"]:
        return wrong(f"The names are {names}. Call the axes x, y and z.")
    if names != ["z", "y", "x"]:
        return wrong(
            f"The order is {', '.join(names)}, but the stack's shape is (64, 128, 128): its first axis are the 64 sections. "
            'Begin with "z".'
        )
    if set(units) != {"m"}:
        return wrong(f'The units are {units}. Write units="nm".')
    nm = scales * 1e9
    if np.allclose(nm, [32, 16, 16]):
        return right("A voxel measures 32 nm along z and 16 nm along y and x.")
    if np.allclose(nm, [16, 16, 32]):
        return wrong("The sizes are in the order x, y, z. Give them in the order of the names: z first.")
    if np.allclose(nm / nm[1], [2, 1, 1]):
        return wrong(f'Right proportions, but pixels of {nm[1]:g} nm. Write units="nm".')
    return wrong(
        f"A voxel of yours measures {', '.join(f'{n:g}' for n in nm)} nm along z, y, x. Expected 32, 16, 16."
    )


def contrast(viewer):
    """Exercise 2: a contrast that shows the membranes."""
    controls = viewer.state.layers["em"].shader_controls or {}
    chosen = controls.get("contrast")
    if chosen is None:
        return NOT_YET
    chosen = chosen.to_json() if hasattr(chosen, "to_json") else chosen
    low, high = chosen["range"]
    if low == high:
        return wrong("Black and white are the same number. Give two different ones.")
    if low > high:
        return wrong(f"The image is inverted: black is {low:g}, white is {high:g}. Swap the two.")
    darkest, brightest = np.percentile(tissue.image, [0.5, 99.5])
    if high > brightest + 25:
        return wrong(
            f"Too dark: white is {high:g}, and hardly a voxel is brighter than {brightest:.0f}. Lower it."
        )
    if high < 140:
        return wrong(
            f"Too bright: most of the tissue is above {high:g}, so it is all white. Raise the second number."
        )
    if low > 110:
        return wrong(f"Mitochondria and membranes are all black below {low:g}. Lower the first number.")
    if low < darkest - 25:
        return wrong(f"No voxel is as dark as {low:g}, so nothing is black. Raise the first number.")
    return right(f"From {low:g} to {high:g}: dark membranes, light insides.")


def place(position):
    """Exercise 3: the left thalamus in the MNI152 brain."""
    if position is None or len(position) != 3:
        return wrong("The viewer has no position yet. Run the cell with the viewer, and wait for the brain.")
    x, y, z = position
    if np.linalg.norm(np.subtract(position, (-THALAMUS[0], *THALAMUS[1:]))) <= 8:
        return wrong(
            "A thalamus, but the right one. x grows to the right of the head: the left one has a negative x."
        )
    words = []
    for distance, forward, back in (
        (THALAMUS[0] - x, "right", "left"),
        (THALAMUS[1] - y, "forward (to larger y)", "backward (to smaller y)"),
        (THALAMUS[2] - z, "up", "down"),
    ):
        if abs(distance) > 4:
            words.append(f"{abs(distance):.0f} mm {forward if distance > 0 else back}")
    if np.linalg.norm(np.subtract(position, THALAMUS)) <= 8:
        return right("You are in the left thalamus.")
    return wrong(f"Not there yet. Go {', '.join(words)}.")


def powered(shown):
    """Exercise 4: the three fibres with the most mitochondria, counted in voxels."""
    expected = _powered()
    if shown is ...:
        return NOT_YET
    shown = [int(number) for number in shown]
    if 0 in shown:
        return wrong("0 is no fibre but the gap between them. Leave it out.")
    if len(shown) > len(expected):
        return wrong(f"{len(shown)} fibres are shown. Show only three.")
    strange = [number for number in shown if number not in expected]
    if strange:
        amounts = ", ".join(f"{n} has {_amount(n)} voxels of them" for n in strange)
        return wrong(f"Not among the three: {amounts}; the third one has {_amount(expected[-1])}.")
    missing = len(expected) - len(shown)
    if missing:
        return wrong(f"Right so far, but {missing} more {'is' if missing == 1 else 'are'} to be shown.")
    return right(f"The fibres {', '.join(map(str, expected))}.")


def volumes(answer):
    """Exercise 5: the volumes of those fibres in cubic micrometres, by number."""
    if answer is ...:
        return NOT_YET
    expected = {n: np.count_nonzero(tissue.labels == n) * np.prod(NM) / 1e9 for n in _powered()}
    answer = {int(number): float(value) for number, value in dict(answer).items()}
    missing = sorted(expected.keys() - answer.keys())
    if missing:
        return wrong(f"The volume of {', '.join(map(str, missing))} is missing.")
    for number, value in expected.items():
        given = answer[number]
        if np.isclose(given, value, rtol=0.01):
            continue
        if np.isclose(given, value * 1e9 / np.prod(NM), rtol=0.01):
            hint = "That is the number of voxels. Multiply by the volume of one: 16 x 16 x 32 nm³."
        elif np.isclose(given, value * 1e9, rtol=0.01):
            hint = "Those are cubic nanometres. A cubic micrometre has 1000³ of them."
        elif np.isclose(given, value * 1e6, rtol=0.01):
            hint = "You divided by 1000 once. A cubic micrometre has 1000³ cubic nanometres."
        elif np.isclose(given, value / 2, rtol=0.01):
            hint = "Just half: a voxel is 32 nm long along z, not 16."
        else:
            hint = "Count the voxels of the label, and multiply by the volume of one."
        return wrong(f"Fibre {number}: {given:g} µm³ is not right. {hint}")
    return right(", ".join(f"fibre {n}: {v:.3f} µm³" for n, v in expected.items()) + ".")


def broken():
    """Return labels in which one fibre has been cut into three pieces."""
    pieces = tissue.labels.copy()
    inside = tissue.labels == BROKEN
    along = np.argwhere(inside)
    axis = int(np.argmax(np.ptp(along, axis=0) * NM))
    first, second = np.percentile(along[:, axis], [33, 67])
    where = np.expand_dims(np.arange(pieces.shape[axis]), [a for a in range(3) if a != axis])
    pieces[inside & (where > first)] = PIECES[0]
    pieces[inside & (where > second)] = PIECES[1]
    return pieces


def merged(viewer):
    """Exercise 6: the three pieces are one object, and nothing else is."""
    groups = [set(map(int, group)) for group in viewer.state.layers["pieces"].equivalences.sets()]
    groups = [group for group in groups if len(group) > 1]
    whole = {BROKEN, *PIECES}
    if not groups:
        return wrong("Nothing is merged yet. Shift-click two pieces of the same fibre, one after the other.")
    strangers = sorted(set().union(*groups) - whole)
    if strangers:
        return wrong(
            f"{', '.join(map(str, strangers))} is another fibre: follow the membrane between them. Press Undo and begin anew."
        )
    missing = sorted(whole - max(groups, key=len))
    if missing:
        return wrong(f"Some pieces are one now, but {', '.join(map(str, missing))} belongs to them, too.")
    return right(f"{', '.join(map(str, sorted(whole)))} are one fibre again.")


def synapses(viewer):
    """Exercise 7: three points, each on another synapse."""
    marks = [a for a in viewer.state.layers["synapses"].annotations or [] if a.type == "point"]
    if not marks:
        return wrong("No points yet. Ctrl + click on a synapse in the slice (⌘ + click on a Mac).")
    found, off = set(), []
    for i, mark in enumerate(marks, start=1):
        apart = np.linalg.norm((tissue.synapses + 0.5 - np.array(mark.point)) * NM, axis=1)
        nearest = int(apart.argmin())
        if apart[nearest] <= NEAR:
            found.add(nearest)
        else:
            x, y, z = tissue.synapses[nearest]
            off.append(
                f"point {i} is {apart[nearest]:.0f} nm away from the nearest one, at x={x}, y={y}, slice {z}"
            )
    if off:
        return wrong(
            f"{len(found)} found, but {'; '.join(off)}. Move there, or delete the point (Ctrl + Alt + right click)."
        )
    if len(found) < 3:
        again = " Two points on one synapse count once." if len(marks) > len(found) else ""
        return wrong(
            f"{len(found)} found, {3 - len(found)} to go.{again} Look for thick dark membranes with dots beside."
        )
    return right(f"{len(found)} synapses.")


def distances(answer, viewer):
    """Exercise 8: how far each point is from the first one, in nanometres."""
    if answer is ...:
        return NOT_YET
    points = np.array(
        [a.point for a in viewer.state.layers["synapses"].annotations or [] if a.type == "point"]
    )
    if not len(points):
        return wrong("There are no points to measure. Do exercise 7 first.")
    answer = np.asarray(answer, float).ravel()
    if len(answer) != len(points):
        return wrong(
            f"You have {len(points)} points and {len(answer)} distances. Give one for each, 0 for the first."
        )
    steps = points - points[0]
    if np.allclose(answer, np.linalg.norm(steps * NM, axis=1), atol=1):
        return right("In nm: " + ", ".join(f"{d:.0f}" for d in answer) + ".")
    if np.allclose(answer, np.linalg.norm(steps, axis=1), atol=0.1):
        return wrong(
            "Those are voxels, and voxels are longer along z. Multiply the differences by VOXEL_SIZE first."
        )
    if np.allclose(answer, np.linalg.norm(steps, axis=1) * NM[0], atol=1):
        return wrong("A voxel measures 16 nm along x and y, but 32 nm along z.")
    return wrong(
        f"Expected {', '.join(f'{d:.0f}' for d in np.linalg.norm(steps * NM, axis=1))} nm. "
        "Subtract the first point, multiply by VOXEL_SIZE, and take the length with np.linalg.norm(..., axis=1)."
    )


def slider(widget, view):
    """Exercise 9: a slider and the viewer's slice follow each other."""
    if widget is ...:
        return NOT_YET
    if not hasattr(widget, "value") or not hasattr(widget, "start"):
        return wrong("This is no slider. Make one with pn.widgets.IntSlider(...).")
    if widget.start > 0 or widget.end != tissue.image.shape[2] - 1:
        return wrong(f"The slider goes from {widget.start} to {widget.end}; the slices are numbered 0 to 63.")
    kept, value = list(view.position), widget.value
    try:
        # Only what changes is told.
        for number in {20, 41} - {value}:
            widget.value = number
            if int(view.position[2]) != number:
                return wrong(
                    f"The slider says {number}, and the viewer stays at slice {int(view.position[2])}. "
                    'Set view.position in a function, and call it with widget.param.watch(function, "value").'
                )
        for number in {12, 33} - {int(view.position[2])}:
            view.position = [*kept[:2], number + 0.5]
            if widget.value != number:
                return wrong(
                    f"The viewer is at slice {number}, and the slider stays at {widget.value}. "
                    'Set its value in a second function, and call it with view.param.watch(function, "position").'
                )
        if list(view.position[:2]) != kept[:2]:
            return wrong(
                "The slider changes x or y, too. Keep them: view.position = [*view.position[:2], …]."
            )
    finally:
        widget.value, view.position = value, kept
    return right("Slider and viewer follow each other.")


def _amount(number):
    """Voxels of mitochondria in a fibre."""
    return int(np.count_nonzero(tissue.mitochondria[tissue.labels == number]))


def _powered():
    amounts = np.bincount(tissue.labels[tissue.mitochondria > 0].ravel(), minlength=2)
    amounts[0] = 0
    return np.argsort(amounts)[::-1][:3].tolist()
