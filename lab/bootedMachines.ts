/** A machine behind each droplet of the doubles, which boots from the droplet's user data. */
import { join } from "node:path";
import { parse } from "yaml";
import type { Answer, Connection, Machines, Power } from "../doubles/machines";
import type { Authority } from "./authority";
import { INTERNET } from "./internet/addresses";
import type { Deployer } from "./internet/deployer";
import type { DropletMetadata } from "./internet/metadata";
import { Machine, type Overlay } from "./machine";
import type { Network } from "./network";
import { Volume } from "./volume";

/** What machines have before their first boot. */
export interface Image {
  base: string;
  /** Layers over the base. */
  layers?: readonly string[];
  /** Folder with Docker's images. */
  docker?: string;
  overlay?: Overlay;
  /** The user data for such a machine, if it differs from the droplet's. */
  userData?: (text: string) => Promise<string>;
}

export interface BootedMachinesArgs {
  folder: string;
  network: Network;
  image: Image;
  authority: Authority;
  /** Certificate of the stand-in for Let's Encrypt, in PEM: machines trust it like the real one. */
  letsEncrypt: string;
  deployer: Deployer;
  /** Size of a data volume; sparse. */
  volumeMib: number;
  /** Called when a machine has an address that its firewall must know. */
  changed: () => Promise<void>;
}

interface Booted {
  machine: Machine;
  /** Name in the tailnet. */
  hostname: string;
  dropletName: string;
  tags: readonly string[];
  userData: string;
  on: boolean;
}

export class BootedMachines implements Machines {
  private readonly booted = new Map<string, Booted>();
  private readonly volumes = new Map<string, Volume>();
  private made = 1;

  constructor(private readonly args: BootedMachinesArgs) {}

  async boot({ dropletId, dropletName, tags, userData }: Power): Promise<void> {
    const { folder, network, image, authority, letsEncrypt } = this.args;
    const { hostname } = parse(userData) as { hostname: string };
    const number = ++this.made;
    const machine = await Machine.create({
      // Short, because it becomes the name of an interface.
      name: `d${number}`,
      folder,
      ...image,
      network,
      number,
      resolver: INTERNET.dns,
      userData: (await image.userData?.(userData)) ?? userData,
    });
    authority.trustedBy(machine, letsEncrypt);
    const entry = { machine, hostname, dropletName, tags, userData, on: true };
    this.booted.set(dropletId, entry);
    await this.args.changed();
    await machine.start();
    process.stdout.write(`    ${hostname} has power\n`);
  }

  async attach(dropletId: string, volumeName: string): Promise<void> {
    const volume = this.volumes.get(volumeName) ?? (await this.newVolume(volumeName));
    this.volumes.set(volumeName, volume);
    await this.of(dropletId).machine.attach(volume, volumeName);
  }

  async detach(dropletId: string, volumeName: string): Promise<void> {
    const { on, machine } = this.of(dropletId);
    if (on) await machine.detach(volumeName);
  }

  async destroyVolume(name: string): Promise<void> {
    await this.volumes.get(name)?.remove();
    this.volumes.delete(name);
  }

  private newVolume(name: string): Promise<Volume> {
    return Volume.create(join(this.args.folder, `volume-${name}`), {
      mib: this.args.volumeMib,
      label: "mastodon-new",
    });
  }

  async powerOff(dropletId: string, graceful: boolean): Promise<boolean> {
    const entry = this.of(dropletId);
    if (!entry.on) return true;
    entry.on = false;
    if (graceful) await entry.machine.stop();
    else await entry.machine.cut();
    return true;
  }

  /** Reboots it: a clean shutdown, then power again. */
  async reboot(dropletName: string): Promise<Machine> {
    const { machine } = this.running(dropletName);
    await machine.stop();
    await machine.start();
    return machine;
  }

  /** Cuts its power and restores it. */
  async powerCut(dropletName: string, cut: () => void): Promise<Machine> {
    const { machine } = this.running(dropletName);
    await machine.cut();
    cut();
    await machine.start();
    return machine;
  }

  ssh(connection: Connection, command: string, stdin: string): Promise<Answer | undefined> {
    return this.args.deployer.ssh(connection, command, stdin);
  }

  private of(dropletId: string): Booted {
    const found = this.booted.get(dropletId);
    if (!found) throw new Error(`no machine behind droplet ${dropletId}`);
    return found;
  }

  /** Droplet's id and machine, for all machines that have power. */
  list(): (Booted & { dropletId: string })[] {
    return [...this.booted].filter(([, { on }]) => on).map(([dropletId, one]) => ({ dropletId, ...one }));
  }

  /** The running machine whose droplet has that name. */
  running(dropletName: string): Booted {
    const found = this.list().find((one) => one.dropletName === dropletName);
    if (!found) throw new Error(`no running machine of droplet ${dropletName}`);
    return found;
  }

  /** What the metadata service tells the machine with that address. */
  metadata(
    address: string,
    reserved: (dropletId: string) => Partial<DropletMetadata>,
  ): DropletMetadata | undefined {
    const found = this.list().find(({ machine }) => machine.address === address);
    if (!found) return undefined;
    const { dropletId, dropletName, userData } = found;
    return { id: dropletId, hostname: dropletName, userData, ...reserved(dropletId) };
  }

  async remove(): Promise<void> {
    for (const { machine } of this.booted.values()) await machine.remove();
    for (const volume of this.volumes.values()) await volume.remove();
  }
}
