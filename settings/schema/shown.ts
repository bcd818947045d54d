/** What a message may repeat from the stack file: messages end up in the logs of CI. */

const LONGEST = 60;

/** A PEM block, or unbroken letters and digits as long as a token: AWS' key ids have 20. */
const LOOKS_SECRET = /-----BEGIN|(?=[A-Za-z+/]*\d)(?=[\d+/]*[A-Za-z])[A-Za-z\d+/]{20,}/;

const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** A value as the object of "is": short strings unchanged, lists and maps by their type. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  if (typeof value !== "string") return String(value);
  return LOOKS_SECRET.test(value)
    ? `a string of ${value.length} characters that looks like a secret`
    : JSON.stringify(cut(value));
}

/** A name that the stack file made up, cut at an `=` or a line break. */
export function shownName(name: string): string {
  const [plain = ""] = name.split(/[^\w.:/-]/);
  const short = LOOKS_SECRET.test(plain) ? plain.slice(0, 4) : plain.slice(0, LONGEST);
  return short === name ? name : `${short}…`;
}
