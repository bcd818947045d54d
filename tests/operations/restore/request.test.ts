/** What `npm run restore` asks main for, and what it refuses. */
import { type Options, request } from "../../../operations/restore/request";

const TIME = "2026-11-29 12:34:56+00";

test.each<[string | undefined, Options, string[]]>([
  [undefined, {}, ["status"]],
  [undefined, { time: "latest", to: "main" }, ["latest"]],
  [undefined, { time: TIME, to: "main", redis: true, yes: true }, ["time", TIME, "--redis", "--yes"]],
  [undefined, { time: "2026-11-29T12:34Z", to: "main" }, ["time", "2026-11-29T12:34Z"]],
  [undefined, { time: "latest", to: "main", "as-of": TIME, yes: true }, ["latest", "--as-of", TIME, "--yes"]],
  [undefined, { time: TIME, to: "copy" }, ["copy", TIME]],
  [undefined, { time: "latest", to: "copy", yes: true }, ["copy", "latest"]],
  [undefined, { federation: "export.sql.gz.gpg" }, ["federation", "-"]],
  [undefined, { federation: "export.sql.gz.gpg", yes: true }, ["federation", "-", "--yes"]],
  ["back", {}, ["back"]],
  ["back", { yes: true }, ["back", "--yes"]],
  ["confirm", { yes: true }, ["confirm"]],
])("%s %j becomes %j", (word, options, expected) => expect(request(word, options)).toEqual(expected));

test.each<[string | undefined, Options, string]>([
  [undefined, { time: "yesterday", to: "main" }, "--time is yesterday; write a time in UTC"],
  [
    undefined,
    { time: "2026-13-29 12:34:56+00", to: "main" },
    "--time is 2026-13-29 12:34:56+00; write a time in UTC",
  ],
  [undefined, { time: "2026-11-29 12:34:56", to: "main" }, "write a time in UTC"],
  [undefined, { time: "2026-11-29 12:34:56+01", to: "main" }, "write a time in UTC"],
  [undefined, { time: "latest; reboot", to: "main" }, "write a time in UTC"],
  [undefined, { time: "latest", to: "main", "as-of": "x" }, "--as-of is x; write a time in UTC"],
  [undefined, { time: "latest" }, "Say where to: --to main"],
  [undefined, { time: "latest", to: "there" }, "--to is there"],
  [undefined, { to: "main" }, "Say to which second: --time latest"],
  [undefined, { time: "latest", to: "copy", redis: true }, "--redis is for --to main"],
  [undefined, { yes: true }, "Say what to restore"],
  ["back", { time: TIME }, "back is about the last restore"],
  ["back", { federation: "x" }, "back is about the last restore"],
  [undefined, { federation: "x", time: TIME }, "--federation is a file with all that it restores"],
])("%s %j is refused: %s", (word, options, says) => expect(() => request(word, options)).toThrow(says));
