/** What a preview would do, from the engine's events. */
import type { EngineEvent, OpType } from "@pulumi/pulumi/automation";

/** Ordered by how much there is to lose. */
const VERBS = {
  delete: "deleted",
  replace: "replaced",
  update: "changed",
  import: "imported",
  create: "created",
} as const;
export type Op = keyof typeof VERBS;
export const OPS = Object.keys(VERBS) as Op[];
export const verb = (op: Op) => VERBS[op];

/** Operations that change nothing by themselves: reads, and the parts of a replacement. An operation in neither list stops the preview. */
const QUIET: Record<Exclude<OpType, Op>, true> = {
  same: true,
  read: true,
  refresh: true,
  "create-replacement": true,
  "delete-replaced": true,
  "import-replacement": true,
  "read-replacement": true,
  discard: true,
  "discard-replaced": true,
  "remove-pending-replace": true,
};

export interface Change {
  op: Op;
  /** `Droplet`. */
  type: string;
  name: string;
  /** The properties that differ; for a replacement, those that cause it, if the engine names them. */
  because: string[];
}

export interface Preview {
  changes: Change[];
  unchanged: number;
  /** Broken rules of the policy pack, and errors. */
  problems: string[];
  warnings: string[];
  /** What the program itself says of the run: an upgrade, step by step. */
  notes: string[];
}

/** @throws Error on an operation of the engine that is not known here: a comment must not leave it out */
export function previewOf(events: readonly EngineEvent[]): Preview {
  const preview: Preview = { changes: [], unchanged: 0, problems: [], warnings: [], notes: [] };
  for (const { resourcePreEvent, diagnosticEvent, policyEvent } of events) {
    if (resourcePreEvent) {
      const { op, urn, type, diffs, keys } = resourcePreEvent.metadata as Metadata;
      // Components and providers cost nothing and hold nothing.
      if (type.startsWith("mastodon-hosting:") || type.startsWith("pulumi:")) continue;
      if (op === "same") preview.unchanged++;
      if (Object.hasOwn(QUIET, op)) continue;
      if (!isOp(op))
        throw new Error(`The engine would "${op}" ${nameOf(urn)}, which github/changes.ts does not know`);
      const because = [...new Set([...(keys ?? []), ...(diffs ?? [])])];
      preview.changes.push({ op, type: type.split(":").at(-1) ?? type, name: nameOf(urn), because });
    } else if (policyEvent) {
      const { resourceUrn = "", policyName, enforcementLevel, message } = policyEvent;
      const said = plain(message).split("\n").at(-1)?.trim();
      const list = enforcementLevel === "mandatory" ? preview.problems : preview.warnings;
      // An advice without text is one that cannot be judged in a preview yet.
      if (said) list.push(`${policyName}, ${nameOf(resourceUrn)}: ${said}`);
    } else if (diagnosticEvent) {
      const { severity, message, urn = "" } = diagnosticEvent;
      const said = plain(message).replace(/^(error|warning|info): /, "");
      if (severity === "error") preview.problems.push(said);
      if (severity === "warning") preview.warnings.push(said);
      // Of resources there are many, from providers too.
      if (severity === "info" && (urn === "" || urn.includes("::pulumi:pulumi:Stack::")))
        preview.notes.push(said);
    }
  }
  preview.changes.sort((a, b) => OPS.indexOf(a.op) - OPS.indexOf(b.op));
  return preview;
}

/** Every step of the engine that is not `same`, for comparing two previews; includes components and providers. */
export const stepsOf = (events: readonly EngineEvent[]): string[] =>
  events
    .flatMap(({ resourcePreEvent }) => {
      if (!resourcePreEvent) return [];
      const { op, urn, diffs, keys } = resourcePreEvent.metadata as Metadata;
      return op === "same" ? [] : [[op, urn, ...[...(keys ?? []), ...(diffs ?? [])].sort()].join(" ")];
    })
    .sort();

/** The event as the engine sends it; the Automation API's type lacks the fields that may be null. */
interface Metadata {
  op: string;
  urn: string;
  type: string;
  diffs?: string[] | null;
  keys?: string[] | null;
}

const isOp = (op: string): op is Op => Object.hasOwn(VERBS, op);
const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
/** Removes the marks that the CLI turns into colors. */
const plain = (text: string) => text.replaceAll(/<\{%.*?%\}>/g, "").trim();
