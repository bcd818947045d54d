/** What the look found, for a terminal. */
import { table } from "../../report/terminal";
import type { Facts } from "./facts";
import type { Finding } from "./finding";
import type { MovePlan, Range } from "./plan";

export interface Look {
  host: string;
  /** ISO 8601. */
  at: string;
  /** The stack's name; undefined if it was none. */
  stack: string | undefined;
  facts: Facts;
  findings: Finding[];
  plan: MovePlan;
}

const GIB = 2 ** 30;
export const bytes = (amount: number) =>
  amount >= GIB ? `${(amount / GIB).toFixed(1)} GiB` : `${Math.ceil(amount / 2 ** 20)} MiB`;
export const count = (amount: number) => amount.toLocaleString("en-US");
const minutes = (amount: number) => (amount < 10 ? amount.toFixed(1) : String(Math.round(amount)));
export const range = ({ from, to }: Range) =>
  minutes(from) === minutes(to) ? `${minutes(to)} min` : `${minutes(from)} to ${minutes(to)} min`;

const heading = (text: string) => ["", text, "─".repeat(text.length)];

export function lookText({ host, stack, facts, findings, plan }: Look): string {
  const refusals = findings.filter(({ level }) => level === "refusal");
  const warnings = findings.filter(({ level }) => level === "warning");
  return [
    `${host}: Mastodon ${facts.version || "of an unknown release"}${facts.values.LOCAL_DOMAIN ? `, ${facts.values.LOCAL_DOMAIN}` : ""}${stack ? `, to stack ${stack}` : ""}`,
    "Nothing was changed there.",
    ...heading("What is there"),
    ...table(thereIs(facts)),
    ...heading(
      refusals.length === 0 ? "Nothing keeps it from moving" : `It cannot move yet: ${refusals.length}`,
    ),
    ...refusals.flatMap(findingLines),
    ...heading(`Warnings: ${warnings.length}`),
    ...warnings.flatMap(findingLines),
    ...heading("The move"),
    ...steps(plan),
    ...heading("Down for"),
    ...downtime(plan),
    ...cost(plan),
    "",
  ].join("\n");
}

const findingLines = ({ about, says, remedy }: Finding) => [
  `  ${about}: ${says}${/[.:)]$/.test(says) ? "" : "."}`,
  ...(remedy ? [`    → ${remedy}`] : []),
];

function thereIs(facts: Facts): string[][] {
  const { database, redis, machine, people, onDisk, listed, secrets, values } = facts;
  const found = Object.entries(secrets);
  return [
    [
      "runs in",
      facts.runs === "compose" ? `docker compose, ${facts.folder}` : `${facts.runs}, ${facts.folder}`,
    ],
    [
      "machine",
      `${machine.vcpus} vCPU, ${Math.round(machine.memoryMiB / 1024)} GiB, ${machine.os}, ${machine.architecture}; ${bytes(machine.freeBytes)} free`,
    ],
    ...(database
      ? [
          [
            "Postgres",
            `${postgresVersion(database.version)}, ${bytes(database.bytes)} (${bytes(database.indexBytes)} of it indexes), ${database.encoding}, ${database.collation}`,
          ],
          ["", `owner ${database.owner}; extensions ${database.extensions.join(", ")}`],
          [
            "largest tables",
            database.largest
              .slice(0, 5)
              .map(({ table: name, bytes: size }) => `${name} ${bytes(size)}`)
              .join(", "),
          ],
          [
            "unique indexes",
            facts.unique
              ? `${facts.unique.filter(({ duplicates }) => duplicates !== undefined).length} of ${facts.unique.length} checked for duplicates`
              : "unknown",
          ],
        ]
      : []),
    ...(people
      ? [["people", `${count(people.users)} users, ${count(people.active)} signed in within 30 days`]]
      : []),
    ...(redis
      ? [
          [
            "Redis",
            `${redis.valkey ? `Valkey ${redis.valkey}` : redis.version}, ${bytes(redis.usedBytes)}, database ${values.REDIS_DB || "0"}`,
          ],
          [
            "queues",
            Object.entries(redis.queues)
              .map(([queue, jobs]) => `${queue} ${count(jobs)}`)
              .join(", "),
          ],
        ]
      : []),
    ...(onDisk
      ? [
          [
            "media",
            `${onDisk.path}: ${count(onDisk.own.files)} files, ${bytes(onDisk.own.bytes)}; other servers' ${count(onDisk.others.files)}, ${bytes(onDisk.others.bytes)}`,
          ],
        ]
      : listed
        ? [
            [
              "media",
              `S3${values.S3_BUCKET ? `, ${values.S3_BUCKET}` : ""}: ${count(listed.own.files)} attachments, ${bytes(listed.own.bytes)}; other servers' ${count(listed.others.files)}, ${bytes(listed.others.bytes)}`,
            ],
          ]
        : []),
    [
      "secrets",
      found
        .filter(([, state]) => state !== "missing")
        .map(([name]) => name)
        .join(", ") || "none found",
    ],
  ];
}

/** 90624 → "9.6.24", 130016 → "13.16". */
function postgresVersion(number: number): string {
  const [major, rest] = [Math.floor(number / 10_000), number % 10_000];
  return major < 10 ? `${major}.${Math.floor(rest / 100)}.${rest % 100}` : `${major}.${rest}`;
}

const WHEN = { before: "before", down: "site down", after: "after" } as const;
const steps = ({ steps: all }: MovePlan) =>
  table(all.map(({ when, what }, i) => [`${i + 1}.`, WHEN[when], what]));

const downtime = ({ downtime: lines, total, physical, catchUpMinutes }: MovePlan) => [
  ...table([
    ...lines.map(({ what, minutes: amount, basis, source }) => [what, range(amount), `${basis}: ${source}`]),
    ["in all", range(total), ""],
  ]),
  ...(catchUpMinutes === undefined
    ? []
    : [
        `  After the longest of these, at the busiest hour, the new fleet has no job waiting ${minutes(catchUpMinutes)} min after it starts (docs/capacity.md).`,
      ]),
  physical.possible
    ? "  By replication it is down for about a minute, however large it is: npm run adopt -- move --by replication."
    : `  Only by dump: it cannot move by replication, with a minute of downtime, because ${physical.why}.`,
];

function cost({ media }: MovePlan): string[] {
  if (!media) return [];
  return [
    ...heading("Cost"),
    `  about ${count(media.objects)} objects, ${media.gib.toFixed(1)} GiB of media: $${media.requestsUsd.toFixed(2)} for S3's requests; what the old store charges for traffic comes on top`,
  ];
}
