/** How a judgement is put. */
import type { Answer, Finding } from "../schema";

const finding =
  (severity: Finding["severity"]) =>
  (about: string, message: string, next: string | null = null): Finding => ({
    severity,
    about,
    message,
    next,
  });

/** Somebody has to do something. */
export const attention = finding("attention");
/** It may be well or not. */
export const unknown = finding("unknown");
/** Good to know. */
export const note = finding("note");

/** What follows from an answer. Without one, that is the finding. */
export const known = <T>(
  answer: Answer<T>,
  [about, what, next = null]: readonly [about: string, what: string, next?: string | null],
  judge: (value: T) => Finding[],
): Finding[] =>
  "value" in answer ? judge(answer.value) : [unknown(about, `${what} is unknown: ${answer.unknown}`, next)];

/** A page of docs/operations.md. */
export const page = (anchor: string) => `docs/operations.md#${anchor}`;

/** A machine's name at the beginning of a sentence. */
export const titled = (name: string) => (name === "main" ? "Main" : name);
