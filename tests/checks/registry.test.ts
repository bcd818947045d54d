/** A release without an image is said before a machine tries to fetch it. */

import { missingImages } from "../../checks/registry";
import { serveApi } from "../support/api";

async function asked(answers: Record<string, number | object>) {
  const paths: string[] = [];
  const api = await serveApi(() => "", { asked: paths, answers });
  try {
    return { ...(await missingImages("v4.7.9", 1)), paths: paths.sort(), host: new URL(api.url).host };
  } finally {
    api.stop();
  }
}

test("both images are asked for as an anonymous pull does", async () => {
  const { problems, warnings, paths, host } = await asked({});
  expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
  expect(paths).toEqual([
    `/token?service=${host}&scope=repository:mastodon/mastodon-streaming:pull`,
    `/token?service=${host}&scope=repository:mastodon/mastodon:pull`,
    "/v2/mastodon/mastodon-streaming/manifests/v4.7.9",
    "/v2/mastodon/mastodon/manifests/v4.7.9",
  ]);
});

test("an image that the registry does not have is refused by its name", async () => {
  const { problems, host } = await asked({ "/v2/mastodon/mastodon-streaming/manifests/v4.7.9": 404 });
  expect(problems).toEqual([
    {
      key: "mastodonVersion",
      message: `is v4.7.9, but the registry has no ${host}/mastodon/mastodon-streaming:v4.7.9; write a release of github.com/mastodon/mastodon/releases`,
    },
  ]);
});

test.each([[403], [503]])("a registry that answers %i stops nobody, and is told of", async (status) => {
  const { problems, warnings, host } = await asked({ "/token": status });
  expect(problems).toEqual([]);
  expect(warnings.sort()).toEqual(
    ["mastodon-streaming", "mastodon"].map(
      (image) =>
        `Could not check whether there is an image mastodon/${image}:v4.7.9: ${host} answered ${status}${status === 503 ? ", 5 times" : ""}.`,
    ),
  );
});
