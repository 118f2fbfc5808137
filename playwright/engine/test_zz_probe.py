import sys
def test_p(lab, known):
    view = lab.open()
    a, b = view.screen(), view.picture()
    d = (a!=b).any(-1)
    import numpy as np
    ys,xs=np.nonzero(d)
    print("DIFF", d.sum(), a.shape, b.shape, xs.min(),xs.max(),ys.min(),ys.max(), np.abs(a.astype(int)-b).max())
    from PIL import Image
    Image.fromarray(a).save('/tmp/ie_a.png'); Image.fromarray(b).save('/tmp/ie_b.png')
