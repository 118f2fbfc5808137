"""A page in a frame of Panel's: each line that the visitor writes is made safe before it is shown."""

import panel as pn

SAFE = "<b>bold</b><img src='data:,' onerror='window.attacked = true'><script>window.attacked = true</script>"


def lines(text):
    return pn.Column(
        *(pn.pane.HTML(line, sanitize_html=True) for line in text.splitlines()), css_classes=["safe"]
    )


def show(template):
    pn.extension()
    text = pn.widgets.TextAreaInput(name="Text", value=SAFE, max_length=20000)
    template.main.append(pn.FlexBox(text, pn.bind(lines, text)))
    template.sidebar.append("# Side")
    template.servable()
