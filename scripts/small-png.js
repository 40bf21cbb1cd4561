// Makes a picture of few colours of a screenshot: it is a third as large, and what is lost are shades at the edges of
// letters.
import { deflateSync } from 'node:zlib';

const MOST_COLOURS = 256;

/**
 * @param page of a browser, which takes the picture apart
 * @param png the screenshot
 */
export async function smallPng(page, png) {
  const { width, height, palette, indices } = await page.evaluate(reduce, {
    url: `data:image/png;base64,${png.toString('base64')}`,
    most: MOST_COLOURS,
  });
  const pixels = Buffer.from(indices, 'base64');
  const rows = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row++)
    pixels.copy(rows, row * (width + 1) + 1, row * width, (row + 1) * width);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each pixel, which name a colour of the palette.
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette)),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Runs in the page: the most frequent colours stay, and each of the others becomes the nearest of them. */
async function reduce({ url, most }) {
  const image = await createImageBitmap(await (await fetch(url)).blob());
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const colours = new Uint32Array(width * height);
  const counts = new Map();
  for (let at = 0; at < colours.length; at++) {
    const colour = (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2];
    colours[at] = colour;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const kept = [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([colour]) => colour);
  const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const distance = (one, other) =>
    parts(one).reduce((sum, part, at) => sum + (part - parts(other)[at]) ** 2, 0);
  const places = new Map(kept.map((colour, place) => [colour, place]));
  for (const colour of counts.keys()) {
    if (places.has(colour)) continue;
    let nearest = 0;
    for (let place = 1; place < kept.length; place++)
      if (distance(colour, kept[place]) < distance(colour, kept[nearest])) nearest = place;
    places.set(colour, nearest);
  }
  let indices = '';
  for (const colour of colours) indices += String.fromCharCode(places.get(colour));
  return { width, height, palette: kept.flatMap(parts), indices: btoa(indices) };
}

function chunk(name, content) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(content.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
