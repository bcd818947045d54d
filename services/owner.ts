import { internal, timed } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

export const owner = service({
  name: "owner account",
  hostEnv: ({ settings: { owner } }: MainInputs) => ({
    OWNER_USERNAME: owner.username,
    OWNER_EMAIL: owner.email,
  }),
  files: () => [internal("owner/owner-account"), ...timed("owner/owner-account")],
});
