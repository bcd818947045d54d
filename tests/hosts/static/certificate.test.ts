/** TLS: the real certbot against an ACME server of Let's Encrypt's own (pebble), through the real nginx. */
import type { Machine } from "../../../lab/machine";
import { Lab, mainBundle, VOLUME_NAME } from "../lab";
import { installed } from "./installed";

const WEB = "social.example.org";
const MEDIA = "media.social.example.org";
/** The reserved address: on no interface as far as the machine is to know. */
const RESERVED = "203.0.113.7";
const ACME = "/root/acme";

let lab: Lab;
let main: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [main] = (await installed(lab, mainBundle())) as [Machine];
  // certbot's folder is on it.
  await main.attach(await lab.volume(), VOLUME_NAME);
  main.write("/root/metadata/metadata/v1/reserved_ip/ipv4/ip_address", RESERVED);
  main.write(
    `${ACME}/pebble.json`,
    JSON.stringify({
      pebble: {
        listenAddress: "127.0.0.1:14000",
        managementListenAddress: "127.0.0.1:15000",
        certificate: `${ACME}/cert.pem`,
        privateKey: `${ACME}/key.pem`,
        httpPort: 80,
        tlsPort: 443,
      },
    }),
  );
  // 169.254.169.254 and the reserved address are the host's own here; `scope host` keeps them out of its global ones.
  await main.run(`
    ip addr add 169.254.169.254/32 dev lo scope host
    ip addr add ${RESERVED}/32 dev lo scope host
    systemd-run --quiet --working-directory=/root/metadata python3 -m http.server --bind 127.0.0.1 8080
    nft add table ip metadata
    nft add chain ip metadata output '{ type nat hook output priority -100; }'
    nft add rule ip metadata output ip daddr 169.254.169.254 tcp dport 80 dnat to 127.0.0.1:8080
    openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
      -addext subjectAltName=DNS:localhost -keyout ${ACME}/key.pem -out ${ACME}/cert.pem
    install -d /var/www/acme /var/cache/nginx
    systemctl start etc-letsencrypt.mount
    echo 'server = https://localhost:14000/dir' >>/etc/letsencrypt/cli.ini
    systemctl start nginx`);
  // certbot is to trust the test's ACME server.
  for (const unit of ["certificate", "certbot"])
    main.write(
      `/etc/systemd/system/${unit}.service.d/test.conf`,
      `[Service]\nEnvironment=REQUESTS_CA_BUNDLE=${ACME}/cert.pem\n`,
    );
  await main.run("systemctl daemon-reload");
}, 900_000);

afterAll(() => lab?.remove());

const point = (address: string) =>
  main.run(`sed -i '/${WEB}/d' /etc/hosts; echo '${address} ${WEB} ${MEDIA}' >>/etc/hosts`);
const request = async () => {
  await main.run("rm -f /run/cursor; journalctl --quiet --cursor-file=/run/cursor -n 0");
  const { code } = await main.attempt("systemctl start certificate.service");
  const said = await main.run(
    "journalctl --sync; journalctl --quiet --cursor-file=/run/cursor -o cat -u certificate.service",
  );
  return { code, said };
};
/** What a browser sees: issuer, and the header that binds it to TLS. */
const seen = async (name: string) => {
  const issuer = await main.run(
    `openssl s_client -connect 127.0.0.1:443 -servername ${name} </dev/null 2>/dev/null | openssl x509 -noout -issuer`,
  );
  const headers = await main.run(
    `curl -skX POST -D - -o /dev/null --resolve ${name}:443:127.0.0.1 https://${name}/missing | grep -i ^strict-transport || true`,
  );
  return { issuer: issuer.trim(), hsts: headers.trim().toLowerCase() };
};
const selfSigned = { issuer: "issuer=CN=self-signed", hsts: "" };
/** What mastodon-ready has against the certificate that nginx serves. */
const refused = async () =>
  (
    await main.run(
      `. /usr/local/lib/mastodon-host/common.sh; eval "$(sed -n '/^refused() {/,/^}/p' /usr/local/sbin/mastodon-ready)"; refused || true`,
    )
  ).trim();
/** Its warnings. */
const trouble = () => main.run("/usr/local/lib/mastodon-host/certificate trouble");
/** A certificate in place of Let's Encrypt's own, from and to so many days from now. */
const replaced = (from: number, to: number) =>
  main.run(
    `cd /etc/letsencrypt/live/mastodon-production && day() { date -ud "now $1 days" +%Y%m%d%H%M%SZ; }
     openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=old \
       -not_before "$(day ${from})" -not_after "$(day ${to})" -addext subjectAltName=DNS:${WEB},DNS:${MEDIA} \
       -keyout "$(readlink -f privkey.pem)" -out "$(readlink -f cert.pem)"
     cat "$(readlink -f cert.pem)" >"$(readlink -f fullchain.pem)" && systemctl restart nginx`,
  );

