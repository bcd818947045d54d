/** The few GitHub API calls that keep one comment and one issue up to date. */

interface Comment {
  id: number;
  body?: string;
  user: { login: string };
}

interface Issue {
  number: number;
  title: string;
  user: { login: string };
  pull_request?: object;
}

/** The author that a workflow's token has: if a person quotes our comment, their comment is not ours. */
const SELF = "github-actions[bot]";
const PAGE = 100;

export class GitHub {
  /** @param repository `OWNER/NAME` */
  constructor(
    private readonly api: string,
    private readonly repository: string,
    private readonly token: string,
  ) {}

  /** Edits the comment that begins with the marker, or creates it. */
  async keepComment(pullRequest: number, marker: string, body: string): Promise<void> {
    const comments = await this.list<Comment>(`issues/${pullRequest}/comments`);
    const ours = comments.find((one) => one.user.login === SELF && one.body?.startsWith(marker));
    if (ours) await this.call("PATCH", `issues/comments/${ours.id}`, { body });
    else await this.call("POST", `issues/${pullRequest}/comments`, { body });
  }

  /** Opens or edits the issue with that title or, without a body, closes it. */
  async keepIssue(title: string, body: string | undefined): Promise<void> {
    const issues = await this.list<Issue>("issues?state=open");
    const ours = issues.find(
      (one) => one.user.login === SELF && one.title === title && one.pull_request === undefined,
    );
    if (body === undefined) {
      if (ours)
        await this.call("PATCH", `issues/${ours.number}`, { state: "closed", state_reason: "completed" });
    } else if (ours) await this.call("PATCH", `issues/${ours.number}`, { body });
    else await this.call("POST", "issues", { title, body });
  }

  private async list<T>(path: string): Promise<T[]> {
    const found: T[] = [];
    for (let page = 1; ; page++) {
      const query = `${path.includes("?") ? "&" : "?"}per_page=${PAGE}&page=${page}`;
      const items = (await this.call("GET", `${path}${query}`)) as T[];
      found.push(...items);
      if (items.length < PAGE) return found;
    }
  }

  /** @throws Error with GitHub's answer if it refuses */
  private async call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.api}/repos/${this.repository}/${path}`, {
      method,
      headers: {
        Accept: "application/vnd.github+json",
        Authorization: `Bearer ${this.token}`,
        "X-GitHub-Api-Version": "2022-11-28",
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`GitHub: ${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
