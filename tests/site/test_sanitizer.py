"""The stand-in for nh3 against nh3 itself."""

from __future__ import annotations

import random
from importlib import metadata
from pathlib import Path
from typing import Any

import nh3
import pytest
from justhtml import JustHTML

from panel_neuroglancer.site import nh3_wheel, sanitizer

ATTACKS = (Path(__file__).parent / "xss.txt").read_text(encoding="utf8").splitlines()
ORDINARY = [
    "<p>Some <b>bold</b>, <i>italic</i> and <code>code</code>",
    "<h1>Title</h1><ul><li>one<li>two</ul><ol start=3><li>three</ol>",
    "<table><caption>c</caption><tr><th scope=col colspan=2>a<td headers=x>b</table>",
    '<a href="https://example.org/?a=1&b=2#c" title="t" hreflang=en>link</a> <a href=page.html>there</a>',
    '<a href="mailto:a@example.org">mail</a> <a href=#top>top</a>',
    '<img src="images/x.png" alt="a &lt; b" width=3 height=4><br><hr>',
    "a < b & c > d \"quoted\" 'so' é \xa0 😀 &copy; &nbsp;",
    '<div class="pn" id=x style="color:red" data-x=1 lang=de>text</div>',
    "<details><summary>more</summary><p>text</p></details><!-- remark -->",
    "<ruby>漢<rp>(</rp><rt>kan</rt></ruby><wbr><mark>x</mark><time datetime=2026>y</time>",
    "<blockquote><p>x</p></blockquote><pre>\n  two\n  lines</pre>",
    "<unknown>kept</unknown><center>c</center><font color=red>f</font>",
]
# Pieces which parsers are confused with, put together at random.
OPEN = """svg math mtext mglyph malignmark foreignObject desc table tr td style script title textarea noscript template select
    option p b i form xmp plaintext br h1 li ul nobr html head frameset button a"""
CLOSE = "svg math table style script title textarea noscript template select p b form xmp br h1 div"
PIECES = [
    *(f"<{name}>" for name in OPEN.split()),
    *(f"</{name}>" for name in CLOSE.split()),
    *("<!--", "-->", "<!-->", "<![CDATA[", "]]>", "text", "&amp;lt;", "\0", "'>", '">', "<img title='", '<a id="</style>'),
    *("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;", "<a href='java\tscript:x'>", "<div lang=x class=y>",
      "<annotation-xml encoding='text/html'>", "<iframe srcdoc='", "<ruby><rt>", "<details open ontoggle=x>"),
]  # fmt: skip


def tree(html: str) -> str:
    """The same text for what a browser reads as the same."""
    return JustHTML(html, fragment=True, sanitize=False).to_html(pretty=False)


def test_the_lists_are_those_of_nh3() -> None:
    for name in ("ALLOWED_TAGS", "ALLOWED_ATTRIBUTES", "ALLOWED_URL_SCHEMES", "CLEAN_CONTENT_TAGS"):
        assert getattr(sanitizer, name) == getattr(nh3, name)
    assert nh3_wheel.VERSION.partition("+")[0] == sanitizer.__version__ == metadata.version("nh3")
    assert metadata.version("justhtml") == nh3_wheel.JUSTHTML


@pytest.mark.parametrize("html", ORDINARY)
def test_ordinary_markup_comes_out_as_from_nh3(html: str) -> None:
    assert sanitizer.clean(html) == nh3.clean(html)


@pytest.mark.parametrize("html", ATTACKS)
def test_nh3_finds_nothing_left_of_an_attack(html: str) -> None:
    left = sanitizer.clean(html)
    assert tree(nh3.clean(left)) == tree(left)
    assert_harmless(left)


def test_nor_of_what_parsers_are_confused_with() -> None:
    chance = random.Random(1)
    for _ in range(1500):
        html = "".join(chance.choices(PIECES, k=chance.randint(1, 12)))
        left = sanitizer.clean(html)
        assert tree(nh3.clean(left)) == tree(left), html


def assert_harmless(html: str) -> None:
    nodes = [JustHTML(html, fragment=True, sanitize=False).root]
    while nodes:
        node: Any = nodes.pop()
        nodes += node.children or ()
        if node.name.startswith("#"):
            continue
        assert node.namespace == "html"
        assert node.name in nh3.ALLOWED_TAGS
        names = (
            nh3.ALLOWED_ATTRIBUTES.get(node.name, set())
            | {"lang", "title"}
            | ({"rel"} if node.name == "a" else set())
        )
        assert set(node.attrs) <= names
        for name in ("href", "src"):
            scheme, colon, _ = (node.attrs.get(name) or "").partition(":")
            assert not colon or scheme.lower() in nh3.ALLOWED_URL_SCHEMES


@pytest.mark.parametrize(
    "options",
    [
        {"tags": {"b"}},
        {"tags": set()},
        {"tags": {"p", "style"}, "clean_content_tags": {"script"}},
        {"clean_content_tags": {"script", "style", "p"}, "tags": {"b"}},
        {"attributes": {"a": {"href", "id"}}},
        {"attributes": {"*": {"class"}, "p": {"id"}}},
        {"attributes": {"a": {"href", "rel"}}, "link_rel": None},
        {"link_rel": "nofollow"},
        {"url_schemes": {"mailto"}},
        {"strip_comments": False},
    ],
)
def test_arguments_mean_what_they_mean_to_nh3(options: dict[str, Any]) -> None:
    html = (
        "<p id=i class=c title=t>x <b>b</b><!-- c --><script>s</script><a id=j class=d href='https://h/' rel=me>l</a>"
        "<a href='mailto:a@b'>m</a></p>"
    )
    assert sanitizer.clean(html, **options) == nh3.clean(html, **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"attribute_filter": lambda tag, name, value: value}, NotImplementedError),
        ({"allowed_classes": {"p": {"x"}}}, NotImplementedError),
        ({"url_relative": "deny"}, NotImplementedError),
        ({"attributes": {"a": {"rel"}}}, ValueError),
        ({"tags": {"script"}}, ValueError),
        ({"attributes": {"p": {"style"}}}, ValueError),
    ],
)
def test_what_it_cannot_honour_it_refuses(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        sanitizer.clean("<p>", **options)


def test_the_wheel_needs_what_it_was_compared_with() -> None:
    wheel = nh3_wheel.make()
    assert [str(need) for need in wheel.requires] == [f"justhtml=={nh3_wheel.JUSTHTML}"]
    assert wheel.imports == ["nh3"]
    assert wheel.files["nh3/__init__.py"] == Path(sanitizer.__file__).read_bytes()
