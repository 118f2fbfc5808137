// When a page shows voxels, and when Python has counted the brain's: for the page that is measured, before its own scripts.

// A row of pixels tells: thin axis lines alone are not voxels.
window.firstVoxel = new Promise((resolve) =>
  afterFrames((gl) => {
    // A viewer may begin out of sight.
    if (!gl.canvas.checkVisibility({ opacityProperty: true }) || gl.drawingBufferHeight < 50) return false;
    const pixels = new Uint8Array(4 * gl.drawingBufferWidth);
    gl.readPixels(0, Math.floor(0.7 * gl.drawingBufferHeight), gl.drawingBufferWidth, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    let lit = 0;
    for (let i = 0; i < pixels.length; i += 4) if (pixels[i] + pixels[i + 1] + pixels[i + 2] > 60) lit += 1;
    const seen = lit > 0.1 * gl.drawingBufferWidth;
    if (seen) resolve(performance.now());
    return seen;
  }),
);

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
