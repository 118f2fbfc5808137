// What both clients share: results in a form that crosses into Python.
const { client } = window;
const base64 = async (blob) => (await new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result);
  reader.readAsDataURL(blob);
})).split(",")[1];

client.showWithin = (milliseconds, state) => Promise.race([
  client.show(state),
  new Promise((_, reject) => setTimeout(() => reject(new Error(`not ready after ${milliseconds} ms`)), milliseconds)),
]);
client.picture = async () => {
  const png = await base64(await client.screenshot());
  const [panel] = client.viewer.display.panels;
  const { renderViewport: { width, height }, canvasRelativeClippedLeft: left, canvasRelativeClippedTop: top } = panel;
  return { png, left, top, width, height };
};
client.voxels = async (layer, box) => {
  const { dtype, shape, data } = await client.readVoxels(layer, box);
  return { dtype, shape, data: await base64(new Blob([data])) };
};
