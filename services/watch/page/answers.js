// Prometheus' answers, by curve.
const keyOf = (labels, metric) => labels.map((label) => metric[label] ?? "").join(" ");
// Infinite is as unknown as nothing.
const numberOf = (text) => (Number.isFinite(Number(text)) ? Number(text) : null);

export async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(20000) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// By curve and group: the values of the day, by time.
export function daysOf({ data: { result } }) {
  const days = new Map();
  for (const { metric, values } of result)
    days.set(
      `${metric.curve} ${keyOf(labelsOf(metric.curve), metric)}`,
      new Map(values.map(([time, text]) => [time, numberOf(text)])),
    );
  return days;
}

const labels = new Map(
  WATCH.sections.flatMap(({ panels }) =>
    panels.flatMap(({ name, labels, curves }) => curves.map((curve) => [`${name}.${curve.name}`, labels])),
  ),
);
const labelsOf = (curve) => labels.get(curve) ?? [];

export class Now {
  constructor({ data: { result } }) {
    this.time = result[0]?.value[0];
    this.samples = result.map(({ metric, value }) => ({ metric, value: numberOf(value[1]) }));
  }
  all(name) {
    return this.samples.filter(({ metric }) => metric.curve === name);
  }
  one(name, wanted = {}) {
    return (
      this.all(name).find(({ metric }) =>
        Object.entries(wanted).every(([label, value]) => metric[label] === value),
      )?.value ?? undefined
    );
  }
  curve(name, group) {
    return this.all(name).find(({ metric }) => keyOf(labelsOf(name), metric) === group)?.value ?? null;
  }
}
