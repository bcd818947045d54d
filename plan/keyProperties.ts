/** What a reader wants to know about a resource, in a few words. */
import type { PlannedResource } from "./schema";

type Describe = (properties: Record<string, unknown>) => (unknown | false)[];

const DESCRIBE: Readonly<Record<string, Describe>> = {
  "digitalocean:index/droplet:Droplet": (p) => [p.name, p.size, p.region, p.image, p.ipv6 && "IPv6"],
  "digitalocean:index/volume:Volume": (p) => [p.name, `${p.size} GiB`, p.initialFilesystemType, p.region],
  "digitalocean:index/volumeSnapshot:VolumeSnapshot": (p) => [p.name],
  "digitalocean:index/firewall:Firewall": (p) => [p.name, `in: ${ports(p.inboundRules)}`],
  "digitalocean:index/dnsRecord:DnsRecord": (p) => [p.type, p.name, p.domain],
  "digitalocean:index/reservedIp:ReservedIp": (p) => [p.region],
  "digitalocean:index/reservedIpv6:ReservedIpv6": (p) => [p.regionSlug],
  "digitalocean:index/tag:Tag": (p) => [p.name],
  "digitalocean:index/uptimeCheck:UptimeCheck": (p) => [p.target, list(p.regions)],
  "digitalocean:index/uptimeAlert:UptimeAlert": (p) => [p.type, `after ${p.period}`],
  "digitalocean:index/sshKey:SshKey": (p) => [p.name],
  "digitalocean:index/project:Project": (p) => [p.name],
  "tailscale:index/tailnetKey:TailnetKey": (p) => [list(p.tags), p.reusable ? "reusable" : "single use"],
  "tailscale:index/acl:Acl": () => ["the whole policy file"],
  "aws:s3/bucket:Bucket": (p) => [p.bucket],
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (p) => [
    p.blockPublicPolicy ? "nothing public" : "no ACLs; a policy may be public",
  ],
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (p) => [
    (p.rules as { id: string }[]).map(({ id }) => id).join(", "),
  ],
  "aws:iam/user:User": (p) => [p.name],
  "random:index/randomPassword:RandomPassword": (p) => [`${p.length} characters`],
  "random:index/randomBytes:RandomBytes": (p) => [`${p.length} bytes`],
  "tls:index/privateKey:PrivateKey": (p) => [p.algorithm],
  "command:remote:Command": () => ["waits until the machine works"],
  "command:local:Command": () => ["before it is deleted"],
};

const list = (values: unknown) => (Array.isArray(values) ? values.join(", ") : "");

function ports(rules: unknown): string {
  const named = (rules as { protocol: string; portRange?: string }[]).map(({ protocol, portRange }) =>
    portRange ? `${portRange}/${protocol}` : protocol,
  );
  return named.join(", ");
}

export function keyProperties({ type, properties, protect }: PlannedResource): string {
  const parts = [...(DESCRIBE[type]?.(properties) ?? []), protect && "protected"];
  return parts.filter(Boolean).join(" · ");
}
