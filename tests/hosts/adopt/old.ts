/** The old server of the tests: what its Mastodon says of itself, and what is in its databases. */
import type { Machine } from "../../../lab/machine";
import { MEDIA, OldServer } from "../../../lab/oldServer/oldServer";
import { MOVED_SECRET_NAMES, MOVED_SECRETS } from "../../../operations/adopt/secretNames";
import { worstSecrets } from "../../support/worstSecrets";
import { ready } from "../boot/ask";
import { broughtByUp, type Lab, mainBundle, VOLUME_NAME } from "../lab";

/** GiB of the old database; a few megabytes if it is not set. For the times in docs/moving-in.md. */
export const LARGE = Number(process.env.ADOPT_GIB ?? 0);

const secrets = Object.fromEntries(
  MOVED_SECRET_NAMES.filter((name) => name !== "otpSecret").map((name) => [
    MOVED_SECRETS[name],
    worstSecrets[name] ?? "",
  ]),
);

export async function oldServer({ folder, network }: Lab, postgres: 13 | 17): Promise<OldServer> {
  const old = await OldServer.create({
    folder,
    network,
    postgres,
    variables: { LOCAL_DOMAIN: "shop.example", ...secrets },
  });
  old.is("4.7.2");
  await old.machine.run(
    `runuser -u mastodon -- bash -c 'mkdir -p ${MEDIA}/cache ${MEDIA}/media_attachments
     head -c 3000 /dev/zero >${MEDIA}/media_attachments/own.png; head -c 5000 /dev/zero >${MEDIA}/cache/others.png'
     redis-cli -n 2 SADD queues default; redis-cli -n 2 LPUSH queue:default one two three
     redis-cli -n 2 ZADD feed:home:10 7 7 8 8 9 9; redis-cli -n 2 ZADD schedule 4070908800 later`,
  );
  return old;
}

/** The old server with its databases in containers, and a new main that serves. Says what runs there. */
export async function oldAndMain(lab: Lab, old: OldServer): Promise<{ main: Machine; containers: string }> {
  old.environment();
  await old.grow(LARGE);
  await old.intoContainers();
  const containers = await old.containers();
  const main = await lab.machine(mainBundle(), { overlay: broughtByUp(mainBundle()) });
  await main.attach(await lab.volume({ mib: 1024 + LARGE * 4096 }), VOLUME_NAME);
  await main.start();
  expect(await main.booted()).toBe("done");
  await ready(main);
  return { main, containers };
}
