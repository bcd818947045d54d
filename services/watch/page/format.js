// Values and times in words: the same on a curve's axis, in its legend and in a sentence.

export const SI = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return `${short(value / 1e6)} M`;
  if (size >= 1e4) return `${short(value / 1e3)} k`;
  return short(value);
};
export const short = (value) => {
  const size = Math.abs(value);
  if (size > 0 && size < 0.01) return "< 0.01";
  return size === 0 || size >= 100
    ? String(Math.round(value))
    : String(Number(value.toPrecision(size >= 10 ? 3 : 2)));
};

const UNITS_OF_TIME = [
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];
export function duration(seconds) {
  const [unit, size] = UNITS_OF_TIME.find(
    ([unit, length]) => seconds >= (unit === "d" ? 2 * length : length),
  ) ?? ["s", 1];
  const count = seconds / size;
  return `${count < 10 && unit !== "d" ? short(count) : Math.round(count)} ${unit}`;
}

export const FORMATS = {
  count: SI,
  seconds: duration,
  perSecond: (value) => `${SI(value)}/s`,
  bytes: (value) => {
    const power = Math.min(3, Math.floor(Math.log2(Math.max(value, 1)) / 10));
    return `${short(value / 1024 ** power)} ${["B", "KiB", "MiB", "GiB"][power]}`;
  },
  share: (value) => `${short(100 * value)} %`,
};

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const clock = (seconds) => TIME.format(new Date(seconds * 1000));
