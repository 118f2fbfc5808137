import panel as pn
from parts import show

show(pn.template.BootstrapTemplate(title="Bootstrap"))
