package interop;

import interop.api.Api;
import interop.client.Client;

/** Two programs in one jar: `client` is an app with pages, `api` a resource server that calls itself. */
public final class Main {
  public static void main(String[] args) throws Exception {
    if (args[0].equals("client")) Client.start();
    else Api.start();
  }
}
