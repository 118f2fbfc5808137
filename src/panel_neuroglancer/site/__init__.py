"""Static sites: turn Panel apps into folders that any web server can serve, Python included.

Nothing here runs in the browser and nothing outside this package and ``cli.py`` may import it: it needs a full
CPython with network access (once; later from the cache), pip, Node and npm.

=========  =================================================================================================
errors     what can go wrong, each with the way out
progress   one line per step on the terminal
fetch      npm, pip and HTTPS
runtime    Pyodide's own files and the wheels of its distribution, each checked against the official hashes
wheels     wheels as data: from a file, from an installed distribution, slimmed
nh3_wheel  a stand-in for nh3, made of sanitizer
sanitizer  HTML made safe in pure Python
resolve    which packages an app needs in the browser
compiler   Python source to bytecode, by the very Python that will run it
lock       pyodide-lock.json, free of cycles
install    runtime and packages into a site
render     an app's page, drawn by Panel in a process of its own
pages      that page with the markup that starts Python
assets     the JavaScript, CSS and engine files a page names
pwa/       a site that can be installed and works offline
pyscript   PyScript's core
options    what may be chosen, and an app on its way
local      a site that holds everything
cdn        a small site that loads Python and Panel from the network
convert    all of the above, in order, into one folder that replaces the old one at the end
wheelhouse the wheels alone, for pages made in other ways
serve      a small server to look at the result
page/      the scripts of the page itself, and Python's end of the link
=========  =================================================================================================
"""
