"""Whatever text goes into an element stays text."""

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.wording import visible
from exporter.web.html import element, html


def test_a_text_is_escaped_and_an_element_is_not_escaped_twice() -> None:
    inner = element("b", "<i> & 'x'")
    assert inner == "<b>&lt;i&gt; &amp; 'x'</b>"
    assert element("p", inner, ["<", None, [inner]]) == f"<p>{inner}&lt;{inner}</p>"
    assert html("<", inner) == f"&lt;{inner}"


def test_attributes_are_quoted_or_left_out() -> None:
    made = element("a", "x", href='?a="&b', class_="c", aria_label="d", hidden=True, title=None, id=False)
    assert made == '<a href="?a=&quot;&amp;b" class="c" aria-label="d" hidden>x</a>'


def test_elements_without_content_are_not_closed() -> None:
    assert element("br") == "<br>"
    assert element("svg", element("rect", width="5")) == '<svg><rect width="5"/></svg>'


def test_what_a_browser_or_reader_would_obey_is_made_visible() -> None:
    assert element("p", "a\x1b[2J\u202eb") == r"<p>a\u001b[2J\u202eb</p>"


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), value=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_and_attribute_reads_back(text: str, value: str) -> None:
    seen = _Seen()
    seen.feed(element("p", text, title=value))
    seen.close()
    assert seen.tags == [("p", [("title", visible(value))])]
    assert seen.text == visible(text)
