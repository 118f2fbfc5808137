import inspect

import panel_neuroglancer as png
from panel_neuroglancer import Neuroglancer


def test_the_names_are_these():
    assert sorted(png.__all__) == [
        "BakeLimitError",
        "Neuroglancer",
        "NeuroglancerError",
        "StateError",
        "UrlError",
        "invalidate",
        "parse_url",
        "read_file",
        "read_volume",
        "save",
        "screenshot",
        "site_url",
        "to_url",
    ]
    for name in png.__all__:
        assert getattr(png, name).__doc__


def test_the_signatures_are_these():
    callables = {
        "Neuroglancer": Neuroglancer.__init__,
        "Neuroglancer.save": Neuroglancer.save,
        "Neuroglancer.viewer_state": Neuroglancer.viewer_state,
        "Neuroglancer._load_url": Neuroglancer._load_url,
        "Neuroglancer._load_demo": Neuroglancer._load_demo,
        "NeuroglancerError": png.NeuroglancerError.__init__,
        "invalidate": png.invalidate,
        "parse_url": png.parse_url,
        "read_file": png.read_file,
        "save": png.save,
        "site_url": png.site_url,
        "to_url": png.to_url,
    }
    assert {name: _names(call) for name, call in callables.items()} == {
        "Neuroglancer": ["self", "source=None", "*", "load_demo=False", "**params"],
        "Neuroglancer.save": ["self", "filename", "title=None", "**options"],
        "Neuroglancer.viewer_state": ["self"],
        "Neuroglancer._load_url": ["self", "event=None"],
        "Neuroglancer._load_demo": ["self", "event=None"],
        "NeuroglancerError": ["self", "what", "expected", "fix"],
        "invalidate": ["volume", "region=None"],
        "parse_url": ["url", "base=None"],
        "read_file": ["path", "progress=None"],
        "save": ["obj", "file", "title='Neuroglancer'", "*", "bake_limit=64000000", "**options"],
        "site_url": ["path"],
        "to_url": ["state", "site='https://neuroglancer-demo.appspot.com/'"],
    }


def _names(call):
    signature = inspect.signature(call)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return text[1:-1].split(", ")


def test_the_parameters_and_their_defaults_are_these():
    own = {
        name: p
        for name, p in Neuroglancer.param.objects("existing").items()
        if p.owner is Neuroglancer and name != "name"
    }
    assert {name: p.default for name, p in own.items()} == {
        "state": {},
        "url": "",
        "position": None,
        "cross_section_scale": None,
        "projection_scale": None,
        "projection_orientation": None,
        "layout": None,
        "selected_segments": {},
        "ready": False,
        "hover": {"position": None, "values": {}},
        "errors": [],
        "ui": "full",
        "show_state": False,
        "resident_limit": None,
        "height": 600,
        "sizing_mode": "stretch_width",
    }
    assert [name for name, p in own.items() if p.constant] == ["ready", "hover", "errors", "resident_limit"]


def test_the_attributes_are_these():
    viewer = Neuroglancer()
    for name in ("url_input", "load_button", "demo_button", "json_pane", "shareable_url_pane"):
        assert getattr(viewer, name) is not None


def test_the_errors_are_value_errors_of_one_family():
    assert issubclass(png.StateError, png.NeuroglancerError)
    assert issubclass(png.UrlError, png.NeuroglancerError)
    assert issubclass(png.BakeLimitError, png.NeuroglancerError)
    assert issubclass(png.NeuroglancerError, ValueError)
