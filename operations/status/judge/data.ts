/** What keeps the data: Postgres, Redis, the volume, backups; and the certificate. */
import type { EscrowState } from "../../../services/escrow";
import type { Facts, Finding } from "../schema";
import { count, percent, secondsBetween, span } from "../words";
import { attention, known, note, page } from "./finding";

/** As in the alarms ConnectionsNearLimit, RedisMemory and CertificateEnds. */
const CONNECTIONS = 0.9;
const REDIS = 0.8;
const CERTIFICATE_DAYS = 14;

export function data({ stack, main, time }: Facts): Finding[] {
  if ("unknown" in main.facts) return [];
  const { postgres, redis, disks, backup, drill, escrow, housekeeping, certificate } = main.facts.value;
  const run = (command: string) => `ssh root@${main.host} ${command}`;
  return [
    ...known(
      postgres,
      ["Postgres", "Postgres' state", run("systemctl status 'postgresql@*'")],
      ({ connections, limit }) =>
        connections > CONNECTIONS * limit
          ? [
              attention(
                "Postgres",
                `${connections} of Postgres' ${limit} connections are in use.`,
                "docs/capacity.md",
              ),
            ]
          : [],
    ),
    ...known(
      redis,
      ["Redis", "Redis' memory", run("systemctl status redis-server")],
      ({ bytes, limitBytes }) =>
        limitBytes > 0 && bytes > REDIS * limitBytes
          ? [
              attention(
                "Redis",
                `Redis uses ${percent(bytes / limitBytes)} of its memory. When it is full, no job can be queued.`,
                page("more-workers-for-an-hour"),
              ),
            ]
          : [],
    ),
    // Without an answer, the machine's own findings say so.
    ...("value" in disks && !disks.value.some(({ mount }) => mount === "/srv/data")
      ? [
          attention(
            "main",
            "The data volume is not mounted.",
            run("journalctl -u srv-data.mount -u data-volume"),
          ),
        ]
      : []),
    ...known(
      backup,
      ["backup", "How the last backup went", run("mastodon-backup status")],
      ({ trouble, lastSuccess }) =>
        trouble
          ? [
              attention(
                "backup",
                `${sentence(trouble)} The last good one is ${lastSuccess ? `${span(secondsBetween(lastSuccess, time))} old` : "missing"}.`,
                page("backups"),
              ),
            ]
          : [],
    ),
    ...known(
      drill,
      ["drill", "How the last drill went", run("mastodon-drill status")],
      ({ held, trouble }) =>
        trouble ? [(held ? attention : note)("drill", sentence(trouble), page("the-drill"))] : [],
    ),
    ...known(escrow, ["escrow", "Whether the escrow file has the secrets", "pulumi up"], (state) =>
      escrowOf(state, stack),
    ),
    ...known(
      housekeeping,
      ["housekeeping", "How the housekeeping went", run("mastodon-housekeeping status")],
      ({ trouble, parts }) => [
        ...(trouble ? [attention("housekeeping", sentence(trouble), page("housekeeping"))] : []),
        ...parts.flatMap(({ part, errors }) =>
          errors
            ? [
                note(
                  "housekeeping",
                  `${count(errors, "file")} of ${part} could not be removed.`,
                  run("mastodon-housekeeping status"),
                ),
              ]
            : [],
        ),
      ],
    ),
    ...known(certificate, ["certificate", "The certificate", run("journalctl -u certificate")], (one) =>
      certificateOf(one, time),
    ),
  ];
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;

function escrowOf(state: EscrowState, stack: string): Finding[] {
  if (state === "current") return [];
  if (state === "off")
    return [
      note("escrow", "Only the state holds the instance's secrets.", page("keep-what-only-the-state-holds")),
    ];
  return [
    attention(
      "escrow",
      state === "missing"
        ? "No escrow file has been written: only the state holds the instance's secrets."
        : "The escrow file has other secrets, or is for other recipients.",
      `npm run escrow -- --stack ${stack}, then pulumi up`,
    ),
  ];
}

function certificateOf(
  { acme, issuer, ends, trouble }: { acme: string; issuer: string; ends: string; trouble: string[] },
  now: string,
): Finding[] {
  const next = page("the-certificate-was-not-renewed");
  if (/self-signed/.test(issuer))
    return [
      (acme === "production" ? attention : note)(
        "certificate",
        `Main has only a self-signed certificate, which browsers refuse.${trouble.length > 0 ? ` ${sentence(trouble.join("; "))}` : ""}`,
        "Point DNS here: pulumi stack output nextSteps",
      ),
    ];
  const left = secondsBetween(now, ends);
  if (left < CERTIFICATE_DAYS * 86_400)
    return [
      attention(
        "certificate",
        left < 0 ? `The certificate ended ${span(-left)} ago.` : `The certificate ends in ${span(left)}.`,
        next,
      ),
    ];
  return trouble.length > 0 ? [attention("certificate", sentence(trouble.join("; ")), next)] : [];
}
