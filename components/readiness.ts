/** Waits over the tailnet until a machine works. DigitalOcean's status `active` only means that it has power. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

export interface ReadinessArgs {
  /** Name of the machine in the tailnet. */
  host: pulumi.Input<string>;
  /** Private key that the machine accepts. */
  privateKey: pulumi.Input<string>;
  /** The machine's public host key, so that no other machine can answer in its place. */
  hostKey: pulumi.Input<string>;
  /** Id of the droplet; for a new droplet the command runs again. */
  dropletId: pulumi.Input<string>;
  /** Command that ends when the machine works; runs again when `stdin` changes. */
  create: string;
  stdin?: pulumi.Input<string>;
}

/**
 * Continues only on the droplet that the state knows. If DigitalOcean's answer is lost, the provider asks again, and there are two droplets
 * with one auth key. The first to use it takes the machine's place in the tailnet.
 */
const onDroplet = (id: pulumi.Input<string>, command: string) => pulumi.interpolate`expected=${id}
here=$(curl -fs --max-time 5 --retry 3 http://169.254.169.254/metadata/v1/id || echo $expected)
if [ "$here" != "$expected" ]; then
  echo "$(hostname) is droplet $here, and the state has droplet $expected: DigitalOcean made two with one auth key. Delete droplet $here: doctl compute droplet delete $here. Then give the machine another key: pulumi up --replace with the URN of its auth key, from pulumi stack --show-urns." >&2
  exit 1
fi
${command}`;

export function readiness(name: string, args: ReadinessArgs, opts: pulumi.CustomResourceOptions) {
  return new command.remote.Command(
    name,
    {
      connection: {
        host: args.host,
        user: "root",
        privateKey: args.privateKey,
        hostKey: args.hostKey,
        // Until a machine has joined, its name does not resolve and each try fails at once. Tries are five seconds apart, for 25 minutes.
        dialErrorLimit: 300,
        perDialTimeout: 15,
      },
      create: onDroplet(args.dropletId, args.create),
      ...(args.stdin === undefined ? {} : { stdin: args.stdin }),
      triggers: [args.dropletId],
      // These would be sent as environment variables, which the machines' sshd refuses: a warning at each update.
      addPreviousOutputInEnv: false,
    },
    { customTimeouts: { create: "30m", update: "30m" }, ...opts },
  );
}