describe("static", () => {
  test("until there is a certificate nginx serves a self-signed one, without HSTS", async () => {
    for (const name of [WEB, MEDIA]) expect(await seen(name)).toEqual(selfSigned);
    expect(await refused()).toBe("");
  });

  test("its own pair, left empty by a power cut, is made anew", async () => {
    await main.run("truncate -s 0 /etc/nginx/tls/self-signed.*; systemctl restart nginx");
    expect(await seen(WEB)).toEqual(selfSigned);
  });

  test("a name that points elsewhere is not asked for", async () => {
    await point("198.51.100.1");
    const { code, said } = await request();
    expect(code).toBe(0);
    expect(said).toContain(`${WEB} points to 198.51.100.1, which is not this machine`);
    expect(main.has("/var/lib/mastodon-host/certificate-failures")).toBe(false);
  });

  test("a failure is counted, and the next try comes after 15 minutes", async () => {
    await point(RESERVED);
    const failed = await request();
    expect([failed.code, failed.said]).toEqual([1, expect.stringContaining("no certificate, failure 1;")]);
    const asked = () => main.run("ls /var/log/letsencrypt | wc -l");
    const before = await asked();
    expect((await request()).code).toBe(0);
    expect(await asked()).toBe(before);
    expect(await trouble()).toBe(
      "Let's Encrypt gave no certificate (tries in a row: 1); /var/log/letsencrypt/letsencrypt.log has the reason\n",
    );
    await main.run(
      "read -r n t </var/lib/mastodon-host/certificate-failures; echo $n $((t - 901)) >/var/lib/mastodon-host/certificate-failures",
    );
    expect((await request()).said).toContain("no certificate, failure 2;");
  });

  test("with both names here one certificate for both is asked for, used at once, and then HSTS is sent", async () => {
    await main.run(`systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
      --setenv=PEBBLE_AUTHZREUSE=0 \
      pebble -config ${ACME}/pebble.json; rm /var/lib/mastodon-host/certificate-failures`);
    await main.waitFor(
      "pebble",
      20,
      async () => (await main.attempt("ss -ltnH 'sport = :14000'")).stdout !== "",
    );
    const { code, said } = await request();
    expect([code, said]).toEqual([0, expect.not.stringContaining("no certificate")]);
    // A reload is over when the last old worker has gone.
    await main.waitFor(
      "nginx' new workers",
      10,
      async () => (await seen(WEB)).hsts !== "" && (await seen(MEDIA)).hsts !== "",
    );
    for (const name of [WEB, MEDIA])
      expect(await seen(name)).toEqual({
        issuer: expect.stringContaining("Pebble Intermediate CA"),
        hsts: "strict-transport-security: max-age=63072000",
      });
  });

  test("once there is one, nothing more is asked for", async () => {
    const asked = () => main.run("journalctl --sync; journalctl -u pebble -o cat | grep -c POST");
    const before = await asked();
    expect((await request()).code).toBe(0);
    expect(await asked()).toBe(before);
    expect(await trouble()).toBe("");
  });

  test("mastodon-ready judges it as a browser does: by who signed it, its names and its end", async () => {
    expect(await refused()).toMatch(new RegExp(`^${WEB}: unable to get (local )?issuer certificate$`));
    await main.run("curl -fsSk https://127.0.0.1:15000/roots/0 >>/etc/ssl/certs/ca-certificates.crt");
    expect(await refused()).toBe("");
    const text = main.read("/etc/mastodon-host/host.env");
    main.write("/etc/mastodon-host/host.env", text.replace(MEDIA, "other.example.org"));
    expect(await refused()).toBe("other.example.org: no answer by TLS");
    main.write("/etc/mastodon-host/host.env", text);
  });

  test("one that certbot's timer did not renew is said, and asked for again, long before it ends", async () => {
    await replaced(-80, 10);
    expect(await trouble()).toMatch(/^the certificate ends on \d{4}-\d\d-\d\d and has not been renewed\n$/);
    expect((await request()).code).toBe(0);
    await main.waitFor("the new one", 10, async () => (await seen(WEB)).issuer.includes("Pebble"));
    expect(await trouble()).toBe("");
    await replaced(-60, 30);
    expect(await trouble()).toBe("");
    await replaced(-91, -1);
    expect(await refused()).toMatch(
      new RegExp(`^${WEB}: (certificate has expired|self-signed certificate)$`),
    );
    expect((await request()).code).toBe(0);
    await main.waitFor("the new one", 10, async () => (await seen(WEB)).issuer.includes("Pebble"));
  });

  test.each(["privkey*.pem", "*.pem"])(
    "a power cut before %s was on disk: nginx starts with its own, and another one is asked for",
    async (empty) => {
      await main.run(`truncate -s 0 /etc/letsencrypt/archive/*/${empty} /etc/letsencrypt/renewal/*.conf`);
      expect((await main.attempt("nginx -t -q")).code).toBe(1);
      await point("192.0.2.99");
      expect((await request()).said).toContain("throwing away a certificate that was not written to its end");
      expect((await seen(WEB)).issuer).not.toContain("Pebble");
      await point(RESERVED);
      expect((await request()).code).toBe(0);
      await main.waitFor("the new one", 10, async () => (await seen(WEB)).issuer.includes("Pebble"));
      expect(await main.run("ls /etc/letsencrypt/live")).toBe("README\nmastodon-production\n");
    },
  );

  test("certbot's renewal passes its dry run, and would reload nginx", async () => {
    const renewal = await main.run("cat /etc/letsencrypt/renewal/mastodon-production.conf");
    expect(renewal).toContain("renew_hook = /usr/local/lib/mastodon-host/certificate deploy");
    expect(renewal).toContain("authenticator = webroot");
    expect(
      await main.run(
        `REQUESTS_CA_BUNDLE=${ACME}/cert.pem certbot renew --dry-run --no-random-sleep-on-renew 2>&1`,
      ),
    ).toContain("all simulated renewals succeeded");
    await main.run(
      "sed -i 's#^webroot_path = .*#webroot_path = /var/www/elsewhere,#; s#= /var/www/acme$#= /var/www/elsewhere#' /etc/letsencrypt/renewal/mastodon-production.conf; mkdir /var/www/elsewhere",
    );
    expect(
      (
        await main.attempt(
          `REQUESTS_CA_BUNDLE=${ACME}/cert.pem certbot renew --dry-run --no-random-sleep-on-renew`,
        )
      ).code,
    ).toBe(1);
  });
});
