/** Encrypted values in settings that are not secrets: they would appear in plain text in the outputs and in the machines' files. */
import type { Problem } from "../problem";
import { headOf, quoted } from "../schema/paths";
import type { SettingType } from "../schema/types";
import { SECRETS, type SecretName, setCommand } from "../secrets";

const isSecretName = (name: string): name is SecretName => Object.hasOwn(SECRETS, name);

/** `smtp.password` → `smtpPassword`. */
const camel = (path: string) => path.replace(/[.[\]]+(\w)/g, (_, letter: string) => letter.toUpperCase());

/**
 * What the engine, the plan, the policy pack and `size` answer to an encrypted value that is not a secret.
 *
 * @param encrypted paths of what is encrypted: `smtpPassword`, `tailnet.oauthClientId`
 * @param typeOf type of a plain setting; undefined for a name that is not a setting
 */
export function encryptedProblems(
  encrypted: readonly string[],
  typeOf: (name: string) => SettingType | undefined,
): Problem[] {
  return encrypted.flatMap((path): Problem[] => {
    const head = headOf(path);
    if (isSecretName(head))
      return path === head
        ? []
        : [{ key: path, message: `is inside ${head}, which is one string; run: ${setCommand(head)}` }];
    const meant = camel(path);
    if (path !== head && isSecretName(meant))
      return [{ key: path, message: `is not a setting; the secret is ${meant}. Run: ${setCommand(meant)}` }];
    const type = typeOf(head);
    if (!type) return [];
    if (head === "extraEnv") {
      const name = path === head ? "NAME" : path.slice("extraEnv.".length);
      return [
        {
          key: path,
          message: `is encrypted; secret variables belong in extraSecretEnv. Run: ${setCommand("extraSecretEnv")} '{"${name}": "VALUE"}'`,
        },
      ];
    }
    // Without the file, only the name of the map or list is known.
    const isInside = path !== head || type === "object" || type === "array";
    const [option, place] = isInside ? ["--path ", path === head ? `${head}.NAME` : path] : ["", path];
    const what = isInside && path === head ? "has an encrypted value" : "is encrypted";
    return [
      {
        key: path,
        message: `${what}, but it is not a secret. Write it in plain text: pulumi config set ${option}${quoted(place)} VALUE`,
      },
    ];
  });
}
