// Numbers that look like chance and are the same every time.

/** A number in 0..1 that depends on its arguments alone. */
export function chance(...of) {
  let hash = 0x811c9dc5;
  for (const character of of.join(':')) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  hash = Math.imul(hash, 0x297a2d39);
  hash ^= hash >>> 15;
  return (hash >>> 0) / 2 ** 32;
}

export const pick = (list, ...of) => list[Math.floor(chance(...of) * list.length)];

export const whole = (most, ...of) => Math.floor(chance(...of) * most);
