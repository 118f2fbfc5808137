// When a page shows voxels, and when Python has counted the brain's: for the page that is measured, before its own scripts.

// After each animation frame, while the drawing is still there, a grid of pixels is read: thin axis lines alone are not voxels.
{
  const { getContext } = HTMLCanvasElement.prototype;
  let gl;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (kind === "webgl2" && context) gl = context;
    return context;
  };
  const later = window.requestAnimationFrame.bind(window);
  const row = (y) => {
    const pixels = new Uint8Array(4 * gl.drawingBufferWidth);
    gl.readPixels(0, y, gl.drawingBufferWidth, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let lit = 0;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] + pixels[i + 1] + pixels[i + 2] > 60) lit += 1;
    return lit / gl.drawingBufferWidth;
  };
  window.firstVoxel = new Promise((resolve) => {
    let seen = false;
    window.requestAnimationFrame = (callback) =>
      later((now) => {
        callback(now);
        // A viewer may begin out of sight.
        if (seen || !gl?.canvas.checkVisibility({ checkOpacity: true }) || gl.drawingBufferHeight < 50) return;
        const bound = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING);
        gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
        seen = row(Math.floor(0.7 * gl.drawingBufferHeight)) > 0.1;
        gl.bindFramebuffer(gl.READ_FRAMEBUFFER, bound);
        if (seen) resolve(performance.now());
      });
  });
}

// Python reads both volumes and tells the page what it has counted: then it is alive for whoever looks at the page.
window.alive = new Promise((resolve) => {
  const counted = ({ data }) => data?.intensity && data["1"]?.some((count) => count > 0);
  const timer = setInterval(() => {
    const models = (window.Bokeh?.documents ?? []).flatMap((doc) => [...doc._all_models.values()]);
    if (!models.some((model) => model.type === "ColumnDataSource" && counted(model))) return;
    clearInterval(timer);
    resolve(performance.now());
  }, 20);
});
