// Numbers and lists as one reads them.

const grouped = new Intl.NumberFormat('en-GB');

/** 12842 as "12 842", with a narrow space that does not break. */
export const number = (value: number): string => grouped.format(value).replaceAll(',', '\u202f');

export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** The word alone: "route" for one, else "routes". */
export const unit = (value: number, one: string, many = `${one}s`): string => (value === 1 ? one : many);

/** "1 person", "241 people". */
export const people = (value: number): string => count(value, 'person', 'people');

/** "a, b and c". */
export function listed(words: string[], last = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** A list cut to its first few: "ana, bo and 12 more". */
export function some(words: string[], most: number, total = words.length): string {
  const shown = words.slice(0, most);
  const more = total - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${number(more)} more` : listed(shown);
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let left = value;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? left : left.toPrecision(3)} ${units[unit]}`;
}

export const epochWords = (epoch: { incarnation: number; number: number }): string =>
  epoch.incarnation > 1 ? `${epoch.incarnation}.${epoch.number}` : String(epoch.number);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
