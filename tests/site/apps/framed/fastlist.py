import panel as pn
from parts import show

show(pn.template.FastListTemplate(title="FastList"))
