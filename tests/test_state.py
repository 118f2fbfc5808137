import json
import math

import pytest

from panel_neuroglancer import StateError, UrlError
from panel_neuroglancer.checks import as_state
from panel_neuroglancer.demo import KASTHURI2011_URL
from panel_neuroglancer.state import parse_url, read, site_of, to_url, write

neuroglancer = pytest.importorskip("neuroglancer", reason="the official package is the reference")
url_state = pytest.importorskip("neuroglancer.url_state")

LAYERS = [
    {"type": "image", "source": "zarr://https://h/em", "name": "em"},
    {"type": "segmentation", "source": "precomputed://gs://b/s", "name": "seg", "segments": ["1", "!2", "3"]},
    {"type": "segmentation", "source": "precomputed://gs://b/t", "name": "empty"},
]


# Links


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"layout": "4panel", "position": [1.5, 2, 3]},
        {"layers": LAYERS, "title": 'it\'s a "quoted" title, with_under&score'},
        {"title": "脳 100% #1 \\ '_,", "layers": []},
        {
            "layers": [
                {
                    "name": "s",
                    "shader": "void main() {\n  emitRGB(vec3(1.0));\n}\n",
                    "segments": ["18446744073709551615"],
                }
            ]
        },
    ],
)
def test_a_link_carries_its_state_and_the_official_parser_agrees(state):
    url = to_url(state, "https://example.org/ng/")
    assert parse_url(url) == state
    assert json.loads(url_state.url_fragment_to_json(url.partition("#")[2])) == state


@pytest.mark.parametrize(
    "fragment",
    [
        "{'layout':'3d'_'position':[1_2_3]}",
        "{'title':'its'_'a':{'b_c':'d,e_f'}}",
        "{'title':'say \"hi\"'}",
        '{"title":"it\'s_ok","x":1}',
        "{'a':1&'b':2}",
        "%7B'a':'%E8%84%B3'_'b':null%7D",
        "{'s':'back\\\\slash\\n'_'t':''}",
    ],
)
def test_url_safe_json_means_what_it_means_officially(fragment):
    expected = json.loads(url_state.url_fragment_to_json("!" + fragment))
    assert parse_url("https://any.host/#!" + fragment) == expected


def test_an_escaped_apostrophe_is_read_as_the_viewer_reads_it():
    # The official Python parser fails on this one.
    assert parse_url("https://any.host/#!{'title':'it\\'s_\"ok\"'_'x':1}") == {"title": 'it\'s_"ok"', "x": 1}


def test_links_written_by_the_official_package_are_read():
    state = neuroglancer.ViewerState({"layers": LAYERS, "position": [1, 2, 3], "layout": "xy-3d"})
    assert parse_url(neuroglancer.to_url(state)) == as_state(state)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h.org/#!gs://bucket/state.json", {"#url": "gs://bucket/state.json"}),
        ("https://h.org/v/#!https://x.org/s.json?a=1#b", {"#url": "https://x.org/s.json?a=1#b"}),
        ("https://h.org/#!middleauth+https://x.org/s/1", {"#url": "middleauth+https://x.org/s/1"}),
        ("https://h.org/data/state.json", {"#url": "https://h.org/data/state.json"}),
        ("  {'layout': '3d'}\n", {"layout": "3d"}),
        ("https://h.org/#!", {}),
    ],
)
def test_other_forms_of_links(url, expected):
    assert parse_url(url) == expected


def test_a_link_to_a_state_file_is_written_as_one():
    assert to_url({"#url": "gs://b/s.json"}, "https://h/") == "https://h/#!gs://b/s.json"


def test_a_plus_link_adds_to_the_base():
    assert parse_url("https://h/#!+{'layout':'3d'}", {"layout": "xy", "layers": []}) == {
        "layout": "3d",
        "layers": [],
    }


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("precomputed://gs://bucket/em/image", "image"),
        ("zarr://https://h.org/a/data.zarr/", "data.zarr"),
        ("gs://bucket/data.zarr/|zarr3:", "data.zarr"),
        ("https://h.org/data.ome.zarr", "data.ome.zarr"),
        ("nifti://https://h.org/my%20brain.nii.gz", "my brain.nii.gz"),
    ],
)
def test_a_data_source_becomes_one_layer_of_automatic_type(source, name):
    assert parse_url(source) == {"layers": [{"type": "auto", "source": source, "name": name}]}


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("", "link is ''"),
        ("   ", "Expected a Neuroglancer link"),
        (None, "link is None"),
        ("just words", "not a link"),
        ("https://neuroglancer-demo.appspot.com", "holds no viewer state"),
        ("https://neuroglancer-demo.appspot.com/#", "holds no viewer state"),
        ("https://h.org/page#section", "holds no viewer state"),
        ("https://h.org/#!{'layers':[", "not valid JSON"),
        ("https://h.org/#!{'x':NaN}", "NaN"),
        ("https://h.org/#![1_2]", "is a list"),
        ("https://h.org/#!hello", "not valid JSON"),
    ],
)
def test_what_is_no_link_is_refused_with_the_fix(url, what):
    with pytest.raises(UrlError, match="(?s)" + what.replace("'", ".")) as caught:
        parse_url(url)
    assert caught.value.fix
    assert caught.value.to_json()["kind"] == "bad-url"


def test_the_site_of_a_link_is_kept():
    assert site_of("https://spelunker.example/x/?a=1#!{}") == "https://spelunker.example/x/?a=1"
    assert site_of("gs://bucket/data") == site_of("#!{}") == "https://neuroglancer-demo.appspot.com/"


def test_the_online_demo_is_a_valid_link():
    state = neuroglancer.parse_url(KASTHURI2011_URL)
    assert [layer.name for layer in state.layers] == ["original-image", "corrected-image", "ground_truth"]


