/** The outputs of `pulumi up`: where everything is, what it costs, and what to do next. */
import * as pulumi from "@pulumi/pulumi";
import type { Recorded } from "../checks/identity";
import type { Assessment } from "../fleet/assess";
import type { Names } from "../settings/names";
import type { Settings } from "../settings/schema";
import type { BackupBucket } from "./backupBucket";
import { escrowOf } from "./escrow";
import { escrowCommand } from "./escrowContent";
import type { InstanceSecrets } from "./instanceSecrets";
import type { MainDroplet } from "./mainDroplet";
import type { MediaBucket } from "./mediaBucket";
import type { Tailnet } from "./tailnet";
import { policyText } from "./tailnetPolicy";
import type { WorkerPool } from "./workerPool";

export interface Instance {
  stack: string;
  settings: Settings;
  names: Names;
  assessment: Assessment;
  recorded: Recorded;
  /** Whether no run of the stack has finished before. */
  firstRun: boolean;
  secrets: InstanceSecrets;
  tailnet: Tailnet;
  media: MediaBucket;
  backups: BackupBucket;
  main: MainDroplet;
  pools: WorkerPool[];
}

export function stackOutputs(instance: Instance) {
  const { stack, settings, names, assessment, secrets, tailnet, media, backups, main, pools } = instance;
  const byPool = <T>(value: (pool: WorkerPool) => T) =>
    Object.fromEntries(
      settings.workers.flatMap(({ name }, i) => (pools[i] ? [[name, value(pools[i])]] : [])),
    );
  return {
    url: `https://${names.web}`,
    mediaUrl: `https://${names.media}`,
    ipv4: main.ipv4,
    ...(main.ipv6 ? { ipv6: main.ipv6 } : {}),
    /** Where mail and deliveries come from: for SPF records and allowlists of relays. */
    outboundIpv4: { main: main.outboundIpv4, workers: byPool((pool) => pool.outboundIpv4) },
    ...(main.outboundIpv6
      ? { outboundIpv6: { main: main.outboundIpv6, workers: byPool((pool) => pool.outboundIpv6) } }
      : {}),
    tailnetHosts: { main: main.hostname, workers: byPool((pool) => pool.hostnames) },
    /** Text to merge into the tailnet's policy file. */
    tailnetPolicy: policyText(tailnet.policy),
    mediaBucket: media.bucketName,
    backupBucket: backups.bucketName,
    backupKey: secrets.held.backupKey,
    repositoryKey: secrets.held.repositoryKey,
    consolePassword: secrets.held.consolePassword,
    escrow: escrowOf(secrets, { stack, settings: settings.escrow, firstRun: instance.firstRun }),
    monthlyPriceUsd: assessment.price,
    nextSteps: nextSteps(instance),
    identity: instance.recorded,
  };
}

function nextSteps({ stack, settings, names, main }: Instance): pulumi.Output<string>[] {
  const steps: pulumi.Output<string>[] = [];
  if (!settings.tailnet.managePolicy) {
    steps.push(
      pulumi.output(
        "Tailnet: merge the output tailnetPolicy into the tailnet's policy file, if it is not there yet.",
      ),
    );
  }
  if (!settings.dnsZone) {
    const ipv6 = main.ipv6 ? pulumi.interpolate`, AAAA ${main.ipv6}` : "";
    steps.push(
      pulumi.interpolate`DNS: point ${names.web} and ${names.media} here: A ${main.ipv4}${ipv6}. The certificate follows within minutes.`,
    );
  }
  if (names.web !== settings.domain) {
    steps.push(
      pulumi.output(
        `Handles: let https://${settings.domain}/.well-known/webfinger redirect to https://${names.web}/.well-known/webfinger, with the query and the header Access-Control-Allow-Origin: * (nginx: location = /.well-known/webfinger { add_header Access-Control-Allow-Origin "*"; return 301 https://${names.web}$request_uri; }).`,
      ),
    );
  }
  if (settings.mail === "smtp") {
    steps.push(
      pulumi.interpolate`Mail: if the relay asks for it, allow ${main.outboundIpv4} (main) and the workers' addresses in outboundIpv4${main.outboundIpv6 ? ", and all in outboundIpv6" : ""}.`,
    );
  }
  steps.push(
    pulumi.interpolate`First login: ssh root@${main.hostname} cat /root/owner-password, then sign in at https://${names.web} as ${settings.owner.email} and change the password.`,
  );
  const { recipients, fingerprint } = settings.escrow;
  const isToWrite = fingerprint === "" && (recipients.length > 0 || settings.protect);
  if (isToWrite) {
    const first = recipients.length > 0 ? "" : "write your age public key into escrow.recipients, then ";
    steps.push(
      pulumi.output(
        `Escrow: ${first}run \`${escrowCommand(stack)}\` and keep the file outside this stack's accounts. Without it only the state has the keys that backups and accounts need.`,
      ),
    );
  }
  return steps;
}
