import { tailnetPolicy } from "../../components/tailnetPolicy";
import {
  dropletIpv4,
  dropletIpv6,
  password,
  RESERVED_IPV4,
  RESERVED_IPV6,
  tailnetName,
} from "../support/cloud";
import { accountId, isSecret, least, prod, REQUIRED_SECRETS, staging, type Values } from "../support/stacks";

const MAIN = tailnetName("mastodon-prod-main", "main-auth-key");
const worker = (n: number) => tailnetName(`mastodon-prod-general-${n}`, `workers-general-${n}-auth-key`);
const MAIN_IPV4 = dropletIpv4("main-droplet");

const POLICY =
  "Tailnet: merge the output tailnetPolicy into the tailnet's policy file, if it is not there yet.";
const dns = (names: string, addresses: string) =>
  `DNS: point ${names} here: ${addresses}. The certificate follows within minutes.`;
const MAIL = `Mail: if the relay asks for it, allow ${MAIN_IPV4} (main) and the workers' addresses in outboundIpv4.`;
const MAIL_IPV6 = MAIL.replace(/\.$/, ", and all in outboundIpv6.");
const login = (web: string, main = MAIN) =>
  `First login: ssh root@${main} cat /root/owner-password, then sign in at https://${web} as admin@shop.example and change the password.`;
const KEEP =
  "run `npm run escrow -- --stack prod` and keep the file outside this stack's accounts. Without it only the state has the keys that backups and accounts need.";
const ESCROW = `Escrow: ${KEEP}`;
const ESCROW_FIRST = `Escrow: write your age public key into escrow.recipients, then ${KEEP}`;

test("prod's outputs, complete", async () => {
  const { outputs } = await prod();
  const { tailnetPolicy: policy, ...rest } = outputs;
  expect(rest).toEqual({
    url: "https://shop.example",
    mediaUrl: "https://media.shop.example",
    ipv4: RESERVED_IPV4,
    ipv6: RESERVED_IPV6,
    outboundIpv4: {
      main: MAIN_IPV4,
      workers: {
        general: [dropletIpv4("workers-general-1-droplet"), dropletIpv4("workers-general-2-droplet")],
      },
    },
    outboundIpv6: {
      main: dropletIpv6("main-droplet"),
      workers: {
        general: [dropletIpv6("workers-general-1-droplet"), dropletIpv6("workers-general-2-droplet")],
      },
    },
    tailnetHosts: { main: MAIN, workers: { general: [worker(1), worker(2)] } },
    mediaBucket: "shop-example-media",
    backupBucket: "shop-example-backups",
    backupKey: password("secrets-backup", 48),
    repositoryKey: password("secrets-repository", 48),
    consolePassword: password("secrets-console", 24),
    escrow: expect.any(Object), // tests/components/escrow.test.ts
    monthlyPriceUsd: {
      lines: expect.any(Array), // tests/catalogue/price.test.ts
      dropletsAndVolumesUsd: 192,
      s3Usd: 117.66,
      totalUsd: 309.66,
    },
    nextSteps: [
      POLICY,
      dns("shop.example and media.shop.example", `A ${RESERVED_IPV4}, AAAA ${RESERVED_IPV6}`),
      MAIL_IPV6,
      login("shop.example"),
      ESCROW,
    ],
    identity: {
      domain: "shop.example",
      webName: "shop.example",
      mediaName: "media.shop.example",
      region: "nyc3",
      mediaBucket: "shop-example-media",
      backupBucket: "shop-example-backups",
      awsAccountId: "123456789012",
      awsRegion: "us-east-1",
      mastodonVersion: "v4.7.3",
      upgradeFinish: "now",
      postgresVersion: 17,
      volumeGiB: 120,
      mainSize: "s-8vcpu-16gb",
      mainGeneration: 1,
      mainIpv6: true,
      stack: "prod",
      workerAccount: "separate",
      secrets: {
        secretKeyBase: "generated",
        activeRecordEncryptionPrimaryKey: "generated",
        activeRecordEncryptionDeterministicKey: "generated",
        activeRecordEncryptionKeyDerivationSalt: "generated",
        vapidPrivateKey: "generated",
        vapidPublicKey: "generated",
        repositoryKey: "generated",
      },
      accounts: {
        main: accountId(REQUIRED_SECRETS.digitaloceanToken),
        workers: accountId(REQUIRED_SECRETS.digitaloceanWorkerToken),
      },
    },
  });
  const tags = {
    main: "tag:mastodon-prod-main",
    worker: "tag:mastodon-prod-worker",
    deploy: "tag:mastodon-prod-deploy",
  };
  expect(JSON.parse(policy as string)).toEqual(
    tailnetPolicy(tags, ["autogroup:admin"], { main: { watch: true } }),
  );
});

test("the two passphrases, consolePassword and escrow are secret, and no other output is", async () => {
  const { returned } = await prod();
  const secret: string[] = [];
  for (const [key, value] of Object.entries(returned)) if (await isSecret(value)) secret.push(key);
  expect(secret).toEqual(["backupKey", "repositoryKey", "consolePassword", "escrow"]);
});

test("staging says where it is without IPv6, mail and anything to keep", async () => {
  const { outputs } = await staging();
  const main = tailnetName("mastodon-staging-main", "main-auth-key");
  expect(outputs).not.toHaveProperty("ipv6");
  expect(outputs.nextSteps).toEqual([
    POLICY,
    dns("staging.shop.example and media.staging.shop.example", `A ${RESERVED_IPV4}`),
    login("staging.shop.example", main),
  ]);
});

const NAMES = "social.shop.example and media.social.shop.example";

test.each<[string, Values, string[]]>([
  [
    "the defaults",
    {},
    [POLICY, dns(NAMES, `A ${RESERVED_IPV4}`), MAIL, login("social.shop.example"), ESCROW_FIRST],
  ],
  ["a zone of ours", { dnsZone: "shop.example" }, [POLICY, MAIL, login("social.shop.example"), ESCROW_FIRST]],
  [
    "a policy file of ours, no mail",
    { tailnet: { oauthClientId: "kExample1CNTRL", managePolicy: true }, mail: "none", smtp: {} },
    [dns(NAMES, `A ${RESERVED_IPV4}`), login("social.shop.example"), ESCROW_FIRST],
  ],
  [
    "handles on another name than the web interface",
    { domain: "shop.example", webDomain: "www.shop.example", dnsZone: "shop.example" },
    [
      POLICY,
      'Handles: let https://shop.example/.well-known/webfinger redirect to https://www.shop.example/.well-known/webfinger, with the query and the header Access-Control-Allow-Origin: * (nginx: location = /.well-known/webfinger { add_header Access-Control-Allow-Origin "*"; return 301 https://www.shop.example$request_uri; }).',
      MAIL,
      login("www.shop.example"),
      ESCROW_FIRST,
    ],
  ],
])("next steps with %s", async (_, values, steps) => {
  expect((await least(values)).outputs.nextSteps).toEqual(steps);
});
