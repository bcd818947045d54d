/** Whether people reach the site. */
import type { Answer, Facts, Finding } from "../schema";
import { attention } from "./finding";

type Page = Answer<{ status: number }>;

const answers = (page: Page) => "value" in page && page.value.status === 200;
const said = (page: Page) =>
  "value" in page ? `answers with ${page.value.status}` : `does not answer: ${page.unknown}`;

export function site({ url, fromHere, main }: Facts): Finding[] {
  const onMain = "value" in main.facts ? main.facts.value.site : main.facts;
  const look = `ssh root@${main.host} mastodon-ready 60`;
  return [
    ...(answers(fromHere)
      ? []
      : [
          attention(
            "site",
            `Seen from here, ${url} ${said(fromHere)}.`,
            answers(onMain)
              ? "Main itself answers. Compare DNS and the certificate with: pulumi stack output nextSteps"
              : look,
          ),
        ]),
    // If main could not be asked at all, that is said elsewhere.
    ...(answers(onMain) || "unknown" in main.facts
      ? []
      : [attention("site", `On main, the site ${said(onMain)}.`, look)]),
  ];
}
