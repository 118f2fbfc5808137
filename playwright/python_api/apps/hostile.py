"""Names that try to end the page's scripts, in the app's own source and in its first state."""

import panel as pn

import panel_neuroglancer as png

pn.extension()

NAMES = [
    "</script><script>window.pwned = 1</script>",
    "--><img src=x onerror='window.pwned = 2'>",
    "<!--<script>",
    "${window.pwned = 3}",
    "`+(window.pwned = 4)+`",
    "\u2028\u2029\n\t\\ \"quoted\" 'too' &lt;&#60;",
    "مرحبا \u202eabc\u202c שלום",
    "👩‍🔬🏳️‍🌈 \U0001f9e0",
    "zero\u200bwidth\ufeff",
]
SHADER = "// </script><script>window.pwned = 5</script> 👩‍🔬\nvoid main() { emitRGB(vec3(1.0, 0.0, 0.0)); }"
state = {
    "dimensions": {"x": [1e-9, "m"], "y": [1e-9, "m"], "z": [1e-9, "m"]},
    "layers": [
        {"type": "annotation", "name": name, "source": "local://annotations", "shader": SHADER}
        for name in NAMES
    ],
    "layout": "xy",
}
viewer = png.Neuroglancer(state, width=600, height=300, show_state=True)
pn.Column(viewer).servable(title="</title><script>window.pwned = 6</script>")
