// A ZIP archive of a few text files, stored as they are.

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1;
  return value;
});

function crc(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = (value >>> 8) ^ (CRC[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffff_ffff) >>> 0;
}

/** Fields of 2 or 4 bytes, the lowest byte first. */
function fields(...values: [size: 2 | 4, value: number][]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [size]) => sum + size, 0)));
  let place = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += size;
  }
  return new Uint8Array(view.buffer);
}

const UTF8_NAMES = 0x0800;

export function zipped(files: { name: string; text: string }[], now: Date): Blob {
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const day = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const encoder = new TextEncoder();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const index: Uint8Array<ArrayBuffer>[] = [];
  let place = 0;
  let indexed = 0;
  for (const file of files) {
    const [name, bytes] = [encoder.encode(file.name), encoder.encode(file.text)];
    const common: [2 | 4, number][] = [
      [2, 20],
      [2, UTF8_NAMES],
      [2, 0],
      [2, time],
      [2, day],
      [4, crc(bytes)],
      [4, bytes.length],
      [4, bytes.length],
      [2, name.length],
      [2, 0],
    ];
    const head = fields([4, 0x0403_4b50], ...common);
    const entry = fields([4, 0x0201_4b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, place]);
    parts.push(head, name, bytes);
    index.push(entry, name);
    place += head.length + name.length + bytes.length;
    indexed += entry.length + name.length;
  }
  const count = files.length;
  const end = fields([4, 0x0605_4b50], [2, 0], [2, 0], [2, count], [2, count], [4, indexed], [4, place], [2, 0]);
  return new Blob([...parts, ...index, end], { type: 'application/zip' });
}