# Checks


def test_a_state_becomes_plain_json():
    np = pytest.importorskip("numpy")
    state = as_state(
        {
            "position": np.array([1.5, 2.5, 3.5], np.float32),
            "layers": ({"segments": {np.uint64(2**63)}, "opacity": np.float64(0.5)},),
            "n": 2**60,
            "small": 2**53 - 1,
            "as_javascript_prints_it": 18446744073709552000,
            "flag": True,
            "none": None,
        }
    )
    assert state == {
        "position": [1.5, 2.5, 3.5],
        "layers": [{"segments": [2**63 if str(2**63).endswith("000") else str(2**63)], "opacity": 0.5}],
        "n": str(2**60),
        "small": 2**53 - 1,
        "as_javascript_prints_it": 18446744073709552000,
        "flag": True,
        "none": None,
    }
    assert as_state(json.loads(json.dumps(state))) == state


def test_a_state_is_copied():
    given = {"layers": [{"name": "a"}]}
    state = as_state(given)
    given["layers"][0]["name"] = "b"
    assert state == {"layers": [{"name": "a"}]}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (5, "is a int"),
        ([1], "is a list"),
        ({1: 2}, "key in state is 1"),
        ({"layers": [{"opacity": math.nan}]}, r"layers\[0\].opacity is nan"),
        ({"a": {"b": object()}}, "a.b is a object"),
    ],
)
def test_what_is_no_json_is_refused(value, what):
    with pytest.raises(StateError, match=what):
        as_state(value)


# Parts


def test_parts_are_read_as_the_official_package_reads_them():
    state = {
        "position": [1.5, 2, 3],
        "crossSectionScale": 2,
        "projectionScale": 1024,
        "projectionOrientation": [0, 0, 0, 1],
        "layout": {"type": "4panel", "orthographicProjection": True},
        "layers": LAYERS,
    }
    official = neuroglancer.ViewerState(state)
    parts = read(state)
    assert parts["position"] == list(official.position)
    assert parts["cross_section_scale"] == official.cross_section_scale
    assert parts["projection_scale"] == official.projection_scale
    assert parts["projection_orientation"] == list(official.projection_orientation)
    assert parts["layout"] == state["layout"]
    assert parts["layout"]["type"] == official.layout.type
    assert parts["selected_segments"] == {"seg": [1, 3], "empty": []}
    assert parts["selected_segments"]["seg"] == list(official.layers["seg"].segments)


def test_an_empty_state_has_no_parts():
    assert read({}) == {
        "position": None,
        "cross_section_scale": None,
        "projection_scale": None,
        "projection_orientation": None,
        "layout": None,
        "selected_segments": {},
    }


def test_write_is_the_inverse_of_read_and_leaves_the_rest_alone():
    state = {"layers": LAYERS, "layout": "3d", "position": [1, 2, 3], "showAxisLines": False}
    assert write(state, read(state)) == state
    before = json.dumps(state)
    changed = write(state, {"layout": "xy", "position": None, "cross_section_scale": 3})
    assert changed == {"layers": LAYERS, "layout": "xy", "crossSectionScale": 3.0, "showAxisLines": False}
    assert json.dumps(state) == before


def test_segments_change_only_where_named_and_hidden_ones_stay_starred():
    state = write({"layers": LAYERS}, {"selected_segments": {"seg": [3, 2**63, 5]}})
    assert state["layers"][1]["segments"] == ["!2", "3", str(2**63), "5"]
    assert state["layers"][0] == LAYERS[0]
    assert state["layers"][2] == LAYERS[2]
    assert neuroglancer.ViewerState(state).layers["seg"].segments == {3, 2**63, 5}


def test_a_hidden_segment_can_be_shown():
    state = write({"layers": LAYERS}, {"selected_segments": {"seg": [2]}})
    assert state["layers"][1]["segments"] == ["2"]


@pytest.mark.parametrize(
    ("part", "value", "what"),
    [
        ("position", "123", "position is"),
        ("position", [1, None], "Expected finite numbers"),
        ("position", [1, math.inf], "Expected finite numbers"),
        ("position", 5, "Expected finite numbers"),
        ("projection_orientation", [0, 0, 1], "Expected 4 finite numbers"),
        ("cross_section_scale", 0, "above 0"),
        ("cross_section_scale", "x", "above 0"),
        ("projection_scale", -1, "above 0"),
        ("projection_scale", math.nan, "above 0"),
        ("layout", "5panel", "Expected one of xy, yz"),
        ("layout", {"cols": 2}, "'type'"),
        ("selected_segments", {"seg": [-1]}, "no segment number"),
        ("selected_segments", {"seg": [1.5]}, "no segment number"),
        ("selected_segments", {"seg": [True]}, "no segment number"),
        ("selected_segments", {"seg": [2**64]}, "no segment number"),
        ("selected_segments", {"seg": 5}, "dict of layer name"),
        ("selected_segments", [1, 2], "dict of layer name"),
        ("selected_segments", {"sge": [1]}, r"names the layer 'sge'.*\['seg', 'empty'\]"),
        ("selected_segments", {"em": [1]}, "names the layer 'em'"),
    ],
)
def test_bad_parts_are_refused_with_what_was_expected(part, value, what):
    with pytest.raises(StateError, match=what):
        write({"layers": LAYERS}, {part: value})


@pytest.mark.parametrize("layers", ["x", [1], [{"type": "image"}]])
def test_malformed_layers_are_refused(layers):
    with pytest.raises(StateError, match="layers"):
        read({"layers": layers})


def test_layers_by_name_are_understood():
    assert read({"layers": {"s": {"type": "segmentation", "segments": ["4"]}}})["selected_segments"] == {
        "s": [4]
    }
