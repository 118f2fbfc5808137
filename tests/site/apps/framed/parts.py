"""A page in a frame of Panel's: what the visitor writes is made safe before it is shown."""

import panel as pn

SAFE = "<b>bold</b><img src='data:,' onerror='window.attacked = true'><script>window.attacked = true</script>"


def show(template):
    pn.extension()
    text = pn.widgets.TextInput(name="Text", value=SAFE)
    safe = pn.pane.HTML(text, sanitize_html=True, css_classes=["safe"])
    template.main.append(pn.FlexBox(text, safe, pn.pane.Markdown("*em*")))
    template.sidebar.append("# Side")
    template.servable()
