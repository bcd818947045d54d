import { dropIn, internal, timed } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

export const certificate = service({
  name: "certbot",
  packages: ["certbot", "openssl"],
  hostEnv: ({ settings }: MainInputs) => ({ ACME: settings.acme }),
  ready: [{ missing: "what=$(refused)", what: "a certificate that browsers accept ($what)" }],
  files: () => [
    internal("certificate/certificate"),
    ...timed("certificate/certificate"),
    dropIn("certbot", "certificate/certbot.conf"),
  ],
});
