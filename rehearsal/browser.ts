/** A client on the internet that asks under the instance's names before DNS knows them. */
import type { Outside } from "../lab/internet/outside";
import type { RehearsedStack } from "./stack";

export class Browser {
  constructor(
    private readonly outside: Outside,
    private readonly stack: RehearsedStack,
  ) {}

  /** A request to the web interface; the options are curl's. */
  web(path: string, ...options: readonly string[]) {
    return this.browse(`https://${this.stack.names.web}${path}`, ...options);
  }

  /** A request to one of the instance's names. */
  browse(url: string, ...options: readonly string[]) {
    const resolve = ["--resolve", `${new URL(url).hostname}:443:${this.stack.site.ipv4}`];
    return this.outside.attempt(["curl", "-sSk", "--max-time", "10", ...resolve, ...options, url]);
  }

  async certificateIssuer(): Promise<string> {
    const { site, names } = this.stack;
    const script = `openssl s_client -connect ${site.ipv4}:443 -servername ${names.web} </dev/null 2>/dev/null | openssl x509 -noout -issuer`;
    return (await this.outside.attempt(["bash", "-c", script])).stdout;
  }
}
