// Credentials for data sources: Python's, where it has some; else the page's own ways, such as a log-in window.
import { getDefaultCredentialsManager } from "neuroglancer/unstable/credentials_provider/default_manager.js";
import {
  AnonymousFirstCredentialsProvider,
  CachingCredentialsManager,
  type CredentialsManager,
  CredentialsProvider,
  makeCachedCredentialsGetter,
} from "neuroglancer/unstable/credentials_provider/index.js";
import type { Channel } from "./channel";

/** Python's answer; without credentials if it does not give any for this key. */
interface Answer {
  credentials?: unknown;
  generation?: number;
}

class PythonCredentials<T> extends CredentialsProvider<T> {
  constructor(
    private readonly channel: Channel,
    private readonly key: string,
    private readonly parameters: unknown,
    private readonly own: CredentialsManager,
  ) {
    super();
  }

  override get = makeCachedCredentialsGetter<T>(async (invalid, options) => {
    const { key, parameters } = this;
    const params = { key, parameters, invalid: invalid?.generation ?? null };
    const { result } = await this.channel.ask("viewer.credentials", params, { signal: options.signal });
    const { credentials, generation } = result as Answer;
    if (generation !== undefined) return { credentials: credentials as T, generation };
    return this.own.getCredentialsProvider<T>(key, parameters).get(invalid, options);
  });
}

/** The credentials of the viewer whose channel this is. */
export function pythonCredentials(channel: Channel): CredentialsManager {
  const own = getDefaultCredentialsManager();
  return new CachingCredentialsManager<CredentialsManager>({
    getCredentialsProvider<T>(key: string, parameters: unknown = null) {
      const provider = new PythonCredentials<T>(channel, key, parameters, own);
      // As the official page: most buckets are public, and a token need not exist.
      const anonymous = { accessToken: "", tokenType: "" } as T;
      return key === "gcs" ? new AnonymousFirstCredentialsProvider(provider, anonymous) : provider;
    },
  });
}
